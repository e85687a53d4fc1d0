"""The kernels that are measured: how each is called, its slow twin, and what it has to do.

A subject counts its own work, by formula, for its own sizes:

flops(): additions, multiplications, divisions and function values that the result needs, each one.
    0 for a kernel that only moves numbers; None where nobody has counted yet.
moved(): bytes it cannot avoid: arguments read once, results written once.

The author of a kernel adds a subject here, with both counts, to SUBJECTS.
"""

from abc import ABC, abstractmethod
from collections.abc import Sequence

import numpy as np

from westforecast.kernels.autoregression import moving_averages
from westforecast.kernels.autoregression import scan as gram_scan
from westforecast.kernels.averaging import average
from westforecast.kernels.mixture import Mixture
from westforecast.kernels.smoothing import fit, scan
from westforecast.kernels.smoothing import laws as smoothing_laws
from westforecast.kernels.student import student_cdf
from westforecast.kernels.windows import columns, rectangle
from westforecast.typing import FloatArray

NUMBER = 8  # bytes


class AbstractSubject(ABC):
    """A kernel with arguments for so many windows, the same every time."""

    name: str

    def __init__(self, windows: int) -> None:
        self.count = windows
        self.random = np.random.default_rng(11)

    @abstractmethod
    def run(self) -> Sequence[FloatArray]:
        """What is timed."""

    @abstractmethod
    def twin(self) -> Sequence[FloatArray]:
        """The same, by loops that are obvious."""

    @abstractmethod
    def flops(self) -> int | None:
        """Arithmetic, counted once."""

    @abstractmethod
    def moved(self) -> int:
        """Bytes, counted once."""


class Columns(AbstractSubject):
    """Windows of 14 to 41 values as columns of a rectangle."""

    name = "windows.columns"

    def __init__(self, windows: int) -> None:
        super().__init__(windows)
        lengths = self.random.integers(14, 42, windows)
        self.end = np.cumsum(lengths)
        self.start = self.end - lengths
        self.values = self.random.normal(size=int(lengths.sum()))

    def run(self) -> Sequence[FloatArray]:
        return (columns(self.values, self.start, self.end),)

    def twin(self) -> Sequence[FloatArray]:
        found = np.full((int((self.end - self.start).max()), self.count), np.nan)
        for w in range(self.count):
            for t, place in enumerate(range(self.start[w], self.end[w])):
                found[t, w] = self.values[place]
        return (found,)

    def flops(self) -> int:
        return 0

    def moved(self) -> int:
        rectangle_size = int((self.end - self.start).max()) * self.count
        return NUMBER * (len(self.values) + 2 * self.count + rectangle_size)


class Rectangle(Columns):
    """Windows of 14 to 41 values as rows, all ending in the last column."""

    name = "windows.rectangle"

    def run(self) -> Sequence[FloatArray]:
        return (rectangle(self.values, self.start, self.end),)

    def twin(self) -> Sequence[FloatArray]:
        width = int((self.end - self.start).max())
        found = np.full((self.count, width), np.nan)
        for w in range(self.count):
            length = self.end[w] - self.start[w]
            found[w, width - length :] = self.values[self.start[w] : self.end[w]]
        return (found,)


class Averaging(AbstractSubject):
    """The mean and variance of 12 quantities over 64 candidates."""

    name = "averaging.average"
    candidates, quantities = 64, 12

    def __init__(self, windows: int) -> None:
        super().__init__(windows)
        shape = (self.candidates, self.quantities, windows)
        self.log_weight = self.random.normal(0, 5, (self.candidates, windows))
        self.values = self.random.normal(size=shape)
        self.within = self.random.uniform(size=shape)

    def run(self) -> Sequence[FloatArray]:
        found = average(self.log_weight, self.values, self.within)
        assert found.variance is not None
        return found.log_mass, found.mean, found.variance

    def twin(self) -> Sequence[FloatArray]:
        weight = np.exp(self.log_weight)
        mean = np.zeros(self.values.shape[1:])
        variance = np.zeros(self.values.shape[1:])
        for w in range(self.count):
            share = weight[:, w] / weight[:, w].sum()
            for m in range(self.quantities):
                mean[m, w] = share @ self.values[:, m, w]
                spread = (self.values[:, m, w] - mean[m, w]) ** 2
                variance[m, w] = share @ (self.within[:, m, w] + spread)
        return np.log(weight.sum(axis=0)), mean, variance

    def flops(self) -> int:
        weights = self.candidates * self.count
        # a weight: minus the peak, exp, sum, division; a value: into the mean 2, the variance 5
        return weights * (4 + 7 * self.quantities)

    def moved(self) -> int:
        read = self.candidates * self.count * (1 + 2 * self.quantities)
        return NUMBER * (read + self.count * (1 + 2 * self.quantities))


