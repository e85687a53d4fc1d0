"""One test or more for each thing that is registered, `test_the_<kind>_...`; numbers by hand."""

import io
import logging
import subprocess
import sys
from dataclasses import replace

import numpy as np
import pandas as pd
import pytest

import westforecast as wf
from westforecast.cli.main import main
from westforecast.metrics import Cells
from westforecast.plugin import registry
from westforecast.study import read_study, run_study
from westforecast_example_hooks.direction import DIRECTION
from westforecast_example_hooks.export import csv_of
from westforecast_example_hooks.pumps import pumps
from westforecast_example_hooks.timed import TimedEngine

NAN = float("nan")


def call(capsys, *args):
    """Exit code, standard output and standard error of `westforecast ...`."""
    with pytest.raises(SystemExit) as stopped:
        main(list(args))
    told = capsys.readouterr()
    return stopped.value.code, told.out, told.err


def losses(last, actual, forecast, rounding=0.0):
    some = np.ones(len(actual))
    cells = Cells(
        np.array(actual), np.array(forecast), np.empty((len(actual), 0)), (),
        last=np.array(last), scale=some, scale2=some, steps=some, rounding=rounding,
    )  # fmt: skip
    return DIRECTION.loss(cells).tolist()


# --- the metric --------------------------------------------------------------------------------


def test_the_metric_of_cells_by_hand():
    # From 10 it goes up, up, down and up: on its side, on the other, no side told, and nearly none.
    found = losses([10.0] * 4, [12.0, 12, 8, 12], [11.0, 9, 10, 10 * (1 + 1e-12)])
    assert found == [0, 100, 50, 50]


def test_the_metric_leaves_out_what_has_no_side():
    # No change came; the outcome, the forecast, the last value is missing.
    found = losses([10.0, 10, 10, NAN], [10.0, NAN, 12, 12], [12.0, 11, NAN, 11])
    assert np.isnan(found).all()


def test_the_metric_around_zero():
    assert losses([0.0, 0, -1, -1], [1.0, -1, 1, -2], [1e-300, 1, 2, 0]) == [0, 100, 0, 100]


def test_the_metric_takes_rounding_for_no_change():
    # 0.1 + 0.2 - 0.3 beside a level of 1
    found = losses([0.0, 0.0, 5.6e-17], [5.6e-17, 1.0, 1.0], [1.0, 5.6e-17, 2.0], rounding=1e-11)
    assert np.isnan(found[0])
    assert found[1:] == [50, 0]


def test_the_metric_of_a_backtest_by_hand():
    # Drift sees 1 2, 1 2 4 and 1 2 4 3, says 3, 5.5 and 3.67; 4, 3 and 5 come: the second is wrong.
    df = pd.DataFrame({"unique_id": "a", "ds": range(2006, 2011), "y": [1.0, 2, 4, 3, 5]})
    result = wf.backtest(wf.Panel.from_frame(df), ["Drift", "Naive"], h=1, n_windows=3)
    scores = result.scores([wf.metric("direction"), "mae"])
    np.testing.assert_allclose(scores["direction"], [100 / 3, 50])
    with pytest.raises(wf.UsageError, match=r"is given as westforecast.metric\('direction'\)"):
        result.scores("direction")


def test_the_metric_on_the_command_line(capsys, tmp_path):
    (tmp_path / "a.csv").write_text("unique_id,ds,y\na,2006,1\na,2007,2\na,2008,4\na,2009,3\n")
    code, out, _ = call(capsys, "backtest", str(tmp_path / "a.csv"), "-m", "Drift", "--h", "1",
                        "--windows", "2", "--metric", "direction")  # fmt: skip
    assert code == 0
    assert [line.split()[:2] for line in out.splitlines()] == [["model", "direction"],
                                                               ["Drift", "50"]]  # fmt: skip


# --- the data set ------------------------------------------------------------------------------


