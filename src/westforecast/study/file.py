"""A study is a TOML file. Reading one checks every key; errors name the key and its line."""

import hashlib
import re
import tomllib
from collections.abc import Collection, Mapping
from dataclasses import dataclass, field
from difflib import get_close_matches
from math import isfinite
from pathlib import Path
from typing import Any, Literal

from westforecast.domain import OPERATORS, Product, Scenario
from westforecast.domain.identity import in_order
from westforecast.errors import UsageError, nearest
from westforecast.kernels.quantiles import check_levels
from westforecast.series.frame import read_csv, require

COMBINATION = "combination"
LONGEST = 200  # years; what is asked for beyond is a slip of the pen

Combine = Literal["pool", "best"]


class StudyError(UsageError):
    """A study file that cannot be meant as written; `key` and `line` say where."""

    def __init__(self, message: str, path: Path, key: str = "", line: int = 0) -> None:
        place = f"{path.name}" + (f", line {line}" if line else "") + (f", {key}" if key else "")
        super().__init__(f"{place}: {message}")
        self.key, self.line = key, line


@dataclass(frozen=True, slots=True)
class Assumption:
    """A figure that is assumed, not observed."""

    id: str
    name: str
    value: float
    unit: str
    year: str
    reason: str
    source: str


@dataclass(frozen=True, slots=True)
class Component:
    """A quantity that is forecast from data, or held at an assumed value.

    data: unique_id in the data, or assumption: id in the assumptions (exactly one).
    models: label -> name or {model=..., settings}. combine: "pool" mixes the models' laws with
    equal weights, "best" takes the one with the smallest backtest error. start: first year used.
    multiplier: what one stored unit stands for (the data's own unless given).
    """

    name: str
    title: str
    data: str = ""
    assumption: str = ""
    models: Mapping[str, Any] = field(default_factory=dict)
    benchmark: str = "Naive"
    combine: Combine = "pool"
    start: int | None = None
    multiplier: float | None = None
    note: str = ""


@dataclass(frozen=True, slots=True)
class Derived:
    """A quantity that follows from others by `identity`. market: the whole it is a share of."""

    identity: Product
    title: str
    unit: str
    market: str = ""
    headline: bool = False

    @property
    def name(self) -> str:
        """The name others refer to it by."""
        return self.identity.name


@dataclass(frozen=True, slots=True)
class Study:
    """Everything a study file says. Paths are absolute; names are checked against each other."""

    path: Path
    name: str
    title: str
    summary: str
    data: Path
    assumptions: Mapping[str, Assumption]
    origin: int
    until: int
    levels: tuple[float, ...]
    paths: int
    seed: int
    horizon: int
    min_train: int
    components: Mapping[str, Component]
    derived: Mapping[str, Derived]
    scenarios: tuple[Scenario, ...]
    notes: tuple[str, ...]
    claims: str
    digest: str
    time_col: str
    target_col: str
    lines: "Lines"

    def error(self, key: str, message: str) -> StudyError:
        """A StudyError that names a key of this file (a.b.c) and its line."""
        return StudyError(message, self.path, key, self.lines.find(tuple(key.split("."))))

    @property
    def headlines(self) -> tuple[Derived, ...]:
        """What the study is about; the first is the answer to its question."""
        chosen = tuple(d for d in self.derived.values() if d.headline)
        return chosen or tuple(self.derived.values())[-1:]


def read_study(path: str | Path) -> Study:
    """Read and check a study file.

    Raises StudyError naming key and line; UsageError where the file is missing; DataError for an
    assumptions table that cannot be read.
    """
    path = Path(path).resolve()
    try:
        text = path.read_text(encoding="utf-8-sig")
    except (OSError, UnicodeDecodeError) as error:
        told = "it is not UTF-8 text" if isinstance(error, UnicodeDecodeError) else error.strerror
        raise UsageError(f"cannot read study {str(path)!r}: {told}.") from None
    try:
        content = tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        found = re.search(r"line (\d+)", str(error))
        raise StudyError(
            f"not valid TOML: {error}", path, "", int(found[1]) if found else 0
        ) from None
    top = _Table(content, (), Lines(path, text))
    return _study(path, text, top)


