"""Faulty models, each with the check that must catch it, and the sound ones they are made from."""

import logging
import multiprocessing
import os
import sys
import warnings
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from typing import ClassVar

import numpy as np
import threadpoolctl

from westforecast.kernels.quantiles import normal_scores, probabilities
from westforecast.models import DrivenModel, Forecast, Model, OutOfDomain, SeriesModel, Status


@dataclass(frozen=True)
class Sound(SeriesModel):
    """The line through the first and the last value; the band is as wide as changes are large."""

    missing: ClassVar[bool] = True
    scale_equivariant: ClassVar[bool] = True
    min_train: ClassVar[int] = 2

    def forecast_one(self, y, horizon, probs, context):
        seen = np.flatnonzero(np.isfinite(y))
        first, last = seen[0], seen[-1]
        slope = (y[last] - y[first]) / (last - first)
        step = len(y) - 1 - last + np.arange(1, horizon + 1)
        mean = y[last] + slope * step
        width = np.abs(np.diff(y[seen])).mean() * np.sqrt(step)
        return mean, mean[:, None] + width[:, None] * normal_scores(probs)


@dataclass(frozen=True)
class SoundBatch(Sound):
    """The same for all windows at once."""

    def compute(self, windows, horizon, levels):
        rows = windows.rows()
        seen = np.isfinite(rows)
        width = rows.shape[1]
        first, last = np.argmax(seen, axis=1), width - 1 - np.argmax(seen[:, ::-1], axis=1)
        at = np.arange(len(rows))
        slope = (rows[at, last] - rows[at, first]) / (last - first)
        step = (width - 1 - last)[:, None] + np.arange(1, horizon + 1)
        mean = rows[at, last, None] + slope[:, None] * step
        spread = [np.abs(np.diff(row[row == row])).mean() for row in rows]
        return Forecast.normal(mean, np.array(spread)[:, None] * np.sqrt(step), levels)


@dataclass(frozen=True)
class SoundDriven(DrivenModel):
    """The last share of a driver, held."""

    driver: str = "gdp"

    scale_equivariant: ClassVar[bool] = True
    positive: ClassVar[bool] = True

    def compute(self, windows, horizon, levels):
        found = self.look(windows, horizon, levels, self.driver)
        width = found.seen.shape[1]
        share = windows.rows()[:, -1] / found.seen[:, -1]
        result = Forecast.empty(len(windows), horizon, levels)
        result.mean[:] = share[:, None] * found.path[:, width:]
        result.quantiles[:] = share[:, None, None] * found.quantiles
        return self.explain(result, found.refusals)


@dataclass(frozen=True)
class Mutant:
    """A faulty model. fault: in words. check: which must catch it."""

    model: Model
    fault: str
    check: str
    tier: str = "quick"


MUTANTS: list[Mutant] = []


def mutant(fault: str, check: str, tier: str = "quick") -> Callable[[type], type]:
    """Decorator: a class with its defaults goes into the catalogue."""

    def add(kind: type) -> type:
        # All are dataclasses unless that is the fault.
        made = kind if "__dataclass_fields__" in vars(kind) else dataclass(frozen=True)(kind)
        MUTANTS.append(Mutant(made(), fault, check, tier))
        return made

    return add


def shifted(base: type[Sound], by: Callable[..., float]) -> Callable[..., object]:
    """A `forecast_one` that adds `by(y, context)` to what the sound model says."""

    def forecast_one(self, y, horizon, probs, context):
        mean, quantiles = base.forecast_one(self, y, horizon, probs, context)
        more = by(y, context)
        return mean + more, quantiles + more

    return forecast_one


# --- the record -----------------------------------------------------------------------------------


@mutant("is not frozen", "settings")
class NotFrozen(SeriesModel):
    """A plain class: no record of settings at all."""

    forecast_one = Sound.forecast_one
    __dataclass_fields__: ClassVar[dict[str, object]] = {}  # keeps the decorator off


@mutant("settings that cannot be hashed", "settings")
@dataclass(frozen=True)
class Unhashable(Sound):
    """A list among its settings."""

    lags: list[int] = field(default_factory=lambda: [1, 2])


@mutant("has no docstring", "settings")
@dataclass(frozen=True)
class Undocumented(Sound):
    k: int = 1


@mutant("misspells what it says of itself", "settings")
class Misspells(Sound):
    """A word nobody reads."""

    scale_equivarient: ClassVar[bool] = True


@mutant("settings that cannot be pickled", "pickles")
class Unpicklable(Sound):
    """A function made on the spot among its settings."""

    rule: Callable[[float], float] = lambda x: x


