"""A study file: what it says, and errors that name the key and its line."""

import pytest

from westforecast.errors import UsageError
from westforecast.study import StudyError, read_study


def change(study_file, old, new, count=1):
    """The study file with a piece of its text replaced."""
    text = study_file.read_text()
    assert text.count(old) >= 1, old
    study_file.write_text(text.replace(old, new, count))
    return study_file


def test_a_study_is_read(study_file):
    study = read_study(study_file)
    assert (study.origin, study.until, study.levels) == (2010, 2015, (80.0, 95.0))
    assert list(study.components) == ["output", "share"]
    assert study.components["output"].models["damped"] == {
        "model": "DampedLogGrowth",
        "damping": 0.9,
    }
    assert [s.name for s in study.scenarios] == ["baseline", "two points more"]
    assert [d.name for d in study.headlines] == ["region"]


def line_of(study_file, text):
    lines = study_file.read_text().splitlines()
    return next(i for i, line in enumerate(lines, start=1) if text in line)


@pytest.mark.parametrize(
    ("old", "new", "key", "told"),
    [
        ("until = 2015", "until = 2009", "study.until", "2009 is not after origin 2010"),
        ("origin = 2010\n", "", "study.origin", "is missing"),
        ("origin = 2010", "orign = 2010", "study.orign", "did you mean 'origin'?"),
        ("until = 2015", "until = 4000", "study.until",
         "4000 is more than 200 years after origin 2010"),
        ('unit = "units"\nproduct = ["output", "share"]',
         'unit = "units"\nmultiplier = 0\nproduct = ["output", "share"]',
         "derived.region.multiplier", "above 0 expected"),
        ("points = 2", "points = nan", "scenario.0.change.0.points", "a finite number expected"),
        ('name = "two points more"', 'name = "baseline"', "scenario.0.name", "a second scenario"),
        ('label = "damped"', 'label = "combination"', "series.output.models", "no model can be"),
        ("origin = 2010", 'origin = "2010"', "study.origin", "'2010' found, a whole number"),
        ("seed = 7", "sead = 7", "study.sead", "Did you mean 'seed'"),
        ("levels = [80, 95]", "levels = [0.95]", "study.levels", "Did you mean 95"),
        ("levels = [80, 95]", 'levels = "80"', "study.levels", "a list of numbers expected"),
        ("h = 3", "h = 0", "backtest.h", "at least 1 expected"),
        ('data = "toys"', 'data = "toys"\nassumption = "share"', "series.output", "exactly one of"),
        ('assumption = "share"', 'assumption = "shard"', "series.share.assumption",
         "Did you mean 'share'"),
        ('op = "share_shift"', 'op = "shareshift"', "scenario.0.change.0.op",
         "Did you mean 'share_shift'"),
        ('series = "share", points', 'series = "sharp", points', "scenario.0.change.0.series",
         "Did you mean 'share'"),
        ("points = 2", "point = 2", "scenario.0.change.0.point",
         "is not a key of share_shift. Did you mean 'points'?"),
        ("points = 2, ", "", "scenario.0.change.0.points", "is missing; share_shift needs it"),
        ("over = 4", "over = 2.5", "scenario.0.change.0.over", "a whole number expected"),
        ("over = 4", 'shape = "s"', "scenario.0.change.0", "shape='s' found"),
        ("over = 4", "start = 2009", "scenario.0.change.0", "start=2009 found"),
        ("over = 4", 'date = "March"', "scenario.0.change.0", "an ISO date expected"),
        ("over = 4", "over = 0", "scenario.0.change.0", "at least 1 year"),
        ("points = 2", 'points = "plan"', "scenario.0.change.0.points", "no assumption 'plan'"),
        ('market = "whole"', 'market = "hole"', "derived.region.market", "Did you mean 'whole'"),
        ('market = "whole"', 'market = "outptu"', "derived.region.market",
         "neither a series nor derived. Did you mean 'output'"),
        ('product = ["output", "share"]', 'product = ["outputs", "share"]',
         "derived.region.product", "Did you mean 'output'"),
        ('product = ["output"]', 'product = ["whole"]', "derived.region.product",
         "need each other: whole"),
        ('product = ["output"]', "product = []", "derived.whole.product", "is empty"),
        ("headline = true", "headline = 1", "derived.region.headline", "true or false expected"),
        ("[derived.whole]", "[derived.output]", "derived.output", "is a series already"),
        ('models = ["Drift", {', 'models = ["damped", {', "series.output.models",
         "two models are called 'damped'"),
        ('reason = "The plan says so."\n', "", "scenario.0.reason", "is missing"),
    ],
)  # fmt: skip
def test_errors_name_the_key(study_file, old, new, key, told):
    change(study_file, old, new)
    with pytest.raises(StudyError) as caught:
        read_study(study_file)
    assert told in str(caught.value)
    assert caught.value.key == key
    assert str(caught.value).startswith("toys.toml, line ")


