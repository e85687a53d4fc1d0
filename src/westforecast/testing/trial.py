"""A trial: one model, the data that suit it, and forecasts that several checks share."""

import pickle
import sys
import traceback
from collections.abc import Callable, Iterator, Sequence
from copy import deepcopy
from functools import cached_property
from pathlib import Path

import numpy as np

from westforecast import watch
from westforecast.models import DrivenModel, Forecast, Model, Status, Windows
from westforecast.models.forecast import SAME
from westforecast.series import Panel
from westforecast.testing import data
from westforecast.testing.check import Broken, Skipped, Tier, expect
from westforecast.testing.surroundings import contained, thread_counts
from westforecast.typing import FloatArray, IntArray

LEVELS = (50.0, 80.0, 95.0)
HORIZON = 5
# Lengths at which the time of one forecast is told.
TIMED = (10, 20, 40)
PACED = 20
# A model that takes more seconds for one window is tried on two, and most checks on one of them.
SLOW = 0.03
# Seconds of a tier after which no further check is begun. It promises a little more: whatever has
# begun is finished. Only a slow model gets there.
BUDGETS: dict[Tier, float] = {"quick": 8.0, "full": 100.0}
# Series of a caller's panel that are used at most.
MOST = 24


class Trial:
    """One model on trial.

    panel: data to try it on; None picks the kind of ordinary data that suits it best.
    declared: the capabilities its registration claims, None where there is none.
    series: which of the panel's series to forecast; None is all that are no drivers.
    time_budget: seconds after which no further check is begun; None is what the tier has.
    """

    def __init__(
        self,
        model: Model,
        panel: Panel | None = None,
        tier: Tier = "quick",
        declared: frozenset[str] | None = None,
        series: Sequence[int] | None = None,
        time_budget: float | None = None,
    ) -> None:
        self.model = model
        self.panel = panel
        self.tier: Tier = tier
        self.declared = declared
        self.series = series
        self.budget = BUDGETS[tier] if time_budget is None else time_budget
        self.spent = 0.0
        self.pace = 0.0
        self.slow = False
        self.targets: IntArray = np.empty(0, np.int64)
        self._known: dict[tuple[int, tuple[float, ...]], Forecast] = {}
        self.threads = thread_counts()
        try:  # before anything is asked of it
            self.before: Model | None = deepcopy(model)
        except Exception:  # whatever a foreign object raises; `settings` says so
            self.before = None

    # --- data ---------------------------------------------------------------------------------

    @cached_property
    def _material(self) -> tuple[str, Windows, Forecast] | Exception:
        with contained():  # so that `side_effects` finds nothing changed before it looks
            try:
                return self._chosen()
            except (Exception, SystemExit) as error:  # told once, by `ordinary`; the others skip
                return Broken(f"{type(error).__name__}: {error}")

    def _chosen(self) -> tuple[str, Windows, Forecast]:
        """The data on which most is forecast; the first on which nearly all is will do."""
        best: tuple[str, Windows, Forecast] | None = None
        most = -1
        for words, windows in self._candidates():
            if best is None:
                self.pace = self._pace(windows)
            targets = np.unique(windows.series)
            if self.pace > SLOW:
                windows = windows.take(two(windows, np.arange(len(windows))))
            answer = self.ask(windows)
            good = int((answer.status == Status.OK).sum())
            if good > most:
                best, most, self.targets = (words, windows, answer), good, targets
            if 5 * good >= 4 * len(windows):
                break
        assert best is not None
        words, windows, answer = best
        self.need = self.model.required(windows.season_length)
        self.slow = self.pace > SLOW or (not self.model.batch and self._lingers(windows))
        if self.slow:
            if most > 2:
                windows = windows.take(two(windows, np.flatnonzero(answer.status == Status.OK)))
                answer = self.ask(windows)
            words += f" ({len(windows)} windows, as it is slow)"
        return words, windows, answer

    def _candidates(self) -> Iterator[tuple[str, Windows]]:
        if self.panel is not None:
            yield "the panel that was given", self._own(self.panel)
            return
        many = self.tier == "full" and self.model.batch
        count, origins = (8, 3) if many else (3, 2)
        for kind in data.KINDS:
            season = 4 if kind.freq == "Q" else 1
            panel = data.ordinary(kind, count, self.model.required(season))
            yield kind.words, data.rolling(panel, range(count), origins)

    def _own(self, panel: Panel) -> Windows:
        """Windows over a caller's panel, less the drivers that the model names."""
        every = Windows.of(panel)
        led = set(self._partners(every).tolist())
        wanted = range(len(panel)) if self.series is None else self.series
        mine = [s for s in wanted if s not in led and panel.lengths[s] > 0]
        step = max(1, -(-len(mine) // MOST))
        return data.rolling(panel, mine[::step], 2 if self.tier == "quick" else 3, unseen=2)

    def _partners(self, windows: Windows) -> IntArray:
        named = self.model.drivers if isinstance(self.model, DrivenModel) else ()
        found = [windows.partners(name) for name in named]
        places = np.unique(np.concatenate(found)) if found else np.empty(0, np.int64)
        return places[places >= 0]

    @property
    def words(self) -> str:
        """What the model is tried on."""
        found = self._material
        return "" if isinstance(found, Exception) else found[0]

    @property
    def any_windows(self) -> Windows:
        """Ordinary windows, also where nothing is forecast. Raises Broken where trying raised."""
        found = self._material
        if isinstance(found, Exception):
            raise Broken(str(found))
        return found[1]

    @property
    def any_answer(self) -> Forecast:
        """What the model says of `any_windows`."""
        self.any_windows  # noqa: B018 - raises what there is to raise
        found = self._material
        assert not isinstance(found, Exception)
        return found[2]

    @property
    def windows(self) -> Windows:
        """Ordinary windows, some of which are forecast. Raises Skipped where none is."""
        found = self._material
        if isinstance(found, Exception) or not (found[2].status == Status.OK).any():
            raise Skipped("nothing to compare: no ordinary series is forecast")
        return found[1]

    @property
    def good(self) -> IntArray:
        """Which of the windows are forecast."""
        self.windows  # noqa: B018 - raises what there is to raise
        return np.flatnonzero(self.any_answer.status == Status.OK)

    @property
    def few(self) -> IntArray:
        """Windows that are forecast, one of each series and three at most; one where it is slow."""
        most = 1 if self.slow else 3
        return _one_each(self.windows, self.good)[:most]

    @property
    def some(self) -> IntArray:
        """Windows that are forecast, all of them; one where it is slow."""
        return self.few if self.slow else self.good

    @property
    def drivers(self) -> IntArray:
        """Series of the panel that are not to be forecast, or that the model names as drivers."""
        windows = self.any_windows
        aside = np.setdiff1d(np.arange(len(windows.ids)), self.targets)
        return np.union1d(aside, self._partners(windows))

    # --- forecasts ----------------------------------------------------------------------------

    def forecast(self, horizon: int = HORIZON, levels: Sequence[float] = LEVELS) -> Forecast:
        """The model's forecast of all windows, made once for each horizon and levels."""
        key = (horizon, tuple(levels))
        if key == (HORIZON, LEVELS):
            self.windows  # noqa: B018 - raises what there is to raise
            return self.any_answer
        if key not in self._known:
            self._known[key] = self.ask(self.windows, horizon, levels)
        return self._known[key]

    def ask(
        self, windows: Windows, horizon: int = HORIZON, levels: Sequence[float] = LEVELS
    ) -> Forecast:
        """The model's forecast of other windows; reasons of failures say where in its file."""
        answer = self.model.forecast(windows, horizon, levels)
        for w, error in answer.errors.items():
            if answer.status[w] == Status.FAILED:
                answer.reason[w] += self._place(error)
        return answer

    def _place(self, error: BaseException) -> str:
        """The last line of the model's own file that an error came through."""
        module = sys.modules.get(type(self.model).__module__)
        file = getattr(module, "__file__", None)
        own = [f for f in traceback.extract_tb(error.__traceback__) if f.filename == file]
        return f" ({Path(own[-1].filename).name}, line {own[-1].lineno})" if own else ""

    def same(self, windows: Windows, expected: Forecast, found: Forecast, what: str) -> None:
        """Raises Broken where two answers about the same windows differ, and says where."""
        apart = found.difference(expected)
        worst = int(apart.argmax()) if len(apart) else 0
        if not len(apart) or apart[worst] <= SAME:
            return
        place = f"series {windows.ids[windows.series[worst]]!r}, cutoff {windows.cutoff[worst]}"
        ours, theirs = (Status(f.status[worst]).label for f in (expected, found))
        if ours != theirs:
            why = found.reason.get(worst) or expected.reason.get(worst) or "no reason given"
            raise Broken(f"{what}: {place} is {ours} one way and {theirs} the other ({why})")
        kind, ours, theirs = "", expected.mean[worst], found.mean[worst]
        if np.allclose(ours, theirs, rtol=SAME, atol=0, equal_nan=True):
            kind = f"quantiles at {', '.join(f'{p:g}' for p in expected.probs)} of the first step "
            ours, theirs = expected.quantiles[worst, 0], found.quantiles[worst, 0]
        raise Broken(
            f"{what}: {place}: {kind}{_shown(ours)} one way, {_shown(theirs)} the other, apart by "
            f"{apart[worst]:.2g} of the value; {SAME:g} allowed"
        )

    def put(self, values: dict[str, FloatArray]) -> tuple[Windows, Forecast]:
        """Further series beside the ordinary ones, and what the model says of them."""
        windows = data.beside(self.any_windows, values)
        return windows, self.ask(windows)

    @cached_property
    def hard(self) -> tuple[Windows, Windows, Forecast]:
        """Hard series, then those among the ordinary windows, and what the model says of all."""
        self.windows  # noqa: B018 - raises what there is to raise
        extra = data.beside(self.windows, data.hard_series(self.need))
        everything = data.together(self.windows, extra)
        return extra, everything, self.ask(everything)

    def copy(self) -> Model:
        """An equal model that never forecast; the same one where it cannot be copied."""
        try:
            made: Model = pickle.loads(pickle.dumps(self.model))
        except Exception:  # `settings` says so
            return self.model
        return made

    @cached_property
    def times(self) -> dict[int, float]:
        """Seconds of one forecast of one series of so many values, where it gives any."""
        found = self._material
        if isinstance(found, Exception):
            return {}
        if self.slow and self.pace:
            return {PACED: self.pace}
        return dict(self._timed(found[1], TIMED))

    def _pace(self, windows: Windows) -> float:
        """Seconds of one short series; the least of three, as the first may import a library."""
        least = np.inf
        for _ in range(3):
            took = max((took for _, took in self._timed(windows, (PACED,))), default=0.0)
            least = min(least, took)
            if least <= SLOW:
                break
        return float(least)

    def _lingers(self, windows: Windows) -> bool:
        """Whether these windows take longer than a short series did: some may be its bane."""
        began = watch.clock.now()
        self.ask(windows)
        return watch.clock.now() - began > SLOW * len(windows)

    def _timed(self, windows: Windows, lengths: Sequence[int]) -> Iterator[tuple[int, float]]:
        for n in lengths:
            y = 100 * np.exp(0.03 * np.arange(n) + 0.02 * np.sin(np.arange(n) ** 2))
            one = data.beside(windows, {"timed": y})
            began = watch.clock.now()
            answer = self.ask(one)
            took = watch.clock.now() - began
            if answer.status[0] == Status.OK:
                yield n, took


def _one_each(windows: Windows, which: IntArray) -> IntArray:
    """Of some windows the first of each series."""
    _, first = np.unique(windows.series[which], return_index=True)
    return np.asarray(which[np.sort(first)], np.int64)


def two(windows: Windows, which: IntArray) -> IntArray:
    """Of some windows two, of two series where there are so many."""
    apart = _one_each(windows, which)
    return apart[:2] if len(apart) > 1 else which[:2]


def truth(condition: Callable[[], object], broken: str) -> None:
    """`expect`, where finding out may raise; that breaks the promise as well."""
    try:
        found = condition()
    except (Exception, SystemExit) as error:  # the model's own methods may raise anything
        raise Broken(f"{broken}: {type(error).__name__}: {error}") from error
    expect(found, broken)


def _shown(values: FloatArray) -> str:
    return (
        "["
        + ", ".join(f"{value:.6g}" for value in values[:3])
        + (", ...]" if len(values) > 3 else "]")
    )
