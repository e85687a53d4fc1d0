"""The checks of every model: its record, what it may see, what must not matter, what it leaves be.

What a model declares is checked in `abilities`.
"""

import pickle
import random
import sys
import threading
from concurrent.futures import BrokenExecutor, ProcessPoolExecutor, ThreadPoolExecutor
from dataclasses import fields, is_dataclass, replace
from difflib import get_close_matches
from functools import partial
from multiprocessing import get_context
from typing import Any

import numpy as np

from westforecast.backtest import ahead, run
from westforecast.engines import SerialEngine
from westforecast.models import DrivenModel, Forecast, Model, Status
from westforecast.models.base import NO_REASON
from westforecast.series import Calendar, Panel
from westforecast.testing import data
from westforecast.testing.check import Broken, Skipped, check, expect
from westforecast.testing.surroundings import contained, watching
from westforecast.testing.trial import HORIZON, LEVELS, Trial, truth, two
from westforecast.testing.turns import in_turns
from westforecast.typing import FloatArray

SCARCE = 120.0  # seconds for another process to answer


# --- the record of settings -----------------------------------------------------------------------


@check("quick")
def settings(trial: Trial) -> None:
    """A model is a frozen dataclass with a docstring, a repr that says its settings, and a hash."""
    model = trial.model
    expect(is_dataclass(model), "a model is a dataclass of its settings; this class is none")
    for field in fields(model):  # type: ignore[arg-type]
        try:
            setattr(model, field.name, getattr(model, field.name))
        except AttributeError:
            continue
        raise Broken(f"{field.name} can be set anew; write @dataclass(frozen=True)")
    parameters: Any = getattr(type(model), "__dataclass_params__", None)
    expect(parameters.frozen, "the dataclass is not frozen; write @dataclass(frozen=True)")
    for name in _misspelt(type(model)):
        right = get_close_matches(name, _SAID)[0]
        raise Broken(f"{name} means nothing to the library; {right} is what a class says of itself")
    told = repr(model)
    expect(" at 0x" not in told, f"the repr is an address, not the settings: {told}")
    truth(lambda: isinstance(hash(model), int), "the model has no hash")
    written = type(model).__doc__ or ""
    generated = f"{type(model).__name__}("
    expect(
        written.strip() and not written.startswith(generated),
        f"{type(model).__name__} has no docstring; say what it does, its settings and their units",
    )


_SAID = ("min_train", "positive", "missing", "intervals", "scale_equivariant")


def _misspelt(kind: type) -> list[str]:
    """Plain values of a class that look like what it can say of itself."""
    own = {k: v for c in kind.__mro__ if issubclass(c, Model) for k, v in vars(c).items()}
    plain = [name for name, value in own.items() if isinstance(value, bool | int)]
    return [n for n in plain if n not in _SAID and get_close_matches(n, _SAID, cutoff=0.85)]


@check("quick")
def pickles(trial: Trial) -> None:
    """Pickled and unpickled it is an equal model that forecasts the same."""
    try:
        packed = pickle.dumps(trial.model)
    except Exception as error:  # whatever its settings raise
        raise Broken(
            f"it cannot be pickled ({type(error).__name__}: {error}); settings are plain values or "
            "objects of classes at the top level of a module"
        ) from error
    again = pickle.loads(packed)
    expect(repr(again) == repr(trial.model), f"the copy says it is {again!r}")
    expect(again == trial.model, "the copy is not equal to the model")
    expect(hash(again) == hash(trial.model), "the copy has another hash")
    if len(trial.good):
        some = trial.windows.take(trial.few)
        trial.same(some, trial.forecast().take(trial.few), again.forecast(some, HORIZON, LEVELS),
                   "the model and its copy")  # fmt: skip


# --- ordinary data --------------------------------------------------------------------------------


