"""Drivers: other series of the panel that a model follows, seen and carried on beside each window.

`DrivenModel` has the settings that say where a driver's future comes from, and `look`, which reads
it for all windows at once. Windows that see the same of the same driver share one forecast of it.
"""

from collections.abc import Mapping, Sequence
from dataclasses import KW_ONLY, dataclass, field, replace
from math import isfinite
from string import Formatter
from typing import Any, Literal, get_args

import numpy as np

from westforecast.errors import UsageError, nearest
from westforecast.kernels.quantiles import probabilities
from westforecast.models.base import Capability, Model
from westforecast.models.baselines import DampedLogGrowth
from westforecast.models.forecast import Forecast
from westforecast.models.status import OutOfDomain, Refusal, Status
from westforecast.models.windows import Windows
from westforecast.series.indicator import FIELDS
from westforecast.typing import FloatArray, IntArray

DriverMode = Literal["forecast", "frozen", "actual"]
DriverRole = Literal["past", "known"]
Path = Mapping[int, float]

SCALE: Capability = "scale_equivariant"
EX_POST = "ex post: reads what the driver came to be"
TAKEN_AS_KNOWN = "takes as known what the panel holds of the driver, also what came later"


class NoDriver(Refusal):
    """The series that a model follows is not there, or has no future."""

    status = Status.NO_DRIVER


@dataclass(frozen=True, slots=True, eq=False)
class Driver:
    """A driver of W windows over their T periods and H steps.

    seen: [W, T] what was known of it over each window's own periods, NaN where nothing was; windows
        end in the last column.
    path: [W, T + H] the same, then what is expected after its last known value.
    quantiles: [W, H, Q] the path of the steps at each quantile of the driver's own forecast; known,
        frozen and assumed values have no other. NaN where the driver model gives no interval.
    refusals: window -> why it has no driver.
    """

    seen: FloatArray
    path: FloatArray
    quantiles: FloatArray
    refusals: dict[int, Refusal]

    def log(self) -> "Driver":
        """The driver in logarithms."""
        return replace(
            self,
            seen=np.log(self.seen),
            path=np.log(self.path),
            quantiles=np.log(self.quantiles),
        )


