"""Settings that several models share, checked in one place."""

from collections.abc import Mapping
from math import isfinite

import numpy as np

from westforecast.errors import UsageError
from westforecast.models import Model


def check_window(window: int | None) -> None:
    """Raises UsageError unless it is None or at least one whole period."""
    if window is not None and (isinstance(window, bool) or not is_whole(window) or window < 1):
        raise UsageError(f"window={window!r} found, None or at least 1 period expected.")


def check_driver(
    driver: str, model: Model | None, path: Mapping[int, float] | None
) -> dict[int, float] | None:
    """The driver's path as a dict of periods; raises UsageError for what cannot be meant."""
    if not isinstance(driver, str) or not driver:
        raise UsageError(f"driver={driver!r} found, the unique_id of a series expected.")
    if model is not None and not isinstance(model, Model):
        raise UsageError(
            f"driver_model={model!r} found, a Model or None expected; a name becomes a Model "
            "with westforecast.model(name)."
        )
    if path is None:
        return None
    if model is not None:
        raise UsageError("driver_model and driver_path are both given; a path needs no model.")
    if not isinstance(path, Mapping) or not path:
        raise UsageError(f"driver_path={path!r} found, a mapping from period to level expected.")
    for period, level in path.items():
        if isinstance(period, bool) or not is_whole(period):
            raise UsageError(f"driver_path: period {period!r} found, a whole number expected.")
        if not is_positive(level):
            raise UsageError(
                f"driver_path: level {level!r} in period {period} found, above 0 expected."
            )
    return {int(period): float(path[period]) for period in sorted(path)}


def is_whole(value: object) -> bool:
    """Whether something is an integer of Python or NumPy."""
    return isinstance(value, int | np.integer)


def is_positive(value: object) -> bool:
    """Whether something is a finite number above zero."""
    if isinstance(value, bool) or not isinstance(value, int | float | np.number):
        return False
    return isfinite(value) and float(value) > 0
