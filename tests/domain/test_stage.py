"""The stage index: published values, decisions, properties, a slow twin, and what is refused."""

import csv

import numpy as np
import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from westforecast.domain import StageIndex, stage_name, thresholds, usd_per_capita
from westforecast.domain.stage_words import INDICATORS, INPUTS
from westforecast.errors import DataError, UnknownNameError, UsageError, WestforecastWarning

INDEX = StageIndex()
modest = settings(derandomize=True, max_examples=100, deadline=None)

# Published composites (domain.md 1.4): region, year, value, stage, half; 0 = half not to be tested.
PUBLISHED = [
    ("China", 1995, 18, "early", 2),
    ("China", 2000, 26, "early", 2),
    ("China", 2005, 50, "middle", 2),
    ("China", 2010, 66, "late", 1),
    ("China", 2015, 84, "late", 2),
    ("East", 2005, 78, "late", 1),
    ("Northeast", 2005, 45, "middle", 1),
    ("Central", 2005, 30, "early", 2),
    ("West", 2005, 25, "early", 2),
    ("Yangtze River Delta", 2005, 85, "late", 2),
    ("Pearl River Delta", 2005, 80, "late", 0),  # printed "second half", the cut says first
    ("Bohai Rim", 2005, 70, "late", 1),
    ("China", 2014, 83.69, "late", 0),  # printed "middle of the stage"
]


@pytest.mark.parametrize(("region", "year", "value", "stage", "half"), PUBLISHED)
def test_published_composites_have_their_published_stage(region, year, value, stage, half):
    code, part = INDEX.stage_of(value)
    assert stage_name(code) == stage
    if half:
        assert part == half


def test_the_provinces_are_parted_completely():
    """2005-2007, S: post 2, late II 2, late I 3, middle II 2, middle I 10, early II 10, ..."""
    parted = {(5, 0): 2, (4, 2): 2, (4, 1): 3, (3, 2): 2, (3, 1): 10, (2, 2): 10, (2, 1): 1,
              (1, 0): 1}  # fmt: skip
    assert sum(parted.values()) == 31
    within = np.linspace(0, 100, 2001)
    assert set(parted) == {(int(s), int(h)) for s, h in zip(*INDEX.stage_of(within), strict=True)}


# --- against the published index ---------------------------------------------------------------

# China: A, I in GDP, manufacturing in GDP, urban, primary employment (percent; NBS, World Bank
# WDI of 2022), GDP per head (yuan, NBS), yuan per dollar (WDI), yuan per PPP dollar (Penn World
# Table 10.01 moved with the US deflator), US price level (2010 = 1), published composite.
CHINA = [
    (2005, 11.6, 47.0, 32.09, 42.52, 44.8, 14368, 8.194, 2.693, 0.9096, 50.0),
    (2010, 9.3, 46.5, 31.61, 49.23, 36.7, 30808, 6.770, 3.420, 1.0000, 66.0),
    (2014, 8.6, 43.1, 30.40, 54.26, 29.5, 47173, 6.143, 3.957, 1.0788, 83.69),
    (2015, 8.4, 40.8, 28.95, 55.50, 28.6, 50237, 6.227, 4.048, 1.0903, 84.0),
]


@pytest.mark.parametrize("row", CHINA, ids=lambda row: str(row[0]))
def test_china_from_public_figures_is_within_two_points(row):
    _, a, i, m, urban, farm, yuan, rate, ppp, prices, published = row
    scored = StageIndex("USD_2010").score(
        gdp_per_capita=usd_per_capita(yuan, rate, ppp, prices), primary=a / 100,
        secondary=i / 100, manufacturing_share=m / (a + i), urban_share=urban / 100,
        primary_employment_share=farm / 100,
    )  # fmt: skip
    assert scored.composite == pytest.approx(published, abs=2)
    assert scored.stage == INDEX.stage_of(published)[0]


def test_china_2005_with_the_two_unsourced_inputs_declared():
    """domain.md 1.6: scores 57.4, 21.4, 33.4 from S; 52 % and 4,060 to 4,160 USD are not."""
    scored = INDEX.score(
        gdp_per_capita=[4060, 4160], primary=0.126, tertiary=0.399, manufacturing_share=0.52,
        urban_share=0.4299, primary_employment_share=0.448,
    )  # fmt: skip
    known = {name: float(score[0]) for name, score in scored.scores.items()}
    assert known["structure"] == pytest.approx(57.4, abs=0.05)
    assert known["urban_share"] == pytest.approx(21.4, abs=0.05)
    assert known["primary_employment_share"] == pytest.approx(33.4, abs=0.05)
    assert scored.composite == pytest.approx(50, abs=2)
    # One point of manufacturing is 0.73 of the composite, 100 USD are 0.40 (1.6).
    assert np.diff(scored.composite)[0] == pytest.approx(0.40, abs=0.01)


