"""Running a study: identities in every path, no look-ahead, scenarios, hindsight, files."""

import csv
import io
import json
from dataclasses import replace

import numpy as np
import pytest
from rich.console import Console

from westforecast.errors import DataError, UnknownNameError, UsageError
from westforecast.report import words
from westforecast.series.frame import read_parquet
from westforecast.study import StudyError, files_of, read_study, run_study, write_study
from westforecast.study.component import COMBINATION
from westforecast.study.summary import summary


@pytest.fixture
def result(study_file):
    return run_study(read_study(study_file))


def test_identities_hold_in_every_path_of_every_scenario(result):
    for values in result.paths.values():
        region = values["output"] * values["share"] / 100
        np.testing.assert_allclose(values["region"], region, rtol=1e-12)
        np.testing.assert_allclose(values["whole"], values["output"], rtol=1e-12)
    shares = {name: set(values["share"][:, -1]) for name, values in result.paths.items()}
    assert shares == {"baseline": {10.0}, "two points more": {12.0}}


def test_the_origin_is_known_and_the_future_is_not(result):
    assert np.ptp(result.paths["baseline"]["output"][:, 0]) == 0
    assert result.paths["baseline"]["output"][0, 0] == 222 + 18  # 2010, as observed
    widths = [np.ptp(result.paths["baseline"]["output"][:, k]) for k in range(1, 6)]
    assert all(width > 0 for width in widths)
    assert widths[-1] > widths[0]


def test_paths_follow_the_combinations_law(result):
    part = result.components["output"]
    law = part.result.forecasts[COMBINATION]
    low, high = law.interval(80)
    fan = result.fan("output")
    for step in range(5):
        drawn = part.paths[:, step + 1]
        inside = ((drawn >= low[0, step]) & (drawn <= high[0, step])).mean()
        assert inside == pytest.approx(0.8, abs=2 / len(drawn))
        assert fan[step + 1].point == pytest.approx(law.mean[0, step], rel=0.005)


def test_steps_of_a_path_hang_together(result):
    paths = result.components["output"].paths
    near = np.corrcoef(paths[:, 4], paths[:, 5])[0, 1]
    far = np.corrcoef(paths[:, 1], paths[:, 5])[0, 1]
    assert near > 0.8 > far > 0.2


def test_values_after_the_origin_change_nothing_but_hindsight(study_file):
    before = run_study(read_study(study_file))
    figures = study_file.parent / "figures.csv"
    text = figures.read_text()
    assert ",2012,255," in text
    figures.write_text(text.replace(",2012,255,", ",2012,9999,").replace(",2013,270,", ",2013,1,"))
    after = run_study(read_study(study_file))
    for scenario, values in before.paths.items():
        for name, paths in values.items():
            np.testing.assert_array_equal(paths, after.paths[scenario][name])
    assert before.components["output"].record == after.components["output"].record
    assert before.hindsight != after.hindsight


def test_the_same_seed_gives_the_same_paths_and_another_does_not(study_file):
    study = read_study(study_file)
    one, two = run_study(study), run_study(study)
    other = run_study(replace(study, seed=8))
    np.testing.assert_array_equal(one.paths["baseline"]["region"], two.paths["baseline"]["region"])
    assert (one.paths["baseline"]["region"] != other.paths["baseline"]["region"]).any()


def test_a_component_does_not_depend_on_the_others(study_file):
    study = read_study(study_file)
    doubled = dict(study.components) | {
        "again": replace(study.components["output"], name="again", title="Again")
    }
    result = run_study(replace(study, components=doubled))
    alone = run_study(study)
    np.testing.assert_array_equal(
        alone.paths["baseline"]["output"], result.paths["baseline"]["output"]
    )


def test_scenarios_decompose_exactly(result):
    base = result.decompositions["baseline", "region"]
    assert (base.share, base.interaction) == (0, 0)
    assert base.start == pytest.approx(24.0)
    more = result.decompositions["two points more", "region"]
    assert more.market == pytest.approx(base.market, rel=1e-9)
    assert more.share == pytest.approx(0.02 * 240)
    assert more.market + more.share + more.interaction == pytest.approx(more.total, rel=1e-12)
    fan = result.at_target("region", "two points more")
    assert more.end == pytest.approx(fan.point, abs=fan.error), "up to the digits that are told"


