"""MedianChange, a model plugin of westforecast."""
