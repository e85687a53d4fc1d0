"""Exponential smoothing with given parameters, for a grid of parameters and many series at once.

The model is the linear innovations form (Hyndman, Koehler, Ord & Snyder 2008, chapter 2)

    y_t = w'x_{t-1} + e_t,   x_t = F x_{t-1} + g e_t,   e_t ~ N(0, sigma^2)

with the state x = (level, slope, last m seasonal effects), the first level diffuse, the first slope
N(0, kappa^2 sigma^2) and the first season N(0, kappa_s^2 sigma^2 (I - 11'/m)). With given
parameters the Kalman gains and the variances of the innovations do not depend on the data, so
innovations and states at all times are the same matrices times the data of every series. The level
being diffuse, everything is conditional on y_1, and the log marginal likelihood with p(sigma) ~
1/sigma is, up to a constant, -(n - 1)/2 log S_n - 1/2 sum log f_t, S_n = sum v_t^2 / f_t.

Axes: G candidates, T time, C histories of a tile, W windows, s states, K groups, H steps. In large
arrays candidates come last, so that what is read for one window lies together.
"""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from functools import lru_cache
from itertools import chain

import numpy as np

from westforecast.kernels.averaging import Average, average_by_group, stack
from westforecast.typing import BoolArray, FloatArray, IntArray

# Times whose filter is one matrix; a longer series carries its states from block to block, which
# costs less from here on than the matrix's growing width.
BLOCK = 64
# Numbers in a piece of innovations: half of a core's second-level cache.
PIECE = 1 << 16
# Numbers, candidates x steps x windows, that become laws at once.
SLICE = 1 << 20
# Longest series whose filter is kept as matrices, 0.3 MB a time; from there on `scan` has none.
LONGEST = 4 * BLOCK


@dataclass(frozen=True, slots=True, eq=False)
class Grid:
    """Candidates and the group that each belongs to; those of a group share phi.

    alpha, beta, gamma: [G] weights of the error in level, slope and season. phi: [G] damping of the
    slope. kappa: [G] standard deviation of the first slope in units of sigma, 0 = no trend.
    log_prior: [G]. group: [G] from 0 to K - 1.
    season_length: m. season_scale: [G] kappa_s, standard deviation of a first seasonal effect in
    units of sigma, 0 = no season.
    """

    alpha: FloatArray
    beta: FloatArray
    gamma: FloatArray
    phi: FloatArray
    kappa: FloatArray
    season_scale: FloatArray
    log_prior: FloatArray
    group: IntArray
    season_length: int = 1

    def __len__(self) -> int:
        return len(self.alpha)


@dataclass(frozen=True, slots=True, eq=False)
class System:
    """Matrices of the model: transition F [G, s, s], observation w [G, s], error weights g [G, s],
    and the covariance [G, s, s] of the state after the first observation, given it."""

    transition: FloatArray
    observation: FloatArray
    error: FloatArray
    first: FloatArray


def system(grid: Grid) -> System:
    """The state space form of each candidate; the season's oldest effect is the last state."""
    m = grid.season_length if grid.season_length > 1 else 0
    count, size = len(grid), 2 + m
    transition = np.zeros((count, size, size))
    observation, error = np.zeros((count, size)), np.zeros((count, size))
    transition[:, 0, 0] = observation[:, 0] = 1
    transition[:, 0, 1] = transition[:, 1, 1] = observation[:, 1] = grid.phi
    error[:, 0], error[:, 1] = grid.alpha, grid.beta
    prior = np.zeros((count, size, size))  # of the states before the first observation
    prior[:, 1, 1] = grid.kappa**2
    if m:
        transition[:, 2, -1] = observation[:, -1] = 1
        transition[:, np.arange(3, size), np.arange(2, size - 1)] = 1
        error[:, 2] = grid.gamma
        prior[:, 2:, 2:] = grid.season_scale[:, None, None] ** 2 * (np.eye(m) - 1 / m)
    # The first observation says l_0 = y_1 - (w'x_0 without its level) - e_1, which leaves
    # x_1 = F_0 y_1 + (F - F_0 w') x_0 + (g - F_0) e_1 with F_0 the level's column of F.
    level = transition[:, :, :1]
    rest = transition - level * observation[:, None, :]
    noise = error[:, :, None] - level
    first = rest @ prior @ rest.swapaxes(1, 2) + noise @ noise.swapaxes(1, 2)
    return System(transition, observation, error, first)


