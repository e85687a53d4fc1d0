"""`check_model`: does a model keep the contract of `westforecast.models.Model`?"""

import os
import pickle
import random
import warnings
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, fields, is_dataclass, replace
from typing import Literal

import numpy as np

from westforecast.backtest import origins
from westforecast.engines import ProcessEngine
from westforecast.models import Forecast, Model, Status, Windows
from westforecast.models.forecast import SAME
from westforecast.series import Calendar, Indicator, Panel
from westforecast.typing import FloatArray

LEVELS = (50.0, 80.0, 95.0)
HORIZON = 5


@dataclass(frozen=True, slots=True)
class Check:
    """One promise and whether it was kept."""

    name: str
    outcome: Literal["passed", "failed", "skipped"]
    detail: str = ""


@dataclass(frozen=True, slots=True)
class Report:
    """All checks of one model. `ok` needs at least one check that ran, and none that failed."""

    model: str
    checks: tuple[Check, ...]

    @property
    def ok(self) -> bool:
        """Whether every check that ran passed, and some did."""
        outcomes = [check.outcome for check in self.checks]
        return "failed" not in outcomes and "passed" in outcomes

    def __str__(self) -> str:
        lines = [f"{self.model}: {'keeps' if self.ok else 'breaks'} the model contract"]
        lines += [
            f"  {check.outcome:<8}{check.name}" + (f": {check.detail}" if check.detail else "")
            for check in self.checks
        ]
        return "\n".join(lines)


def check_model(
    model: Model,
    panel: Panel | None = None,
    *,
    scale_equivariant: bool = False,
    processes: bool = False,
) -> Report:
    """Run the conformance checks.

    model: the model, with its settings.
    panel: data to check on; by default 12 ragged annual series. Models with a driver need one that
        holds it.
    scale_equivariant: also check that ten times the data gives ten times the forecast.
    processes: also check that a spawned process gives the same numbers (seconds).
    """
    data = example_panel() if panel is None else panel
    windows = origins(
        data, HORIZON, n_windows=3, step_size=2, min_train_size=max(model.min_train, 1),
        align="series", allow_partial=True,
    ).windows  # fmt: skip
    results = []
    for name, function in _checks(scale_equivariant, processes):
        try:
            detail = function(model, windows)
            outcome: Literal["passed", "skipped"] = "skipped" if detail else "passed"
            results.append(Check(name, outcome, detail or ""))
        except Exception as error:  # whatever a model raises here breaks its promise; say which
            results.append(Check(name, "failed", f"{type(error).__name__}: {error}"))
    return Report(repr(model), tuple(results))


def example_panel(seed: int = 20) -> Panel:
    """12 positive annual series of 15 to 40 points that grow, wander and level off."""
    generator = np.random.default_rng(seed)
    series, first = [], []
    for _ in range(12):
        length = int(generator.integers(15, 41))
        growth = generator.normal(0.04, 0.06, length) * np.linspace(
            1, generator.uniform(0, 1), length
        )
        series.append(10.0 ** generator.uniform(0, 5) * np.exp(np.cumsum(growth)))
        first.append(2010 - length + int(generator.integers(0, 3)))
    return panel_of(series, first)


def panel_of(series: Sequence[FloatArray], first: Sequence[int] | None = None) -> Panel:
    """A panel of bare annual series, named check 0, check 1, ..."""
    sizes = [len(y) for y in series]
    return Panel(
        values=np.concatenate([np.asarray(y, float) for y in series]),
        indptr=np.concatenate([[0], np.cumsum(sizes)]).astype(np.int64),
        first=np.array([2000] * len(series) if first is None else first, np.int64),
        indicators=tuple(Indicator(id=f"check {i}") for i in range(len(series))),
        calendar=Calendar("Y", "integer"),
    )


def _expect(condition: object, broken: str) -> None:
    """Fail the check; not an `assert`, which `python -O` would turn off."""
    if not condition:
        raise AssertionError(broken)


CheckFunction = Callable[[Model, Windows], str | None]


def _checks(scale_equivariant: bool, processes: bool) -> Iterator[tuple[str, CheckFunction]]:
    yield "settings are a frozen record that pickles", _settings
    yield "shapes, finite numbers and ordered quantiles", _shapes
    yield "no look-ahead: values after the cutoff do not matter", _no_look_ahead
    yield "all windows at once equals one by one", _one_by_one
    yield "the order of windows does not matter", _order
    yield "the same call gives the same answer", _deterministic
    yield "the first steps do not depend on how many are asked for", _prefix
    yield "data are left unchanged", _inputs_unchanged
    yield "short, constant, zero, negative, huge, tiny and missing data give a status", _bad_data
    yield "a bad series does not change its neighbours", _neighbours
    yield "nothing global is changed, nothing is printed as a warning", _side_effects
    if scale_equivariant:
        yield "ten times the data gives ten times the forecast", _scale
    if processes:
        yield "a spawned process gives the same numbers", _spawned