def _study(path: Path, text: str, top: "_Table") -> Study:
    head = top.table("study", required=True)
    back = top.table("backtest")
    assumptions = _assumptions(path.parent / name) if (name := head.text("assumptions", "")) else {}
    components = {t.name: _component(t, assumptions) for t in top.tables("series", required=True)}
    derived = {t.name: _derived(t, components) for t in top.tables("derived", required=True)}
    _check_identities(top, components, derived)
    scenarios = {"baseline": Scenario("baseline", "Shares and relations stay as they are.")}
    for t in top.items("scenario"):
        made = _scenario(t, components, assumptions, scenarios)
        scenarios[made.name] = made
    origin, until = head.whole("origin"), head.whole("until")
    if not origin < until <= origin + LONGEST:
        head.fail("until", f"{until} is not after origin {origin}, by at most {LONGEST} years")
    levels = head.numbers("levels", (80.0, 95.0))
    try:
        levels = check_levels(levels)
    except UsageError as error:
        head.fail("levels", str(error))
    study = Study(
        path=path,
        name=head.text("name"),
        title=head.text("title"),
        summary=head.text("summary", ""),
        data=path.parent / head.text("data"),
        assumptions=assumptions,
        origin=origin,
        until=until,
        levels=levels,
        paths=head.whole("paths", 4000, least=100),
        seed=head.whole("seed", 0, least=0),
        horizon=back.whole("h", 5, least=1),
        min_train=back.whole("min_train_size", 3, least=1),
        components=components,
        derived=derived,
        scenarios=tuple(scenarios.values()),
        notes=tuple(head.texts("notes", ())),
        claims=head.text("claims", ""),
        time_col=head.text("time_col", "year"),
        target_col=head.text("target_col", "value"),
        lines=top.lines,
        digest=hashlib.sha256(text.encode()).hexdigest(),
    )
    for table in (head, back, top):
        table.done()
    return study


def _component(table: "_Table", assumptions: Mapping[str, Assumption]) -> Component:
    data, assumption = table.text("data", ""), table.text("assumption", "")
    if bool(data) == bool(assumption):
        table.fail("", "needs exactly one of `data` (a unique_id) and `assumption` (an id)")
    if assumption and assumption not in assumptions:
        table.fail(
            "assumption", f"no assumption {assumption!r}. {nearest(assumption, assumptions)}"
        )
    models = table.models("models", required=bool(data))
    start = table.whole("start") if "start" in table.data else None
    multiplier = table.positive("multiplier") if "multiplier" in table.data else None
    component = Component(
        name=table.name,
        title=table.text("title"),
        data=data,
        assumption=assumption,
        models=models,
        benchmark=table.text("benchmark", "Naive"),
        combine=table.choice("combine", ("pool", "best"), "pool"),  # type: ignore[arg-type]
        start=start,
        multiplier=multiplier,
        note=table.text("note", ""),
    )
    table.done()
    return component


def _derived(table: "_Table", components: Mapping[str, Component]) -> Derived:
    if table.name in components:
        table.fail("", f"{table.name!r} is a series already; choose another name")
    made = Derived(
        identity=Product(
            table.name, tuple(table.texts("product")), table.positive("multiplier", 1.0)
        ),
        title=table.text("title"),
        unit=table.text("unit"),
        market=table.text("market", ""),
        headline=table.flag("headline", False),
    )
    if not made.identity.parts:
        table.fail("product", "is empty; name the quantities it is the product of")
    table.done()
    return made