def test_errors_name_the_line(study_file):
    change(study_file, "until = 2015", "until = 2009")
    with pytest.raises(StudyError) as caught:
        read_study(study_file)
    assert caught.value.line == line_of(study_file, "until = 2009")


def test_an_error_inside_a_scenario_names_its_line(study_file):
    change(study_file, 'series = "share", points', 'series = "sharp", points')
    with pytest.raises(StudyError) as caught:
        read_study(study_file)
    assert caught.value.line == line_of(study_file, "change = [")


def test_broken_toml_names_its_line(study_file):
    change(study_file, "until = 2015", "until = = 2015")
    with pytest.raises(StudyError, match="not valid TOML") as caught:
        read_study(study_file)
    assert caught.value.line == line_of(study_file, "until = = 2015")


def test_a_text_in_the_assumptions_names_its_line(study_file):
    assumed = study_file.parent / "assumed.csv"
    assumed.write_text(assumed.read_text().replace(",10,", ",ten,"))
    with pytest.raises(StudyError, match="line 2, share: value 'ten' is not a number"):
        read_study(study_file)


def test_an_assumption_given_twice_is_refused(study_file):
    assumed = study_file.parent / "assumed.csv"
    assumed.write_text(assumed.read_text() + "share,Share,,20,percent,,again,a text\n")
    with pytest.raises(StudyError, match="line 3, share: a second assumption 'share'"):
        read_study(study_file)


def test_a_study_may_begin_with_a_byte_order_mark(study_file):
    study_file.write_text("\ufeff" + study_file.read_text(), encoding="utf-8")
    assert read_study(study_file).name == "toys"


def test_missing_files_are_named(study_file, tmp_path):
    with pytest.raises(UsageError, match=r"no\.such\.toml"):
        read_study(tmp_path / "no.such.toml")
    (tmp_path / "assumed.csv").unlink()
    with pytest.raises(UsageError, match=r"no file .*assumed\.csv"):
        read_study(study_file)


# --- scenarios in full, low / medium / high, targets ---------------------------------------------

PLANS = """
[[scenario]]
name = "cooler"
reason = "A boom ends."
author = "Ann"
date = 2011-03-31

[[scenario.change]]
op = "growth"
series = "output"
rate = { 2011 = 0.05, 2012 = "slow" }

[[scenario.change]]
op = "override"
series = "share"
values = { 2013 = 12, 2015 = 14 }
fill = "linear"
author = "Bo"
reason = "Published since."

[[scenario]]
name = "all"
reason = "Both at once."
stack = ["cooler", "two points more"]

[[outlook]]
series = "output"
low = 0.02
medium = 0.06
high = 0.1
reason = { low = "Half.", medium = "As the economy.", high = "Twice." }

[[target]]
quantity = "region"
year = 2015
at_least = 40
reason = "The plan."
source = "A plan."
history = { region = "CN", kind = ["count"] }

[[target]]
quantity = "share"
year = 2014
at_most = "share"
reason = "A limit."
"""
SLOW = "slow,Slow growth,,0.01,fraction,,a guess,a text\n"


@pytest.fixture
def plans(study_file):
    """The small study with every kind of plan."""
    study_file.write_text(study_file.read_text() + PLANS)
    assumed = study_file.parent / "assumed.csv"
    assumed.write_text(assumed.read_text() + SLOW)
    return study_file


def test_plans_are_read(plans):
    study = read_study(plans)
    names = [scenario.name for scenario in study.scenarios]
    assert names == ["baseline", "two points more", "cooler", "all", "low", "medium", "high"]
    cooler, both = study.scenarios[2:4]
    assert (cooler.author, cooler.date) == ("Ann", "2011-03-31")
    assert cooler.changes[0].rate == {2011: 0.05, 2012: 0.01}
    assert [c.op for c in both.changes] == ["growth", "override", "share_shift"]
    assert [c.author for c in both.changes] == ["Ann", "Bo", ""]
    assert [c.reason for c in both.changes] == ["A boom ends.", "Published since.",
                                                "The plan says so."]  # fmt: skip
    assert study.outlook.rows[0].why("high") == "Twice."
    first, second = study.aims
    assert (first.goal.value, first.goal.at_least, first.goal.source) == (40, True, "A plan.")
    assert first.history == {"region": ("CN",), "kind": ("count",)}
    assert (second.goal.value, second.goal.at_least, second.history) == (10, False, {})


