"""The kit itself: what may be asked of it, what it reports, and how it behaves under pytest."""

import inspect
import json
import logging
import os
import random
import re
import subprocess
import sys
from dataclasses import dataclass
from types import SimpleNamespace
from typing import ClassVar

import numpy as np
import pytest

import westforecast as wf
from westforecast import watch
from westforecast.errors import ConformanceError, UnknownNameError, UsageError
from westforecast.models import Drift, Forecast, Model, SeriesModel
from westforecast.plugin import ModelSpec
from westforecast.testing import (
    Finding,
    Report,
    check_model,
    conformance,
    panel_of,
    parametrize_with_checks,
    registered,
    trial,
)
from westforecast.testing.surroundings import WATCHED

from .mutants import HorizonBound, Sound, SoundBatch

# No model is slow, and none runs out of time, because the machine is busy.
pytestmark = pytest.mark.usefixtures("clock")
QUICK = [check.name for check in registered().values() if check.tier == "quick"]


def outcomes(report):
    return {check.name: check.outcome for check in report.checks}


def details(report):
    return {check.name: check.detail for check in report.checks}


@dataclass(frozen=True)
class Seen(Sound):
    """Notes which series it is asked for, and how often."""

    asked: ClassVar[list[str]] = []

    def forecast_one(self, y, horizon, probs, context):
        self.asked.append(context.unique_id)
        return super().forecast_one(y, horizon, probs, context)


@pytest.fixture(autouse=True)
def nothing_seen():
    Seen.asked.clear()


# --- what may be asked ----------------------------------------------------------------------------


@pytest.mark.parametrize("model", [Drift(), Drift, "Drift", "westforecast:Drift"], ids=repr)
def test_a_model_is_an_object_a_class_or_a_name(model):
    report = check_model(model)
    assert report.model == "Drift()"
    assert report.ok
    assert [check.name for check in report.checks] == QUICK


def test_the_full_tier_runs_every_check():
    report = check_model(Drift(), tier="full")
    assert list(outcomes(report)) == list(registered())
    assert report.tier == "full"


@dataclass(frozen=True)
class Bare(Sound):
    """A setting that must be given."""

    k: int


@pytest.mark.parametrize(
    ("model", "asked", "message"),
    [
        (Drift(), {"tier": "ful"}, "tier='ful' found. Did you mean 'full'?"),
        (Drift(), {"waive": {"prefx": "why"}}, "no check 'prefx'. Did you mean 'prefix'?"),
        (Drift(), {"waive": {"prefix": " "}}, "'prefix' has no reason (' ')"),
        (Drift(), {"waive": {"prefix": None}}, "'prefix' has no reason (None)"),
        (Drift(), {"waive": ["prefix"]}, "expected check -> reason"),
        (Drift(), {"panel": {"y": [1.0]}}, "panel is a dict; expected a Panel"),
        (Drift(), {"series": ["a"]}, "no panel is given"),
        (Drift(), {"time_budget": 0}, "time_budget=0 found; expected seconds above 0"),
        (Bare, {}, "Bare needs k: pass Bare(k=...)"),
        (5, {}, "5 is a int; expected a Model"),
    ],
    ids=lambda value: str(value)[:30],
)
def test_what_cannot_be_meant_is_refused(model, asked, message):
    with pytest.raises(UsageError, match=re.escape(message)):
        check_model(model, **asked)
    with pytest.raises(UsageError, match=re.escape(message)):
        parametrize_with_checks([model], **asked)


def test_a_name_that_nothing_answers_to_is_refused():
    with pytest.raises(UnknownNameError, match="Did you mean 'Drift'"):
        check_model("Drfit")


def test_a_panel_and_its_series():
    lines = [np.linspace(1, 9, 20) ** 1.2, np.linspace(9, 2, 22), np.linspace(4, 5, 24)]
    panel = panel_of(lines)
    report = check_model(Seen(), panel)
    report.raise_if_failed()
    assert report.data == "the panel that was given"
    assert of_panel() == set(panel.ids)
    Seen.asked.clear()
    check_model(Seen(), panel, series=["check 1"]).raise_if_failed()
    assert of_panel() == {"check 1"}


def of_panel():
    """Series of `panel_of` that were asked for; the kit puts others beside them."""
    return {name.removesuffix(", gone") for name in Seen.asked if name.startswith("check")}