def _settings(model: Model, windows: Windows) -> None:
    if not is_dataclass(model):
        raise AssertionError("a model is a dataclass of its settings")
    for field in fields(model):
        try:
            setattr(model, field.name, getattr(model, field.name))
        except AttributeError:
            continue
        raise AssertionError("the dataclass is not frozen")
    again = pickle.loads(pickle.dumps(model))
    _expect(repr(again) == repr(model), "pickling changes the settings")
    _same(model.forecast(windows, HORIZON, LEVELS), again.forecast(windows, HORIZON, LEVELS))


def _shapes(model: Model, windows: Windows) -> None:
    for horizon in (1, HORIZON):
        for levels in ((), LEVELS):
            result = model.forecast(windows, horizon, levels)
            _expect(
                result.mean.shape == (len(windows), horizon),
                "the result has another shape than asked for",
            )
            _expect(
                result.quantiles.shape == (len(windows), horizon, 2 * len(levels)),
                "the result has another shape than asked for",
            )
            good = result.status == Status.OK
            _expect(
                good.any(),
                f"no ordinary series was forecast: {next(iter(result.reason.values()), '')}",
            )
            _expect(np.isfinite(result.mean[good]).all(), "a forecast is not finite")
            steps = np.diff(result.quantiles[good], axis=-1)
            _expect(
                not (steps < -1e-9 * np.abs(result.mean[good])[..., None]).any(),
                "quantiles are not in rising order",
            )
            told = set(np.flatnonzero(~good)) - set(result.reason)
            _expect(not told, "a failed window has no reason")


def _no_look_ahead(model: Model, windows: Windows) -> None:
    for w in range(len(windows)):
        one = windows.take(np.array([w]))
        cutoff = int(one.cutoff[0])

        def spoil(values: FloatArray, cutoff: int = cutoff) -> FloatArray:
            """Everything after the cutoff, in every series, becomes nonsense."""
            for s in range(len(windows.first)):
                begin, end = windows.indptr[s], windows.indptr[s + 1]
                from_here = begin + max(cutoff + 1 - windows.first[s], 0)
                values[from_here:end] = values[from_here:end] * -3.7 + 1e6
            return values

        _same(
            model.forecast(one, HORIZON, LEVELS),
            model.forecast(one.with_values(spoil), HORIZON, LEVELS),
        )


def _one_by_one(model: Model, windows: Windows) -> None:
    whole = model.forecast(windows, HORIZON, LEVELS)
    for w in range(len(windows)):
        one = model.forecast(windows.take(np.array([w])), HORIZON, LEVELS)
        _same(whole.take(np.array([w])), one)


def _order(model: Model, windows: Windows) -> None:
    order = np.random.default_rng(1).permutation(len(windows))
    whole = model.forecast(windows, HORIZON, LEVELS)
    _same(whole.take(order), model.forecast(windows.take(order), HORIZON, LEVELS))


def _deterministic(model: Model, windows: Windows) -> None:
    first = model.forecast(windows, HORIZON, LEVELS)
    random.random()
    np.random.random()  # noqa: NPY002 - a model that reads the global generator is to be caught
    _same(first, model.forecast(windows, HORIZON, LEVELS))


def _prefix(model: Model, windows: Windows) -> None:
    short, long = (model.forecast(windows, h, LEVELS) for h in (3, HORIZON))
    _same(short, replace(long, mean=long.mean[:, :3], quantiles=long.quantiles[:, :3]))


def _inputs_unchanged(model: Model, windows: Windows) -> None:
    before = windows.values.copy()
    model.forecast(windows, HORIZON, LEVELS)
    np.testing.assert_array_equal(windows.values, before)