@mutant("is equal to no copy of itself", "pickles")
@dataclass(frozen=True, eq=False)
class NeverEqual(Sound):
    """Equal by identity."""

    __eq__ = object.__eq__
    __hash__ = object.__hash__


# --- what comes out -------------------------------------------------------------------------------


@mutant("gives another shape than asked for", "ordinary")
class WrongShape(Sound):
    """One step too many."""

    def forecast_one(self, y, horizon, probs, context):
        return super().forecast_one(y, horizon + 1, probs, context)


@mutant("gives infinite numbers", "ordinary")
class Infinite(Sound):
    """Divides by zero."""

    forecast_one = shifted(Sound, lambda y, context: np.inf)


@mutant("gives NaN and says ok", "ordinary")
class NotANumber(Sound):
    """The mean of what it did not look at."""

    forecast_one = shifted(Sound, lambda y, context: np.nan)


@mutant("declines without a reason", "ordinary")
class NoReason(SoundBatch):
    """Odd lengths only."""

    def compute(self, windows, horizon, levels):
        result = super().compute(windows, horizon, levels)
        result.status[windows.lengths % 2 == 0] = Status.OUT_OF_DOMAIN
        return result


@mutant("calls sys.exit", "ordinary")
class Exits(Sound):
    """Gives up."""

    def forecast_one(self, y, horizon, probs, context):
        sys.exit("enough")


@mutant("raises before it is asked for a forecast", "ordinary")
class RequiresTrouble(Sound):
    """Cannot say what it needs."""

    def required(self, season_length):
        raise LookupError("no such season")


@mutant("never forecasts anything", "ordinary")
class NeverWorks(Sound):
    """Declines all."""

    def forecast_one(self, y, horizon, probs, context):
        raise OutOfDomain("not today")


# --- what it looks at -----------------------------------------------------------------------------


@mutant("reads the value after the cutoff", "no_look_ahead")
class PeeksAhead(Sound):
    """Reads past the end of its window."""

    forecast_one = shifted(
        Sound, lambda y, c: c.windows.values[int(c.windows.end[c.window]) : :][:1].sum()
    )


@mutant("sees how many values follow the cutoff", "no_look_ahead")
class PeeksAtTheEnd(Sound):
    """Counts what it may not read."""

    forecast_one = shifted(
        Sound,
        lambda y, c: float(
            c.windows.indptr[c.windows.series[c.window] + 1] - c.windows.end[c.window]
        ),
    )


@mutant("reads what lies before its window", "no_look_behind")
class LooksBehind(Sound):
    """Starts from the first value there ever was."""

    forecast_one = shifted(
        Sound, lambda y, c: c.windows.values[c.windows.indptr[c.windows.series[c.window]]]
    )


@mutant("reads other series of the panel", "other_series")
class ReadsOthers(Sound):
    """Adds the first value of the panel's third series."""

    forecast_one = shifted(Sound, lambda y, c: c.windows.values[c.windows.indptr[2]])


@mutant("follows a driver it does not declare", "driver")
class HiddenDriver(Sound):
    """Adds the growth of `gdp`."""

    def forecast_one(self, y, horizon, probs, context):
        mean, quantiles = super().forecast_one(y, horizon, probs, context)
        beside = context.companion("gdp")
        growth = 1.0 if beside is None else beside[-1] / beside[-2]
        return mean * growth, quantiles * growth


@mutant("reads its driver's future and says ex ante", "driver_future")
class DriverAhead(SoundDriven):
    """Takes the driver's outcomes."""

    def compute(self, windows, horizon, levels):
        actual = replace(self, driver_mode="actual")
        return SoundDriven.compute(actual, windows, horizon, levels)

    remark = ""


@mutant("does without the driver it declares", "driver")
class DriverIgnored(SoundDriven):
    """Follows itself where the driver is gone."""

    def compute(self, windows, horizon, levels):
        return SoundBatch().compute(windows, horizon, levels)


# --- what must not matter -------------------------------------------------------------------------


@mutant("mixes the windows of a batch", "one_by_one")
class Mixes(Model):
    """Forecasts every window as the mean of all windows."""

    def compute(self, windows, horizon, levels):
        mean = np.full((len(windows), horizon), np.nanmean(windows.rows()))
        return Forecast.normal(mean, mean * 0 + 1, levels)