def _check_identities(
    top: "_Table", components: Mapping[str, Component], derived: Mapping[str, Derived]
) -> None:
    known = [*components, *derived]
    for name, d in derived.items():
        for part in d.identity.parts:
            if part not in known:
                told = f"{part!r} is not defined. {nearest(part, known)}"
                top.fail(f"derived.{name}.product", told)
        if d.market and d.market not in derived:
            told = f"{d.market!r} is no derived quantity. {nearest(d.market, derived)}"
            top.fail(f"derived.{name}.market", told)
    try:
        in_order([d.identity for d in derived.values()], list(components))
    except UsageError as error:
        top.fail(f"derived.{next(iter(derived))}.product", str(error))


def _scenario(
    table: "_Table",
    components: Mapping[str, Component],
    assumptions: Mapping[str, Assumption],
    taken: Collection[str],
) -> Scenario:
    changes = []
    for change in table.items("change", required=True):
        kind = OPERATORS[change.choice("op", tuple(OPERATORS), None)]
        settings = {
            key: _value(change, key, assumptions)
            for key in list(change.data)
            if key not in ("op", "series")
        }
        series = change.text("series")
        if series not in components:
            change.fail("series", f"{series!r} is no series. {nearest(series, components)}")
        try:
            changes.append(kind(series=series, **settings))
        except (TypeError, UsageError) as error:
            change.fail("", f"{kind.op}: {error}")
        change.done()
    name = table.text("name")
    if name in taken:
        table.fail("name", f"a second scenario {name!r}; names are unique")
    made = Scenario(name, table.text("reason"), tuple(changes))
    table.done()
    return made


def _value(table: "_Table", key: str, assumptions: Mapping[str, Assumption]) -> Any:
    """A number, an assumption's id, or ["id", "id"] for the first over the second."""
    given = table.take(key)
    if isinstance(given, int | float) and not isinstance(given, bool):
        if not isfinite(given):
            table.fail(key, f"{given} found, a finite number expected")
        return given
    ids = [given] if isinstance(given, str) else given
    if not isinstance(ids, list) or not 1 <= len(ids) <= 2:
        table.fail(key, f"{given!r} found; a number, an assumption's id or two of them expected")
    for name in ids:
        if name not in assumptions:
            table.fail(key, f"no assumption {name!r}. {nearest(str(name), assumptions)}")
    values = [assumptions[name].value for name in ids]
    return values[0] if len(values) == 1 else values[0] / values[1]


def _assumptions(path: Path) -> dict[str, Assumption]:
    table = read_csv(path, dtype=str, keep_default_na=False)
    wanted = ("id", "name", "value", "unit", "year", "reason", "source")
    require(table, {f"assumptions ({name})": name for name in wanted}, path.name)
    rows = zip(*(table.columns[name] for name in wanted), strict=True)
    found = {}
    for line, (key, name, value, unit, year, reason, source) in enumerate(rows, start=2):
        try:
            found_value = float(value)
            if not isfinite(found_value):
                raise ValueError(value)
        except ValueError:
            raise StudyError(f"value {value!r} is not a number", path, key, line) from None
        if key in found:
            raise StudyError(f"a second assumption {key!r}; ids are unique", path, key, line)
        found[key] = Assumption(key, name, found_value, unit, year, reason, source)
    return found


class Lines:
    """Where keys of a TOML text stand, for error messages."""

    def __init__(self, path: Path, text: str) -> None:
        self.path = path
        self.at: dict[tuple[str, ...], int] = {}
        table: tuple[str, ...] = ()
        counts: dict[tuple[str, ...], int] = {}
        for number, line in enumerate(text.splitlines(), start=1):
            if header := re.match(r"^\s*(\[\[?)\s*(.+?)\s*\]\]?\s*(#.*)?$", line):
                table = _split(header[2])
                if header[1] == "[[":
                    counts[table] = counts.get(table, -1) + 1
                    table = (*table, str(counts[table]))
                self.at.setdefault(table, number)
            elif entry := re.match(
                r"""^\s*((?:[\w-]+|"[^"]*"|'[^']*')(?:\s*\.\s*[\w-]+)*)\s*=""", line
            ):
                self.at.setdefault((*table, *_split(entry[1])), number)

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


