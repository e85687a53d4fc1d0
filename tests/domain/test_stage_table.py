"""Stage tables over a panel: units, regions, cards, what models see, and western China."""

import numpy as np
import pandas as pd
import pytest

from westforecast import Panel
from westforecast.domain import StageIndex, stage_table, usd_per_capita
from westforecast.errors import DataError, UnknownNameError, UsageError

from ..builders import NAN

ROLES = {
    "gdp_per_capita": "gdp_pc.{region}",
    "primary": "primary.{region}",
    "secondary": "secondary.{region}",
    "urban_share": "urban.{region}",
}
META = {"gdp_pc": ("level", "USD"), "primary": ("share", "percent"), "urban": ("share", "percent"),
        "secondary": ("share", "percent"), "farm": ("share", "fraction")}  # fmt: skip


def figures(**series):
    """A panel of series `name_REGION` from 2005 on; units as in META."""
    rows = []
    for key, values in series.items():
        name, region = key.rsplit("_", 1)
        kind, unit = META[name]
        rows += [(f"{name}.{region}", 2005 + k, y, kind, unit, region)
                 for k, y in enumerate(values)]  # fmt: skip
    columns = ["unique_id", "ds", "y", "kind", "unit", "region"]
    return Panel.from_frame(pd.DataFrame(rows, columns=columns), gaps="keep")


PANEL = figures(
    gdp_pc_WEST=[2400, 2700, NAN, 3600], primary_WEST=[17.7, 16.2, 16.0, 15.6],
    secondary_WEST=[42.8, 45.2, 46.3, 48.1], urban_WEST=[34.5, 35.7, 37.0, 38.5],
    gdp_pc_EAST=[6900, 7600], primary_EAST=[7.9, 7.3], secondary_EAST=[51.6, 51.9],
)  # fmt: skip


def test_the_table_is_the_scalar_path_cell_by_cell():
    table = stage_table(PANEL, ROLES)
    assert table.regions == ("WEST", "EAST")
    assert table.years.tolist() == [2005, 2006, 2007, 2008]
    assert table.scores.composite.shape == (2, 4)
    for r, region in enumerate(table.regions):
        for y, year in enumerate(table.years):
            known = {"gdp_per_capita": PANEL.value(f"gdp_pc.{region}", year)}
            for role, name in (("primary", "primary"), ("secondary", "secondary"),
                               ("urban_share", "urban")):  # fmt: skip
                unique_id = f"{name}.{region}"
                inside = unique_id in PANEL.places
                known[role] = PANEL.value(unique_id, year) / 100 if inside else NAN
            alone = StageIndex().score(**known)
            assert table.scores.composite[r, y] == pytest.approx(alone.composite, nan_ok=True)
            assert table.scores.stage[r, y] == alone.stage
            card = table.card(region, int(year))
            assert card.composite == pytest.approx(float(alone.composite), nan_ok=True)
            assert (card.region, card.year) == (region, year)


def test_percent_fractions_and_multipliers():
    frame = pd.DataFrame({
        "unique_id": ["gdp_pc.A", "farm.A", "urban.A"], "ds": 2005, "y": [2.98, 0.45, 50.0],
        "unit": ["1000 USD", "fraction", "percent"], "kind": ["level", "share", "share"],
        "multiplier": [1000.0, 1.0, 1.0],
    })  # fmt: skip
    roles = {"gdp_per_capita": "gdp_pc.{region}", "primary_employment_share": "farm.{region}",
             "urban_share": "urban.{region}"}  # fmt: skip
    table = stage_table(Panel.from_frame(frame), roles)
    assert table.scores.composite.tolist() == [[33.0]]
    assert table.scores.weight[0, 0] == pytest.approx(0.56)


def test_models_see_the_index_as_a_series():
    panel = stage_table(PANEL, ROLES).to_panel()
    assert panel.ids == ("stage_index.WEST", "stage_index.EAST")
    indicator = panel.indicator("stage_index.WEST")
    assert (indicator.kind, indicator.unit, indicator.bounds) == ("index", "points", (0, 100))
    assert indicator.region == "WEST"
    years, values = panel.series("stage_index.WEST")
    assert years.tolist() == [2005, 2006, 2007, 2008]
    assert np.isnan(values).tolist() == [False, False, True, False]  # 2007: 34 % of the weight
    assert panel.series("stage_index.EAST")[0].tolist() == [2005, 2006]
    assert panel.as_of(2006).series("stage_index.WEST")[0].tolist() == [2005, 2006]


