"""Series of numbers, what they mean, and when they are."""

from westforecast.series.calendar import Calendar
from westforecast.series.indicator import Indicator
from westforecast.series.panel import Panel, PanelLike

__all__ = ["Calendar", "Indicator", "Panel", "PanelLike"]