def told(result, width=110):
    screen = Console(width=width, record=True, file=io.StringIO())
    screen.print(summary(result))
    return screen.export_text()


def test_a_market_may_be_a_series(study_file, result):
    study_file.write_text(study_file.read_text().replace('market = "whole"', 'market = "output"'))
    other = run_study(read_study(study_file))
    assert other.decompositions == result.decompositions


def test_a_market_that_is_a_share_is_refused(study_file):
    study_file.write_text(study_file.read_text().replace('market = "whole"', 'market = "share"'))
    with pytest.raises(StudyError, match=r"derived\.region\.market: 'share' is a share"):
        run_study(read_study(study_file))


def test_scenarios_are_shown_without_a_market_too(study_file, result):
    assert "+ share" in told(result)
    assert "share gain" in files_of(result)["report.html"].decode()
    study_file.write_text(study_file.read_text().replace('market = "whole"\n', ""))
    alone = run_study(read_study(study_file))
    assert alone.decompositions == {}
    text, page = told(alone), files_of(alone)["report.html"].decode()
    assert "Scenarios: Toys, region, units" in text
    fan = alone.at_target("region", "two points more")
    row = next(line for line in text.splitlines() if line.startswith("two points more"))
    assert words.number(fan.point) in row
    assert words.interval(*fan.intervals[80.0]) in row
    assert words.sign(fan.point - 24) in row
    assert f'<td class="n">{words.number(fan.point)}</td>' in page
    assert "+ share" not in text
    assert "share gain" not in page
    assert "market" not in page


def test_a_market_that_cannot_be_forecast_takes_only_the_split(study_file):
    """The market need not be a factor: a series of its own may fail alone."""
    figures = study_file.parent / "figures.csv"
    figures.write_text(figures.read_text() + "total,Total,units,count,CN,2010,300,a yearbook\n")
    text = study_file.read_text().replace('market = "whole"', 'market = "total"')
    study_file.write_text(text + '[series.total]\ntitle = "Total"\ndata = "total"\n'
                          'models = ["Drift"]\n')  # fmt: skip
    result = run_study(read_study(study_file))
    assert list(result.lost) == ["total"]
    assert result.decompositions == {}
    assert "Scenarios: Toys, region, units" in told(result)
    with pytest.raises(UnknownNameError, match="'total' has no forecast: every model failed"):
        result.fan("total")


def test_unknown_names_are_told_with_the_nearest(result):
    for call in (result.at_target, result.fan, result.history, result.outcomes, result.title,
                 result.unit, result.rests_on_assumption):  # fmt: skip
        with pytest.raises(UnknownNameError, match=r"no quantity 'regoin' .*mean 'region'"):
            call("regoin")
    with pytest.raises(UnknownNameError, match=r"no scenario 'two point' .*mean 'two points more'"):
        result.at_target("region", "two point")


def test_a_result_is_one_line(result):
    assert repr(result) == (
        "StudyResult 'toys': origin 2010, until 2015, 4 quantities, 2 scenarios"
    )


def test_the_best_models_stand_in_the_order_of_their_scores(study_file):
    text = study_file.read_text()
    more = '"SeasonalNaive", "InSampleMean", { label = "flat", model = "DampedLogGrowth" }, '
    study_file.write_text(text.replace('models = ["Drift", ', f'models = ["Drift", {more}'))
    study = read_study(study_file)
    table = told(run_study(study)).split("Record before")[1].splitlines()
    assert "best 4 of 5 models" in table[0]
    rows = [line.split() for line in table[3:9]]
    scores = [float(row[2]) for row in rows[:4]]
    assert scores == sorted(scores)
    assert [row[0] for row in rows[4:]] == ["Naive", "combination"]