def _hard_series() -> dict[str, FloatArray]:
    base = np.exp(np.linspace(0, 1, 20)) + 0.1 * np.sin(np.arange(20))
    gap = base.copy()
    gap[[5, 6, 11]] = np.nan
    end_gap = base.copy()
    end_gap[-1] = np.nan
    return {
        "no value": np.array([]), "one value": base[:1], "two values": base[:2],
        "three values": base[:3], "constant": np.full(20, 7.0), "zeros": np.zeros(20),
        "with a zero": np.r_[base[:10], 0.0, base[10:]], "negative": -base,
        "mixed signs": base - 2, "1e12": base * 1e12, "1e-9": base * 1e-9,
        "one outlier": np.r_[base[:10], 1e6, base[10:]], "gaps": gap,
        "all missing": np.full(20, np.nan), "missing at the end": end_gap,
    }  # fmt: skip


def _bad_data(model: Model, windows: Windows) -> None:
    hard = _hard_series()
    for name, values in hard.items():
        one = _with_target(windows, values)
        result = model.forecast(one, HORIZON, LEVELS)
        status = Status(result.status[0])
        if status == Status.OK:
            _expect(np.isfinite(result.mean).all(), f"{name}: status ok without finite numbers")
        else:
            _expect(result.reason.get(0), f"{name}: {status.label} without a reason")
            _expect(
                np.isnan(result.mean).all(), f"{name}: {status.label}, and numbers all the same"
            )


def _with_target(windows: Windows, values: FloatArray) -> Windows:
    """One window over `values`, which take the place of a series' own, ending where that ended.

    The other series stay, so that models with a driver find it.
    """
    s, end = int(windows.series[0]), int(windows.cutoff[0])
    pieces = [
        windows.values[windows.indptr[k] : windows.indptr[k + 1]] for k in range(len(windows.first))
    ]
    pieces[s] = values
    indptr = np.concatenate([[0], np.cumsum([len(p) for p in pieces])]).astype(np.int64)
    first = windows.first.copy()
    first[s] = end - len(values) + 1
    return replace(
        windows, values=np.concatenate(pieces), indptr=indptr, first=first, series=np.array([s]),
        start=indptr[[s]], end=indptr[[s + 1]],
        as_of=None if windows.as_of is None else windows.as_of[:1],
    )  # fmt: skip


def _neighbours(model: Model, windows: Windows) -> str | None:
    good = np.exp(np.linspace(0, 1, 20))
    hard = list(_hard_series().values())
    alone = Windows.of(panel_of([good]))
    if Status(model.forecast(alone, HORIZON, LEVELS).status[0]) == Status.NO_DRIVER:
        return "the model needs a driver, which this check does not give it"
    among = model.forecast(Windows.of(panel_of([*hard, good])), HORIZON, LEVELS)
    _same(among.take(np.array([len(hard)])), model.forecast(alone, HORIZON, LEVELS))
    return None


def _side_effects(model: Model, windows: Windows) -> None:
    def state() -> tuple[object, ...]:
        return (
            tuple(map(str, warnings.filters)), str(np.geterr()), random.getstate(),
            np.random.get_state()[1].tobytes(),  # type: ignore[index]  # noqa: NPY002
            dict(os.environ), os.getcwd(),
        )  # fmt: skip

    model.forecast(windows, HORIZON, LEVELS)  # the first call may import a library
    before = state()
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        inside = tuple(map(str, warnings.filters))
        model.forecast(windows, HORIZON, LEVELS)
        _expect(tuple(map(str, warnings.filters)) == inside, "warning filters are changed")
    for what, old, new in zip(
        ("warning filters", "numpy error state", "random state", "numpy random state",
         "environment", "working directory"), before, state(), strict=True,
    ):  # fmt: skip
        _expect(old == new, f"{what} changed")


def _scale(model: Model, windows: Windows) -> None:
    base = model.forecast(windows, HORIZON, LEVELS)
    ten = model.forecast(windows.with_values(lambda v: 10 * v), HORIZON, LEVELS)
    np.testing.assert_allclose(ten.mean, 10 * base.mean, rtol=1e-6)
    np.testing.assert_allclose(ten.quantiles, 10 * base.quantiles, rtol=1e-6)


def _spawned(model: Model, windows: Windows) -> None:
    (there,) = ProcessEngine(1).map(_remote, [(model, windows)])
    _same(model.forecast(windows, HORIZON, LEVELS), there)


def _remote(task: tuple[Model, Windows]) -> Forecast:
    model, windows = task
    return model.forecast(windows, HORIZON, LEVELS)


def _same(a: Forecast, b: Forecast) -> None:
    apart = a.difference(b)
    _expect(
        (a.status == b.status).all(),
        f"statuses differ: {a.status.tolist()} and {b.status.tolist()}",
    )
    _expect(
        (apart <= SAME).all(),
        f"forecasts differ by up to {apart.max():.2g} of their value; {SAME:g} is allowed",
    )