_MISSING: Any = object()


class _Table:
    """A TOML table whose keys are taken one by one; what is left at the end is unknown."""

    def __init__(self, data: dict[str, Any], key: tuple[str, ...], lines: Lines) -> None:
        self.data, self.key, self.lines = dict(data), key, lines
        self.known: list[str] = []

    @property
    def name(self) -> str:
        return self.key[-1]

    def fail(self, key: str, message: str) -> Any:
        path = (*self.key, *key.split(".")) if key else self.key
        raise StudyError(message, self.lines.path, ".".join(path), self.lines.find(path))

    def take(self, key: str, default: Any = _MISSING) -> Any:
        self.known.append(key)
        if key in self.data:
            return self.data.pop(key)
        if default is _MISSING:
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

    def text(self, key: str, default: Any = _MISSING) -> str:
        return str(self._typed(key, default, (str,), "text"))

    def number(self, key: str, default: Any = _MISSING) -> float:
        value = float(self._typed(key, default, (int, float), "a number"))
        if not isfinite(value):
            self.fail(key, f"{value} found, a finite number expected")
        return value

    def positive(self, key: str, default: Any = _MISSING) -> float:
        value = self.number(key, default)
        if not value > 0:
            self.fail(key, f"{value:g} found, a number above 0 expected")
        return value

    def whole(self, key: str, default: Any = _MISSING, least: int | None = None) -> int:
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
        value = self.text(key, _MISSING if default is None else default)
        if value not in allowed:
            self.fail(key, f"{value!r} found. {nearest(value, allowed)} "
                      f"Expected one of {', '.join(allowed)}.")  # fmt: skip
        return value

    def texts(self, key: str, default: Any = _MISSING) -> list[str]:
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

    def models(self, key: str, required: bool) -> dict[str, Any]:
        """Models as label -> name or settings: a list of names and tables, perhaps labelled."""
        given = self.take(key, _MISSING if required else [])
        if not isinstance(given, list) or (required and not given):
            self.fail(key, f"{given!r} found, a list of models expected")
        models: dict[str, Any] = {}
        for entry in given:
            table = (
                {"model": entry}
                if isinstance(entry, str)
                else dict(entry)
                if isinstance(entry, dict)
                else {}
            )
            if "model" not in table:
                self.fail(key, f'{entry!r} found; a name or {{ model = "...", ... }} expected')
            label = str(table.pop("label", table["model"]))
            if label == COMBINATION:
                self.fail(key, f"no model can be called {label!r}; it is the pool of all")
            if label in models:
                self.fail(key, f"two models are called {label!r}; give one a label")
            models[label] = table
        return models

    def table(self, key: str, required: bool = False) -> "_Table":
        value = self.take(key, _MISSING if required else {})
        if not isinstance(value, dict):
            self.fail(key, f"a table [{key}] expected")
        return _Table(value, (*self.key, key), self.lines)

    def tables(self, key: str, required: bool = False) -> list["_Table"]:
        """Tables [key.NAME], in order."""
        value = self.take(key, _MISSING if required else {})
        if not isinstance(value, dict) or not all(isinstance(v, dict) for v in value.values()):
            self.fail(key, f"tables [{key}.NAME] expected")
        return [_Table(v, (*self.key, key, name), self.lines) for name, v in value.items()]

    def items(self, key: str, required: bool = False) -> list["_Table"]:
        """Tables [[key]], in order."""
        value = self.take(key, _MISSING if required else [])
        if not isinstance(value, list) or not all(isinstance(v, dict) for v in value):
            self.fail(key, f"tables [[{key}]] expected")
        return [_Table(v, (*self.key, key, str(i)), self.lines) for i, v in enumerate(value)]