@dataclass(frozen=True)
class DrivenModel(Model):
    """A model that follows drivers. Subclasses say which (`drivers`), and call `look` in `compute`.

    A driver is named by its `unique_id`, or by a template that makes one of the fields of a
    window's own indicator: "gdp.{region}".

    driver_mode: where the driver's future comes from.
        "forecast" (ex ante): driver_model forecasts it from its own whole known history.
        "frozen" (ex ante): its last known level, held; no uncertainty of its own.
        "actual" (ex post): what came, as far as the panel has it, then as "forecast". Relations are
            still estimated on what was known, so that only the driver's future differs.
    driver_model: a Model; None is `DampedLogGrowth()`. By name (`westforecast.model`, studies) a
        name or a table of settings will do: {"model": "DampedLogGrowth", "damping": 0.9}.
    driver_path: period -> level, an assumption (ex ante) that takes the forecast's place. It must
        name every period after the last known one; known values win over it. With several drivers:
        driver -> such a path, for some or all of them.
    driver_role: "past" (known to the cutoff, or as published) or "known": all the panel holds of it
        counts as known when the forecast is made, as population projections and plans do. Of an
        observed series that is what came: `remark` and the reason of each window say so.

    Status NO_DRIVER where the panel has no such series, nothing of it is known, or it has no
    future.
    """

    _: KW_ONLY
    driver_mode: DriverMode = "forecast"
    driver_model: Model | None = None
    # A dict has no hash; two models with different paths may share theirs, and still differ.
    driver_path: Mapping[Any, Any] | None = field(default=None, hash=False)
    driver_role: DriverRole = "past"

    def __post_init__(self) -> None:
        for name in self.drivers:
            check_template(name)
        for what, value, known in (
            ("driver_mode", self.driver_mode, get_args(DriverMode)),
            ("driver_role", self.driver_role, get_args(DriverRole)),
        ):
            if value not in known:
                raise UsageError(f"{what}={value!r} found. {nearest(str(value), known)}")
        if self.driver_model is not None and not isinstance(self.driver_model, Model):
            raise UsageError(
                f"driver_model={self.driver_model!r} found, a Model or None expected; a name "
                "becomes a Model with westforecast.model(name)."
            )
        if self.driver_path is not None:
            object.__setattr__(self, "driver_path", self._checked_path(self.driver_path))

    @property
    def drivers(self) -> tuple[str, ...]:
        """The drivers as settings name them: ids or templates; by default the field `driver`."""
        return (getattr(self, "driver"),)  # noqa: B009 - a field of most subclasses, not of this

    @property
    def ex_ante(self) -> bool:
        model = self.driver_model  # which may follow a driver, too
        return self.driver_mode != "actual" and (model is None or model.ex_ante)

    @property
    def capabilities(self) -> frozenset[Capability]:
        able = super().capabilities
        if self.drivers:
            able |= {"driver"}
        own = self.driver_model  # None is one that keeps scales
        # Ten times everything is ten times every driver, but not ten times an assumed path.
        steady = self.driver_path is None and (own is None or SCALE in own.capabilities)
        return able if steady else able - {SCALE}

    @property
    def remark(self) -> str:
        """What it reads that may have come after the cutoff; empty where there is nothing."""
        if not self.ex_ante:
            return EX_POST
        if self.driver_role == "known":
            return TAKEN_AS_KNOWN
        model = self.driver_model
        return model.remark if isinstance(model, DrivenModel) else ""

    def ex_post(self) -> "DrivenModel":
        """The same model with the drivers' outcomes: what is left of its error is its own."""
        return replace(self, driver_mode="actual", driver_path=None)

    def look(
        self, windows: Windows, horizon: int, levels: Sequence[float], driver: str,
        positive: bool = True,
    ) -> Driver:  # fmt: skip
        """One driver beside each window.

        positive: decline (OUT_OF_DOMAIN) windows where it is not above zero, past or expected; a
        lower quantile at or below zero (a normal law that crosses it) is then replaced by the
        mirror image of the upper one on the log scale.
        """
        width = int(windows.lengths.max())
        path = np.full((len(windows), width + horizon), np.nan)
        seen = path[:, :width].copy()
        laws = np.full((len(windows), horizon, len(probabilities(levels))), np.nan)
        partners = windows.partners(driver)
        refusals = _absent(windows, partners, driver)
        has = np.flatnonzero(partners >= 0)
        own, whole = windows.take(has), _whole(windows.take(has), partners[has])
        known = whole if self.driver_role == "known" else own.beside(partners[has])
        read = (whole if self.driver_mode == "actual" else known).to_last_observed()
        seen[has] = _rows(known, own, width, 0)
        path[has] = _rows(read, own, width, horizon)
        steps = own.cutoff + horizon - read.cutoff  # wanted after the driver's own last value
        forecast = np.zeros((len(windows), horizon), bool)
        for count in np.unique(steps).tolist():
            group = np.flatnonzero((steps == count) & (read.lengths > 0))
            if count < 1 or not len(group):
                continue
            ahead, law, declined = self._future(read.take(group), count, levels, driver)
            path[has[group], -count:] = ahead[:, -path.shape[1] :]
            if law is not None:
                forecast[has[group], -count:] = True
                laws[has[group], -count:] = law[:, -horizon:]
            refusals |= {int(has[group[k]]): refusal for k, refusal in declined.items()}
        begin = width - windows.lengths  # what a rectangle holds before a window's start is not its
        path[np.arange(width + horizon) < begin[:, None]] = np.nan
        laws = np.where(forecast[..., None], laws, path[:, width:, None])
        now = own.cutoff if own.as_of is None else own.as_of
        for k in np.flatnonzero(read.lengths == 0).tolist():
            when = f"in period {now[k]}" if own.season_length == 1 else "when the forecast is made"
            told = f"nothing of driver {windows.ids[partners[has[k]]]!r} is known {when}"
            refusals[int(has[k])] = NoDriver(told)
        if self.driver_mode == "actual" or self.driver_role == "known":
            itself = NoDriver("the series is its own driver: what came would be its forecast")
            refusals |= dict.fromkeys(np.flatnonzero(partners == windows.series).tolist(), itself)
        if positive:
            refusals |= _nonpositive(path, windows, partners)
            laws = _above_zero(laws, path[:, width:])
        what = "driver" if self._path(driver) is None else "driver_path of"
        refusals |= _unknown(path, windows, driver, what, refusals)
        return Driver(seen, path, laws, refusals)

    def explain(self, result: Forecast, *refusals: Mapping[int, Refusal]) -> Forecast:
        """Decline windows, each for the first reason given; of the others say the `remark`, if any.

        result: what `compute` is to return. refusals: window -> why, the weightiest first.
        """
        if self.remark:
            result.reason.update(dict.fromkeys(range(len(result)), self.remark))
        for declined in reversed(refusals):
            for window, refusal in declined.items():
                result.fail(window, refusal)
        return result

    def _future(
        self, read: Windows, steps: int, levels: Sequence[float], driver: str
    ) -> tuple[FloatArray, FloatArray | None, dict[int, Refusal]]:
        """What follows driver histories [P]: levels [P, steps], quantiles [P, steps, Q] where they
        are forecast, and the windows that have no future."""
        assumed = self._path(driver)
        if assumed is not None:
            year = read.cutoff[:, None] + np.arange(1, steps + 1)
            named = np.arange(year.min(), year.max() + 1)
            level = np.array([assumed.get(period, np.nan) for period in named.tolist()])
            return level[year - named[0]], None, {}
        if self.driver_mode == "frozen":
            return np.repeat(read.values[read.end - 1][:, None], steps, axis=1), None, {}
        model = self.driver_model or DampedLogGrowth()
        as_of = np.zeros_like(read.end) if read.as_of is None else read.as_of
        same = np.stack([read.series, read.end, as_of], axis=1)
        _, example, which = np.unique(same, axis=0, return_index=True, return_inverse=True)
        answer = model.forecast(read.take(example), steps, levels)
        which = which.reshape(-1)
        declined: dict[int, Refusal] = {}
        for k in np.flatnonzero(answer.status[which] != Status.OK).tolist():
            status = Status(answer.status[which[k]]).label
            told = f"{status}: {answer.reason.get(int(which[k]), '')}"
            name = read.ids[read.series[k]]
            declined[k] = NoDriver(f"driver {name!r} has no forecast by {model.name}: {told}")
        return answer.mean[which], answer.quantiles[which], declined

    def _path(self, driver: str) -> Path | None:
        path: Mapping[Any, Any] = self.driver_path or {}
        nested = any(isinstance(value, Mapping) for value in path.values())
        return path.get(driver) if nested else path or None

    def _checked_path(self, given: Any) -> Mapping[Any, Any]:
        """The path, or the path of each driver, as dicts of periods in order."""
        if not isinstance(given, Mapping) or not given:
            raise UsageError(f"driver_path={given!r} found, a mapping from period to level needed.")
        if self.driver_mode != "forecast":
            raise UsageError(
                f"driver_path and driver_mode={self.driver_mode!r} are both given; a path takes "
                "the forecast's place."
            )
        if not any(isinstance(value, Mapping) for value in given.values()):
            if len(self.drivers) > 1:
                names = ", ".join(map(repr, self.drivers))
                raise UsageError(f"driver_path: say whose, one path for each of {names}.")
            if self.driver_model is not None:
                raise UsageError("driver_model and driver_path are both given; one is enough.")
            return self._checked_levels(given)
        for name in given:
            if name not in self.drivers:
                raise UsageError(f"driver_path: no driver {name!r}. {nearest(name, self.drivers)}")
        return {name: self._checked_levels(path) for name, path in given.items()}

    def _checked_levels(self, path: Any) -> dict[int, float]:
        if not isinstance(path, Mapping) or not path:
            raise UsageError(f"driver_path={path!r} found, a mapping from period to level needed.")
        checked = {}
        for period, level in path.items():
            whole = isinstance(period, int | np.integer) and not isinstance(period, bool)
            if not whole and not (isinstance(period, str) and period.isdigit()):  # keys of TOML
                raise UsageError(f"driver_path: period {period!r} found, a whole number expected.")
            number = isinstance(level, int | float | np.number) and not isinstance(level, bool)
            if not number or not isfinite(level) or (self.positive and level <= 0):
                wanted = "a number above 0" if self.positive else "a number"
                raise UsageError(
                    f"driver_path: level {level!r} in period {period} found, {wanted} expected."
                )
            checked[int(period)] = float(level)
        return dict(sorted(checked.items()))