def test_a_model_that_never_answered_before_the_origin_costs_only_its_own_record(study_file):
    """A season of 13 years: the origin has as many, the past fewer."""
    text = study_file.read_text()
    model = '{ label = "seasonal", model = "SeasonalNaive", season_length = 13 }'
    study_file.write_text(text.replace('models = ["Drift", ', f'models = ["Drift", {model}, '))
    part = (result := run_study(read_study(study_file))).components["output"]
    assert {row["model"] for row in part.record} == {"Naive", "Drift", "damped", COMBINATION}
    assert all(row["n"] > 10 for row in part.record)
    assert "Toys, nation: seasonal gave no forecast before 2010: left out of the record" in (
        result.notes
    )
    best = replace(result.study.components["output"], combine="best")
    study = replace(result.study, components={**result.study.components, "output": best})
    weights = run_study(study).components["output"].weights
    assert weights["seasonal"] == 0
    assert sum(weights.values()) == 1


def test_hindsight_holds_each_model_against_what_came(result):
    models = {row.model for row in result.hindsight if row.series == "output"}
    assert models == {"Naive", "Drift", "damped", COMBINATION}
    naive = {r.year: r for r in result.hindsight if (r.series, r.model) == ("output", "Naive")}
    assert sorted(naive) == [2011, 2012, 2013]
    assert naive[2013].forecast == 240
    assert naive[2013].error == pytest.approx((240 - 270) / 270)
    for row in naive.values():
        assert set(row.hit) == {80.0, 95.0}
        assert row.hit[80.0] in (True, False)
    assert not any(row.series == "region" for row in result.hindsight), (
        "an assumption is no outcome"
    )
    assert any(row.series == "whole" for row in result.hindsight)


def test_the_record_compares_models_before_the_origin_only(result):
    part = result.components["output"]
    assert {row["model"] for row in part.record} == {"Naive", "Drift", "damped", COMBINATION}
    assert len({row["n"] for row in part.record}) == 1, "all models on the same cells"
    windows = part.backtest.plan.windows
    assert windows.cutoff.max() == 2009
    assert windows.cutoff.min() == 2001  # the year of the fourth value
    assert part.weights == {"Naive": 0.0, "Drift": 0.5, "damped": 0.5}


def test_best_takes_one_model(study_file):
    study = read_study(study_file)
    best = replace(study.components["output"], combine="best")
    result = run_study(replace(study, components={**study.components, "output": best}))
    weights = result.components["output"].weights
    record = {r["model"]: r["mase"] for r in result.components["output"].record}
    chosen = min(("Drift", "damped"), key=record.__getitem__)
    assert weights[chosen] == 1.0
    assert sum(weights.values()) == 1.0


def test_early_origins_say_what_is_missing(study_file):
    study = read_study(study_file)
    with pytest.raises(DataError, match=r"every model failed .*2 needed"):
        run_study(replace(study, origin=1998))
    with pytest.raises(UsageError, match=r"outside the data .* which span 1998 to 2013"):
        run_study(replace(study, origin=1990))
    short = run_study(replace(study, origin=2000))
    assert "too few to compare models" in short.notes[0]
    assert short.components["output"].record == ()
    assert summary(short) is not None


def test_an_origin_after_the_last_value_forecasts_from_there(study_file):
    study = replace(read_study(study_file), origin=2012, until=2016)
    figures = study_file.parent / "figures.csv"
    kept = [line for line in figures.read_text().splitlines() if ",2012," not in line]
    figures.write_text("\n".join(kept) + "\n")
    result = run_study(study)
    assert result.components["output"].cutoff == 2011
    assert np.ptp(result.paths["baseline"]["output"][:, 0]) > 0, "2012 is not known"


def test_a_failing_model_is_recorded_and_left_out(study_file):
    text = study_file.read_text()
    study_file.write_text(text.replace('models = ["Drift"', 'models = ["Drift", "SeasonalNaive"'))
    figures = study_file.parent / "figures.csv"
    kept = [line for line in figures.read_text().splitlines() if ",2003," not in line]
    figures.write_text("\n".join(kept) + "\n")
    result = run_study(read_study(study_file))
    assert [failure[:3] for failure in result.failures] == [
        ("output", "SeasonalNaive", "missing_values")
    ]
    assert result.components["output"].weights["SeasonalNaive"] == 0.0
    rows = list(csv.DictReader(io.StringIO(files_of(result)["forecasts.csv"].decode("utf-8-sig"))))
    failed = [row for row in rows if row["model"] == "SeasonalNaive"]
    assert len(failed) == 5
    assert {row["status"] for row in failed} == {"missing_values"}
    assert {row["yhat"] for row in failed} == {""}