def test_the_index_is_known_when_its_last_input_is():
    frame = PANEL.to_frame(meta=True).assign(
        publication_lag=lambda d: np.where(d.unique_id.str.startswith("urban"), 2, 1)
    )
    meta = {"urban.WEST": {"breaks": (2006,)}, "gdp_pc.WEST": {"breaks": (2008, 2006)}}
    panel = Panel.from_frame(frame, gaps="keep", meta=meta)
    series = stage_table(panel, ROLES).to_panel()
    assert [series.indicator(i).publication_lag for i in series.ids] == [2, 1]
    assert series.indicator("stage_index.WEST").breaks == (2006, 2008)


@pytest.mark.parametrize("backend", ["pandas", "polars", "pyarrow"])
def test_the_long_frame(backend):
    frame = stage_table(PANEL, ROLES).frame(backend=backend)
    rows = frame.to_pylist() if backend == "pyarrow" else frame.to_dict(
        "records") if backend == "pandas" else frame.to_dicts()  # fmt: skip
    assert [(row["region"], row["ds"]) for row in rows] == [
        ("WEST", 2005), ("WEST", 2006), ("WEST", 2007), ("WEST", 2008), ("EAST", 2005),
        ("EAST", 2006),
    ]  # fmt: skip
    assert rows[0]["name"] == "early II"
    assert rows[0]["urban_share"] == pytest.approx(33 * 4.5 / 20)
    assert rows[2]["name"] == "-"
    assert rows[2]["stage"] == 0
    assert rows[4]["weight"] == pytest.approx(0.58)


def test_periods_of_the_callers_kind():
    frame = PANEL.to_frame(meta=True).assign(ds=lambda d: pd.to_datetime(d.ds.astype(str)))
    table = stage_table(Panel.from_frame(frame, gaps="keep"), ROLES)
    assert table.frame().ds.iloc[0] == pd.Timestamp("2005-01-01")
    assert table.to_panel().to_frame().ds.iloc[0] == pd.Timestamp("2005-01-01")


def test_regions_may_be_named_and_ordered():
    table = stage_table(PANEL, ROLES, regions=["EAST"], index=StageIndex(min_weight=0.6))
    assert table.regions == ("EAST",)
    assert (table.scores.stage == 0).all()  # 58 %
    with pytest.raises(UnknownNameError, match=r"no series of region 'WST'.*'WEST'"):
        stage_table(PANEL, ROLES, regions=["WST"])
    with pytest.raises(UnknownNameError, match=r"no region 'Est'.*'EAST'"):
        table.card("Est", 2005)
    with pytest.raises(UnknownNameError, match=r"no year 1999 in the table\. Known: 2005-2006"):
        table.card("EAST", 1999)


CARD = """\
Stage of industrialization, WEST 2005: 24.4 of 100, early II

indicator                 value                 stage   range             score  weight  points  mark
-----------------------------------------------------------------------------------------------------
GDP per capita, USD_2005  2,400                 early   1,490 - 2,980      20.2    36 %    10.4  R
A / I / S in GDP          17.7 / 42.8 / 39.5 %  middle  10 % < A <= 20 %   40.6    22 %    12.8  R
manufacturing in goods    missing               -                             -    22 %       -  R
urban population          34.5 %                early   30 - 50 %           7.4    12 %     1.3  R
primary employment        missing               -                             -     8 %       -  R

Missing: manufacturing in goods, primary employment; 30 % of the weight. \
The composite is the mean of the rest.
R: recalled from the literature, not checked against print."""  # noqa: E501


def test_a_card_is_a_table_to_paste():
    card = stage_table(PANEL, ROLES).card("WEST", 2005)
    assert str(card) == CARD
    assert card.missing == ("manufacturing_share", "primary_employment_share")
    rows = card.rows()
    assert rows[0]["range"] == "1,490 - 2,980"
    assert (card.entries[0].lower, card.entries[0].upper) == (1490, 2980)
    points = [row["points"] for row in rows if row["stage"] != "-"]
    assert sum(points) == pytest.approx(card.composite)
    assert all("Huang" in row["source"] for row in rows)


def test_a_refused_card_says_why():
    card = stage_table(PANEL, ROLES).card("WEST", 2007)
    text = str(card)
    assert text.splitlines()[0] == "Stage of industrialization, WEST 2007: refused"
    assert "66 % of the weight. At least 50 % must be known." in text
    assert np.isnan(card.composite)
    assert card.name == "-"


def test_ranges_at_the_ends():
    card = StageIndex("USD_1964").card(
        gdp_per_capita=90, primary=0.5, secondary=0.2, manufacturing_share=0.7, urban_share=0.8,
        primary_employment_share=0.7,
    )  # fmt: skip
    assert [entry.range for entry in card.entries] == [
        "< 200", "A > I", "> 60 %", "> 75 %", "> 60 %"
    ]  # fmt: skip
    assert [entry.stage for entry in card.entries] == [1, 1, 5, 5, 1]