@check("quick")
def ordinary(trial: Trial) -> None:
    """Ordinary series are forecast: the shape asked for, finite numbers, a reason where there is
    none.
    """
    windows, answer = trial.any_windows, trial.any_answer
    broken = [answer.reason[w] for w in np.flatnonzero(answer.status == Status.FAILED).tolist()]
    told = next(iter([*broken, *answer.reason.values()]), "no reason given")  # a fault comes first
    expect((answer.status == Status.OK).any(), f"no ordinary series is forecast: {told}")
    for levels in (LEVELS, ()):
        for horizon in (HORIZON, 1):
            if trial.slow and not levels and horizon == 1:
                continue  # each was asked for once
            found = trial.forecast(horizon, levels)
            _sound(found, [f"series {windows.ids[s]!r}" for s in windows.series])
            expect(
                found.mean.shape == (len(windows), horizon)
                and found.quantiles.shape == (len(windows), horizon, 2 * len(levels)),
                f"{horizon} steps at levels {levels} have another shape than asked for",
            )


def _sound(found: Forecast, names: list[str]) -> None:
    """Every window is forecast in finite numbers, or politely declined with a reason."""
    for w, name in enumerate(names):
        status, reason = Status(int(found.status[w])), found.reason.get(w, "")
        if status == Status.OK:
            expect(np.isfinite(found.mean[w]).all(), f"{name}: ok, and a forecast is not finite")
            continue
        expect(reason not in ("", NO_REASON), f"{name}: {status.label} without a reason")
        expect(status != Status.FAILED, f"{name}: failed: {reason}")
        expect(np.isnan(found.mean[w]).all(), f"{name}: {status.label}, and numbers all the same")


def labels(answer: Forecast) -> str:
    """Statuses and the first reason, in words."""
    found = sorted({Status(int(status)).label for status in answer.status})
    return f"{' and '.join(found)} ({next(iter(answer.reason.values()), 'no reason given')})"


# --- what may be seen -----------------------------------------------------------------------------


@check("quick")
def no_look_ahead(trial: Trial) -> None:
    """No look-ahead: what comes after a cutoff does not matter, nor how much there is."""
    spared = trial.drivers if isinstance(trial.model, DrivenModel) else np.empty(0, np.int64)
    _look_ahead(trial, np.setdiff1d(np.arange(len(trial.windows.ids)), spared))


@check("quick")
def driver_future(trial: Trial) -> None:
    """What drivers come to be after a cutoff does not matter, unless the model says so."""
    if not isinstance(trial.model, DrivenModel):
        raise Skipped("the model has no driver")
    if trial.model.remark:
        raise Skipped(f"the model says so: {trial.model.remark}")
    _look_ahead(trial, trial.drivers)


def _look_ahead(trial: Trial, spoiled: Any) -> None:
    windows, answer, tried = trial.windows, trial.forecast(), trial.some
    for cutoff in np.unique(windows.cutoff[tried]).tolist():
        which = tried[windows.cutoff[tried] == cutoff]
        mine, expected = windows.take(which), answer.take(which)
        known, own = data.after(windows, cutoff), data.pieces(windows)
        cut, changed = list(own), list(own)
        for s in spoiled:
            cut[s] = own[s][: known[s]]
            nonsense = own[s][known[s] :] * -3.7 + 1e6
            changed[s] = np.r_[cut[s], nonsense]
        for other, what in ((changed, "with other values after the cutoff"),
                            (cut, "with nothing after the cutoff")):  # fmt: skip
            found = trial.ask(data.with_pieces(mine, other))
            trial.same(mine, expected, found, what)


@check("quick")
def no_look_behind(trial: Trial) -> None:
    """What a series was before a window begins does not matter."""
    windows = trial.windows.take(trial.few)
    later = replace(windows, start=windows.start + 3)
    begin = windows.indptr[windows.series]

    def spoil(values: FloatArray) -> FloatArray:
        for at in begin:
            values[at : at + 3] = values[at : at + 3] * -3.7 + 1e6
        return values

    trial.same(later, trial.ask(later), trial.ask(later.with_values(spoil)),
               "with other values before the window")  # fmt: skip


# --- what must not matter -------------------------------------------------------------------------


@check("quick")
def one_by_one(trial: Trial) -> None:
    """All windows at once equals one by one."""
    windows, whole = trial.windows, trial.forecast()
    for w in range(len(windows)):
        which = np.array([w])
        one = windows.take(which)
        trial.same(one, whole.take(which), trial.ask(one), "among others and alone")


