"""Texts of units are read as one size and one dimension, or left alone."""

import pickle
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from westforecast import Indicator, Panel
from westforecast.errors import DataError, UsageError
from westforecast.series.units import (
    COUNTS,
    CURRENCIES,
    MEASURES,
    NUMBERS,
    SIZES,
    power,
    read_unit,
    times,
    words_of,
)

SIZED = [
    ("万台", 1e4, "units"), ("亿元", 1e8, "CNY"), ("万人", 1e4, "persons"), ("亿美元", 1e8, "USD"),
    ("万吨", 1e4, "tonnes"), ("千瓦时", 1, "kWh"), ("亿千瓦时", 1e8, "kWh"),
    ("千人", 1e3, "persons"),
    ("万亿元", 1e12, "CNY"), ("十亿美元", 1e9, "USD"), ("百万吨", 1e6, "tonnes"),
    ("万人次", 1e4, "visits"),
    ("万千瓦", 1e4, "kW"), ("万台（套）", 1e4, "units"), ("亿元（当年价）", 1e8, "CNY"),
    ("元（亿）", 1e8, "CNY"),
    ("亿元人民币", 1e8, "CNY"), ("億元", 1e8, "CNY"),
    ("万吨标准煤", 1e4, "tonnes of coal equivalent"),
    ("产值（亿元）", 1e8, "CNY"), ("万颗", 1e4, "颗"), ("１００ mn ＣＮＹ", 1e8, "CNY"),
    ("100 mn CNY", 1e8, "CNY"), ("CNY 100 mn", 1e8, "CNY"), ("100 million yuan", 1e8, "CNY"),
    ("(100 mn yuan)", 1e8, "CNY"), ("RMB100mn", 1e8, "CNY"), ("bn USD", 1e9, "USD"),
    ("billion US dollars", 1e9, "USD"), ("US$bn", 1e9, "USD"), ("USD (millions)", 1e6, "USD"),
    ("US dollar, Millions", 1e6, "USD"), ("mio EUR", 1e6, "EUR"), ("Mrd. EUR", 1e9, "EUR"),
    ("k€", 1e3, "EUR"), ("kEUR", 1e3, "EUR"), ("£m", 1e6, "GBP"), ("100m yuan", 1e8, "CNY"),
    ("10k persons", 1e4, "persons"), ("thousand persons", 1e3, "persons"),
    ("Persons, thousands", 1e3, "persons"), ("tens of thousands of persons", 1e4, "persons"),
    ("10 000 persons", 1e4, "persons"), ("10,000 persons", 1e4, "persons"),
    ("10\u202f000 persons", 1e4, "persons"), ("1e4 units", 1e4, "units"), ("10^8 CNY", 1e8, "CNY"),
    ("10⁸ CNY", 1e8, "CNY"), ("10**8 CNY", 1e8, "CNY"), ("million tonnes", 1e6, "tonnes"),
    ("'000 tonnes", 1e3, "tonnes"), ("INR crore", 1e7, "INR"), ("млн руб", 1e6, "RUB"),
    ("mn 2017 USD", 1e6, "USD"), ("constant 2015 USD", 1, "USD"), ("2017 PPP USD", 1, "USD PPP"),
    ("GDP (100 million yuan)", 1e8, "CNY"), ("t CO2", 1, "tonnes"), ("widgets", 1, "widget"),
    ("million widgets", 1e6, "widget"), ("CNY/unit", 1, "CNY per unit"),
    ("元／台", 1, "CNY per unit"),
    ("1000 CNY per unit", 1e3, "CNY per unit"), ("yuan per capita", 1, "CNY per person"),
    ("CNY a head", 1, "CNY per person"), ("元/(人·年)", 1, "CNY per person"),
    ("万台/年", 1e4, "units"), ("元每台", 1, "CNY per unit"), ("CNY·unit⁻¹", 1, "CNY per unit"),
    ("chain linked volumes (2010), million euro", 1e6, "EUR"), ("2010年亿元", 1e8, "CNY"),
    ("人均元", 1, "CNY per person"), ("百万円", 1e6, "JPY"), ("score (0-100)", 1, "score"),
    ("local currency per USD", 1, "local currency per USD"), ("years", 1, "years"),
    # brackets
    ("人民币（亿元）", 1e8, "CNY"), ("人口（万人）", 1e4, "persons"),
    ("户(万户)", 1e4, "households"),
    ("元（万元）", 1e4, "CNY"), ("吨（万吨）", 1e4, "tonnes"), ("万（台）", 1e4, "units"),
    ("亿（元）", 1e8, "CNY"), ("百万（人）", 1e6, "persons"),
    ("thousands (persons)", 1e3, "persons"),
    ("Million (EUR)", 1e6, "EUR"), ("1000 (persons)", 1e3, "persons"),
    ("10^8 (CNY)", 1e8, "CNY"),
    ("'000 (t)", 1e3, "tonnes"), ("USD (mn USD)", 1e6, "USD"),
    ("USD (M)", 1e6, "USD"), ("k (USD)", 1e3, "USD"),
    ("RMB (100 million yuan)", 1e8, "CNY"), ("Passengers (million persons)", 1e6, "persons"),
    ("从业人员（万人）", 1e4, "workers"), ("vehicles (10,000 units)", 1e4, "vehicles"),
    ("总人口(年末)(万人)", 1e4, "persons"), ("人口（万人，年末）", 1e4, "persons"),
    ("Population (aged 15+) (thousand persons)", 1e3, "persons"),
    ("widgets (million widgets)", 1e6, "widget"), ("产量（万颗）", 1e4, "颗"),
    ("元（万元/人）", 1e4, "CNY per person"), ("per person (万元)", 1e4, "CNY per person"),
    # runs and spellings
    ("产量万台", 1e4, "units"), ("机床万台", 1e4, "units"), ("2010年价亿元", 1e8, "CNY"),
    ("标准煤万吨", 1e4, "tonnes of coal equivalent"), ("万吨SCE", 1e4, "tonnes of coal equivalent"),
    ("万台/套", 1e4, "units"), ("1000s of units", 1e3, "units"), ("千台时", 1e3, "machine hours"),
]  # fmt: skip


