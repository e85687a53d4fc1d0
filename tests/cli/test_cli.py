"""The program: exit codes, messages instead of tracebacks, output whole or not at all."""

import json
import subprocess
import sys

import pytest

from westforecast.cli.main import main
from westforecast.plugin import registry


def call(capsys, *args):
    """Exit code, standard output and standard error of one call."""
    with pytest.raises(SystemExit) as stopped:
        main(list(args))
    told = capsys.readouterr()
    return stopped.value.code, told.out, told.err


@pytest.fixture
def csv_file(tmp_path):
    rows = [
        f"{name},{year},{value}"
        for name, base in (("a", 100), ("b", 50))
        for year, value in zip(range(2000, 2012), range(base, base + 12), strict=True)
    ]
    path = tmp_path / "data.csv"
    path.write_text("\n".join(["unique_id,ds,y", *rows]) + "\n")
    return path


def test_a_study_runs_and_leaves_its_files(capsys, study_file, tmp_path):
    code, out, err = call(capsys, "run", str(study_file), "--out", str(tmp_path / "out"))
    assert (code, err) == (0, "")
    assert "Toys, region, 2015:" in out
    assert "Scenarios" in out
    assert "Hindsight" in out
    assert len(out.splitlines()) < 60, "the summary stays under a page"
    assert max(map(len, out.splitlines())) <= 110
    assert (tmp_path / "out" / "report.html").is_file()


def test_origin_and_until_are_the_callers(capsys, study_file, tmp_path):
    code, out, _ = call(capsys, "run", str(study_file), "--origin", "2008", "--until", "2012",
                        "--out", str(tmp_path / "o"))  # fmt: skip
    assert code == 0
    assert "origin 2008, until 2012" in out
    manifest = json.loads((tmp_path / "o" / "manifest.json").read_text())
    assert (manifest["origin"], manifest["until"]) == (2008, 2012)


def test_quiet_prints_nothing(capsys, study_file, tmp_path):
    assert call(capsys, "run", str(study_file), "-q", "--out", str(tmp_path / "o")) == (0, "", "")


def test_a_recorded_failure_is_exit_code_1(capsys, study_file, tmp_path):
    study_file.write_text(study_file.read_text().replace('["Drift"', '["Drift", "SeasonalNaive"'))
    figures = study_file.parent / "figures.csv"
    kept = [line for line in figures.read_text().splitlines() if ",2003," not in line]
    figures.write_text("\n".join(kept) + "\n")
    code, out, _ = call(capsys, "run", str(study_file), "--out", str(tmp_path / "o"))
    assert code == 1
    assert "No forecast from 1:" in out
    assert "Toys, nation, SeasonalNaive: 1 missing inside" in out


