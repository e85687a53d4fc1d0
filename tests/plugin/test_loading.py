"""Plugins are loaded one by one: a broken one costs itself and nobody else."""

import sys
import threading
import warnings
from importlib import import_module
from importlib.metadata import EntryPoint, distributions
from typing import get_args

import pytest

from westforecast import PluginError, UsageError
from westforecast.errors import UnknownNameError, WestforecastWarning
from westforecast.models import Drift, Naive
from westforecast.plugin import ModelSpec, PluginInfo, Registry, load
from westforecast.plugin.hookspecs import HOOKS
from westforecast.plugin.names import Failure, remedy

from ..hand_clock import PATIENCE

HEAD = "from westforecast.plugin import *\n"
MODELS = HEAD + "@hookimpl\ndef westforecast_register_models():\n    "


def registers(*names, target="westforecast.models:Naive"):
    """Code of a plugin that registers models."""
    specs = ", ".join(f"ModelSpec(name={name!r}, target={target!r})" for name in names)
    return MODELS + f"return [{specs}]\n"


GOOD = registers("Good")


@pytest.fixture
def install(tmp_path, monkeypatch):
    """Puts a package as pip would: a module and its dist-info; returns all entry points so far."""
    monkeypatch.syspath_prepend(tmp_path)
    before = set(sys.modules)

    def write(distribution, code, version="1.0", entries=1):
        module = distribution.lower().replace("-", "_").replace(".", "_")
        info = tmp_path / f"{module}-{version}.dist-info"
        info.mkdir()
        (info / "METADATA").write_text(f"Name: {distribution}\nVersion: {version}\n")
        lines = []
        for k in range(entries):
            (tmp_path / f"{module}_{k}.py").write_text(code)
            lines.append(f"point{k} = {module}_{k}\n")
        (info / "entry_points.txt").write_text("[westforecast]\n" + "".join(lines))
        return [
            point
            for found in distributions(path=[str(tmp_path)])
            for point in found.entry_points.select(group="westforecast")
        ]

    yield write
    for name in set(sys.modules) - before:
        del sys.modules[name]


def names(registry, kind="model"):
    return {spec.name for _, spec in registry.specs(kind)}


CORE = names(load(points=[]))