@pytest.mark.parametrize(("text", "multiplier", "dimension"), SIZED)
def test_size_and_dimension_of_a_text(text, multiplier, dimension):
    unit = read_unit(text)
    assert (unit.multiplier, words_of(unit.dimension)) == (multiplier, dimension)
    assert not unit.doubt
    assert unit.scale == 1
    assert Indicator(id="a", unit=text).multiplier == multiplier


@pytest.mark.parametrize(
    ("text", "multiplier", "factor", "dimension"),
    [
        ("%", 1, 0.01, ()), ("percent", 1, 0.01, ()),
        ("per cent", 1, 0.01, ()), ("％", 1, 0.01, ()),
        ("% of GDP", 1, 0.01, ()), ("百分点", 1, 0.01, ()), ("‰", 1, 0.001, ()), ("1", 1, 1, ()),
        ("basis points", 1, 1e-4, ()), ("fraction", 1, 1, ()), ("index (2010=100)", 1, 0.01, ()),
        ("2005 = 1", 1, 1, ()), ("上年=100", 1, 0.01, ()),
        ("以上年为100", 1, 0.01, ()), ("100=2010", 1, 0.01, ()), ("per 1000", 1, 0.001, ()),
        ("units per 1000 persons", 1, 0.001, (("persons", -1), ("units", 1))),
        ("万元/万人", 1e4, 1, (("CNY", 1), ("persons", -1))),
        ("persons/km2", 1, 1e-6, (("m2", -1), ("persons", 1))),
        ("GWh", 1, 1e6, (("kWh", 1),)), ("kt", 1, 1e3, (("tonnes", 1),)),
        ("亿吨公里", 1e8, 1e11, (("m", 1), ("tonnes", 1))),
        ("", 1, 1, None), ("百万", 1e6, 1e6, None), ("millions", 1e6, 1e6, None),
        ("index 0-100", 1, 1, None), ("per 1000 persons", 1, 0.001, None),
    ],
)  # fmt: skip
def test_what_a_stored_unit_is_worth(text, multiplier, factor, dimension):
    unit = read_unit(text)
    assert unit.multiplier == multiplier
    assert unit.factor == pytest.approx(factor, rel=1e-12)
    assert unit.dimension == dimension


