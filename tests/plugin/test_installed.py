"""A third-party package as pip leaves it: found, used, and broken in each way without harm."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

GOOD = """
from westforecast.plugin import ModelSpec, hookimpl

@hookimpl
def westforecast_register_models():
    return [ModelSpec(name="Acme", target="acme_models:Acme", summary="twice the last value")]
"""
MODEL = """
from dataclasses import dataclass
import numpy as np
from westforecast import SeriesModel

@dataclass(frozen=True)
class Acme(SeriesModel):
    factor: float = 2.0
    def forecast_one(self, y, horizon, probs, context):
        mean = np.full(horizon, self.factor * y[-1])
        return mean, np.repeat(mean[:, None], len(probs), axis=1)
"""
USE = """
import pandas as pd, westforecast as wf
df = pd.DataFrame({"unique_id": "a", "ds": [2001, 2002, 2003], "y": [1.0, 2.0, 3.0]})
print(wf.forecast(wf.Panel.from_frame(df), ["Acme", "Naive"], h=1).long()["yhat"].tolist())
"""
BROKEN = {
    "import_error": "import no_such_module_at_all",
    "unknown_hook": GOOD.replace("westforecast_register_models", "westforecast_register_modles"),
    "hook_raised": GOOD.replace("    return", "    raise RuntimeError('out of order')\n    return"),
    "bad_spec": GOOD.replace('name="Acme"', 'name="Acme: the best"'),
    "bad_signature": GOOD.replace("models():", "models(everything):"),
    "wrong_object": "nothing = 1",
}


def install(folder: Path, distribution: str, plugin: str) -> None:
    """What `pip install` leaves behind: modules, and metadata with an entry point."""
    name = distribution.replace("-", "_")
    (folder / f"{name}_plugin.py").write_text(plugin)
    info = folder / f"{name}-1.0.dist-info"
    info.mkdir()
    (info / "METADATA").write_text(f"Metadata-Version: 2.1\nName: {distribution}\nVersion: 1.0\n")
    (info / "entry_points.txt").write_text(f"[westforecast]\nmain = {name}_plugin\n")


def python(folder, *args, **environment):
    env = {k: v for k, v in os.environ.items() if not k.startswith("WESTFORECAST")}
    env |= {"PYTHONPATH": str(folder), **environment}
    return subprocess.run([sys.executable, *args], capture_output=True, text=True, env=env)


@pytest.fixture
def site(tmp_path):
    (tmp_path / "acme_models.py").write_text(MODEL)
    return tmp_path


def test_an_installed_plugin_is_found_and_used(site):
    install(site, "acme", GOOD)
    listed = python(site, "-m", "westforecast", "models", "list")
    assert listed.returncode == 0, listed.stderr
    assert "Acme" in listed.stdout
    used = python(site, "-c", USE)
    assert used.stdout.strip() == "[6.0, 3.0]", used.stderr


@pytest.mark.parametrize("kind", BROKEN)
def test_a_broken_plugin_costs_only_itself(site, kind):
    install(site, "acme", GOOD)
    install(site, "broken-one", BROKEN[kind])
    listed = python(site, "-m", "westforecast", "plugins", "list")
    assert listed.returncode == 1
    assert f"BROKEN broken-one 1.0: {kind}:" in listed.stdout
    assert "Traceback" not in listed.stderr
    used = python(site, "-c", USE)
    assert used.stdout.strip() == "[6.0, 3.0]", used.stderr
    assert used.stderr.count("broken-one 1.0") == 1, "one warning that names it"


def test_strict_mode_stops(site):
    install(site, "broken-one", BROKEN["hook_raised"])
    done = python(site, "-m", "westforecast", "models", "list", WESTFORECAST_STRICT="1")
    assert done.returncode == 2
    assert "out of order" in done.stderr
    assert "Traceback" not in done.stderr


def test_two_packages_of_one_name(site):
    install(site, "acme", GOOD)
    install(site, "zenith", GOOD)
    done = python(site, "-m", "westforecast", "run", "none.toml")
    assert "none.toml" in done.stderr, "a clash harms nobody who does not ask for the name"
    clash = python(site, "-c", USE)
    assert "acme:Acme or zenith:Acme" in clash.stderr
    full = python(site, "-c", USE.replace('"Acme"', '"zenith:Acme"'))
    assert full.stdout.strip() == "[6.0, 3.0]", full.stderr


def test_allow_and_disable(site):
    install(site, "acme", GOOD)
    for name, value in (("WESTFORECAST_PLUGINS", ""), ("WESTFORECAST_DISABLE", "acme")):
        done = python(site, "-m", "westforecast", "models", "list", **{name: value})
        assert "Acme" not in done.stdout
        assert "Drift" in done.stdout
