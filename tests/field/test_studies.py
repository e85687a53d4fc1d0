"""Studies are safe and repeatable: point 8 of what the field asked for."""

import csv
import io
import json
import re
import warnings
from dataclasses import replace

import numpy as np
import pandas as pd
import pytest

import westforecast as wf
from westforecast.cli.main import main
from westforecast.errors import UsageError
from westforecast.models import Forecast
from westforecast.series.frame import read_parquet
from westforecast.stages import stage_path
from westforecast.study import StudyError, files_of, read_study, run_study
from westforecast.study.component import COMBINATION, combine
from westforecast.study.result import Fan, fans

KEYS = ["unique_id", "scenario", "model", "ds"]


def change(path, old, new):
    text = path.read_text(encoding="utf-8")
    assert old in text
    path.write_text(text.replace(old, new), encoding="utf-8")


def forecasts(result):
    return pd.read_csv(io.BytesIO(files_of(result)["forecasts.csv"]), encoding="utf-8-sig")


def only(frame, **conditions):
    for name, value in conditions.items():
        frame = frame[frame[name] == value]
    return frame


# --- text ---------------------------------------------------------------------------------------

TEXTS = {
    'title = "Toys of the region"': "study.title",
    'title = "Toys, nation"': "series.output.title",
    'title = "Toys, region"': "derived.region.title",
    'unit = "units"\nproduct = ["output"]': "derived.whole.unit",
    'name = "two points more"': "scenario.0.name",
    'reason = "The plan says so."': "scenario.0.reason",
    'label = "damped"': "series.output.models",
    'data = "figures.csv"': "study.data",
}


@pytest.mark.parametrize("char", ["\\u0000", "\\u001b", "\\u0085", "\\u202e", "\\ufffe", "\\b"])
@pytest.mark.parametrize(("line", "key"), TEXTS.items())
def test_p8_unseen_characters_are_refused_by_key_and_line(study_file, line, key, char):
    text, quote, rest = line.partition('"')[2].partition('"')
    change(study_file, line, line.replace(text + quote + rest, text + char + quote + rest))
    with pytest.raises(StudyError, match=r"which cannot be seen") as caught:
        read_study(study_file)
    assert caught.value.key.startswith(key)
    first = line.splitlines()[0].split('"')[0]
    assert first in study_file.read_text().splitlines()[caught.value.line - 1]


def test_a_name_that_is_empty_or_that_of_another_model_is_refused(study_file):
    text = study_file.read_text()
    change(study_file, "[derived.whole]", '[derived.""]')
    with pytest.raises(StudyError, match="the key is empty"):
        read_study(study_file)
    study_file.write_text(text.replace('label = "damped"', 'label = "Naive"'))
    with pytest.raises(StudyError, match="labelled 'Naive', which the benchmark is called"):
        run_study(read_study(study_file))


@pytest.mark.parametrize("name", ['[series."a\\u001b"]', '[derived."b\\nc"]'])
def test_p8_names_of_quantities_are_plain(study_file, name):
    change(study_file, "[derived.whole]", f'{name}\ntitle = "x"\n\n[derived.whole]')
    with pytest.raises(StudyError, match="the key holds"):
        read_study(study_file)


@pytest.mark.parametrize("name", ["two\\nlines", "", " ", "a\\tb"])
def test_p8_names_of_scenarios_are_one_line_of_text(study_file, name):
    change(study_file, 'name = "two points more"', f'name = "{name}"')
    with pytest.raises(StudyError) as caught:
        read_study(study_file)
    assert caught.value.key == "scenario.0.name"


def test_p8_assumptions_are_plain_text(study_file):
    change(study_file.parent / "assumed.csv", "10,percent", "10,percent\x1b")
    with pytest.raises(StudyError, match=r"assumed\.csv, line 2, share: holds \\u001b"):
        read_study(study_file)


