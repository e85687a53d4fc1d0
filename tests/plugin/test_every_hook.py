"""Every hook has an example that works, a section in the docs and a test; none is forgotten.

The examples are read from plugins/ of the checkout; where they are installed, from there.
"""

import ast
import re
import sys
import tomllib
from importlib.metadata import EntryPoint
from pathlib import Path

import pytest

from westforecast.cli.doctor import USES
from westforecast.plugin import PluginInfo, Registry, load
from westforecast.plugin.hookspecs import HOOKS

ROOT = Path(__file__).resolve().parents[2]
EXAMPLES = ("westforecast-example", "westforecast-example-hooks")
PAGE = ROOT / "docs" / "howto" / "extend-with-other-hooks.md"

pytestmark = pytest.mark.skipif(
    not (ROOT / "plugins").is_dir(), reason="not a checkout: there are no plugins/"
)


def lacking(hook: str, kind: str, examples: Registry, page: str, tests: list[str]) -> list[str]:
    """What a hook lacks, each with what to do; nothing where it has all.

    examples: what the example plugins register. page: the docs. tests: names of their tests.
    """
    found = []
    headings = re.findall(r"^#+ .*$", page, re.M)
    if not any(f"`{hook}`" in heading for heading in headings):
        found.append(f"no section on {hook}: write one with `{hook}` in its heading")
    if not any(name.startswith(f"test_the_{kind}_") for name in tests):
        found.append(f"no test of {hook}: call one test_the_{kind}_...")
    names = [spec.name for package, spec in examples.specs(kind) if package in EXAMPLES]
    if not names:
        found.append(f"no example of {hook}: register one in {EXAMPLES[-1]}")
    if kind not in USES:
        return [*found, f"no check of {hook}: say in USES what is made of a {kind}"]
    for name in names:
        USES[kind](examples, name)
    return found


@pytest.fixture
def examples(monkeypatch) -> Registry:
    """What the example plugins register, installed or not."""
    plugins = []
    for distribution in EXAMPLES:
        folder = ROOT / "plugins" / distribution
        settings = tomllib.loads((folder / "pyproject.toml").read_text(encoding="utf-8"))
        assert settings["project"]["name"] == distribution
        monkeypatch.setattr(sys, "path", [*sys.path, str(folder / "src")])  # installed ones first
        for name, module in settings["project"]["entry-points"]["westforecast"].items():
            (plugin,) = load([EntryPoint(name, module, "westforecast")], core=False).plugins
            plugins.append(PluginInfo(distribution, "0", name, plugin.specs))
    return Registry(tuple(plugins), ())


@pytest.fixture(scope="module")
def tests() -> list[str]:
    """Names of the tests of the example plugins."""
    return [
        node.name
        for distribution in EXAMPLES
        for file in (ROOT / "plugins" / distribution / "tests").glob("test_*.py")
        for node in ast.walk(ast.parse(file.read_text(encoding="utf-8")))
        if isinstance(node, ast.FunctionDef)
    ]


@pytest.fixture(scope="module")
def page() -> str:
    return PAGE.read_text(encoding="utf-8")


@pytest.mark.parametrize("hook", HOOKS)
def test_a_hook_has_an_example_a_section_and_a_test(hook, examples, page, tests):
    assert lacking(hook, HOOKS[hook][0], examples, page, tests) == []


def test_a_new_hook_without_them_is_noticed(examples, page, tests):
    assert lacking("westforecast_register_charts", "chart", examples, page, tests) == [
        "no section on westforecast_register_charts: write one with "
        "`westforecast_register_charts` in its heading",
        "no test of westforecast_register_charts: call one test_the_chart_...",
        "no example of westforecast_register_charts: register one in westforecast-example-hooks",
        "no check of westforecast_register_charts: say in USES what is made of a chart",
    ]


@pytest.mark.parametrize("hook", HOOKS)
def test_each_of_them_alone_is_noticed(hook, examples, page, tests):
    kind = HOOKS[hook][0]
    others = [name for name in tests if not name.startswith(f"test_the_{kind}_")]
    (told,) = lacking(hook, kind, examples, page, others)
    assert told.startswith("no test of")
    (told,) = lacking(hook, kind, examples, page.replace(f"`{hook}`", hook), tests)
    assert told.startswith("no section on")
    (told,) = lacking(hook, kind, Registry((), ()), page, tests)
    assert told.startswith("no example of")


def test_every_plugin_here_is_installed_by_the_requirements():
    wanted = (ROOT / "requirements.txt").read_text(encoding="utf-8")
    for folder in sorted((ROOT / "plugins").iterdir()):
        if (folder / "pyproject.toml").is_file():
            assert re.search(rf"^-e plugins/{folder.name}(\[|$)", wanted, re.M), folder.name