@pytest.mark.parametrize(
    ("roles", "error", "told"),
    [
        ({"urban": "urban.{region}"}, UsageError, "no input 'urban' .* 'urban_share'"),
        ({"urban_share": "urban.WEST"}, UsageError, "a series id with {region}"),
        (
            {"urban_share": "urbn.{region}"},
            UnknownNameError,
            r"no such series\. Did you mean 'urban\.{region}'",
        ),
        ({}, UsageError, "roles is empty"),
    ],
)
def test_roles_that_cannot_be_meant(roles, error, told):
    with pytest.raises(error, match=told):
        stage_table(PANEL, roles)


def test_quarters_have_no_stage():
    frame = pd.DataFrame({"unique_id": "urban.A", "ds": ["2010Q1", "2010Q2"], "y": [0.3, 0.4]})
    with pytest.raises(UsageError, match="index is annual"):
        stage_table(Panel.from_frame(frame), {"urban_share": "urban.{region}"})


def test_all_bad_series_are_told_at_once():
    frame = pd.DataFrame({
        "unique_id": ["gdp_pc.A", "gdp_pc.B", "gdp_pc.C", "urban.A"],
        "ds": 2005, "y": [14368.0, 4000.0, -3.0, 42.99],
        "unit": ["CNY", "USD", "USD", ""], "kind": "level",
        "base_year": [None, 2010, None, None],
    })  # fmt: skip
    roles = {"gdp_per_capita": "gdp_pc.{region}", "urban_share": "urban.{region}"}
    with pytest.raises(DataError) as caught:
        stage_table(Panel.from_frame(frame), roles)
    told = [str(problem) for problem in caught.value.problems]
    assert len(told) == 4
    assert "'gdp_pc.A': unit 'CNY'; expected dollars, USD_2005. Convert" in told[0]
    assert "'gdp_pc.B': prices of 2010; expected USD_2005" in told[1]
    assert "'gdp_pc.C', 2005: -3" in told[2]
    assert "'urban.A', 2005: 42.99 (1 of 1 values); expected a share from 0 to 1" in told[3]
    assert "unit='percent'" in told[3]


def test_many_regions():
    """Five thousand regions at once, and still each as it would be alone."""
    rng = np.random.default_rng(0)
    regions, years = 5000, 3
    values = {"gdp_pc": rng.uniform(800, 12000, (regions, years)),
              "urban": rng.uniform(0.1, 0.9, (regions, years)),
              "farm": rng.uniform(0.0, 0.8, (regions, years))}  # fmt: skip
    frames = [
        pd.DataFrame({
            "unique_id": np.repeat([f"{name}.{r}" for r in range(regions)], years),
            "ds": np.tile([2005, 2006, 2007], regions), "y": v.ravel(),
        })
        for name, v in values.items()
    ]  # fmt: skip
    roles = {"gdp_per_capita": "gdp_pc.{region}", "urban_share": "urban.{region}",
             "primary_employment_share": "farm.{region}"}  # fmt: skip
    table = stage_table(Panel.from_frame(pd.concat(frames)), roles)
    alone = StageIndex().score(**dict(zip(roles, values.values(), strict=True)))
    np.testing.assert_array_equal(table.scores.composite, alone.composite)
    assert len(table.to_panel()) == regions


# --- western China, from shared figures ----------------------------------------------------------


WITHOUT_TIBET = (
    "CN-NM", "CN-GX", "CN-CQ", "CN-SC", "CN-GZ", "CN-YN", "CN-SN", "CN-GS", "CN-QH", "CN-NX",
    "CN-XJ",
)  # fmt: skip


