"""What can go wrong, said in full: what was found, where, what was expected, what to do.

Every error of the library is a `WestforecastError`. `DataError` carries all bad rows at once.
"""

import sys
import warnings
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from difflib import get_close_matches
from numbers import Integral
from typing import ClassVar

from westforecast.text import visible

# Names listed where none is near: a panel may hold thousands of series.
_LISTED = 20


class WestforecastError(Exception):
    """Base class of every error this library raises on purpose.

    Messages quote what they found, which is anybody's text: as text nothing in them acts unseen.
    """

    def __str__(self) -> str:
        return visible(super().__str__(), lines=True)


class UsageError(WestforecastError, ValueError):
    """An argument or a setting that cannot be meant as written."""


class UnknownNameError(UsageError, LookupError):
    """A name that nothing answers to; the message suggests the nearest one."""


class ModelError(WestforecastError, RuntimeError):
    """A model failed and the caller asked to hear of it at once (`on_error="raise"`)."""


class PluginError(WestforecastError, RuntimeError):
    """A plugin is broken and `WESTFORECAST_STRICT=1` asks to stop for it."""


class ConformanceError(WestforecastError, AssertionError):
    """A model does not keep its contract; the message is the whole report."""


class WestforecastWarning(UserWarning):
    """The one warning category: one warning a cause, with a count."""

    def __str__(self) -> str:
        return visible(super().__str__(), lines=True)


def warn(message: str) -> None:
    """Warn at the line outside the library that called it, however deep inside this is."""
    depth, frame = 2, sys._getframe(1)
    while frame.f_back and frame.f_globals.get("__name__", "").partition(".")[0] == _PACKAGE:
        depth, frame = depth + 1, frame.f_back
    warnings.warn(message, WestforecastWarning, stacklevel=depth)


_PACKAGE = __name__.partition(".")[0]


@dataclass(frozen=True, slots=True)
class Problem:
    """One bad place in the data."""

    where: str
    found: str
    expected: str
    remedy: str

    def __str__(self) -> str:
        return f"{self.where}: {self.found}; expected {self.expected}. {self.remedy}"


class DataError(WestforecastError, ValueError):
    """Data that cannot be used as they are. `problems` lists every bad place."""

    SHOWN: ClassVar[int] = 20

    def __init__(
        self, problems: Sequence[Problem], origin: str = "the data", advice: str = ""
    ) -> None:
        self.problems = tuple(problems)
        self.origin = origin
        self.advice = advice
        super().__init__(self._message())

    def _message(self) -> str:
        count = len(self.problems)
        head = f"{count} problem{'s' if count != 1 else ''} in {self.origin}:"
        lines = [f"  - {problem}" for problem in self.problems[: self.SHOWN]]
        if count > self.SHOWN:
            lines.append(f"  ... and {count - self.SHOWN} more (see `.problems` of this error)")
        return "\n".join([head, *lines, *([f"  {self.advice}"] if self.advice else [])])

    # Exception.__reduce__ would call __init__ with the message; results cross process borders.
    def __reduce__(self) -> tuple[type["DataError"], tuple[tuple[Problem, ...], str, str]]:
        return DataError, (self.problems, self.origin, self.advice)


def nearest(name: object, known: Iterable[object]) -> str:
    """A sentence that suggests the nearest known name, or lists what there is.

    >>> nearest("Naiv", ["Naive", "Drift"])
    "Did you mean 'Naive'?"
    """
    names = sorted({str(candidate) for candidate in known})
    close = closest(name, names)
    if close is not None:
        return f"Did you mean {close!r}?"
    if not names:
        return "None is known."
    more = f" and {len(names) - _LISTED:,} more" if len(names) > _LISTED else ""
    return f"Known: {', '.join(names[:_LISTED])}{more}."


def closest(name: object, known: Iterable[object]) -> str | None:
    """The known name that was likely meant: one spelt nearly so, else the only one so begun.

    >>> closest("id", ["id_col", "time_col"])
    'id_col'
    """
    folded = {str(candidate).casefold(): str(candidate) for candidate in known}
    told = str(name).casefold()
    close = get_close_matches(told, list(folded), n=1, cutoff=0.6)
    if not close and len(told) > 1:
        begun = [candidate for candidate in folded if candidate.startswith(told)]
        close = begun if len(begun) == 1 else []
    return folded[close[0]] if close else None


def check_options(given: Iterable[str], known: Iterable[str], of: str) -> None:
    """Raise UsageError for options that are not known, each with the nearest that is.

    of: what takes them, as users write it: "Panel.from_csv".
    """
    names = list(known)
    unknown = [name for name in given if name not in names]
    if unknown:
        found = " ".join(f"{name!r} found. {nearest(name, names)}" for name in unknown)
        raise UsageError(f"{of} has no such option: {found} It takes {', '.join(names)}.")


def check_whole(name: str, value: object, least: int) -> int:
    """The value of a setting that counts something; UsageError unless it is a number that can.

    >>> check_whole("lags", 3, least=1)
    3
    """
    # Not `int`: NumPy's whole numbers count as well. A truth value counts nothing.
    if not isinstance(value, Integral) or isinstance(value, bool) or value < least:
        raise UsageError(f"{name}={value!r} found, a whole number of at least {least} expected.")
    return int(value)


def is_text(value: str) -> bool:
    """Whether text can be written: half a character (a lone surrogate) and NUL cannot.

    pandas takes texts for the same that are so up to a NUL.

    >>> is_text("机床"), is_text("\\ud800")
    (True, False)
    """
    try:
        return "\0" not in value and (value.isascii() or bool(value.encode()))
    except UnicodeEncodeError:
        return False