@pytest.mark.parametrize(
    "text",
    ["mnemonics", "PM10", "PM2.5", "千里马", "crowns", "m", "m2", "t",
     "bns", "Unknown thing",
     "kiloton of tea leaves", "G20"],
)  # fmt: skip
def test_no_size_is_read_into_other_words(text):
    assert read_unit(text).factor == 1


@pytest.mark.parametrize(
    ("text", "word"),
    [("M", "M"), ("K", "K"), ("B", "B"), ("M persons", "M"), ("K units", "K"), ("100m", "m"),
     ("MT", "MT"), ("mil EUR", "mil"), ("USD T", "T"), ("10.000 persons", "10.000"),
     ("2000 units", "2000"), ("USD t", "USD and tonnes"), ("zillion CNY", "zillion"),
     ("万能机床", "万能机床"),
     ("machines (M)", "M"), ("M (persons)", "M"), ("五百万(元)", "五百万"),
     ("persons (tisíc)", "tisíc"), ("GDP (TEUR)", "TEUR"),
     ("Employees (mn USD)", "mn USD"), ("¥(亿元)", "亿元"),
     ("约万台", "约万台"), ("五百万元", "五百万元"), ("两万台", "两万台"), ("拾亿元", "拾亿元"),
     ("千颗", "千颗"), ("TEUR", "TEUR"), ("тысяч", "тысяч"), ("milhões", "milhões"),
     ("mld Kč", "mld"), ("1⁄2 mn", "1⁄2 mn")],
)  # fmt: skip
def test_what_may_mean_several_things_is_a_unit_of_its_own(text, word):
    unit = read_unit(text)
    assert unit.doubt == word
    assert unit.factor == 1
    assert unit.dimension == ((text, 1),)
    # A multiplier that is given decides.
    assert Indicator(id="a", unit=text, multiplier=1e6).factor == 1e6


def test_two_sizes_in_one_text_are_refused():
    with pytest.raises(UsageError, match=r"'million USD \(thousand\)' states two sizes"):
        read_unit("million USD (thousand)")
    assert read_unit("million USD (millions)").multiplier == 1e6


@pytest.mark.parametrize(
    "text",
    ["5", "3.5", "-3", "101,5", "10,5", ".5", "0.5", "1e-3", "10^-5", "1e999", "2010", "500", "5%"],
)
def test_a_number_that_is_no_size_is_no_unit(text):
    with pytest.raises(UsageError, match=r"a number, .*decimal comma makes two columns of one"):
        Indicator(id="a", unit=text)


@pytest.mark.parametrize(("text", "size"), [("1", 1), ("10", 10), ("10 000", 1e4), ("1e4", 1e4)])
def test_powers_of_ten_are_sizes(text, size):
    assert read_unit(text).multiplier == size


def test_a_decimal_comma_in_a_table_is_no_unit(tmp_path):
    (tmp_path / "a.csv").write_text("unique_id,ds,y,unit\na,2001,101,5\na,2002,102,5\n")
    with pytest.raises(DataError, match="decimal comma"):
        Panel.from_csv(tmp_path / "a.csv")


@pytest.mark.parametrize(
    ("unit", "multiplier"),
    [("fraction", 100), ("2010=100", 100), ("人民币（亿元）", 1e4), ("per 1000", 10),
     ("万台", 1e8), ("万台", 1), ("亿元", 1e4), ("100 mn CNY", 1e6), ("%", 100), ("millions", 1e3)],
)  # fmt: skip
def test_a_multiplier_that_contradicts_the_unit_is_refused(unit, multiplier):
    with pytest.raises(UsageError, match=r"indicator 'a': multiplier .* but the unit .* says"):
        Indicator(id="a", unit=unit, multiplier=multiplier)


@pytest.mark.parametrize(
    ("unit", "multiplier", "factor"),
    [("万台", 1e4, 1e4), ("units", 1e4, 1e4), ("", 1e6, 1e6),
     ("percent", 1, 0.01), ("%", 0.01, 0.01),
     ("CNY per unit", 1000, 1000), ("1000 CNY per unit", 1e3, 1e3), ("widgets", 12, 12)],
)  # fmt: skip
def test_a_multiplier_that_repeats_or_completes_the_unit_is_fine(unit, multiplier, factor):
    assert Indicator(id="a", unit=unit, multiplier=multiplier).factor == factor


