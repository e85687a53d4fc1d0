"""A study is a TOML file. Reading one checks every key; errors name the key and its line."""

import hashlib
import re
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass, field
from math import isfinite
from pathlib import Path
from typing import Any, Literal

from westforecast.domain import Outlook, Product, Scenario
from westforecast.domain.identity import in_order
from westforecast.errors import UsageError, check_whole, nearest
from westforecast.files import name_fault
from westforecast.kernels.quantiles import check_levels
from westforecast.kernels.sampling import check_paths
from westforecast.series import Indicator
from westforecast.series.cells import number
from westforecast.series.frame import read_csv, require
from westforecast.series.units import read_unit
from westforecast.study.plans import Aim, Assumed, Quoted, read_aims, read_outlook, read_scenarios
from westforecast.study.stages import Stages, read_stages
from westforecast.study.toml import MISSING, Lines, StudyError, Table, check_texts
from westforecast.text import unseen

COMBINATION = "combination"
LONGEST = 200  # years; what is asked for beyond is a slip of the pen
FEWEST_PATHS = 100  # of fewer an interval says nothing

Combine = Literal["pool", "best"]


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
    multiplier: what one stored unit stands for (the unit's own unless given). region, variable:
    where and what the quantity is in IAMC files (`westforecast.study.iamc`).
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
    region: str = ""
    variable: str = ""


@dataclass(frozen=True, slots=True)
class Derived:
    """A quantity that follows from others by `identity`, stated in the unit of `indicator`.

    market: the whole it is a share of, a series or derived quantity; its change is then split into
    market growth, share gain and both. region, variable: as for `Component`.
    """

    identity: Product
    indicator: Indicator
    market: str = ""
    headline: bool = False
    region: str = ""
    variable: str = ""

    @property
    def name(self) -> str:
        """The name others refer to it by."""
        return self.identity.name

    @property
    def title(self) -> str:
        """The quantity in words."""
        return self.indicator.name

    @property
    def unit(self) -> str:
        """The unit it is stated in, as the file has it."""
        return self.indicator.unit


@dataclass(frozen=True, slots=True)
class Study:
    """Everything a study file says. Paths are absolute; names are checked against each other.

    scenarios: the baseline, the file's own and, with an outlook, low, medium and high.
    quoted: assumptions that stand for values of a quantity in scenarios and targets.
    region: of quantities that do not say theirs, in IAMC files.
    Raises StudyError for settings that nothing can be made of: a name that is none of a folder, a
    span of years, a number of paths or steps, or levels that are out of reach.
    """

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
    outlook: Outlook | None
    aims: tuple[Aim, ...]
    quoted: tuple[Quoted, ...]
    stages: Stages | None
    notes: tuple[str, ...]
    region: str
    claims: str
    digest: str
    time_col: str
    target_col: str
    lines: Lines

    def __post_init__(self) -> None:
        if fault := name_fault(self.name):
            raise self.error(
                "study.name",
                f"{self.name!r} found; results go to a folder of that name, and {fault}. Choose "
                "one like 'cnc' or '机床-2020'",
            )
        try:
            self._check()
        except UsageError as error:
            if isinstance(error, StudyError):
                raise
            raise self.error(f"study.{str(error).partition('=')[0]}", str(error)) from None

    def _check(self) -> None:
        """Raise StudyError or UsageError ("setting=value found ...") for absurd settings."""
        check_whole("origin", self.origin, 1)
        check_whole("until", self.until, 1)
        check_whole("seed", self.seed, 0)
        if self.until <= self.origin:
            raise self.error("study.until", f"{self.until} is not after origin {self.origin}")
        if self.until > self.origin + LONGEST:
            told = f"{self.until} is more than {LONGEST} years after origin {self.origin}"
            raise self.error("study.until", told)
        if self.horizon > LONGEST:
            raise self.error("backtest.h", f"{self.horizon} found, at most {LONGEST} expected")
        levels = {f"{level:g}" for level in self.levels}
        if not levels or len(levels) < len(self.levels):
            told = f"{list(self.levels)} found, at least one expected, no two that read alike"
            raise self.error("study.levels", told)
        names = len(self.components) + len(self.derived)
        numbers = (self.until - self.origin + 1) * names * max(1, len(self.scenarios))
        check_paths("paths", self.paths, numbers, least=FEWEST_PATHS)

    def error(self, key: str, message: str) -> StudyError:
        """A StudyError that names a key of this file (a.b.c) and its line."""
        return self.lines.error(tuple(key.split(".")), message)

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
    try:
        path = Path(path).resolve()
        text = path.read_text(encoding="utf-8-sig")
    except (OSError, ValueError) as error:  # a NUL in the path is a ValueError
        told = "it is not UTF-8 text" if isinstance(error, UnicodeDecodeError) else str(error)
        told = getattr(error, "strerror", None) or told
        raise UsageError(f"cannot read study {str(path)!r}: {told}.") from None
    try:
        content = tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        found = re.search(r"line (\d+)", str(error))
        raise StudyError(
            f"not valid TOML: {error}", path, "", int(found[1]) if found else 0
        ) from None
    lines = Lines(path, text, content)
    check_texts(content, lines)
    top = Table(content, (), lines)
    return _study(path, text, top)


def _study(path: Path, text: str, top: Table) -> Study:
    head = top.table("study", required=True)
    back = top.table("backtest")
    assumptions = _assumptions(path.parent / name) if (name := head.text("assumptions", "")) else {}
    components = {t.name: _component(t, assumptions) for t in top.tables("series", required=True)}
    derived = {t.name: _derived(t, components) for t in top.tables("derived", required=True)}
    _check_identities(top, components, derived)
    origin, until = head.whole("origin"), head.whole("until")
    if until <= origin:
        head.fail("until", f"{until} is not after origin {origin}")
    if until > origin + LONGEST:
        head.fail("until", f"{until} is more than {LONGEST} years after origin {origin}")
    assumed = Assumed({name: (given.value, given.unit) for name, given in assumptions.items()})
    outlook = read_outlook(top, components, assumed, origin, until)
    cases = outlook.scenarios() if outlook else ()
    scenarios = read_scenarios(top, components, assumed, cases, origin, until)
    aims = read_aims(top, {**components, **derived}, assumed, origin, until)
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
        paths=head.whole("paths", 4000),
        seed=head.whole("seed", 0),
        horizon=back.whole("h", 5, least=1),
        min_train=back.whole("min_train_size", 3, least=1),
        components=components,
        derived=derived,
        scenarios=(*scenarios, *cases),
        outlook=outlook,
        aims=aims,
        quoted=tuple(assumed.quoted),
        stages=read_stages(top),
        notes=tuple(head.texts("notes", ())),
        region=head.text("region", ""),
        claims=head.text("claims", ""),
        time_col=head.text("time_col", "year"),
        target_col=head.text("target_col", "value"),
        lines=top.lines,
        digest=hashlib.sha256(text.encode()).hexdigest(),
    )
    for table in (head, back, top):
        table.done()
    return study


