"""`check_model`: does a model keep the contract of `westforecast.models.Model`?"""

import platform
from collections.abc import Callable, Iterable, Mapping, Sequence
from importlib.metadata import PackageNotFoundError, packages_distributions, version
from typing import Any

import numpy as np

from westforecast import watch
from westforecast.errors import UsageError, nearest
from westforecast.models import Model
from westforecast.plugin import registry, settings_of
from westforecast.series import Panel
from westforecast.testing import abilities, checks
from westforecast.testing.check import Check, Finding, Skipped, Tier, registered, waived
from westforecast.testing.report import LATE, Report
from westforecast.testing.surroundings import contained, restore_threads
from westforecast.testing.trial import Trial
from westforecast.watch import PASSES

TIERS: tuple[Tier, ...] = ("quick", "full")
ROOMS = (checks, abilities)  # importing them registers their checks, in this order

ModelLike = str | Model | type[Model]


def check_model(
    model: ModelLike,
    panel: Panel | None = None,
    *,
    tier: Tier = "quick",
    waive: Mapping[str, str] | None = None,
    declared: Iterable[str] | None = None,
    series: Iterable[str] | None = None,
    time_budget: float | None = None,
) -> Report:
    """Run the conformance checks on a model. Needs no test library.

    model: a Model, a class of models with default settings, or the name of an installed model,
        which is made with the settings and the example of its registration.
    panel: data to try it on; by default the kit picks the kind that suits the model best. Models
        with a driver find `gdp` and `population` in it; for others pass one that holds theirs.
    tier: "quick" (seconds), or "full": also other lengths, threads, calendars and a spawned
        process, which lives on for the next model.
    waive: check -> reason. Such a check counts as skipped, with the reason; where it would have
        passed the report says "waived without need".
    declared: capabilities that a registration claims, to be those of the model; of a model given
        by its name those of its registration.
    series: ids of the series of `panel` to forecast; the others are there as drivers. By default
        all that `DrivenModel.drivers` does not name.
    time_budget: seconds after which no further check is begun; those left are skipped and say so.
        By default 8 in the quick tier and 100 in the full one, which only a slow model reaches.

    Whatever the model raises is a failed check. Raises UsageError for arguments that cannot be
    meant, UnknownNameError for a name that nothing answers to.

    >>> from westforecast.models import Drift
    >>> check_model(Drift()).ok
    True
    """
    wanted, waivers = _wanted(tier), waived(waive or {}, registered())
    trial = _trial(model, panel, tier, declared, series, time_budget)
    findings = tuple(conclude(check, trial, waivers) for check in wanted)
    with contained():
        try:
            times = trial.times
        except (Exception, SystemExit):  # `ordinary` tells; a time is only of interest
            times = {}
    restore_threads(trial.threads)
    return Report(_name(trial.model), findings, tier, trial.words, times, _versions(trial.model))


def parametrize_with_checks(
    models: Sequence[ModelLike],
    *,
    tier: Tier = "quick",
    waive: Mapping[str, str] | None = None,
    panel: Panel | None = None,
    series: Iterable[str] | None = None,
    time_budget: float | None = None,
) -> Callable[[Any], Any]:
    """Decorator for pytest: a test for each model and check, "MyModel()-no_look_ahead".

    models: as for `check_model`, at least one. Others: as there; each model has the time budget for
        itself. A check that is skipped is skipped with its reason.

        @parametrize_with_checks([MyModel(), MyModel(window=5)])
        def test_contract(check):
            check()

    Raises UsageError for an empty list, and as `check_model`.
    """
    import pytest  # only where it is used

    wanted, waivers = _wanted(tier), waived(waive or {}, registered())
    if isinstance(models, str | Model | type):
        models = [models]
    chosen = None if series is None else tuple(series)
    trials = [_trial(model, panel, tier, None, chosen, time_budget) for model in models]
    if not trials:
        raise UsageError("parametrize_with_checks got no model; a test of nothing passes nothing.")

    def bound(check: Check, trial: Trial) -> Callable[[], None]:
        def run() -> None:
            found = conclude(check, trial, waivers)
            restore_threads(trial.threads)
            if found.outcome == "skipped":
                pytest.skip(found.detail)
            if found.outcome == "failed":
                pytest.fail(f"{found.promise} {found.detail}", pytrace=False)

        return run

    cases = [
        pytest.param(bound(check, trial), id=f"{_name(trial.model)}-{check.name}")
        for trial in trials
        for check in wanted
    ]
    return pytest.mark.parametrize("check", cases)


