"""The smallest model plugin of westforecast."""