def check_template(template: str) -> None:
    """Raises UsageError unless it is a `unique_id`, or one with fields of an indicator in braces.

    >>> check_template("gdp.{region}")
    """
    if not isinstance(template, str) or not template:
        raise UsageError(f"driver={template!r} found, the unique_id of a series expected.")
    if "{" not in template:
        return
    try:
        named = [name for _, name, _, _ in Formatter().parse(template) if name is not None]
    except ValueError as error:  # a brace alone
        raise UsageError(f"{template!r} found: {error}. A field stands in braces.") from None
    for name in named:
        if name not in FIELDS:
            raise UsageError(
                f"{template!r} found; no indicator has a field {name!r}. {nearest(name, FIELDS)}"
            )


def called(windows: Windows, window: int, template: str) -> str:
    """The series that a driver's template means beside one window."""
    if "{" not in template:
        return template
    own = windows.indicators[windows.series[window]]
    return template.format(**{field: getattr(own, field) for field in FIELDS})


def moment(windows: Windows, window: int, ahead: int, series: int) -> str:
    """The period so many steps after a window's end, in words; `series`: whose value it is.

    Windows know no calendar: where a period is no year its number says nothing to a reader.
    """
    own = windows.series[window]
    period = windows.first[own] + windows.end[window] - 1 - windows.indptr[own] + ahead
    if windows.season_length == 1:
        return f"in period {period}"
    if ahead > 0:
        return f"at step {ahead} ahead"
    return f"at its value number {period - windows.first[series] + 1}"


