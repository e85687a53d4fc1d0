"""TOML tables whose keys are taken one by one; errors name the key and its line."""

import re
from datetime import date
from difflib import get_close_matches
from math import isfinite
from pathlib import Path
from typing import Any

from westforecast.errors import UsageError, nearest
from westforecast.text import unseen


class StudyError(UsageError):
    """A study file that cannot be meant as written; `key` and `line` say where.

    name: what the file itself calls that place, since nobody counts scenarios: scenario 'cooler'.
    """

    def __init__(
        self, message: str, path: Path, key: str = "", line: int = 0, name: str = ""
    ) -> None:
        told = (path.name, f"line {line}" if line else "", name, key)
        super().__init__(f"{', '.join(filter(None, told))}: {message}")
        self.key, self.line = key, line


# By which of its keys an item of a list of tables is called.
CALLED = {"scenario": "name", "outlook": "series", "target": "quantity"}


class Lines:
    """Where keys of a TOML text stand, for error messages."""

    def __init__(self, path: Path, text: str, content: dict[str, Any]) -> None:
        self.path, self.content = path, content
        self.at: dict[tuple[str, ...], int] = {}
        table: tuple[str, ...] = ()
        counts: dict[tuple[str, ...], int] = {}
        for number, line in enumerate(text.splitlines(), start=1):
            if header := re.match(r"^\s*(\[\[?)\s*(.+?)\s*\]\]?\s*(#.*)?$", line):
                table = ()
                for part in _split(header[2]):  # inside the latest item of each list of tables
                    inner = (str(counts[table]),) if table in counts else ()
                    table = (*table, *inner, part)
                if header[1] == "[[":
                    counts[table] = counts.get(table, -1) + 1
                    table = (*table, str(counts[table]))
                self.at.setdefault(table, number)
            elif entry := re.match(
                r"""^\s*((?:[\w-]+|"[^"]*"|'[^']*')(?:\s*\.\s*[\w-]+)*)\s*=""", line
            ):
                self.at.setdefault((*table, *_split(entry[1])), number)

    def error(self, key: tuple[str, ...], message: str) -> StudyError:
        """A StudyError with the key, its line and the name of the item it is in."""
        return StudyError(message, self.path, ".".join(key), self.find(key), self._name(key))

    def _name(self, key: tuple[str, ...]) -> str:
        """What the file calls the item of a list that a key is in: scenario 'cooler'."""
        if len(key) < 2 or key[0] not in CALLED:
            return ""
        called = self.content[key[0]][int(key[1])].get(CALLED[key[0]])
        return f"{key[0]} {called!r}" if isinstance(called, str) else ""

    def find(self, key: tuple[str, ...]) -> int:
        """The line of a key, or of the nearest table around it; 0 where there is none."""
        while key:
            if key in self.at:
                return self.at[key]
            key = key[:-1]
        return 0


def _split(dotted: str) -> tuple[str, ...]:
    parts = re.findall(r"""[\w-]+|"[^"]*"|'[^']*'""", dotted)
    return tuple(part.strip("\"'") for part in parts)


def check_texts(content: Any, lines: Lines, key: tuple[str, ...] = ()) -> None:
    """Raise StudyError at the first text that holds what cannot be seen.

    Such a character is a slip of the clipboard; it would go into charts, tables and file names.
    Texts may have several lines, keys may not: they are names.
    """
    if isinstance(content, dict):
        for name, value in content.items():
            if char := unseen(name):
                raise lines.error((*key, name), f"the key {_not_plain(char)}")
            if not name.strip():
                raise lines.error((*key, name), "the key is empty; a name expected")
            check_texts(value, lines, (*key, name))
    elif isinstance(content, list):
        for place, value in enumerate(content):
            check_texts(value, lines, (*key, str(place)))
    elif isinstance(content, str) and (char := unseen(content, lines=True)):
        raise lines.error(key, _not_plain(char))


def _not_plain(char: str) -> str:
    return f"holds {char}, which cannot be seen; plain text expected. Write it anew"


MISSING: Any = object()