def test_p8_control_characters_of_the_data_end_no_process_and_reach_no_page(study_file, capsys):
    pytest.importorskip("altair", reason="the report extra is not installed")
    figures = study_file.parent / "figures.csv"
    text = figures.read_text().replace("Toys made,units", "Toys\x07 made\x1b[31m\x9b,=units")
    figures.write_text(text.replace("a yearbook", "@year\ufffebook\u202e"), encoding="utf-8")
    study_file.write_text(study_file.read_text().replace('unit = "units"', 'unit = "=units"'))
    with pytest.raises(SystemExit) as ended:
        main(["run", str(study_file), "--out", str(study_file.parent / "out")])
    assert ended.value.code == 0
    for name in ("report.html", "forecasts.csv", "scores.csv", "iamc.csv", "manifest.json"):
        made = (study_file.parent / "out" / name).read_text(encoding="utf-8-sig")
        assert not re.search("[\x00-\x08\x0b-\x1f\x7f-\x9f\u202e\ufffe]", made), name
    for told in capsys.readouterr():
        assert not re.search("[\x00-\x08\x0b-\x1f\x7f-\x9f\u202e\ufffe]", told)
    written = (study_file.parent / "out" / "forecasts.csv").read_text(encoding="utf-8-sig")
    assert ",'=units," in written, "a formula is none"


def test_p8_any_text_that_can_be_seen_is_drawn_and_escaped(study_file):
    pytest.importorskip("altair", reason="the report extra is not installed")
    title = "</script><b>[bold]机床 😀 " + "😀" * 200
    change(study_file, "Toys of the region", title)
    change(study_file, 'title = "Toys, nation"', 'title = "constructor"')
    change(study_file, 'title = "Toys, region"', 'title = "=1+1 \\\\u0000 \\" \' `"')
    change(study_file, 'label = "damped"', "label = 'a.b[c][\"d\"] \\ @x'")
    change(study_file, 'name = "two points more"', 'name = "up to the origin"')
    result = run_study(read_study(study_file))
    page = files_of(result)["report.html"].decode()
    assert "</script>" not in page and "<b>[bold]" not in page
    assert "&lt;/script&gt;" in page and "机床" in page
    written = forecasts(result)
    assert set(written["title"]) >= {"'=1+1 \\u0000 \" ' `", "constructor"}
    assert "up to the origin" in set(written["scenario"])
    exact = read_parquet(io.BytesIO(files_of(result)["forecasts.parquet"]))
    assert "=1+1 \\u0000 \" ' `" in set(exact.columns["title"]), "Parquet holds it as it is"


def test_p8_what_a_spreadsheet_takes_for_a_formula_is_none_in_any_table(study_file):
    change(study_file, 'title = "Toys, region"', 'title = "@SUM(A1)"\nvariable = "=cmd"')
    change(study_file, 'title = "Toys, nation"', 'title = "-toys"\nregion = "+east"')
    change(study_file, 'label = "damped"', 'label = "=damped"')
    change(study_file, 'name = "two points more"', 'name = "+2"')
    made = files_of(run_study(read_study(study_file)))
    for name in ("forecasts.csv", "scores.csv", "iamc.csv"):
        cells = [c for row in csv.reader(io.StringIO(made[name].decode("utf-8-sig"))) for c in row]
        assert not [c for c in cells if re.match("[=@]", c)], name
        signed = [c for c in cells if re.match("[+-].", c)]
        assert all(np.isfinite(float(c)) for c in signed), name
    told = json.loads(made["manifest.json"])
    assert "=damped" in told["components"]["output"]["models"], "JSON is no spreadsheet"


def test_p8_forecasts_are_read_back_with_the_mark_of_a_spreadsheet(study_file, tmp_path):
    change(study_file, "[series.output]", "[series.-toys]")
    text = study_file.read_text().replace('"output"', '"-toys"')
    study_file.write_text(text)
    made = files_of(run_study(read_study(study_file)))
    (tmp_path / "forecasts.csv").write_bytes(made["forecasts.csv"])
    frame = only(forecasts(run_study(read_study(study_file))), scenario="baseline", model="Drift")
    assert set(frame["unique_id"]) == {"'-toys"}
    exact = read_parquet(io.BytesIO(made["forecasts.parquet"]))
    assert "-toys" in set(exact.columns["unique_id"])


# --- names of folders ---------------------------------------------------------------------------