# A, I, GDP per head (yuan), urban: S or C (domain.md 1.5). Manufacturing and primary employment:
# guessed (1.6). Published composite.
BLOCKS = {
    "West": (17.69, 42.79, 9310, 34.52, 33, 55, 25),
    "Central": (16.67, 46.77, 10576, 36.54, 33, 50, 30),
    "Northeast": (12.79, 49.62, 15935, 55.15, 33, 42, 45),
    "East": (7.90, 51.56, 23697, 53.15, 60, 30, 78),
}


@pytest.mark.parametrize("block", BLOCKS)
def test_blocks_of_2005_reach_their_published_stage(block):
    a, i, yuan, urban, made, farm, published = BLOCKS[block]
    scored = INDEX.score(
        gdp_per_capita=usd_per_capita(yuan, 8.19, 14040 / 6500), primary=a / 100,
        secondary=i / 100, manufacturing_share=made / 100, urban_share=urban / 100,
        primary_employment_share=farm / 100,
    )  # fmt: skip
    assert scored.stage == INDEX.stage_of(published)[0]
    # The East is not reached from block aggregates: 74 with a full score for manufacturing.
    assert scored.composite == pytest.approx(published, abs=5 if block == "East" else 2)


# --- the table -----------------------------------------------------------------------------------


def test_price_bases_are_proportional_to_1964():
    rows = {}
    for row in thresholds():
        if row.indicator == "gdp_per_capita":
            rows.setdefault(row.base, {})[row.stage] = row.lower
    first = rows["USD_1964"]
    factor = {
        "USD_1970": 1.40, "USD_1982": 3.64, "USD_1995": 6.08, "USD_1996": 6.20, "USD_2000": 6.60,
        "USD_2002": 6.81, "USD_2004": 7.20, "USD_2005": 7.45, "USD_2010": 8.27,
    }  # fmt: skip
    assert set(rows) - {"USD_1964"} == set(factor)
    for base, times in factor.items():
        for stage, lower in rows[base].items():
            assert lower / first[stage] == pytest.approx(times, rel=0.005), (base, stage)


def test_every_row_of_the_table_has_a_source_and_a_mark():
    for row in thresholds():
        assert row.source
        assert row.mark in {"S", "C", "R", "?"}
    assert StageIndex().weights == dict(zip(INDICATORS, (36, 22, 22, 12, 8), strict=True))


def test_the_table_is_the_one_of_the_evidence(shared):
    with (shared / "research/truth/stage_thresholds.csv").open(encoding="utf-8") as file:
        truth = list(csv.DictReader(file))
    names = {
        "gdp_per_capita": "gdp_per_capita", "urbanization_rate": "urban_share",
        "manufacturing_share_of_goods_value_added": "manufacturing_share",
        "primary_employment_share": "primary_employment_share",
    }  # fmt: skip
    ours = {(row.indicator, row.base, row.stage): row for row in thresholds()}
    checked = 0
    for row in truth:
        if row["indicator"] in names:
            money = row["base"].startswith("USD")
            key = (names[row["indicator"]], row["base"] * money, int(row["stage"][0]))
            for end in ("lower", "upper"):
                stated = float(row[end] or "nan") / (1 if money else 100)
                assert getattr(ours[key], end) == pytest.approx(stated, nan_ok=True), key
            assert ours[key].weight_percent == float(row["weight_pct"])
            checked += 1
    assert checked == 65


def edited(tmp_path, change):
    """A copy of the table as a file, its lines changed."""
    from importlib.resources import files

    text = (files("westforecast.domain") / "thresholds.csv").read_text(encoding="utf-8")
    path = tmp_path / "mine.csv"
    path.write_text("\n".join(change(text.splitlines())) + "\n", encoding="utf-8")
    return path


