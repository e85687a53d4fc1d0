"""What authors are shown to import is public by docs/reference/stability.md."""

import ast
import re
from importlib import import_module
from pathlib import Path

import pytest

from westforecast.cli.new import render

DOCS = Path(__file__).resolve().parents[2] / "docs"
PAGES = ("howto/write-a-model-plugin.md", "howto/extend-with-other-hooks.md",
         "tutorial-your-own-model.md")  # fmt: skip


def public() -> set[str]:
    """Modules whose names are public, as the page lists them."""
    page = (DOCS / "reference" / "stability.md").read_text(encoding="utf-8")
    listed = page.partition("## What is public")[2].partition("\n- The commands")[0]
    found = re.findall(r"`(westforecast|(?:westforecast)?\.[a-z_.]+)`", listed)
    return {f"westforecast{name}" if name.startswith(".") else name for name in found}


def imports(code: str) -> set[tuple[str, str]]:
    """(module, name) of what some code imports from the library."""
    return {
        (node.module, alias.name)
        for node in ast.walk(ast.parse(code))
        if isinstance(node, ast.ImportFrom) and (node.module or "").startswith("westforecast")
        for alias in node.names
        if not (node.module or "").startswith("westforecast_")
    }


TEMPLATE = "\n".join(text for name, text in render("acme-x").items() if name.endswith(".py"))
CODE = {"template": TEMPLATE} | {
    page: "\n".join(re.findall(r"^```python\n(.*?)^```", (DOCS / page).read_text(), re.M | re.S))
    for page in PAGES
}


def test_the_listed_modules_are_there():
    assert {"westforecast", "westforecast.plugin", "westforecast.typing"} <= public()
    for module in public():
        import_module(module)


@pytest.mark.parametrize("where", CODE)
def test_what_authors_import_is_public(where):
    found = imports(CODE[where])
    assert found
    for module, name in found:
        assert module in public(), f"{where} imports {name} from {module}"
        assert name in getattr(import_module(module), "__all__", [name]), (module, name)
        assert not name.startswith("_")


def test_the_versions_that_the_page_names():
    from westforecast import plugin

    assert "API_VERSIONS" in plugin.__all__
