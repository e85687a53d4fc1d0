"""Options and data of the benchmarks, and what their JSON says besides times."""

import os
from importlib.util import find_spec

import pandas as pd
import pytest

import westforecast as wf
from westforecast.speed import DIGEST, ONE_THREAD, annual, machine

from .data import read, same

SKIPPED: list[dict[str, str]] = []


def pytest_addoption(parser):
    group = parser.getgroup("westforecast benchmarks")
    group.addoption("--bench-repeats", type=int, default=3,
                    help="Timed calls of each side of a comparison.  [default: 3]")  # fmt: skip
    group.addoption("--bench-sample", type=int, default=33,
                    help="Series on which a very slow peer is timed.  [default: 33]")  # fmt: skip


@pytest.fixture(scope="session")
def repeats(request) -> int:
    """Timed calls of each side."""
    return request.config.getoption("--bench-repeats", 3)


@pytest.fixture(scope="session")
def sample(request) -> int:
    """Series on which a very slow peer is timed."""
    return request.config.getoption("--bench-sample", 33)


@pytest.fixture(scope="session")
def synthetic() -> pd.DataFrame:
    """The synthetic panel, checked to be the one that earlier figures were measured on."""
    frame = annual()
    same(frame, DIGEST)
    return frame


@pytest.fixture(scope="session")
def yearly(synthetic) -> pd.DataFrame:
    """M3 yearly, 645 series; the synthetic panel, as many, where it is not there."""
    found = read("m3")
    frame = synthetic.copy() if found is None else found
    frame.attrs["name"] = "synthetic panel" if found is None else "M3 yearly"
    return frame


@pytest.fixture(scope="session")
def m4() -> pd.DataFrame:
    """M4 yearly, 23,000 series."""
    found = read("m4")
    if found is None:
        pytest.skip("no M4 data beside the repository")
    return found


@pytest.fixture
def one_thread(benchmark) -> None:
    """Timed comparisons are between one thread and one thread."""
    if benchmark.enabled and any(os.environ.get(name) != "1" for name in ONE_THREAD):
        pytest.fail("threads are not limited to one; time with `make bench`")


@pytest.fixture
def installed():
    """A check that skips where a model, an engine or a package is absent."""

    def check(kind: str, name: str) -> None:
        if kind == "package":
            found = find_spec(name) is not None
        else:
            found = name in {spec.name for _, spec in wf.registry().specs(kind)}
        if not found:
            pytest.skip(f"{kind} {name} is not installed")

    return check


def pytest_runtest_logreport(report):
    if report.skipped and isinstance(report.longrepr, tuple):
        reason = report.longrepr[2].removeprefix("Skipped: ")
        SKIPPED.append({"name": report.nodeid.rpartition("::")[2], "reason": reason})


@pytest.hookimpl(optionalhook=True)
def pytest_benchmark_update_machine_info(config, machine_info):
    machine_info["westforecast"] = machine()


@pytest.hookimpl(optionalhook=True)
def pytest_benchmark_update_json(config, benchmarks, output_json):
    output_json["skipped"] = SKIPPED
