"""Does a whole collection fit a coffee break? M4 yearly, ten origins, all cores."""

from statistics import median

import numpy as np
import pytest

from westforecast.speed import LEAST, eligible, ours

from .claims import Claim, claim
from .fresh import run

HORIZON, ORIGINS, MODEL = 6, 10, "AveragedETS"


@pytest.mark.benchmark(group="M4 yearly")
def bench_m4_on_all_cores(benchmark, installed, m4, repeats):
    """Frame in, score table out, in a fresh process that may use every core."""
    installed("model", MODEL)
    installed("engine", "auto")
    workers_change_nothing(m4)
    settings = {"data": "m4", "model": MODEL, "origins": ORIGINS, "horizon": HORIZON,
                "engine": "auto", "series": None if benchmark.enabled else 300}  # fmt: skip
    found = []
    benchmark.pedantic(lambda: found.append(run(threads=True, **settings)), rounds=repeats)
    for one in found:
        assert one["failed"] == 0
        assert one["finite"]
        assert one["scores"] == found[0]["scores"]
    if benchmark.enabled:
        benchmark.extra_info["runs"] = found
        first = found[0]
        note = (
            f"{first['series']:,} series, {first['windows']:,} windows with {LEAST} values or more"
            f"; sMAPE {first['scores']['smape']:.2f}, MASE {first['scores']['mase']:.3f}"
        )
        seconds = median(one["seconds"] for one in found)
        most = max(one["peak"] for one in found)
        claim(benchmark, Claim(f"M4 yearly, {ORIGINS} origins, {MODEL}: time", seconds, 60,
                               "at most", "s", gate=False, note=note))  # fmt: skip
        claim(benchmark, Claim(f"M4 yearly, {ORIGINS} origins, {MODEL}: peak memory", most / 1e9, 2,
                               "at most", "GB", gate=False,
                               note=f"{first['before'] / 1e9:.2f} GB of it before the call: "
                               "interpreter, libraries, reading the file"))  # fmt: skip


def workers_change_nothing(m4) -> None:
    """The engine is a matter of time alone."""
    ids = m4["unique_id"].unique()[:300]
    part = eligible(m4[m4["unique_id"].isin(ids)], HORIZON, ORIGINS)
    one, _ = ours(part, MODEL, HORIZON, ORIGINS, engine="serial")
    many, _ = ours(part, MODEL, HORIZON, ORIGINS, engine="auto")
    np.testing.assert_array_equal(one.forecasts[MODEL].mean, many.forecasts[MODEL].mean)
