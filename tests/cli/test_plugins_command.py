"""`westforecast plugins`: lists, the doctor, the contract, and a new package that works at once."""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from westforecast import UsageError
from westforecast.cli import doctor, new
from westforecast.cli.main import main
from westforecast.plugin import PluginInfo, registry

from .. import hand_clock

ROOT = Path(__file__).resolve().parents[2]
# Seen by the library first, so that what hangs is given up by a clock that it moves itself.
BY_HAND = "import hand_clock\nclock = hand_clock.install()\n"
HANGS = "from westforecast import watch\nwatch.clock.spend()"
GOOD = """
from westforecast.plugin import ModelSpec, hookimpl

@hookimpl
def westforecast_register_models():
    return [ModelSpec(name="Twice", target="{module}_model:Twice", {more})]
"""
MODEL = """
from dataclasses import dataclass
import numpy as np
from westforecast import SeriesModel

@dataclass(frozen=True)
class Twice(SeriesModel):
    \"\"\"Twice the last value.\"\"\"
    intervals = False
    scale_equivariant = True
    def forecast_one(self, y, horizon, probs, context):
        return np.full(horizon, {factor} * y[-1]), np.full((horizon, len(probs)), np.nan)
"""


def site(folder, name, plugin, **modules):
    """What `pip install` leaves behind of a distribution, with further modules."""
    module = name.replace("-", "_")
    (folder / f"{module}_plugin.py").write_text(plugin)
    for suffix, code in modules.items():
        (folder / f"{module}_{suffix}.py").write_text(code)
    info = folder / f"{module}-1.5.dist-info"
    info.mkdir()
    (info / "METADATA").write_text(
        f"Metadata-Version: 2.1\nName: {name}\nVersion: 1.5\nSummary: what {name} does\n"
    )
    (info / "entry_points.txt").write_text(f"[westforecast]\nmain = {module}_plugin\n")


def twice(folder, name="acme-twice", more='capabilities=frozenset({"scale_equivariant"})', **code):
    module = name.replace("-", "_")
    site(folder, name, GOOD.format(module=module, more=more), model=MODEL.format(factor=2), **code)


@pytest.fixture
def westforecast(tmp_path):
    """The program in a process of its own, which sees the distributions below tmp_path/site."""
    folder = tmp_path / "site"
    folder.mkdir()

    def run(*args, code=0, stderr=False, **environment):
        env = {k: v for k, v in os.environ.items() if not k.startswith("WESTFORECAST")}
        paths = [str(folder), str(Path(hand_clock.__file__).parent), env.get("PYTHONPATH", "")]
        env |= {"PYTHONPATH": os.pathsep.join(paths), "WESTFORECAST_PLUGIN_TIMEOUT": "600",
                "WESTFORECAST_CACHE": str(tmp_path / "cache"), "COLUMNS": "110",
                # Not what is tried here, and seconds to import.
                "WESTFORECAST_DISABLE": "westforecast-statsforecast",
                **environment}  # fmt: skip
        command = [sys.executable, "-m", "westforecast", *args]
        done = subprocess.run(command, capture_output=True, text=True, env=env, cwd=tmp_path)
        assert done.returncode == code, done.stdout + done.stderr
        assert "Traceback" not in done.stderr
        return done.stderr if stderr else done.stdout

    run.folder = folder
    return run


def call(capsys, *args):
    with pytest.raises(SystemExit) as stopped:
        main(list(args))
    told = capsys.readouterr()
    return stopped.value.code, told.out, told.err


# --- show -----------------------------------------------------------------------------------------


def test_show_tells_what_a_plugin_registers(westforecast):
    twice(westforecast.folder)
    told = westforecast("plugins", "show", "acme-twice")
    assert told.startswith("acme-twice 1.5  what acme-twice does\n")
    assert "model Twice" in told
    record = json.loads(westforecast("plugins", "show", "acme-twice", "--json"))
    assert record["registers"]["model"][0]["target"] == "acme_twice_model:Twice"
    assert record["registers"]["metric"] == []