@pytest.mark.parametrize(
    "name",
    ["../../x", "/abs/x", "..", ".", "", " ", "a/b", "a\\\\b", "C:x", "x.", "x ", "con", "NUL.txt",
     "n" * 300, "x\\u0000y", "~/../x", ".x"],
)  # fmt: skip
def test_p8_a_study_cannot_choose_where_it_is_written(study_file, name, monkeypatch, capsys):
    change(study_file, 'name = "toys"', f'name = "{name}"')
    with pytest.raises(StudyError) as caught:
        read_study(study_file)
    assert caught.value.key == "study.name"
    assert caught.value.line == 3
    monkeypatch.chdir(study_file.parent)
    before = sorted(study_file.parent.rglob("*"))
    with pytest.raises(SystemExit) as ended:
        main(["run", str(study_file)])
    assert ended.value.code == 2 and "study.name" in capsys.readouterr().err
    assert sorted(study_file.parent.rglob("*")) == before, "nothing was written"


@pytest.mark.parametrize("name", ["toys", "机床-2020", "a b", "toys.v2"])
def test_p8_names_that_are_names_are_taken(study_file, name):
    change(study_file, 'name = "toys"', f'name = "{name}"')
    assert read_study(study_file).name == name


def test_p8_a_study_made_by_hand_is_held_to_the_same(study_file):
    study = read_study(study_file)
    for absurd in ({"name": "../x"}, {"paths": 10**9}, {"paths": 2.5}, {"until": 2010},
                   {"until": 10**9}, {"levels": ()}, {"seed": -1}, {"origin": 0}):  # fmt: skip
        with pytest.raises(StudyError):
            replace(study, **absurd)


def test_p8_a_path_with_a_nul_is_a_clear_error():
    with pytest.raises(UsageError, match="cannot read study"):
        read_study("a\x00b.toml")


def test_p8_data_may_lie_beside_the_folder(study_file):
    (study_file.parent / "figures.csv").rename(study_file.parent.parent / "f.csv")
    change(study_file, 'data = "figures.csv"', 'data = "../f.csv"')
    assert run_study(read_study(study_file)).panel.ids == ("toys",)
    change(study_file, 'data = "../f.csv"', 'data = "../nowhere.csv"')
    with pytest.raises(UsageError, match=r"no file .*nowhere\.csv"):
        run_study(read_study(study_file))


# --- absurd settings ----------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("old", "new", "key"),
    [("paths = 500", f"paths = {value}", "study.paths")
     for value in ("0", "-5", "99", "1000000000", "1" + "0" * 30, "1e9", "2.5", '"many"', "true",
                   "nan")]
    + [("until = 2015", f"until = {value}", "study.until")
       for value in ("20150", "1" + "0" * 30, "2010", "-1", "2015.0")]
    + [("origin = 2010", f"origin = {value}", key)
       for value, key in (("0", "study.until"), ("-2010", "study.until"), ("2e3", "study.origin"))]
    + [("levels = [80, 95]", f"levels = {value}", "study.levels")
       for value in ("[]", "[0]", "[100]", "[-5]", "[0.8]", "[80, 80.0000001]", "[nan]", "[true]")]
    + [("seed = 7", f"seed = {value}", "study.seed") for value in ("-1", "7.0", '"7"')]
    + [("h = 3", f"h = {value}", "backtest.h") for value in ("0", "-1", "1000000000", "3.0")]
    + [("min_train_size = 4", f"min_train_size = {value}", "backtest.min_train_size")
       for value in ("0", "-1", "4.5")],
)  # fmt: skip
def test_p8_absurd_settings_are_refused_before_the_work(study_file, old, new, key):
    change(study_file, old, new)
    with pytest.raises(StudyError) as caught:
        read_study(study_file)
    assert caught.value.key == key
    assert caught.value.line > 0


def test_p8_too_many_paths_say_what_they_take(study_file):
    change(study_file, "paths = 500", "paths = 1000000000")
    with pytest.raises(StudyError, match=r"paths=1000000000 found, at most 1000000 .* GiB"):
        read_study(study_file)


@pytest.mark.parametrize(("option", "value"), [("--until", "99999"), ("--origin", "0"),
                                               ("--until", "0"), ("--origin", "-3")])  # fmt: skip
