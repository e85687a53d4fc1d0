"""A metric, a data set, a study, an engine and a command for westforecast."""
