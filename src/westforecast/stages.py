"""The stage of industrialization to come: indicators forecast, the index simulated."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from westforecast.api import ModelLike, forecast
from westforecast.backtest import Result
from westforecast.domain import StageIndex, StageTable, stage_name, stage_table
from westforecast.domain.shares import (
    composition,
    log_ratios,
    read_law,
    shrunk_correlation,
)
from westforecast.domain.stage_words import STAGES
from westforecast.errors import DataError, Problem, UsageError, nearest
from westforecast.kernels.quantiles import LAW, check_levels, probabilities
from westforecast.kernels.sampling import check_paths, score_walks, stream
from westforecast.models import Status
from westforecast.series import Indicator, Panel
from westforecast.series import frame as frames
from westforecast.typing import FloatArray, IntArray

GDP = "gdp_per_capita"
STRUCTURE = ("primary", "secondary", "tertiary")
# Shares closer to 0 or 1 than this are put there before a logit is taken.
EDGE = 1e-4
# Dollars a head; paths in the tail of a wide distribution are put there.
LEAST = 1.0


@dataclass(frozen=True, slots=True, eq=False)
class StagePath:
    """The index of regions [R] in years [H] to come.

    table: what was observed. years: [H]. paths: [R, P, H] sample paths of the composite.
    inputs: input -> [R, P, H] sample paths of what it is made of, fractions and dollars.
    results: input, or "structure" -> the models' forecasts, GDP per head in dollars, shares as
    logits, the structure as centred log-ratios; ids are "input.region".
    """

    table: StageTable
    years: IntArray
    paths: FloatArray
    inputs: Mapping[str, FloatArray]
    results: Mapping[str, Result]
    levels: tuple[float, ...]

    def __repr__(self) -> str:
        count, paths, _ = self.paths.shape
        regions = "1 region" if count == 1 else f"{count} regions"
        return f"StagePath: {regions}, {self.years[0]}-{self.years[-1]}, {paths} paths"

    def probabilities(self) -> FloatArray:
        """P(stage) [R, H, 5] in each year, pre-industrial to post-industrial."""
        stage, _ = self.table.index.stage_of(self.paths)
        return np.stack([(stage == k).mean(axis=1) for k in range(1, 6)], axis=-1)

    def interval(self, level: float) -> tuple[FloatArray, FloatArray]:
        """Lower and upper end [R, H] of the composite's central interval of a level in percent."""
        low, high = np.quantile(self.paths, probabilities(check_levels([level])), axis=1)
        return low, high

    def reached(self, stage: int | str) -> FloatArray:
        """P(a stage has been reached by then) [R, H]; once reached it counts for good.

        stage: "early" to "post-industrial", or 2 to 5. The year in which it is reached is the first
        at which this passes a probability (`reach_years`).
        """
        code, _ = self.table.index.stage_of(self.paths)
        before = self._before().max(axis=1, initial=0)[:, None, None]
        best = np.maximum(np.maximum.accumulate(code, axis=2), before)
        return np.asarray((best >= self._code(stage)).mean(axis=1))

    def _before(self) -> IntArray:
        """Stages [R, Y] observed before the path begins, 0 where there was no index."""
        return self.table.scores.stage[:, self.table.years < self.years[0]]

    def reach_years(self, stage: int | str, prob: float = 0.5) -> FloatArray:
        """[R] first year by which a stage is reached with that probability; the observed one where
        it was reached before, NaN where it is not by the last year."""
        by = self.reached(stage) >= prob
        ahead = np.where(by.any(axis=1), self.years[by.argmax(axis=1)], np.nan)
        seen = self._before() >= self._code(stage)
        if not seen.shape[1]:
            return ahead
        return np.where(seen.any(axis=1), self.table.years[seen.argmax(axis=1)], ahead)

    def _code(self, stage: int | str) -> int:
        if stage in STAGES[1:]:
            return STAGES.index(str(stage)) + 1
        if stage not in range(2, 6):
            raise UsageError(
                f"stage={stage!r} found, one of {', '.join(STAGES[1:])} (or 2 to 5) expected."
            )
        return int(stage)

    def frame(self, *, backend: str | None = None) -> Any:
        """A row per region and year: median and intervals of the composite, probability of stages,
        the likeliest stage by name."""
        regions, steps = self.table.regions, len(self.years)
        probs = self.probabilities().reshape(-1, 5)
        columns: dict[str, Any] = {
            "region": frames.repeat(regions, np.full(len(regions), steps)),
            "ds": np.tile(self.years, len(regions)),
            "composite": np.median(self.paths, axis=1).ravel(),
        }
        for level in self.levels:
            low, high = self.interval(level)
            columns |= {f"lo-{level:g}": low.ravel(), f"hi-{level:g}": high.ravel()}
        for k in range(1, 6):
            columns[f"p_{stage_name(k)}"] = probs[:, k - 1]
        columns["name"] = stage_name(1 + probs.argmax(axis=1))
        form, calendar = self.table.form, self.table.calendar
        return frames.build(columns, form, calendar, ("ds",), backend=backend)


