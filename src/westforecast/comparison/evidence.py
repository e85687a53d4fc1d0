"""What models are compared on, and whether that is enough to tell them apart: the one rule.

Differences of losses are judged by cutoffs where there are enough of them, else by series where
those are many, and not at all otherwise.
"""

import warnings
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from typing import Literal

import numpy as np

from westforecast.backtest import Result
from westforecast.backtest.score import CellLosses
from westforecast.comparison.inference import (
    Resamples,
    bootstrap_means,
    bootstrap_reach,
    common_shocks,
    diebold_mariano,
    log_ratio,
    model_confidence_set,
    overlap_reach,
    paired_bootstrap,
    student_means,
)
from westforecast.errors import UsageError, WestforecastWarning, nearest
from westforecast.metrics import Metric
from westforecast.models.forecast import SAME
from westforecast.models.status import Status
from westforecast.report.words import count
from westforecast.series import Panel
from westforecast.series.calendar import Calendar
from westforecast.series.frame import Form
from westforecast.typing import BoolArray, FloatArray, IntArray

Unit = Literal["cutoffs", "series", "none"]

MIN_CUTOFFS = 8
MIN_SERIES = 20
MIN_CUTOFFS_OF_MANY = 3  # where an observation is the mean of at least 20 series
SHARED = 0.05  # size of the test for shocks that series share

NOT_LOSSES = {"bias", "coverage"}  # not best at 0, or not worse the larger they are
TIMES = ("cutoff", "ds")


