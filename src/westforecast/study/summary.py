"""A study on one page of a terminal; what does not fit is counted or cut, and in the report."""

from collections.abc import Mapping
from textwrap import shorten
from typing import Any

from rich.console import Group
from rich.text import Text

from westforecast.report.terminal import table
from westforecast.study import records
from westforecast.study.file import COMBINATION
from westforecast.study.result import StudyResult

# Rows shown of the tables that grow with a study's ambition.
SCENARIOS_SHOWN, TARGETS_SHOWN, MODELS_SHOWN, HINDSIGHT_SHOWN = 4, 2, 4, 2
LINE_SHOWN = 106  # characters of a failure's reason, cut between words


def summary(result: StudyResult) -> Group:
    """Answer, chain, scenarios, targets, record, hindsight, verdicts, as tables for `rich`."""
    study = result.study
    first = records.first_component(result)
    parts: list[Any] = [Text(f"{study.title}: origin {study.origin}, until {study.until}", "bold")]
    for derived in study.headlines:
        told = records.answer(result, derived)
        line = f"  {told['title']}, {study.until}: {told['point']} ({told['lines'][0]})"
        parts.append(Text(line))
    if lesson := records.lesson(result):
        parts.append(Text(f"  {lesson}"))
    if stands := records.standings(result):
        parts += [Text(""), _standings(result, stands)]
    parts += [Text(""), _chain(result)]
    parts += [element for block in records.scenarios(result)[:1]
              for element in (Text(""), _scenarios(result, block))]  # fmt: skip
    if targets := records.targets(result):
        parts += [Text(""), _targets(targets)]
    hindsight = records.hindsight(result)
    record = [row for row in records.record(result) if row["name"] == first]
    if record:
        later = {row["model"]: row["mape"] for row in hindsight if row["name"] == first}
        parts += [Text(""), _record(result, record, later)]
    combined = [row for row in hindsight if row["model"] == COMBINATION]
    if combined:
        parts += [Text(""), _hindsight(result, combined)]
    if result.claims:
        parts += [Text(""), Text(records.claim_summary(result))]
    failures = records.failures(result)
    if failures:
        parts += [
            Text(""),
            Text(f"No forecast from {len(failures)}:", "bold"),
        ]
        parts += [Text(f"  {shorten(line, LINE_SHOWN, placeholder=' …')}") for line in failures]
    return Group(*parts)


def _standings(result: StudyResult, stands: list[records.Row]) -> Any:
    """Index and stage at the origin and in the target year."""
    level, until = result.study.levels[0], result.study.until
    heads = ["", "index", "stage", f"{until}", f"{level:g} % interval", "next stage reached by"]
    rows = []
    for row in stands:
        last = row["years"][-1]
        now, ahead = f"{row['composite']} ({row['year']})", f"{row['next']}: {row['reached']}"
        rows.append([row["title"], now, row["stage"], last["median"], last["interval"], ahead])
    return table("Stage of industrialization", heads, rows)


def _chain(result: StudyResult) -> Any:
    level = result.study.levels[0]
    chain = [row for row in records.chain(result) if row["in_answer"]]
    heads = ["", "unit", "last known", f"{result.study.until}", f"{level:g} % interval"]
    rows = [
        [row["title"], row["unit"], row["last"] + "*" * row["implied"], row["point"],
         row["intervals"][0]]
        for row in chain
    ]  # fmt: skip
    mark = " (* rests on an assumption)" if any(row["implied"] for row in chain) else ""
    return table(f"What it is made of{mark}", heads, rows, left=2)


def _scenarios(result: StudyResult, block: records.Row) -> Any:
    study = result.study
    heads = ["", f"{study.origin}{block['mark']}", f"{study.until}"]
    heads += [f"{study.levels[0]:g} % interval", "change"]
    keys = ["name", "start", "end", "interval", "total"]
    if block["split"]:
        heads += ["= market", "+ share", "+ both"]
        keys += ["market", "share", "interaction"]
    rows = [[row[key] for key in keys] for row in block["rows"]]
    title = f"Scenarios: {block['title']}, {block['unit']}"
    return _cut(title, heads, rows, SCENARIOS_SHOWN)


def _targets(targets: list[records.Row]) -> Any:
    heads = ["", "goal", "probability", "needs a year", "median", "in history"]
    keys = ("title", "short", "chance", "required", "expected", "kept")
    rows = [[row[key] for key in keys] for row in targets]
    return _cut("Targets, under the baseline", heads, rows, TARGETS_SHOWN)


def _record(result: StudyResult, record: list[records.Row], later: Mapping[str, str]) -> Any:
    """Scores before the origin and, where it is known, the mean error after it, model by model.

    Of many models the best before the origin, beside the benchmark and the combination.
    """
    origin = result.study.origin
    own = [row for row in record if row["model"] != COMBINATION and row["weight"] != "benchmark"]
    best = sorted(own, key=lambda row: row["rank"])[:MODELS_SHOWN]
    shown = [*best, *(row for row in record if row not in own)]
    cut = f" (best {MODELS_SHOWN} of {len(own)} models)" if len(own) > MODELS_SHOWN else ""
    levels = [f"in {level:g} %" for level in result.study.levels]
    heads = ["", "weight", "MASE", "sMAPE", *levels, "cells"]
    heads += [f"mean |error| after {origin}"] if later else []
    rows = [
        [row["model"], row["weight"], row["mase"], row["smape"], *row["coverage"], row["n"],
         *([later.get(row["model"], "-")] if later else [])]
        for row in shown
    ]  # fmt: skip
    return table(f"Record before {origin}: {record[0]['title']}{cut}", heads, rows)


def _hindsight(result: StudyResult, combined: list[records.Row]) -> Any:
    study = result.study
    levels = [f"in {level:g} %" for level in study.levels]
    heads = ["", "mean |error|", *levels, "year", "forecast", "outcome", "error"]
    keys = ("year", "forecast", "outcome", "error")
    rows = [
        [row["title"], row["mape"], *row["inside"], *(row[key] for key in keys)] for row in combined
    ]
    title = f"Hindsight: forecasts of {study.origin} against what came"
    return _cut(title, heads, rows, HINDSIGHT_SHOWN)


def _cut(title: str, heads: list[str], rows: list[list[Any]], shown: int) -> Any:
    """A table of the first rows; its title says how many there are."""
    if len(rows) > shown:
        title += f" ({shown} of {len(rows)})"
    return table(title, heads, rows[:shown])
