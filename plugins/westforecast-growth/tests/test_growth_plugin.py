"""The package as a plugin: registered, light, documented by examples that run."""

import doctest
import re
import subprocess
import sys
from importlib import import_module
from pathlib import Path

import pandas as pd
import pytest

import westforecast as wf
import westforecast_growth

NAMES = {
    "CompoundGrowth": {}, "DampedGrowth": {}, "GrowthRatio": {"driver": "全国GDP"},
    "Elasticity": {"driver": "全国GDP"}, "ConstantShare": {"driver": "全国GDP"},
    "ShareShift": {"driver": "全国GDP"}, "DriverRegression": {"driver": "全国GDP"},
    "IntensityOfUse": {"activity": "全国GDP", "income": "人均GDP"},
    "EndUse": {"sectors": ["汽车", "摩托车"], "coefficients": [1.5, 0.1]},
    "Logistic": {}, "Gompertz": {},
}  # fmt: skip
README = Path(__file__).parents[1] / "README.md"


@pytest.mark.parametrize("name", NAMES)
def test_every_model_is_found_by_name(name):
    for asked in (name, f"westforecast-growth:{name}"):
        made = wf.model(asked, **NAMES[name])
        assert type(made) is getattr(westforecast_growth, name)
        assert made.name == name
    (spec,) = (s for d, s in wf.registry().specs("model") if s.name == name and "growth" in d)
    assert spec.summary
    assert spec.capabilities >= {"intervals", "missing", "batch"}
    assert ("driver" in spec.capabilities) == bool(NAMES[name])


def test_all_and_registrations_are_the_same_names():
    assert set(westforecast_growth.__all__) == set(westforecast_growth.plugin.MODELS) >= set(NAMES)
    with pytest.raises(AttributeError, match="Growth"):
        westforecast_growth.Growth  # noqa: B018


@pytest.mark.parametrize("name", [name for name, settings in NAMES.items() if settings])
def test_a_driver_must_be_named(name):
    with pytest.raises(wf.UsageError, match=next(iter(NAMES[name]))):
        wf.model(name)


def test_finding_the_plugin_imports_no_model_and_no_numpy():
    code = (
        "import sys, westforecast_growth.plugin as p; p.westforecast_register_models(); "
        "print([m for m in sys.modules if m == 'numpy' or m.startswith('westforecast_growth.')])"
    )
    told = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert told.stdout.strip() == "['westforecast_growth.plugin']"


def test_drivers_with_chinese_names():
    years = [*range(2000, 2010)]
    frame = pd.DataFrame({
        "unique_id": ["全国"] * 10 + ["西部"] * 10, "ds": years * 2,
        "y": [100 * 1.1**t for t in range(10)] + [20 * 1.21**t for t in range(10)],
    })  # fmt: skip
    panel = wf.Panel.from_frame(frame)
    long = wf.forecast(panel, wf.model("GrowthRatio", driver="全国"), h=1, levels=(80,)).long()
    assert (long["status"] == "ok").all()
    missing = wf.forecast(panel, wf.model("GrowthRatio", driver="全国 "), h=1).long()
    assert set(missing["status"]) == {"no_driver"}
    assert missing["reason"].str.contains("Did you mean '全国'").all()


def test_the_example_in_the_readme_runs(capsys):
    (code,) = re.findall(r"```python\n(.*?)```", README.read_text(encoding="utf-8"), re.DOTALL)
    exec(compile(code, str(README), "exec"), {})
    assert "ratio, shrunk" in capsys.readouterr().out


@pytest.mark.parametrize("module", ["response"])
def test_examples_in_docstrings(module):
    result = doctest.testmod(import_module(f"westforecast_growth.{module}"))
    assert result.attempted > 0
    assert result.failed == 0