class Quantiles(AbstractSubject):
    """Four quantiles of mixtures of six Student-t laws, two of them of logarithms, at six steps."""

    name = "mixture.quantiles"
    probs = np.array([0.025, 0.1, 0.9, 0.975])

    def __init__(self, windows: int) -> None:
        super().__init__(windows)
        shape, logarithmic = (6, 6, windows), np.arange(6) >= 4
        weight = self.random.dirichlet(np.ones(6), windows).T
        location = self.random.normal(10, 1, shape)
        location[logarithmic] = np.log(location[logarithmic])
        scale = self.random.uniform(0.5, 1.5, shape)
        scale[logarithmic] /= 10
        dof = self.random.integers(7, 40, windows)
        self.law = Mixture(weight, location, scale, dof, logarithmic)

    def run(self) -> Sequence[FloatArray]:
        return (self.law.quantiles(self.probs),)

    def twin(self) -> Sequence[FloatArray]:
        low = np.full((self.count, 6, len(self.probs)), -1e3)
        high = np.full_like(low, 1e3)
        for _ in range(80):
            middle = (low + high) / 2
            below = self._cdf(middle) < self.probs
            low, high = np.where(below, middle, low), np.where(below, high, middle)
        return (high,)

    def _cdf(self, x: FloatArray) -> FloatArray:
        """P(X <= x) [W, H, Q], law by law."""
        total, law = np.zeros_like(x), self.law
        for k in range(6):
            at = np.log(np.maximum(x, 1e-300)) if law.logarithmic[k] else x
            standard = (at - law.location[k].T[..., None]) / law.scale[k].T[..., None]
            total += law.weight[k][:, None, None] * student_cdf(standard, law.dof[:, None, None])
        return total

    def flops(self) -> int | None:
        return None  # depends on how many steps the search takes: its author says what to count

    def moved(self) -> int:
        law = self.law
        read = law.weight.size + law.location.size + law.scale.size + law.dof.size
        return NUMBER * (read + self.count * 6 * len(self.probs))