@mutant("leaks state between series", "one_by_one")
class Leaks(Sound):
    """Starts from where the series before it ended."""

    before: ClassVar[list[float]] = [0.0]

    def forecast_one(self, y, horizon, probs, context):
        mean, quantiles = super().forecast_one(y, horizon, probs, context)
        more = self.before[0] * 1e-3
        self.before[0] = float(np.nanmax(y))
        return mean + more, quantiles + more


@mutant("depends on the order of the windows", "order")
class DependsOnOrder(Sound):
    """Adds a window's place."""

    forecast_one = shifted(Sound, lambda y, c: float(c.window))


@mutant("unseeded noise", "repeatable")
class Unseeded(Sound):
    """A fresh generator a call."""

    forecast_one = shifted(Sound, lambda y, c: np.random.default_rng().normal())


@mutant("noise from the global generator", "repeatable")
class GlobalNoise(Sound):
    """Whatever others left in the generator."""

    forecast_one = shifted(Sound, lambda y, c: np.random.normal())


@mutant("remembers earlier calls by the series' id", "no_state")
class Remembers(Sound):
    """Keeps what it found of a series, though its values may have changed."""

    known: ClassVar[dict[tuple[str, int], float]] = {}

    def forecast_one(self, y, horizon, probs, context):
        key = (context.unique_id, len(y))
        more = self.known.setdefault(key, float(np.nanmean(y)))
        mean, quantiles = super().forecast_one(y, horizon, probs, context)
        return mean + more, quantiles + more


@mutant("counts its calls", "no_state")
class Counts(Sound):
    """Adds how often it was called."""

    calls: ClassVar[list[int]] = [0]

    def forecast_one(self, y, horizon, probs, context):
        self.calls[0] += 1
        mean, quantiles = super().forecast_one(y, horizon, probs, context)
        return mean * (1 + self.calls[0]), quantiles * (1 + self.calls[0])


@mutant("writes into its own settings", "no_state")
class WritesSettings(Sound):
    """Stores what it estimated."""

    slope: float = 0.0

    def forecast_one(self, y, horizon, probs, context):
        object.__setattr__(self, "slope", float(y[-1] - y[0]))
        return super().forecast_one(y, horizon, probs, context)


@mutant("depends on the horizon", "prefix")
class HorizonBound(Sound):
    """Spreads the change over all steps."""

    def forecast_one(self, y, horizon, probs, context):
        mean, quantiles = super().forecast_one(y, horizon, probs, context)
        return mean * horizon, quantiles * horizon


@mutant("cannot go far ahead", "long_horizon", "full")
class ShortSighted(Sound):
    """Has a table of twelve steps."""

    def forecast_one(self, y, horizon, probs, context):
        mean, quantiles = super().forecast_one(y, horizon, probs, context)
        table = np.ones(12)
        return mean * [table[h] for h in range(horizon)], quantiles


@mutant("an interval depends on the other levels", "levels_apart")
class LevelsMatter(Sound):
    """Widens with the number of levels."""

    def forecast_one(self, y, horizon, probs, context):
        mean, quantiles = super().forecast_one(y, horizon, probs, context)
        return mean, mean[:, None] + (quantiles - mean[:, None]) * len(probs)


# --- what is left alone ---------------------------------------------------------------------------


@mutant("writes into its data", "inputs_unchanged")
class Mutates(Sound):
    """Works in place."""

    def forecast_one(self, y, horizon, probs, context):
        y += 1
        return super().forecast_one(y, horizon, probs, context)


@mutant("makes its data writable and writes", "inputs_unchanged")
class Forces(Sound):
    """Works in place, come what may."""

    def forecast_one(self, y, horizon, probs, context):
        values = context.windows.values
        if values.flags.writeable:
            values[context.windows.start[context.window]] *= 1.5
        return super().forecast_one(y, horizon, probs, context)


def aside(doing: Callable[[], object]) -> Callable[..., object]:
    """A `forecast_one` that does something to the process first."""

    def forecast_one(self, y, horizon, probs, context):
        doing()
        return Sound.forecast_one(self, y, horizon, probs, context)

    return forecast_one


@mutant("changes warning filters", "side_effects")
class Filters(Sound):
    """Wants silence for good."""

    forecast_one = aside(lambda: warnings.filterwarnings("ignore", message="some"))


@mutant("lets a warning out", "side_effects")
class Warns(Sound):
    """Did not converge."""

    forecast_one = aside(lambda: warnings.warn("did not converge", stacklevel=1))


@mutant("prints", "side_effects")
class Prints(Sound):
    """Talks."""

    forecast_one = aside(lambda: print("fitting ..."))


@mutant("seeds the global generator", "side_effects")
class Seeds(Sound):
    """Repeatable at the cost of all others."""

    forecast_one = aside(lambda: np.random.seed(1))