def stage_path(
    panel: Panel,
    roles: Mapping[str, str],
    *,
    until: int,
    models: Mapping[str, ModelLike] | None = None,
    index: StageIndex | None = None,
    regions: Sequence[str] | None = None,
    levels: Sequence[float] = (80, 95),
    n_paths: int = 2000,
    seed: int = 0,
) -> StagePath:
    """Forecast the indicators of the stage index and simulate the index.

    panel, roles, index, regions: as for `stage_table`. Forecasts begin after the last year in which
        a region's roles are all observed; what is known of later years is used, and a year missing
        there between two known ones is put on the line between them. For an earlier origin ask with
        `panel.as_of(2005)`.
    until: the last year. models: input -> model; "shares" for all that have none of their own and
        for the structure. By default DampedLogGrowth for GDP per head and Drift for shares.
    levels: interval coverages in percent. n_paths, seed: how many sample paths, which stream.

    GDP per head is forecast in dollars, single shares on the logit scale, the three shares of the
    structure as centred log-ratios, so that all stay between 0 and 1 and the structure adds up.
    Sample paths read the models' laws with normal scores that walk together: their correlation is
    that of past yearly changes, shrunk towards none (`domain.shares.shrunk_correlation`); regions
    are independent of each other. Each path goes through `StageIndex.score`.

    Raises what `stage_table` raises; DataError where a role has no value in a region;
    UsageError where a model cannot forecast an indicator.
    """
    levels = check_levels(levels)
    table = stage_table(panel, roles, index=index, regions=regions)
    index = table.index
    chosen = _models(table, models)
    inputs = table.inputs if not _has_structure(table) else {**table.inputs, **_structure(table)}
    coordinates = {
        name: _coordinates(name, {k: inputs[k] for k in names}) for name, names in _groups(table)
    }
    _check_known(table, coordinates)
    first = int(min(_last(rows).min() for rows in coordinates.values())) + int(table.years[0]) + 1
    series = sum(rows.shape[0] * rows.shape[1] for rows in coordinates.values())
    check_paths("n_paths", n_paths, series * max(1, until + 1 - first))
    results = {
        name: _forecast(table, name, rows, chosen[name], until)
        for name, rows in coordinates.items()
    }
    years = np.arange(first, until + 1)
    drawn = _draw(table, coordinates, results, years, n_paths, seed)
    paths = index.score(**drawn).composite
    return StagePath(table, years, paths, drawn, results, levels)


def _has_structure(table: StageTable) -> bool:
    return any(name in table.inputs for name in STRUCTURE)


def _structure(table: StageTable) -> dict[str, FloatArray]:
    """All three shares of the structure [R, Y]; the one not given is what the others leave."""
    given = {name: table.inputs[name] for name in STRUCTURE if name in table.inputs}
    if len(given) == 3:
        return given
    (rest,) = set(STRUCTURE) - set(given)
    return given | {rest: 1 - np.sum(list(given.values()), axis=0)}


def _groups(table: StageTable) -> list[tuple[str, tuple[str, ...]]]:
    """What is forecast together: each input by itself, the structure as one."""
    groups: list[tuple[str, tuple[str, ...]]] = [
        (name, (name,)) for name in table.inputs if name not in STRUCTURE
    ]
    return [*groups, ("structure", STRUCTURE)] if _has_structure(table) else groups


def _models(table: StageTable, given: Mapping[str, ModelLike] | None) -> dict[str, ModelLike]:
    names = [name for name, _ in _groups(table)]
    given = dict(given or {})
    shares = given.pop("shares", "Drift")
    for name in given:
        if name not in names:
            raise UsageError(
                f"models: {name!r} is not forecast. {nearest(name, [*names, 'shares'])}"
            )
    return {name: given.get(name, "DampedLogGrowth" if name == GDP else shares) for name in names}


def _coordinates(name: str, inputs: Mapping[str, FloatArray]) -> FloatArray:
    """What a group is forecast as: [K, R, Y] unbounded numbers, or dollars."""
    if name == GDP:
        return inputs[GDP][None]
    if name == "structure":
        parts = np.stack([inputs[part] for part in STRUCTURE], axis=-1)
        return np.moveaxis(log_ratios(np.maximum(parts, EDGE)), -1, 0)
    share = np.clip(inputs[name], EDGE, 1 - EDGE)
    return (np.log(share) - np.log1p(-share))[None]


def _inputs(name: str, drawn: FloatArray) -> dict[str, FloatArray]:
    """The inverse: inputs [..., H] of coordinates [K, ..., H]."""
    if name == GDP:
        return {GDP: np.maximum(drawn[0], LEAST)}
    if name == "structure":
        shares = composition(np.moveaxis(drawn, 0, -1))
        return {part: shares[..., k] for k, part in enumerate(STRUCTURE)}
    return {name: 1 / (1 + np.exp(-drawn[0]))}


def _last(rows: FloatArray) -> IntArray:
    """[R] place of the last year in which all of [K, R, Y] are known; -1 where none is."""
    seen = np.asarray(np.isfinite(rows).all(axis=0))
    return np.where(seen.any(axis=1), seen.shape[1] - 1 - seen[:, ::-1].argmax(axis=1), -1)


