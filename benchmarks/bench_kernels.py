"""How close do the kernels come to what the machine can do?

Two ceilings are measured in the same run, with the same threads: arithmetic, by multiplying two
square matrices, and memory, by copying an array that no cache holds.
"""

import numpy as np
import pytest

from westforecast.speed import seconds

from .kernels import SUBJECTS, GramScan, Smoothing


@pytest.fixture(scope="session")
def ceilings():
    """Operations and bytes a second that this machine reaches."""
    n, size = 768, 1 << 23
    a, b = np.random.default_rng(5).normal(size=(2, n, n))
    product = np.empty((n, n))
    source, target = np.ones(size), np.zeros(size)
    multiplied = min(seconds(lambda: np.matmul(a, b, out=product)) for _ in range(20))
    copied = min(seconds(lambda: np.copyto(target, source)) for _ in range(10))
    return {"flops": 2 * n**3 / multiplied, "bytes": 2 * 8 * size / copied}


@pytest.mark.benchmark(group="kernels")
@pytest.mark.parametrize("windows", [100, 5000])
@pytest.mark.parametrize("kind", SUBJECTS, ids=lambda kind: kind.name)
def bench_kernel(benchmark, one_thread, installed, request, kind, windows):
    if issubclass(kind, Smoothing | GramScan):
        installed("model", "AveragedETS" if issubclass(kind, Smoothing) else "AveragedARIMA")
    subject = kind(windows if benchmark.enabled else min(windows, 200))
    found = benchmark(subject.run)
    for fast, slow in zip(found, subject.twin(), strict=True):
        np.testing.assert_allclose(fast, slow, rtol=1e-9, atol=1e-12)
    flops = subject.flops()
    assert subject.moved() >= sum(part.nbytes for part in found)
    if benchmark.enabled:
        limit = request.getfixturevalue("ceilings")
        best = benchmark.stats.stats.min
        benchmark.extra_info["roofline"] = {
            "name": subject.name,
            "windows": windows,
            "flops": flops,
            "bytes": subject.moved(),
            "seconds": best,
            "of_arithmetic": (flops or 0) / best / limit["flops"],
            "of_memory": subject.moved() / best / limit["bytes"],
            "ceilings": limit,
        }