def _component(table: Table, assumptions: Mapping[str, Assumption]) -> Component:
    data, assumption = table.text("data", ""), table.text("assumption", "")
    if bool(data) == bool(assumption):
        table.fail("", "needs exactly one of `data` (a unique_id) and `assumption` (an id)")
    if assumption and assumption not in assumptions:
        table.fail(
            "assumption", f"no assumption {assumption!r}. {nearest(assumption, assumptions)}"
        )
    models = _models(table, required=bool(data))
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
        region=table.text("region", ""),
        variable=table.text("variable", ""),
    )
    table.done()
    return component


def _derived(table: Table, components: Mapping[str, Component]) -> Derived:
    if table.name in components:
        table.fail("", f"{table.name!r} is a series already; choose another name")
    parts = tuple(table.texts("product"))
    about = Indicator(id=table.name, name=table.text("title"), unit=table.text("unit"))
    if "multiplier" in table.data:
        try:
            about = about.with_(multiplier=table.positive("multiplier"))
        except UsageError as error:
            if isinstance(error, StudyError):
                raise
            table.fail("multiplier", str(error))
    made = Derived(
        identity=Product(table.name, parts, about.factor),
        indicator=about,
        market=table.text("market", ""),
        headline=table.flag("headline", False),
        region=table.text("region", ""),
        variable=table.text("variable", ""),
    )
    if not made.identity.parts:
        table.fail("product", "is empty; name the quantities it is the product of")
    table.done()
    return made


