"""What a model declares, held to it both ways: it can do that, and can do nothing else."""

from dataclasses import replace
from typing import get_args

import numpy as np

from westforecast.models import Capability, DrivenModel, SeriesModel, Status, Windows
from westforecast.models.base import CROSSED
from westforecast.testing import data
from westforecast.testing.check import Broken, Skipped, check, expect
from westforecast.testing.checks import labels
from westforecast.testing.trial import HORIZON, LEVELS, Trial
from westforecast.typing import FloatArray

# A model continues a line whose next steps it forecasts within this part of how far the line moves.
# Where gaps are closed up, time runs half as fast again, or twice as fast, over this line's gaps.
NEAR, FAR = 0.1, 0.25
STEPS = 3
# Sums over other magnitudes round otherwise.
SCALED = 1e-6


@check("quick")
def capabilities(trial: Trial) -> None:
    """Capabilities are words the library knows, agree with the class and with the registration."""
    model, told = trial.model, trial.model.capabilities
    expect(isinstance(told, frozenset), f"capabilities is {told!r}; a frozenset expected")
    unknown = sorted(told - set(get_args(Capability)))
    expect(not unknown, f"capabilities {unknown} are not among {list(get_args(Capability))}")
    for word, here in (("batch", model.batch), ("missing", model.missing)):
        has, says = ("has it" if yes else "lacks it" for yes in (word in told, here))
        expect(has == says, f"{word!r}: capabilities {has}, `{word}` {says}")
    if isinstance(model, DrivenModel):
        follows = "driver" in told or not model.drivers
        expect(follows, "it has `drivers`, and capabilities lacks 'driver'")
    else:
        expect("driver" not in told, "'driver' is for a DrivenModel, and this is none")
    if trial.declared is None:
        return
    over, under = (sorted(a - b) for a, b in ((trial.declared, told), (told, trial.declared)))
    expect(
        not over and not under,
        f"the registration declares {sorted(trial.declared)}, the model {sorted(told)}: "
        + "; ".join(
            f"{what} {words}"
            for what, words in (("not of the model", over), ("not in the registration", under))
            if words
        ),
    )


@check("quick")
def intervals(trial: Trial) -> None:
    """Declared intervals are finite, their quantiles rise with the probability; none come
    undeclared.
    """
    if trial.words:  # something came back; what crosses is then no forecast at all
        for w, reason in trial.any_answer.reason.items():
            name = trial.any_windows.ids[trial.any_windows.series[w]]
            expect(reason != CROSSED, f"series {name!r}: {reason}")
    windows, answer, good = trial.windows, trial.forecast(), trial.good
    quantiles = answer.quantiles[good]
    if "intervals" not in trial.model.capabilities:
        expect(np.isnan(quantiles).all(), "intervals are not declared, and some come")
        return
    for k, w in enumerate(good):
        name = f"series {windows.ids[windows.series[w]]!r}, cutoff {windows.cutoff[w]}"
        expect(np.isfinite(quantiles[k]).all(), f"{name}: a declared interval is not finite")


@check("quick")
def point_inside(trial: Trial) -> None:
    """The widest interval holds the point forecast."""
    if "intervals" not in trial.model.capabilities:
        raise Skipped("intervals are not declared")
    windows, answer = trial.windows, trial.forecast()
    low, high = answer.interval(max(LEVELS))
    slack = 1e-9 * np.abs(answer.mean)
    outside = (answer.mean < low - slack) | (answer.mean > high + slack)
    for w in np.flatnonzero(outside.any(axis=1)):
        h = int(np.argmax(outside[w]))
        raise Broken(
            f"series {windows.ids[windows.series[w]]!r}, cutoff {windows.cutoff[w]}, step {h + 1}: "
            f"{answer.mean[w, h]:.6g} is outside {low[w, h]:.6g} to {high[w, h]:.6g}"
        )


@check("quick")
def missing(trial: Trial) -> None:
    """Declared gaps are taken; undeclared ones are declined as missing values."""
    windows = trial.windows.take(trial.good)

    def tear(values: FloatArray) -> FloatArray:
        for start, end in zip(windows.start, windows.end, strict=True):
            values[[start + 2, end - 4]] = np.nan
        return values

    torn = windows.take(np.flatnonzero(windows.lengths > max(6, trial.need + 4))).with_values(tear)
    if not len(torn):
        raise Skipped("no series is long enough to have gaps")
    answer = trial.ask(torn)
    if "missing" not in trial.model.capabilities:
        expect(
            (answer.status == Status.MISSING_VALUES).all(),
            f"gaps are not declared, and a series with gaps is {labels(answer)}",
        )
        return
    # Fewer observed values may be too few for one or the other.
    expect(
        not (answer.status == Status.FAILED).any() and (answer.status == Status.OK).any(),
        f"gaps are declared, and a series with gaps is {labels(answer)}",
    )


