"""What a plugin registers may be broken in itself: only who asks for it hears of it."""

import pytest

import westforecast as wf
from westforecast import PluginError, UsageError
from westforecast.cli import main as program
from westforecast.errors import UnknownNameError, WestforecastWarning
from westforecast.plugin import (
    CommandSpec,
    DatasetSpec,
    EngineSpec,
    MetricSpec,
    ModelSpec,
    PluginInfo,
    Registry,
    StudySpec,
    load,
)

from ..builders import panel

DATA = panel([1, 2, 4, 7, 11])
REMEDY = "Repair or update that package, or leave it out with WESTFORECAST_DISABLE=acme"
CODE = """
import errno
import sys
import time
import click
from westforecast import DataError, UsageError
from westforecast.errors import Problem

number = 5

def raises(): raise LookupError("gone.")
def exits(): sys.exit(3)
class Panic(BaseException): pass
def panics(): raise Panic("rust")
def refuses(x): raise ValueError(f"x is {x}")
def usage_error(): raise UsageError("x=5 found, 6 expected.")
def prints():
    from westforecast.engines import SerialEngine
    print("noise")
    return SerialEngine()
def text(): return "a text"

@click.group(help="Several.")
def several(): pass

@several.command()
def part(): click.echo("a part")

def command(function): return click.command(help=function.__name__)(function)

@command
def good(): click.echo("good")

@command
def divides(): 1 / 0

@command
def usage(): raise UsageError("x=5 found, 6 expected.")

@command
def figures(): raise DataError([Problem("line 2", "a", "b", "c")])

@command
def codes(): return 1

@command
def returns(): return "a text, which is no exit code"

@command
def leaves(): click.get_current_context().exit(4)

@command
def aborts(): raise click.Abort

@command
def pipe(): raise BrokenPipeError(errno.EPIPE, "nobody reads")

@command
def rust(): panics()

@several.command()
def deep(): raise LookupError("deep down")
"""


@pytest.fixture
def install(tmp_path, monkeypatch):
    """Makes a registry of the core and packages, each kind -> specs, that every room sees."""
    (tmp_path / "acme_hooks.py").write_text(CODE)
    (tmp_path / "acme_breaks.py").write_text("1 / 0")
    (tmp_path / "acme_exits.py").write_text("raise SystemExit(3)")
    (tmp_path / "acme_hangs.py").write_text(
        "from westforecast import watch\nwatch.clock.time += 1\nwhile True: pass"
    )
    monkeypatch.syspath_prepend(tmp_path)
    core = load([]).plugins

    def with_plugins(**packages):
        used = [PluginInfo(name, "1.0", "main", specs) for name, specs in packages.items()]
        made = Registry((*core, *used), ())
        for room in ("api", "cli.main", "plugin"):
            monkeypatch.setattr(f"westforecast.{room}.registry", lambda: made)
        return made

    yield with_plugins
    monkeypatch.delitem(program.sys.modules, "acme_hooks", raising=False)


def specs(kind, **targets):
    return tuple(
        kind(name=name, target=target if ":" in target else f"acme_hooks:{target}")
        for name, target in targets.items()
    )


def commands(*names, **targets):
    return {"command": specs(CommandSpec, **dict(zip(names, names, strict=True)), **targets)}


def call(capsys, *args):
    with pytest.raises(SystemExit) as stopped:
        program.main(list(args))
    told = capsys.readouterr()
    return stopped.value.code, told.out, told.err


BROKEN = {
    "raises": "cannot be made: 'acme_hooks:raises' raised LookupError: gone",
    "exits": "cannot be made: 'acme_hooks:exits' raised SystemExit: 3",
    "number": "cannot be made: 'acme_hooks:number' raised TypeError: 'int' object is not callable",
    "acme_exits:x": "cannot be loaded from 'acme_exits:x': SystemExit: 3",
    "acme_breaks:x": "cannot be loaded from 'acme_breaks:x': ZeroDivisionError: division by zero",
}


