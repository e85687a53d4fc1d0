"""Studies: a text file in, a forecast with its record, its scenarios and a report out."""

from westforecast.study.claim import Claim, Verdict
from westforecast.study.file import Study, read_study
from westforecast.study.iamc import iamc_columns
from westforecast.study.output import files_of, write_study
from westforecast.study.result import StudyResult
from westforecast.study.run import run_study
from westforecast.study.toml import StudyError

__all__ = [
    "Claim",
    "Study",
    "StudyError",
    "StudyResult",
    "Verdict",
    "files_of",
    "iamc_columns",
    "read_study",
    "run_study",
    "write_study",
]