BROKEN = {
    "import_error": ("import nothing_of_the_kind", "ModuleNotFoundError: No module named"),
    "import_error ": ("1 / 0", "ZeroDivisionError: division by zero"),
    "wrong_object": ("x = 1", "implements no hook of westforecast"),
    "wrong_object ": (
        "def westforecast_register_models(): return []", "westforecast_register_models is not mark",
    ),
    "wrong_object  ": ("def __dir__(): raise OSError('no')\n", "OSError: no"),
    "unknown_hook": (
        HEAD + "@hookimpl\ndef westforecast_register_model(): return []",
        "no hook 'westforecast_register_model'. Did you mean 'westforecast_register_models'?",
    ),
    "unknown_hook ": (
        HEAD + "def westforecast_register_modles(): return []",
        "Did you mean 'westforecast_register_models'?",
    ),
    "bad_signature": (
        HEAD + "@hookimpl\ndef westforecast_register_models(everything): return []", "everything",
    ),
    "hook_raised": (MODELS + "raise LookupError('gone')", "LookupError: gone"),
    "hook_raised ": (MODELS + "yield 1 / 0", "ZeroDivisionError"),
    "bad_spec": (registers("a name"), "name 'a name' found; expected a letter followed by"),
    "bad_spec ": (registers("x-lo-80"), "reads like an interval column"),
    "bad_spec  ": (registers("X", target="no target"), "expected 'package.module:object'"),
    "bad_spec settings": (
        MODELS + "return [ModelSpec(name='X', target='a:b', settings=None)]",
        "'X' has settings=None; expected a dict of settings by name",
    ),
    "bad_spec example": (
        MODELS + "return [ModelSpec(name='X', target='a:b', example={5: 6})]",
        "'X' has example={5: 6}; expected a dict",
    ),
    "bad_spec capabilities": (
        MODELS + "return [ModelSpec(name='X', target='a:b', capabilities=['intervals'])]",
        "'X' has capabilities=['intervals']; expected a frozenset of texts",
    ),
    "bad_spec text": (
        MODELS + "return [ModelSpec(name='X', target='a:b', capabilities='batch')]",
        "'X' has capabilities='batch'; expected a frozenset of texts",
    ),
    "bad_spec summary": (
        MODELS + "return [ModelSpec(name='X', target='a:b', summary=None)]",
        "'X' has summary=None; expected a text",
    ),
    "bad_spec odd": (
        MODELS + "class R:\n        def __repr__(self): 1 / 0\n    return [R()]",
        "a list of ModelSpec expected",
    ),
    "bad_spec   ": (MODELS + "return [5]", "gave [5]; a list of ModelSpec expected"),
    "bad_spec    ": (
        MODELS + "return ModelSpec(name='X', target='a:b')", "a list of ModelSpec expected",
    ),
    "bad_spec     ": (
        MODELS + "return [EngineSpec(name='X', target='a:b')]", "a list of ModelSpec expected",
    ),
    "import_error  ": ("raise SystemExit(3)", "SystemExit: 3"),
    "import_error   ": ("class Panic(BaseException): pass\nraise Panic('rust')", "Panic: rust"),
    "import_error    ": (
        "class Odd(Exception):\n    def __str__(self): return 1 / 0\nraise Odd",
        "Odd: (its text cannot be had: ZeroDivisionError)",
    ),
    "import_error     ": ("raise OSError('first line\\nsecond')", "OSError: first line ..."),
    "import_error      ": ("raise OSError(9999 * 'x')", f"OSError: {300 * 'x'} ..."),
    "hook_raised   ": (
        "class Panic(BaseException): pass\n" + MODELS + "raise Panic('rust')", "Panic: rust",
    ),
    "hook_raised  ": (MODELS + "raise SystemExit", "SystemExit"),
    "api_version": (
        MODELS + "return [ModelSpec(name='X', target='a:b', api_version=2)]",
        "model 'X' is written for version 2 of the plugin interface; westforecast",
    ),
    "duplicate_name": (registers("Twice", "Twice"), "model 'Twice' is registered twice"),
}  # fmt: skip


