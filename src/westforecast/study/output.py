"""What a study leaves behind: tables, a manifest and one HTML page."""

from pathlib import Path

from westforecast.files import write_whole
from westforecast.series import frame as frames
from westforecast.study import tables
from westforecast.study.iamc import iamc_columns
from westforecast.study.result import StudyResult
from westforecast.text import json_text


def write_study(result: StudyResult, folder: str | Path) -> list[Path]:
    """Write report.html, forecasts.csv and .parquet, scores.csv, iamc.csv and manifest.json."""
    return write_whole(folder, files_of(result))


def files_of(result: StudyResult) -> dict[str, bytes]:
    """The files as bytes, by name."""
    from westforecast.study.page import page  # charts take a second to import

    forecasts = tables.forecast_columns(result)
    return {
        "report.html": page(result).encode(),
        "forecasts.csv": frames.to_csv_bytes(forecasts),
        "forecasts.parquet": frames.to_parquet_bytes(forecasts),
        "scores.csv": frames.to_csv_bytes(tables.score_columns(result)),
        "iamc.csv": frames.to_csv_bytes(iamc_columns(result)),
        "manifest.json": json_text(tables.manifest(result)).encode(),
    }