def _check_known(table: StageTable, coordinates: Mapping[str, FloatArray]) -> None:
    problems = [
        Problem(
            f"region {table.regions[r]!r}", f"{name}: no value", "some years of each role",
            "Leave the role out, or the region.",
        )
        for name, rows in coordinates.items() for r in np.flatnonzero(_last(rows) < 0)
    ]  # fmt: skip
    if problems:
        raise DataError(problems, "the inputs of the stage path")


def _forecast(
    table: StageTable, name: str, rows: FloatArray, model: ModelLike, until: int
) -> Result:
    """Forecasts of the coordinates [K, R, Y] of all regions, each from its own last value on."""
    pieces, ids, first = [], [], []
    for k, r in np.ndindex(rows.shape[:2]):
        seen = np.flatnonzero(np.isfinite(rows[:, r]).all(axis=0))
        pieces.append(rows[k, r, seen[0] : seen[-1] + 1])
        ids.append(
            f"{name}.{k}.{table.regions[r]}" if len(rows) > 1 else f"{name}.{table.regions[r]}"
        )
        first.append(int(table.years[seen[0]]))
    panel = Panel(
        values=np.concatenate(pieces),
        indptr=np.cumsum([0, *map(len, pieces)]).astype(np.int64),
        first=np.array(first, np.int64),
        indicators=tuple(
            Indicator(
                id=i,
                unit="USD" if name == GDP else "log-ratio",
                price_basis="constant",
                lower=0.0 if name == GDP else None,
                region=table.regions[k % len(table.regions)],
            )
            for k, i in enumerate(ids)
        ),
        calendar=table.calendar,
        form=table.form,
    )
    result = forecast(panel, model, until=until, levels=LAW, progress=False)
    ((label, made),) = result.forecasts.items()
    for w, unique_id in enumerate(ids):
        if not np.isfinite(made.quantiles[w, : result.plan.last_step[w]]).all():
            status = Status(int(made.status[w]))
            why = f"{status.label}: {made.reason.get(w, '')}" if status else "it gives no interval"
            raise UsageError(
                f"model {label!r} cannot forecast {unique_id!r} ({why}). Choose another one with "
                f"models={{{name!r}: ...}}, e.g. 'Naive', which needs two values."
            )
    return result


def _draw(
    table: StageTable, coordinates: Mapping[str, FloatArray], results: Mapping[str, Result],
    years: IntArray, n_paths: int, seed: int,
) -> dict[str, FloatArray]:  # fmt: skip
    """Sample paths [R, P, H] of all inputs; what is known of a year is the same in every path."""
    moving = np.concatenate([np.log(x) if n == GDP else x for n, x in coordinates.items()])
    count, regions = moving.shape[:2]
    drawn = np.empty((count, regions, n_paths, len(years)))
    keys = [f"{name}.{k}" for name, rows in coordinates.items() for k in range(len(rows))]
    for r, region in enumerate(table.regions):
        correlation, _ = shrunk_correlation(np.diff(moving[:, r], axis=1).T, np.eye(count))
        # Others may end earlier; a region's own walk begins after the last year it knows whole.
        whole = min(int(_last(rows)[r]) for rows in coordinates.values()) + int(table.years[0])
        ahead = years > whole
        scores = np.zeros((n_paths, count, len(years)))
        scores[..., ahead] = score_walks(
            correlation, n_paths, int(ahead.sum()), [stream(seed, region, key) for key in keys]
        )
        at = 0
        for name, rows in coordinates.items():
            for k, row in enumerate(rows[:, r]):
                window = k * regions + r
                drawn[at, r] = _one(table, results[name], window, row, years, scores[:, at])
                at += 1
    found: dict[str, FloatArray] = {}
    at = 0
    for name, rows in coordinates.items():
        found |= _inputs(name, drawn[at : at + len(rows)])
        at += len(rows)
    return found


def _bridged(row: FloatArray) -> FloatArray:
    """Coordinates [Y] with years missing between two known ones on the straight line between them:
    a year that others know is not to be scored on fewer indicators than its neighbours."""
    seen = np.flatnonzero(np.isfinite(row))
    at = np.arange(len(row))
    inside = (at >= seen[0]) & (at <= seen[-1])
    return np.where(inside, np.interp(at, seen, row[seen]), np.nan)


def _one(
    table: StageTable, result: Result, window: int, row: FloatArray, years: IntArray,
    scores: FloatArray,
) -> FloatArray:  # fmt: skip
    """Paths [P, H] of one coordinate."""
    (made,) = result.forecasts.values()
    step = years - int(result.plan.windows.cutoff[window]) - 1
    known = step < 0
    paths = np.empty(scores.shape)
    paths[:, known] = _bridged(row)[years[known] - int(table.years[0])]
    ahead = step[~known]
    paths[:, ~known] = read_law(
        made.mean[window, ahead], made.quantiles[window, ahead], made.probs, scores[:, ~known]
    )
    return paths
