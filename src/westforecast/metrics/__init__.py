"""Measures of forecast errors, on arrays."""

from westforecast.metrics.metric import METRICS, Cells, Metric

__all__ = ["METRICS", "Cells", "Metric"]