def test_p8_the_program_refuses_absurd_years(study_file, capsys, option, value):
    with pytest.raises(SystemExit) as ended:
        main(["run", str(study_file), option, value, "--out", str(study_file.parent / "out")])
    assert ended.value.code == 2
    assert value in capsys.readouterr().err
    assert not (study_file.parent / "out").exists()


SHARES = pd.DataFrame({
    "unique_id": ["east"] * 6 + ["west"] * 6 + ["south"] * 6, "ds": [*range(2005, 2011)] * 3,
    "y": [60.0, 66, 90, 95, 97, 99, 20, 20, 30, 28, 35, 31, 5, 6, 6, 7, 9, 8],
})  # fmt: skip


@pytest.mark.parametrize("count", [1, 0, -3, 10**9, 2.5, "100", True])
def test_p8_absurd_numbers_of_paths_of_shares_are_refused(count):
    with pytest.raises(UsageError, match="n_paths="):
        wf.forecast_shares(wf.Panel.from_frame(SHARES), h=2, n_paths=count)


# --- the same numbers ---------------------------------------------------------------------------


def test_p8_a_year_does_not_depend_on_the_last_one(study_file):
    study = read_study(study_file)
    long = forecasts(run_study(study))
    for until in (2011, 2013):
        short = forecasts(run_study(replace(study, until=until)))
        common = long[long["ds"] <= until].reset_index(drop=True)
        pd.testing.assert_frame_equal(
            short.sort_values(KEYS, ignore_index=True), common.sort_values(KEYS, ignore_index=True)
        )


def test_p8_nothing_depends_on_the_order_of_a_file_or_on_what_else_it_holds(study_file):
    change(
        study_file,
        "[series.share]",
        """[series.more]
title = "Toys, once more"
data = "toys"
models = ["DampedLogGrowth", "Drift"]

[series.share]""",
    )
    long = forecasts(run_study(read_study(study_file)))
    head, *parts = re.split(r"\n(?=\[)", study_file.read_text())
    study_file.write_text("\n".join([head, *reversed(parts)]))
    turned = forecasts(run_study(read_study(study_file)))
    pd.testing.assert_frame_equal(
        turned.sort_values(KEYS, ignore_index=True), long.sort_values(KEYS, ignore_index=True)
    )
    text = study_file.read_text()
    block = next(part for part in re.split(r"\n(?=\[)", text) if part.startswith("[series.more]"))
    study_file.write_text(text.replace(block, ""))
    alone = forecasts(run_study(read_study(study_file))).sort_values(KEYS, ignore_index=True)
    pd.testing.assert_frame_equal(
        alone, long[long["unique_id"] != "more"].sort_values(KEYS, ignore_index=True)
    )


def test_p8_components_are_independent_of_each_other_even_where_checksums_collide(study_file):
    study = read_study(study_file)
    part = study.components["output"]
    names = ("plumless", "buckeroo")  # of one CRC-32
    made = run_study(replace(study, components={
        **study.components, **{name: replace(part, name=name) for name in names},
    }))  # fmt: skip
    one, two = (made.components[name].paths[:, -1] for name in names)
    assert abs(np.corrcoef(one, two)[0, 1]) < 0.15


def test_p8_runs_are_equal_byte_for_byte(study_file):
    first, second = (files_of(run_study(read_study(study_file))) for _ in range(2))
    timed = re.compile(rb'"(created|seconds)": [^\n]*')
    for name, data in first.items():
        assert timed.sub(b"", data) == timed.sub(b"", second[name]), name


def test_p8_shares_do_not_depend_on_the_last_year_or_on_order():
    panel = wf.Panel.from_frame(SHARES)
    long = wf.forecast_shares(panel, h=6, n_paths=200)
    short = wf.forecast_shares(panel, ["south", "east", "west"], h=2, n_paths=200)
    where = [long.parts.index(part) for part in short.parts]
    np.testing.assert_allclose(short.paths, long.paths[:, where, :2], rtol=1e-12)


