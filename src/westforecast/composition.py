"""Shares of a whole that stay between 0 and 1 and add up, and regions as shares of a nation."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from westforecast.api import ModelLike, forecast
from westforecast.backtest import Result
from westforecast.domain.identity import Sum, check_units, table
from westforecast.domain.shares import (
    composition,
    independent_parts,
    largest_block,
    log_ratios,
    read_law,
    replace_zeros,
    shrunk_correlation,
)
from westforecast.errors import DataError, Problem, UsageError
from westforecast.kernels.quantiles import LAW, at_scores, check_levels, probabilities
from westforecast.kernels.sampling import check_paths, score_walks, stream
from westforecast.models import Status
from westforecast.series import Indicator, Panel
from westforecast.series import frame as frames
from westforecast.typing import FloatArray, IntArray

# What parts may differ from their whole by rounding, as a fraction of it.
ROUNDING = 0.005


@dataclass(frozen=True, slots=True, eq=False)
class PartsForecast:
    """Forecasts of the parts of a whole: as shares of it, or after `top_down` as levels.

    parts: [K] their ids, in the order asked for, and the rest of the whole last, if there is one.
    periods: [H]. point: [K, H]. paths: [P, K, H] joint sample paths. As shares (fractions), each
    lies between 0 and 1 and those of a period add up to one, in the point forecast and in every
    path; as levels they add up to the whole.
    correlation: [K, K] of the parts' log-ratios. shrinkage: weight of independent parts in it.
    result: the model's forecasts of the log-ratios. whole: the whole's id, if it has one.
    """

    parts: tuple[str, ...]
    periods: IntArray
    point: FloatArray
    paths: FloatArray
    levels: tuple[float, ...]
    result: Result
    correlation: FloatArray
    shrinkage: float
    seed: int
    whole: str | None = None
    in_shares: bool = True

    def __repr__(self) -> str:
        span = self.result.plan.panel.calendar.span(int(self.periods[0]), int(self.periods[-1]))
        what = "shares" if self.in_shares else "levels"
        of = f" of {self.whole!r}" if self.whole else ""
        return (
            f"PartsForecast: {what}{of}, {len(self.parts)} parts, {span}, {len(self.paths)} paths"
        )

    def interval(self, level: float) -> tuple[FloatArray, FloatArray]:
        """Lower and upper end [K, H] of the central interval of a level in percent."""
        low, high = np.quantile(self.paths, probabilities(check_levels([level])), axis=0)
        return low, high

    def long(self) -> Any:
        """One row per part and period: unique_id, ds, cutoff, horizon, yhat, lo-80, hi-80, ...

        Shares are fractions. Comes in the kind of frame the panel was read from.
        """
        panel = self.result.plan.panel
        count, steps = len(self.parts), len(self.periods)
        cutoff = int(self.periods[0]) - 1
        columns: dict[str, Any] = {
            "unique_id": frames.repeat(self.parts, np.full(count, steps)),
            "ds": np.tile(self.periods, count),
            "cutoff": np.full(count * steps, cutoff),
            "horizon": np.tile(self.periods - cutoff, count),
            "yhat": self.point.ravel(),
        }
        for level in self.levels:
            low, high = self.interval(level)
            columns |= {f"lo-{level:g}": low.ravel(), f"hi-{level:g}": high.ravel()}
        return frames.build(columns, panel.form, panel.calendar, ("ds", "cutoff"))

    def top_down(self, whole: Result | FloatArray) -> "PartsForecast":
        """Levels of the parts: the whole's paths x the shares' paths, path by path.

        whole: sample paths [P, H] of the whole, in any unit, over the same periods: a scenario, or
            what a model gave; or a Result with intervals that forecasts the series `whole` with one
            model, from whose law as many paths are drawn. The whole and its shares are taken as
            independent. The parts add up to the whole in every path; the point forecast is shares x
            the whole's own point (the median of given paths).

        Raises UsageError where paths or periods do not fit.
        """
        if not self.in_shares:
            raise UsageError("these are levels already; top_down needs shares.")
        if isinstance(whole, Result):
            point, paths = self._drawn(whole)
        else:
            paths = np.asarray(whole, float)
            wanted = (len(self.paths), len(self.periods))
            if paths.shape != wanted or not np.isfinite(paths).all():
                raise UsageError(
                    f"whole has the shape {paths.shape}; finite sample paths of shape {wanted} "
                    "(paths, periods) expected. Ask forecast_shares for as many with n_paths."
                )
            point = np.median(paths, axis=0)
        return replace(self, point=self.point * point, paths=self.paths * paths[:, None, :],
                       in_shares=False)  # fmt: skip

    def _drawn(self, result: Result) -> tuple[FloatArray, FloatArray]:
        """The point forecast [H] and sample paths [P, H] of the whole from a forecast of it."""
        panel, windows = result.plan.panel, result.plan.windows
        if self.whole is None or self.whole not in panel.places:
            raise UsageError(
                f"the result does not forecast {self.whole!r}, whose parts these are. Forecast the "
                "whole, and name it in forecast_shares(..., whole=...)."
            )
        mine = np.flatnonzero(windows.series == panel.index(self.whole))
        if len(result.forecasts) != 1 or len(mine) != 1:
            raise UsageError(
                f"the result holds {len(result.forecasts)} models and {len(mine)} forecasts of "
                f"{self.whole!r}; one of each expected. Use westforecast.forecast with one model."
            )
        forecast, at = next(iter(result.forecasts.values())), int(mine[0])
        step = self.periods - int(windows.cutoff[at]) - 1
        label = panel.calendar.label
        if step[0] < 0 or step[-1] >= int(result.plan.last_step[at]):
            raise UsageError(
                f"the whole is forecast from {label(int(windows.cutoff[at]) + 1)} on, "
                f"{result.plan.last_step[at]} steps; the shares need "
                f"{panel.calendar.span(int(self.periods[0]), int(self.periods[-1]))}."
            )
        quantiles = forecast.quantiles[at, step]  # [H, Q]
        if not quantiles.size or not np.isfinite(quantiles).all():
            raise UsageError(
                f"the forecast of {self.whole!r} has no interval to draw paths from. Forecast it "
                "with levels, e.g. levels=westforecast.kernels.quantiles.LAW."
            )
        # A stream of its own, so that the whole is independent of its shares under one seed.
        own = [stream(self.seed, "whole", self.whole)]
        scores = score_walks(np.eye(1), len(self.paths), len(step), own)[:, 0]
        point = forecast.mean[at, step]
        paths = read_law(point, quantiles, forecast.probs, scores)
        return point, np.clip(paths, *panel.indicator(self.whole).bounds)  # tails alone leave them


def forecast_shares(
    panel: Panel,
    parts: Sequence[str] | None = None,
    *,
    whole: str | None = None,
    model: ModelLike = "Naive",
    h: int | None = None,
    until: Any = None,
    levels: Sequence[float] = (80, 95),
    n_paths: int = 1000,
    seed: int = 0,
    zeros: float | None = None,
    fallback: ModelLike | None = None,
) -> PartsForecast:
    """Forecast the shares of parts in their whole; they stay between 0 and 1 and add up to one.

    parts: ids of series, as levels of one unit or as shares; all of the panel but the whole unless
        given. Their order decides nothing but the order of the answer.
    whole: id of their sum. Where the parts are less than it, the rest of it is a part of its own,
        called "rest of ...". None: the parts are all there is.
    model: a name or Model that forecasts the log-ratios, which may be negative. "Naive" holds
        shares where they are, with intervals that widen; a damped trend moves them on for a while.
    h, until: steps, or the last period; exactly one. levels: interval coverages in percent.
    n_paths, seed: how many joint sample paths, and from which stream. zeros: a share to put in
        place of zeros (0.001); they are refused unless it is given.
    fallback: a model for parts that `model` cannot forecast, e.g. a region with few values.

    Log-ratios are centred on the parts with long histories (`domain.shares.largest_block`), each
    part's is forecast by the model, and shares are made of them again. Paths read the model's laws
    with normal scores that walk together: their correlation is that of past changes, shrunk towards
    that of independent parts (`domain.shares.shrunk_correlation`).

    Raises DataError for values that are no parts (negative, zero, more than the whole), UsageError
    for arguments that cannot be meant and for a part that the model cannot forecast.

    >>> import pandas as pd
    >>> years = [2008, 2009, 2010]
    >>> df = pd.DataFrame({"unique_id": ["east"] * 3 + ["west"] * 3, "ds": years * 2,
    ...                    "y": [60.0, 66.0, 90.0, 20.0, 20.0, 30.0]})
    >>> forecast_shares(Panel.from_frame(df), until=2012).point.round(3).tolist()
    [[0.75, 0.75], [0.25, 0.25]]
    """
    checked = check_levels(levels)
    asked = _parts(panel, parts, whole)
    ordered = sorted(asked)  # whatever the caller's order, the arithmetic is the same
    names, first, values = _values(panel, ordered, whole)
    check_paths("n_paths", n_paths, len(names))
    values = _positive(panel, names, first, values, zeros)
    core = largest_block(values)
    ratios = log_ratios(values, core)
    result = forecast(_panel(panel, names, first, ratios), model, h=h, until=until, levels=LAW,
                      fallback=fallback, progress=False)  # fmt: skip
    mean, quantiles = _laws(result, names)
    changes = np.diff(ratios, axis=0)
    target = independent_parts(_variances(changes), core)
    correlation, shrinkage = shrunk_correlation(changes, target)
    steps = mean.shape[1]
    check_paths("n_paths", n_paths, len(names) * steps)
    scores = score_walks(correlation, n_paths, steps, [stream(seed, "part", n) for n in names])
    drawn = np.stack([at_scores(quantiles[k], result.forecasts[_only(result)].probs, scores[:, k])
                      for k in range(len(names))], axis=-1)  # [P, H, K]  # fmt: skip
    back = [names.index(part) for part in [*asked, *names[len(asked) :]]]
    return PartsForecast(
        parts=tuple(names[k] for k in back),
        periods=int(result.plan.windows.cutoff[0]) + 1 + np.arange(steps),
        point=composition(mean.T).T[back],
        paths=composition(drawn).swapaxes(1, 2)[:, back],
        levels=checked,
        result=result,
        correlation=correlation[np.ix_(back, back)],
        shrinkage=shrinkage,
        seed=seed,
        whole=whole,
    )


# --- data ---------------------------------------------------------------------------------------


def _parts(panel: Panel, parts: Sequence[str] | None, whole: str | None) -> list[str]:
    if isinstance(parts, str):
        raise UsageError(f"parts={parts!r} found, a list of ids expected: [{parts!r}].")
    names = [n for n in panel.ids if n != whole] if parts is None else list(parts)
    if len(set(names)) < len(names) or whole in names:
        raise UsageError(f"parts name a series twice, or the whole: {', '.join(names)}.")
    if len(names) < (2 if whole is None else 1):
        raise UsageError(
            f"{len(names)} parts found; a part alone has the share 1. Name more parts, or their "
            "whole."
        )
    indicators = {n: panel.indicator(n) for n in [*names, *([whole] if whole else [])]}
    check_units([Sum(whole or "the whole", tuple(names))], indicators)
    return names


def _values(panel: Panel, parts: list[str], whole: str | None) -> tuple[list[str], int, FloatArray]:
    """Names, the first period, and values [T, K] of the parts, with the rest of the whole.

    In plain units. Raises DataError where series end in different periods.
    """
    named = [*parts, *([whole] if whole else [])]
    at = [panel.index(name) for name in named]
    for k in at:
        if not panel.lengths[k]:
            problem = Problem(f"series {panel.ids[k]!r}", "no observed value", "a value",
                              "Leave the part out.")  # fmt: skip
            raise DataError([problem], "the parts")
    label, ends = panel.calendar.label, panel.last[at]
    if len(set(ends.tolist())) > 1:
        last = int(ends.min())
        problems = [
            Problem(f"series {name!r}", f"ends in {label(int(end))}", f"{label(last)}",
                    f"Use panel.as_of({label(last)}), or complete the series that ends early.")
            for name, end in zip(named, ends, strict=True)
            if end != last
        ]  # fmt: skip
        raise DataError(problems, "the parts: shares are known where all parts are")
    first, last = int(panel.first[at].min()), int(ends[0])
    columns = table(panel, named, first, last)
    plain = [columns[name] * panel.indicator(name).factor for name in named]
    values = np.stack(plain[: len(parts)], axis=1)
    if whole is None:
        return parts, first, values
    rest = plain[-1] - values.sum(axis=1)  # NaN where a part is missing
    slack = ROUNDING * np.abs(plain[-1])
    over = np.flatnonzero(rest < -slack)
    if len(over):
        problems = [
            Problem(f"{whole!r} in {label(first + int(t))}", f"parts exceed it by {-rest[t]:g}",
                    "parts that add up to no more than the whole",
                    "Take parts and whole from one table, or leave out `whole`.")
            for t in over
        ]  # fmt: skip
        raise DataError(problems, "the parts")
    if (np.isnan(rest) | (rest <= slack)).all():
        return parts, first, values
    # A rest within rounding of nothing is nothing.
    rest = np.where(rest <= slack, 0.0, rest)
    return [*parts, f"rest of {whole}"], first, np.column_stack([values, rest])


def _positive(
    panel: Panel, names: list[str], first: int, values: FloatArray, zeros: float | None
) -> FloatArray:
    """Values above 0 [T, K]: checked, or with zeros replaced where the caller says by what."""
    label = panel.calendar.label
    bad = values < 0 if zeros is not None else values <= 0
    if bad.any():
        problems = [
            Problem(f"{names[k]!r} in {label(first + int(t))}", f"{values[t, k]:g}",
                    "a value above 0: a logarithm is taken",
                    "Leave the part out or join it to another; zeros=0.001 puts a share in place "
                    "of zeros." if values[t, k] == 0 else "Correct the value.")
            for t, k in np.argwhere(bad)
        ]  # fmt: skip
        raise DataError(problems, "the parts")
    if zeros is None or not (values == 0).any():
        return values
    if not 0 < zeros < 1 / len(names):
        raise UsageError(
            f"zeros={zeros!r} found, a small fraction below {1 / len(names):g} expected."
        )
    total = np.nansum(values, axis=1, keepdims=True)
    return replace_zeros(values / total, zeros)


def _panel(panel: Panel, names: list[str], first: int, ratios: FloatArray) -> Panel:
    """Log-ratios [T, K] as a panel, each series from its first value on."""
    begin = np.isfinite(ratios).argmax(axis=0)
    pieces = [ratios[b:, k] for k, b in enumerate(begin)]
    return Panel(
        values=np.concatenate(pieces),
        indptr=np.cumsum([0, *map(len, pieces)]).astype(np.int64),
        first=first + begin,
        indicators=tuple(Indicator(id=name, unit="log-ratio") for name in names),
        calendar=panel.calendar,
        form=panel.form,
    )


# --- forecasts ----------------------------------------------------------------------------------


def _only(result: Result) -> str:
    return next(iter(result.forecasts))


def _laws(result: Result, names: Sequence[str]) -> tuple[FloatArray, FloatArray]:
    """Point forecasts [K, H] and quantiles [K, H, Q] of the log-ratios; all there, or an error."""
    model = _only(result)
    forecast = result.forecasts[model]
    for k, name in enumerate(names):
        if np.isfinite(forecast.mean[k]).all() and np.isfinite(forecast.quantiles[k]).all():
            continue
        status = Status(int(forecast.status[k]))
        why = "it gives no interval to draw paths from"
        if status != Status.OK:
            why = f"{status.label}: {forecast.reason.get(k, '')}"
        raise UsageError(
            f"model {model!r} cannot forecast the share of {name!r} ({why}). Pass "
            "fallback='Naive', which needs two values; leave the part out; or join it to another."
        )
    return forecast.mean, forecast.quantiles


def _variances(changes: FloatArray) -> FloatArray:
    """Variances [K] of changes [T, K] about their mean; 0 of fewer than two."""
    count = np.isfinite(changes).sum(axis=0)
    mean = np.nansum(changes, axis=0) / np.maximum(count, 1)
    square = np.nansum((changes - mean) ** 2, axis=0)
    return np.asarray(square / np.maximum(count - 1, 1))