@pytest.mark.parametrize(
    ("args", "code", "told"),
    [
        (["run", "cnk-none"], 2, "no study 'cnk-none'"),
        (["run", "none.toml"], 2, "none.toml"),
        (["run"], 2, "Missing argument"),
        (["runn"], 2, "runn"),
        (["run", "STUDY", "--until", "2005"], 2, "until 2005 is not after origin 2010"),
        (["run", "STUDY", "--origin", "1990"], 2, "outside the data"),
        (["run", "STUDY", "--origin", "1998"], 3, "every model failed"),
        (["forecast", "none.csv", "--h", "2"], 2, "no file 'none.csv'"),
        (["forecast", "CSV"], 2, "exactly one of h and until"),
        (["forecast", "CSV", "--until", "2011"], 2, "not after the last observation"),
        (["forecast", "CSV", "--h", "2", "-m", "Naiv"], 2, "Did you mean 'Naive'"),
        (["forecast", "CSV", "--h", "2", "--level", "0.95"], 2, "Did you mean 95"),
        (["forecast", "CSV", "--h", "2", "--target", "Y"], 3, "Did you mean 'y'"),
        (["forecast", "CSV", "--h", "2", "--target", "Y"], 3, "Name it with --target ...\n"),
        (["forecast", "CSV", "--h", "2", "--id", "code"], 3, "expected a column for --id. Known"),
        (
            ["forecast", "CSV"],
            2,
            "found no --h and no --until. --h 5 forecasts five steps, --u",
        ),
        (["forecast", "CSV", "--h", "0"], 2, "--h 0 found"),
        (["forecast", "CSV", "--freq", "W", "--h", "2"], 2, "--freq W is not a calendar"),
        (
            ["forecast", "CSV", "--h", "2", "--series", "aa"],
            2,
            "no series 'aa' in the panel",
        ),
        (["backtest", "CSV", "--h", "2", "--series", "c"], 2, "no series 'c' in the panel"),
        (["backtest", "CSV", "--h", "2", "--min-train-size", "0"], 2, "--min-train-size 0 found"),
        (["models", "show", "Naiv"], 2, "Did you mean 'Naive'"),
        (["backtest", "CSV", "--h", "50"], 2, "no window can be evaluated"),
        (["backtest", "CSV", "--h", "2", "--metric", "mas"], 2, "Did you mean 'mase'"),
        (["backtest", "CSV", "--h", "2", "--by", "modell"], 2, "Did you mean 'model'"),
        (["bench", "speed", "-m", "Naiv"], 2, "Did you mean 'Naive'"),
        (["bench", "speed", "--series", "5", "--origins", "90"], 2, "Ask for fewer origins"),
        (["bench", "speed", "--repeats", "0"], 2, "x>=1"),
    ],
)
def test_mistakes_are_one_message_and_a_code(capsys, study_file, csv_file, args, code, told):
    places = {"STUDY": str(study_file), "CSV": str(csv_file)}
    got, out, err = call(capsys, *[places.get(arg, arg) for arg in args])
    assert got == code, err
    assert told in err
    assert "Traceback" not in err
    assert out == ""


def test_bad_rows_of_a_file_are_named_by_line(capsys, csv_file):
    text = csv_file.read_text().replace("a,2003,103", "a,2003,n.a.")
    csv_file.write_text(text.replace("b,2005,55", "b,2004,55"))
    code, _, err = call(capsys, "forecast", str(csv_file), "--h", "2")
    assert code == 3
    assert "line 5 (series 'a', 2003): y = 'n.a.'" in err
    assert "line 19 (series 'b', 2004): another value than in line 18" in err


def test_gaps_are_advised_in_words_of_the_command_line(capsys, csv_file):
    text = csv_file.read_text().replace("a,2003,103\n", "").replace("b,2005,55", "b,2005,gaps='x'")
    csv_file.write_text(text)
    code, _, err = call(capsys, "forecast", str(csv_file), "--h", "2")
    assert code == 3
    assert "or pass --gaps keep: models that" in err
    assert "y = \"gaps='x'\", which is text" in err, "what was found is quoted as it is"
    assert "leave it empty and pass --gaps keep." in err
    csv_file.write_text("\n".join(["unique_id,ds,y", *[f"a,2000,{k}" for k in range(30)]]))
    code, _, err = call(capsys, "data", "screen", str(csv_file))
    assert code == 3
    assert "pass --freq Q or --freq M." in err
    assert err.endswith("... and 9 more\n")


def test_series_are_forecast_and_the_others_are_there(capsys, csv_file, tmp_path):
    out_of = ("--out", str(tmp_path / "f"), "-m", "Drift")
    code, out, _ = call(capsys, "forecast", str(csv_file), "--h", "1", "--series", "b", *out_of)
    assert code == 0
    assert [line.split()[0] for line in out.splitlines()] == ["unique_id", "b"]
    manifest = json.loads((tmp_path / "f" / "manifest.json").read_text())
    assert manifest["settings"]["series"] == ["b"]
    assert manifest["data"]["series"] == 2
    code, out, _ = call(capsys, "backtest", str(csv_file), "--h", "1", "--series", "b",
                        "--series", "a", "--by", "unique_id")  # fmt: skip
    assert code == 0
    assert [line.split()[0] for line in out.splitlines()] == ["unique_id", "a", "b"]


