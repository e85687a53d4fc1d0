"""Forecasts of totals and parts made to add up, with the methods of hierarchicalforecast."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from importlib import import_module
from typing import Any

import numpy as np

from westforecast.backtest import Result
from westforecast.backtest.result import warn_of_cuts
from westforecast.domain.identity import Sum, check_identities, in_order
from westforecast.domain.shares import FEWEST, read_law, shrunk_correlation
from westforecast.errors import DataError, Problem, UsageError, nearest
from westforecast.kernels.sampling import score_walks, stream
from westforecast.models import Forecast, Status
from westforecast.models.bounds import in_words
from westforecast.models.forecast import CUT_INTERVAL, CUT_POINT
from westforecast.series import Panel
from westforecast.series.cells import id_text
from westforecast.typing import BoolArray, FloatArray, IntArray

# Our names, the classes of hierarchicalforecast.methods behind them, and whether those need errors.
METHODS: Mapping[str, tuple[str, Mapping[str, str], bool]] = {
    "bottom_up": ("BottomUp", {}, False),
    "top_down": ("TopDown", {"method": "forecast_proportions"}, False),
    "ols": ("MinTrace", {"method": "ols"}, False),
    "wls_struct": ("MinTrace", {"method": "wls_struct"}, False),
    "wls_var": ("MinTrace", {"method": "wls_var"}, True),
    "mint_shrink": ("MinTrace", {"method": "mint_shrink"}, True),
}

# What totals may differ from their parts in the data, as a fraction.
TOLERANCE = 0.01

Structure = Mapping[str, Sequence[str]] | Sequence[Sum]


def reconcile(
    result: Result,
    structure: Structure,
    method: str | Sequence[str] = "bottom_up",
    *,
    errors: Result | None = None,
    n_paths: int = 1000,
    seed: int = 0,
    tolerance: float = TOLERANCE,
) -> Result:
    """Change forecasts as little as a method asks for, so that totals are the sums of their parts.

    result: a forecast or backtest of all series of a structure, and of no others.
    structure: total -> its parts, {"nation": ["east", "west"], "west": [...]}, or `Sum` identities.
    method: one or several of
        "bottom_up": parts as they are, totals from them;
        "top_down": the top as it is, split as the forecasts of the parts are (trees only);
        "ols", "wls_struct": least squares, all series alike, or weighted by number of parts;
        "wls_var", "mint_shrink": weighted by variances, or by a shrunk covariance, of past errors
        (Wickramasuriya, Athanasopoulos & Hyndman, J. American Statistical Association 114 (2019)).
    errors: a backtest of the same models and series, whose errors one step ahead (the first step it
        scored) tell how series err together; a backtest is its own unless given. Only errors known
        at a forecast's own cutoff are used.
    n_paths, seed: sample paths behind intervals, and their stream.
    tolerance: how far observed totals may differ from the sum of their parts, as a fraction.

    Returns a Result that holds the models given and, for each and every method, "Drift/ols": its
    frames and scores compare them. Points add up in every period. Intervals: paths are drawn from
    the models' quantiles, dependent as past errors were, reconciled one by one, and read again
    (Panagiotelis et al., European J. of Operational Research 306 (2023)); without errors there is
    none. A bottom series that would leave its bounds (a count below 0) is set to them and totals
    are added up anew, in points and paths; `Forecast.cut` and the ledger say where. In each group
    (one cutoff) all series are reconciled, or none with a reason.

    Raises UsageError for a structure or method that cannot be meant, and where hierarchicalforecast
    is not installed; DataError for series that end in different periods, and for observed totals
    that are not the sums of their parts.
    """
    wanted = [method] if isinstance(method, str) else list(method)
    for name in wanted:
        if name not in METHODS:
            raise UsageError(f"no method {name!r}. {nearest(name, METHODS)}")
    tree = _tree(structure, result.plan.panel)
    if "top_down" in wanted:
        tree.check_tree()
    _check_sums(result.plan.panel, tree.sums, tolerance)
    is_backtest = result.plan.windows.as_of is not None
    known = errors or (result if is_backtest else None)
    groups = _groups(result, tree)
    library = _library()
    forecasts, names = dict(result.forecasts), list(result.forecasts)
    for model in names:
        past = None if known is None else _past(known, model, tree)
        for name in wanted:
            forecasts[f"{model}/{name}"] = _reconciled(
                result, model, tree, groups, past, _Method(library, name), n_paths, seed
            )
    new = {f"{model}/{name}": model for model in names for name in wanted}
    made = replace(
        result,
        forecasts=forecasts,
        models={**result.models, **{n: result.models[m] for n, m in new.items()}},
        used={**result.used, **{n: np.zeros(len(result.plan.windows), bool) for n in new}},
        probes={**result.probes, **{n: result.probes[m] for n, m in new.items()}},
        settings={**result.settings, "reconciled": wanted, "structure": tree.record(),
                  "reconcile_seed": seed, "reconcile_paths": n_paths},
    )  # fmt: skip
    warn_of_cuts({name: count for name, count in made.cut.items() if name in new})
    return made


def _library() -> Any:
    """hierarchicalforecast.methods, which takes two seconds to import."""
    try:
        return import_module("hierarchicalforecast.methods")
    except ImportError as error:
        raise UsageError(
            f"reconcile needs the package hierarchicalforecast ({error}): "
            'pip install "westforecast[hierarchy]".'
        ) from error


# --- structure ----------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True, eq=False)
class _Tree:
    """names: [N] totals first, then bottom series. summing: [N, B]. sums: the totals' identities.

    series: [N] places of the names in the panel. factors: [N, 1] plain units a stored unit is
    worth. bounds: [N, 2] what the series cannot leave, in stored units.
    """

    names: tuple[str, ...]
    summing: FloatArray
    sums: tuple[Sum, ...]
    series: IntArray
    factors: FloatArray
    bounds: FloatArray

    def inside(self, columns: FloatArray) -> FloatArray:
        """Columns [N, C] with bottom series set to their bounds and totals added up anew.

        Least squares may take a small part below 0. Setting it to 0 keeps sums and is nearly as
        accurate as a search under constraints (Di Fonzo & Girolimetto, Solar Energy 251 (2023),
        13-29, who call it "set negative to zero"). Columns that leave no bound stay as they are.
        """
        totals = len(self.sums)
        low, high = (bound[totals:, None] for bound in self.bounds.T)
        bottom = np.clip(columns[totals:], low, high)
        moved = (bottom != columns[totals:]).any(axis=0)
        added = self.summing @ (bottom * self.factors[totals:]) / self.factors
        return np.where(moved, added, columns)

    def record(self) -> dict[str, list[str]]:
        return {s.name: list(s.parts) for s in self.sums}

    def check_tree(self) -> None:
        """Raise UsageError unless this is a tree with one top and branches of one depth."""
        parts = [part for s in self.sums for part in s.parts]
        twice = sorted({part for part in parts if parts.count(part) > 1})
        single = [s.name for s in self.sums if len(s.parts) == 1]
        tops = [s.name for s in self.sums if s.name not in parts]
        depths = {self._depth(name) for name in self.names[len(self.sums) :]}
        if twice or single or len(tops) > 1 or len(depths) > 1:
            found = (
                f"{', '.join(twice)} in two totals" if twice
                else f"{', '.join(single)} with one part" if single
                else f"{len(tops)} tops: {', '.join(tops)}" if len(tops) > 1
                else "branches of unlike depth"
            )  # fmt: skip
            raise UsageError(
                f"top_down needs a tree with one top and bottom series all as deep; found {found}. "
                'Use "bottom_up", "ols" or "mint_shrink".'
            )

    def levels(self) -> dict[str, IntArray]:
        """Depth -> places of its series, as the library wants a tree told."""
        depth = np.array([self._depth(name) for name in self.names])
        return {str(d): np.flatnonzero(depth == d) for d in range(int(depth.max()) + 1)}

    def _depth(self, name: str) -> int:
        above = next((s.name for s in self.sums if name in s.parts), None)
        return 0 if above is None else 1 + self._depth(above)


def _tree(structure: Structure, panel: Panel) -> _Tree:
    if isinstance(structure, Mapping):
        structure = [
            Sum(id_text(name), tuple(map(id_text, parts))) for name, parts in structure.items()
        ]
    if not structure or not all(isinstance(s, Sum) for s in structure):
        raise UsageError(
            "structure is to say which totals have which parts: "
            '{"nation": ["east", "west"]}, or a list of Sum identities.'
        )
    totals = [s.name for s in structure]
    if len(set(totals)) < len(totals):
        twice = next(name for name in totals if totals.count(name) > 1)
        raise UsageError(f"the structure has {twice!r} twice; give each total once.")
    bottom = sorted({part for s in structure for part in s.parts if part not in totals})
    for name in [*totals, *bottom]:
        panel.index(name)  # raises, suggesting the nearest
    others = sorted(set(panel.ids) - {*totals, *bottom})
    if others:
        raise UsageError(
            f"series {', '.join(others[:10])} of the result are not in the structure. Forecast "
            "panel.select(id=[...]) with those that are."
        )
    rows = dict(zip(bottom, np.eye(len(bottom)), strict=True))
    ordered = in_order(list(structure), bottom)
    for s in ordered:
        rows[s.name] = np.sum([rows[part] for part in s.parts], axis=0)
    names = (*(s.name for s in reversed(ordered)), *bottom)
    series = np.array([panel.index(name) for name in names], np.int64)
    factors = np.array([[panel.indicators[i].factor] for i in series])
    bounds = np.array([panel.indicators[i].bounds for i in series])
    summing = np.stack([rows[name] for name in names])
    return _Tree(names, summing, tuple(ordered), series, factors, bounds)


def _check_sums(panel: Panel, sums: Sequence[Sum], tolerance: float) -> None:
    mismatches = check_identities(panel, sums, tolerance)
    if mismatches:
        label = panel.calendar.label
        raise DataError(
            [
                Problem(
                    f"{m.identity!r} in {label(m.period)}",
                    f"{m.observed:g}, parts add up to {m.derived:g} ({m.relative:+.1%})",
                    f"a difference of at most {tolerance:.1%}",
                    "Take total and parts from one vintage, make the rest a part, or allow more "
                    "with tolerance=...",
                )
                for m in mismatches
            ],
            "the data, whose totals are to be sums",
        )


# --- groups and errors --------------------------------------------------------------------------


@dataclass(frozen=True, slots=True, eq=False)
class _Group:
    """Windows of one cutoff. windows: [N] in the order of the structure, -1 where there is none."""

    cutoff: int
    windows: IntArray


def _groups(result: Result, tree: _Tree) -> list[_Group]:
    """Windows by cutoff; raises DataError where series of one origin end in different periods."""
    windows = result.plan.windows
    made_at = windows.cutoff if windows.as_of is None else windows.as_of
    if windows.as_of is None and len(set(windows.cutoff.tolist())) > 1:
        _raise_ends(result, windows.cutoff, int(windows.cutoff.max()))
    place = {int(series): n for n, series in enumerate(tree.series)}
    groups = []
    for origin in np.unique(made_at):
        mine = np.flatnonzero(made_at == origin)
        cutoffs = windows.cutoff[mine]
        if len(set(cutoffs.tolist())) > 1:
            _raise_ends(result, np.where(made_at == origin, windows.cutoff, -1), int(cutoffs.max()))
        which = np.full(len(tree.names), -1)
        for w in mine:
            which[place[int(windows.series[w])]] = w
        groups.append(_Group(int(cutoffs[0]), which))
    return groups


def _raise_ends(result: Result, cutoff: IntArray, last: int) -> None:
    windows, label = result.plan.windows, result.plan.panel.calendar.label
    early = np.flatnonzero((cutoff >= 0) & (cutoff < last))
    remedy = f"Forecast panel.as_of({label(int(cutoff[early].min()))}), or complete the series."
    problems = [
        Problem(f"series {windows.ids[windows.series[w]]!r}", f"ends in {label(int(cutoff[w]))}",
                label(last), remedy)
        for w in early
    ]  # fmt: skip
    raise DataError(problems, "the forecasts: what is to add up must start together")


@dataclass(frozen=True, slots=True, eq=False)
class _Past:
    """Outcomes and forecasts one step ahead [N, E] of one model, in plain units, by period [E]."""

    periods: IntArray
    actual: FloatArray
    forecast: FloatArray

    def until(self, cutoff: int) -> "_Past":
        """Those whose outcomes were known at a cutoff."""
        known = self.periods <= cutoff
        return _Past(self.periods[known], self.actual[:, known], self.forecast[:, known])


def _past(errors: Result, model: str, tree: _Tree) -> _Past:
    """Complete rows of errors of the first step scored. Raises UsageError where they do not fit."""
    if model not in errors.forecasts:
        raise UsageError(
            f"errors holds no model {model!r}. {nearest(model, errors.forecasts)} "
            "Backtest the same models under the same names."
        )
    plan, windows = errors.plan, errors.plan.windows
    places = {plan.panel.index(name): n for n, name in enumerate(tree.names)}
    step = plan.first_step - 1
    periods = windows.cutoff + step + 1
    distinct = np.unique(periods)
    table = np.full((2, len(tree.names), len(distinct)), np.nan)
    column = np.searchsorted(distinct, periods)
    forecast = errors.forecasts[model]
    for w, series in enumerate(windows.series):
        if int(series) in places and forecast.status[w] == Status.OK:
            at = (places[int(series)], column[w])
            table[0][at], table[1][at] = errors.actuals[w, step], forecast.mean[w, step]
    whole = np.isfinite(table).all(axis=(0, 1))
    return _Past(distinct[whole], *(table[:, :, whole] * tree.factors))


# --- reconciling --------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True, eq=False)
class _Method:
    library: Any
    name: str

    @property
    def needs_errors(self) -> bool:
        return METHODS[self.name][2]

    def apply(self, tree: _Tree, columns: FloatArray, past: _Past | None) -> FloatArray:
        """Base forecasts [N, C] of any number of steps or paths, reconciled."""
        kind, settings, _ = METHODS[self.name]
        given: dict[str, Any] = {"S": tree.summing, "y_hat": columns}
        if self.name == "top_down":
            given["tags"] = tree.levels()
        if self.needs_errors and past is not None:
            given |= {"y_insample": past.actual, "y_hat_insample": past.forecast}
        reconciler = getattr(self.library, kind)(**settings)
        return np.asarray(reconciler.fit_predict(**given)["mean"], float)


def _reconciled(
    result: Result, model: str, tree: _Tree, groups: Sequence[_Group], past: _Past | None,
    method: _Method, n_paths: int, seed: int,
) -> Forecast:  # fmt: skip
    base = result.forecasts[model]
    made = Forecast.empty(len(base), result.plan.horizon, result.levels)
    for group in groups:
        which = group.windows
        known = None if past is None else past.until(group.cutoff)
        if why := _refusal(result, model, tree, group, method, known):
            for w in which[which >= 0]:
                made.refuse(int(w), Status.FAILED, why)
            continue
        try:
            mean = method.apply(tree, base.mean[which] * tree.factors, known)  # [N, H]
        except Exception as error:  # errors of zero have no covariance; that costs this group alone
            for w in which:
                made.fail(int(w), error)
            continue
        mean = mean / tree.factors
        made.mean[which] = tree.inside(mean)
        totals = len(tree.sums)
        made.cut[which[totals:]] = CUT_POINT * (made.mean[which] != mean)[totals:]
        if not made.probs:
            continue
        if known is None or len(known.periods) < FEWEST or np.isnan(base.quantiles[which]).any():
            made.reason.update(dict.fromkeys(which.tolist(), "forecast without an interval"))
            continue
        streams = [stream(seed, name) for name in tree.names]
        paths = _paths(base, which, known, n_paths, streams) * tree.factors[..., None]  # [N, H, P]
        flat = method.apply(tree, paths.reshape(len(which), -1), known).reshape(paths.shape)
        flat = flat.reshape(len(which), -1) / tree.factors
        free, kept = (
            np.moveaxis(np.quantile(drawn.reshape(paths.shape), made.probs, axis=-1), 0, -1)
            for drawn in (flat, tree.inside(flat))
        )  # [N, H, Q]
        made.quantiles[which] = kept
        low, high = tree.bounds[:, :1, None], tree.bounds[:, 1:, None]
        ends = np.asarray(((free < low) | (free > high)).any(axis=2))
        ends[:totals] = False
        made.cut[which] = np.where(ends & (made.cut[which] == 0), CUT_INTERVAL, made.cut[which])
    made.hold_points()
    _remark(result, made)
    return made


def _refusal(
    result: Result, model: str, tree: _Tree, group: _Group, method: _Method, past: _Past | None
) -> str:
    """Why a group cannot be reconciled; empty where it can."""
    label = result.plan.panel.calendar.label(group.cutoff)
    forecast = result.forecasts[model]
    for name, w in zip(tree.names, group.windows, strict=True):
        if w < 0:
            return f"not reconciled: {name!r} has no forecast at {label}"
        if forecast.status[w] != Status.OK:
            status = Status(int(forecast.status[w])).label
            why = forecast.reason.get(int(w), "")
            return f"not reconciled: {name!r} has no forecast ({status}: {why})"
    count = 0 if past is None else len(past.periods)
    if method.needs_errors and count < FEWEST:
        return (
            f"not reconciled: {method.name} needs {FEWEST} past errors of all series, {count} "
            f"known at {label}; pass errors=, a backtest with more windows"
        )
    return ""


def _paths(
    base: Forecast, which: IntArray, past: _Past, n_paths: int,
    streams: Sequence[np.random.Generator],
) -> FloatArray:  # fmt: skip
    """Joint paths [N, H, P] of the models' own laws, dependent as past errors were."""
    gaps = (past.actual - past.forecast).T
    correlation, _ = shrunk_correlation(gaps, np.eye(len(which)))
    scores = score_walks(correlation, n_paths, base.mean.shape[1], streams)
    return np.stack([read_law(base.mean[w], base.quantiles[w], base.probs, scores[:, n]).T
                     for n, w in enumerate(which)])  # fmt: skip


def _remark(result: Result, made: Forecast) -> None:
    """Say where parts were set to bounds, and where a total of them still leaves its own."""
    bounds = result.plan.windows.bounds[result.plan.windows.series]
    outside: BoolArray = (made.mean < bounds[:, :1]) | (made.mean > bounds[:, 1:])
    for cells, what in (
        (outside, "the reconciled forecast leaves its bounds"),
        (made.cut == CUT_INTERVAL, "an interval is cut at the bounds"),
        (made.cut == CUT_POINT, "the reconciled forecast was beyond its bounds and set to them"),
    ):
        for w in np.flatnonzero(cells.any(axis=1)):
            step = int(np.argmax(cells[w])) + 1
            made.reason[int(w)] = f"{what} ({in_words(*bounds[w])}) from step {step} on"
