"""What a comparison gives: a leaderboard, pairs, groups, words, files and a report."""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np

from westforecast.backtest import Result
from westforecast.comparison.evidence import (
    TIMES,
    Evidence,
    Judgment,
    Losses,
    apart,
    best,
    judge,
    reach,
    weigh,
)
from westforecast.comparison.inference import holm, holm_sizes, log_ratio, mean_ranks
from westforecast.errors import WestforecastError
from westforecast.files import write_whole
from westforecast.metrics import Metric
from westforecast.models.status import Status
from westforecast.series import frame as frames
from westforecast.text import json_text
from westforecast.typing import BoolArray, FloatArray, IntArray

BASELINE, BETTER, WORSE = "baseline", "better", "worse"
NO_DIFFERENCE = "no evidence of a difference"
NOT_ENOUGH = "not enough evidence"
SHARED_SHOCKS = (
    "differences of series move together from cutoff to cutoff, or it cannot be seen whether they "
    "do, so that series are no independent observations, and the cutoffs are too few"
)
OPPOSED = (
    "the test finds a difference and the skill does not say the same, as cells weigh differently "
    "in each"
)
SET_DIFFERS = (
    "the confidence set answers another question, which models may be the best of all, by one test "
    "of all of them, and so may differ from verdicts on the baseline"
)
ALONE = "A data set alone is judged by itself, and its verdicts may differ from those over all."

Columns = dict[str, Any]