class TestBroken:
    @pytest.mark.parametrize("kind", BROKEN)
    def test_it_is_left_out_with_kind_and_reason_and_the_rest_works(self, install, kind):
        code, reason = BROKEN[kind]
        install("Broken-One", code, version="0.3")
        points = install("good-one", GOOD)
        with pytest.warns(WestforecastWarning) as caught:
            registry = load(points)
        (failure,) = registry.failures
        assert failure.kind == kind.split()[0]
        assert (failure.distribution, failure.version) == ("broken-one", "0.3")
        assert failure.entry_point == "point0"
        assert "WESTFORECAST_DISABLE=broken-one" in failure.remedy
        assert reason in failure.reason
        assert len(caught) == 1
        assert f"broken-one 0.3: {failure.kind}: " in str(caught[0].message)
        assert [info.distribution for info in registry.plugins] == ["westforecast", "good-one"]
        assert names(registry) == CORE | {"Good"}
        assert registry.model("Good") == Naive()

    def test_sentences_end_once(self, install):
        points = install("asks", HEAD + "@hookimpl\ndef westforecast_register_model(): pass")
        with pytest.warns(WestforecastWarning, match=r"_models'\? The rest works\."):
            load(points)
        points = install("dot", "raise OSError('gone.')")
        with pytest.warns(WestforecastWarning, match=r"OSError: gone\. The rest works\."):
            load(points)
        points = install("eh", "raise OSError('gone')")
        with pytest.warns(WestforecastWarning, match=r"OSError: gone\. The rest works\."):
            load(points)

    def test_many_are_told_in_one_warning(self, install):
        for k, (code, _) in enumerate(BROKEN.values()):
            points = install(f"broken-{k}", code)
        with pytest.warns(WestforecastWarning, match=f"^{len(BROKEN)} plugin") as caught:
            registry = load(points)
        assert len(caught) == 1
        assert len(registry.failures) == len(BROKEN)
        assert names(registry) == CORE

    def test_it_is_taken_out_and_never_called_again(self, install):
        half = (
            registers("Half") + "import builtins\n"
            "@hookimpl\ndef westforecast_register_metrics():\n    raise LookupError\n"
            "@hookimpl\ndef westforecast_register_studies():\n    builtins.called = True\n"
        )
        install("a-half", half)
        points = install("z-good", GOOD)
        with pytest.warns(WestforecastWarning, match=r"hook_raised"):
            registry = load(points)
        assert names(registry) == CORE | {"Good"}
        import builtins

        assert not hasattr(builtins, "called")

    def test_strict_mode_raises_the_cause(self, install, monkeypatch):
        monkeypatch.setenv("WESTFORECAST_STRICT", "1")
        points = install("broken-one", "1 / 0")
        with pytest.raises(
            PluginError, match=r"plugin broken-one 1.0: import_error: ZeroDiv"
        ) as got:
            load(points)
        assert isinstance(got.value.__cause__, ZeroDivisionError)

    @pytest.mark.parametrize("place", ["import", "hook"])
    def test_an_interruption_passes(self, install, place):
        code = "raise KeyboardInterrupt"
        points = install("stops", code if place == "import" else MODELS + code)
        with pytest.raises(KeyboardInterrupt):
            load(points)

    @pytest.mark.parametrize("place", ["import", "hook"])
    @pytest.mark.parametrize("how", ["while True: pass", "import sys; sys.hanging.wait()"])
    def test_one_that_hangs_is_left_out_in_time(self, install, monkeypatch, clock, place, how):
        monkeypatch.setenv("WESTFORECAST_PLUGIN_TIMEOUT", "0.2")
        monkeypatch.setattr(sys, "hanging", threading.Event(), raising=False)
        late = "from westforecast import watch; watch.clock.time += 1"
        how = how.replace(": pass", ":\n        1")
        install("hangs", f"{late}\n{how}" if place == "import" else f"{MODELS}{late}\n    {how}")
        points = install("z-good", GOOD)
        with pytest.warns(WestforecastWarning, match=r"hangs 1.0: timeout: .*took more than 0.2 s"):
            registry = load(points)
        assert registry.failures[0].remedy.startswith("WESTFORECAST_PLUGIN_TIMEOUT=60 gives it")
        assert names(registry) == CORE | {"Good"}
        again, done = [p for p in points if p.module.startswith("hangs")], threading.Event()

        def ticks():
            while not done.wait(0.01):
                clock.time += 0.1

        threading.Thread(target=ticks).start()
        with pytest.warns(WestforecastWarning, match=r"hangs 1.0: timeout"):
            assert load(again).failures  # while the first try still hangs
        done.set()
        sys.hanging.set()

    def test_what_it_imports_of_others_is_let_finish(self, install, monkeypatch, clock, tmp_path):
        # Cut short it would be broken for all: half a NumPy can neither be used nor imported again.
        (tmp_path / "heavy_lib.py").write_text(
            "import sys, time\nassert not hasattr(sys, 'heavy_once')\nsys.heavy_once = True\n"
            "from westforecast import watch\nwatch.clock.time += 1\n"
            "end = time.monotonic() + 0.5\nwhile time.monotonic() < end: pass\ndone = True"
        )
        monkeypatch.setenv("WESTFORECAST_PLUGIN_TIMEOUT", "0.2")
        ends = (
            "import sys, threading\nsys.heavy_thread = threading.current_thread()\n"
            "import heavy_lib\nwhile True: pass"
        )
        points = install("a-heavy", ends)
        with pytest.warns(WestforecastWarning, match=r"a-heavy 1.0: timeout"):
            load(points)
        assert import_module("heavy_lib").done
        sys.heavy_thread.join(PATIENCE)
        assert not sys.heavy_thread.is_alive(), "it is stopped as soon as that import is done"
        del sys.heavy_thread, sys.heavy_once

    @pytest.mark.parametrize("place", ["import", "hook"])
    @pytest.mark.parametrize("how", ["error", "ignore"])
    def test_warning_filters_are_put_back(self, install, place, how):
        change = f"import warnings; warnings.simplefilter({how!r})"
        code = MODELS + "return []\n" + change if place == "import" else MODELS + change
        install("a-filters", code)
        points = install("z-broken", "1 / 0")
        before = list(warnings.filters)
        with pytest.warns(WestforecastWarning, match=r"z-broken"):
            load(points)
        assert list(warnings.filters) == before

    @pytest.mark.parametrize("place", ["import", "hook"])
    @pytest.mark.parametrize("how", ["print('noise')", "import io, sys; sys.stdout = io.StringIO()",
                                     "import io, sys; sys.stderr = io.StringIO()"])  # fmt: skip
    def test_standard_output_is_for_results(self, install, capsys, place, how):
        code = MODELS + "return []\n" + how if place == "import" else MODELS + how
        before = sys.stdout, sys.stderr
        assert not load(install("prints", code)).failures
        assert (sys.stdout, sys.stderr) == before
        out, err = capsys.readouterr()
        assert (out, err) == ("", "noise\n" if "noise" in how else "")

    def test_a_package_that_asks_for_names_while_it_is_imported(self, install, monkeypatch):
        # Its own import is under way in this thread; another one would wait for that for ever.
        asks = GOOD + "from westforecast.plugin import load\nregistry = load()\n"
        points = install("asks-early", asks)
        monkeypatch.setattr("westforecast.plugin.loading.entry_points", lambda group: points)
        found = import_module("asks_early_0")
        assert "Good" in names(found.registry)

    @pytest.mark.parametrize("patience", ["soon", "0", "-1", "nan"])
    def test_a_patience_that_cannot_be_meant(self, monkeypatch, patience):
        monkeypatch.setenv("WESTFORECAST_PLUGIN_TIMEOUT", patience)
        with pytest.raises(UsageError, match=f"WESTFORECAST_PLUGIN_TIMEOUT='{patience}' found"):
            load([])

    def test_unknown_names_say_who_may_have_had_them(self, install):
        points = install("broken-one", "1 / 0")
        with pytest.warns(WestforecastWarning):
            registry = load(points)
        with pytest.raises(
            UnknownNameError, match=r"had it: broken-one \(import_error\); see `west"
        ):
            registry.get("model", "AutoETS")