def test_show_of_a_broken_and_of_no_plugin(westforecast):
    site(westforecast.folder, "acme-broken", "1 / 0")
    told = westforecast("plugins", "show", "acme-broken", code=1)
    assert "BROKEN import_error: ZeroDivisionError" in told
    assert "fix: pip install --upgrade acme-broken" in told
    record = json.loads(westforecast("plugins", "show", "acme-broken", "--json", code=1))
    assert record["failures"][0]["kind"] == "import_error"
    westforecast("plugins", "show", "acme-borken", code=2)


def test_a_misspelt_group_is_told(westforecast):
    site(westforecast.folder, "acme-lost", GOOD.format(module="acme_lost", more=""))
    (info,) = westforecast.folder.glob("acme_lost*.dist-info")
    (info / "entry_points.txt").write_text("[westforcast]\nlost = acme_lost_plugin\n")
    for command in ("show", "test"):
        told = westforecast("plugins", command, "acme-lost", code=2, stderr=True)
        assert "acme-lost is installed, without an entry point in the group 'westforecast'" in told
        assert "(found: westforcast)" in told
        westforecast("plugins", command, "", code=2)


# --- doctor ---------------------------------------------------------------------------------------


def test_first_party_plugins_are_healthy(capsys, monkeypatch, tmp_path):
    monkeypatch.setenv("WESTFORECAST_CACHE", str(tmp_path))
    code, out, _ = call(capsys, "plugins", "doctor")
    assert code == 0, out
    assert out.rstrip().endswith("plugins, nothing is broken.")


SICK = {
    "import": (
        {"model": "import no_such_library"},
        "model 'Twice': cannot be loaded from 'acme_twice_model:Twice': ModuleNotFoundError: No",
        "pip install no_such_library (or what brings that module), or leave it out: WEST",
    ),
    "attribute": (
        {"model": "Twoce = 1"},
        "AttributeError: module 'acme_twice_model' has no attribute 'Twice'",
        "pip install --upgrade acme-twice, tell its author, or leave it out",
    ),
    "no model": (
        {"model": "def Twice(): return 5"},
        "'acme_twice_model:Twice' gave a int; a westforecast Model expected",
        "its author mends `target`",
    ),
    "capabilities": (
        {"plugin": 'capabilities=frozenset({"intervals"})'},
        "registered with the capabilities intervals; the model has scale_equivariant",
        "its author writes capabilities={'scale_equivariant'}",
    ),
    "example": (
        {"plugin": 'example={"factor": 2}'},
        "cannot be made with its example: model 'acme-twice:Twice' has no setting 'factor'",
        "its author mends `example`",
    ),
    "constructor": (
        {"model": MODEL.format(factor=2) + "    def __init__(self): raise RuntimeError('no')"},
        "model 'Twice': cannot be made: 'acme_twice_model:Twice' raised RuntimeError: no",
        "pip install --upgrade acme-twice, tell its author, or leave it out",
    ),
    "attributes": (
        {"model": MODEL.format(factor=2) + "    capabilities = property(lambda self: 1 / 0)"},
        "model 'Twice': ZeroDivisionError: division by zero",
        "pip install --upgrade acme-twice, tell its author, or leave it out",
    ),
    "no class": (
        {"model": "def Twice(any): return any"},
        "cannot be made as it is registered: model 'acme-twice:Twice' needs any",
        "its author mends `example`",
    ),
    "panic": (
        {"model": "class Panic(BaseException): pass\nraise Panic('rust')"},
        "model 'Twice': cannot be loaded from 'acme_twice_model:Twice': Panic: rust",
        "pip install --upgrade acme-twice, tell its author, or leave it out",
    ),
}