def test_a_table_of_ones_own(tmp_path):
    def heavier(lines):
        return [line.replace(",12,R,", ",34,R,") for line in lines]

    table = thresholds(edited(tmp_path, heavier))
    mine = StageIndex(table=table)
    assert mine.weights["urban_share"] == 34
    known = {"urban_share": 0.8, "gdp_per_capita": 100}
    assert mine.score(**known).composite == pytest.approx(100 * 34 / (34 + 36))
    assert StageIndex(min_weight=0.4).score(**known).composite == pytest.approx(100 * 12 / 48)


@pytest.mark.parametrize(
    ("change", "told"),
    [
        (lambda lines: lines[:-1], r"second_half: no row for stage 4"),
        (lambda lines: [w.replace("0.3,0.5", "0.3,0.45") for w in lines], "urban_share: stages"),
        (lambda lines: [w.replace("0.5,0.6", "0.7,0.6") for w in lines], "in order"),
        (lambda lines: [*lines[:-4], lines[-4].replace(",8,R", ",x,R"), *lines[-3:]], "line"),
        (lambda lines: [w.replace("0.45,0.6,,8", "0.45,0.6,,9") for w in lines], r"weights \[8"),
        (lambda lines: [w.replace("mark", "sign") for w in lines], "no column 'mark'"),
    ],
)
def test_a_table_that_cannot_be_is_refused(tmp_path, change, told):
    def broken(lines):
        changed = change(lines)
        return [w.replace("0.1,0.3,,8", "0.1,y,,8") for w in changed] if told == "line" else changed

    with pytest.raises(DataError, match=told):
        StageIndex(table=thresholds(edited(tmp_path, broken)))


# --- decisions -----------------------------------------------------------------------------------


def structure(a, i):
    return INDEX.score(primary=a, secondary=i, gdp_per_capita=1000).scores["structure"].tolist()


@pytest.mark.parametrize(
    ("a", "i", "score"),
    [
        (0.40, 0.30, 0),  # A > I
        (0.15, 0.10, 0),  # A > I although A < 20 %
        (0.30, 0.30, 0),  # where A = I the early stage begins
        (0.25, 0.35, 33 * 0.10 / 0.20),  # early: A and I jointly
        (0.20, 0.45, 33),
        (0.15, 0.50, 49.5),
        (0.15, 0.25, 49.5),  # I < S: by A alone
        (0.10, 0.50, 66),
        (0.05, 0.60, 83),  # the late stage runs to 100 at A = 0
        (0.05, 0.475, 100),  # I = S belongs to the higher stage
        (0.05, 0.30, 100),
    ],
)
def test_structure(a, i, score):
    assert structure(a, i) == pytest.approx(score)


def test_structure_jumps_only_where_the_theory_does():
    step = 1e-9
    for before, after in [((0.2, 0.5), (0.2 - step, 0.5)), ((0.1, 0.5), (0.1 - step, 0.5)),
                          ((0.3, 0.3), (0.3 - step, 0.3)), ((0.15, 0.425), (0.15, 0.425 + step)),
                          ((0.2, 0.25), (0.2 - step, 0.25))]:  # fmt: skip
        assert structure(*after) == pytest.approx(structure(*before), abs=1e-4)
    assert structure(0.09, 0.455 + 1e-6) == pytest.approx(69.4)
    assert structure(0.09, 0.455) == 100
    assert structure(0.15, 0.15 - 1e-6) == 0
    assert structure(0.15, 0.15) == pytest.approx(49.5)


AT = {  # where stages 2, 3, 4, 5 begin, in percent as a source prints them
    "gdp_per_capita": (1490, 2980, 5960, 11170),
    "manufacturing_share": (20, 40, 50, 60),
    "urban_share": (30, 50, 60, 75),
    "primary_employment_share": (60, 45, 30, 10),
}


@pytest.mark.parametrize(("k", "composite", "stage"), [(0, 0, 1), (1, 33, 3), (2, 66, 4),
                                                       (3, 100, 5)])  # fmt: skip
def test_bounds_belong_to_the_higher_stage_exactly(k, composite, stage):
    at = {n: v[k] * (1 if n == "gdp_per_capita" else 0.01) for n, v in AT.items()}
    shares = [(0.3, 0.3), (0.2, 0.5), (0.1, 0.5), (0.1, 0.45)][k]
    scored = INDEX.score(primary=shares[0], secondary=shares[1], **at)
    assert scored.composite == composite
    assert scored.stage == stage
    card = INDEX.card(primary=shares[0], secondary=shares[1], **at)
    assert {entry.stage for entry in card.entries} == {k + 2}