class TestGood:
    def test_every_kind_can_be_registered(self, install):
        code = HEAD + "".join(
            f"@hookimpl\ndef {hook}(): return ({spec.__name__}(name='New', target='a.b:c'),)\n"
            for hook, (_, spec) in HOOKS.items()
        )
        registry = load(install("all-of-it", code))
        for kind, _ in HOOKS.values():
            assert "New" in names(registry, kind)
        assert not registry.failures

    def test_a_hook_may_return_nothing_or_go_by_another_name(self, install):
        code = HEAD + (
            "@hookimpl\ndef westforecast_register_metrics(): pass\n"
            "@hookimpl(specname='westforecast_register_models')\n"
            "def mine(): yield ModelSpec(name='Mine', target='a:b')\n"
        )
        assert names(load(install("named", code))) == CORE | {"Mine"}

    def test_nothing_is_imported_until_it_is_used(self, install):
        points = install("lazy", registers("Lazy", target="no.such.module:Model"))
        registry = load(points)
        assert "Lazy" in names(registry)
        with pytest.raises(PluginError) as caught:
            registry.get("model", "Lazy")
        assert str(caught.value) == (
            "model 'Lazy' of lazy cannot be loaded from 'no.such.module:Model': "
            "ModuleNotFoundError: No module named 'no'. Repair or update that package, or leave it "
            "out with WESTFORECAST_DISABLE=lazy."
        )
        assert isinstance(caught.value.__cause__, ModuleNotFoundError)

    def test_settings_come_with_the_registration(self, install):
        spec = "name='Weekly', target='westforecast.models:SeasonalNaive'"
        code = MODELS + f"return [ModelSpec({spec}, settings={{'season_length': 52}})]"
        registry = load(install("weekly", code))
        assert registry.model("Weekly").season_length == 52
        assert registry.model("Weekly", season_length=26).season_length == 26
        with pytest.raises(UsageError, match=r"model 'Weekly' has no setting 'season' .found: sea"):
            registry.model("Weekly", season=5)

    def test_settings_that_are_misspelt_or_missing(self, install):
        code = (
            "from dataclasses import dataclass\n" + registers("Follows", target="follows_0:Follows")
            + "@dataclass(frozen=True)\nclass Follows:\n    driver: str\n    window: int = 5\n"
        )  # fmt: skip
        registry = load(install("follows", code))
        assert registry.model("Follows", driver="g").window == 5
        for settings, told in [
            (
                {"drvier": "g"},
                "model 'Follows' has no setting 'drvier' (found: drvier='g'). Did you mean "
                "'driver'? Its settings: driver, window.",
            ),
            (
                {"x": 1, "driver": "g"},
                "model 'Follows' has no setting 'x' (found: x=1). Its settings: driver, window.",
            ),
            (
                {"window": 3},
                "model 'Follows' needs driver: westforecast.model('Follows', driver=...). Its "
                "settings: driver, window.",
            ),
        ]:
            with pytest.raises(UsageError) as caught:
                registry.model("Follows", **settings)
            assert str(caught.value) == told

    @pytest.mark.parametrize(
        ("body", "given", "told"),
        [
            ("def made(**any): return sorted(any)", {"b": 1, "a": 2}, None),
            ("def made(**any): return int(**any)", {"b": 1}, r"cannot be made .*\(b=1\): "),
            ("def made(a, /, b=1): return b", {"a": 2}, r"has no setting 'a' .* settings: b"),
            ("made = dict", {"b": 1}, None),  # says nothing of what it takes
            ("def made(a): return a + 1", {"a": "x"}, r"cannot be made with .*\(a='x'\): .*concat"),
        ],
    )
    def test_makers_of_other_kinds(self, install, body, given, told):
        registry = load(install("makes", registers("Makes", target="makes_0:made") + body))
        if told is None:
            assert registry.model("Makes", **given)
        else:
            with pytest.raises(UsageError, match=told):
                registry.model("Makes", **given)

    def test_the_core_alone(self):
        registry = load(points=[])
        assert [info.distribution for info in registry.plugins] == ["westforecast"]
        assert {"Naive", "Drift", "DampedLogGrowth"} <= names(registry)
        assert names(registry, "engine") == {"auto", "serial", "threads", "processes"}
        for kind in ("model", "metric", "engine"):
            for _, spec in registry.specs(kind):
                registry.get(kind, spec.name)

    def test_nothing_at_all(self):
        registry = load(points=[], core=False)
        with pytest.raises(UnknownNameError, match=r"no model 'Drift'. None is known."):
            registry.spec("model", "Drift")