class Smoothing(AbstractSubject):
    """The shipped grid of `AveragedETS` (the level scale) over five origins of series of 30."""

    name = "smoothing.fit"
    length, origins, horizon = 30, 5, 6

    def __init__(self, windows: int) -> None:
        super().__init__(windows)
        from westforecast_ets.grid import grids

        histories = -(-windows // self.origins)
        growth = self.random.normal(0.5, 1, (self.length, histories))
        self.y = 100 + np.cumsum(growth, axis=0)
        n, column = np.divmod(np.arange(windows), histories)
        self.n, self.column = n + self.length - self.origins + 1, column
        self.floor = np.zeros(windows)
        ((self.grid, _),) = grids("level", 1)

    def run(self) -> Sequence[FloatArray]:
        fits = list(fit(self.y, self.column, self.n, self.floor, self.grid))
        return [a for done in fits for a in (done.log_likelihood, done.state)]

    def twin(self) -> Sequence[FloatArray]:
        fits = list(scan(self.y, self.column, self.n, self.floor, self.grid))
        return [a for done in fits for a in (done.log_likelihood, done.state)]

    def flops(self) -> int:
        count, histories = len(self.grid), self.y.shape[1]
        last = int(self.n.max())
        innovations = histories * last * (last - 1) + 2 * histories * last  # a triangle; squares
        states = 2 * 2 * int(self.n.sum())
        return count * (innovations + states + 4 * self.count)  # log, three more a likelihood

    def moved(self) -> int:
        count = len(self.grid)
        filters = count * self.length * (self.length + 1) // 2  # innovations; states where read
        filters += 2 * count * sum(set(self.n.tolist()))
        return NUMBER * (self.y.size + 3 * self.count + filters + 3 * count * self.count)


class SmoothingLaws(Smoothing):
    """From the fit of every candidate to the forecasts of groups."""

    name = "smoothing.laws"

    def __init__(self, windows: int) -> None:
        super().__init__(windows)
        self.done = list(fit(self.y, self.column, self.n, self.floor, self.grid))

    def run(self) -> Sequence[FloatArray]:
        found, _ = smoothing_laws(self.done, self.horizon, self.grid, spread=False)
        return found.log_mass, found.mean

    def twin(self) -> Sequence[FloatArray]:
        groups = int(self.grid.group.max()) + 1
        mass = np.empty((groups, self.count))
        mean = np.empty((groups, self.horizon, self.count))
        likelihood = np.concatenate([done.log_likelihood for done in self.done])
        state = np.concatenate([done.state for done in self.done])
        for w in range(self.count):
            weight = np.exp(likelihood[w] + self.grid.log_prior)
            level, slope = state[w]
            for k in range(groups):
                inside = self.grid.group == k
                mass[k, w] = np.log(weight[inside].sum())
                damping = self.grid.phi[inside][0] ** np.arange(1, self.horizon + 1)
                path = level[inside, None] + slope[inside, None] * np.cumsum(damping)
                mean[k, :, w] = weight[inside] @ path / weight[inside].sum()
        return mass, mean

    def flops(self) -> int:
        groups = int(self.grid.group.max()) + 1
        # a candidate: prior, peak, exp, sum, two states weighted and summed; a group: its path
        return self.count * (8 * len(self.grid) + groups * 3 * self.horizon)

    def moved(self) -> int:
        groups = int(self.grid.group.max()) + 1
        return NUMBER * self.count * (3 * len(self.grid) + groups * (1 + self.horizon))


class GramScan(AbstractSubject):
    """Filtered lags and their products for moving averages of degree 2 and d = 0, 1, 2, p up to 3,
    2, 1, over five origins of series of 30."""

    name = "autoregression.scan"
    length, origins, given, lags = 30, 5, 3, (3, 2, 1)

    def __init__(self, windows: int) -> None:
        super().__init__(windows)
        from westforecast_arima.candidates import candidates

        histories = -(-windows // self.origins)
        self.y = np.cumsum(self.random.normal(0.5, 1, (self.length, histories)), axis=0)
        n, self.column = np.divmod(np.arange(windows), histories)
        self.n = n + self.length - self.origins + 1
        made = candidates("level")
        self.filters = moving_averages(made.theta[made.degree == 2], 2, self.length - self.given)

    def run(self) -> Sequence[FloatArray]:
        found = gram_scan(self.y, self.column, self.n, self.given, self.lags, self.filters)
        return [*found.gram, found.sums]

    def twin(self) -> Sequence[FloatArray]:
        points, reach = len(self.filters.theta), max(p + d for d, p in enumerate(self.lags))
        sizes = [(p + 1) * (p + 2) // 2 for p in self.lags]
        grams = [np.zeros((size, points, self.count)) for size in sizes]
        sums = np.zeros((reach + 1, points, self.count))
        for w, (column, n) in enumerate(zip(self.column, self.n, strict=True)):
            y = self.y[:, column]
            past = np.zeros((2, reach + 1, points))
            for t in range(n - self.given):
                x = y[self.given + t - reach : self.given + t + 1][::-1, None]
                back = self.filters.back[t]
                now = self.filters.gain[t] * x - back[0] * past[0] - back[1] * past[1]
                past = np.stack([now, past[0]])
                sums[:, :, w] += now * self.filters.ones[t]
                for d, (gram, p) in enumerate(zip(grams, self.lags, strict=True)):
                    z = np.diff(now, n=d, axis=0) * (-1) ** d
                    pairs = [z[i] * z[j] for i in range(p + 1) for j in range(i, p + 1)]
                    gram[:, :, w] += pairs
        return [*grams, sums]

    def flops(self) -> int:
        cells = len(self.filters.theta) * self.y.shape[1] * (int(self.n.max()) - self.given)
        values = max(p + d for d, p in enumerate(self.lags)) + 1
        products = sum((p + 1) * (p + 2) for p in self.lags)  # one times, one plus each
        # a filtered value: 5, its product with ones 2; differences
        return cells * (7 * values + products + 2 * values - 3)

    def moved(self) -> int:
        points = len(self.filters.theta)
        out = sum((p + 1) * (p + 2) // 2 for p in self.lags)
        values = max(p + d for d, p in enumerate(self.lags)) + 1
        return NUMBER * (self.y.size + 2 * self.count + points * self.count * (out + 3 * values))


SUBJECTS: list[type[AbstractSubject]] = [
    Columns, Rectangle, Averaging, Quantiles, Smoothing, SmoothingLaws, GramScan]  # fmt: skip