@pytest.mark.parametrize(
    ("declared", "told"),
    [
        ({"intervals", "missing", "scale_equivariant"}, None),
        ({"intervals", "missing", "scale_equivariant", "batch"}, "not of the model ['batch']"),
        ({"intervals", "missing"}, "not in the registration ['scale_equivariant']"),
        (set(), "not in the registration ['intervals', 'missing', 'scale_equivariant']"),
    ],
)
def test_declared_capabilities_are_those_of_the_model_in_both_directions(declared, told):
    report = check_model(Sound(), declared=declared)
    assert report.ok == (told is None)
    if told:
        assert [check.name for check in report.failed] == ["capabilities"]
        assert told in report.failed[0].detail


def test_of_a_model_by_name_the_registration_is_held_to_the_model(monkeypatch):
    spec = ModelSpec(name="Sound", target="somewhere:Sound",
                     capabilities=frozenset({"intervals"}), example={"some": 1})  # fmt: skip
    given = []

    def make(name, **settings):
        given.append(settings)
        return Sound()

    here = SimpleNamespace(spec=lambda kind, name: spec, model=make)
    monkeypatch.setattr(conformance, "registry", lambda: here)
    report = check_model("Sound")
    assert given == [{"some": 1}]
    assert [check.name for check in report.failed] == ["capabilities"]
    declared = {"intervals", "missing", "scale_equivariant"}
    assert check_model("Sound", declared=declared).ok, "what is said here goes before"


# --- waivers --------------------------------------------------------------------------------------


def test_a_waiver_gives_its_reason_and_says_where_it_was_not_needed():
    assert not check_model(HorizonBound()).ok
    report = check_model(
        HorizonBound(), waive={"prefix": "spreads the change", "settings": "no reason at all"}
    )
    assert report.ok
    assert outcomes(report)["prefix"] == outcomes(report)["settings"] == "skipped"
    assert details(report)["prefix"] == "spreads the change"
    assert details(report)["settings"] == "waived without need: no reason at all"


def test_a_check_that_had_nothing_to_try_keeps_its_own_reason():
    report = check_model(Sound(), waive={"driver_future": "waived"})
    assert details(report)["driver_future"] == "the model has no driver"


def test_a_run_that_executed_nothing_is_a_failure():
    report = check_model(Drift(), waive=dict.fromkeys(QUICK, "tried elsewhere"))
    assert not report.failed
    assert not report.ok
    assert "shows nothing of the model contract" in report.verdict
    with pytest.raises(ConformanceError, match="shows nothing"):
        report.raise_if_failed()
    assert not Report("none", ()).ok


@pytest.mark.parametrize("model", [Sound(), SoundBatch(), Drift(), HorizonBound()], ids=repr)
def test_each_skip_has_a_reason(model):
    skipped = check_model(model, tier="full").skipped
    assert skipped
    assert all(len(check.detail) > 10 for check in skipped)


# --- time -----------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Timed(Sound):
    """Takes a hundredth of a second for a forecast."""

    def forecast_one(self, y, horizon, probs, context):
        watch.clock.spend(0.01)
        return super().forecast_one(y, horizon, probs, context)


def test_no_check_is_begun_when_time_is_spent():
    report = check_model(Timed(), time_budget=1.0)
    late = [check.name for check in report.skipped if "out of time" in check.detail]
    assert 0 < len(late) < len(QUICK) - 1
    assert late == QUICK[-len(late) :]
    assert details(report)[late[0]] == (
        'out of time: 1 seconds are spent; tier="full" or a longer time_budget tries it'
    )
    assert f"{len(report.skipped)} skipped, {len(late)} of them out of time)" in report.verdict
    assert "out of time" not in check_model(Sound()).verdict


def test_a_slow_model_is_asked_less(monkeypatch):
    check_model(Seen(), tier="full")
    usual = len(Seen.asked)
    Seen.asked.clear()
    monkeypatch.setattr(trial, "SLOW", -1.0)
    report = check_model(Seen(), tier="full")
    assert report.data.endswith("(2 windows, as it is slow)")
    assert len(Seen.asked) < 0.5 * usual


@dataclass(frozen=True)
class Imports(Sound):
    """Takes its time once."""

    done: ClassVar[list[bool]] = []

    def forecast_one(self, y, horizon, probs, context):
        if not self.done:
            watch.clock.spend(0.2)
        self.done.append(True)
        return super().forecast_one(y, horizon, probs, context)


@dataclass(frozen=True)
class Lingers(Sound):
    """Does not converge on one of the series."""

    def forecast_one(self, y, horizon, probs, context):
        if context.unique_id == "s2":
            watch.clock.spend(0.2)
        return super().forecast_one(y, horizon, probs, context)


def test_a_first_call_that_imports_makes_no_model_slow_and_one_bad_series_does():
    assert "slow" not in check_model(Imports()).data
    assert "slow" in check_model(Lingers()).data


# --- whatever a model does ------------------------------------------------------------------------