@pytest.mark.parametrize("what", SICK)
def test_the_doctor_says_what_is_broken_and_how_to_mend_it(westforecast, what):
    change, trouble, remedy = SICK[what]
    more = change.get("plugin", 'capabilities=frozenset({"scale_equivariant"})')
    twice(westforecast.folder, more=more)
    if "model" in change:
        (westforecast.folder / "acme_twice_model.py").write_text(change["model"])
    records = json.loads(westforecast("plugins", "doctor", "--json", code=1))
    found = {record["distribution"]: record for record in records}
    mine = found.pop("acme-twice")
    assert mine["state"] == "broken"
    assert any(trouble in one["what"] for one in mine["troubles"])
    assert any(remedy in one["remedy"] for one in mine["troubles"])
    assert {record["state"] for record in found.values()} == {"ok"}, "nobody is the worse for it"


def test_the_doctor_as_text(westforecast):
    change, trouble, remedy = SICK["example"]
    twice(westforecast.folder, more=change["plugin"])
    told = westforecast("plugins", "doctor", code=1)
    assert trouble in " ".join(told.split())
    assert f"fix: {remedy}" in told


ODD = """
from westforecast.plugin import *
import hand_clock
clock = hand_clock.install()
def five(): return 5
def path(): return "/no/such/study.toml"
def sleeps(): clock.spend()

@hookimpl
def westforecast_register_models():
    return [ModelSpec(name="Naive", target="westforecast.models:Naive",
                      capabilities={"intervals", "batch", "scale_equivariant", "missing"}),
            ModelSpec(name="slow", target="acme_odd_plugin:sleeps")]

@hookimpl
def westforecast_register_metrics():
    return [MetricSpec(name="odd", target="acme_odd_plugin:five")]

@hookimpl
def westforecast_register_datasets():
    return [DatasetSpec(name="odd", target="acme_odd_plugin:five")]

@hookimpl
def westforecast_register_studies():
    return [StudySpec(name="odd", target="acme_odd_plugin:path")]

@hookimpl
def westforecast_register_engines():
    return [EngineSpec(name="odd", target="acme_odd_plugin:five"),
            EngineSpec(name="serial", target="westforecast.engines:SerialEngine")]

@hookimpl
def westforecast_register_commands():
    return [CommandSpec(name="odd", target="acme_odd_plugin:five")]
"""


def test_the_doctor_uses_everything_as_the_library_would(westforecast):
    site(westforecast.folder, "acme-odd", ODD)
    only = {"WESTFORECAST_PLUGINS": "acme-odd"}
    core, odd = json.loads(westforecast("plugins", "doctor", "--json", code=1, **only))
    assert core["state"] == "ok"
    assert [trouble["what"] for trouble in odd["troubles"]] == [
        "model 'Naive': is a name of the library's own, which comes first",
        "model 'slow': 'acme_odd_plugin:sleeps' took more than 600 s to import and make",
        "metric 'odd': cannot be used: 'acme_odd_plugin:five' is function; Metric expected",
        "dataset 'odd': cannot be used: 'acme_odd_plugin:five' gave int; Panel expected",
        "study 'odd': cannot read study '/no/such/study.toml': No such file or directory.",
        "engine 'odd': cannot be used: 'acme_odd_plugin:five' gave int; Engine expected",
        "engine 'serial': is a name of the library's own, which comes first",
        "command 'odd': cannot be used: 'acme_odd_plugin:five' is function; Command expected",
    ]
    assert odd["troubles"][0]["remedy"] == (
        "its author renames it; until then ask for acme-odd:Naive"
    )


def test_a_model_that_needs_settings_is_fine_without_an_example(westforecast):
    twice(westforecast.folder)
    needs = MODEL.format(factor=2).replace("    intervals", "    driver: str\n    intervals")
    (westforecast.folder / "acme_twice_model.py").write_text(needs)
    assert "nothing is broken" in westforecast("plugins", "doctor")


