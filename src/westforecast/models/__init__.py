"""The forecasting interface and the baselines."""

from westforecast.models.adapted import adapt
from westforecast.models.base import Capability, Context, Model, SeriesModel
from westforecast.models.baselines import (
    DampedLogGrowth,
    Drift,
    InSampleMean,
    Naive,
    SeasonalNaive,
)
from westforecast.models.driver import DrivenModel, Driver, NoDriver
from westforecast.models.forecast import Forecast
from westforecast.models.function import series_model
from westforecast.models.silence import quiet
from westforecast.models.status import OutOfDomain, Refusal, Status, TooShort
from westforecast.models.windows import Windows

__all__ = [
    "Capability",
    "Context",
    "DampedLogGrowth",
    "Drift",
    "DrivenModel",
    "Driver",
    "Forecast",
    "InSampleMean",
    "Model",
    "Naive",
    "NoDriver",
    "OutOfDomain",
    "Refusal",
    "SeasonalNaive",
    "SeriesModel",
    "Status",
    "TooShort",
    "Windows",
    "adapt",
    "quiet",
    "series_model",
]
