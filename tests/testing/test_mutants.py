"""The proof of the kit: every faulty model is caught by the check that is named for its fault."""

from pathlib import Path

import pytest

from westforecast.testing import check_model, conformance, registered, trial
from westforecast.testing.surroundings import restore_threads

from .mutants import MUTANTS, Sound, SoundBatch, SoundDriven

# No model is slow, and none runs out of time, because the machine is busy.
pytestmark = pytest.mark.usefixtures("clock", "importable")
ROOT = Path(__file__).resolve().parents[2]
# Nothing that a model can do to its windows breaks it: they hold periods, and no calendar.
UNBREAKABLE = {"calendars"}


@pytest.fixture
def importable(monkeypatch):
    """Another process is to find these models."""
    monkeypatch.syspath_prepend(ROOT)


@pytest.mark.parametrize("model", [Sound(), SoundBatch(), SoundDriven()], ids=repr)
def test_the_sound_models_keep_every_promise(model):
    report = check_model(model, tier="full")
    report.raise_if_failed()
    for check in report.skipped:
        assert "not declared" in check.detail or check.name in {"batch", "driver_future"}


@pytest.mark.parametrize("mutant", MUTANTS, ids=lambda mutant: type(mutant.model).__name__)
def test_each_fault_is_caught_by_its_check(mutant):
    report = check_model(mutant.model, tier=mutant.tier)
    assert not report.ok
    caught = {check.name: check.detail for check in report.failed}
    assert mutant.check in caught, report
    assert caught[mutant.check], "a failure says what was found"


@pytest.mark.parametrize("mutant", MUTANTS, ids=lambda mutant: type(mutant.model).__name__)
def test_a_check_alone_catches_it_also_on_the_fewer_windows_of_a_slow_model(mutant, monkeypatch):
    monkeypatch.setattr(trial, "SLOW", -1.0)
    on_trial = trial.Trial(mutant.model, tier=mutant.tier)
    found = conformance.conclude(registered()[mutant.check], on_trial, {})
    restore_threads(on_trial.threads)
    assert found.outcome == "failed"


@pytest.mark.parametrize("model", [Sound(), SoundBatch(), SoundDriven()], ids=repr)
def test_the_fewer_windows_of_a_slow_model_are_no_fault(model, monkeypatch):
    monkeypatch.setattr(trial, "SLOW", -1.0)
    report = check_model(model, tier="full")
    report.raise_if_failed()
    assert "as it is slow" in report.data


def test_every_check_has_a_fault_that_it_catches():
    caught = {mutant.check for mutant in MUTANTS}
    assert caught | UNBREAKABLE == set(registered())
    assert not caught & UNBREAKABLE
    assert len(MUTANTS) >= 20