@dataclass(frozen=True, slots=True, eq=False)
class Step:
    """One observation's arithmetic: variance f [..., G] of its innovation in units of sigma^2 (1
    where it is missing), gain k [..., G, s], and the state's covariance [..., G, s, s] after it."""

    variance: FloatArray
    gain: FloatArray
    covariance: FloatArray


def steps(model: System, length: int, seen: BoolArray | None = None) -> Iterator[Step]:
    """The Kalman filter's data-independent part, from the second observation to the last.

    seen: [T, U] whether each of U patterns has a value at a time, all of them at the first; results
    then have the axes [U, G, ...]. None: no value is missing.

    f = w'P w + 1,  k = (F P w + g) / f,  P <- F P F' + g g' - f k k'; without a value k = 0.
    """
    transition, w, g = model.transition, model.observation, model.error
    covariance = model.first
    noise = g[:, :, None] * g[:, None, :]
    for t in range(1, length):
        loading = (covariance @ w[:, :, None])[..., 0]  # P w
        variance = (loading * w).sum(axis=-1) + 1
        gain = ((transition @ loading[..., None])[..., 0] + g) / variance[..., None]
        if seen is not None:
            gain = np.where(seen[t][:, None, None], gain, 0.0)
        loss = variance[..., None, None] * gain[..., :, None] * gain[..., None, :]
        covariance = transition @ covariance @ transition.swapaxes(1, 2) + noise - loss
        if seen is not None:
            variance = np.where(seen[t][:, None], variance, 1.0)
        yield Step(variance, gain, covariance)


@dataclass(frozen=True, slots=True, eq=False)
class Block:
    """The filter over one block of B times as matrices, for data as rows.

    innovations: [B, B G] from the block's data to standardized innovations v_t / sqrt(f_t).
    states: [B, B, s G] to the state after each time.
    carried_innovations: [B, s, G] and carried_states: [B, s, s, G]: from the state before the
    block; None in the first block, whose first value is what everything is conditional on.
    """

    innovations: FloatArray
    states: FloatArray
    carried_innovations: FloatArray | None
    carried_states: FloatArray | None


@dataclass(frozen=True, slots=True, eq=False)
class Filters:
    """A grid's filter over T times: blocks, sums of log f_t [T, G] (of f up to a time), and
    the state's covariance [T, G, s, s] after each time."""

    model: System
    blocks: tuple[Block, ...]
    log_variance: FloatArray
    covariance: FloatArray


@lru_cache(maxsize=16)
def filters(grid: Grid, count: int) -> Filters:
    """The filter matrices of a grid for so many blocks of time, kept for the next call."""
    model = system(grid)
    made = [_first(model), *steps(model, count * BLOCK)]
    blocks = [_block(model, made[at : at + BLOCK], at == 0) for at in range(0, len(made), BLOCK)]
    log_variance = np.cumsum([np.log(step.variance) for step in made], axis=0)
    return Filters(model, tuple(blocks), log_variance, np.array([s.covariance for s in made]))


def _first(model: System) -> Step:
    """The first observation, which is given: no innovation, and a gain that is never used."""
    return Step(np.ones(len(model.error)), model.error, model.first)


