"""A setting that is a model may be given by name or as a table, as text files have it."""

from dataclasses import dataclass

import pytest

from westforecast import Model, UsageError
from westforecast.errors import UnknownNameError
from westforecast.models import DampedLogGrowth, Drift, Naive
from westforecast.plugin import ModelSpec, Registry
from westforecast.plugin.names import PluginInfo


@dataclass(frozen=True)
class Follows(Model):
    """A model with a model, and a text that is not one."""

    driver: str = ""
    driver_model: Model | None = None

    def compute(self, windows, horizon, levels):
        raise NotImplementedError


def made(driver_model: Naive, text: str = "") -> tuple[Naive, str]:
    return driver_model, text


REGISTRY = Registry(
    (
        PluginInfo("here", "1", "point", {"model": (
            ModelSpec(name="Follows", target=f"{__name__}:Follows"),
            ModelSpec(name="made", target=f"{__name__}:made"),
            ModelSpec(name="Drift", target="westforecast.models:Drift"),
            ModelSpec(name="Naive", target="westforecast.models:Naive"),
            ModelSpec(name="DampedLogGrowth", target="westforecast.models:DampedLogGrowth"),
        )}),
    ),
    (),
)  # fmt: skip


@pytest.fixture(autouse=True)
def importable(monkeypatch):
    import sys

    monkeypatch.setitem(sys.modules, __name__, sys.modules[Follows.__module__])


@pytest.mark.parametrize(
    ("given", "expected"),
    [
        (None, None),
        (Drift(), Drift()),
        ("Drift", Drift()),
        ("here:Drift", Drift()),
        ({"model": "DampedLogGrowth", "damping": 0.9}, DampedLogGrowth(0.9)),
        (
            {"model": "Follows", "driver": "x", "driver_model": "Naive"},
            Follows("x", Naive()),
        ),
    ],
)
def test_names_and_tables_become_models(given, expected):
    assert REGISTRY.model("Follows", driver="Drift", driver_model=given) == Follows(
        "Drift", expected
    )


def test_a_function_may_declare_one_too():
    assert REGISTRY.model("made", driver_model="Naive", text="Drift") == (Naive(), "Drift")


@pytest.mark.parametrize(
    ("given", "error", "message"),
    [
        ("Drifft", UnknownNameError, "Did you mean 'Drift'"),
        ({"damping": 0.9}, UsageError, r"driver_model=.* found; a name or \{ model"),
        ({"model": 3}, UsageError, "driver_model"),
        ({"model": "Drift", "damping": 0.9}, UsageError, "model 'Drift' has no setting 'damping'"),
    ],
)
def test_what_is_no_model(given, error, message):
    with pytest.raises(error, match=message):
        REGISTRY.model("Follows", driver_model=given)
