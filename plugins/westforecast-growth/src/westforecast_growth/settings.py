"""Settings that several models share, checked in one place."""

from math import isfinite
from typing import Any

import numpy as np

from westforecast.errors import UsageError


def check_window(window: int | None) -> None:
    """Raises UsageError unless it is None or at least one whole period."""
    whole = isinstance(window, int | np.integer) and not isinstance(window, bool)
    if window is not None and (not whole or window < 1):
        raise UsageError(f"window={window!r} found, None or at least 1 period expected.")


def check_damping(damping: float) -> None:
    """Raises UsageError unless 0 <= damping <= 1."""
    if not 0 <= damping <= 1:
        raise UsageError(f"damping={damping!r} found, 0 <= damping <= 1 expected.")


def is_number(value: Any) -> bool:
    """Whether something is a finite number and no truth value."""
    number = isinstance(value, int | float | np.number) and not isinstance(value, bool)
    return number and isfinite(value)


def check_least(name: str, value: Any) -> None:
    """Raises UsageError unless it is a finite number of 0 or more."""
    if not is_number(value) or value < 0:
        raise UsageError(f"{name}={value!r} found, 0 or more expected.")