@pytest.fixture
def west(shared):
    """Provinces 2005-2018 (less Tibet, which has no population) and the West as a whole."""
    data = shared / "data"
    china = table_of(data / "macro_china.csv").loc[:, "CN"]
    world = table_of(data / "macro_world.csv")
    prices = (world["US", "wdi_gdp_pc_cd"] / world["US", "wdi_gdp_pc_kd2010"]).dropna()
    parity = world["CN", "pwt_gdp_pc"] * prices / prices[2017]
    ppp = china["gdp_pc_cur"] / parity

    def dollars(yuan):
        years = yuan.dropna().index
        return pd.Series(
            usd_per_capita(yuan[years], china["wdi_fx"][years], ppp[years], prices[years]), years
        )

    local = table_of(data / "macro_western_provinces.csv").loc[2005:2018]
    series = pd.read_csv(shared / "research/truth/west_region_series.csv").set_index("year")
    rows = {}
    for region in [
        f"CN-{code}" for code in ["NM", "GX", "CQ", "SC", "GZ", "YN", "SN", "GS", "QH", "NX", "XJ"]
    ]:
        own = local[region]
        people = own["population_pub"].fillna(own["population"])
        rows |= {("gdp_pc", region): dollars(own["gdp_cur_pub"] / people * 1e4),
                 ("secondary", region): own["share_secondary_pub"],
                 ("tertiary", region): own["share_tertiary_pub"],
                 ("urban", region): own["urban_share"]}  # fmt: skip
    whole = local["CN-WEST"]
    for name in ("secondary", "tertiary"):
        rows[name, "CN-WEST"] = 100 * whole[f"va_{name}_cur_derived"] / whole["gdp_cur_pub"]
    rows["gdp_pc", "CN-WEST"] = dollars(series["west_gdp_per_capita_yuan"].loc[2005:2018])
    rows["urban", "CN-WEST"] = series["west_urban_pct"].loc[2005:2018]
    frame = pd.concat(
        pd.DataFrame({"unique_id": f"{name}.{region}", "ds": s.dropna().index,
                      "y": s.dropna().to_numpy(), "region": region,
                      "unit": "USD" if name == "gdp_pc" else "percent",
                      "kind": "level" if name == "gdp_pc" else "share"})
        for (name, region), s in rows.items()
    )  # fmt: skip
    roles = {"gdp_per_capita": "gdp_pc.{region}", "secondary": "secondary.{region}",
             "tertiary": "tertiary.{region}", "urban_share": "urban.{region}"}  # fmt: skip
    return stage_table(Panel.from_frame(frame, gaps="keep"), roles, index=StageIndex("USD_2010"))


def table_of(path):
    """year x (region, series_id)."""
    return pd.read_csv(path).pivot_table(
        index="year", columns=["region", "series_id"], values="value"
    )


def test_the_west_is_where_it_was_published(west):
    """T11: 25, early II in 2005; middle in 2010 (printed second half: 46 here, the cut is 49.5)."""
    assert west.card("CN-WEST", 2005).name == "early II"
    assert west.card("CN-WEST", 2005).composite == pytest.approx(25, abs=5)
    assert west.card("CN-WEST", 2010).stage == 3
    assert west.card("CN-WEST", 2010).composite > 42
    assert west.card("CN-WEST", 2005).weight == pytest.approx(0.70)


def test_western_provinces_are_plausible(west):
    """Published 2005-2007: Inner Mongolia middle I, Guizhou early I."""
    assert west.card("CN-NM", 2005).name == "middle I"
    assert west.card("CN-GZ", 2005).name == "early I"
    k = {r: west.scores.composite[west.regions.index(r)] for r in WITHOUT_TIBET}
    assert min(k, key=lambda r: k[r][0]) == "CN-GZ"
    assert max(k, key=lambda r: k[r][5]) == "CN-NM"
    rise = np.array([values[13] - values[0] for values in k.values()])
    assert (rise > 15).all()
    assert (rise < 75).all()


class TestChangingIndicators:
    table = stage_table(
        figures(
            gdp_pc_X=[2400, 2700, 3100, 3600], primary_X=[17.7, 16.2, 16.0, 15.6],
            secondary_X=[42.8, 45.2, 46.3, 48.1], urban_X=[NAN, NAN, 37.0, 38.5],
            gdp_pc_Y=[2400, 2700], primary_Y=[17.7, 16.2], secondary_Y=[42.8, 45.2],
        ),
        ROLES,
    )  # fmt: skip

    def test_they_are_told(self):
        assert self.table.changes == {"X": (2007,)}
        assert "X: other indicators from 2007 on; the index is not comparable" in repr(self.table)
        assert repr(self.table).startswith("StageTable: 2 regions, 2005-2008, 6 region-years")

    def test_models_see_a_break(self):
        data = self.table.to_panel()
        assert data.indicator("stage_index.X").breaks == (2007,)
        assert data.indicator("stage_index.Y").breaks == ()


def test_fractions_called_percent_are_refused():
    wrong = figures(
        urban_X=[0.345, 0.357], gdp_pc_X=[2400, 2700], primary_X=[17, 16], secondary_X=[42, 43]
    )
    with pytest.raises(DataError, match=r"no value above 0.357 percent.*These look like fractions"):
        stage_table(wrong, ROLES)
    small = figures(
        primary_X=[0.6, 0.5], secondary_X=[40, 39], gdp_pc_X=[12000, 12500], urban_X=[88, 89]
    )
    assert stage_table(small, ROLES).scores.stage.max() == 5, "as in Shanghai"


def test_an_index_is_an_index():
    with pytest.raises(UsageError, match=r"index='USD_2010' found, a StageIndex expected"):
        stage_table(PANEL, ROLES, index="USD_2010")