class TestNames:
    def test_a_name_two_packages_offer(self, install):
        install("first-pack", registers("Same", target="westforecast.models:Drift"))
        registry = load(install("Second.Pack", registers("Same")))
        with pytest.raises(UsageError) as caught:
            registry.model("Same")
        assert str(caught.value) == (
            "model 'Same' is offered by 2 packages. Ask for first-pack:Same or second-pack:Same."
        )
        assert registry.model("first-pack:Same") == Drift()
        assert registry.model("second-pack:Same") == Naive()
        assert registry.model("Second_Pack:Same") == Naive()  # any spelling of the package

    def test_a_name_of_the_core_cannot_be_taken(self, install):
        code = registers("Naive", "Mine", target="westforecast.models:Drift")
        engines = "return [EngineSpec(name='auto', target='a:b')]"
        code += f"@hookimpl\ndef westforecast_register_engines():\n    {engines}\n"
        registry = load(install("shadow", code))
        assert registry.model("Naive") == registry.model("westforecast:Naive") == Naive()
        assert registry.model("shadow:Naive") == registry.model("Mine") == Drift()
        assert registry.package("engine", "auto") == "westforecast"

    def test_two_entry_points_of_one_package_cannot_share_a_name(self, install):
        points = install("double", GOOD, entries=2)
        with pytest.warns(WestforecastWarning, match=r"duplicate_name: model 'Good' is registered"):
            registry = load(points)
        assert registry.failures[0].entry_point == "point1"
        assert registry.model("Good") == Naive()

    def test_the_same_name_of_another_kind_is_no_clash(self, install):
        code = registers("mae")
        registry = load(install("kinds", code))
        assert registry.model("mae") == Naive()
        assert registry.get("metric", "mae").name == "mae"

    def test_an_unknown_name_suggests_the_nearest(self):
        registry = load(points=[])
        for name in ("Drfit", "westforecast:Drfit", "nobody:Drift"):
            with pytest.raises(UnknownNameError, match=f"no model '{name}'. Did you mean 'Drift'"):
                registry.spec("model", name)