def test_p8_levels_of_a_whole_stay_inside_its_bounds():
    frame = pd.concat([SHARES, pd.DataFrame({
        "unique_id": "nation", "ds": range(2005, 2011), "y": [300.0, 120, 260, 150, 300, 141],
    })])  # fmt: skip
    panel = wf.Panel.from_frame(frame.assign(kind="count"))
    shares = wf.forecast_shares(panel, whole="nation", h=8, n_paths=500)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # its interval is cut at 0, as is told
        law = wf.forecast(panel.select(id=["nation"]), "Naive", h=8, levels=(50, 80, 98))
    assert (shares.top_down(law).paths >= 0).all()


ROLES = {"gdp_per_capita": "gdp.{region}", "primary": "a.{region}", "secondary": "i.{region}"}


def stage_panel(*regions, years=20):
    rows = []
    for k, name in enumerate(regions):
        rng, t = np.random.default_rng(len(name)), np.arange(years - k)
        walk = np.cumsum(rng.normal(0, 0.02, len(t)))
        for key, y in (("gdp", 900 * np.exp(0.06 * t + walk)), ("a", 30 - 0.6 * t + 5 * walk),
                       ("i", 35 + 0.4 * t - 5 * walk)):  # fmt: skip
            unit = "USD" if key == "gdp" else "percent"
            rows.append(pd.DataFrame({"unique_id": f"{key}.{name}", "ds": 1990 + t, "y": y,
                                      "region": name, "unit": unit}))  # fmt: skip
    return wf.Panel.from_frame(pd.concat(rows))


def test_p8_stages_depend_neither_on_the_last_year_nor_on_other_regions():
    both = stage_path(stage_panel("north", "southern"), ROLES, until=2018, n_paths=200)
    assert both.years[0] == 2009, "the second ends a year earlier"
    short = stage_path(stage_panel("north", "southern"), ROLES, until=2012, n_paths=200)
    np.testing.assert_array_equal(short.paths, both.paths[..., :4])
    turned = stage_path(stage_panel("north", "southern"), dict(reversed(ROLES.items())),
                        regions=["southern", "north"], until=2018, n_paths=200)  # fmt: skip
    places = [turned.table.regions.index(name) for name in both.table.regions]
    np.testing.assert_allclose(turned.paths[places], both.paths, rtol=1e-9)
    alone = stage_path(stage_panel("north"), ROLES, until=2018, n_paths=200)
    at = both.table.regions.index("north")
    np.testing.assert_allclose(alone.paths[0], both.paths[at][:, 1:], rtol=1e-9)


@pytest.mark.parametrize("count", [1, 0, 10**9, 1.5])
def test_p8_absurd_numbers_of_paths_of_stages_are_refused(count):
    with pytest.raises(UsageError, match="n_paths="):
        stage_path(stage_panel("north"), ROLES, until=2015, n_paths=count)


# --- bounds -------------------------------------------------------------------------------------


def shares_study(study_file, values):
    rows = [f"toys,Toys in schools,percent,share,CN,{2011 - len(values) + k},{v},a yearbook"
            for k, v in enumerate(values)]  # fmt: skip
    head = "unique_id,name,unit,kind,region,year,value,source"
    (study_file.parent / "figures.csv").write_text("\n".join([head, *rows]) + "\n")
    text = study_file.read_text().replace('unit = "units"', 'unit = "percent"')
    text = text.replace('market = "whole"\n', "")
    study_file.write_text(text.replace('"Drift", ', '"Naive", "SESDrift", '))
    return run_study(read_study(study_file))


@pytest.mark.parametrize("values", [
    (60, 70, 74, 85, 88, 93, 96, 97.5, 98.5, 99.0, 99.3), (0.4, 3, 0.2, 2, 0.3, 1.5, 0.1, 1, 0.2),
])  # fmt: skip
def test_p8_sampled_values_stay_inside_the_bounds(study_file, values):
    result = shares_study(study_file, values)
    paths = result.components["output"].paths
    assert (paths >= 0).all() and (paths <= 100).all()
    rows = only(forecasts(result), unique_id="output", model=COMBINATION)
    ends = rows[["yhat", "lo-80", "hi-80", "lo-95", "hi-95"]].to_numpy()
    assert (ends >= 0).all() and (ends <= 100).all()
    assert (rows["lo-95"] < rows["hi-95"]).all()