def conclude(check: Check, trial: Trial, waivers: Mapping[str, str]) -> Finding:
    """Run one check and say what came of it; nothing but KeyboardInterrupt gets out."""
    if trial.spent >= trial.budget:
        return Finding(check.name, "skipped", check.promise, _out_of_time(trial))
    began = watch.clock.now()
    outcome, detail = _tried(check, trial)
    if check.name in waivers and outcome != "skipped":
        needed = "" if outcome == "failed" else "waived without need: "
        outcome, detail = "skipped", f"{needed}{waivers[check.name]}"
    took = watch.clock.now() - began
    trial.spent += took
    return Finding(check.name, outcome, check.promise, detail, took)


def _out_of_time(trial: Trial) -> str:
    remedy = (
        'tier="full" or a longer time_budget' if trial.tier == "quick" else "a longer time_budget"
    )
    return f"{LATE}: {trial.budget:g} seconds are spent; {remedy} tries it"


def _tried(check: Check, trial: Trial) -> tuple[Any, str]:
    with contained():
        try:
            check.function(trial)
        except Skipped as reason:
            return "skipped", str(reason)
        except AssertionError as broken:
            return "failed", str(broken) or "an assertion of the model failed"
        except PASSES:
            raise
        except BaseException as error:  # whatever a model raises breaks its promise
            return "failed", f"{type(error).__name__}: {error}"
    return "passed", ""


def _wanted(tier: Any) -> list[Check]:
    """Checks of a tier, in order."""
    if tier not in TIERS:
        raise UsageError(f"tier={tier!r} found. {nearest(tier, TIERS)}")
    return [check for check in registered().values() if tier == "full" or check.tier == "quick"]


def _trial(
    model: ModelLike,
    panel: Panel | None,
    tier: Tier,
    declared: Iterable[str] | None,
    series: Iterable[str] | None,
    time_budget: float | None,
) -> Trial:
    if panel is not None and not isinstance(panel, Panel):
        raise UsageError(
            f"panel is a {type(panel).__name__}; expected a Panel. "
            "Make one with westforecast.Panel.from_frame(df)."
        )
    if series is not None and panel is None:
        raise UsageError("series names series of a panel, and no panel is given.")
    if time_budget is not None and not time_budget > 0:
        raise UsageError(f"time_budget={time_budget!r} found; expected seconds above 0.")
    mine = None
    if panel is not None and series is not None:
        mine = tuple(panel.index(unique_id) for unique_id in series)
    claims = None if declared is None else frozenset(declared)
    if isinstance(model, str):
        spec = registry().spec("model", model)
        claims = getattr(spec, "capabilities", None) if claims is None else claims
        made = registry().model(model, **getattr(spec, "example", {}))
    elif isinstance(model, type) and issubclass(model, Model):
        needed = [k for k, p in (settings_of(model) or {}).items() if p.default is p.empty]
        if needed:
            example = ", ".join(f"{key}=..." for key in needed)
            raise UsageError(
                f"{model.__name__} needs {' and '.join(needed)}: pass {model.__name__}({example})."
            )
        made = model()
    else:
        made = model
    if not isinstance(made, Model):
        raise UsageError(
            f"{model!r} is a {type(made).__name__}; expected a Model, a class of models or the "
            "name of an installed one. Make one of another library's with westforecast.adapt(...)."
        )
    return Trial(made, panel, tier, claims, mine, time_budget)


def _name(model: Model) -> str:
    with contained():
        try:
            return repr(model)
        except (Exception, SystemExit):  # `settings` says what is wrong with it
            return f"{type(model).__name__}(...)"


def _versions(model: Model) -> dict[str, str]:
    """Versions of what the numbers depend on."""
    top = type(model).__module__.partition(".")[0]
    packages = ["westforecast", *packages_distributions().get(top, ())]
    found = {"python": platform.python_version(), "numpy": np.__version__}
    for package in dict.fromkeys(packages):
        try:
            found[package] = version(package)
        except PackageNotFoundError:  # run from a source tree
            continue
    return found