@check("quick")
def gaps_kept(trial: Trial) -> None:
    """Gaps stay as long as they are: a line with a third of its values missing goes on as the whole
    one.
    """
    if "missing" not in trial.model.capabilities:
        raise Skipped("gaps are not declared")
    trial.windows  # noqa: B018 - nothing to compare where nothing is forecast
    n = max(30, trial.need + 12)
    time = np.arange(float(n + STEPS))
    gap = n - 2 - 2 * np.arange((n - 2) // 3)  # every second value, back from the end
    tried = 0
    for name, line in (("a straight line", 50 + 1.5 * time), ("constant growth", 20 * 1.03**time)):
        whole: FloatArray = line[:n]
        torn, future = whole.copy(), line[n:]
        torn[gap] = np.nan
        _, answer = trial.put({"whole": whole, "torn": torn})
        error = np.abs(answer.mean[:, :STEPS] - future) / (future - whole[-1])
        if answer.status[0] != Status.OK or error[0].max() > NEAR:
            continue
        tried += 1
        why = f"{name} with gaps is {labels(answer)}"
        expect(answer.status[1] == Status.OK, why)
        expect(
            error[1].max() <= FAR,
            f"{name} that is continued when whole is off by {error[1].max():.0%} of its move with "
            "gaps: time inside the gaps seems to be lost",
        )
    if not tried:
        raise Skipped("the model continues neither a straight line nor constant growth")


@check("quick")
def positive(trial: Trial) -> None:
    """Values at or below zero are forecast or politely declined; declined as such where the model
    is declared positive.
    """
    windows = trial.windows.take(trial.few)
    targets = np.unique(windows.series)

    def change(by: str) -> Windows:
        values = data.pieces(windows)
        for s in targets:
            begin = windows.start[windows.series == s][0] - windows.indptr[s]
            if by == "zero":
                values[s][begin + 3] = 0.0
            else:
                values[s] = values[s] - np.median(values[s])
        return data.with_pieces(windows, values)

    for by in ("zero", "mixed signs"):
        answer = trial.ask(change(by))
        if trial.model.positive:
            expect(
                (answer.status == Status.NOT_POSITIVE).all(),
                f"{by}: the model is declared positive, and a series is {labels(answer)}",
            )
            continue
        expect(
            not (answer.status == Status.FAILED).any(),
            f"{by}: neither forecast nor politely declined: {labels(answer)}",
        )


@check("quick")
def min_train(trial: Trial) -> None:
    """With as many values as it requires a model works; with fewer it says too_short."""
    need, windows = trial.need, trial.windows.take(trial.few)
    expect(isinstance(need, int | np.integer) and need >= 1, f"`required` gives {need!r}")
    lengths = range(need) if trial.tier == "full" else sorted({0, 1, need - 1} & set(range(need)))
    short = np.array([n for n in lengths for _ in range(len(windows))], np.int64)
    rows = np.resize(np.arange(len(windows)), len(short))
    few = windows.take(rows)
    answer = trial.ask(replace(few, start=few.end - short))
    for k, n in enumerate(short):
        label = Status(int(answer.status[k])).label
        expect(label == "too_short", f"{n} values, {need} required, and the status is {label}")
    answer = trial.ask(replace(windows, start=windows.end - need))
    told = f"{need} values are what it requires, and with so many it is {labels(answer)}"
    expect(not np.isin(answer.status, (Status.FAILED, Status.TOO_SHORT)).any(), told)
    expect((answer.status == Status.OK).any(), told)


@check("quick")
def scale_equivariant(trial: Trial) -> None:
    """Where scale equivariance is declared, ten times the data gives ten times the forecast and its
    quantiles.
    """
    windows, whole = trial.windows, trial.forecast()
    if "scale_equivariant" not in trial.model.capabilities:
        raise Skipped("not declared")
    for factor in (10.0, 0.01):
        found = trial.ask(_scaled(windows, factor))
        back = replace(found, mean=found.mean / factor, quantiles=found.quantiles / factor)
        if (back.difference(whole) > SCALED).any():
            trial.same(windows, whole, back, f"{factor:g} times the data, scaled back")


def _scaled(windows: Windows, factor: float) -> Windows:
    """Everything in other units: values and bounds."""
    return replace(windows.with_values(lambda v: factor * v), bounds=factor * windows.bounds)


@check("quick")
def driver(trial: Trial) -> None:
    """A declared driver is needed: without it the status is no_driver. Undeclared, no other series
    is.
    """
    windows, whole = trial.windows, trial.forecast()
    answer = trial.ask(data.renamed(windows, trial.drivers))
    if "driver" in trial.model.capabilities:
        expect(isinstance(trial.model, DrivenModel), "a driver is declared by a DrivenModel")
        expect(
            (answer.status[trial.good] == Status.NO_DRIVER).all(),
            f"the drivers are gone, and a series is {labels(answer)}",
        )
        return
    if not len(trial.drivers):
        raise Skipped("there are no other series that could be drivers")
    trial.same(windows, whole, answer, "with and without the other series")


@check("quick")
def batch(trial: Trial) -> None:
    """The fast path equals the loop over `forecast_one` on a ragged block of windows."""
    model = trial.model
    if not model.batch:
        raise Skipped("no batch is declared: windows go one by one")
    if not isinstance(model, SeriesModel):
        raise Skipped("there is no `forecast_one` to compare with; `one_by_one` compares")
    block = _block(trial)
    fast = trial.ask(block)
    good = np.flatnonzero(fast.status == Status.OK)
    if not len(good):
        raise Broken(f"of a ragged block nothing is forecast: {labels(fast)}")
    some = block.take(good)
    with np.errstate(all="ignore"):  # as `forecast` has it
        slow = SeriesModel.compute(model, some, HORIZON, LEVELS)
    trial.same(some, slow, fast.take(good), "by the loop and by the batch")


def _block(trial: Trial) -> Windows:
    """Windows of every length that the ordinary series allow."""
    windows = trial.windows.take(trial.good)
    most = 60 if trial.tier == "full" else 20
    rows, ends = [], []
    for w in range(len(windows)):
        for back in range(int(windows.lengths[w] - trial.need) + 1):
            rows.append(w)
            ends.append(int(windows.end[w]) - back)
    step = max(1, len(rows) // most)
    block = windows.take(np.array(rows[::step]))
    end = np.array(ends[::step], np.int64)
    as_of = None if block.as_of is None else block.as_of - (block.end - end)
    return replace(block, end=end, as_of=as_of)