def test_a_print_at_import_is_no_result(westforecast):
    twice(westforecast.folder)
    for file in ("plugin", "model"):
        path = westforecast.folder / f"acme_twice_{file}.py"
        path.write_text(f"print('noise')\n{path.read_text()}")
    assert json.loads(westforecast("models", "show", "Twice", "--json"))["name"] == "Twice"
    assert json.loads(westforecast("plugins", "test", "acme-twice", "--json"))[0]["ok"]


def test_the_doctor_shows_plugins_that_are_left_out(westforecast):
    site(westforecast.folder, "acme-broken", BY_HAND + "1 / 0")
    site(westforecast.folder, "acme-hangs", HANGS)
    twice(westforecast.folder)
    told = westforecast(
        "plugins", "doctor", code=1,
        WESTFORECAST_PLUGINS="acme-hangs,acme-broken,acme-twice",
    )  # fmt: skip
    assert "import of acme_hangs_plugin took more than 600 s" in told
    assert "fix: WESTFORECAST_PLUGIN_TIMEOUT=60 gives it more time" in told
    assert "ZeroDivisionError" in told
    assert "2 broken" in told


# --- test -----------------------------------------------------------------------------------------


def test_a_plugin_is_held_to_the_contract_and_the_result_is_kept(westforecast):
    twice(westforecast.folder)
    assert "keeps the model contract (quick" in westforecast("plugins", "test", "acme-twice")
    assert "1 of 1 quick 20" in westforecast("plugins", "doctor")
    report = json.loads(westforecast("plugins", "test", "acme-twice", "--json"))[0]
    assert report["ok"]
    assert report["tier"] == "quick"
    assert "| `" in westforecast("plugins", "test", "acme-twice", "--markdown")


def test_a_broken_promise_is_exit_code_1_and_the_doctor_remembers(westforecast):
    twice(westforecast.folder)
    false = MODEL.format(factor="np.random.random()")
    (westforecast.folder / "acme_twice_model.py").write_text(false)
    told = westforecast("plugins", "test", "acme-twice", code=1)
    assert "breaks the model contract" in told
    told = westforecast("plugins", "doctor", code=1)
    assert "Twice: broke the model contract when last tested" in told
    assert "fix: westforecast plugins test acme-twice" in told
    # What is kept is of one version and of one code.
    module = westforecast.folder / "acme_twice_model.py"
    module.write_text(false + "# mended\n")
    assert "not tested" in westforecast("plugins", "doctor")
    module.write_text(false)
    assert "when last tested" in westforecast("plugins", "doctor", code=1)
    (westforecast.folder / "acme_twice-1.5.dist-info" / "METADATA").write_text(
        "Metadata-Version: 2.1\nName: acme-twice\nVersion: 1.6\n"
    )
    assert "not tested" in westforecast("plugins", "doctor")


def test_models_by_name_and_objects_of_ones_own(westforecast, tmp_path):
    assert "Drift(): keeps" in westforecast("plugins", "test", "Drift")
    assert "Drift(): keeps" in westforecast("plugins", "test", "westforecast:Drift")
    (tmp_path / "mine.py").write_text(MODEL.format(factor=2))
    assert "keeps the model contract" in westforecast("plugins", "test", "mine.py:Twice")
    assert "keeps the model contract" in westforecast("plugins", "test", "mine:Twice")
    assert "  passed" in westforecast("plugins", "test", "mine:Twice", "--verbose")


@pytest.mark.parametrize(
    ("name", "code", "message"),
    [
        ("Drfit", 2, "no plugin and no model 'Drfit'. Did you mean 'Drift'?"),
        ("nowhere.py:Model", 2, "'Model' cannot be had from 'nowhere.py': FileNotFoundError"),
        ("json:Model", 2, "'Model' cannot be had from 'json': AttributeError"),
        ("westforecast-cnc", 2, "westforecast-cnc registers no model"),
    ],
)
def test_what_cannot_be_tested(capsys, name, code, message):
    if name == "westforecast-cnc" and name not in {p.distribution for p in registry().plugins}:
        pytest.skip("westforecast-cnc is not installed")
    found, _, err = call(capsys, "plugins", "test", name)
    assert found == code
    assert message in err


