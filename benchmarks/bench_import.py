"""What does starting cost, and what does the registry?

Each import in a fresh interpreter, taking turns; as a share of what importing pandas costs.
"""

import subprocess
import sys
from importlib.util import find_spec
from statistics import median

import pytest

import westforecast as wf
from westforecast.plugin import load

from .claims import Claim, claim

CLOCK = "import time; begin = time.perf_counter(); {}; print(time.perf_counter() - begin)"
STARTS = {
    "pandas": "import pandas",
    "westforecast": "import westforecast as wf; wf.Panel, wf.backtest",
    "registry": "import westforecast as wf; wf.registry()",
    "statsforecast": "import statsforecast.models, statsforecast",
}
LIBRARIES = ["numpy", "pandas", "scipy", "sklearn", "statsmodels", "statsforecast", "rich"]


def started(name: str) -> float:
    """Seconds that an import takes as the first thing an interpreter does."""
    code = CLOCK.format(STARTS[name])
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    return float(done.stdout)


@pytest.mark.benchmark(group="start")
def bench_import(benchmark, repeats):
    """westforecast and its verbs, next to pandas, which it needs, and statsforecast."""
    others = {name: [] for name in STARTS if name != "westforecast"}
    if find_spec("statsforecast") is None:
        del others["statsforecast"]

    def turn() -> None:
        for name, taken in others.items():
            taken.append(started(name))

    if benchmark.enabled:
        turn()
    ours = []
    benchmark.pedantic(
        lambda: ours.append(started("westforecast")),
        setup=turn if benchmark.enabled else None,
        rounds=2 * repeats,
    )
    assert min(ours) > 0
    if benchmark.enabled:
        for taken in others.values():
            del taken[0]  # the first reads files into the system's cache
        benchmark.extra_info["seconds"] = {"westforecast": ours, **others}
        mid = {name: median(taken) for name, taken in others.items()}
        note = ", ".join(f"{name} {1000 * taken:.0f} ms" for name, taken in mid.items())
        share, listing = median(ours) / mid["pandas"], mid["registry"] / mid["pandas"]
        claim(benchmark, Claim("import westforecast, to import pandas, time", share, 2,
                               "at most", note=note))  # fmt: skip
        claim(benchmark, Claim("registry of all plugins, to import pandas, time", listing, 0.5,
                               "at most"))  # fmt: skip


@pytest.mark.benchmark(group="registry")
def bench_loading_all_plugins(benchmark):
    """Entry points read, every plugin registered and called."""
    found = benchmark(load)
    assert not found.failures
    twin = {spec.name for plugin in found.plugins for spec in plugin.specs["model"]}
    assert {spec.name for _, spec in found.specs("model")} == twin >= {"Naive", "Drift"}


@pytest.mark.benchmark(group="registry")
def bench_listing_models(benchmark):
    """Names and summaries of a loaded registry; no model library is imported for it."""
    found = benchmark(wf.registry().specs, "model")
    names = [spec.name for _, spec in found]
    assert names == sorted(names, key=str.casefold)
    code = (
        "import sys, westforecast as wf; wf.registry().specs('model'); "
        f"print([m for m in {LIBRARIES} if m in sys.modules])"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"


@pytest.mark.benchmark(group="registry")
def bench_model_by_name(benchmark):
    """What asking for a model costs once its module is imported."""
    assert benchmark(wf.model, "Drift") == type(wf.model("Drift"))()