def test_a_cut_belongs_to_the_second_half():
    stage, half = INDEX.stage_of([16.5, 49.5, 82.5, 16.49, 49.49, 82.49, 0, 100])
    assert half.tolist() == [2, 2, 2, 1, 1, 1, 0, 0]
    assert stage.tolist() == [2, 3, 4, 2, 3, 4, 1, 5]


def test_scores_between_bounds():
    """(j - 2) 33 + 33 (x - min) / (max - min); the last step has 34."""
    scores = INDEX.score(gdp_per_capita=[745, 2235, 4470, 8565, 20000], urban_share=0.5).scores
    assert scores["gdp_per_capita"].tolist() == [0, 16.5, 49.5, 83, 100]
    assert scores["urban_share"].tolist() == [33] * 5
    falling = INDEX.score(primary_employment_share=[0.7, 0.525, 0.375, 0.2, 0.05], urban_share=1,
                          gdp_per_capita=1)  # fmt: skip
    got = falling.scores["primary_employment_share"]
    assert got == pytest.approx([0, 16.5, 49.5, 83, 100])


# --- missing -------------------------------------------------------------------------------------


def test_missing_indicators_leave_the_composite_to_the_others():
    scored = INDEX.score(gdp_per_capita=2980, urban_share=[0.5, 0.75, np.nan], primary=0.2,
                         secondary=0.5)  # fmt: skip
    assert scored.weight == pytest.approx([0.70, 0.70, 0.58])
    assert scored.composite == pytest.approx([33, (58 * 33 + 12 * 100) / 70, 33])
    assert np.isnan(scored.scores["manufacturing_share"]).all()


def test_too_little_is_refused():
    scored = INDEX.score(gdp_per_capita=[3000, 3000], urban_share=[0.5, np.nan])
    assert scored.weight == pytest.approx([0.48, 0.36])
    assert np.isnan(scored.composite).all()
    assert (scored.stage == 0).all()
    assert (scored.half == 0).all()
    assert stage_name(scored.stage, scored.half).tolist() == ["-", "-"]
    looser = StageIndex(min_weight=0.48).score(gdp_per_capita=3000, urban_share=[0.5, np.nan])
    assert looser.stage.tolist() == [3, 0]


def test_two_sectors_suffice_and_one_does_not():
    full = INDEX.score(gdp_per_capita=3000, primary=0.12, secondary=0.48, tertiary=0.40)
    for left_out in ("primary", "secondary", "tertiary"):
        shares = {"primary": 0.12, "secondary": 0.48, "tertiary": [0.40]}
        shares[left_out] = [np.nan]
        got = INDEX.score(gdp_per_capita=3000, **shares)
        assert got.scores["structure"] == pytest.approx([59.4])
        assert got.composite == pytest.approx([float(full.composite)])
    nothing = INDEX.score(gdp_per_capita=3000, primary=0.12, secondary=np.nan, tertiary=np.nan)
    assert np.isnan(nothing.scores["structure"])
    with pytest.raises(UsageError, match="primary alone given; the structure needs two of"):
        INDEX.score(primary=0.12)


# --- a slow twin, and properties -----------------------------------------------------------------


def slow(gdp, a, i, made, urban, farm, min_weight=0.5):
    """One region-year, in plain Python and with the figures of domain.md."""

    def line(x, begins):
        if begins[0] > begins[3]:
            x, begins = -x, [-b for b in begins]
        if x < begins[0]:
            return 0.0
        for j, floor, step in ((0, 0, 33), (1, 33, 33), (2, 66, 34)):
            if x < begins[j + 1]:
                return floor + step * (x - begins[j]) / (begins[j + 1] - begins[j])
        return 100.0

    def sectors(a, i):
        s = 1 - a - i
        if a > i:
            return 0.0
        if a > 0.20:
            half = (a + i) / 2  # A where A = I at the same S
            return 33 * (half - a) / (half - 0.20)
        if a > 0.10:
            return 33 + 33 * (0.20 - a) / 0.10
        return 100.0 if i <= s else 66 + 34 * (0.10 - a) / 0.10

    at = {name: [b / 100 for b in begins] for name, begins in AT.items()}
    lines = [(gdp, 36, AT["gdp_per_capita"]), (made, 22, at["manufacturing_share"]),
             (urban, 12, at["urban_share"]), (farm, 8, at["primary_employment_share"])]  # fmt: skip
    known = []
    for x, weight, begins in lines:
        if not np.isnan(x):
            known.append((weight, line(x, begins)))
    if not np.isnan(a + i):
        known.append((22, sectors(a, i)))
    weight = sum(w for w, _ in known)
    if weight < 100 * min_weight:
        return np.nan, 0, 0
    k = sum(w * score for w, score in known) / weight
    if k == 0 or k >= 100:
        return k, 1 if k == 0 else 5, 0
    stage = 2 if k < 33 else 3 if k < 66 else 4
    return k, stage, 1 if k < {2: 16.5, 3: 49.5, 4: 82.5}[stage] else 2