@pytest.mark.filterwarnings("always:of 6 cells")
def test_few_common_cells_are_noted_in_words_of_the_command_line(capsys, csv_file):
    csv_file.write_text(csv_file.read_text().replace(",1", ",-1").replace(",5", ",-5")
                        .replace(",6", ",-6"))  # fmt: skip
    args = ("backtest", str(csv_file), "--h", "1", "-m", "Naive", "-m", "DampedLogGrowth")
    code, out, err = call(capsys, *args)
    assert code == 1
    assert (
        "note: of 6 cells whose outcome is known DampedLogGrowth forecast 0, so all 2 models are "
        "compared on none of them. Pass --own-cells to score each model where it has a forecast, "
        "or leave 'DampedLogGrowth' out. The ledger says why forecasts are missing."
    ) in err
    assert len(out.splitlines()) == 3
    code, out, err = call(capsys, *args, "--own-cells")
    assert "note:" not in err
    assert out.splitlines()[1].split()[:2] != ["Naive", "-"]


def test_forecast_prints_and_saves(capsys, csv_file, tmp_path):
    code, out, err = call(capsys, "forecast", str(csv_file), "--until", "2013", "-m", "Drift",
                          "-m", "Naive", "--out", str(tmp_path / "f"))  # fmt: skip
    assert code == 0
    assert len(out.splitlines()) == 1 + 2 * 2 * 2
    assert "113" in out
    assert {p.name for p in (tmp_path / "f").iterdir()} == {
        "forecasts.parquet", "ledger.parquet", "manifest.json", "result.npz"}  # fmt: skip
    assert "Written to" in err


def test_backtest_prints_scores(capsys, csv_file):
    code, out, _ = call(capsys, "backtest", str(csv_file), "--h", "3", "-m", "Drift", "-m", "Naive",
                        "--by", "model", "--by", "horizon")  # fmt: skip
    assert code == 0
    lines = out.splitlines()
    assert lines[0].split()[:3] == ["model", "horizon", "mase"]
    assert len(lines) == 7


def test_lists_are_readable_by_people_and_machines(capsys):
    code, out, _ = call(capsys, "models", "list")
    assert code == 0
    assert "DampedLogGrowth" in out
    _, out, _ = call(capsys, "models", "list", "--json")
    assert {"Naive", "Drift"} <= {row["name"] for row in json.loads(out)}
    code, out, _ = call(capsys, "plugins", "list", "--json")
    assert "westforecast" in {row["distribution"] for row in json.loads(out)["plugins"]}
    code, out, _ = call(capsys, "studies", "list", "--json")
    assert code == 0
    installed = {spec.name for _, spec in registry().specs("study")}
    assert {row["name"] for row in json.loads(out)} == installed


def test_a_model_shows_its_settings(capsys):
    code, out, _ = call(capsys, "models", "show", "SeasonalNaive")
    assert code == 0
    assert [line.split() for line in out.splitlines()] == [
        ["SeasonalNaive", "westforecast", "the", "value", "one", "season", "ago"],
        ["season_length", "None"],
        ["Example:", "westforecast.model('SeasonalNaive',", "season_length=None)"],
    ]
    _, out, _ = call(capsys, "models", "show", "westforecast:Naive")
    assert out.splitlines()[1:] == ["Example: westforecast.model('westforecast:Naive')"]


def test_every_model_can_be_shown(capsys):
    for _, spec in registry().specs("model"):
        code, out, err = call(capsys, "models", "show", spec.name)
        assert (code, err) == (0, "")
        assert max(map(len, out.splitlines()[1:-1]), default=0) <= 100
        code, out, _ = call(capsys, "models", "show", spec.name, "--json")
        shown = json.loads(out)
        assert shown["name"] == spec.name
        assert all(row["needed"] == (row["default"] is None) for row in shown["settings"])