@dataclass(frozen=True)
class Interrupts(Sound):
    """The user has had enough."""

    def forecast_one(self, y, horizon, probs, context):
        raise KeyboardInterrupt


def test_only_the_user_can_stop_a_run():
    with pytest.raises(KeyboardInterrupt):
        check_model(Interrupts())


@dataclass(frozen=True)
class Vandal(Sound):
    """Leaves nothing as it was."""

    def __repr__(self):
        raise LookupError("no name")

    def required(self, season_length):
        np.seterr(all="ignore")
        return 2

    def forecast_one(self, y, horizon, probs, context):
        random.seed(1)
        np.random.seed(1)
        os.environ["SOME_LIBRARY"] = "1"
        os.chdir(os.path.dirname(os.getcwd()))
        logging.getLogger().setLevel(1)
        sys.path.append("nowhere")
        print("here I am")
        return super().forecast_one(y, horizon, probs, context)


def test_what_a_model_does_to_the_process_is_put_back(capsys):
    before = {watched.what: watched.read() for watched in WATCHED}
    report = check_model(Vandal())
    assert {watched.what: watched.read() for watched in WATCHED} == before
    assert "".join(capsys.readouterr()) == ""
    assert report.model == "Vandal(...)"
    told = details(report)["side_effects"]
    for what in ("numpy's error state", "`random`", "`numpy.random`", "the environment",
                 "the working directory", "the root logger", "sys.path", "printed"):  # fmt: skip
        assert what in told


# --- reports --------------------------------------------------------------------------------------

MADE = Report(
    "Some(k=1)",
    (
        Finding("one", "passed", "It does.", "", 0.25),
        Finding("two", "failed", "It | does not.", "line 1\nline 2", 0.5),
        Finding("three", "skipped", "It might.", "there is no reason to"),
    ),
    "full",
    "some data",
    {10: 0.0015, 20: 0.003},
    {"python": "3.11"},
)


def test_a_report_as_text_says_what_is_not_fine_and_why():
    lines = str(MADE).splitlines()
    assert lines[0] == (
        "Some(k=1): breaks the model contract (full: 1 passed, 1 failed, 1 skipped)"
    )
    assert "  passed  one" in lines
    assert "  failed  two    line 1" in lines
    assert "  skipped three  there is no reason to" in lines
    assert lines[-2:] == [
        "  tried on some data",
        "  a forecast took 1.5 ms of 10, 3 ms of 20 values",
    ]
    assert MADE.brief.splitlines()[1:] == ["  failed  two  line 1", "line 2", *lines[-2:]], (
        "what was kept or skipped is not in the way"
    )
    assert lines[1:3] == ["  failed  two    line 1", "line 2"], "what is broken comes first"
    bare = Report("m", (Finding("two", "failed", "It does not."),))
    assert "  failed  two  It does not." in str(bare), "the promise stands for a missing detail"


def test_a_report_as_json_holds_all_of_it():
    record = json.loads(MADE.to_json())
    assert record == MADE.to_dict()
    checks = tuple(Finding(**check) for check in record["checks"])
    times = {int(n): took for n, took in record["seconds_by_length"].items()}
    again = Report(
        record["model"], checks, record["tier"], record["data"], times, record["versions"]
    )
    assert again == MADE
    assert record["ok"] is False
    assert record["seconds"] == 0.75


def test_a_report_as_markdown_is_one_row_a_check():
    rows = [line for line in MADE.to_markdown().splitlines() if line.startswith("| `")]
    assert rows == [
        "| `one` | passed | It does. |",
        r"| `two` | failed | It \| does not. *line 1 line 2* |",
        "| `three` | skipped | It might. *there is no reason to* |",
    ]


def test_a_report_of_a_run_names_versions_and_times():
    report = check_model(Drift())
    assert report.versions["westforecast"] == wf.__version__
    assert report.versions["numpy"] == np.__version__
    assert list(report.times) == [10, 20, 40]
    timed = check_model(Timed()).times
    np.testing.assert_allclose(list(timed.values()), 0.01)


def test_raise_if_failed_raises_the_whole_report_and_only_then():
    with pytest.raises(ConformanceError) as raised:
        MADE.raise_if_failed()
    assert str(raised.value) == MADE.brief
    assert isinstance(raised.value, AssertionError), "pytest shows it as a failed test"
    Report("m", MADE.checks[:1]).raise_if_failed()


@dataclass(frozen=True)
class Misspelt(SeriesModel):
    """Has a bug."""

    def forecast_one(self, y, horizon, probs, context):
        return undefined_name  # noqa: F821