class Table:
    """A TOML table whose keys are taken one by one; what is left at the end is unknown."""

    def __init__(self, data: dict[str, Any], key: tuple[str, ...], lines: Lines) -> None:
        self.data, self.key, self.lines = dict(data), key, lines
        self.known: list[str] = []

    @property
    def name(self) -> str:
        return self.key[-1]

    def fail(self, key: str, message: str) -> Any:
        path = (*self.key, *key.split(".")) if key else self.key
        raise self.lines.error(path, message)

    def take(self, key: str, default: Any = MISSING) -> Any:
        self.known.append(key)
        if key in self.data:
            return self.data.pop(key)
        if default is MISSING:
            for close in get_close_matches(key, self.data, n=1):
                self.fail(close, f"is not a key here; did you mean {key!r}?")
            self.fail(key, "is missing")
        return default

    def done(self) -> None:
        for key in self.data:
            self.fail(key, f"is not a key here. {nearest(key, self.known)}")

    def _typed(self, key: str, default: Any, kinds: tuple[type, ...], words: str) -> Any:
        value = self.take(key, default)
        if value is not default and (not isinstance(value, kinds) or isinstance(value, bool)):
            self.fail(key, f"{value!r} found, {words} expected")
        return value

    def text(self, key: str, default: Any = MISSING) -> str:
        return str(self._typed(key, default, (str,), "text"))

    def called(self, key: str, default: Any = MISSING) -> str:
        """A text that is the name of something: not empty, on one line."""
        name = self.text(key, default)
        if char := unseen(name):
            self.fail(key, f"{name!r} {_not_plain(char)}")
        if not name.strip():
            self.fail(key, "is empty; a name expected")
        return name

    def number(self, key: str, default: Any = MISSING) -> float:
        value = float(self._typed(key, default, (int, float), "a number"))
        if not isfinite(value):
            self.fail(key, f"{value} found, a finite number expected")
        return value

    def positive(self, key: str, default: Any = MISSING) -> float:
        value = self.number(key, default)
        if not value > 0:
            self.fail(key, f"{value:g} found, a number above 0 expected")
        return value

    def whole(self, key: str, default: Any = MISSING, least: int | None = None) -> int:
        value = int(self._typed(key, default, (int,), "a whole number"))
        if least is not None and value < least:
            self.fail(key, f"{value} found, at least {least} expected")
        return value

    def flag(self, key: str, default: bool) -> bool:
        value = self.take(key, default)
        if not isinstance(value, bool):
            self.fail(key, f"{value!r} found, true or false expected")
        return bool(value)

    def choice(self, key: str, allowed: tuple[str, ...], default: str | None) -> str:
        value = self.text(key, MISSING if default is None else default)
        if value not in allowed:
            self.fail(key, f"{value!r} found. {nearest(value, allowed)} "
                      f"Expected one of {', '.join(allowed)}.")  # fmt: skip
        return value

    def texts(self, key: str, default: Any = MISSING) -> list[str]:
        values = self.take(key, default)
        if not isinstance(values, list | tuple) or not all(isinstance(v, str) for v in values):
            self.fail(key, f"{values!r} found, a list of texts expected")
        return list(values)

    def numbers(self, key: str, default: tuple[float, ...]) -> tuple[float, ...]:
        values = self.take(key, default)
        good = isinstance(values, list | tuple) and all(
            isinstance(v, int | float) and not isinstance(v, bool) for v in values
        )
        if not good:
            self.fail(key, f"{values!r} found, a list of numbers expected")
        return tuple(float(v) for v in values)

    def date(self, key: str) -> str:
        """A date, as text or TOML's own kind, as ISO text; "" where there is none."""
        given = self.take(key, "")
        return given.isoformat() if isinstance(given, date) else str(given)

    def table(self, key: str, required: bool = False) -> "Table":
        value = self.take(key, MISSING if required else {})
        if not isinstance(value, dict):
            self.fail(key, f"a table [{key}] expected")
        return Table(value, (*self.key, key), self.lines)

    def tables(self, key: str, required: bool = False) -> list["Table"]:
        """Tables [key.NAME], in order."""
        value = self.take(key, MISSING if required else {})
        if not isinstance(value, dict) or not all(isinstance(v, dict) for v in value.values()):
            self.fail(key, f"tables [{key}.NAME] expected")
        return [Table(v, (*self.key, key, name), self.lines) for name, v in value.items()]

    def items(self, key: str, required: bool = False) -> list["Table"]:
        """Tables [[key]], in order."""
        value = self.take(key, MISSING if required else [])
        if not isinstance(value, list) or not all(isinstance(v, dict) for v in value):
            self.fail(key, f"tables [[{key}]] expected")
        return [Table(v, (*self.key, key, str(i)), self.lines) for i, v in enumerate(value)]
