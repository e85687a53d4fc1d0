"""Every model that a first-party package registers keeps the whole contract.

In the full tier, but for most of those by name of statsforecast: one adapter runs them all, and
what the full tier adds (threads, another process, calendars) is its doing, not theirs.
"""

import pytest

from westforecast.models import Model
from westforecast.plugin import ModelSpec, registry
from westforecast.testing import check_model, trial

# What a model cannot keep, and why: model -> check -> reason.
WAIVED = {
    "statsforecast.HoltWinters": dict.fromkeys(
        ("prefix", "long_horizon"),
        "statsforecast counts the seasons of additive forms at the last step for every step, so "
        "early intervals widen with the horizon",
    ),
}
# Of statsforecast, one of each kind in the full tier: with a season and without, with intervals and
# without, estimated in Python and in compiled code, drawn at random, for demand only.
FULL = {
    "statsforecast.ARIMA", "statsforecast.ConformalSeasonalPool", "statsforecast.CrostonOptimized",
    "statsforecast.DynamicOptimizedTheta", "statsforecast.GARCH", "statsforecast.HoltWinters",
    "statsforecast.MFLES", "statsforecast.MSTL", "statsforecast.TSB", "statsforecast.UCM",
    "statsforecast.WindowAverage",
}  # fmt: skip
# A tenth of a second and more for a forecast: these are tried as slow models are, wherever that is.
SLOW = {
    "AutoARIMA", "statsforecast.AutoARIMA", "statsforecast.AutoCES", "statsforecast.AutoMFLES",
    "statsforecast.AutoTBATS", "statsforecast.TBATS",
}  # fmt: skip
# Fewer candidates, which all go the same way.
EASED = {"statsforecast.AutoTBATS": {"use_boxcox": False, "use_arma_errors": False}}
MODELS = [
    (package, spec)
    for package, spec in registry().specs("model")
    if package == "westforecast" or package.startswith("westforecast-")
]


@pytest.mark.parametrize(("package", "spec"), MODELS, ids=[spec.name for _, spec in MODELS])
@pytest.mark.usefixtures("clock")
def test_it_keeps_the_contract(package: str, spec: ModelSpec, monkeypatch):
    monkeypatch.setattr(trial, "SLOW", -1.0 if spec.name in SLOW else 1.0)
    waive = WAIVED.get(spec.name, {})
    wrapped = package == "westforecast-statsforecast"
    tier = "full" if spec.name in FULL or not wrapped else "quick"
    model = registry().model(f"{package}:{spec.name}", **spec.example, **EASED.get(spec.name, {}))
    report = check_model(model, tier=tier, waive=waive, declared=spec.capabilities)
    report.raise_if_failed()
    for skipped in report.skipped:
        assert "without need" not in skipped.detail
        assert "out of time" not in skipped.detail
    assert tier == "quick" or "spawned" in {check.name for check in report.passed}


def test_what_is_said_of_models_is_of_models_that_there_are():
    if "westforecast-statsforecast" in {package for package, _ in MODELS}:
        assert {*WAIVED, *FULL, *SLOW, *EASED} <= {spec.name for _, spec in MODELS}


@pytest.mark.parametrize(("package", "spec"), MODELS, ids=[spec.name for _, spec in MODELS])
def test_its_registration_shows_how_it_is_made(package: str, spec: ModelSpec):
    made = registry().model(f"{package}:{spec.name}", **spec.example)
    assert isinstance(made, Model)
    assert spec.capabilities == made.capabilities