def _block(model: System, made: list[Step], opening: bool) -> Block:
    """One block: the filter run on every unit vector of data and of the state before it."""
    count, size = model.error.shape
    # Columns: data at each time of the block, then (but for the first block) the states before it.
    state = np.zeros((count, size, BLOCK if opening else BLOCK + size))
    if not opening:
        state[:, :, BLOCK:] = np.eye(size)
    innovations, states = [], []
    for t, step in enumerate(made):
        if opening and t == 0:
            innovation = np.zeros((count, state.shape[2]))
            state[:, 0, 0] = 1  # the level is the first value
        else:
            innovation = -(model.observation[:, None, :] @ state)[:, 0]
            innovation[:, t] += 1
            state = model.transition @ state + step.gain[:, :, None] * innovation[:, None, :]
        innovations.append(innovation / np.sqrt(step.variance)[:, None])
        states.append(state)
    v = np.array(innovations).transpose(2, 0, 1).copy()  # [columns, B, G]
    x = np.array(states).transpose(0, 3, 2, 1).copy()  # [B, columns, s, G]
    return Block(
        innovations=v[:BLOCK].reshape(BLOCK, -1),
        states=x[:, :BLOCK].reshape(BLOCK, BLOCK, -1).copy(),
        carried_innovations=None if opening else v[BLOCK:].swapaxes(0, 1).copy(),
        carried_states=None if opening else x[:, BLOCK:].swapaxes(1, 2).copy(),
    )


@dataclass(frozen=True, slots=True, eq=False)
class Fit:
    """Every candidate in some windows, e.g. those that end after the same number of values.

    squares: [W, G] S, the sum of squared standardized innovations. degrees: [W] their number.
    log_variance: [G] or [W, G] sum of log f. state: [W, s, G] at the end, of covariance[kind] in
    units of sigma^2, covariance: [V, G, s, s], kind: [W].
    """

    squares: FloatArray
    degrees: IntArray
    log_variance: FloatArray
    state: FloatArray
    covariance: FloatArray
    kind: IntArray

    def slices(self, many: int) -> Iterator["Fit"]:
        """The same, so many windows at a time."""
        if len(self.degrees) <= many:
            yield self
            return
        for begin in range(0, len(self.degrees), many):
            at = slice(begin, begin + many)
            logs = self.log_variance if self.log_variance.ndim == 1 else self.log_variance[at]
            used, kind = np.unique(self.kind[at], return_inverse=True)
            yield Fit(
                self.squares[at],
                self.degrees[at],
                logs,
                self.state[at],
                self.covariance[used],
                kind,
            )

    @property
    def log_likelihood(self) -> FloatArray:
        """[W, G], up to the same constant for all candidates of a window."""
        found = np.log(self.squares)
        found *= self.degrees[:, None]
        found += self.log_variance
        found *= -0.5
        return found