def _check_identities(
    top: Table, components: Mapping[str, Component], derived: Mapping[str, Derived]
) -> None:
    known = [*components, *derived]
    for name, d in derived.items():
        for part in d.identity.parts:
            if part not in known:
                told = f"{part!r} is not defined. {nearest(part, known)}"
                top.fail(f"derived.{name}.product", told)
        if d.market and d.market not in known:
            told = f"{d.market!r} is neither a series nor derived. {nearest(d.market, known)}"
            top.fail(f"derived.{name}.market", told)
    try:
        in_order([d.identity for d in derived.values()], list(components))
    except UsageError as error:
        top.fail(f"derived.{next(iter(derived))}.product", str(error))


def _models(table: Table, required: bool) -> dict[str, Any]:
    """Models as label -> settings: a list of names and tables, perhaps labelled."""
    given = table.take("models", MISSING if required else [])
    if not isinstance(given, list) or (required and not given):
        table.fail("models", f"{given!r} found, a list of models expected")
    models: dict[str, Any] = {}
    for entry in given:
        settings = (
            {"model": entry}
            if isinstance(entry, str)
            else dict(entry)
            if isinstance(entry, dict)
            else {}
        )
        if "model" not in settings:
            told = f'{entry!r} found; a name or {{ model = "...", ... }} expected'
            table.fail("models", told)
        label = str(settings.pop("label", settings["model"]))
        if unseen(label) or not label.strip():
            table.fail("models", f"{label!r} is no label: one line of text expected")
        if label == COMBINATION:
            table.fail("models", f"no model can be called {label!r}; it is the pool of all")
        if label in models:
            table.fail("models", f"two models are called {label!r}; give one a label")
        models[label] = settings
    return models


def _assumptions(path: Path) -> dict[str, Assumption]:
    table = read_csv(path)
    wanted = ("id", "name", "value", "unit", "year", "reason", "source")
    require(table, {f"assumptions ({name})": name for name in wanted}, path.name)
    assert table.lines is not None  # it is a file of text
    found: dict[str, Assumption] = {}
    rows = zip(table.lines.tolist(), *(table.columns[column] for column in wanted), strict=True)
    for line, *cells in rows:
        key, name, value, unit, year, reason, source = (cell or "" for cell in cells)
        if char := next(filter(None, (unseen(cell or "", lines=True) for cell in cells)), ""):
            raise StudyError(f"holds {char}, which cannot be seen", path, key, line)
        found_value = number(value)
        if isinstance(found_value, str) or not isfinite(found_value):
            what = f": it is {found_value}" if isinstance(found_value, str) else ""
            raise StudyError(f"value {value!r} is not a number{what}", path, key, line)
        if year and not re.fullmatch(r"\d{4}", year):
            raise StudyError(
                f"year {year!r} found, four digits or nothing expected", path, key, line
            )
        if not reason.strip():
            raise StudyError("has no reason; say why the figure is assumed", path, key, line)
        try:
            read_unit(unit)
        except UsageError as error:
            raise StudyError(f"unit: {error}", path, key, line) from None
        if key in found:
            raise StudyError(f"a second assumption {key!r}; ids are unique", path, key, line)
        found[key] = Assumption(key, name, found_value, unit, year, reason, source)
    return found