def test_what_is_read_from_a_unit_follows_another_unit():
    machines = Indicator(id="a", unit="万台")
    for changed in (machines, pickle.loads(pickle.dumps(machines))):
        assert changed == Indicator(id="a", unit="万台", multiplier=1e4)
        assert isinstance(changed.multiplier, float)
        assert changed.with_(unit="亿元").multiplier == 1e8
        assert replace(changed, unit="台").factor == 1
        assert replace(changed, region="CN").factor == 1e4
    stated = Indicator(id="a", unit="units", multiplier=1e4)
    assert stated.with_(unit="persons").multiplier == 1e4
    assert Indicator(id="a", unit="%").with_(unit="CNY").kind == "level"


@pytest.mark.parametrize(
    ("unit", "kind"),
    [("%", "share"), ("percent", "share"), ("% of GDP", "share"), ("share (%)", "share"),
     ("share of total, %", "share"), ("share of GDP", "share"),
     ("% per year", "rate"), ("% yoy", "rate"),
     ("GDP growth (annual %)", "rate"), ("同比增长%", "rate"),
     ("城镇化率（%）", "share"), ("城镇化率%", "share"), ("普及率%", "share"), ("失业率%", "share"),
     ("Literacy rate (%)", "share"), ("unemployment rate %", "share"),
     ("capacity utilization rate %", "share"), ("% of total, annual", "share"),
     ("annual average (% of total)", "share"), ("% of GDP per year", "share"), ("年平均%", "share"),
     ("growth rate, %", "rate"), ("增长率%", "rate"), ("增幅%", "rate"), ("年均增长%", "rate"),
     ("% change on previous year", "rate"), ("% of previous year", "rate"), ("% a year", "rate"),
     ("y/y %", "rate"), ("% q/q", "rate"), ("% m/m", "rate"),
     ("%, year-on-year", "rate"), ("% pts", "level"),
     ("%-points", "level"), ("percentage points", "level"),
     ("‰", "level"), ("fraction", "share"), ("CNY", "level")],
)  # fmt: skip
def test_the_kind_that_a_unit_says(unit, kind):
    assert Indicator(id="a", unit=unit).kind == kind
    assert Indicator(id="a", unit=unit, kind="level").kind == "level"
    assert Indicator(id="a", unit=unit, kind="rate").kind == "rate"


@pytest.mark.parametrize(
    "unit",
    ["% change on previous year", "% a year", "年均增长%", "年平均%", "%-points", "% q/q", "y/y %"],
)
def test_percent_are_a_pure_number_whatever_stands_beside_them(unit):
    assert (read_unit(unit).dimension, read_unit(unit).factor) == ((), 0.01)


def table(**columns):
    import pandas as pd

    return pd.DataFrame({"unique_id": "a", "ds": [2001, 2002], "y": [40.0, 45.0]} | columns)


def test_growth_in_percent_is_no_share_and_the_remedy_says_so():
    frame = table(unit="%").assign(y=[-3.0, 8.0])
    with pytest.raises(DataError, match=r"value -3; expected a share .* state kind='rate'"):
        Panel.from_frame(frame)
    assert Panel.from_frame(frame.assign(kind="rate")).indicators[0].kind == "rate"
    with pytest.raises(DataError, match=r"between 0 and 1\. Percent\? Then state unit='percent'"):
        Panel.from_frame(table(kind="share"))


@pytest.mark.parametrize(
    "fields", [{"unit": "万台"}, {"unit": "units", "multiplier": 1e4}, {"unit": "%"},
               {"unit": "%", "kind": "rate"}, {"unit": "CNY per 1000 persons"}],
)  # fmt: skip
@pytest.mark.parametrize("backend", ["pandas", "polars", "pyarrow"])
def test_frames_of_metadata_come_back(fields, backend):
    panel = Panel.from_frame(table(**fields))
    again = Panel.from_frame(panel.to_frame(meta=True, backend=backend))
    assert again.indicators == panel.indicators
    assert again.indicators[0].factor == panel.indicators[0].factor
    assert panel.indicators[0].unit == fields["unit"]
    one = {"a": panel.indicators[0]}
    assert Panel.from_frame(table(), meta=one).indicators == panel.indicators


