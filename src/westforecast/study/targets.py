"""Targets of a study held against its paths and against history."""

from dataclasses import replace

import numpy as np

from westforecast.domain import Goal, attainment, chance
from westforecast.errors import UsageError
from westforecast.series import Panel
from westforecast.series.calendar import Calendar
from westforecast.study.plans import BASELINE, Aim
from westforecast.study.result import Attained, StudyResult


def attained(result: StudyResult) -> tuple[tuple[Attained, ...], tuple[str, ...]]:
    """Every target of the study, and a note on those whose year is not forecast.

    Raises StudyError for a history that the data do not have.
    """
    found, notes = [], []
    for given in result.study.aims:
        aim = replace(given, goal=_stated(result, given.goal))
        year = aim.goal.year
        if result.study.origin < year <= result.study.until:
            found.append(_attained(result, aim))
        else:
            notes.append(
                f"{result.title(aim.goal.quantity)}: the target of {aim.goal.text} is left out; "
                f"the forecast is from {result.study.origin} to {result.study.until}"
            )
    return tuple(found), tuple(notes)


def _stated(result: StudyResult, goal: Goal) -> Goal:
    """A goal in its quantity's unit, its pace as growth, or as change for shares and rates."""
    about = result.indicator(goal.quantity)
    share = about.kind in {"share", "rate"}
    return replace(goal, unit=about.unit, measure="change" if share else "growth")


def _attained(result: StudyResult, aim: Aim) -> Attained:
    goal = aim.goal
    name, at = goal.quantity, goal.year - result.study.origin
    paths = result.paths[BASELINE.name][name]
    try:
        told = attainment(goal, paths[:, at], _last(result, name), panel=_comparable(result, aim))
    except UsageError as error:
        raise result.study.error(f"{aim.key}.history", str(error)) from None
    chances = {}
    for scenario, values in result.paths.items():
        probability, spread = chance(values[name][:, at], goal.value, goal.at_least)
        chances[scenario] = (float(probability), float(spread))
    return Attained(aim, told, chances)


def _last(result: StudyResult, name: str) -> tuple[int, float]:
    """The last observation; the median at the origin where nothing was ever observed."""
    history = result.history(name)
    if history:
        return max(history), history[max(history)]
    return result.study.origin, float(np.median(result.paths[BASELINE.name][name][:, 0]))


def _comparable(result: StudyResult, aim: Aim) -> Panel | None:
    """The series whose past a target is held against, as known at the origin."""
    if aim.history:
        return result.panel.as_of(result.study.origin).select(**aim.history)
    name = aim.goal.quantity
    part = result.components.get(name)
    history = result.history(name)
    if not history or (part is not None and part.component.assumption):
        return None  # an assumption has no past
    title = result.title(name)
    first, last = min(history), max(history)
    values = np.array([history.get(year, np.nan) for year in range(first, last + 1)])
    return Panel(
        values=values,
        indptr=np.array([0, len(values)]),
        first=np.array([first]),
        indicators=(result.indicator(name).with_(name=title),),
        calendar=Calendar(),
    )