@mutant("changes numpy's error state", "side_effects")
class ErrorState(Sound):
    """Ignores division by zero, for everybody."""

    def required(self, season_length):
        np.seterr(all="ignore")
        return 2


@mutant("changes the environment", "side_effects")
class Environment(Sound):
    """Sets the number of threads, it thinks."""

    forecast_one = aside(lambda: os.environ.update(SOME_LIBRARY_THREADS="1"))


@mutant("changes the working directory", "side_effects")
class Moves(Sound):
    """Goes to where its files are."""

    forecast_one = aside(lambda: os.chdir(os.path.dirname(os.getcwd()) or "/"))


@mutant("sets the level of the root logger", "side_effects")
class Logs(Sound):
    """Debugs."""

    forecast_one = aside(lambda: logging.getLogger().setLevel(logging.getLogger().level + 1))


@mutant("is not safe among threads", "threads", "full")
class Scratch(Sound):
    """Keeps its work on a slate that all calls share."""

    slate: ClassVar[list[float]] = [0.0]

    def forecast_one(self, y, horizon, probs, context):
        self.slate[0] = float(np.nanmean(y))
        mean, quantiles = super().forecast_one(y, horizon, probs, context)
        return mean + self.slate[0], quantiles + self.slate[0]


@mutant("is not safe among threads, and slow", "threads", "full")
class SlowScratch(Sound):
    """Looks long at what it wrote for itself alone, it thinks."""

    work: ClassVar[dict[str, float]] = {}

    def forecast_one(self, y, horizon, probs, context):
        self.work["mean"] = float(np.nanmean(y))
        total = 0.0
        for _ in range(20000):
            total += 1.0
        mean, quantiles = super().forecast_one(y, horizon, probs, context)
        return mean + self.work["mean"], quantiles + self.work["mean"]


_BUFFER = np.zeros(10_000)


def _written(rows):
    _BUFFER[: len(rows)] = np.nanmean(rows, axis=1)


def _read(count):
    return _BUFFER[:count].copy()


@mutant("its batches share a buffer", "threads", "full")
class SharedBuffer(SoundBatch):
    """Saves itself an allocation."""

    def compute(self, windows, horizon, levels):
        _written(windows.rows())
        result = super().compute(windows, horizon, levels)
        more = _read(len(windows))
        return replace(
            result,
            mean=result.mean + more[:, None],
            quantiles=result.quantiles + more[:, None, None],
        )

    forecast_one = shifted(SoundBatch, lambda y, context: float(np.nanmean(y)))


@mutant("answers otherwise in another process", "spawned", "full")
class OnlyHere(Sound):
    """Falls back where it is a worker."""

    def forecast_one(self, y, horizon, probs, context):
        mean, quantiles = super().forecast_one(y, horizon, probs, context)
        factor = 1 if multiprocessing.parent_process() is None else 2
        return factor * mean, factor * quantiles


def _other_number():
    """A number of threads that no library has."""
    return 1 + max(pool["num_threads"] for pool in threadpoolctl.threadpool_info())


@mutant("sets the number of BLAS threads", "side_effects")
class Threads(Sound):
    """Wants the machine for itself."""

    forecast_one = aside(lambda: threadpoolctl.threadpool_limits(_other_number()))


# --- bad data -------------------------------------------------------------------------------------


@mutant("fails on a constant series", "hard_data")
class FailsOnConstant(Sound):
    """Standardizes."""

    def forecast_one(self, y, horizon, probs, context):
        if np.nanstd(y) == 0:
            raise ZeroDivisionError("no variance")
        return super().forecast_one(y, horizon, probs, context)


@mutant("a huge neighbour costs it its digits", "neighbours")
class SharesDigits(SoundBatch):
    """Rounds to a millionth of the largest value of the batch."""

    def compute(self, windows, horizon, levels):
        result = super().compute(windows, horizon, levels)
        unit = 1e-11 * np.nanmax(np.abs(windows.rows()), initial=0.0)
        mean = np.round(result.mean / unit) * unit if unit > 1e-6 else result.mean
        return replace(result, mean=mean)


@mutant("fails on values below zero", "positive")
class FailsBelowZero(Sound):
    """Takes logarithms and does not declare it."""

    def forecast_one(self, y, horizon, probs, context):
        if np.nanmin(y) <= 0:
            raise ValueError("math domain error")
        return super().forecast_one(y, horizon, probs, context)


# --- what it declares -----------------------------------------------------------------------------