@check("quick")
def order(trial: Trial) -> None:
    """The order of the windows and of the series does not matter."""
    windows, whole = trial.windows, trial.forecast()
    count = len(windows)
    shuffled = np.random.default_rng(1).permutation(count) if count > 3 else np.arange(count)[::-1]
    other = data.reordered(windows, np.arange(len(windows.ids))[::-1]).take(shuffled)
    trial.same(other, whole.take(shuffled), trial.ask(other), "in another order")


@check("quick")
def other_series(trial: Trial) -> None:
    """Other series of the panel, less drivers, do not matter."""
    windows, whole = trial.windows, trial.forecast()
    mine = trial.targets
    if len(mine) < 2:
        raise Skipped("there is one series only")
    halves = [mine[::2], mine[1::2]]
    if trial.slow:  # each window once, with all others changed
        halves = [mine[mine != own] for own in np.unique(windows.series)]
    for changed in halves:
        values = data.pieces(windows)
        for s in changed:
            values[s] = values[s][::-1] * 0.7
        other = data.with_pieces(windows, values)
        kept = np.flatnonzero(~np.isin(windows.series, changed))
        found = trial.ask(other.take(kept)) if trial.slow else trial.ask(other).take(kept)
        trial.same(windows.take(kept), whole.take(kept), found, "with other series beside it")


@check("quick")
def repeatable(trial: Trial) -> None:
    """The same call gives the same answer, whatever the global generators did meanwhile."""
    few = trial.windows.take(trial.few)
    random.random()
    np.random.random()  # noqa: NPY002 - a model that reads the global generator is to be caught
    trial.same(few, trial.forecast().take(trial.few), trial.ask(few), "called again")


@check("quick")
def no_state(trial: Trial) -> None:
    """No state: a call on other data in between changes nothing, nor do equal models differ."""
    windows = trial.windows.take(trial.few)
    expected = trial.forecast().take(trial.few)
    fresh = trial.copy()
    other = windows.with_values(lambda values: values * np.linspace(0.7, 1.0, len(values)))
    answer = trial.ask(other)
    trial.same(windows, expected, trial.ask(windows), "before and after a call on other data")
    if not isinstance(trial.model, DrivenModel):  # which may name a driver by a series' own id
        unknown = data.renamed(other, np.unique(other.series))
        trial.same(other, answer, trial.ask(unknown), "under ids seen before and under new ones")
    trial.same(windows, expected, fresh.forecast(windows, HORIZON, LEVELS),
               "by the model and by a fresh equal one")  # fmt: skip
    if trial.before is not None:
        changed = f"forecasting changed the settings: {trial.before!r} is now {trial.model!r}"
        expect(repr(trial.model) == repr(trial.before), changed)


@check("quick")
def prefix(trial: Trial) -> None:
    """The first steps do not depend on how many are asked for."""
    windows, long = trial.windows, trial.forecast()
    for h in (1,) if trial.slow else (1, 3):
        short = trial.forecast(h) if h == 1 else trial.forecast(h, LEVELS)
        first = replace(long, mean=long.mean[:, :h], quantiles=long.quantiles[:, :h])
        trial.same(windows, first, short, f"{HORIZON} steps and {h}")


@check("quick")
def levels_apart(trial: Trial) -> None:
    """The point forecast and an interval do not depend on the other levels asked for."""
    windows, whole = trial.windows, trial.forecast()
    none = trial.forecast(HORIZON, ())
    empty = replace(whole, quantiles=whole.quantiles[..., :0], probs=())
    trial.same(windows, empty, none, "with and without levels")
    few = trial.windows.take(trial.few)
    alone = trial.model.forecast(few, HORIZON, (80.0,))
    among = replace(
        whole.take(trial.few),
        quantiles=np.stack(whole.interval(80.0), axis=-1)[trial.few],
        probs=alone.probs,
    )
    trial.same(few, among, alone, "80 percent among other levels and alone")


# --- what is left alone ---------------------------------------------------------------------------


