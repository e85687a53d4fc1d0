"""The stages of western China's provinces, 2000 to 2019, from public figures.

`python -m benchmarks.stage_cards` prints the table and puts it into docs/explanation/stages.md.

Structure, urban share and GDP per head in dollars of 2010: 70 % of the index's weight. Before 2005
there is structure alone, too little for an index. 2019 is of a later vintage than the years before.
Purchasing power is that of the nation. The West as a whole comes from the data of the CNC study.
"""

import pandas as pd

import westforecast as wf
from westforecast.domain import stage_name

from .data import FOLDER, ROOT
from .growth import ROLES, dollars, west_panel
from .table import markdown, replaced

YEARS = (2000, 2002, 2005, 2007, 2010, 2013, 2015, 2018, 2019)
NAMES = {
    "CN-NM": "Inner Mongolia", "CN-CQ": "Chongqing", "CN-NX": "Ningxia", "CN-SN": "Shaanxi",
    "CN-QH": "Qinghai", "CN-XJ": "Xinjiang", "CN-SC": "Sichuan", "CN-GS": "Gansu",
    "CN-YN": "Yunnan", "CN-GX": "Guangxi", "CN-GZ": "Guizhou", "CN-XZ": "Tibet",
    "CN-WEST": "the West", "CN": "China",
}  # fmt: skip


def panel() -> wf.Panel:
    """The inputs of the index: those of `growth`, and 2019 from the accounts published later."""
    known = west_panel().to_frame(meta=True)
    known = known[~known.unique_id.str.startswith("stage_index")]
    west = pd.read_csv(FOLDER.parent / "macro_western_provinces.csv")
    later = west[(west.year == 2019) & (west.region != "CN-WEST")]
    table = later.pivot_table(index="region", columns="series_id", values="value")
    rate = dollars(pd.read_csv(FOLDER.parent / "macro_china.csv"))[2019]
    figures = {
        "primary": (100 * table.va_primary_cur / table.gdp_cur, "percent"),
        "secondary": (100 * table.va_secondary_cur / table.gdp_cur, "percent"),
        "gdp_pc": (table.gdp_pc_cur * rate, "USD"),
    }
    extra = [
        pd.DataFrame({"unique_id": f"{name}." + values.index, "year": 2019, "unit": unit,
                      "y": values.to_numpy(), "region": values.index})
        for name, (values, unit) in figures.items()
    ]  # fmt: skip
    cnc = wf.dataset("cnc").to_frame(meta=True)
    whole = {
        "share_primary.CN-WEST": "primary", "share_secondary.CN-WEST": "secondary",
        "gdp_pc_usd2010.CN-WEST": "gdp_pc", "west_urban_share.CN-WEST": "urban",
    }  # fmt: skip
    cnc = cnc[cnc.unique_id.isin(whole)].rename(columns={"value": "y"})
    cnc["unique_id"] = cnc.unique_id.map(whole) + ".CN-WEST"
    rows = pd.concat([known, *extra, cnc])[["unique_id", "year", "y", "unit", "region"]]
    rows = rows[
        rows.unique_id.str.split(".").str[0].isin({t.split(".")[0] for t in ROLES.values()})
    ]
    return wf.Panel.from_frame(rows.drop_duplicates(["unique_id", "year"]), time_col="year",
                               gaps="keep")  # fmt: skip


def rows() -> list[list[str]]:
    """A row per province: composite and stage in each year."""
    index = wf.StageIndex("USD_2010")
    table = wf.stage_table(panel(), ROLES, index=index, regions=list(NAMES))
    told = []
    for r, region in enumerate(table.regions):
        cells = []
        for year in YEARS:
            y = int(year - table.years[0])
            k, s, h = (
                a[r, y] for a in (table.scores.composite, table.scores.stage, table.scores.half)
            )
            cells.append(f"{k:.0f} {stage_name(int(s), int(h))}" if s else "-")
        told.append([NAMES[region], *cells])
    return told


if __name__ == "__main__":
    content = markdown(["", *map(str, YEARS)], rows())
    page = ROOT / "docs" / "explanation" / "stages.md"
    page.write_text(replaced(page.read_text("utf-8"), content, "provinces"), "utf-8")
    print(content)
