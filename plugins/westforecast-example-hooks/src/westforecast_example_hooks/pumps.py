"""The data set: pumps made in Arcadia. Its figures are invented."""

from pathlib import Path

from westforecast import Panel


def pumps() -> Panel:
    """Output and price of pumps, the East's share, GDP; 1998-2013, one price missing.

    Read anew at every call: a panel of a few series costs milliseconds and is the caller's own.
    """
    return Panel.from_csv(
        Path(__file__).with_name("pumps.csv"), time_col="year", target_col="value", gaps="keep"
    )