@dataclass(frozen=True, eq=False)
class Comparison:
    """Models compared on common cells of one or more data sets. Made by `westforecast.compare`.

    results: the backtests. losses: of the cells that are compared. alpha: size of the tests.
    independent: whether series are known to share no shock.
    Frames come in the kind of frame the first panel was read from. `dataset=` of a method asks for
    one data set alone.
    """

    results: Mapping[str, Result]
    losses: Losses
    baseline: str
    metric: Metric
    alpha: float
    independent: bool
    n_boot: int
    seed: int
    settings: Mapping[str, object]
    seconds: float
    _boards: dict[str | None, "Board"] = field(init=False, repr=False, default_factory=dict)

    def __repr__(self) -> str:
        return (
            f"Comparison: {len(self.models)} models, baseline {self.baseline}, "
            f"{len(self.results)} data sets, {self.losses.column}, "
            f"{self.losses.values.shape[1]} cells"
        )

    def __str__(self) -> str:
        from westforecast.comparison.words import text

        return text(self)

    @property
    def models(self) -> tuple[str, ...]:
        """The models that are compared."""
        return self.losses.models

    @property
    def datasets(self) -> tuple[str, ...]:
        """Names of the data sets."""
        return tuple(self.losses.parts)

    @property
    def left_out(self) -> Mapping[str, str]:
        """Models that are not compared, and why."""
        return self.losses.left_out

    @cached_property
    def failed(self) -> int:
        """How many (window, model) pairs gave no forecast of their own."""
        return sum(result.failed for result in self.results.values())

    @cached_property
    def statuses(self) -> dict[str, int]:
        """The same by status, e.g. {"too_short": 450}; the most frequent first."""
        each = [f.status for result in self.results.values() for f in result.forecasts.values()]
        found = Counter(np.concatenate(each).tolist())
        return {Status(s).label: n for s, n in found.most_common() if s != Status.OK}

    def board(self, dataset: str | None = None) -> "Board":
        """Everything that is said of the models, as arrays; `leaderboard` as a frame."""
        if dataset not in self._boards:
            losses = self.losses if dataset is None else self.losses.of(dataset)
            self._boards[dataset] = Board(losses, self)
        return self._boards[dataset]

    def leaderboard(self, dataset: str | None = None) -> Any:
        """One row per model, best first, models that are not compared last.

        Columns: model; the metric's column (with several data sets one for each, "mase west");
        skill = 1 - geometric mean over data sets of the ratio of scores to the baseline's, with the
        ends skill_lo and skill_hi of its band: what the test behind the verdict does not reject, so
        that 0 is outside where the verdict is better or worse; win_rate, share of
        series whose mean loss is below the baseline's, ties half; mean_rank over series; in_set and
        set_p, whether the model confidence set holds it; p_value, by the rule and after Holm's
        correction for the models beside the baseline; verdict ("better", "worse", "no evidence of a
        difference", "not enough evidence", "baseline"); reason, where there is no evidence or where
        the confidence set seems to say otherwise; n_missing, cells in which it has no forecast of
        its own. A model with infinite losses is not compared: its score is infinite.
        """
        return self._build(self.board(dataset).columns())

    def pairs(self, dataset: str | None = None) -> Any:
        """Every model against every other, in both orders: is `model` better than `other`?

        Columns: model, other, skill, win_rate, p_value, verdict, reason as in `leaderboard`. Pairs
        with the baseline are those of `leaderboard`, Holm's correction and all; the others are
        questions of their own, with Holm's correction for their number.
        """
        return self._build(self.board(dataset).pair_columns())

    def by(self, by: str | Sequence[str] = "horizon") -> Any:
        """Score and skill of each model in each group: one row per group and model.

        by: any of dataset, horizon, cutoff, ds, unique_id, or a field of the indicators (region
        ...). The score's column is there where a group lies in one data set (by=["dataset",
        "horizon"]); the skill is the geometric mean over the data sets that have the group. n,
        n_series: cells compared and the series they are of; a group with known outcomes and no cell
        that all models have is there with n = 0. Raises UsageError for what is no key.
        """
        keys = [self.losses.form.key(key) for key in ([by] if isinstance(by, str) else by)]
        return self._build(self.group_columns([key for key in keys if key != "model"]), keys)

    def _build(self, columns: Columns, keys: Sequence[str] = ()) -> Any:
        times = [key for key in keys if key in TIMES and self.losses.calendar is not None]
        return frames.build(columns, self.losses.form, self.losses.calendar, times)

    def group_columns(self, keys: Sequence[str]) -> Columns:
        """What `by` gives, as columns; periods are integers."""
        losses, base = self.losses.whole, self.models.index(self.baseline)
        code, labels = np.zeros(losses.values.shape[1], np.int64), {}
        for key in keys:
            distinct, which = losses.key(key)
            labels[key] = distinct, which
            code = code * len(distinct) + which
        _, place, group = np.unique(code, return_index=True, return_inverse=True)
        groups, sets, models = len(place), len(losses.parts), len(self.models)
        mean = losses.means(group * sets + losses.dataset, groups * sets)
        mean = mean.reshape(groups, sets, models)
        ratio = log_ratio(mean, mean[:, :, [base]], losses.root)
        there = np.isfinite(mean[:, :, :1])
        with np.errstate(invalid="ignore"):  # a group without a cell that is compared
            ratio = np.where(there, ratio, 0.0).sum(axis=1) / there.sum(axis=1)  # [G, M]
        columns: Columns = {
            key: np.repeat(distinct[which[place]], models)
            for key, (distinct, which) in labels.items()
        }
        columns["model"] = np.tile(np.array(self.models, dtype=object), groups)
        if sets == 1 or "dataset" in keys:
            own = np.where(there.any(axis=1), np.nansum(mean, axis=1), np.nan)  # the one there is
            columns[losses.column] = (np.sqrt(own) if losses.root else own).ravel()
        columns["skill"] = _skill(ratio).ravel()
        has = losses.compared
        columns["n"] = np.repeat(np.bincount(group[has], minlength=groups), models)
        held = np.unique(np.stack([group[has], losses.series[has]]), axis=1)[0]
        columns["n_series"] = np.repeat(np.bincount(held, minlength=groups), models)
        return columns

    # --- out ------------------------------------------------------------------------------------

    def to_dict(self) -> dict[str, Any]:
        """Everything as plain values for JSON; None where there is no number."""
        board = self.board()
        found: dict[str, Any] = {
            "settings": dict(self.settings),
            "baseline": self.baseline,
            "metric": self.losses.column,
            "series": len(self.losses.by_series),
            "cutoffs": len(np.unique(self.losses.cutoff)),
            "cells": self.losses.values.shape[1],
            "observed": self.losses.observed,
            "undefined": self.losses.undefined,
            "left_out": dict(self.left_out),
            "judged_by": board.evidence.unit,
            "evidence": board.evidence.words,
            "leaderboard": _rows(board.columns()),
            "pairs": _rows(board.pair_columns()),
            "datasets": {
                name: {
                    "judged_by": self.board(name).evidence.unit,
                    "evidence": f"{self.board(name).evidence.words} {ALONE}",
                    "leaderboard": _rows(self.board(name).columns()),
                }
                for name in self.datasets
            },
            "by_horizon": self.records("horizon"),
            "by_cutoff": self.records("cutoff"),
            "seconds": round(self.seconds, 3),
        }
        plain: dict[str, Any] = _plain(found)
        return plain

    def records(self, by: str | Sequence[str]) -> list[dict[str, Any]]:
        """The rows of `by` as plain values, periods as words."""
        found: list[dict[str, Any]] = _plain(
            _rows(self.labelled([by] if isinstance(by, str) else list(by)))
        )
        return found

    def labelled(self, keys: list[str]) -> Columns:
        """What `by` gives, as columns, with periods as words."""
        keys = [self.losses.form.key(key) for key in keys if key != "model"]
        columns, calendar = self.group_columns(keys), self.losses.calendar
        for key in keys:
            if key in TIMES and calendar is not None:
                columns[key] = np.array([calendar.label(p) for p in columns[key]], dtype=object)
        return columns

    def manifest(self) -> dict[str, dict[str, Any]]:
        """What is needed to make each data set's result again: see `Result.manifest`."""
        return {name: result.manifest() for name, result in self.results.items()}

    def save(self, folder: str | Path, by: Sequence[str] = ()) -> list[Path]:
        """Write leaderboard.csv, pairs.csv, by_horizon.csv, by_cutoff.csv and one for each more key
        of `by`, comparison.json and manifest.json, each whole or not at all.

        by: keys as for `by`, a table each. Raises UsageError for what is no key, and where the
        folder cannot be written.
        """
        board = self.board()
        tables = {f"by_{key}.csv": [key] for key in ("horizon", "cutoff", *by)}
        plain = {"comparison.json": self.to_dict(), "manifest.json": self.manifest()}
        contents = {
            "leaderboard.csv": frames.to_csv_bytes(board.columns()),
            "pairs.csv": frames.to_csv_bytes(board.pair_columns()),
            **{name: frames.to_csv_bytes(self.labelled(keys)) for name, keys in tables.items()},
            **{name: json_text(value, default=str).encode() for name, value in plain.items()},
        }
        return write_whole(folder, contents)

    def report(self, path: str | Path, by: Sequence[str] = ()) -> Path:
        """Write one self-contained HTML page: leaderboard, skill, errors by horizon and by
        cutoff, a table for each key of `by`, notes on method, and what it was made with.

        Raises UsageError for what is no key, and where the file cannot be written;
        MissingExtraError where the packages of the extra `report` are missing.
        """
        try:
            from westforecast.comparison.page import page
        except ModuleNotFoundError as error:
            raise MissingExtraError(
                f"a report needs {error.name}, which is not installed. Install what reports are "
                "made with: pip install 'westforecast[report]'."
            ) from error
        file = Path(path)
        return write_whole(file.parent, {file.name: page(self, by).encode()})[0]