@dataclass(frozen=True, eq=False)
class Losses:
    """Losses of M models in the C cells that all of them have, of one data set or several.

    values: [M, C]. dataset: [C] place in `parts`. series: [C], numbered through all data sets.
    parts: data set -> its own cells, models as here. left_out: model -> why it is not compared.
    infinite: of these, models whose scores are infinite, and in which data sets.
    """

    models: tuple[str, ...]
    parts: Mapping[str, CellLosses]
    panels: Mapping[str, Panel]
    left_out: Mapping[str, str]
    infinite: Mapping[str, tuple[str, ...]]

    @cached_property
    def values(self) -> FloatArray:
        """[M, C] losses; squared errors where scores are roots."""
        return np.concatenate([part.values for part in self.parts.values()], axis=1)

    @cached_property
    def dataset(self) -> IntArray:
        """[C] place of the data set."""
        return np.repeat(np.arange(len(self.parts)), [p.values.shape[1] for p in self.each])

    @cached_property
    def series(self) -> IntArray:
        """[C] number of the series, through all data sets and without gaps."""
        begun, codes = 0, []
        for part in self.each:
            distinct, code = np.unique(part.grid.series, return_inverse=True)
            codes.append(code + begun)
            begun += len(distinct)
        return np.concatenate(codes)

    @cached_property
    def cutoff(self) -> IntArray:
        """[C] period of the cutoff."""
        return np.concatenate([part.grid.cutoff for part in self.each])

    @property
    def each(self) -> tuple[CellLosses, ...]:
        """The parts, in order."""
        return tuple(self.parts.values())

    @property
    def column(self) -> str:
        """The metric's column."""
        return self.each[0].column

    @property
    def root(self) -> bool:
        """Whether scores are roots of mean losses."""
        return self.each[0].root

    @property
    def span(self) -> int:
        """Periods from a cutoff to the last step scored."""
        return max(int(part.grid.h.max()) + 1 for part in self.each)

    @property
    def calendar(self) -> Calendar | None:
        """The calendar of all data sets, None where they have several."""
        calendars = {panel.calendar for panel in self.panels.values()}
        return next(iter(calendars)) if len(calendars) == 1 else None

    @property
    def form(self) -> Form:
        """What frames look like: as the caller's, where all data sets have the same names."""
        first, *others = (panel.form for panel in self.panels.values())
        same = all(other.columns == first.columns for other in others)
        return first if same else Form(first.backend)

    @property
    def frequencies(self) -> set[str]:
        """Frequencies of the data sets."""
        return {str(panel.calendar.freq) for panel in self.panels.values()}

    def of(self, dataset: str) -> "Losses":
        """One data set alone. Raises UsageError for one that is not there."""
        if dataset not in self.parts:
            raise UsageError(f"no data set {dataset!r} here. {nearest(dataset, self.parts)}")
        parts, panels = {dataset: self.parts[dataset]}, {dataset: self.panels[dataset]}
        return replace(self, parts=parts, panels=panels)

    @cached_property
    def whole(self) -> "Losses":
        """With all cells whose outcome is known; losses are NaN where they are not compared."""
        parts = {}
        for name, part in self.parts.items():
            w, h = (np.concatenate(both) for both in ((part.grid.w, part.gone.w),
                                                      (part.grid.h, part.gone.h)))  # fmt: skip
            nothing = np.full((len(self.models), len(part.gone.w)), np.nan)
            values = np.concatenate([part.values, nothing], axis=1)
            parts[name] = replace(part, values=values, grid=replace(part.grid, w=w, h=h))
        return replace(self, parts=parts)

    @cached_property
    def compared(self) -> BoolArray:
        """[C] cells that have losses: all but in `whole`."""
        return np.asarray(~np.isnan(self.values[0]))

    def scaled(self, scale: FloatArray) -> "Losses":
        """The losses of each data set over a number [D]."""
        parts = {
            dataset: replace(part, values=part.values / size)
            for (dataset, part), size in zip(self.parts.items(), scale, strict=True)
        }
        return replace(self, parts=parts)

    def key(self, name: str) -> tuple[np.ndarray, IntArray]:
        """The sorted distinct values of a key, and which of them each cell has [C].

        Periods are integers where all data sets have one calendar, else words. Raises UsageError
        for what is no key.
        """
        name = self.form.key(name)
        if name == "dataset":
            return np.array(list(self.parts), dtype=object), self.dataset
        known = ("dataset", "horizon", "cutoff", "ds", *self.each[0].grid.traits)
        if name not in known:
            raise UsageError(f"cannot group by {name!r}. {nearest(name, known)}")
        found = []
        for part, panel in zip(self.each, self.panels.values(), strict=True):
            labels, code = part.grid.key(name)
            if name in TIMES and self.calendar is None:
                labels = np.array([panel.calendar.label(p) for p in labels], dtype=object)
            found.append((labels, code))
        merged = np.unique(np.concatenate([labels for labels, _ in found]))
        codes = [np.searchsorted(merged, labels)[code] for labels, code in found]
        return merged, np.concatenate(codes)

    def means(self, code: IntArray, size: int) -> FloatArray:
        """Mean losses [size, M] of the cells of each code [C], NaN where there is none."""
        has = self.compared
        n = np.bincount(code[has], minlength=size)
        sums = np.stack([np.bincount(code[has], row[has], size) for row in self.values], axis=1)
        with np.errstate(invalid="ignore"):
            return sums / n[:, None]

    @cached_property
    def mean(self) -> FloatArray:
        """[D, M] mean losses of each data set, all its cells alike."""
        return self.means(self.dataset, len(self.parts))

    def scores(self) -> FloatArray:
        """[D, M] as `Result.scores` has them: mean losses or their roots."""
        return np.sqrt(self.mean) if self.root else self.mean

    def log_skill(self, baseline: int) -> FloatArray:
        """[M] mean over data sets of the log ratio of scores to the baseline's."""
        mean: FloatArray = log_ratio(self.mean, self.mean[:, [baseline]], self.root).mean(axis=0)
        return mean

    @cached_property
    def by_series(self) -> FloatArray:
        """[S, M] mean loss of each series, all its cells alike."""
        return self.means(self.series, int(self.series.max()) + 1)

    @cached_property
    def observed(self) -> int:
        """Cells whose outcome is known, compared or not."""
        return sum(part.observed for part in self.each)

    @cached_property
    def undefined(self) -> int:
        """Cells where the metric is undefined."""
        return sum(part.undefined for part in self.each)

    @cached_property
    def lost(self) -> dict[str, int]:
        """Model -> cells in which it has no forecast of its own."""
        return {m: sum(part.lost[m] for part in self.each) for m in self.models}