@pytest.mark.parametrize("how", ["while True: pass", "__import__('threading').Event().wait()"])
@pytest.mark.parametrize("place", ["forecast", "constructor"])
def test_a_model_that_never_returns_is_given_up(westforecast, how, place):
    twice(westforecast.folder)
    plugin = westforecast.folder / "acme_twice_plugin.py"
    plugin.write_text(BY_HAND + plugin.read_text())
    body = MODEL.format(factor=2)
    how = f"__import__('westforecast').watch.clock.time += 1e6\n        {how}"
    if place == "forecast":
        body = body.replace("        return", f"        {how}\n        return")
    else:
        body += f"    def __post_init__(self):\n        {how}\n"
    (westforecast.folder / "acme_twice_model.py").write_text(body)
    out = westforecast("plugins", "test", "acme-twice", "--time-budget", "0.2", "--json", code=1)
    (report,) = json.loads(out)
    assert not report["ok"]
    assert (
        report["error"]
        == {
            "forecast": "is still busy after 2 s and was given up. A longer --time-budget gives it "
            "more time.",
            "constructor": "takes more than 600 s to import and make. "
            "WESTFORECAST_PLUGIN_TIMEOUT=60 gives it more time.",
        }[place]
    )


def test_a_model_that_cannot_be_made_fails_and_the_rest_is_tested(westforecast):
    twice(westforecast.folder)
    path = westforecast.folder / "acme_twice_model.py"
    path.write_text(path.read_text() + "    def __init__(self): raise RuntimeError('no')")
    told = westforecast("plugins", "test", "acme-twice", "Drift", code=1)
    assert "raised RuntimeError: no" in told
    assert "Drift(): keeps" in told


def test_one_form_at_a_time(capsys):
    code, out, err = call(capsys, "plugins", "test", "Drift", "--json", "--markdown")
    assert (code, out) == (2, "")
    assert err == "error: --markdown and --json found; expected one of them. Leave one out.\n"


def test_a_record_that_cannot_be_read_or_written_is_none(monkeypatch, tmp_path):
    monkeypatch.setenv("WESTFORECAST_CACHE", str(tmp_path / "file"))
    (tmp_path / "file").write_text("in the way")
    acme = PluginInfo("acme", "1", "json", {})
    assert doctor.keep_conformance(acme, "quick", {"A": True}) is None
    assert doctor.last_conformance("acme") is None
    monkeypatch.setenv("WESTFORECAST_CACHE", str(tmp_path))
    path = doctor.keep_conformance(acme, "quick", {"A": True})
    assert doctor.last_conformance("acme")["models"] == {"A": True}
    for text in ("{", "[]", "5", "{}"):
        path.write_text(text)
        assert doctor.last_conformance("acme") is None


# --- new ------------------------------------------------------------------------------------------


def test_the_example_plugin_is_what_new_writes():
    written = new.render("westforecast-example", "MedianChange")
    for name, text in written.items():
        if name != ".gitignore":
            path = ROOT / "plugins" / "westforecast-example" / name
            assert path.read_text(encoding="utf-8") == text, name


@pytest.mark.parametrize(
    ("name", "model", "found"),
    [
        ("acme", None, ("acme", "Acme", "model")),
        ("acme-growth", None, ("acme_growth", "AcmeGrowth", "model")),
        ("westforecast-acme", None, ("westforecast_acme", "Acme", "acme")),
        ("acme", "SlowDrift2", ("acme", "SlowDrift2", "slow_drift2")),
        ("acme", "Plugin", ("acme", "Plugin", "model")),
        ("westforecast-class", None, ("westforecast_class", "Class", "model")),
        ("none", "Nothing", ("none", "Nothing", "nothing")),
    ],
)
def test_names_of_a_new_package(name, model, found):
    package, made, module = found
    contents = new.render(name, model)
    assert f"class {made}(SeriesModel)" in contents[f"src/{package}/{module}.py"]
    assert f'target="{package}.{module}:{made}"' in contents[f"src/{package}/plugin.py"]
    assert not [text for text in contents.values() if "$" in text]