class MissingExtraError(WestforecastError, ImportError):
    """A report is asked for and what it is drawn with is not installed."""


@dataclass(frozen=True, eq=False)
class Board:
    """What is said of the models on some data sets; everything is computed once, when asked for."""

    losses: Losses
    comparison: Comparison

    @property
    def base(self) -> int:
        """Place of the baseline."""
        return self.losses.models.index(self.comparison.baseline)

    @cached_property
    def evidence(self) -> Evidence:
        """What there is to judge by."""
        return weigh(self.losses, self.base, self.comparison.independent)

    @cached_property
    def skill(self) -> FloatArray:
        """[M] skill against the baseline, NaN where the baseline's score alone is 0."""
        return _skill(self.losses.log_skill(self.base))

    @cached_property
    def band(self) -> FloatArray:
        """[2, M] ends of the skill's band: the skills that the verdict's test, as strict as Holm's
        correction makes it, does not reject, and the skill itself. NaN without evidence."""
        owner, (judged, others) = self.comparison, self._against
        base = np.full(len(others), self.base)
        sizes = holm_sizes(judged.p_value, owner.alpha)
        far = reach(self.evidence, judged, others, base, sizes, owner.n_boot, owner.seed)
        ratio = np.maximum(1 + judged.difference + np.stack([far, -far]), 0)
        ends = np.full((2, len(self.losses.models)), np.nan)
        skill = self.skill[others]
        low, high = 1 - (np.sqrt(ratio) if self.losses.root else ratio)
        given = np.isfinite(far) & np.isfinite(skill)
        ends[0, others] = np.where(given, np.minimum(low, skill), np.nan)
        ends[1, others] = np.where(given, np.maximum(high, skill), np.nan)
        ends[:, self.base] = 0.0 if self.evidence.unit != "none" else np.nan
        return ends

    @cached_property
    def set_p(self) -> FloatArray:
        """[M] p-values of the model confidence set, NaN where there is no evidence."""
        shared = bool(self._against[0].shared.any())
        return best(self.evidence, shared, self.comparison.n_boot, self.comparison.seed)

    @cached_property
    def _against(self) -> tuple[Judgment, IntArray]:
        """The other models against the baseline, and their places."""
        others = np.delete(np.arange(len(self.losses.models)), self.base)
        base, owner = np.full(len(others), self.base), self.comparison
        return judge(self.evidence, others, base, owner.n_boot, owner.seed), others

    @property
    def shared(self) -> BoolArray:
        """[M - 1] which other models' differences to the baseline show shocks that series share."""
        return self._against[0].shared

    @cached_property
    def order(self) -> IntArray:
        """[M] places of models by skill, best first."""
        key = np.where(np.isfinite(self.skill), -self.skill, np.inf)
        return np.argsort(key, kind="stable")

    def verdicts(self) -> tuple[list[str], list[str], FloatArray]:
        """[M] verdict, reason, and p-value after Holm's correction."""
        judged, others = self._against
        models = len(self.losses.models)
        p = np.full(models, np.nan)
        p[others] = holm(judged.p_value)
        verdicts, reasons = [BASELINE] * models, [""] * models
        for k, m in enumerate(others):
            verdicts[m], reasons[m] = self._verdict(
                p[m], judged.difference[k], self.skill[m], bool(judged.shared[k])
            )
        return verdicts, reasons, p

    @cached_property
    def in_set(self) -> BoolArray:
        """[M] whether the model confidence set holds each model; false without evidence."""
        inside: BoolArray = self.set_p > self.comparison.alpha
        return inside

    def set_differs(self) -> BoolArray:
        """[M] models of which the confidence set seems to say something else than verdicts do."""
        verdicts, inside = np.array(self.verdicts()[0]), self.in_set
        base, unclear = inside[self.base], verdicts == NO_DIFFERENCE
        found: BoolArray = (
            ((verdicts == BETTER) & base)
            | ((verdicts == WORSE) & inside)
            | (unclear & (inside != base))
        )
        found[self.base] = base and BETTER in verdicts
        return found & np.isfinite(self.set_p)

    @property
    def levelled(self) -> bool:
        """Whether Holm's correction makes p-values equal that are not."""
        raw = self._against[0].p_value
        fixed = holm(raw)
        return len(np.unique(fixed[fixed < 1])) < len(np.unique(raw[fixed < 1]))

    def _verdict(self, p: float, difference: float, skill: float, shared: bool) -> tuple[str, str]:
        """The test and the skill must both say so: cells weigh otherwise in each."""
        if self.evidence.unit == "none":
            return NOT_ENOUGH, self.evidence.words
        if p <= self.comparison.alpha:
            if difference < 0 and not skill <= 0:
                return BETTER, ""
            if difference > 0 and not skill >= 0:
                return WORSE, ""
            return NO_DIFFERENCE, OPPOSED
        return (NOT_ENOUGH, SHARED_SHOCKS) if shared else (NO_DIFFERENCE, "")

    def win_rate(self, first: IntArray | int, second: IntArray | int) -> FloatArray:
        """Share of series whose mean loss is lower in the first than in the second, ties half."""
        rows = apart(
            self.losses.by_series, np.atleast_1d(np.array(first)), np.atleast_1d(np.array(second))
        )
        rate: FloatArray = ((rows < 0) + 0.5 * (rows == 0)).mean(axis=0)
        return rate

    def columns(self) -> Columns:
        """What `Comparison.leaderboard` gives."""
        losses, order = self.losses, self.order
        left = list(losses.left_out)
        verdicts, reasons, p = self.verdicts()
        for m in np.flatnonzero(self.set_differs()):
            reasons[m] = "; ".join(filter(None, (reasons[m], SET_DIFFERS)))
        every = np.arange(len(losses.models))
        wins = self.win_rate(every, np.full(len(every), self.base))
        scores = {
            losses.column if len(losses.parts) == 1 else f"{losses.column} {name}": row
            for name, row in zip(losses.parts, losses.scores(), strict=True)
        }
        known = np.isfinite(self.set_p)
        inside = [bool(it) if has else None for it, has in zip(self.in_set, known, strict=True)]
        numbers = {
            **scores, "skill": self.skill, "skill_lo": self.band[0], "skill_hi": self.band[1],
            "win_rate": wins, "mean_rank": mean_ranks(losses.by_series),
            "in_set": np.array(inside, dtype=object), "set_p": self.set_p, "p_value": p,
        }  # fmt: skip
        columns: Columns = {"model": [losses.models[m] for m in order] + left}
        for name, column in numbers.items():
            nothing = [None if column.dtype == object else np.nan] * len(left)
            columns[name] = np.array([*column[order], *nothing], dtype=column.dtype)
        for name, where in losses.infinite.items():
            for dataset, column in zip(losses.parts, scores, strict=True):
                if dataset in where:
                    columns[column][columns["model"].index(name)] = np.inf
        columns["verdict"] = [verdicts[m] for m in order] + [NOT_ENOUGH] * len(left)
        columns["reason"] = [reasons[m] for m in order] + [losses.left_out[name] for name in left]
        missing = [losses.lost[losses.models[m]] for m in order]
        columns["n_missing"] = np.array([*missing, *[losses.observed] * len(left)], np.int64)
        for name in ("model", "verdict", "reason"):
            columns[name] = np.array(columns[name], dtype=object)
        return columns

    def pair_columns(self) -> Columns:
        """What `Comparison.pairs` gives."""
        losses, owner = self.losses, self.comparison
        i, j = np.triu_indices(len(losses.models), 1)
        judged = judge(self.evidence, i, j, owner.n_boot, owner.seed)
        p, based = np.empty(len(i)), (i == self.base) | (j == self.base)
        for family in (based, ~based):
            p[family] = holm(judged.p_value[family])
        ratio = log_ratio(losses.mean[:, i], losses.mean[:, j], losses.root).mean(axis=0)
        wins = self.win_rate(i, j)
        sides = [(i, j, 1, wins), (j, i, -1, 1 - wins)]
        names = np.array(losses.models, dtype=object)
        told = [
            self._verdict(p[k], sign * judged.difference[k], skill, bool(judged.shared[k]))
            for _, _, sign, _ in sides
            for k, skill in enumerate(_skill(sign * ratio))
        ]
        columns: Columns = {
            "model": np.concatenate([names[a] for a, _, _, _ in sides]),
            "other": np.concatenate([names[b] for _, b, _, _ in sides]),
            "skill": np.concatenate([_skill(sign * ratio) for _, _, sign, _ in sides]),
            "win_rate": np.concatenate([wins for *_, wins in sides]),
            "p_value": np.tile(p, 2),
            "verdict": np.array([verdict for verdict, _ in told], dtype=object),
            "reason": np.array([reason for _, reason in told], dtype=object),
        }
        order = np.lexsort((np.concatenate([j, i]), np.concatenate([i, j])))
        return {name: column[order] for name, column in columns.items()}


def _skill(log_ratio: FloatArray) -> FloatArray:
    """1 - ratio; NaN where the other's score alone is 0."""
    with np.errstate(over="ignore"):
        skill: FloatArray = 1 - np.exp(np.where(log_ratio == np.inf, np.nan, log_ratio))
    return skill


def _rows(columns: Columns) -> list[dict[str, Any]]:
    return [dict(zip(columns, row, strict=True)) for row in zip(*columns.values(), strict=True)]


def _plain(value: Any) -> Any:
    """Values as JSON has them: None for what is no finite number."""
    if isinstance(value, Mapping):
        return {str(key): _plain(each) for key, each in value.items()}
    if isinstance(value, list | tuple):
        return [_plain(each) for each in value]
    if isinstance(value, np.generic):
        value = value.item()
    if isinstance(value, float) and not np.isfinite(value):
        return None
    return value