def gather(results: Mapping[str, Result], metric: Metric, baseline: str) -> Losses:
    """Losses of the models that all results have, on the cells that all of these models have.

    A model that has no loss at all in some data set, or an infinite one, is left out with the
    reason. Raises UsageError
    where the metric is no loss to compare by, where the baseline or every other model is missing,
    and where nothing is left to compare; warns where little is.
    """
    if metric.name in NOT_LOSSES:
        raise UsageError(
            f"metric {metric.name!r} is no loss: less of it is not better. Compare by mase, smape, "
            "crps or interval_score."
        )
    every = list(dict.fromkeys(name for result in results.values() for name in result.forecasts))
    left_out = {
        name: f"not among the models of {', '.join(map(repr, lacking))}"
        for name in every
        if (lacking := [d for d, result in results.items() if name not in result.forecasts])
    }
    infinite: dict[str, tuple[str, ...]] = {}
    while True:  # again, should a model turn out to have nothing: the others then have more
        models = [name for name in every if name not in left_out]
        _check_models(models, baseline, left_out)
        kept = {
            dataset: replace(result, forecasts={name: result.forecasts[name] for name in models})
            for dataset, result in results.items()
        }
        parts = {dataset: result.cell_losses(metric) for dataset, result in kept.items()}
        nothing = {
            name: _why_nothing(results[dataset], name, metric, dataset if len(parts) > 1 else "")
            for dataset, part in parts.items()
            for name in models
            if name not in part.models
        }
        endless = {} if nothing else _infinite(parts)
        if not nothing and not endless:
            break
        left_out |= nothing
        for name, (count_, where) in endless.items():
            infinite[name] = where
            told = f"its {metric.name} is infinite"
            left_out[name] = f"{told}, in {count(count_, 'cell')}" if count_ else told
    for dataset, part in parts.items():
        _check_part(part, dataset if len(parts) > 1 else "")
    panels = {dataset: result.plan.panel for dataset, result in results.items()}
    return Losses(tuple(models), parts, panels, left_out, infinite)


def _infinite(parts: Mapping[str, CellLosses]) -> dict[str, tuple[int, tuple[str, ...]]]:
    """Models whose mean loss is infinite: in how many cells, and the data sets."""
    found = {}
    for m, name in enumerate(next(iter(parts.values())).models):
        with np.errstate(over="ignore", invalid="ignore"):
            where = tuple(d for d, p in parts.items() if not np.isfinite(p.values[m].sum()))
        if where:
            found[name] = sum(int(np.isinf(p.values[m]).sum()) for p in parts.values()), where
    return found


def _check_models(models: Sequence[str], baseline: str, left_out: Mapping[str, str]) -> None:
    if baseline not in models:
        why = f": {left_out[baseline]}" if baseline in left_out else ""
        raise UsageError(
            f"baseline {baseline!r} has nothing to be compared with{why}. Name another model: "
            f"baseline=... {nearest(baseline, models)}"
        )
    if len(models) < 2:
        told = "".join(f" {name!r} is left out: {why}." for name, why in left_out.items())
        raise UsageError(
            f"only the baseline {baseline!r} is left, so there is nothing to compare.{told} Give "
            "at least one other model."
        )


def _why_nothing(result: Result, name: str, metric: Metric, dataset: str) -> str:
    forecast, where = result.forecasts[name], f" in {dataset!r}" if dataset else ""
    if (forecast.status == Status.OK).any():
        return f"{metric.name} is undefined wherever it has a forecast{where}"
    first = int(np.argmax(forecast.status != Status.OK))
    label, reason = Status(forecast.status[first]).label, forecast.reason.get(first, "")
    return f"no forecast{where} ({label}{': ' + reason if reason else ''})"


def _check_part(part: CellLosses, dataset: str) -> None:
    """Raise where a data set has nothing to compare or no losses, warn where it has little."""
    where, compared = f"in {dataset!r} " if dataset else "", part.values.shape[1]
    if compared and part.values.min() < 0:
        raise UsageError(
            f"metric {part.column!r} is below 0 {where}in some cells; to be compared, a loss must "
            "be 0 at best."
        )
    if part.few is None:
        return
    told = f"{where}{part.few.words}. Leave {part.few.names} out. {_LEDGER}"
    if not compared:
        raise UsageError(told)
    warnings.warn(told, WestforecastWarning, stacklevel=4)  # where compare is called


_LEDGER = "The ledger says why forecasts are missing."


# --- the rule -----------------------------------------------------------------------------------


@dataclass(frozen=True, eq=False)
class Evidence:
    """What differences between models are judged by.

    unit: what one observation is. words: why, as a sentence. independent: whether series are known
    to be independent of each other. overlap: cutoffs this many places
    apart share no shock. by_cutoff: [N, M] and by_series: [S, M] mean losses, relative to the
    baseline's in the same data set. units: [U, M] the same of each series at each cutoff, with
    their numbers series [U] and cutoff [U].
    """

    unit: Unit
    words: str
    independent: bool
    overlap: int
    by_cutoff: FloatArray
    by_series: FloatArray
    units: FloatArray
    series: IntArray
    cutoff: IntArray


def cutoffs_needed(overlap: int) -> int:
    """Fewest cutoffs that are judged by: 8, and more than share shocks with one.

    >>> cutoffs_needed(1), cutoffs_needed(5), cutoffs_needed(10)
    (8, 8, 11)
    """
    return max(MIN_CUTOFFS, overlap + 1)