@pytest.mark.parametrize(
    ("name", "model"),
    [("Acme", None), ("acme_growth", None), ("2acme", None), ("a--b", None), ("", None),
     ("import", None), ("../up", None), ("acme", "acme"), ("acme", "A b"), ("acme", "None")],
)  # fmt: skip
def test_names_that_cannot_be(name, model):
    with pytest.raises(UsageError, match="found; expected the name of a"):
        new.render(name, model)


@pytest.mark.parametrize(
    ("name", "model", "told"),
    [
        ("class", None, "'class' found; .* is free: 'class' is a Python keyword"),
        ("json", None, "'json' found; .* 'json' is a module of Python"),
        ("westforecast", None, "'westforecast' is what the new package itself uses"),
        ("pytest", None, "'pytest' is what the new package itself uses"),
        ("hatchling", None, "'hatchling' is what the new package itself uses"),
        ("numpy", None, "'numpy' is installed already"),
        ("naive", None, "^'naive', whose model is 'Naive' then, found; .* a model of westforecast"),
        ("none", None, "^'none', whose model is 'None' then, found; .* 'None' is a Python keyword"),
        ("acme", "None", "^model 'None' found; .* 'None' is a Python keyword"),
        ("acme", "Drift", "^model 'Drift' found; .* a model of westforecast already"),
        ("acme", "UsageError", "^model 'UsageError' found; .* imported by the module"),
    ],
)
def test_names_that_are_taken(name, model, told):
    with pytest.raises(UsageError, match=told):
        new.render(name, model)


def test_nothing_is_written_over(westforecast, tmp_path):
    assert "acme-growth" in westforecast("plugins", "new", "acme-growth")
    westforecast("plugins", "new", "acme-growth", code=2)
    told = json.loads(westforecast("plugins", "new", "other", "--into", "deep/er", "--json"))
    assert (tmp_path / told["folder"] / "pyproject.toml").is_file()


def test_a_new_package_installs_and_passes_at_once(westforecast, tmp_path):
    pytest.importorskip("hatchling", reason="hatchling builds the new package")
    westforecast("plugins", "new", "acme-growth")
    package, target = tmp_path / "acme-growth", westforecast.folder
    options = "--quiet --no-deps --no-build-isolation --disable-pip-version-check --no-index"
    pip = [sys.executable, "-m", "pip", "install", *options.split(), "--target", str(target)]
    done = subprocess.run([*pip, str(package)], capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    assert "AcmeGrowth" in westforecast("models", "list")
    assert "1 passed" not in westforecast("plugins", "doctor")
    assert "keeps the model contract (full" in westforecast(
        "plugins", "test", "acme-growth", "--tier", "full"
    )
    env = {**os.environ, "PYTHONPATH": str(target), "WESTFORECAST_STRICT": "1"}
    tests = subprocess.run(
        [sys.executable, "-m", "pytest", "-q", "-W", "error"],
        capture_output=True, text=True, cwd=package, env=env,
    )  # fmt: skip
    assert tests.returncode == 0, tests.stdout
    assert " failed" not in tests.stdout
    (tmp_path / "data.csv").write_text(
        "unique_id,ds,y\n" + "".join(f"a,{2000 + t},{t * t + 5}\n" for t in range(12))
    )
    told = westforecast("backtest", "data.csv", "-h", "2", "--model", "AcmeGrowth")
    assert "AcmeGrowth" in told
