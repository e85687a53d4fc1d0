"""Results that were saved: all they held but the models, of which there is what they said."""

import hashlib
import json
import zipfile
from collections.abc import Sequence
from dataclasses import dataclass
from os import PathLike
from pathlib import Path
from typing import NoReturn

from westforecast.backtest.archive import FORMAT, NAME, unpacked
from westforecast.backtest.probe import Probe
from westforecast.backtest.result import Result
from westforecast.errors import UsageError
from westforecast.models.base import Model
from westforecast.models.forecast import Forecast
from westforecast.models.windows import Windows


@dataclass(frozen=True, repr=False)
class SavedModel(Model):
    """What a saved result knows of a model: its text, whether it was ex ante, a remark."""

    label: str
    written: str
    known: bool
    remark: str = ""

    def __repr__(self) -> str:
        return self.written

    @property
    def name(self) -> str:
        return self.label

    @property
    def ex_ante(self) -> bool:
        return self.known

    def compute(self, windows: Windows, horizon: int, levels: Sequence[float]) -> Forecast:
        raise UsageError(
            f"{self.written} comes from a saved result, which keeps forecasts and no models. Make "
            "it anew: westforecast.model(name, ...)."
        )


def load(folder: str | Path) -> Result:
    """A result that `Result.save` wrote to a folder: the same frames, scores, `repr` and manifest.

    It can be scored, compared and reconciled as before. What it no longer has are the models
    themselves (they are there as they were written) and exceptions behind failures (their reasons
    are). Nothing in the folder is run.

    Raises UsageError for a folder without a result, one of another format, and a damaged file.

    >>> import pandas as pd, tempfile, westforecast as wf
    >>> df = pd.DataFrame({"unique_id": "a", "ds": [2008, 2009, 2010], "y": [1.0, 2.0, 3.0]})
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     _ = wf.forecast(wf.Panel.from_frame(df), "Drift", h=1).save(folder)
    ...     wf.load(folder).long()["yhat"].tolist()
    [4.0]
    """
    if not isinstance(folder, str | PathLike):
        raise UsageError(f"folder={folder!r} found, the path of a folder expected.")
    folder = Path(folder)
    stated = _manifest(folder)
    data = _read(folder / NAME)
    if hashlib.sha256(data).hexdigest() != stated:
        _damaged(folder / NAME, "it is not the file that was saved")
    try:
        plan, forecasts, used, manifest = unpacked(data)
    except (KeyError, TypeError, ValueError, zipfile.BadZipFile) as error:
        _damaged(folder / NAME, str(error))
    return Result(
        plan=plan,
        forecasts=forecasts,
        models={
            name: SavedModel(name, text, manifest["ex_ante"][name], manifest["stated"][name])
            for name, text in manifest["models"].items()
        },
        levels=tuple(manifest["levels"]),
        used=used,
        fallback=manifest["fallback"],
        settings=manifest["settings"],
        seconds=manifest["seconds"],
        probes={name: Probe(**probe) for name, probe in manifest["probes"].items()},
        saved={name: manifest[name] for name in ("created", "versions")},
    )


def _manifest(folder: Path) -> str:
    """The digest of the file that holds the result, of which the manifest is for people."""
    path = folder / "manifest.json"
    data = _read(path)
    try:
        found = json.loads(data)
    except ValueError as error:
        _damaged(path, f"no JSON: {error}")
    if not isinstance(found, dict) or not {"format", "models", "probes"} <= found.keys():
        raise UsageError(
            f"{str(path)!r} is not that of a result. A folder that Result.save (or the program's "
            "forecast and backtest with --out) wrote expected."
        )
    if found["format"] != FORMAT:
        raise UsageError(
            f"{str(path)!r} has format {found['format']!r}; this version of westforecast reads "
            f"{FORMAT}. Read it with the version that wrote it "
            f"({found.get('versions', {}).get('westforecast', 'unknown')}), or save it anew."
        )
    files = found.get("files")
    if not isinstance(files, dict) or NAME not in files:
        _damaged(path, f"it does not name {NAME}")
    return str(files[NAME])


def _read(path: Path) -> bytes:
    try:
        return path.read_bytes()
    except OSError as error:
        raise UsageError(
            f"no saved result in {str(path.parent)!r}: cannot read {path.name} ({error.strerror}). "
            "Give the folder that Result.save wrote."
        ) from error


def _damaged(path: Path, why: str) -> NoReturn:
    raise UsageError(f"{str(path)!r} is damaged: {why}. Save the result anew.") from None
