"""How much memory does a backtest need beyond its data?

Each in a fresh interpreter: peak of the process, less what it held when the frame was read, as a
multiple of the bytes of the panel's values.
"""

import pytest

from .claims import Claim, claim
from .fresh import run

HORIZON, ORIGINS = 6, 10


@pytest.mark.benchmark(group="memory")
@pytest.mark.parametrize("model", ["Drift", "AveragedETS", "AveragedARIMA"])
def bench_memory_of_a_backtest(benchmark, installed, model):
    """Twice the panel takes about twice the memory, or less: none of it is squared."""
    installed("model", model)
    size = 4000 if benchmark.enabled else 100
    half = run(data="annual", model=model, origins=ORIGINS, horizon=HORIZON, series=size // 2)
    whole = benchmark.pedantic(
        run,
        kwargs={"data": "annual", "model": model, "origins": ORIGINS, "horizon": HORIZON,
                "series": size},
        rounds=1,
    )  # fmt: skip
    for found in (half, whole):
        assert found["failed"] == 0
        assert found["finite"]
        assert found["peak"] >= found["before"] > found["values"]
    if benchmark.enabled:
        more = [found["peak"] - found["before"] for found in (half, whole)]
        benchmark.extra_info["memory"] = {"half": half, "whole": whole}
        note = (
            f"{size} series, {ORIGINS} origins: {more[1] / 1e6:.0f} MB beyond the "
            f"{whole['before'] / 1e6:.0f} MB of interpreter, libraries and frame, "
            f"{more[1] / whole['values']:.0f} times the values; half of the series: "
            f"{more[0] / 1e6:.0f} MB"
        )
        claim(benchmark, Claim(f"{model}: memory for twice the series", more[1] / max(more[0], 1),
                               2.5, "at most", note=note))  # fmt: skip