def test_the_dataset_by_its_name():
    panel = wf.dataset("pumps")
    assert panel.digest() == pumps().digest()
    assert panel.span == (1998, 2013)
    assert panel.value("pumps.ARC", 2010) == 2200
    assert panel.value("pumps_share.ARC-E", 2010) == 26
    assert [i.kind for i in panel.indicators] == ["count", "share", "price", "level"]
    assert [i.unit for i in panel.indicators] == ["units", "percent", "crowns", "crowns"]
    assert [i.region for i in panel.indicators] == ["ARC", "ARC-E", "ARC", "ARC"]
    assert panel.indicator("gdp.ARC").multiplier == 1e6


def test_the_dataset_says_that_it_is_invented():
    assert {i.source for i in pumps().indicators} == {"invented"}
    assert registry().spec("dataset", "pumps").summary.endswith("invented")


def test_the_dataset_keeps_its_gap_and_holds_nothing_impossible():
    panel = pumps()
    assert np.isnan(panel.value("pump_price.ARC", 2003))
    assert np.isnan(panel.values).sum() == 1
    assert not wf.screen(panel).of("error")


# --- the study ---------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def result():
    return run_study(read_study(registry().made("study", "pumps")))


def test_the_study_by_hand(result):
    # Drift from 1000 in 1998 to 2200 in 2010 is 100 a year: 2700 in 2015. 26 percent of that are
    # 702, 28 percent 756. Medians of 2000 paths are within a percent of it.
    assert not result.failures
    assert result.at_target("nation").point == pytest.approx(2700, rel=0.01)
    assert result.at_target("east").point == pytest.approx(702, rel=0.01)
    assert result.at_target("east", "a works in the East").point == pytest.approx(756, rel=0.01)


def test_the_study_s_product_holds_in_every_path(result):
    for paths in result.paths.values():
        np.testing.assert_allclose(paths["east"], paths["nation"] * paths["share"] / 100)
    base, works = result.paths["baseline"], result.paths["a works in the East"]
    np.testing.assert_allclose(base["east"][:, 0], 572)
    np.testing.assert_allclose(np.median(works["share"] - base["share"], axis=0)[-1], 2, atol=0.01)


def test_the_study_runs_by_its_name(capsys, tmp_path):
    code, out, err = call(capsys, "run", "pumps", "--out", str(tmp_path))
    assert (code, err) == (0, "")
    assert out.startswith("Pumps of Arcadia's East: origin 2010, until 2015")
    assert (tmp_path / "report.html").is_file()


# --- the engine --------------------------------------------------------------------------------


def test_the_engine_logs_the_seconds_of_each_task(monkeypatch, caplog):
    clock = iter([0.0, 1, 10, 13, 20, 20.5])
    monkeypatch.setattr("westforecast_example_hooks.timed.perf_counter", lambda: next(clock))
    with caplog.at_level(logging.INFO, logger="westforecast_example_hooks.timed"):
        assert list(TimedEngine().map(str.upper, ["a", "b", "c"])) == ["A", "B", "C"]
    assert [record.getMessage() for record in caplog.records] == [
        "task 1 of 3, 'a': 1.000 s",
        "task 2 of 3, 'b': 3.000 s",
        "task 3 of 3, 'c': 0.500 s",
        "3 tasks: 4.500 s; the longest, 'b': 3.000 s",
    ]


def test_the_engine_names_the_model_on_one_line(caplog):
    with caplog.at_level(logging.INFO):
        wf.forecast(pumps(), ["Drift", "SeasonalNaive"], h=2, engine="timed")
    lines = [r.getMessage() for r in caplog.records if r.name.startswith("westforecast_example")]
    assert len(lines) == 3
    assert lines[0].startswith("task 1 of 2, ('Drift', array(")
    assert lines[1].startswith("task 2 of 2, ('SeasonalNaive', array(")
    assert not any("\n" in line for line in lines)