def test_settings_come_with_what_the_docstring_says_of_them(capsys):
    if "Elasticity" not in {spec.name for _, spec in registry().specs("model")}:
        pytest.skip("westforecast-growth is not installed")
    _, out, _ = call(capsys, "models", "show", "Elasticity")
    lines = [" ".join(line.split()) for line in out.splitlines()]
    assert lines[1].startswith("driver needed")
    assert "window None periods to look back for e, all by default" in lines
    assert "driver_mode 'forecast' where the driver's future comes from" in lines  # of its base
    assert lines[-1] == "Example: westforecast.model('Elasticity', driver='...')"


def test_an_unwritable_folder_leaves_nothing(capsys, study_file, tmp_path):
    (tmp_path / "taken").write_text("a file, not a folder")
    code, _, err = call(capsys, "run", str(study_file), "-q", "--out", str(tmp_path / "taken"))
    assert code == 2
    assert "is a file" in err
    assert (tmp_path / "taken").read_text() == "a file, not a folder"


@pytest.mark.parametrize(
    "args", [["--help"], ["run", "--help"], ["bench", "speed", "--help"], ["models", "list"]]
)
def test_help_and_lists_import_nothing_heavy(args):
    heavy = ["numpy", "pandas", "statsforecast", "scipy", "altair", "pyarrow", "polars", "rich"]
    code = (
        "import sys; from westforecast.cli.main import main\n"
        f"try: main({args!r})\nexcept SystemExit: pass\n"
        f"print('loaded:', [m for m in {heavy!r} if m in sys.modules])"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert "loaded: []" in done.stdout


QUICK = ("bench", "speed", "--series", "40", "--origins", "2", "--horizon", "3", "--repeats", "1")


def test_bench_speed_prints_a_table(capsys):
    code, out, err = call(capsys, *QUICK, "-m", "Drift", "-m", "DampedLogGrowth", "--no-peer")
    assert (code, err) == (0, "")
    assert "one thread" in out
    assert "Synthetic annual panel, 40 series" in out
    rows = [line.split() for line in out.splitlines() if line.startswith(("Drift", "DampedLog"))]
    assert [row[0] for row in rows] == ["Drift", "DampedLogGrowth"]
    assert all(float(row[2].replace(",", "")) > 0 for row in rows)
    assert max(map(len, out.splitlines())) <= 110


def test_bench_speed_times_the_peer(capsys):
    pytest.importorskip("statsforecast", reason="statsforecast is not installed")
    code, out, _ = call(capsys, *QUICK, "-m", "Drift")
    assert code == 0
    (row,) = [line.split() for line in out.splitlines() if line.startswith("Drift")]
    assert row[4] == "RandomWalkWithDrift"
    assert row[1] == row[5], "a cheap peer runs on all series"
    assert float(row[7].replace(",", "")) >= float(row[8].replace(",", "")) > 0


def test_bench_speed_as_json(capsys):
    code, out, _ = call(capsys, *QUICK, "-m", "Naive", "--no-peer", "--json")
    assert code == 0
    found = json.loads(out)
    assert found["settings"]["origins"] == 2
    assert found["rows"][0]["model"] == "Naive"
    assert found["machine"]["one_thread"]


def test_bench_speed_of_the_default_models(capsys):
    code, out, _ = call(capsys, *QUICK, "--no-peer", "--json")
    assert code == 0
    found = [row["model"] for row in json.loads(out)["rows"]]
    installed = {spec.name for _, spec in registry().specs("model")}
    averaging = [name for name in ("AveragedETS", "AveragedARIMA") if name in installed]
    assert found == ["Naive", "Drift", *averaging]


def test_bench_speed_tells_of_models_that_fail(capsys, monkeypatch):
    def measured(settings):
        found = measure(settings)
        return {**found, "rows": [{**row, "failed": 3} for row in found["rows"]]}

    from westforecast.speed import measure

    monkeypatch.setattr("westforecast.speed.measure_apart", measured)
    code, out, err = call(capsys, *QUICK, "-m", "Naive", "--no-peer")
    assert code == 1
    assert "Naive" in out
    assert "3 forecasts failed" in err
