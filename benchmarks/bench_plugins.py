"""What does a broken plugin cost those beside it?

Twenty good plugins, each with a model, and beside them one broken in each way there is. The good
ones must all be in use and give the numbers they give alone; the time it adds is what is measured,
each in a fresh interpreter, taking turns.
"""

import json
import os
import subprocess
import sys
from pathlib import Path
from statistics import median

import pytest

from .claims import Claim, claim

GOOD = 20
HOOK = """
from westforecast.plugin import ModelSpec, hookimpl

@hookimpl
def westforecast_register_models():
    return [ModelSpec(name="{name}", target="westforecast.models:Drift"{more})]
"""
BROKEN = {
    "import_error": "import no_such_module_at_all",
    "wrong_object": "nothing = 1",
    "bad_signature": HOOK.format(name="X", more="").replace("models():", "models(everything):"),
    "unknown_hook": HOOK.format(name="X", more="").replace("_models()", "_modles()"),
    "hook_raised": HOOK.format(name="X", more="").replace("return", "1 / 0; return"),
    "bad_spec": HOOK.format(name="not a name", more=""),
    "duplicate_name": HOOK.format(name="X", more="), ModelSpec(name='X', target='a:b'"),
    "api_version": HOOK.format(name="X", more=", api_version=9"),
}
HANGS = "import time; time.sleep(60)"
PATIENCE = 0.5  # seconds the one that hangs is given here
USE = """
import json, time, warnings
import pandas as pd, westforecast as wf
from westforecast.engines import SerialEngine
from westforecast.models import Naive
from westforecast.plugin import load
panel = wf.Panel.from_frame(pd.DataFrame({"unique_id": "a", "ds": range(2000, 2012),
                                          "y": [float(t * t) for t in range(12)]}))
serial = SerialEngine()
wf.forecast(panel, Naive(), h=1, engine=serial)  # what is imported on first use, but no plugin
begin = time.perf_counter()
with warnings.catch_warnings(record=True) as caught:
    warnings.simplefilter("always")
    found = load()
took = time.perf_counter() - begin
names = [spec.name for _, spec in found.specs("model") if spec.name.startswith("Good")]
models = [found.model(name) for name in names]
numbers = [wf.forecast(panel, m, h=2, engine=serial).long()["yhat"].tolist() for m in models]
print(json.dumps({"seconds": took, "models": names, "numbers": numbers,
                  "failures": sorted(f.kind for f in found.failures), "warnings": len(caught)}))
"""


def install(site: Path, name: str, code: str) -> None:
    """What pip leaves behind: a module, and metadata with an entry point."""
    (site / f"{name}.py").write_text(code)
    info = site / f"{name}-1.0.dist-info"
    info.mkdir()
    (info / "METADATA").write_text(f"Metadata-Version: 2.1\nName: {name}\nVersion: 1.0\n")
    (info / "entry_points.txt").write_text(f"[westforecast]\nmain = {name}\n")


def used(*sites: Path) -> dict:
    """What a fresh interpreter that sees these folders finds and forecasts."""
    env = {k: v for k, v in os.environ.items() if not k.startswith("WESTFORECAST")}
    env |= {"PYTHONPATH": os.pathsep.join(map(str, sites)), "PYTHONWARNINGS": "ignore",
            "WESTFORECAST_PLUGIN_TIMEOUT": str(PATIENCE)}  # fmt: skip
    done = subprocess.run([sys.executable, "-c", USE], capture_output=True, text=True, env=env)
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout.splitlines()[-1])


@pytest.mark.benchmark(group="broken plugins")
def bench_broken_beside_good(benchmark, repeats, tmp_path):
    """Loading twenty good plugins alone, beside eight broken ones, and beside one that hangs."""
    sites = {name: tmp_path / name for name in ("good", "broken", "hanging")}
    for site in sites.values():
        site.mkdir()
    for k in range(GOOD):
        install(sites["good"], f"good{k:02}", HOOK.format(name=f"Good{k:02}", more=""))
    for kind, code in BROKEN.items():
        install(sites["broken"], f"broken_{kind}", code)
    install(sites["hanging"], "broken_timeout", HANGS)
    alone = used(sites["good"])
    assert len(alone["models"]) == GOOD
    assert alone["failures"] == []
    taken = {"alone": [], "broken": [], "hanging": []}

    def turn() -> None:
        for name, beside in (("alone", ()), ("broken", ("broken",)), ("hanging", ("hanging",))):
            found = used(sites["good"], *(sites[other] for other in beside))
            expected = {"alone": [], "broken": sorted(BROKEN), "hanging": ["timeout"]}[name]
            assert found["failures"] == expected
            assert found["warnings"] == (1 if expected else 0), "one warning names them all"
            assert (found["models"], found["numbers"]) == (alone["models"], alone["numbers"])
            taken[name].append(found["seconds"])

    benchmark.pedantic(turn, rounds=2 * repeats)
    if benchmark.enabled:
        benchmark.extra_info["seconds"] = taken
        mid = {name: 1e3 * median(seconds) for name, seconds in taken.items()}
        note = (
            f"{mid['alone']:.1f} ms alone, {mid['broken']:.1f} ms with the {len(BROKEN)}; all "
            f"{GOOD} models work and give the same numbers"
        )
        each = (mid["broken"] - mid["alone"]) / len(BROKEN) / (mid["alone"] / GOOD)
        claim(benchmark, Claim("a broken plugin, to a good one, time to load", each, 5, "at most",
                               note=note))  # fmt: skip
        over = (mid["hanging"] - mid["alone"]) / 1e3 / PATIENCE
        claim(benchmark, Claim("a plugin that hangs, to the patience set, time", over, 1.5,
                               "at most", note=f"{mid['hanging']:.0f} ms"))  # fmt: skip