def test_a_contradiction_in_a_table_is_a_data_error():
    with pytest.raises(DataError, match="multiplier 1e\\+08 found, but the unit '万台' says 10000"):
        Panel.from_frame(table(unit="万台", multiplier=1e8))
    with pytest.raises(DataError, match="the unit '亿元' says 1e\\+08"):
        Panel.from_frame(table(unit="亿元"), meta={"a": {"multiplier": 1e4}})
    blank = table(unit="万台", multiplier=[None, None])
    assert Panel.from_frame(blank).indicators[0].factor == 1e4


# --- the registry -------------------------------------------------------------------------------

BASES = [*CURRENCIES, *COUNTS, *MEASURES]


def words():
    """(word, base, how much of it) of every listed unit."""
    for listed in (CURRENCIES, COUNTS):
        yield from (
            (w, b, 1) for b, ws in listed.items() for w in (b, *filter(None, ws.split(", ")))
        )
    for base, sizes in MEASURES.items():
        yield from ((w, base, size) for size, ws in sizes.items() for w in ws.split(", "))


@pytest.mark.parametrize(("word", "base", "size"), list(words()))
def test_every_listed_word_is_read(word, base, size):
    unit = read_unit(word)
    assert (unit.dimension, unit.multiplier) == (((base, 1),), 1)
    assert unit.scale == pytest.approx(size)


@pytest.mark.parametrize(
    ("word", "worth"), [(w, v) for v, ws in NUMBERS.items() for w in ws.split(", ")]
)
def test_every_pure_number_is_read(word, worth):
    assert (read_unit(word).factor, read_unit(word).dimension) == (worth, ())


sizes = st.sampled_from([(w, s) for s, ws in SIZES.items() for w in ws.split() if w.isascii()])
bases = st.sampled_from([b for b in BASES if b not in {"$", "¥", "m", "GJ"}])


@given(size=sizes, above=bases, below=bases)
def test_what_is_written_is_read_again(size, above, below):
    word, worth = size
    dimension = times(((above, 1),), power(((below, 1),), -1))
    text = f"{word} {above} per {below}"
    if below != "years" and above != below:
        assert (read_unit(text).multiplier, read_unit(text).dimension) == (worth, dimension)
        assert read_unit(words_of(dimension)).dimension == dimension
    assert read_unit(f"{above} {word}").multiplier == worth
    assert read_unit(f"{above} ({word})").multiplier == worth


NAMES = (
    "总量",
    "GDP",
    "Output, total",
    "城市人口",
    "总人口(年末)",
    "Number of employees",
    "万人以上城市",
)
listed_sizes = st.sampled_from(
    [w for ws in SIZES.values() for w in ws.split()] + ["1000", "10^8", "10,000", "100 mn"]
)
listed_units = st.sampled_from([word for word, _, _ in words()] + ["颗", "widgets"])


@given(size=listed_sizes, unit=listed_units, name=st.sampled_from(NAMES))
def test_no_size_beside_or_in_brackets_is_lost(size, unit, name):
    sized = f"{size} {unit}"
    worth = read_unit(sized).multiplier
    for text in (f"{size} ({unit})", f"{unit} ({size})", f"{unit} ({sized})", f"{name} ({sized})"):
        try:
            found = read_unit(text)
        except UsageError:
            continue
        assert found.doubt or found.multiplier == worth, text


LIKELY = st.lists(st.sampled_from(
    ["万", "亿", "元", "台", "10", "^", "-", "9", "000", " ", "(", ")", "/", "per", "mn", "CNY",
     "%", "=", ".", "m"]
), max_size=12).map("".join)  # fmt: skip


@given(st.text(max_size=30) | LIKELY)
def test_any_text_is_a_unit_or_refused(text):
    try:
        unit, indicator = read_unit(text), Indicator(id="a", unit=text)
    except UsageError:
        return
    assert 0 < unit.multiplier < 1e40
    assert 0 < unit.scale < 1e40
    assert indicator.factor == unit.factor
