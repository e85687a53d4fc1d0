"""Files are written whole or not at all."""

import os
import tempfile
from collections.abc import Mapping
from pathlib import Path

from westforecast.errors import UsageError


def write_whole(folder: str | Path, contents: Mapping[str, bytes]) -> list[Path]:
    """Write several files into `folder` (made if absent), each whole or not at all.

    Everything is first written under temporary names in the same folder, then renamed, so a full
    disk or a kill leaves the old files as they were. Raises UsageError where the folder cannot be
    written.
    """
    folder = Path(folder)
    staged: list[tuple[str, Path]] = []
    try:
        folder.mkdir(parents=True, exist_ok=True)
        for name, data in contents.items():
            handle, temporary = tempfile.mkstemp(prefix=f".{name}.", dir=folder)
            staged.append((temporary, folder / name))
            with os.fdopen(handle, "wb") as file:
                file.write(data)
        # mkstemp makes files for the owner alone; results are as readable as any other file.
        mask = os.umask(0)
        os.umask(mask)
        for temporary, target in staged:
            os.chmod(temporary, 0o666 & ~mask)
            os.replace(temporary, target)
    except OSError as error:
        raise UsageError(
            f"cannot write to {str(folder)!r}: {error.strerror or error}. "
            "Choose a folder that can be written."
        ) from error
    finally:
        for temporary, _ in staged:
            Path(temporary).unlink(missing_ok=True)
    return [target for _, target in staged]