@pytest.mark.parametrize(
    ("old", "new", "key", "told"),
    [
        ('data = "toys"', 'data = "toy"', "series.output.data", "Did you mean 'toys'"),
        ('["Drift"', '["Drif"', "series.output.models", "Did you mean 'Drift'"),
        ("damping = 0.9", "dampin = 0.9", "series.output.models", "dampin"),
        ("damping = 0.9", "damping = 9", "series.output.models", "0 < damping <= 1"),
        ('title = "Toys, nation"', 'title = "Toys, nation"\nbenchmark = "Naiv"',
         "series.output.benchmark", "Did you mean 'Naive'"),
        ("points = 2", "points = 95", "scenario.0", "leaves 0 to 100"),
        ('title = "Toys, region"\nunit = "units"', 'title = "Toys, region"\nunit = "CNY bn"',
         "derived.region.unit", "stated in CNY (CNY bn), but made of parts it is in units"),
    ],
)  # fmt: skip
def test_what_only_the_data_tell_names_its_key_and_line(study_file, old, new, key, told):
    text = study_file.read_text()
    assert old in text
    study_file.write_text(text.replace(old, new))
    with pytest.raises(StudyError) as caught:
        run_study(read_study(study_file))
    assert told in str(caught.value)
    assert caught.value.key == key
    assert caught.value.line > 0


def test_an_assumed_share_of_more_than_the_whole_is_refused(study_file):
    assumed = study_file.parent / "assumed.csv"
    assumed.write_text(assumed.read_text().replace(",10,", ",900,"))
    with pytest.raises(StudyError, match=r"share is 900 percent; 0 to 100 expected"):
        run_study(read_study(study_file))


def test_components_are_drawn_independently(study_file):
    study = read_study(study_file)
    two = {**study.components, "again": replace(study.components["output"], name="again")}
    paths = run_study(replace(study, components=two)).paths["baseline"]
    between = np.corrcoef(paths["output"][:, 3], paths["again"][:, 3])[0, 1]
    assert abs(between) < 0.15
    np.testing.assert_allclose(np.sort(paths["output"][:, 3]), np.sort(paths["again"][:, 3]))


def test_sampled_values_set_to_a_bound_are_counted(study_file, monkeypatch):
    figures = study_file.parent / "figures.csv"
    rows = figures.read_text().splitlines()
    values = (90, 40, 70, 30, 60, 20, 50, 12, 30, 8, 20, 5, 3)
    falling = [
        f"toys,Toys made,units,count,CN,{1998 + k},{v},a yearbook" for k, v in enumerate(values)
    ]
    figures.write_text("\n".join([rows[0], *falling]) + "\n")
    result = run_study(read_study(study_file))
    part = result.components["output"]
    share = (part.paths[:, 1:] == 0).mean()
    assert share > 0.02
    assert part.at_bound == pytest.approx(share)
    assert any("stand at the bound of 0" in note for note in result.notes)
    monkeypatch.setattr("westforecast.study.run.SEEN", part.at_bound + 0.001)
    rare = run_study(read_study(study_file))
    assert not any("at the bound" in note for note in rare.notes), "no remark of 0.0 %"


def test_the_horizon_of_the_record_is_the_files(study_file):
    result = run_study(read_study(study_file))
    assert {row["horizon"] for row in result.components["output"].by_horizon} == {1, 2, 3}


def test_a_series_published_late_is_known_late(study_file):
    """With a lag of 2, what is known in 2010 ends in 2008; 2009 and 2010 are outcomes."""
    figures = study_file.parent / "figures.csv"
    head, *rows = figures.read_text().splitlines()
    late = [head + ",publication_lag", *(row + ",2" for row in rows)]
    figures.write_text("\n".join(late) + "\n")
    result = run_study(read_study(study_file))
    part = result.components["output"]
    assert part.cutoff == 2008
    assert max(part.observed) == 2008
    assert min(part.outcomes) == 2009
    assert part.backtest.plan.windows.cutoff.max() == 2007
    naive = [row for row in result.hindsight if row.model == "Naive"]
    assert min(row.year for row in naive) == 2009
    assert {row.horizon for row in naive if row.year == 2011} == {3}


