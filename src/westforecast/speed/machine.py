"""What times depend on: processor, versions, the BLAS and its threads."""

import os
import platform
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Any

import numpy as np

# Set before NumPy is imported, these keep every library to one thread.
ONE_THREAD = {
    f"{library}_NUM_THREADS": "1" for library in ("OPENBLAS", "OMP", "MKL", "BLIS", "NUMBA")
} | {"VECLIB_MAXIMUM_THREADS": "1"}
_MATTER = (*ONE_THREAD, "OPENBLAS_CORETYPE", "MKL_CBWR")
_PACKAGES = (
    "westforecast", "westforecast-ets", "westforecast-arima", "numpy", "pandas", "statsforecast",
)  # fmt: skip


def machine() -> dict[str, Any]:
    """Processor, cores, system, versions, BLAS, and the settings it found in the environment."""
    return {
        "cpu": _cpu(),
        "cores": os.cpu_count(),
        "system": f"{platform.system()} {platform.machine()}",
        "python": platform.python_version(),
        "packages": {name: _version(name) for name in _PACKAGES if _version(name)},
        "blas": _blas(),
        "one_thread": all(os.environ.get(name) == "1" for name in ONE_THREAD),
        "environment": {name: os.environ[name] for name in _MATTER if name in os.environ},
    }


def _cpu() -> str:
    listing = Path("/proc/cpuinfo")
    if listing.exists():
        for line in listing.read_text(encoding="utf-8", errors="replace").splitlines():
            if line.startswith("model name"):
                return line.partition(":")[2].strip()
    return platform.processor() or platform.machine()


def _version(distribution: str) -> str | None:
    try:
        return version(distribution)
    except PackageNotFoundError:
        return None


def _blas() -> str:
    built: dict[str, Any] = np.show_config(mode="dicts") or {}  # type: ignore[assignment]
    found = built.get("Build Dependencies", {}).get("blas", {})
    return f"{found.get('name', 'unknown')} {found.get('version', '')}".strip()