def draw_cells(count, seed=0, missing=0.1):
    rng = np.random.default_rng(seed)
    a = rng.uniform(0, 0.45, count)
    cells = np.array([
        rng.uniform(300, 15000, count), a, rng.uniform(0, 1 - a), rng.uniform(0, 0.8, count),
        rng.uniform(0.1, 0.9, count), rng.uniform(0, 0.8, count),
    ])  # fmt: skip
    cells[rng.random(cells.shape) < missing] = np.nan
    return cells


NAMES = ("gdp_per_capita", "primary", "secondary", "manufacturing_share", "urban_share",
         "primary_employment_share")  # fmt: skip


def test_arrays_agree_with_the_slow_twin():
    cells = draw_cells(3000)
    fast = INDEX.score(**dict(zip(NAMES, cells, strict=True)))
    twin = [slow(*cell) for cell in cells.T]
    np.testing.assert_allclose(fast.composite, [k for k, _, _ in twin], rtol=1e-9, atol=1e-9)
    assert fast.stage.tolist() == [stage for _, stage, _ in twin]
    assert fast.half.tolist() == [half for _, _, half in twin]
    assert {0, 2, 3, 4} <= set(fast.stage.tolist())


def test_cards_agree_with_arrays():
    cells = draw_cells(200, seed=1)
    fast = INDEX.score(**dict(zip(NAMES, cells, strict=True)))
    for c in range(200):
        card = INDEX.card(**dict(zip(NAMES, cells[:, c], strict=True)))
        assert card.composite == pytest.approx(fast.composite[c], nan_ok=True)
        assert (card.stage, card.half) == (fast.stage[c], fast.half[c])
        assert card.weight == pytest.approx(fast.weight[c])
        if card.stage:
            points = [row["points"] for row in card.rows() if row["stage"] != "-"]
            assert sum(points) == pytest.approx(card.composite)
        for entry in card.entries:
            # The stage a card names for an indicator is the one its score lies in.
            if entry.stage:
                floors = (0, 0, 33, 66, 100)
                assert entry.score >= floors[entry.stage - 1]
                assert entry.score <= (0, 33, 66, 100, 100)[entry.stage - 1]


def test_shape_and_order_do_not_matter():
    cells = draw_cells(120, seed=2)
    flat = INDEX.score(**dict(zip(NAMES, cells, strict=True)))
    cube = INDEX.score(**dict(zip(NAMES, cells.reshape(6, 4, 5, 6), strict=True)))
    assert cube.composite.shape == cube.stage.shape == cube.weight.shape == (4, 5, 6)
    np.testing.assert_array_equal(cube.composite.ravel(), flat.composite)
    back = INDEX.score(**dict(zip(NAMES, cells[:, ::-1], strict=True)))
    np.testing.assert_array_equal(back.composite[::-1], flat.composite)


def test_inputs_broadcast():
    gdp, urban = np.array([[2000.0], [5000.0]]), np.array([0.3, 0.4, 0.5])
    got = INDEX.score(gdp_per_capita=gdp, urban_share=urban, primary=0.15, secondary=0.5)
    assert got.composite.shape == (2, 3)
    assert {name: score.shape for name, score in got.scores.items()} == dict.fromkeys(
        INDICATORS, (2, 3)
    )
    one = INDEX.score(gdp_per_capita=5000, urban_share=0.4, primary=0.15, secondary=0.5)
    assert got.composite[1, 1] == one.composite
    assert one.composite.shape == ()


def test_given_arrays_are_left_as_they_are():
    cells = draw_cells(50, seed=3)
    before = cells.copy()
    INDEX.score(**dict(zip(NAMES, cells, strict=True)))
    np.testing.assert_array_equal(cells, before)


dollars = st.floats(50, 30000)
shares = st.floats(0, 1)