@pytest.mark.parametrize(
    ("old", "new", "key", "told", "line"),
    [
        ('"slow" }', '"slo" }', "scenario.1.change.0.rate.2012", "no assumption 'slo'", "rate ="),
        ("2012 =", "soon =", "scenario.1.change.0.rate.soon", "is no year", "rate ="),
        ("{ 2011 = 0.05, 2012 = \"slow\" }", "5", "scenario.1.change.0", "0.08 for 8 percent",
         '[[scenario.change]]'),
        ("2015 = 14", "2025 = 14", "scenario.1.change.1", "from 2011 to 2015", None),
        ("values = { 2013 = 12, 2015 = 14 }", "values = 12", "scenario.1.change.1.values",
         "12 found, { 2015 = 30.0, ... } expected", "values ="),
        ('"linear"', '"lines"', "scenario.1.change.1", "fill='lines' found", None),
        ("date = 2011-03-31", 'date = "31.3."', "scenario.1", "an ISO date expected", None),
        ('["cooler", "two', '["coler", "two', "scenario.2.stack", "Did you mean 'cooler'",
         "stack ="),
        ('stack = ["cooler", "two points more"]', "", "scenario.2.change", "is missing", None),
        ("low = 0.02", "low = 0.2", "outlook.0", "rising rates expected", "[[outlook]]"),
        ("low = 0.02", "", "outlook.0.low", "is missing", "[[outlook]]"),
        ('low = "Half.", ', "", "outlook.0.reason.low", "is missing", "reason = {"),
        ('name = "all"', 'name = "low"', "scenario.2.name",
         "a second scenario 'low'; names are unique; [[outlook]] makes low", 'name = "low"'),
        ('quantity = "region"', 'quantity = "regoin"', "target.0.quantity",
         "Did you mean 'region'", "quantity ="),
        ("year = 2015\nat_least", "year = 2016\nat_least", "target.0.year",
         "from 2011 to 2015", "year = 2016"),
        ("at_least = 40", "value = 40", "target.0", "exactly one of `at_least`", "[[target]]"),
        ("at_least = 40", "at_least = 40\nvalue = 40", "target.0.value", "is not a key here",
         "value = 40"),
        ('region = "CN"', 'regin = "CN"', "target.0.history", "Did you mean 'region'",
         "history ="),
        ('reason = "A limit."\n', "", "target.1.reason", "is missing", None),
    ],
)  # fmt: skip
def test_errors_of_plans_name_key_and_line(plans, old, new, key, told, line):
    change(plans, old, new)
    with pytest.raises(StudyError) as caught:
        read_study(plans)
    assert told in str(caught.value)
    assert caught.value.key == key
    assert caught.value.line > line_of(plans, "[[scenario]]")
    if line is not None:
        assert line in plans.read_text().splitlines()[caught.value.line - 1]


@pytest.mark.parametrize(
    ("old", "new", "place"),
    [
        (
            '"slow" }',
            '"slo" }',
            ", scenario 'cooler', scenario.1.change.0.rate.2012: no assumption",
        ),
        ("low = 0.02", "low = 0.2", ", outlook 'output', outlook.0: output: low 0.2"),
        (
            "year = 2015\nat_least",
            "year = 2016\nat_least",
            ", target 'region', target.0.year: 2016",
        ),
    ],
)
def test_errors_call_items_of_lists_by_their_names(plans, old, new, place):
    """Nobody counts scenarios from nought."""
    change(plans, old, new)
    with pytest.raises(StudyError) as caught:
        read_study(plans)
    assert place in str(caught.value)


def test_the_cases_of_the_outlook_can_be_stacked_on(plans):
    change(plans, 'stack = ["cooler", "two points more"]', 'stack = ["high", "two points more"]')
    study = read_study(plans)
    assert [s.name for s in study.scenarios][3:] == ["all", "low", "medium", "high"]
    both, high = study.scenarios[3], study.scenarios[-1]
    assert both.changes[:1] == high.signed
    assert [c.op for c in both.changes] == ["growth", "share_shift"]


def test_an_elasticity_names_a_series_as_its_driver(plans):
    change(plans, 'op = "override"', 'op = "elasticity"')
    change(plans, "values = { 2013 = 12, 2015 = 14 }\nfill = \"linear\"",
           'driver = "otput"\nelasticity = 0.5')  # fmt: skip
    with pytest.raises(StudyError, match=r"change\.1\.driver: 'otput' is no series\. Did you mean"):
        read_study(plans)


def test_lines_of_nested_lists_are_found(plans):
    text = plans.read_text().replace('fill = "linear"', "fill = 1")
    plans.write_text(text)
    with pytest.raises(StudyError) as caught:
        read_study(plans)
    assert caught.value.line == line_of(plans, "fill = 1")