def fit(
    y: FloatArray, column: IntArray, n: IntArray, floor: FloatArray, grid: Grid
) -> Iterator[Fit]:
    """Filter a tile and read it where windows end, by matrix products.

    y: [T, C] histories that begin in the first row, without missing values before their end.
    column, n: [W] window w is the first n >= 1 values of that column; n rises.
    floor: [W] added to sums of squares, so that a perfect fit is not infinitely likely.

    Windows come in their order, those with the same n together.
    """
    # Two sets of matrices serve all lengths.
    made = filters(grid, 1 if n[-1] <= BLOCK else -(-max(int(n[-1]), LONGEST) // BLOCK))
    ends, begins = np.unique(n, return_index=True)
    # A single row would be another routine of BLAS, with other rounding.
    data = np.zeros((max(2, y.shape[1]), len(made.log_variance)))
    data[: y.shape[1], : n[-1]] = np.nan_to_num(y[: n[-1]]).T
    data -= data[:, :1]  # innovations do not depend on the level; without it less is rounded
    groups = dict(zip(ends.tolist(), np.split(column, begins[1:]), strict=True))
    for begin, (end, total, x) in zip(begins, _readings(data, groups, made), strict=True):
        which = groups[end]
        x[:, 0] += y[0, which][:, None]
        yield Fit(
            squares=total + floor[begin : begin + len(which), None],
            degrees=np.full(len(which), end - 1),
            log_variance=made.log_variance[end - 1],
            state=x,
            covariance=made.covariance[end - 1 : end],
            kind=np.zeros(len(which), np.int64),
        )


def _readings(
    data: FloatArray, wanted: Mapping[int, IntArray], made: Filters
) -> Iterator[tuple[int, FloatArray, FloatArray]]:
    """At each wanted number of values: it, sums of squares [w, G] and states [w, s, G] of rows.

    data: [C, T]. wanted: rows to read at a number of values, numbers rising.
    """
    count, last = len(made.model.error), max(wanted)
    total = np.zeros((len(data), count))
    before = None  # states [C, s, G] before the block
    long = max(1, PIECE // total.size)  # times of a piece
    for base, block in zip(range(0, data.shape[1], BLOCK), made.blocks, strict=True):
        y = data[:, base : base + BLOCK]
        stop = min(BLOCK, last - base)
        for begin in range(0, stop, long):
            end = min(begin + long, stop)
            piece = _innovations(block, begin, end, y, before)
            np.square(piece, out=piece)
            for t in range(begin, end):
                total += piece[:, t - begin]
                which = wanted.get(base + t + 1)
                if which is not None:
                    part = None if before is None else before[which]
                    yield base + t + 1, total[which], _state(block, t, y[which], part)
        if base + BLOCK < last:
            before = _state(block, BLOCK - 1, y, before)


def _innovations(
    block: Block, begin: int, end: int, y: FloatArray, before: FloatArray | None
) -> FloatArray:
    """Standardized innovations [C, b, G] of some times of a block."""
    count = block.innovations.shape[1] // BLOCK
    matrix = block.innovations[:end, begin * count : end * count]
    piece = (y[:, :end] @ matrix).reshape(len(y), end - begin, count)
    if before is not None and block.carried_innovations is not None:
        piece += np.einsum("csg,bsg->cbg", before, block.carried_innovations[begin:end])
    return piece


def _state(block: Block, t: int, y: FloatArray, before: FloatArray | None) -> FloatArray:
    """States [w, s, G] after time t of a block, from its data [w, B] and the states before it."""
    wide = y if len(y) > 1 else np.repeat(y, 2, axis=0)
    state = (wide[:, : t + 1] @ block.states[t, : t + 1])[: len(y)]
    state = state.reshape(len(y), -1, block.innovations.shape[1] // BLOCK)
    if before is not None and block.carried_states is not None:
        state += np.einsum("wrg,srg->wsg", before, block.carried_states[t])
    return state


def filtered(
    y: FloatArray, column: IntArray, n: IntArray, floor: FloatArray, grid: Grid, *, gaps: bool
) -> Iterator[Fit]:
    """`fit` where matrices do it, `scan` for missing values (gaps), seasons and long series.

    Matrices for all seasonal states, or for very many times, would be large.
    """
    matrices = not gaps and grid.season_length == 1 and n[-1] <= LONGEST
    return (fit if matrices else scan)(y, column, n, floor, grid)


def scan(
    y: FloatArray, column: IntArray, n: IntArray, floor: FloatArray, grid: Grid
) -> Iterator[Fit]:
    """As `fit`, going through time step by step; values may be missing (NaN), but for the first.

    Gains depend on where values are missing and are computed once for each pattern of that.
    """
    model = system(grid)
    end = np.zeros(y.shape[1], np.int64)
    np.maximum.at(end, column, n)
    seen = np.isfinite(y)
    here = seen | (np.arange(len(y))[:, None] >= end)  # what comes after the end is no gap
    patterns, pattern = np.unique(here, axis=1, return_inverse=True)
    observed = np.cumsum(seen, axis=0)
    states = np.zeros((model.error.shape[1], len(end), len(grid)))  # [s, C, G]
    states[0] = y[0][:, None]
    total, logs = np.zeros(states.shape[1:]), np.zeros((patterns.shape[1], len(grid)))
    for t, step in enumerate(chain([_first(model)], steps(model, len(y), patterns))):
        if t:
            gain = np.moveaxis(step.gain, -1, 0)[:, pattern]  # [s, C, G]
            states, expected = _advance(states, grid)
            innovation = np.where(seen[t][:, None], y[t][:, None] - expected, 0.0)
            states += gain * innovation
            total += innovation**2 / step.variance[pattern]
            logs += np.log(step.variance)
        windows = slice(*np.searchsorted(n, [t + 1, t + 2]))
        if len(which := column[windows]):
            yield Fit(
                squares=total[which] + floor[windows, None],
                degrees=observed[t, which] - 1,
                log_variance=logs[pattern[which]],
                state=states[:, which].swapaxes(0, 1),
                covariance=np.broadcast_to(step.covariance, (len(logs), *model.first.shape)),
                kind=pattern[which],
            )


def _advance(states: FloatArray, grid: Grid) -> tuple[FloatArray, FloatArray]:
    """F x [s, C, G] and w'x [C, G] of states [s, C, G], without the zeros of F."""
    moved = np.empty_like(states)
    np.multiply(states[1], grid.phi, out=moved[1])
    np.add(states[0], moved[1], out=moved[0])
    if len(states) == 2:
        return moved, moved[0].copy()
    moved[2], moved[3:] = states[-1], states[2:-1]
    return moved, moved[0] + states[-1]


def laws(
    fits: Iterable[Fit], horizon: int, grid: Grid, *, spread: bool
) -> tuple[Average, IntArray]:
    """The forecast of each group of candidates: log mass [K, W], mean [K, H, W] and, with `spread`,
    the squared scale [K, H, W] of its Student-t law; and the laws' degrees of freedom [W].

    With a_h = w'F^(h-1) the path is a_h x_n and its squared scale S_n / (n - 1) times
    1 + sum_{j<h} (a_j g)^2 + a_h P_n a_h'.
    """
    out = _readout(grid, horizon)
    parts, degrees = [], []
    many = max(1, SLICE // (len(grid) * (horizon if spread else 2)))
    for done in chain.from_iterable(fit.slices(many) for fit in fits):
        log_weight = done.log_likelihood
        log_weight += grid.log_prior
        if spread:
            within = _ahead(out, done.covariance)[done.kind]
            within *= (done.squares / np.maximum(done.degrees, 1)[:, None])[:, None]
            path = _paths(out.reach, done.state)
            parts.append(average_by_group(log_weight, out.member, path, within))
        else:
            found = average_by_group(log_weight, out.member, done.state)
            parts.append(Average(found.log_mass, _paths(out.shared, found.mean)))
        degrees.append(done.degrees)
    whole = stack(parts)  # [W, K], [W, H, K]
    variance = None if whole.variance is None else whole.variance.T
    return Average(whole.log_mass.T, whole.mean.T, variance), np.concatenate(degrees)


@dataclass(frozen=True, slots=True, eq=False)
class Readout:
    """What states say of the future. reach: [H, s, G] a_h = w'F^(h-1), what each adds to a step,
    shared: [H, s, K] in a group. noise: [H, G] variance of errors to come in units of sigma^2.
    member: [G, K] ones and zeros."""

    reach: FloatArray
    shared: FloatArray
    noise: FloatArray
    member: FloatArray


@lru_cache(maxsize=64)
def _readout(grid: Grid, horizon: int) -> Readout:
    model = system(grid)
    rows = [model.observation[:, None, :]]
    for _ in range(1, horizon):
        rows.append(rows[-1] @ model.transition)
    reach = np.concatenate(rows, axis=1).transpose(1, 2, 0).copy()
    weights = np.einsum("hsg,gs->hg", reach, model.error) ** 2
    noise = 1 + np.cumsum(weights, axis=0) - weights
    groups, first = np.unique(grid.group, return_index=True)
    member = (grid.group[:, None] == groups).astype(float)
    return Readout(reach, reach[:, :, first].copy(), noise, member)


def _paths(reach: FloatArray, state: FloatArray) -> FloatArray:
    """Sums over s of reach [H, s, G] times states [W, s, G]: [W, H, G]."""
    found = reach[:, 0] * state[:, 0, None]
    for s in range(1, state.shape[1]):
        found += reach[:, s] * state[:, s, None]
    return found


def _ahead(out: Readout, covariance: FloatArray) -> FloatArray:
    """Variances of forecast errors in units of sigma^2, [V, H, G], for covariances [V, G, s, s]."""
    loading = np.einsum("hsg,vgsr->vhrg", out.reach, covariance)
    found: FloatArray = np.einsum("vhrg,hrg->vhg", loading, out.reach)
    found += out.noise
    return found
