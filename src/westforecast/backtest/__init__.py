"""Rolling-origin evaluation: which windows, how they run, what came out."""

from westforecast.backtest.result import Result
from westforecast.backtest.run import run
from westforecast.backtest.saved import load
from westforecast.backtest.schedule import Plan, ahead, origins
from westforecast.backtest.split import ErrorSplit, split_errors

__all__ = ["ErrorSplit", "Plan", "Result", "ahead", "load", "origins", "run", "split_errors"]
