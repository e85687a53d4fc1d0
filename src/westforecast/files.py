"""Files are written whole or not at all, and names of folders are names."""

import re
from collections.abc import Mapping
from pathlib import Path
from uuid import uuid4

from westforecast.errors import UsageError
from westforecast.text import unseen

# Bytes of a name: file systems take 255, and names are written with more around them.
LONGEST_NAME = 100
# What Windows keeps for devices, with any suffix, and what no name of a file holds there.
_DEVICES = re.compile(r"(con|prn|aux|nul|conin\$|conout\$|(com|lpt)[0-9¹²³])(\.|$)", re.IGNORECASE)
_PARTING = re.compile(r'[/\\:*?"<>|]')


def name_fault(name: str) -> str:
    """What keeps a text from being the name of one folder, on any system; empty where nothing does.

    >>> name_fault("cnc-2020"), name_fault("../x")
    ('', "it holds '/'")
    """
    if char := unseen(name):
        return f"it holds {char}, which cannot be seen"
    if found := _PARTING.search(name):
        return f"it holds {found[0]!r}"
    if not name.strip(". "):
        return "it is empty"
    if name[0] in ". " or name[-1] in ". ":
        return "it begins or ends with a dot or a space"
    if _DEVICES.match(name):
        return "it is kept for a device on Windows"
    if len(name.encode()) > LONGEST_NAME:
        return f"it is longer than {LONGEST_NAME} bytes"
    return ""


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
    except (OSError, ValueError) as error:  # ValueError: a NUL in the path
        raise UsageError(
            f"cannot write to {str(folder)!r}: {getattr(error, 'strerror', None) or error}. "
            "Choose a folder that can be written."
        ) from error
    finally:
        for temporary, _ in staged:
            temporary.unlink(missing_ok=True)
    return [target for _, target in staged]