def test_a_failure_says_where_in_the_models_file_it_came_from():
    line = inspect.getsourcelines(Misspelt.forecast_one)[1] + 1
    failed = {check.name: check.detail for check in check_model(Misspelt()).failed}
    assert failed["ordinary"] == (
        "no ordinary series is forecast: NameError: name 'undefined_name' is not defined "
        f"(test_conformance.py, line {line})"
    )


@dataclass(frozen=True)
class NoForecast(Model):
    """Gives an array where a Forecast is expected, and says it needs many values."""

    min_train = 20

    def compute(self, windows, horizon, levels):
        return np.ones((len(windows), horizon))


def test_a_fault_is_told_before_a_short_series():
    failed = {check.name: check.detail for check in check_model(NoForecast()).failed}
    assert "NoForecast.compute gave an array of shape" in failed["ordinary"]


@dataclass(frozen=True)
class OtherBand(Model):
    """Its band is wider among other windows."""

    def compute(self, windows, horizon, levels):
        mean = np.repeat([[windows.y(w)[-1]] for w in range(len(windows))], horizon, axis=1)
        return Forecast.normal(mean, np.full_like(mean, len(windows)), levels)


def test_quantiles_that_differ_are_shown_as_quantiles():
    failed = {check.name: check.detail for check in check_model(OtherBand()).failed}
    one, other = failed["one_by_one"].split(" one way, ")
    assert "quantiles at 0.025, 0.1, 0.25, 0.75, 0.9, 0.975 of the first step [" in one
    assert one.partition("[")[2] != other.partition("[")[2].partition(" the other")[0]


# --- under pytest, and without --------------------------------------------------------------------

CASES = """
from dataclasses import dataclass

import numpy as np

from westforecast import SeriesModel
from westforecast.models import Drift, Forecast, Model, SeriesModel
from westforecast.testing import parametrize_with_checks


@dataclass(frozen=True)
class Last(SeriesModel):
    \"\"\"The last value, times a factor that only its horizon knows.\"\"\"

    by_horizon: bool = False
    intervals = False

    def forecast_one(self, y, horizon, probs, context):
        factor = horizon if self.by_horizon else 1
        return np.full(horizon, factor * y[-1]), np.full((horizon, len(probs)), np.nan)


@parametrize_with_checks([Last(), Last(by_horizon=True)], waive={"order": "tried elsewhere"})
def test_contract(check):
    check()


@parametrize_with_checks("Drift", tier="full")
def test_by_name(check):
    check()


@parametrize_with_checks(Drift, time_budget=1e-9)
def test_in_no_time(check):
    check()
"""


def test_under_pytest_each_check_is_a_test_that_passes_fails_or_is_skipped_with_its_reason(
    tmp_path,
):
    (tmp_path / "test_it.py").write_text(CASES)
    command = [sys.executable, "-m", "pytest", "-q", "-rA", "-p", "no:cacheprovider", "test_it.py"]
    done = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True)
    assert done.returncode == 1, done.stdout + done.stderr
    said = done.stdout
    assert "PASSED test_it.py::test_contract[Last(by_horizon=False)-prefix]" in said
    failed = re.findall(r"^FAILED test_it.py::(\S+)", said, re.M)
    assert failed == ["test_contract[Last(by_horizon=True)-prefix]"]
    assert "The first steps do not depend on how many are asked for. 5 steps and 1: series" in said
    assert "SKIPPED [2]" in said
    assert "waived without need: tried elsewhere" in said
    assert "the model has no driver" in said
    assert "PASSED test_it.py::test_by_name[Drift()-spawned]" in said
    assert "PASSED test_it.py::test_in_no_time[Drift()-settings]" in said
    assert said.count("test_in_no_time") == 1, "the rest is out of time"
    assert "out of time: 1e-09 seconds are spent" in said
    counts = {what: int(n) for n, what in re.findall(r"(\d+) (passed|failed|skipped)", said)}
    assert sum(counts.values()) == 3 * len(QUICK) + len(registered())


def test_a_list_of_no_models_is_refused():
    with pytest.raises(UsageError, match="a test of nothing passes nothing"):
        parametrize_with_checks([])


def test_the_kit_needs_no_test_library():
    code = """
import sys
for library in ("pytest", "_pytest", "hypothesis"):
    sys.modules[library] = None  # importing it raises
from westforecast.models import Drift, Forecast, Model, SeriesModel
from westforecast.testing import check_model, parametrize_with_checks
check_model(Drift(), tier="full").raise_if_failed()
try:
    parametrize_with_checks([Drift()])
except ImportError:
    print("this alone needs pytest")
"""
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    assert done.stdout.strip() == "this alone needs pytest"