@modest
@given(dollars, shares, shares, shares, shares, st.sampled_from(sorted(AT)), shares)
def test_no_score_falls_when_an_indicator_moves_on(gdp, a, made, urban, farm, name, further):
    start = {"gdp_per_capita": gdp, "manufacturing_share": made, "urban_share": urban,
             "primary_employment_share": farm}  # fmt: skip
    fixed = {"primary": a, "secondary": (1 - a) / 2}
    moved = dict(start)
    if name == "primary_employment_share":
        moved[name] *= further
    else:
        moved[name] += further * ((30000 if name == "gdp_per_capita" else 1) - moved[name])
    before, after = INDEX.score(**start, **fixed), INDEX.score(**moved, **fixed)
    assert after.composite >= before.composite
    assert after.stage >= before.stage


@modest
@given(shares, shares, shares)
def test_structure_never_falls_when_agriculture_gives_way(a, ratio, kept):
    """Less A, the ratio of I to S as it was."""
    smaller = a * kept
    before = structure(a, (1 - a) * ratio)
    assume(abs(1 - 2 * ratio) > 1e-6)  # I = S must not be decided by rounding
    assert structure(smaller, (1 - smaller) * ratio) >= before - 1e-9


@modest
@given(st.lists(st.tuples(dollars, shares, shares, shares, shares, shares), min_size=1))
def test_everything_lies_between_0_and_100(cells):
    gdp, a, rest, made, urban, farm = np.array(cells).T
    got = INDEX.score(
        gdp_per_capita=gdp, primary=a, secondary=(1 - a) * rest, manufacturing_share=made,
        urban_share=urban, primary_employment_share=farm,
    )  # fmt: skip
    for values in (got.composite, *got.scores.values()):
        assert ((values >= 0) & (values <= 100)).all()
    assert ((got.stage >= 1) & (got.stage <= 5)).all()
    assert ((got.half > 0) == ((got.stage > 1) & (got.stage < 5))).all()


@modest
@given(dollars, shares, shares, st.lists(st.booleans(), min_size=5, max_size=5))
def test_weights_add_up(gdp, urban, farm, known):
    given_ = {"gdp_per_capita": gdp, "primary": 0.12, "secondary": 0.5, "manufacturing_share": 0.45,
              "urban_share": urban, "primary_employment_share": farm}  # fmt: skip
    full = INDEX.score(**given_)
    for name, there in zip(INDICATORS, known, strict=True):
        if not there:
            parts = ("primary", "secondary") if name == "structure" else (name,)
            given_ |= dict.fromkeys(parts, np.nan)
    got = INDEX.score(**given_)
    weights = [w for w, there in zip((36, 22, 22, 12, 8), known, strict=True) if there]
    scores = [float(full.scores[n]) for n, there in zip(INDICATORS, known, strict=True) if there]
    assert got.weight == pytest.approx(sum(weights) / 100)
    if sum(weights) >= 50:
        mean = sum(w * s for w, s in zip(weights, scores, strict=True)) / sum(weights)
        assert got.composite == pytest.approx(mean)
    else:
        assert np.isnan(got.composite)


def test_scores_are_continuous():
    """No step of a fine grid moves a score by more than the steepest slope allows."""
    for name, begins in AT.items():
        unit = 1 if name == "gdp_per_capita" else 100
        x = np.linspace(0.5 * min(begins), 1.2 * max(begins), 200_001) / unit
        x = np.minimum(x, 1) if unit == 100 else x
        score = INDEX.score(**{name: x}).scores[name]
        steepest = 34 / np.abs(np.diff(begins)).min() * unit
        assert np.abs(np.diff(score)).max() <= steepest * np.diff(x).max() * 1.001
        assert {score.min(), score.max()} == {0, 100}


# --- money, words, refusals ----------------------------------------------------------------------


def test_gdp_per_head_is_the_mean_of_two_conversions():
    assert usd_per_capita(14368, 8.194, 2.69) == pytest.approx((1753.5 + 5341.3) / 2, abs=0.1)
    years = usd_per_capita(np.array([[100.0], [200.0]]), [8.0, 7.0], 2.0, [1.0, 1.1])
    assert years.shape == (2, 2)
    assert years[1, 1] == pytest.approx((200 / 7 + 100) / 2 / 1.1)
    with pytest.raises(UsageError, match="ppp: 0 found"):
        usd_per_capita(100, 8, 0)