@check("quick")
def inputs_unchanged(trial: Trial) -> None:
    """The data are left unchanged, and nothing tries to write into them."""
    for why in trial.any_answer.reason.values():
        tried = "read-only" in why or "WRITEABLE" in why
        expect(not tried, f"the model tries to write into the data: {why}")
    windows = trial.any_windows.with_values(lambda values: values)  # its own copy, writable
    if trial.slow:
        windows = windows.take(np.array([0]))
    arrays = {name: getattr(windows, name) for name in
              ("values", "indptr", "first", "bounds", "series", "start", "end")}  # fmt: skip
    before = {name: array.copy() for name, array in arrays.items()}
    trial.ask(windows)
    for name, array in arrays.items():
        same = np.array_equal(array, before[name], equal_nan=True)
        expect(same, f"windows.{name} is changed by a forecast")


@check("quick")
def side_effects(trial: Trial) -> None:
    """Nothing of the process is changed, nothing is printed, no warning gets out."""
    few = trial.any_windows.take(np.arange(min(len(trial.any_windows), 1 if trial.slow else 3)))
    with contained():
        trial.ask(few)  # the first call may import a library; what that does is put back
    with watching(trial.threads) as found:
        trial.ask(few)
        trial.model.required(few.season_length)
        str(trial.model.capabilities)
    expect(not found, "; ".join(found))


# --- bad data -------------------------------------------------------------------------------------


@check("quick")
def hard_data(trial: Trial) -> None:
    """Constant, zero, negative, huge, tiny, broken and missing data are forecast or declined with a
    reason.
    """
    extra, everything, answer = trial.hard
    begin = len(everything) - len(extra)
    names = [extra.ids[s] for s in extra.series]
    _sound(replace_rows(answer, begin), names)


@check("quick")
def neighbours(trial: Trial) -> None:
    """A bad series does not cost its neighbours."""
    extra, everything, answer = trial.hard
    own = np.arange(len(everything) - len(extra))
    trial.same(trial.windows, trial.forecast(), answer.take(own), "among bad series")


def replace_rows(answer: Forecast, begin: int) -> Forecast:
    """The record of the windows from `begin` on, reasons included."""
    part = answer.take(np.arange(begin, len(answer)))
    part.reason.update({w - begin: why for w, why in answer.reason.items() if w >= begin})
    return part


# --- elsewhere ------------------------------------------------------------------------------------


@check("full")
def long_horizon(trial: Trial) -> None:
    """Further steps leave the first ones as they are, and are finite."""
    few = trial.windows.take(trial.few)
    far = trial.model.forecast(few, 6 * HORIZON, LEVELS)
    expected = trial.forecast().take(trial.few)
    for k in np.flatnonzero(far.status != Status.OK).tolist():
        expect(far.reason.get(k), f"{6 * HORIZON} steps: a window is declined without a reason")
        expect(far.status[k] != Status.FAILED, f"{6 * HORIZON} steps: {far.reason.get(k)}")
    good = np.flatnonzero(far.status == Status.OK)
    short = replace(far, mean=far.mean[:, :HORIZON], quantiles=far.quantiles[:, :HORIZON])
    trial.same(few.take(good), expected.take(good), short.take(good),
               f"{HORIZON} steps and {6 * HORIZON}")  # fmt: skip


@check("full")
def calendars(trial: Trial) -> None:
    """Years as whole numbers and as timestamps give the same numbers."""
    panel = trial.panel or _ordinary_panel(trial)
    if panel.calendar.freq != "Y":
        raise Skipped("the data are not annual")
    frame = panel.to_frame(backend="pandas")
    names = dict(zip(("id_col", "time_col", "target_col"), panel.columns, strict=True))
    meta = {indicator.id: indicator for indicator in panel.indicators}
    years = np.repeat(panel.first, panel.lengths) + np.concatenate(
        [np.arange(n) for n in panel.lengths]
    )
    mine = [trial.windows.ids[s] for s in np.unique(trial.windows.series[trial.few])]
    answers = []
    for stamps in (years, np.array([f"{y}-12-31" for y in years], "datetime64[ns]")):
        told = Panel.from_frame(
            frame.assign(**{panel.columns[1]: stamps}), freq="Y", gaps="keep", meta=meta, **names
        )
        result = run(ahead(told, HORIZON, None, series=mine), {"model": trial.model}, LEVELS,
                     engine=SerialEngine())  # fmt: skip
        answers.append(result.forecasts["model"])
        windows = result.plan.windows
    trial.same(windows, answers[0], answers[1], "years and timestamps")


