"""A new plugin: a complete package with one model, written from the files in `template`."""

import keyword
import re
from importlib.resources import files
from pathlib import Path
from string import Template

from westforecast.errors import UsageError

# file of the template -> where it goes in the new package
FILES = {
    "pyproject.toml.txt": "pyproject.toml",
    "README.md.txt": "README.md",
    "gitignore.txt": ".gitignore",
    "src/package/__init__.py.txt": "src/${package}/__init__.py",
    "src/package/plugin.py.txt": "src/${package}/plugin.py",
    "src/package/model.py.txt": "src/${package}/${module}.py",
    "tests/test_model.py.txt": "tests/test_${module}.py",
}
_DISTRIBUTION = re.compile(r"[a-z][a-z0-9]*(-[a-z0-9]+)*")
_CLASS = re.compile(r"[A-Z][A-Za-z0-9]*")


def render(distribution: str, model: str | None = None) -> dict[str, str]:
    """The files of a new package, path -> text.

    distribution: its name, "acme-growth"; the import package is then acme_growth. model: the name
    of its model, AcmeGrowth unless given. Raises UsageError for names of another form.
    """
    package = distribution.replace("-", "_")
    if not _DISTRIBUTION.fullmatch(distribution) or keyword.iskeyword(package):
        raise UsageError(
            f"{distribution!r} found; expected the name of a package: small letters and digits "
            "with single hyphens, beginning with a letter, for instance acme-growth."
        )
    words = distribution.removeprefix("westforecast-").split("-")
    name = model or "".join(word.capitalize() for word in words)
    if not _CLASS.fullmatch(name) or keyword.iskeyword(name):
        raise UsageError(
            f"model {name!r} found; expected the name of a class: a capital, then letters and "
            "digits, for instance AcmeGrowth."
        )
    module = re.sub(r"(?<=[a-z0-9])(?=[A-Z])", "_", name).lower()
    if module in ("plugin", package):  # it would hide the plugin module, or read as the package
        module = "model"
    told = {"distribution": distribution, "package": package, "model": name, "module": module}
    template = files("westforecast.cli") / "template"
    return {
        Template(target).substitute(told): Template(
            template.joinpath(source).read_text(encoding="utf-8")
        ).substitute(told)
        for source, target in FILES.items()
    }


def write(folder: Path, contents: dict[str, str]) -> None:
    """Write the files into a new folder. Raises UsageError where there is one with anything in it,
    or where it cannot be written."""
    try:
        if folder.exists() and (not folder.is_dir() or any(folder.iterdir())):
            raise UsageError(f"{str(folder)!r} is there already; nothing was written.")
        for name, text in contents.items():
            path = folder / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(text, encoding="utf-8")
    except OSError as error:
        raise UsageError(
            f"cannot write to {str(folder)!r}: {error.strerror or error}. "
            "Choose a folder that can be written."
        ) from error
