"""What one cell of a table says: a number, an id, or what it is instead, in words for messages."""

import datetime as dt
import re
from decimal import Decimal
from numbers import Complex, Real
from typing import Any
from uuid import UUID

import numpy as np
import pandas as pd

from westforecast.errors import is_text
from westforecast.typing import FloatArray

DECIMAL = re.compile(r"\s*[+-]?(\d+\.?\d*|\.\d+)([eE][+-]?\d+)?\s*", re.ASCII)

# What a column of numbers may say, in any case, where it has none.
_BLANK = {"", "na", "n/a", "#n/a", "nan", "null", "none"}


def id_text(value: Any) -> str:
    """An id as text; 1.0 is 1: a column of whole numbers that holds nulls arrives as floats."""
    return (
        str(int(value))
        if isinstance(value, float | np.floating) and float(value).is_integer()
        else str(value)
    )


def numbers(values: np.ndarray) -> tuple[FloatArray, dict[int, str]]:
    """Values as floats [N] and, for each place that holds no number, what it holds instead.

    Truth values are 1 and 0; whole numbers beyond 2^53 are rounded to the nearest float.
    """
    if values.dtype.kind in "iufb":
        return values.astype(float), {}
    floats, wrong = np.full(len(values), np.nan), {}
    for i, value in enumerate(values):
        read = number(value)
        if isinstance(read, str):
            wrong[i] = read
        else:
            floats[i] = read
    return floats, wrong


def number(value: Any) -> float | str:
    """A value as a float, NaN where it says that there is none, or in words what it is instead."""
    if value is None:
        return np.nan
    if isinstance(value, str):
        if DECIMAL.fullmatch(value):
            number = float(value)
            return number if np.isfinite(number) else _HUGE
        bare = value.strip().lower()
        return np.nan if bare in _BLANK else _INFINITE.get(bare) or _written(value)
    if isinstance(value, Real | Decimal | np.bool_):
        try:
            number = float(value)
        except OverflowError:
            return _HUGE
        except ValueError:
            return "a signalling NaN"
        return _HUGE if np.isinf(number) and value != number else number
    if isinstance(value, Complex):
        return "a complex number"
    if isinstance(value, dt.timedelta | np.timedelta64):
        return "a duration"
    return "a date or time" if isinstance(value, _TIMES) else f"of type {type(value).__name__}"


_HUGE = "too large for a number (at most 1.8e308)"
_INFINITE = {f"{sign}{word}": float(f"{sign or '+'}inf")
             for sign in ("", "+", "-") for word in ("inf", "infinity")}  # fmt: skip
_TIMES = (dt.date, dt.time, np.datetime64, pd.Period)

# What text looks like that stands for a number which must be written otherwise.
_WRITTEN = {
    r"[+-]?[1-9]\d{0,2}(,\d{3})+(\.\d*)?": "written with thousands commas",
    r"[+-]?\d+,\d+": "written with a decimal comma",
    r"[+-]?\d{1,3}(\.\d{3})+(,\d*)?": "written with thousands points",
    r"[+-]?\d{1,3}([ \u00a0\u2009\u202f']\d{3})+([.,]\d*)?": "written with spaces or marks",
    r"[\u2012-\u2015\u2212].*\d.*": "written with a minus sign that is not '-'",
    r"[+-]?[\d.,]+\s*[%\u2030\uff05]": "written with a percent sign",
    r"\([\d.,]+\)": "written in brackets",
    r"[\uff0b\uff0c-\uff0e\uff10-\uff19]+": "written in full-width digits",
    r"[+-]?\d[\d.,]*\s*[^\d\s.,]{1,3}": "written with a flag or unit behind it",
}


def _written(text: str) -> str:
    """What kind of text stands where a number is expected."""
    bare = text.strip()
    kind = next((kind for form, kind in _WRITTEN.items() if re.fullmatch(form, bare)), None)
    return kind or "text"


def unreadable(value: object) -> str:
    """What an id or a field of metadata is that can be no text, in words; "" for all others."""
    if value is None or isinstance(value, str):
        return "" if value is None or is_text(value) else "text with a lone surrogate or NUL"
    if isinstance(value, bool | np.bool_):
        return "a truth value"
    if isinstance(value, int) and abs(value) > _LONGEST:
        return "a whole number of hundreds of digits"
    scalar = isinstance(value, Real | Decimal | UUID | dt.date | np.datetime64 | pd.Period)
    return "" if scalar else f"of type {type(value).__name__}"


def plain(values: np.ndarray) -> bool:
    """Whether a column holds nothing but text, none of it blank or unreadable, and nulls."""
    return pd.api.types.infer_dtype(values, skipna=True) == "string" and all(
        text is None or (text.strip(" \t") and is_text(text)) for text in set(values.tolist())
    )


_LONGEST = 10**400  # Python makes no text of thousands of digits


def shown(value: Any) -> str:
    """A value as messages quote it: short, and as the caller's Python would show it."""
    if isinstance(value, np.generic):
        value = value.item() if value.dtype.kind != "M" else str(value) if value == value else None
    try:
        text = repr(value)
    except ValueError:  # of thousands of digits
        return "a whole number of thousands of digits"
    return text if len(text) <= 60 else f"{text[:57]}..."
