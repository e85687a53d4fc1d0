"""A study on one page of a terminal."""

from collections.abc import Mapping
from typing import Any

from rich.console import Group
from rich.text import Text

from westforecast.report.terminal import table
from westforecast.study import records
from westforecast.study.file import COMBINATION
from westforecast.study.run import StudyResult


def summary(result: StudyResult) -> Group:
    """Answer, chain, scenarios, record, hindsight and verdicts, as tables for `rich`."""
    study = result.study
    first = records.first_component(result)
    parts: list[Any] = [Text(f"{study.title}: origin {study.origin}, until {study.until}", "bold")]
    for derived in study.headlines:
        told = records.answer(result, derived)
        line = f"  {told['title']}, {study.until}: {told['point']} ({told['lines'][0]})"
        parts.append(Text(line))
    if lesson := records.lesson(result):
        parts.append(Text(f"  {lesson}"))
    parts += [Text(""), _chain(result)]
    parts += [element for block in records.scenarios(result)[:1]
              for element in (Text(""), _scenarios(result, block))]  # fmt: skip
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
        parts += [Text(f"  {line}") for line in failures]
    return Group(*parts)


def _chain(result: StudyResult) -> Any:
    level = result.study.levels[0]
    heads = ["", "unit", "last known", f"{result.study.until}", f"{level:g} % interval"]
    rows = [
        [row["title"], row["unit"], row["last"], row["point"], row["intervals"][0]]
        for row in records.chain(result)
    ]
    return table("What it is made of", heads, rows, left=2)


def _scenarios(result: StudyResult, block: records.Row) -> Any:
    study = result.study
    heads = ["", f"{study.origin}{block['mark']}", f"{study.until}"]
    heads += ["change", "= market", "+ share", "+ both"]
    keys = ("name", "start", "end", "total", "market", "share", "interaction")
    rows = [[row[key] for key in keys] for row in block["rows"]]
    return table(f"Scenarios: {block['title']}, {block['unit']}", heads, rows)


def _record(result: StudyResult, record: list[records.Row], later: Mapping[str, str]) -> Any:
    """Scores before the origin and, where it is known, the mean error after it, model by model."""
    origin = result.study.origin
    levels = [f"in {level:g} %" for level in result.study.levels]
    heads = ["", "weight", "MASE", "sMAPE", *levels, "cells"]
    heads += [f"mean |error| after {origin}"] if later else []
    rows = [
        [row["model"], row["weight"], row["mase"], row["smape"], *row["coverage"], row["n"],
         *([later.get(row["model"], "-")] if later else [])]
        for row in record
    ]  # fmt: skip
    return table(f"Record before {origin}: {record[0]['title']}", heads, rows)


def _hindsight(result: StudyResult, combined: list[records.Row]) -> Any:
    study = result.study
    levels = [f"in {level:g} %" for level in study.levels]
    heads = ["", "mean |error|", *levels, "year", "forecast", "outcome", "error"]
    keys = ("year", "forecast", "outcome", "error")
    rows = [
        [row["title"], row["mape"], *row["inside"], *(row[key] for key in keys)] for row in combined
    ]
    return table(f"Hindsight: forecasts of {study.origin} against what came", heads, rows)