def test_the_engine_without_tasks_and_with_one_that_fails(caplog):
    with caplog.at_level(logging.INFO):
        assert list(TimedEngine().map(str.upper, [])) == []
        with pytest.raises(ZeroDivisionError):
            list(TimedEngine().map(lambda task: 1 / task, [0]))
    assert not caplog.records


@pytest.mark.parametrize("engine", ["auto", "serial", "threads", "processes"])
def test_the_engine_gives_the_numbers_of_every_other(engine):
    def numbers(engine):
        models = ["Drift", "DampedLogGrowth", "SeasonalNaive"]
        return wf.backtest(pumps(), models, h=2, n_windows=3, levels=(80,), engine=engine).long()

    pd.testing.assert_frame_equal(numbers("timed"), numbers(engine), check_exact=True)


# --- the command -------------------------------------------------------------------------------


def test_the_command_writes_what_can_be_read_again(capsys):
    code, out, err = call(capsys, "export", "pumps")
    assert (code, err) == (0, "")
    lines = out.splitlines()
    assert lines[0] == "unique_id,ds,y,name,unit,multiplier,kind,region,source"
    assert lines[1] == "pumps.ARC,1998,1000.0,Pumps made,units,1.0,count,ARC,invented"
    assert len(lines) == 1 + 4 * 16
    again = wf.Panel.from_frame(pd.read_csv(io.StringIO(out)), gaps="keep")
    assert again.digest() == pumps().digest()
    assert again.indicators == pumps().indicators


def test_the_command_keeps_all_that_series_say(tmp_path):
    first, *rest = pumps().indicators
    first = replace(first, name_zh="水泵", breaks=(2004, 2011), publication_lag=1, lower=0.5)
    panel = replace(pumps(), indicators=(first, *rest))
    (tmp_path / "all.csv").write_bytes(csv_of(panel))
    again = wf.Panel.from_csv(tmp_path / "all.csv", gaps="keep")
    assert again.indicators == panel.indicators
    assert again.digest() == panel.digest()


def test_the_command_writes_a_file_that_the_others_read(capsys, tmp_path):
    place = tmp_path / "new" / "pumps.csv"
    code, out, err = call(capsys, "export", "pumps", "--out", str(place))
    assert (code, out, err) == (0, "", f"Written to {place}\n")
    code, out, _ = call(capsys, "forecast", str(place), "--until", "2014", "--gaps", "keep",
                        "-m", "Drift", "--series", "pumps.ARC", "--level", "80")  # fmt: skip
    assert code == 0
    assert f"{2490 + 1490 / 15:,.6g}" in out


@pytest.mark.parametrize(
    ("args", "told"),
    [
        (["pump"], "error: no dataset 'pump'. Did you mean 'pumps'?"),
        ([], "Missing argument 'NAME'"),
        (["pumps", "--out", "TAKEN/pumps.csv"], "error: cannot write to "),
    ],
)
def test_the_command_says_what_is_wrong(capsys, tmp_path, args, told):
    (tmp_path / "taken").write_text("a file, not a folder")
    places = [arg.replace("TAKEN", str(tmp_path / "taken")) for arg in args]
    code, out, err = call(capsys, "export", *places)
    assert (code, out) == (2, "")
    assert told in err
    assert "Traceback" not in err


def test_the_command_has_a_help_that_costs_nothing(capsys):
    code, out, err = call(capsys, "--help")
    assert (code, err) == (0, "")
    assert "Write NAME, an installed data set, as a long CSV table." in out
    assert "westforecast export pumps --out pumps.csv" in call(capsys, "export", "--help")[1]
    light = (
        "import sys, westforecast_example_hooks.export, westforecast_example_hooks.plugin\n"
        "print([m for m in ('numpy', 'pandas', 'pyarrow') if m in sys.modules])"
    )
    done = subprocess.run([sys.executable, "-c", light], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"
