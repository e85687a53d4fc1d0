"""Everything, timed: `python -m benchmarks [options of pytest]`, which is what `make bench` runs.

One thread for every library, set before NumPy is read. Ends with the table, which it also leaves
in out/bench/ as bench.md and bench.json. Exit code 1 where a result is wrong or a ratio misses its
target.
"""

import os
import subprocess
import sys

from westforecast.speed import ONE_THREAD

from .data import ROOT
from .table import main

if __name__ == "__main__":
    folder = ROOT / "out" / "bench"
    folder.mkdir(parents=True, exist_ok=True)
    raw = folder / "raw.json"
    raw.unlink(missing_ok=True)
    command = [sys.executable, "-m", "pytest", "benchmarks", "-q", "--benchmark-enable",
               "--benchmark-quiet", f"--benchmark-json={raw}"]  # fmt: skip
    done = subprocess.run(
        [*command, *sys.argv[1:]], cwd=ROOT, env={**os.environ, **ONE_THREAD}, check=False
    )
    told = main([str(raw)]) if raw.exists() and raw.stat().st_size else 1
    sys.exit(done.returncode or told)
