"""Studies: a text file in, a forecast with its record, its scenarios and a report out."""

from westforecast.study.claim import Claim, Verdict
from westforecast.study.file import Study, StudyError, read_study
from westforecast.study.output import files_of, write_study
from westforecast.study.run import StudyResult, run_study

__all__ = [
    "Claim",
    "Study",
    "StudyError",
    "StudyResult",
    "Verdict",
    "files_of",
    "read_study",
    "run_study",
    "write_study",
]