def weigh(losses: Losses, baseline: int, independent: bool = False) -> Evidence:
    """The evidence there is, by the rule.

    1. Cutoffs, where there are at least 8, and more than share shocks. One observation is one
       cutoff: the mean over the series scored there, so that shocks that series share are in it. A
       cutoff counts where at least half as many series are scored as at the best one. Several data
       sets need one frequency; an observation is then the mean over those that have the cutoff.
    2. Series, where there are at least 20, and at least 3 cutoffs, more than share shocks, so that
       it can be seen whether series share shocks. Pairs of models for which they do are judged by
       the cutoffs all the same (`judge`).
    3. Nothing.

    independent: series are known to share no shock, e.g. those of a forecasting competition. At
    least 20 of them then come first, whatever the cutoffs.
    """
    scale = losses.mean[:, baseline]
    scale = np.where(scale > 0, scale, losses.mean.mean(axis=1))
    shares = losses.scaled(np.where(scale > 0, scale, 1.0))
    by_cutoff, periods = _by_cutoff(shares)
    by_series = shares.by_series
    units, series, cutoff = _units(shares)
    later = np.searchsorted(periods, periods + losses.span, side="left")
    overlap = int((later - np.arange(len(periods))).max(initial=1))
    n, s = len(periods), len(by_series)
    # with fewer cutoffs than overlap, `overlap` is their number; more of them would overlap more
    step = int(np.diff(periods).min()) if n > 1 else 1
    full = max(overlap, -(-losses.span // step))
    lap = f" whose horizons of {losses.span} overlap" if overlap > 1 else ""
    one_calendar = len(losses.frequencies) == 1
    short = "cutoffs of data sets with several frequencies cannot be lined up"
    if one_calendar:
        verb = "is" if n == 1 else "are"
        short = (
            f"{count(n, 'cutoff')}{lap} {verb} too few to judge by ({cutoffs_needed(full)} needed)"
        )
    unit: Unit = "none"
    if independent and s >= MIN_SERIES:
        unit, words = "series", f"Judged by {s} series, which are said to be independent."
    elif one_calendar and n >= cutoffs_needed(overlap):
        unit = "cutoffs"
        words = (
            f"Judged by {n} cutoffs{lap}: one observation each, since series may share the shocks "
            "of a year."
        )
    elif s < MIN_SERIES:
        verb = "is" if s == 1 else "are"
        few = f"{count(s, 'series', 'series')} ({MIN_SERIES} needed)"
        words = f"Not judged: {short}, and so {verb} {few}."
    elif one_calendar and n >= max(MIN_CUTOFFS_OF_MANY, overlap + 1):
        unit = "series"
        words = f"Judged by {s} series, taken as independent of each other, since {short}."
    else:
        seen = max(MIN_CUTOFFS_OF_MANY, full + 1)
        more = f": {seen} cutoffs would show it" if one_calendar else ""
        words = (
            f"Not judged: {short}, and it cannot be seen whether the {s} series share shocks"
            f"{more}. Where they are known to be independent, say so (option independent)."
        )
    return Evidence(unit, words, independent, overlap, by_cutoff, by_series, units, series, cutoff)


def _by_cutoff(losses: Losses) -> tuple[FloatArray, IntArray]:
    """Mean losses [N, M] at the cutoffs that count, and their periods [N], rising."""
    pair, code = np.unique(np.stack([losses.dataset, losses.cutoff]), axis=1, return_inverse=True)
    code = code.reshape(-1)
    held = np.unique(np.stack([code, losses.series]), axis=1)[0]
    members = np.bincount(held, minlength=pair.shape[1])
    most = np.zeros(len(losses.parts), np.int64)
    np.maximum.at(most, pair[0], members)
    counted = 2 * members >= most[pair[0]]
    means = losses.means(code, pair.shape[1])[counted]
    periods, place = np.unique(pair[1][counted], return_inverse=True)
    n = np.bincount(place)
    sums = np.stack([np.bincount(place, column) for column in means.T], axis=1)
    return sums / n[:, None], periods


def _units(losses: Losses) -> tuple[FloatArray, IntArray, IntArray]:
    """Mean losses [U, M] of each series at each cutoff, and their numbers [U]."""
    pair, code = np.unique(np.stack([losses.series, losses.cutoff]), axis=1, return_inverse=True)
    _, cutoff = np.unique(pair[1], return_inverse=True)
    return losses.means(code.reshape(-1), pair.shape[1]), pair[0], cutoff


@dataclass(frozen=True, slots=True, eq=False)
class Judgment:
    """Of P pairs: difference: [P] mean relative loss of the first less the second's. p_value: [P]
    by the rule, NaN where there is no evidence. shared: [P] whether series show shocks in common,
    or may: cutoffs then judge.
    """

    difference: FloatArray
    p_value: FloatArray
    shared: BoolArray


def judge(evidence: Evidence, first: IntArray, second: IntArray, times: int, seed: int) -> Judgment:
    """Judge pairs of models by the evidence. first, second: [P] places of models.

    By cutoffs: Diebold & Mariano's test with the variance that overlapping horizons imply; where
    none overlap that is the test as corrected by Harvey, Leybourne & Newbold.
    By series: the studentized paired bootstrap, `times` resamples. Where the differences of series
    move together from cutoff to cutoff (`common_shocks` with p <= 0.05), by cutoffs all the same:
    means of many series are close to normal. Not at all where the cutoffs of single series are too
    few to tell. Series known to be independent are taken at that word.
    """
    nobody, overlap = np.zeros(len(first), bool), evidence.overlap
    if evidence.unit == "none":
        difference = apart(evidence.by_series, first, second).mean(axis=0)
        return Judgment(difference, np.full(len(first), np.nan), nobody)
    by_cutoff = apart(evidence.by_cutoff, first, second)
    if evidence.unit == "cutoffs":
        return Judgment(by_cutoff.mean(axis=0), _dm(by_cutoff, overlap), nobody)
    rows = apart(evidence.by_series, first, second)
    _, p = paired_bootstrap(rows, Resamples(len(rows), times, seed))
    if evidence.independent:
        return Judgment(rows.mean(axis=0), p, nobody)
    units = apart(evidence.units, first, second)
    chance = common_shocks(units, evidence.series, evidence.cutoff, overlap)
    shared = ~(chance > SHARED)  # or not to be seen
    moving = np.where(np.isnan(chance), np.nan, _dm(by_cutoff, overlap))
    difference = np.where(shared, by_cutoff.mean(axis=0), rows.mean(axis=0))
    return Judgment(difference, np.where(shared, moving, p), shared)


def _dm(differences: FloatArray, overlap: int) -> FloatArray:
    """[P] p-values of the columns of differences [N, P]."""
    nothing = np.zeros(len(differences))
    return np.array(
        [diebold_mariano(d, nothing, overlap, variance="overlap").p_value for d in differences.T],
        float,
    )


def reach(
    evidence: Evidence, judged: Judgment, first: IntArray, second: IntArray, sizes: FloatArray,
    times: int, seed: int,
) -> FloatArray:  # fmt: skip
    """How far from 0 a difference must be for `judge` to find it with a test of such a size [P].

    Differences no further than that from the one that is found are those that the same test does
    not reject. NaN without evidence.
    """
    found = np.full(len(first), np.nan)
    there = np.isfinite(judged.p_value)
    by_series = there & ~judged.shared & (evidence.unit == "series")
    by_cutoff = there & ~by_series
    if by_cutoff.any():
        rows = apart(evidence.by_cutoff, first[by_cutoff], second[by_cutoff])
        found[by_cutoff] = overlap_reach(rows, evidence.overlap, sizes[by_cutoff])
    if by_series.any():
        rows = apart(evidence.by_series, first[by_series], second[by_series])
        resamples = Resamples(len(rows), times, seed)
        found[by_series] = bootstrap_reach(rows, resamples, sizes[by_series])
    return found


def apart(losses: FloatArray, first: IntArray, second: IntArray) -> FloatArray:
    """Differences [N, P] of losses [N, M]; none where they differ by rounding alone."""
    a, b = losses[:, first], losses[:, second]
    return np.where(np.abs(a - b) <= SAME * (np.abs(a) + np.abs(b)), 0.0, a - b)


def best(evidence: Evidence, shared: bool, times: int, seed: int) -> FloatArray:
    """p-values [M] of the model confidence set, statistic max; NaN where there is no evidence.

    By series: resampled one by one. By cutoffs, and where series show shocks in common (shared):
    from a multivariate Student's t, since a bootstrap of few cutoffs lets the best go too often.
    """
    if evidence.unit == "cutoffs" or (evidence.unit == "series" and shared):
        rows = evidence.by_cutoff
        away, spread = student_means(rows, evidence.overlap, times, seed)
        return model_confidence_set(rows.mean(axis=0), away, spread=spread)
    rows = evidence.by_series
    if evidence.unit == "none":
        return np.full(rows.shape[1], np.nan)
    away = bootstrap_means(rows, Resamples(len(rows), times, seed))
    return model_confidence_set(rows.mean(axis=0), away)
