"""Where the study's files are."""

from pathlib import Path

from westforecast import Panel

FOLDER = Path(__file__).parent


def study() -> Path:
    """The study file."""
    return FOLDER / "cnc.toml"


def dataset() -> Panel:
    """All figures the study ships, gaps kept as gaps."""
    return Panel.from_csv(
        FOLDER / "data.csv", time_col="year", target_col="value", gaps="keep", ignore=("mark",)
    )
