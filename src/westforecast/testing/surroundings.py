"""What belongs to the process and not to a model: read, compared, and put back."""

import io
import locale
import logging
import os
import random
import sys
import warnings
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager, redirect_stderr, redirect_stdout
from dataclasses import dataclass
from typing import Any

import numpy as np


@dataclass(frozen=True, slots=True)
class Watched:
    """One thing of the process. read: what it is now, comparable by ==. restore: put it back."""

    what: str
    read: Callable[[], Any]
    restore: Callable[[Any], object]


def _numpy_random() -> tuple[object, ...]:
    name, keys, *rest = np.random.get_state()  # noqa: NPY002 - what models must leave alone
    return (name, np.asarray(keys).tobytes(), *rest)


def _restore_numpy_random(state: tuple[Any, ...]) -> None:
    name, keys, *rest = state
    np.random.set_state((name, np.frombuffer(keys, np.uint32), *rest))  # noqa: NPY002


def _restore_environment(before: dict[str, str]) -> None:
    for name in os.environ.keys() - before.keys():
        del os.environ[name]
    os.environ.update(before)


def _root_logger() -> tuple[int, list[logging.Handler]]:
    root = logging.getLogger()
    return root.level, list(root.handlers)


def _restore_root_logger(before: tuple[int, list[logging.Handler]]) -> None:
    root = logging.getLogger()
    root.setLevel(before[0])
    root.handlers[:] = before[1]


def _path(before: list[str]) -> None:
    sys.path[:] = before


WATCHED = (
    Watched("numpy's error state", np.geterr, lambda before: np.seterr(**before)),
    Watched("the state of `random`", random.getstate, random.setstate),
    Watched("the state of `numpy.random`", _numpy_random, _restore_numpy_random),
    Watched("the environment", lambda: dict(os.environ), _restore_environment),
    Watched("the working directory", os.getcwd, os.chdir),
    Watched("the root logger", _root_logger, _restore_root_logger),
    Watched("the locale", lambda: locale.setlocale(locale.LC_ALL),
            lambda before: locale.setlocale(locale.LC_ALL, before)),
    Watched("sys.path", lambda: list(sys.path), _path),
)  # fmt: skip


@contextmanager
def contained() -> Iterator[io.StringIO]:
    """Whatever happens inside is put back at the end, and what is printed goes into the buffer."""
    before = [(watched, watched.read()) for watched in WATCHED]
    printed = io.StringIO()
    try:
        with warnings.catch_warnings(), redirect_stdout(printed), redirect_stderr(printed):
            warnings.simplefilter("ignore")
            yield printed
    finally:
        for watched, value in before:
            if watched.read() != value:
                watched.restore(value)


@contextmanager
def watching(threads: Mapping[str, int]) -> Iterator[list[str]]:
    """The list fills, on leaving, with what changed inside and what was let out.

    threads: what `thread_counts` gave before the model was first called.
    """
    found: list[str] = []
    before = [(watched, watched.read()) for watched in WATCHED]
    with contained() as printed, warnings.catch_warnings(record=True) as told:
        warnings.simplefilter("always")
        filters = list(warnings.filters)
        yield found
        if list(warnings.filters) != filters:
            found.append("the warning filters are changed")
        found += [f"{w.what} is changed" for w, value in before if w.read() != value]
        now = thread_counts()
        if any(now.get(library, count) != count for library, count in threads.items()):
            found.append("the number of BLAS or OpenMP threads is changed")
        if printed.getvalue():
            found.append(f"something is printed: {printed.getvalue().strip()[:60]!r}")
        if told:
            found.append(f"a warning gets out: {told[0].category.__name__}: {told[0].message}")


def thread_counts() -> dict[str, int]:
    """Threads of each numeric library that is loaded."""
    from threadpoolctl import threadpool_info  # as late as in engines

    return {pool["filepath"]: pool["num_threads"] for pool in threadpool_info()}


def restore_threads(before: Mapping[str, int]) -> None:
    """Give each library that was loaded then as many threads as it had."""
    from threadpoolctl import ThreadpoolController

    for library in ThreadpoolController().lib_controllers:
        if library.filepath in before:
            library.set_num_threads(before[library.filepath])
