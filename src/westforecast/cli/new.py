"""A new plugin: a complete package with one model, written from the files in `template`."""

import ast
import keyword
import re
import sys
from importlib.resources import files
from importlib.util import find_spec
from pathlib import Path
from string import Template

from westforecast.errors import UsageError
from westforecast.files import name_fault
from westforecast.plugin import registry

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
_NEEDED = {"westforecast", "pytest", "hatchling", "tests"}


def render(distribution: str, model: str | None = None) -> dict[str, str]:
    """The files of a new package, path -> text.

    distribution: its name, "acme-growth"; the import package is then acme_growth. model: the name
    of its model, AcmeGrowth unless given. Raises UsageError for names of another form, and for
    those that are taken: by Python, by what is installed, by the registry.
    """
    if not _DISTRIBUTION.fullmatch(distribution):
        raise UsageError(
            f"{distribution!r} found; expected the name of a package: small letters and digits "
            "with single hyphens, beginning with a letter, for instance acme-growth."
        )
    if fault := name_fault(distribution):
        raise UsageError(f"{distribution!r} found; expected the name of a folder, and {fault}.")
    package = distribution.replace("-", "_")
    taken = _package_taken(distribution, package)
    if taken:
        raise UsageError(
            f"{distribution!r} found; expected the name of a package that is free: {package!r} is "
            f"{taken}. Choose another one, for instance acme-growth."
        )
    words = distribution.removeprefix("westforecast-").split("-")
    name = model or "".join(word.capitalize() for word in words)
    if not _CLASS.fullmatch(name):
        raise UsageError(
            f"model {name!r} found; expected the name of a class: a capital, then letters and "
            "digits, for instance AcmeGrowth."
        )
    module = re.sub(r"(?<=[a-z0-9])(?=[A-Z])", "_", name).lower()
    # One that cannot be imported, would hide the plugin module, or read as the package.
    if keyword.iskeyword(module) or module in ("plugin", package):
        module = "model"
    told = {"distribution": distribution, "package": package, "model": name, "module": module}
    template = files("westforecast.cli") / "template"
    contents = {
        Template(target).substitute(told): Template(
            template.joinpath(source).read_text(encoding="utf-8")
        ).substitute(told)
        for source, target in FILES.items()
    }
    taken = _model_taken(distribution, name, contents[f"src/{package}/{module}.py"])
    if taken:
        asked = f"model {name!r}" if model else f"{distribution!r}, whose model is {name!r} then,"
        raise UsageError(
            f"{asked} found; expected the name of a class that is free: {name!r} is {taken}. Give "
            "another one with --model, for instance --model AcmeGrowth."
        )
    return contents


def _package_taken(distribution: str, package: str) -> str:
    """By whom the name of an import package is taken; empty where it is free."""
    if keyword.iskeyword(package):
        return "a Python keyword"
    if package in sys.stdlib_module_names:
        return "a module of Python"
    if package in _NEEDED:
        return "what the new package itself uses"
    found = registry()
    plugins = {p.distribution for p in found.plugins} | {f.distribution for f in found.failures}
    spec = None if distribution in plugins else find_spec(package)
    # A folder that happens to lie here is found as well, without an origin.
    return "" if spec is None or spec.origin is None else "installed already"


def _model_taken(distribution: str, name: str, module: str) -> str:
    """By whom the name of a model is taken; empty where it is free. module: its text."""
    if keyword.iskeyword(name):
        return "a Python keyword"
    for owner, spec in registry().specs("model"):
        if spec.name == name and owner != distribution:
            return f"a model of {owner} already"
    imports = [n for n in ast.walk(ast.parse(module)) if isinstance(n, ast.ImportFrom | ast.Import)]
    if name in {alias.asname or alias.name for node in imports for alias in node.names}:
        return "imported by the module of the model"
    return ""


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
