"""Our models over the synthetic panel, beside their statsforecast peers where that is installed."""

import json
import os
import subprocess
import sys
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from functools import partial
from importlib.util import find_spec
from typing import Any

import pandas as pd

from westforecast.errors import UsageError, WestforecastError
from westforecast.speed.annual import SERIES, annual, digest
from westforecast.speed.machine import ONE_THREAD, machine
from westforecast.speed.sides import LEAST, PEER, eligible, ours, spread, theirs
from westforecast.speed.times import Duel, Times, take_turns


@dataclass(frozen=True, slots=True)
class Peer:
    """The class of statsforecast that does the same work.

    sample: on how many series it is timed unless the caller says so; a costly one on few, a cheap
    one on all, where the fixed cost of a call would count against it otherwise.
    """

    kind: str
    sample: int | None = None


PEERS: Mapping[str, Peer] = {
    "Naive": Peer("Naive"),
    "Drift": Peer("RandomWalkWithDrift"),
    "AveragedETS": Peer("AutoETS", 100),
    "AveragedARIMA": Peer("AutoARIMA", 10),
    "AutoETS": Peer("AutoETS", 100),
    "AutoARIMA": Peer("AutoARIMA", 10),
}
DEFAULT = ("Naive", "Drift", "AveragedETS", "AveragedARIMA")


@dataclass(frozen=True, slots=True)
class Settings:
    """What is measured.

    models: names. series: of the synthetic panel. repeats: timed calls a side. peer: whether the
    peer is timed too; peer_series: on how many series, evenly spread.
    """

    models: Sequence[str]
    series: int = SERIES
    origins: int = 5
    horizon: int = 6
    repeats: int = 3
    peer: bool = True
    peer_series: int | None = None


def measure(settings: Settings) -> dict[str, Any]:
    """Times of whole backtests in this process: machine, panel and a row a model, for JSON.

    Raises UsageError where no series is long enough.
    """
    panel = annual(settings.series)
    frame = eligible(panel, settings.horizon, settings.origins)
    if frame.empty:
        needed = LEAST + settings.origins - 1 + settings.horizon
        longest = panel.groupby("unique_id").size().max()
        raise UsageError(
            f"{settings.origins} origins and h={settings.horizon} need series of {needed} values; "
            f"the longest of this panel has {longest}. Ask for fewer origins or a shorter horizon."
        )
    return {
        "machine": machine(),
        "settings": asdict(settings),
        "panel": {
            "series": settings.series,
            "eligible": int(frame["unique_id"].nunique()),
            "values": len(panel),
            "sha256": digest(panel["y"].to_numpy()),
        },
        "rows": [_row(model, frame, settings) for model in settings.models],
    }


def measure_apart(settings: Settings) -> dict[str, Any]:
    """`measure` in a fresh interpreter that was told to use one thread before it read NumPy.

    Raises UsageError with what `measure` raised there, WestforecastError where it broke down.
    """
    done = subprocess.run(
        [sys.executable, "-m", "westforecast.speed", json.dumps(asdict(settings))],
        env={**os.environ, **ONE_THREAD},
        capture_output=True,
        text=True,
    )
    told = done.stderr.strip()
    if done.returncode and "Traceback" in told:
        raise WestforecastError(f"the measurement broke down:\n{told}")
    if done.returncode:
        raise UsageError(told)
    answer: dict[str, Any] = json.loads(done.stdout)
    return answer


def _row(model: str, frame: pd.DataFrame, settings: Settings) -> dict[str, Any]:
    """One model, after an untimed call, taking turns with its peer."""
    horizon, origins = settings.horizon, settings.origins
    mine = partial(ours, frame, model, horizon, origins)
    result, _ = mine()
    row = {"model": model, "windows": len(result.plan.windows), "failed": result.failed}
    peer = PEERS.get(model)
    if peer is None or not settings.peer or not find_spec(PEER):
        times = Times(model, _count(frame), *take_turns([mine], settings.repeats))
        return {**row, "ours": times.record(), "theirs": None}
    part = spread(frame, settings.peer_series or peer.sample)
    theirs(spread(frame, 2), peer.kind, horizon, 1)
    other = partial(theirs, part, peer.kind, horizon, origins)
    first, second = take_turns([mine, other], settings.repeats)
    duel = Duel(Times(model, _count(frame), first), Times(peer.kind, _count(part), second))
    return {**row, **duel.record()}


def _count(frame: pd.DataFrame) -> int:
    return int(frame["unique_id"].nunique())
