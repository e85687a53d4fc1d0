"""Files are written whole or not at all."""

from collections.abc import Mapping
from pathlib import Path
from uuid import uuid4

from westforecast.errors import UsageError


def prepare(folder: str | Path) -> None:
    """Make a folder that results are to be written to, before the work is done.

    Raises UsageError where it cannot be made or written.
    """
    for probe in write_whole(folder, {".writable": b""}):
        probe.unlink()


def write_whole(folder: str | Path, contents: Mapping[str, bytes]) -> list[Path]:
    """Write several files into `folder` (made if absent), each whole or not at all.

    Everything is first written under temporary names in the same folder, then renamed, so a full
    disk or a kill leaves the old files as they were. Raises UsageError where the folder cannot be
    written.
    """
    folder = Path(folder)
    staged: list[tuple[Path, Path]] = []
    try:
        folder.mkdir(parents=True, exist_ok=True)
        for name, data in contents.items():
            temporary = folder / f".{name}.{uuid4().hex}"
            staged.append((temporary, folder / name))
            with temporary.open("xb") as file:
                file.write(data)
        for temporary, target in staged:
            temporary.replace(target)
    except OSError as error:
        raise UsageError(
            f"cannot write to {str(folder)!r}: {error.strerror or error}. "
            "Choose a folder that can be written."
        ) from error
    finally:
        for temporary, _ in staged:
            temporary.unlink(missing_ok=True)
    return [target for _, target in staged]