def _absent(windows: Windows, partners: IntArray, driver: str) -> dict[int, Refusal]:
    refusals: dict[int, Refusal] = {}
    told: dict[int, Refusal] = {}  # by series
    for w in np.flatnonzero(partners < 0).tolist():
        own = int(windows.series[w])
        if own not in told:
            name = called(windows, w, driver)
            hint = f". {nearest(driver, windows.ids)}" if name == driver else f", by {driver!r}."
            told[own] = NoDriver(f"no driver {name!r} in the panel{hint}")
        refusals[w] = told[own]
    return refusals


def _whole(windows: Windows, partners: IntArray) -> Windows:
    """All that the panel holds of other series, also what came later."""
    begin, stop = windows.indptr[partners], windows.indptr[partners + 1]
    return replace(windows, series=partners, start=begin, end=stop)


def _rows(other: Windows, own: Windows, width: int, horizon: int) -> FloatArray:
    """Values of other windows in the periods of own ones, and so many after: [W, width + horizon].

    NaN before an own window's start and outside the other.
    """
    column = np.arange(width + horizon)
    at = (other.end + own.cutoff - other.cutoff - width)[:, None] + column
    inside = (at >= other.start[:, None]) & (at < other.end[:, None])
    inside &= column >= (width - own.lengths)[:, None]
    found = np.full(at.shape, np.nan)
    found[inside] = other.values[at[inside]]
    return found


def _nonpositive(path: FloatArray, windows: Windows, partners: IntArray) -> dict[int, Refusal]:
    """Windows whose driver is not above zero somewhere."""
    width = int(windows.lengths.max())
    refusals: dict[int, Refusal] = {}
    for w in np.flatnonzero((path <= 0).any(axis=1)).tolist():
        past = (path[w, :width] <= 0).any()
        row = path[w, :width] if past else path[w]
        at = int(np.nanargmin(row))
        how = "smallest value of" if past else "smallest expected value of"
        advice = "" if past else " (take a driver_model on the log scale)"
        when = moment(windows, w, at - width + 1, partners[w])
        refusals[w] = OutOfDomain(
            f"{how} driver {windows.ids[partners[w]]!r} is {row[at]:g}, {when}; values above 0 "
            f"needed{advice}"
        )
    return refusals


def _unknown(
    path: FloatArray, windows: Windows, driver: str, what: str, told: Mapping[int, Refusal]
) -> dict[int, Refusal]:
    """Windows whose driver has no level at some step, less those that were told why already."""
    width = int(windows.lengths.max())
    absent = np.isnan(path[:, width:])
    first = 1 + np.argmax(absent, axis=1)
    refusals: dict[int, Refusal] = {}
    for w in [w for w in np.flatnonzero(absent.any(axis=1)).tolist() if w not in told]:
        when = moment(windows, w, int(first[w]), int(windows.series[w]))
        refusals[w] = NoDriver(f"{what} {called(windows, w, driver)!r} has no level {when}")
    return refusals


def _above_zero(quantiles: FloatArray, center: FloatArray) -> FloatArray:
    """Quantiles [W, H, Q] with those at or below zero mirrored, on the log scale, from above."""
    if not (quantiles <= 0).any():
        return quantiles
    middle = center[..., None]
    mirrored = middle * (middle / np.fmax(quantiles[..., ::-1], middle))
    return np.maximum.accumulate(np.where(quantiles <= 0, mirrored, quantiles), axis=-1)