class TestMade:
    @pytest.mark.parametrize(
        ("spec", "use", "wanted"),
        [
            (DatasetSpec, lambda name: wf.dataset(name), "Panel"),
            (EngineSpec, lambda name: wf.forecast(DATA, h=1, engine=name), "Engine"),
        ],
    )
    def test_a_data_set_or_an_engine(self, install, spec, use, wanted):
        kind = {"Panel": "dataset", "Engine": "engine"}[wanted]
        gives = {"text": f"cannot be used: 'acme_hooks:text' gave str; {wanted} expected"}
        for target, told in (BROKEN | gives).items():
            install(acme={kind: specs(spec, odd=target)})
            with pytest.raises(PluginError) as caught:
                use("odd")
            assert str(caught.value) == f"{kind} 'odd' of acme {told}. {REMEDY}."

    @pytest.mark.parametrize("target", BROKEN)
    def test_a_study(self, install, capsys, target):
        install(acme={"study": specs(StudySpec, odd=target)})
        told = f"error: study 'odd' of acme {BROKEN[target]}. {REMEDY}.\n"
        assert call(capsys, "run", "odd") == (2, "", told)

    def test_a_study_that_is_no_path(self, install, capsys):
        install(acme={"study": specs(StudySpec, odd="acme_hooks:UsageError", gone="text")})
        code, _, err = call(capsys, "run", "odd")
        assert code == 2
        assert "'acme_hooks:UsageError' gave UsageError; Path or str expected" in err
        code, _, err = call(capsys, "run", "gone")
        assert code == 2
        assert "cannot read study" in err

    def test_a_metric(self, install, capsys, tmp_path):
        install(acme={"metric": specs(MetricSpec, odd="text", klass="acme_hooks:UsageError")})
        with pytest.raises(PluginError) as caught:
            wf.metric("odd")
        assert str(caught.value) == (
            "metric 'odd' of acme cannot be used: 'acme_hooks:text' is function; Metric expected. "
            f"{REMEDY}."
        )
        with pytest.raises(PluginError, match=r"is the class UsageError; Metric expected"):
            wf.metric("klass")
        # Told before any work: the file is not even there.
        code, _, err = call(capsys, "backtest", "none.csv", "--h", "1", "--metric", "odd")
        assert (code, err) == (2, f"error: {caught.value}\n")

    @pytest.mark.parametrize(
        ("target", "told"),
        [
            ("raises", "cannot be made: 'acme_hooks:raises' raised LookupError: gone"),
            ("exits", "cannot be made: 'acme_hooks:exits' raised SystemExit: 3"),
            ("panics", "cannot be made: 'acme_hooks:panics' raised Panic: rust"),
        ],
    )
    def test_a_model(self, install, target, told):
        install(acme={"model": specs(ModelSpec, odd=target)})
        with pytest.raises(PluginError) as caught:
            wf.model("odd")
        assert str(caught.value) == f"model 'odd' of acme {told}. {REMEDY}."

    def test_a_model_that_refuses_a_setting(self, install):
        install(acme={"model": specs(ModelSpec, odd="refuses", mine="usage_error")})
        with pytest.raises(UsageError, match=r"with these settings \(x=5\): ValueError: x is 5"):
            wf.model("odd", x=5)
        with pytest.raises(UsageError, match=r"^x=5 found, 6 expected\.$"):
            wf.model("mine")

    def test_what_is_printed_meanwhile_is_no_result(self, install, capsys):
        install(acme={"engine": specs(EngineSpec, odd="prints")})
        assert len(wf.forecast(DATA, h=1, engine="odd").long()) == 1
        assert capsys.readouterr() == ("", "noise\n")

    def test_the_rest_works(self, install):
        install(acme={"metric": specs(MetricSpec, odd="text")})
        assert wf.metric("mae").name == "mae"
        assert len(wf.forecast(DATA, h=1, engine="serial").long()) == 1


