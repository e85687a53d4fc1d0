"""README and docs are programs: every python and console block runs, every link leads somewhere."""

import os
import re
import shlex
import subprocess
import sys
import types
from pathlib import Path

import pytest

from westforecast.plugin import load

ROOT = Path(__file__).resolve().parents[2]
PAGES = [ROOT / "README.md", ROOT / "CONTRIBUTING.md", *sorted(ROOT.glob("docs/**/*.md")),
         *sorted(ROOT.glob("plugins/*/README.md"))]  # fmt: skip
FOLLOWED = ROOT / "docs" / "tutorial-your-own-model.md"  # by test_plugin_tutorial.py, in full
BLOCK = re.compile(r"^```(python|console)\n(.*?)^```$", re.S | re.M)
PLUGINS = {"cnc": "westforecast-cnc", "statsforecast.": "westforecast-statsforecast",
           "AutoETS": "westforecast-statsforecast", "AveragedETS": "westforecast-ets",
           "AveragedARIMA": "westforecast-arima", "AutoARIMA": "westforecast-statsforecast",
           'metric("direction")': "westforecast-example-hooks",
           "Logistic": "westforecast-growth", "GrowthRatio": "westforecast-growth"}  # fmt: skip


def name(page):
    return str(page.relative_to(ROOT))


def blocks(page):
    return BLOCK.findall(page.read_text(encoding="utf-8"))


@pytest.mark.parametrize("page", [p for p in PAGES if blocks(p) and p != FOLLOWED], ids=name)
def test_blocks_run(page, tmp_path, monkeypatch):
    installed = {plugin.distribution for plugin in load().plugins}
    text = "".join(code for _, code in blocks(page))
    for word, package in PLUGINS.items():
        if word in text and package not in installed:
            pytest.skip(f"{package}, which this page uses, is not installed")
    monkeypatch.chdir(tmp_path)
    # A module of its own, so that classes of a page can be pickled as those of a notebook can.
    module = types.ModuleType("docs_page")
    monkeypatch.setitem(sys.modules, "docs_page", module)
    for kind, code in blocks(page):
        if kind == "python":
            exec(compile(code, f"{page.name} (python block)", "exec"), module.__dict__)
        else:
            for line in code.splitlines():
                if line.startswith("$ "):
                    run(line[2:])


def run(line):
    """One console line, with `westforecast` and `python` those of this environment."""
    words = shlex.split(line)
    begin = {"westforecast": [sys.executable, "-m", "westforecast"], "python": [sys.executable]}
    command = [*begin[words[0]], *words[1:]]
    done = subprocess.run(
        command, capture_output=True, text=True, env={**os.environ, "COLUMNS": "110"}
    )
    assert done.returncode == 0, f"{line}\n{done.stdout}\n{done.stderr}"


@pytest.mark.parametrize("page", PAGES, ids=name)
def test_links_lead_somewhere(page):
    for target in re.findall(r"\]\(([^)#]+)\)", page.read_text(encoding="utf-8")):
        if "://" not in target:
            assert (page.parent / target).exists(), target


def test_the_readme_names_targets_that_exist():
    makefile = (ROOT / "Makefile").read_text()
    for page in (ROOT / "README.md", ROOT / "CONTRIBUTING.md"):
        for target in re.findall(r"^make (\w+)", page.read_text(), re.M):
            assert re.search(rf"^{target}:", makefile, re.M), target


def test_every_hook_metric_and_status_is_documented():
    from westforecast.metrics import METRICS
    from westforecast.models import Status
    from westforecast.plugin.hookspecs import HOOKS

    text = "".join(page.read_text(encoding="utf-8") for page in PAGES)
    missing = [word for word in (*HOOKS, *METRICS, *(s.label for s in Status)) if word not in text]
    assert not missing


def test_the_readme_quotes_the_study_as_it_is():
    if "westforecast-cnc" not in {plugin.distribution for plugin in load().plugins}:
        pytest.skip("westforecast-cnc is not installed")
    from westforecast.plugin import registry
    from westforecast.report import words
    from westforecast.study import read_study, run_study

    result = run_study(read_study(registry().get("study", "cnc")()))
    fan = result.at_target("west_units")
    text = " ".join((ROOT / "README.md").read_text(encoding="utf-8").split())
    assert f"makes {words.number(fan.point, 3)} CNC machine tools" in text
    assert f"80 percent interval of {words.interval(*fan.intervals[80.0])}" in text
    off = {"combination": [], "Naive": []}
    for row in result.hindsight:
        if row.series == "cutting" and row.model in off:
            off[row.model].append(100 * abs(row.error))
    pooled, naive = (sum(errors) / len(errors) for errors in off.values())
    assert f"off by {pooled:.0f} percent on average" in text
    assert f"would have done better ({naive:.0f} percent)" in text
