"""Case B48: what needs statsforecast, which asks for a pandas below 3, and what must not."""

import re
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
PROJECTS = [ROOT / "pyproject.toml", *sorted(ROOT.glob("plugins/*/pyproject.toml"))]
# The adapter itself, and the study, whose pools have models of statsforecast.
NEED_IT = {"statsforecast", "westforecast-statsforecast", "westforecast-cnc"}


def needs() -> dict[str, set[str]]:
    """What each package of this checkout cannot be installed without, by name."""
    found = {}
    for path in PROJECTS:
        project = tomllib.loads(path.read_text(encoding="utf-8"))["project"]
        asked = project.get("dependencies", [])
        found[project["name"]] = {re.split(r"[^\w.-]", name)[0] for name in asked}
    return found


def test_b48_only_the_adapter_and_the_study_need_statsforecast():
    direct = needs()
    assert direct["westforecast-ets"] == direct["westforecast-arima"] == {"westforecast"}
    assert {name for name, asked in direct.items() if asked & NEED_IT} == NEED_IT - {
        "statsforecast"
    }


@pytest.mark.parametrize("path", PROJECTS, ids=lambda path: path.parent.name)
def test_b48_no_package_refuses_a_newer_python_or_pandas(path):
    project = tomllib.loads(path.read_text(encoding="utf-8"))["project"]
    assert project["requires-python"] == ">=3.11"
    for asked in project.get("dependencies", []):
        if not asked.startswith("westforecast"):
            assert "<" not in asked and "==" not in asked, asked


# One process in which neither of the libraries that the adapter brings can be imported.
ALONE = """
import sys
sys.modules.update(statsforecast=None, numba=None)
import westforecast as wf
from westforecast.testing.data import KINDS, ordinary

adapter = {"westforecast-statsforecast", "westforecast-cnc"}
offered = [pair for pair in wf.registry().specs("model") if pair[0] not in adapter]
panel = ordinary(KINDS[0], 2, 10)
for package, spec in offered:
    model = wf.model(f"{package}:{spec.name}", **spec.example)
    found = wf.forecast(panel, {"m": model}, h=2, levels=(80,)).long()
    assert set(found["status"]) <= {"ok", "out_of_domain"}, (spec.name, found["reason"][0])
print(sorted({package for package, _ in offered}))
"""


def test_b48_models_of_the_other_packages_run_where_statsforecast_cannot_be_imported():
    done = subprocess.run(
        [sys.executable, "-W", "error", "-c", ALONE], capture_output=True, text=True
    )
    assert done.returncode == 0, done.stderr
    assert "'westforecast'" in done.stdout
