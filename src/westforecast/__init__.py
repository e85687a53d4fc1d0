"""westforecast: forecasting of short annual indicator series.

    import westforecast as wf

    panel = wf.Panel.from_frame(df)                       # unique_id, ds, y
    wf.forecast(panel, ["Drift", "DampedLogGrowth"], until=2020, levels=(80, 95)).long()
    wf.backtest(panel, ["Drift", "Naive"], h=5, n_windows=5).scores()

Names below are imported on first use, so that importing the package costs next to nothing.
"""

import sys
from importlib import import_module
from types import ModuleType
from typing import TYPE_CHECKING, Any

__version__ = "0.1.0"

if TYPE_CHECKING:
    from westforecast.api import backtest, dataset, forecast, metric, model, split_errors
    from westforecast.backtest import ErrorSplit, Result, load
    from westforecast.comparison import Comparison, compare
    from westforecast.composition import PartsForecast, forecast_shares
    from westforecast.domain import StageIndex, screen, stage_table
    from westforecast.errors import (
        DataError,
        ModelError,
        PluginError,
        UsageError,
        WestforecastError,
        WestforecastWarning,
    )
    from westforecast.models import Forecast, Model, SeriesModel, Windows, adapt, series_model
    from westforecast.plugin import hookimpl, registry
    from westforecast.reconcile import reconcile
    from westforecast.series import Indicator, Panel
    from westforecast.stages import StagePath, stage_path

_HOME = {
    "api": ("backtest", "dataset", "forecast", "metric", "model", "split_errors"),
    "backtest": ("ErrorSplit", "Result", "load"),
    "comparison": ("Comparison", "compare"),
    "composition": ("PartsForecast", "forecast_shares"),
    "domain": ("StageIndex", "screen", "stage_table"),
    "errors": (
        "DataError", "ModelError", "PluginError", "UsageError", "WestforecastError",
        "WestforecastWarning",
    ),
    "models": ("Forecast", "Model", "SeriesModel", "Windows", "adapt", "series_model"),
    "plugin": ("hookimpl", "registry"),
    "reconcile": ("reconcile",),
    "series": ("Indicator", "Panel"),
    "stages": ("StagePath", "stage_path"),
}  # fmt: skip
_WHERE = {name: room for room, names in _HOME.items() for name in names}

__all__ = [
    "Comparison",
    "DataError",
    "ErrorSplit",
    "Forecast",
    "Indicator",
    "Model",
    "ModelError",
    "Panel",
    "PartsForecast",
    "PluginError",
    "Result",
    "SeriesModel",
    "StageIndex",
    "StagePath",
    "UsageError",
    "WestforecastError",
    "WestforecastWarning",
    "Windows",
    "__version__",
    "adapt",
    "backtest",
    "compare",
    "dataset",
    "forecast",
    "forecast_shares",
    "hookimpl",
    "load",
    "metric",
    "model",
    "reconcile",
    "registry",
    "screen",
    "series_model",
    "split_errors",
    "stage_path",
    "stage_table",
]


def __getattr__(name: str) -> Any:
    if name not in _WHERE:
        raise AttributeError(f"module 'westforecast' has no attribute {name!r}")
    found = getattr(import_module(f"westforecast.{_WHERE[name]}"), name)
    globals()[name] = found
    return found


def __dir__() -> list[str]:
    return sorted({*globals(), *_WHERE})


class _Package(ModuleType):
    """Python binds an imported submodule to its package; `backtest` is to stay the verb."""

    def __setattr__(self, name: str, value: Any) -> None:
        if not (name in _WHERE and isinstance(value, ModuleType)):
            super().__setattr__(name, value)


sys.modules[__name__].__class__ = _Package
