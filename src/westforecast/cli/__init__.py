"""The `westforecast` program: a command a file, which imports what is heavy only when run."""