@mutant("declares a word that is none", "capabilities")
class UnknownWord(Sound):
    """Says it is fast."""

    capabilities = frozenset({"intervals", "missing", "scale_equivariant", "fast"})


@mutant("says it takes gaps, and its class does not", "capabilities")
class TwoWords(Sound):
    """Two sources of truth."""

    missing: ClassVar[bool] = False
    capabilities = frozenset({"intervals", "missing", "scale_equivariant"})


@mutant("raises when asked what it can do", "capabilities")
class CannotSay(Sound):
    """Breaks where nothing should."""

    @property
    def capabilities(self):
        raise RuntimeError("not initialized")


@mutant("quantiles cross", "intervals")
class Crosses(Sound):
    """Upside down."""

    def forecast_one(self, y, horizon, probs, context):
        mean, quantiles = super().forecast_one(y, horizon, probs, context)
        return mean, quantiles[:, ::-1]


@mutant("intervals are not nested", "intervals")
class NotNested(Sound):
    """The widest is the narrowest."""

    def forecast_one(self, y, horizon, probs, context):
        mean, quantiles = super().forecast_one(y, horizon, probs, context)
        if len(probs):
            quantiles[:, [0, -1]] = mean[:, None]
        return mean, quantiles


@mutant("declares intervals and gives none", "intervals")
class NoIntervals(Sound):
    """Promises."""

    def forecast_one(self, y, horizon, probs, context):
        mean, quantiles = super().forecast_one(y, horizon, probs, context)
        return mean, quantiles * np.nan


@mutant("gives intervals it does not declare", "intervals")
class SecretIntervals(Sound):
    """Says less than it does."""

    intervals: ClassVar[bool] = False


@mutant("the interval does not hold the point forecast", "point_inside")
class Beside(Sound):
    """Biased by ten bands."""

    def forecast_one(self, y, horizon, probs, context):
        mean, quantiles = super().forecast_one(y, horizon, probs, context)
        return mean, quantiles + 10 * np.abs(np.diff(y[np.isfinite(y)])).mean() * np.sqrt(horizon)


@mutant("declares gaps and cannot take them", "missing")
class CannotTakeGaps(Sound):
    """Sums what is missing."""

    forecast_one = shifted(Sound, lambda y, context: 0.0 * y.sum())


@mutant("declares gaps and declines them", "missing")
class DeclinesGaps(Sound):
    """Takes them in theory."""

    def forecast_one(self, y, horizon, probs, context):
        if np.isnan(y).any():
            raise OutOfDomain("gaps")
        return super().forecast_one(y, horizon, probs, context)


@mutant("drops missing values, so that time shrinks", "gaps_kept")
class ClosesGaps(Sound):
    """y = y[~isnan(y)]."""

    def forecast_one(self, y, horizon, probs, context):
        return super().forecast_one(y[np.isfinite(y)], horizon, probs, context)


@mutant("needs more values than it says", "min_train")
class NeedsMore(Sound):
    """Says two and takes five."""

    def forecast_one(self, y, horizon, probs, context):
        if np.isfinite(y).sum() < 5:
            raise IndexError("index 4 is out of bounds")
        return super().forecast_one(y, horizon, probs, context)


@mutant("scale equivariance falsely declared", "scale_equivariant")
class NotScaled(Sound):
    """Adds one."""

    forecast_one = shifted(Sound, lambda y, context: 1.0)


@mutant("intervals that are not scale equivariant", "scale_equivariant")
class BandNotScaled(Sound):
    """A band of one."""

    def forecast_one(self, y, horizon, probs, context):
        mean, _ = super().forecast_one(y, horizon, probs, context)
        return mean, mean[:, None] + normal_scores(probs) * np.ones((horizon, 1))


@mutant("the batch differs from the loop", "batch")
class BatchDiffers(SoundBatch):
    """The fast path takes the last change for the slope."""

    def compute(self, windows, horizon, levels):
        result = super().compute(windows, horizon, levels)
        ends = np.array([windows.y(w)[-1] for w in range(len(windows))])
        return replace(result, mean=result.mean + 1e-3 * np.nan_to_num(ends)[:, None])


@mutant("the batch is wrong for short windows among long ones", "batch")
class PadsWrong(SoundBatch):
    """Takes the width of the block for the length of each window's own band."""

    def compute(self, windows, horizon, levels):
        result = super().compute(windows, horizon, levels)
        assert result.probs == probabilities(levels)
        slack = (windows.lengths < 9)[:, None, None] * np.abs(result.mean)[..., None] * 1e-3
        return replace(result, quantiles=result.quantiles + slack)