class TestLists:
    @pytest.mark.parametrize(
        ("variable", "value", "loaded"),
        [
            ("WESTFORECAST_PLUGINS", "good-one", {"good-one"}),
            ("WESTFORECAST_PLUGINS", " Good_One ,other", {"good-one", "other"}),
            ("WESTFORECAST_PLUGINS", "", set()),
            ("WESTFORECAST_DISABLE", "good.one", {"other"}),
            ("WESTFORECAST_DISABLE", "", {"good-one", "other"}),
        ],
    )
    def test_allowed_and_denied(self, install, monkeypatch, variable, value, loaded):
        install("good-one", GOOD)
        points = install("other", registers("Other"))
        monkeypatch.setenv(variable, value)
        found = {info.distribution for info in load(points).plugins}
        assert found == loaded | {"westforecast"}

    def test_a_denied_plugin_is_not_even_imported(self, install, monkeypatch):
        points = install("broken-one", "1 / 0")
        monkeypatch.setenv("WESTFORECAST_DISABLE", "broken-one")
        assert load(points).failures == ()


def test_an_entry_point_without_a_distribution():
    point = EntryPoint("loose", "no_such_module", "westforecast")
    with pytest.warns(WestforecastWarning, match=r"unknown \?: import_error"):
        load([point])


@pytest.mark.parametrize("name", ["", "5x", "a:b", "a b", None, 5])
def test_names_of_registrations(name):
    with pytest.raises(PluginError, match=r"expected a letter followed by"):
        ModelSpec(name=name, target="a:b")


def test_remedies_never_leave_out_the_library_itself():
    spec = ModelSpec(name="Bad", target="no_such_module:Bad")
    registry = Registry((PluginInfo("westforecast", "1", "core", {"model": (spec,)}),), ())
    with pytest.raises(PluginError, match=r"Repair or update that package\.$"):
        registry.model("Bad")
    for kind in get_args(Failure):
        assert "DISABLE" not in remedy(kind, "westforecast")
        assert remedy(kind, "acme").endswith(", or leave it out: WESTFORECAST_DISABLE=acme")