def test_p8_a_trend_beyond_the_bound_keeps_its_interval(study_file):
    """Straight lines would stand at 128 percent in 2015; it was 100 (80 % interval 100 to 100)."""
    result = shares_study(study_file, (50, 57, 60, 68, 71, 80, 82, 90, 92, 99))
    rows = only(forecasts(result), unique_id="output", scenario="baseline")
    assert set(rows["model"]) == {"Naive", "SESDrift", "damped", COMBINATION}
    ends = rows[["yhat", "lo-80", "hi-80", "lo-95", "hi-95"]].to_numpy()
    assert (ends >= 0).all() and (ends <= 100).all(), "models' own forecasts, too"
    assert (rows["lo-80"] < rows["hi-80"]).all() and (rows["lo-95"] < rows["lo-80"]).all()
    assert only(rows, model="SESDrift", ds=2015)["yhat"].item() == 100


def test_p8_an_interval_collapses_only_if_the_distribution_does():
    probs = (0.025, 0.1, 0.5, 0.9, 0.975)
    # Half of the distribution stands on the bound; the rest is below it, and is kept.
    quantiles = np.array([[[91.0, 95.0, 100.0, 100.0, 100.0]]])
    made = combine([Forecast(quantiles[..., 2], quantiles, probs, np.zeros(1, np.int64))] * 2,
                   (0.0, 100.0))  # fmt: skip
    assert made.mean[0, 0] == pytest.approx(100, abs=0.01)
    assert made.quantiles[0, 0, 0] == pytest.approx(91, abs=0.5) and made.quantiles.max() == 100
    point = np.full((1, 1, 5), 100.0)
    still = combine([Forecast(point[..., 2], point, probs, np.zeros(1, np.int64))], (0.0, 100.0))
    assert np.ptp(still.quantiles) < 1e-9, "what is certain stays certain"


# --- digits -------------------------------------------------------------------------------------


def test_p8_sampled_figures_have_the_digits_that_sampling_allows(study_file):
    result = run_study(read_study(study_file))
    rows = forecasts(result)
    sampled = only(rows, unique_id="region", scenario="baseline", model=COMBINATION)
    raw = result.paths["baseline"]["region"]
    for y, row in enumerate(sampled.itertuples(), start=1):
        # The spread of medians of bootstrap samples, which the error is to be near.
        generator = np.random.default_rng(1)
        medians = np.median(generator.choice(raw[:, y], (200, len(raw))), axis=1)
        assert 0.5 < row.sampling_error / medians.std() < 2
        place = 10.0 ** np.floor(np.log10(row.sampling_error))
        assert row.yhat / place == pytest.approx(round(row.yhat / place), abs=1e-6)
        assert row.yhat == pytest.approx(np.median(raw[:, y]), abs=row.sampling_error)
    known = only(rows, unique_id="share", scenario="baseline")
    assert (known["sampling_error"] == 0).all() and (known["yhat"] == 10).all()
    models = rows[rows["model"] != COMBINATION]
    assert (models["sampling_error"] == 0).all(), "models' own forecasts are not sampled"
    page = files_of(result)["report.html"].decode()
    assert re.search(r"median ± 0\.\d from 500 sample paths", page)


def test_p8_more_paths_tell_more_digits(study_file):
    study = read_study(study_file)
    few, many = (run_study(replace(study, paths=n)).at_target("region") for n in (200, 20000))
    assert many.error < few.error / 5
    digits = [len(f"{fan.point:.12g}".replace(".", "").rstrip("0")) for fan in (few, many)]
    assert digits[0] <= digits[1]


def test_p8_rounding_keeps_order_and_bounds():
    fan = Fan(2020, 99.96, {80.0: (99.949, 99.97)}, 0.3, {80.0: (0.02, 0.9)})
    made = fan.rounded(0.0, 99.99)
    assert made.point == 99.99 and made.intervals[80.0] == (99.95, 99.99)
    steps = np.random.default_rng(3).lognormal(0, 2, (300, 4))
    for year in fans(steps, np.arange(4), (50.0, 80.0, 95.0)):
        shown = year.rounded()
        assert all(low <= shown.point <= high for low, high in shown.intervals.values())
