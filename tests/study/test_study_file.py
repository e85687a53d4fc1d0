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
        ("until = 2015", "until = 4000", "study.until", "by at most 200 years"),
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
        ("points = 2", "point = 2", "scenario.0.change.0", "share_shift: "),
        ("over = 4", "over = 0", "scenario.0.change.0", "at least 1 year"),
        ("points = 2", 'points = "plan"', "scenario.0.change.0.points", "no assumption 'plan'"),
        ('market = "whole"', 'market = "hole"', "derived.region.market", "Did you mean 'whole'"),
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