def test_at_the_exchange_rate_alone_china_2005_would_be_early():
    """domain.md 1.3 point 6: 1,714 USD."""
    china = INDEX.card(gdp_per_capita=1714, primary=0.126, secondary=0.475, urban_share=0.43)
    assert china.entries[0].stage == 2


@pytest.mark.parametrize(
    ("make", "told"),
    [
        (lambda: StageIndex("USD_2008"), r"dollars of 2008 .* nearest: 'USD_2010'.*deflator"),
        (lambda: StageIndex("USD_1960"), "nearest: 'USD_1964'"),
        (lambda: StageIndex("dollars"), "dollars of a year expected"),
            (lambda: StageIndex("CNY_2010"), "dollars of a year expected.*usd_per_capita"),
        (lambda: StageIndex(min_weight=0), "min_weight=0 found"),
        (lambda: StageIndex(min_weight=50), "min_weight=50 found"),
        (lambda: INDEX.score(urban_share=[0.3, 42.99]),
         r"urban_share: 42.99 found \(1 of 2 values\).*Divide percent by 100: urban_share=0.4299"),
        (lambda: INDEX.score(urban_share=-0.1), r"urban_share: -0.1 found"),
        (lambda: INDEX.score(urban_share=1e4), r"urban_share: 10000 found .* expected\.$"),
        (lambda: INDEX.score(gdp_per_capita=0), "gdp_per_capita: 0 found .* NaN for a missing"),
        (lambda: INDEX.score(gdp_per_capita=np.inf), "1 infinite of 1 values"),
        (lambda: INDEX.score(gdp_per_capita="much"), "'much' found, numbers expected"),
        (lambda: INDEX.score(primary=0.8, secondary=0.4), "two sectors make up 1.2 of GDP"),
        (lambda: INDEX.score(), "no indicator given"),
        (lambda: INDEX.stage_of([50, 101]), "composite: 101 found, 0 to 100 expected"),
        (lambda: INDEX.card(gdp_per_capita=[1.0, 2.0]), r"values of shape \(2,\)"),
        (lambda: INDEX.card(urban=0.4), "no input 'urban' .* 'urban_share'"),
        (lambda: thresholds("nowhere.csv"), "no file 'nowhere.csv'"),
    ],
)  # fmt: skip
def test_what_cannot_be_meant_is_refused(make, told):
    with pytest.raises(UsageError, match=told):
        make()


def test_sectors_that_do_not_add_up_are_told_once():
    """domain.md 6: an exam prints 1.7 + 49.9 + 49.6 = 101.2 percent."""
    with pytest.warns(WestforecastWarning, match=r"up to 0\.012 in 1 of 2 cells") as told:
        INDEX.score(primary=[0.017, 0.1], secondary=[0.499, 0.5], tertiary=[0.496, 0.4])
    assert len(told) == 1
    assert told[0].filename == __file__


def test_names():
    assert stage_name(1) == "pre-industrial"
    assert stage_name(3, 2) == "middle II"
    assert stage_name(0) == "-"
    assert stage_name(np.array([[4, 5]]), np.array([[1, 0]])).tolist() == [
        ["late I", "post-industrial"]
    ]
    assert len(INPUTS) == 7


def test_settings_are_frozen_and_comparable():
    assert StageIndex() == StageIndex("USD_2005")
    assert StageIndex("USD_2010") != StageIndex()
    assert repr(StageIndex()) == "StageIndex(base='USD_2005', min_weight=0.5)"
    with pytest.raises(AttributeError):
        StageIndex().base = "USD_2010"
    assert issubclass(UnknownNameError, UsageError)


def test_a_base_is_known_by_its_year():
    assert StageIndex(2010).base == "USD_2010"
    assert StageIndex("2010") == StageIndex("USD_2010")


class TestRemarks:
    def test_sectors_that_do_not_add_up_are_said_on_the_card(self):
        with pytest.warns(WestforecastWarning, match="differ from 1"):
            card = StageIndex().card(
                gdp_per_capita=3500, primary=0.144, secondary=0.405, tertiary=0.351
            )
        assert "A + I + S make 90.0 %, not 100" in str(card)

    def test_stages_far_apart_are_said_on_the_card(self):
        yuan = StageIndex().card(gdp_per_capita=21_182, urban_share=0.35)
        assert "urban population early, GDP per capita post-industrial. Check units" in str(yuan)
        dollars = StageIndex().card(gdp_per_capita=3129, urban_share=0.35)
        assert dollars.remarks == ()