def _ordinary_panel(trial: Trial) -> Panel:
    """The panel behind the ordinary windows."""
    windows = trial.windows
    freq: Any = "Y" if windows.season_length == 1 else "Q"
    return Panel(windows.values, windows.indptr, windows.first, windows.indicators,
                 Calendar(freq, "integer"))  # fmt: skip


@check("full")
def threads(trial: Trial) -> None:
    """Several threads at once get the same numbers as one."""
    _take_turns(trial)
    which = trial.good if trial.slow else trial.few
    few, expected = trial.windows.take(which), trial.forecast().take(which)
    count = len(few)
    turns, times = [np.roll(np.arange(count), k) for k in range(4)], 2
    if trial.slow:  # then they meet for certain
        turns, times = [turn[:1] for turn in turns[:2]], 1
    start, pace = threading.Barrier(len(turns)), sys.getswitchinterval()

    def ask(turn: Any) -> list[Forecast]:
        start.wait()
        return [trial.ask(few.take(turn)) for _ in range(times)]

    sys.setswitchinterval(1e-5)  # so that threads do meet
    try:
        with ThreadPoolExecutor(len(turns)) as pool:
            answers = list(pool.map(ask, turns))
    finally:
        sys.setswitchinterval(pace)
    for turn, found in zip(turns, answers, strict=True):
        for answer in found:
            trial.same(few.take(turn), expected.take(turn), answer, "with threads beside it")


def _take_turns(trial: Trial) -> None:
    """Two windows in two threads, each a line ahead of the other in turn; the slow ones once."""
    windows, whole = trial.windows, trial.forecast()
    pair = two(windows, trial.good)
    if len(pair) < 2:
        return
    for order in (pair,) if trial.slow else (pair, pair[::-1]):
        asked = [windows.take(np.array([w])) for w in order]
        found = in_turns(trial.model, *(partial(trial.ask, one) for one in asked))
        for w, one, answer in zip(order, asked, found, strict=True):
            trial.same(one, whole.take(np.array([w])), answer, "with a thread beside it")


@check("full")
def spawned(trial: Trial) -> None:
    """A spawned process gives the same numbers."""
    home = sys.modules.get(type(trial.model).__module__)
    if home is None or (type(trial.model).__module__ == "__main__" and not _has_file(home)):
        raise Skipped("the model's class is in no module that another process could import")
    few = trial.windows.take(trial.few)
    try:
        task = pickle.dumps((trial.model, few))
    except Exception as error:  # whatever its settings raise
        raise Broken(f"it cannot be sent: {type(error).__name__}: {error}") from error
    there = _elsewhere(task)
    trial.same(few, trial.forecast().take(trial.few), there, "here and in another process")


def _has_file(module: object) -> bool:
    return bool(getattr(module, "__file__", None) or getattr(module, "__spec__", None))


# One process serves all models of a session: it costs a second to start, more with what it imports.
_process: list[ProcessPoolExecutor] = []


def _elsewhere(task: bytes) -> Forecast:
    """A forecast by another process. Raises Broken where that cannot be had."""
    kept = bool(_process)
    if not kept:
        _process.append(ProcessPoolExecutor(1, get_context("spawn")))
    try:
        return _process[0].submit(_forecast_of, task).result(SCARCE)
    except Exception as error:  # the other process says what is wrong with the model there
        _process.pop().shutdown(wait=False, cancel_futures=True)
        if kept:  # it may have been started before the model's module could be found
            return _elsewhere(task)
        died = isinstance(error, BrokenExecutor)
        why = "the process ended" if died else f"{type(error).__name__}: {error}"
        raise Broken(
            f"another process cannot forecast with it: {why}. A model's class belongs at the top "
            'level of a module that can be imported, and a script needs `if __name__ == "__main__"`'
        ) from error


def _forecast_of(task: bytes) -> Forecast:
    model, windows = pickle.loads(task)
    assert isinstance(model, Model)
    return model.forecast(windows, HORIZON, LEVELS)
