"""One backtest in a fresh interpreter: how long, and how much memory at the most.

`run(...)` starts it; `python -m benchmarks.fresh SETTINGS` is what it starts.
"""

import json
import os
import resource
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import numpy as np

import westforecast as wf
from westforecast.speed import LEAST, ONE_THREAD, annual, ours

from .data import ROOT, read


def run(threads: bool = False, **settings: Any) -> dict[str, Any]:
    """A backtest of settings (see `measured`) elsewhere; threads: whether libraries may use any."""
    env = {name: value for name, value in os.environ.items() if name not in ONE_THREAD}
    done = subprocess.run(
        [sys.executable, "-m", "benchmarks.fresh", json.dumps(settings)],
        cwd=ROOT, env=env if threads else {**env, **ONE_THREAD}, capture_output=True, text=True,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    found: dict[str, Any] = json.loads(done.stdout.splitlines()[-1])
    return found


def measured(
    data: str, model: str, origins: int, horizon: int, series: int | None = None,
    engine: str = "serial",
) -> dict[str, Any]:  # fmt: skip
    """Seconds from frame to scores, and bytes.

    data: "m4", or "annual" for the synthetic panel. series: how many, the first ones.
    before: peak memory when the frame is there and the modules are imported; peak: afterwards, this
    process and, at the most, those it started.
    """
    wf.model(model)  # its imports are not the subject
    frame = annual(series or 645) if data == "annual" else read(data)
    assert frame is not None, f"no {data} beside the repository"
    if series is not None:
        frame = frame[frame["unique_id"].isin(frame["unique_id"].unique()[:series])]
    before = peak()
    begin = time.perf_counter()
    result, scores = ours(frame, model, horizon, origins, min_train_size=LEAST, engine=engine)
    taken = time.perf_counter() - begin
    return {
        "seconds": taken,
        "before": before,
        "peak": peak() + (os.cpu_count() or 1) * children(),
        "values": 8 * len(frame),
        "series": int(frame["unique_id"].nunique()),
        "windows": len(result.plan.windows),
        "failed": result.failed,
        "finite": bool(np.isfinite(result.forecasts[model].mean).all()),
        "scores": {name: float(scores[name].item()) for name in ("smape", "mase")},
    }


def peak() -> int:
    """Most bytes this process ever held.

    Linux counts what the parent held before the new program began into `ru_maxrss`, so its own
    figure for this program (VmHWM) is read where there is one.
    """
    status = Path("/proc/self/status")
    if status.exists():
        for line in status.read_text().splitlines():
            if line.startswith("VmHWM:"):
                return 1024 * int(line.split()[1])
    return _bytes(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss)


def children() -> int:
    """Most bytes that any one finished child held."""
    return _bytes(resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss)


def _bytes(maxrss: int) -> int:
    return maxrss if sys.platform == "darwin" else 1024 * maxrss


if __name__ == "__main__":
    print(json.dumps(measured(**json.loads(sys.argv[1]))))
