"""A driver beside the windows that follow it: what was seen of it, and what is expected.

Windows over the same periods see the same driver, so it is read and forecast once for each distinct
stretch of time, not once for each series.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from westforecast.errors import nearest
from westforecast.kernels.quantiles import probabilities
from westforecast.kernels.windows import first_observed, last_observed
from westforecast.models import Model, OutOfDomain, Refusal, Status, Windows
from westforecast.typing import FloatArray


class NoDriver(Refusal):
    """The series that a model follows is not there, or cannot be forecast."""

    status = Status.NO_DRIVER


@dataclass(frozen=True, slots=True, eq=False)
class Driver:
    """The driver of W windows, in logarithms, over their T periods and H steps.

    seen: [W, T] observed values, NaN where there is none; windows end in the last column.
    path: [W, T + H] the same, then what is expected after the last observed value.
    paths: [W, T + H, Q] the path at each quantile of the driver's own forecast; those of an assumed
        path are the path itself.
    refusals: [W] why a window has no driver, None where it has.
    """

    seen: FloatArray
    path: FloatArray
    paths: FloatArray
    refusals: tuple[Refusal | None, ...]


def look_beside(
    windows: Windows,
    horizon: int,
    levels: Sequence[float],
    unique_id: str,
    *,
    model: Model,
    assumed: Mapping[int, float] | None,
) -> Driver:
    """The driver `unique_id` beside each window, read up to the cutoff only.

    Its future is `assumed` (period -> level) where given, else the forecast of `model` from the
    driver's own values. A lower quantile at or below zero (a normal law that crosses it) is
    replaced by the mirror image of the upper one on the log scale.
    """
    as_of = windows.cutoff if windows.as_of is None else windows.as_of
    stretch = np.stack([windows.first_period, windows.lengths, as_of], axis=1)
    _, example, which = np.unique(stretch, axis=0, return_index=True, return_inverse=True)
    distinct = windows.take(example)
    seen, refusals = _seen(distinct, unique_id)  # [U, T]
    future = np.full((len(seen), horizon), np.nan)
    path = np.concatenate([seen, future], axis=1)  # [U, T + H]
    paths = np.repeat(path[..., None], len(probabilities(levels)), axis=-1)  # [U, T + H, Q]
    if assumed is None:
        _expect(path, paths, refusals, distinct, unique_id, model, levels)
    else:
        _assume(path, paths, refusals, distinct, unique_id, assumed)
    which = which.reshape(-1)
    return Driver(
        seen=np.log(seen)[which],
        path=np.log(path)[which],
        paths=np.log(paths)[which],
        refusals=tuple(refusals[u] for u in which),
    )


def _seen(windows: Windows, unique_id: str) -> tuple[FloatArray, list[Refusal | None]]:
    """The driver's values [U, T] beside each window, and the objections to them."""
    rows = np.full((len(windows), int(windows.lengths.max())), np.nan)
    refusals = []
    for u in range(len(windows)):
        row = windows.companion(unique_id, u)
        refusal = _objection(row, unique_id, windows, u)
        if row is not None and refusal is None:
            rows[u, rows.shape[1] - len(row) :] = row
        refusals.append(refusal)
    return rows, refusals


def _objection(row: FloatArray | None, unique_id: str, windows: Windows, u: int) -> Refusal | None:
    if row is None:
        return NoDriver(f"no driver {unique_id!r} in the panel. {nearest(unique_id, windows.ids)}")
    values = row[np.isfinite(row)]
    if not len(values):
        return NoDriver(
            f"driver {unique_id!r} has no value in periods {windows.first_period[u]} to "
            f"{windows.cutoff[u]}"
        )
    if values.min() <= 0:
        return OutOfDomain(
            f"smallest value of driver {unique_id!r} is {values.min():g}; values above 0 needed"
        )
    return None


def _expect(
    path: FloatArray, paths: FloatArray, refusals: list[Refusal | None], windows: Windows,
    unique_id: str, model: Model, levels: Sequence[float],
) -> None:  # fmt: skip
    """Forecast the driver of every stretch that has one, from its last value on."""
    good = np.array([u for u, refusal in enumerate(refusals) if refusal is None], np.int64)
    if not len(good):
        return
    width = int(windows.lengths.max())
    seen = path[good, :width]
    _, lag = last_observed(seen)  # periods from the driver's last value to the cutoff
    own = _alone(seen, windows.take(good), unique_id)
    steps = path.shape[1] - width + lag
    forecast = model.forecast(own, int(steps.max()), levels)
    for k, u in enumerate(good):
        mean = forecast.mean[k, : steps[k]]
        if forecast.status[k] != Status.OK:
            told = f"{Status(forecast.status[k]).label}: {forecast.reason.get(k, '')}"
            refusals[u] = NoDriver(f"driver {unique_id!r} has no forecast by {model.name}: {told}")
        elif mean.min() <= 0:
            refusals[u] = OutOfDomain(
                f"{model.name} expects driver {unique_id!r} to fall to {mean.min():g}; take a "
                "driver_model on the log scale"
            )
        else:
            path[u, width - lag[k] :] = mean
            paths[u, width - lag[k] :] = _above_zero(forecast.quantiles[k, : steps[k]], mean)


def _alone(seen: FloatArray, windows: Windows, unique_id: str) -> Windows:
    """Windows over the driver's own values: one a stretch, from its first value to its last."""
    _, begin = first_observed(seen)
    _, lag = last_observed(seen)
    end = seen.shape[1] - lag
    pieces = [row[b:e] for row, b, e in zip(seen, begin, end, strict=True)]
    indptr = np.concatenate([[0], np.cumsum(end - begin)]).astype(np.int64)
    bounds = windows.bounds[windows.ids.index(unique_id)]
    return Windows(
        values=np.concatenate(pieces),
        indptr=indptr,
        first=windows.cutoff - seen.shape[1] + 1 + begin,
        ids=(unique_id,) * len(pieces),
        bounds=np.repeat(bounds[None], len(pieces), axis=0),
        season_length=windows.season_length,
        series=np.arange(len(pieces)),
        start=indptr[:-1],
        end=indptr[1:],
    )


def _assume(
    path: FloatArray, paths: FloatArray, refusals: list[Refusal | None], windows: Windows,
    unique_id: str, assumed: Mapping[int, float],
) -> None:  # fmt: skip
    """Continue every stretch's driver with the assumed levels; observed values win."""
    width = int(windows.lengths.max())
    _, lag = last_observed(path[:, :width])
    for u in np.flatnonzero([refusal is None for refusal in refusals]):
        columns = np.arange(width - lag[u], path.shape[1])
        ahead = int(windows.cutoff[u]) - width + 1 + columns
        path[u, columns] = [assumed.get(int(period), np.nan) for period in ahead]
        paths[u, columns] = path[u, columns, None]
        absent = np.isnan(path[u, width:])
        if absent.any():
            period = int(windows.cutoff[u]) + 1 + int(np.argmax(absent))
            refusals[u] = NoDriver(f"driver_path of {unique_id!r} has no level for period {period}")


def _above_zero(quantiles: FloatArray, center: FloatArray) -> FloatArray:
    """Quantiles [H, Q] with those at or below zero mirrored, on the log scale, from above."""
    middle = center[:, None]
    mirrored = middle * (middle / np.fmax(quantiles[:, ::-1], middle))
    return np.maximum.accumulate(np.where(quantiles <= 0, mirrored, quantiles), axis=1)
