"""Importing costs next to nothing, and what is imported does not change the names."""

import json
import subprocess
import sys

import pytest


def modules_after(code: str) -> set[str]:
    """Names of the modules a fresh interpreter holds after running some code."""
    script = f"{code}\nimport sys, json; print(json.dumps(sorted(sys.modules)))"
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    return set(json.loads(done.stdout.splitlines()[-1]))


def test_the_package_alone_imports_no_library():
    found = modules_after("import westforecast; westforecast.__version__; dir(westforecast)")
    assert not found & {"numpy", "pandas", "narwhals", "pluggy", "rich", "click", "pyarrow"}


def test_plugins_can_be_listed_without_a_library():
    code = "import westforecast as wf; [s for p in wf.registry().plugins for s in p.specs]"
    assert not modules_after(code) & {"numpy", "pandas", "narwhals", "rich", "statsforecast"}


def test_the_interface_imports_no_more_than_it_needs():
    heavy = {"statsforecast", "scipy", "sklearn", "statsmodels", "altair", "jinja2", "vl_convert",
             "rich", "rich.progress", "polars", "pyarrow", "click", "matplotlib", "hypothesis",
             "multiprocessing.pool"}  # fmt: skip
    ours = modules_after("import westforecast as wf; wf.Panel, wf.forecast, wf.backtest, wf.model")
    theirs = modules_after("import pandas")
    assert not (ours - theirs) & heavy


def test_a_comparison_imports_distributions_where_it_judges_and_no_charts():
    heavy = {"scipy", "altair", "jinja2", "vl_convert", "statsforecast", "arch", "statsmodels"}
    assert not modules_after("import westforecast as wf; wf.compare, wf.Comparison") & heavy
    code = (
        "import pandas as pd, westforecast as wf\n"
        "df = pd.DataFrame({'unique_id': 'a', 'ds': range(12), 'y': [1.0, 2.0, 4.0] * 4})\n"
        "print(wf.compare(wf.Panel.from_frame(df), 'Drift', h=1))"
    )
    assert modules_after(code) & heavy == {"scipy"}


def test_a_forecast_imports_nothing_heavy_either():
    code = (
        "import pandas as pd, westforecast as wf\n"
        "df = pd.DataFrame({'unique_id': 'a', 'ds': [1, 2, 3], 'y': [1.0, 2.0, 3.0]})\n"
        "wf.backtest(wf.Panel.from_frame(df), ['Drift', 'Naive'], h=1).scores()"
    )
    assert not modules_after(code) & {"statsforecast", "scipy", "altair", "jinja2", "rich.progress"}


@pytest.mark.parametrize(
    "before",
    [
        "wf.forecast",
        "wf.Result",
        "import westforecast.backtest",
        "from westforecast.backtest import Result",
        "import importlib; importlib.import_module('westforecast.backtest.run')",
    ],
)
def test_backtest_stays_the_verb_whatever_was_imported_before(before):
    # a room has the same name, and Python binds imported rooms to their package
    code = f"import westforecast as wf\n{before}\nassert callable(wf.backtest), wf.backtest"
    modules_after(code)


def test_every_public_name_is_there():
    import westforecast

    for name in westforecast.__all__:
        assert getattr(westforecast, name) is not None
        assert name in dir(westforecast)
    assert set(westforecast._WHERE) | {"__version__"} == set(westforecast.__all__)
    with pytest.raises(AttributeError, match=r"has no attribute 'forecasts'"):
        _ = westforecast.forecasts