def test_an_outcome_of_zero_and_a_study_without_data_are_no_trouble(study_file):
    figures = study_file.parent / "figures.csv"
    figures.write_text(figures.read_text().replace(",2012,255,", ",2012,0,"))
    assert files_of(run_study(read_study(study_file)))["report.html"]
    text = study_file.read_text()
    a, b = text.index("[series.output]"), text.index("[series.share]")
    text = (text[:a] + text[b:]).replace('["output", "share"]', '["share"]')
    study_file.write_text(text.replace('["output"]', '["share"]').replace('"units"', '"percent"'))
    alone = run_study(read_study(study_file))
    assert summary(alone) is not None
    assert files_of(alone)["report.html"]


def test_files_are_complete_and_agree(result, tmp_path):
    out = tmp_path / "out"
    written = {path.name for path in write_study(result, out)}
    assert written == {"report.html", "forecasts.csv", "forecasts.parquet", "scores.csv",
                       "iamc.csv", "manifest.json"}  # fmt: skip
    rows = list(csv.DictReader(io.StringIO((out / "forecasts.csv").read_text("utf-8-sig"))))
    assert len(rows) == read_parquet(out / "forecasts.parquet").rows
    at = {(r["unique_id"], r["scenario"], r["model"], r["ds"]): float(r["yhat"]) for r in rows}
    assert at["region", "baseline", COMBINATION, "2015"] == result.at_target("region").point
    # Untouched series are not repeated under each scenario.
    assert ("output", "two points more", COMBINATION, "2015") not in at
    manifest = json.loads((out / "manifest.json").read_text())
    assert manifest["seed"] == 7
    assert manifest["components"]["output"]["models"]["damped"].startswith("DampedLogGrowth(")
    assert len(manifest["data"]["sha256"]) == 64
    page = (out / "report.html").read_text()
    assert page.count("<svg") == 3
    assert "http://" not in page.replace("http://www.w3.org/", "")
    assert "https://" not in page


def test_the_page_escapes_what_people_wrote(study_file):
    text = study_file.read_text().replace('"The plan says so."', '"<script>alert(1)</script>"')
    study_file.write_text(text)
    page = files_of(run_study(read_study(study_file)))["report.html"].decode()
    assert "<script>" not in page
    assert "&lt;script&gt;alert(1)" in page


def test_claims_are_computed_by_a_function_of_the_study(study_file, monkeypatch, tmp_path):
    (tmp_path / "toy_claims.py").write_text(
        "from westforecast.study import Claim\n"
        "def check(figure, assumption):\n"
        "    found = str(figure('toys', 2005) * assumption('share') / 100)\n"
        "    return [Claim(id='A', phrase='p', stated='s', check='c', found=found,\n"
        "                  verdict='confirmed', source='toys')]\n"
    )
    monkeypatch.syspath_prepend(tmp_path)
    study = replace(read_study(study_file), claims="toy_claims:check")
    assert run_study(study).claims[0].found == "17.0"
    with pytest.raises(StudyError, match=r"cannot check claims with 'toy_claims:chek'"):
        run_study(replace(study, claims="toy_claims:chek"))


def test_a_quantity_without_data_takes_only_what_rests_on_it(study_file):
    figures = study_file.parent / "figures.csv"
    figures.write_text(figures.read_text() + "price,Price,CNY,price,CN,2010,3.5,a yearbook\n")
    more = """
[series.price]
title = "Price"
data = "price"
models = ["Drift"]

[derived.value]
title = "Toys in yuan"
unit = "CNY"
product = ["region", "price"]
headline = true

[[scenario]]
name = "dearer"
reason = "Wages rise."
change = [{ op = "multiply", series = "price", factor = 1.5 }]
"""
    study_file.write_text(study_file.read_text() + more)
    result = run_study(read_study(study_file))
    assert list(result.lost) == ["price"]
    assert [d.name for d in result.study.headlines] == ["region"]
    assert list(result.paths) == ["baseline", "two points more"], "its scenario went with it"
    assert result.failures[0][:3] == ("price", "all models", "failed")
    assert "1 observed values, 2 needed" in result.failures[0][3]
    assert json.loads(files_of(result)["manifest.json"])["failures"][0]["series"] == "price"
