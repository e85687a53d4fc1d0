"""A study on one page of a terminal."""

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
    record = [row for row in records.record(result) if row["name"] == first]
    if record:
        parts += [Text(""), _record(result, record)]
    hindsight = [
        row
        for row in records.hindsight(result)
        if row["name"] == first or row["model"] == COMBINATION
    ]
    if hindsight:
        hindsight.sort(key=lambda row: (row["name"] != first, row["model"] != COMBINATION))
        parts += [Text(""), _hindsight(result, hindsight)]
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


def _record(result: StudyResult, record: list[records.Row]) -> Any:
    study = result.study
    levels = [f"in {level:g} %" for level in study.levels]
    heads = ["", "weight", "MASE", "sMAPE", *levels, "cells"]
    rows = [
        [row["model"], row["weight"], row["mase"], row["smape"], *row["coverage"], row["n"]]
        for row in record
    ]
    return table(f"Record before {study.origin}: {record[0]['title']}", heads, rows)


def _hindsight(result: StudyResult, hindsight: list[records.Row]) -> Any:
    study = result.study
    levels = [f"in {level:g} %" for level in study.levels]
    heads = ["", "mean |error|", *levels, "year", "forecast", "outcome", "error"]
    rows = []
    for row in hindsight:
        name = row["title"] if row["model"] == COMBINATION else f"  {row['model']} alone"
        rows.append([name, row["mape"], *row["inside"], row["year"], row["forecast"],
                     row["outcome"], row["error"]])  # fmt: skip
    return table(f"Hindsight: forecasts of {study.origin} against what came", heads, rows)
