"""Every model that a first-party package registers keeps the whole contract, in the full tier."""

import pytest

from westforecast.models import Model
from westforecast.plugin import ModelSpec, registry
from westforecast.testing import check_model

# What a model cannot keep, and why: model -> check -> reason.
WAIVED = {
    "statsforecast.HoltWinters": dict.fromkeys(
        ("prefix", "long_horizon"),
        "statsforecast counts the seasons of additive forms at the last step for every step, so "
        "early intervals widen with the horizon",
    ),
}
MODELS = [
    (package, spec)
    for package, spec in registry().specs("model")
    if package == "westforecast" or package.startswith("westforecast-")
]


@pytest.mark.parametrize(("package", "spec"), MODELS, ids=[spec.name for _, spec in MODELS])
def test_it_keeps_the_contract(package: str, spec: ModelSpec):
    waive = WAIVED.get(spec.name, {})
    report = check_model(f"{package}:{spec.name}", tier="full", waive=waive)
    report.raise_if_failed()
    for skipped in report.skipped:
        assert "without need" not in skipped.detail
        assert "out of time" not in skipped.detail
    assert "spawned" in {check.name for check in report.passed}


def test_waivers_are_of_models_that_there_are():
    if "westforecast-statsforecast" in {package for package, _ in MODELS}:
        assert set(WAIVED) <= {spec.name for _, spec in MODELS}


@pytest.mark.parametrize(("package", "spec"), MODELS, ids=[spec.name for _, spec in MODELS])
def test_its_registration_shows_how_it_is_made(package: str, spec: ModelSpec):
    made = registry().model(f"{package}:{spec.name}", **spec.example)
    assert isinstance(made, Model)
    assert spec.capabilities == made.capabilities