class TestCommands:
    @pytest.mark.filterwarnings("always:.*left out")
    def test_what_is_broken_is_not_in_help_and_a_note_says_why(self, install, capsys):
        broken = {"breaks": "acme_breaks:x", "exits": "acme_exits:x", "absent": "nothing",
                  "plain": "text"}  # fmt: skip
        install(acme=commands("good", **broken))
        code, out, err = call(capsys, "--help")
        assert code == 0
        shown = [line.split()[0] for line in out.partition("Commands:")[2].splitlines() if line]
        assert shown == [*sorted(program.cli.commands), "good"]
        assert err.count("note: ") == 1
        assert "note: 4 command(s) are broken and left out: command 'absent' of acme cannot" in err
        assert "'acme_breaks:x': ZeroDivisionError: division by zero. Repair or update" in err
        assert "'acme_exits:x': SystemExit: 3. Repair or update" in err
        assert "command 'plain' of acme cannot be used: 'acme_hooks:text' is function" in err
        assert "; Command expected. Repair" in err
        assert call(capsys, "good") == (0, "good\n", "")
        code, out, err = call(capsys, "breaks")
        assert (code, out) == (2, "")
        assert err.startswith("error: command 'breaks' of acme cannot be loaded from")

    @pytest.mark.filterwarnings("always:.*left out")
    def test_one_that_hangs_on_import(self, install, capsys, monkeypatch, clock):
        monkeypatch.setenv("WESTFORECAST_PLUGIN_TIMEOUT", "0.2")
        install(acme=commands("good", hangs="acme_hangs:x"))
        code, out, err = call(capsys, "--help")
        assert code == 0
        assert "  good" in out
        assert "command 'hangs' of acme takes more than 0.2 s to import" in err
        assert "WESTFORECAST_PLUGIN_TIMEOUT=1.2 gives it more time" in err

    def test_no_limit(self, install, capsys, monkeypatch):
        monkeypatch.setenv("WESTFORECAST_PLUGIN_TIMEOUT", "inf")
        install(acme=commands("good"))
        assert "  good" in call(capsys, "--help")[1]

    def test_completing_a_word_is_not_disturbed(self, install, recwarn):
        install(acme=commands("good", breaks="acme_breaks:x"))
        with program.cli.make_context("westforecast", [], resilient_parsing=True) as context:
            found = {item.value for item in program.cli.shell_complete(context, "g")}
        assert "good" in found
        assert not recwarn.list

    def test_a_panic_is_a_mistake_like_any_other(self, install, capsys):
        install(acme=commands("rust"))
        code, out, err = call(capsys, "rust")
        assert (code, out) == (2, "")
        assert err.startswith("error: command 'rust' of acme failed: Panic: rust. Update")

    @pytest.mark.parametrize("path", [["divides"], ["several", "deep"], ["acme:divides"]])
    def test_a_mistake_is_a_message_that_names_the_package(
        self, install, capsys, monkeypatch, path
    ):
        install(acme=commands("divides", "several"))
        code, out, err = call(capsys, *path)
        assert (code, out) == (2, "")
        cause = "LookupError: deep down" if "deep" in path else "ZeroDivisionError: division by ze"
        assert err.startswith(f"error: command {path[0]!r} of acme failed: {cause}")
        assert err.endswith("tell its author; WESTFORECAST_STRICT=1 shows where it failed.\n")
        monkeypatch.setenv("WESTFORECAST_STRICT", "1")
        with pytest.raises((ZeroDivisionError, LookupError)):
            program.main(path)

    @pytest.mark.parametrize(
        ("name", "code", "told"),
        [
            ("usage", 2, "error: x=5 found, 6 expected.\n"),
            ("figures", 3, "error: 1 problem in the data:\n  - line 2: a; expected b. c\n"),
            ("codes", 1, ""),
            ("returns", 0, ""),
            ("leaves", 4, ""),
            ("aborts", 130, "stopped\n"),
        ],
    )
    def test_errors_and_exit_codes_are_those_of_built_in_ones(
        self, install, capsys, name, code, told
    ):
        install(acme=commands(name))
        assert call(capsys, name) == (code, "", told)

    def test_a_reader_that_goes_away_is_no_mistake(self, install, monkeypatch):
        install(acme=commands("pipe"))
        monkeypatch.setattr(program.sys, "stdout", program.sys.stdout)  # click replaces it
        monkeypatch.setattr(program.sys, "stderr", program.sys.stderr)
        with pytest.raises(SystemExit) as stopped:
            program.main(["pipe"])
        assert stopped.value.code == 1

    def test_a_mistake_of_a_built_in_one_is_shown_as_it_is(self, install, monkeypatch):
        install(acme=commands("good"))
        monkeypatch.setattr("westforecast.cli.lists.registry", lambda: 1 / 0)
        with pytest.raises(ZeroDivisionError):
            program.main(["models", "list"])

    def test_a_built_in_name_stays_built_in(self, install, capsys):
        install(acme=commands(run="acme_hooks:good"))
        code, out, _ = call(capsys, "--help")
        assert (code, out.count("  run "), out.count("  acme:run ")) == (0, 1, 1)
        assert "Run a study" in call(capsys, "run", "--help")[1]
        assert call(capsys, "acme:run") == (0, "good\n", "")

    def test_a_name_two_packages_offer(self, install, capsys):
        install(acme=commands("good"), zenith=commands("good"))
        _, out, _ = call(capsys, "--help")
        assert "  acme:good" in out
        assert "  zenith:good" in out
        assert "\n  good" not in out
        code, _, err = call(capsys, "good")
        assert code == 2
        assert "offered by 2 packages. Ask for acme:good or zenith:good." in err
        assert call(capsys, "zenith:good") == (0, "good\n", "")

    def test_an_unknown_name(self, install, capsys):
        install(acme=commands("good"))
        code, _, err = call(capsys, "goood")
        assert (code, "No such command 'goood'" in err) == (2, True)
        code, _, err = call(capsys, "nobody:good")
        assert (code, "no command 'nobody:good'. Did you mean 'good'" in err) == (2, True)


def test_packages_of_names(install):
    registry = install(acme=commands("good"))
    assert registry.package("command", "good") == "acme"
    assert registry.package("model", "Naive") == "westforecast"
    with pytest.raises(UnknownNameError):
        registry.package("command", "bad")


def test_the_warning_is_one_of_the_library(install):
    install(acme=commands(breaks="acme_breaks:x"))
    with pytest.warns(WestforecastWarning, match=r"1 command.s. are broken and left out"):
        program.cli.list_commands(program.cli.make_context("westforecast", ["models"]))


def test_usage_errors_are_still_usage_errors(install):
    install()
    with pytest.raises(UsageError, match=r"engine=5 is neither"):
        wf.forecast(DATA, h=1, engine=5)
