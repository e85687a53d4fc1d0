"""Ten-year forecasts of GDP: every growth model beside its peers, whatever comes out.

`python -m benchmarks.growth` prints two tables and puts them into docs/benchmarks.md.

West: nominal GDP of the 12 western provinces (NBS, macro_western_provinces.csv), annual from 1985,
origins 2000, 2005 and 2008. World: real GDP of countries (Penn World Table 10.01, training part),
origins 1985 to 2004. Error is |log forecast - log outcome| ten years ahead, 0.10 = about 10 %,
averaged over series; bias is forecast less outcome.

Ex ante: nothing after the origin is used, apart from vintages: figures are as published later. A
province's stage is the index of what was known of it: structure up to 2004, from 2005 on GDP per
head and urban share as well. Ex post rows read what the driver came to be: they are no forecasts,
and show how much of an error is the driver's.
"""

import importlib.util
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import pandas as pd

import westforecast as wf
from westforecast.backtest import origins, run
from westforecast.models import Status

from .data import FOLDER, ROOT
from .table import markdown, replaced

HORIZON = 10
WEST, WORLD = (2000, 2005, 2008), (1985, 1990, 1995, 2000, 2004)
NATION = "gdp_cur.CN"
STAGE = "stage_index.{region}"
ROLES = {
    "primary": "primary.{region}", "secondary": "secondary.{region}",
    "gdp_per_capita": "gdp_pc.{region}", "urban_share": "urban.{region}",
}  # fmt: skip
PEERS = [
    "Naive", "Drift", "DampedLogGrowth", "AveragedETS", "AveragedARIMA", "AutoETS", "AutoARIMA",
    "Theta",
]  # fmt: skip


def west_models() -> dict[str, wf.Model]:
    nation = wf.model("StageGrowth", index="stage_index.CN")
    return {
        "StageGrowth": wf.model("StageGrowth", index=STAGE),
        "StageGrowth, with its nation": wf.model("StageGrowth", index=STAGE, nation=NATION),
        "StageGrowth, deflated": wf.model("StageGrowth", index=STAGE, deflator="deflator.CN"),
        "StageGrowth, deflated, with its nation": wf.model(
            "StageGrowth", index=STAGE, deflator="deflator.CN", nation=NATION
        ),
        "StageGrowth, any stage": wf.model("StageGrowth"),
        "DampedGrowth 0.95": wf.model("DampedGrowth"),
        "CompoundGrowth": wf.model("CompoundGrowth"),
        "ShareShift x StageGrowth": wf.model("ShareShift", driver=NATION, driver_model=nation),
        "ConstantShare x StageGrowth": wf.model(
            "ConstantShare", driver=NATION, driver_model=nation
        ),
        "ShareShift": wf.model("ShareShift", driver=NATION),
        "ConstantShare": wf.model("ConstantShare", driver=NATION),
        "GrowthRatio": wf.model("GrowthRatio", driver=NATION),
        "GrowthRatio, shrunk 0.5": wf.model("GrowthRatio", driver=NATION, shrink=0.5),
        "Elasticity": wf.model("Elasticity", driver=NATION),
        "DriverRegression": wf.model("DriverRegression", driver=NATION),
        **{name: wf.model(name) for name in PEERS},
        "ShareShift, ex post": wf.model("ShareShift", driver=NATION, driver_mode="actual"),
        "ConstantShare, ex post": wf.model("ConstantShare", driver=NATION, driver_mode="actual"),
    }


def world_models() -> dict[str, wf.Model]:
    return {
        "StageGrowth": wf.model("StageGrowth", index=STAGE, prices="constant"),
        "StageGrowth, any stage": wf.model("StageGrowth", prices="constant"),
        "DampedGrowth 0.95": wf.model("DampedGrowth"),
        "CompoundGrowth": wf.model("CompoundGrowth"),
        **{name: wf.model(name) for name in PEERS if name != "AutoARIMA"},  # which takes minutes
    }


def west_panel() -> wf.Panel:
    """Provinces' GDP, the nation's GDP and prices, and everyone's stage index."""
    data = FOLDER.parent
    west = pd.read_csv(data / "macro_western_provinces.csv")
    china = pd.read_csv(data / "macro_china.csv")
    west = west[west.region != "CN-WEST"]

    def national(name: str) -> pd.Series:
        return china[china.series_id == name].set_index("year").value

    def provincial(name: str, id: str, unit: str) -> pd.DataFrame:
        rows = west[west.series_id == name]
        return rows.assign(unique_id=f"{id}." + rows.region, y=rows.value, unit=unit)

    gdp = provincial("gdp_cur_pub", "gdp", "CNY")
    secondary, tertiary = (
        provincial(f"share_{s}_pub", s, "percent") for s in ("secondary", "tertiary")
    )
    primary = secondary.merge(tertiary, on=["region", "year"])
    primary = primary.assign(unique_id="primary." + primary.region, unit="percent",
                             y=100 - primary.y_x - primary.y_y)  # fmt: skip
    people = pd.concat([provincial(name, "heads", "") for name in ("population_pub", "population")])
    heads = gdp.merge(people, on=["region", "year"])
    rate = dollars(china).reindex(heads.year).to_numpy()
    heads = heads.assign(unique_id="gdp_pc." + heads.region, unit="USD",
                         y=1e4 * heads.y_x / heads.y_y * rate)  # fmt: skip
    nation = {
        NATION: (national("gdp_cur"), "CNY"),
        "deflator.CN": (national("gdp_cur") / national("gdp_idx_1978"), ""),
        "primary.CN": (national("share_primary"), "percent"),
        "secondary.CN": (national("share_secondary"), "percent"),
        "gdp_pc.CN": (national("gdp_pc_cur") * dollars(china), "USD"),
        "urban.CN": (national("wdi_urban_share"), "percent"),
    }
    frames = [gdp, secondary, primary, heads, provincial("urban_share", "urban", "percent")]
    frames += [
        pd.DataFrame({"unique_id": k, "year": v.index, "y": v, "unit": unit, "region": "CN"})
        for k, (v, unit) in nation.items()
    ]
    columns = ["unique_id", "year", "y", "unit", "region"]
    rows = pd.concat([frame[columns] for frame in frames]).dropna(subset=["y"])
    return _with_stages(rows, wf.StageIndex("USD_2010", min_weight=0.2), ROLES)


def dollars(china: pd.DataFrame) -> pd.Series:
    """Dollars of 2010 for a yuan: the mean of the exchange rate and purchasing power parity."""
    world = pd.read_csv(FOLDER.parent / "macro_world.csv")
    parity = world[(world.series_id == "pwt_gdp_pc") & (world.region == "CN")]
    us = pd.read_parquet(FOLDER / "pwt_yearly.parquet")
    us = us[us.unique_id.str.endswith("|USA")].pivot(index="ds", columns="unique_id", values="y")
    prices = us["cgdpo|USA"] * us["pl_gdpo|USA"] / us["rgdpna|USA"]
    yuan, rate = (
        china[china.series_id == k].set_index("year").value for k in ("gdp_pc_cur", "wdi_fx")
    )
    market = 1 / rate / prices
    return (market + parity.set_index("year").value / yuan) / 2 * prices[2010]


def world_panel() -> wf.Panel:
    """Countries' real GDP and their stage by GDP per head."""
    path = ROOT / "plugins/westforecast-growth/tools/estimate_norms.py"
    spec = importlib.util.spec_from_file_location("estimate_norms", path)
    assert spec is not None and spec.loader is not None
    tool = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(tool)
    table = tool.read_countries(FOLDER / "pwt_yearly.parquet").dropna(subset=["constant"])
    table = table[table.groupby("country").year.transform("size") >= 25]
    real = table.assign(unique_id="gdp." + table.country, y=np.exp(table.constant))
    middle = np.array([np.nan, 0, 16, 50, 83, 100])[table.stage]
    stage = table.assign(unique_id="stage_index." + table.country, y=middle)
    rows = pd.concat([real, stage]).dropna(subset=["y"]).assign(region=lambda d: d.country)
    return wf.Panel.from_frame(
        rows[["unique_id", "year", "y", "region"]], time_col="year", gaps="keep"
    )


def _with_stages(rows: pd.DataFrame, index: Any, roles: Mapping[str, str]) -> wf.Panel:
    panel = wf.Panel.from_frame(rows, time_col="year", gaps="keep")
    stage = wf.stage_table(panel, roles, index=index).to_panel().to_frame(meta=True)
    return wf.Panel.from_frame(pd.concat([rows, stage[rows.columns]]), time_col="year", gaps="keep")


def table(
    panel: wf.Panel, models: Mapping[str, wf.Model], cutoffs: Sequence[int]
) -> list[list[str]]:
    """One row a model: error by origin, their mean, bias, coverage, how many it forecast."""
    ids = [unique_id for unique_id in panel.ids if unique_id.startswith("gdp.")]
    plan = origins(panel, HORIZON, cutoffs=cutoffs, min_train_size=4, series=ids)
    result = run(plan, models, (95,))
    outcome, cutoff = plan.actuals()[:, -1], plan.windows.cutoff
    rows = []
    for name, forecast in result.forecasts.items():
        fine = (forecast.status == Status.OK) & (forecast.mean[:, -1] > 0)
        error = np.full(len(fine), np.nan)
        error[fine] = np.log(forecast.mean[fine, -1] / outcome[fine])
        low, high = (end[:, -1] for end in forecast.interval(95))
        bounded = fine & np.isfinite(low)
        held = ((low <= outcome) & (outcome <= high))[bounded]
        each = [np.nanmean(np.abs(error[cutoff == c])) for c in cutoffs]
        rows.append([
            name, *(f"{e:.3f}" for e in each), f"{np.mean(each):.3f}", f"{np.nanmean(error):+.2f}",
            f"{100 * held.mean():.0f}" if len(held) else "-", f"{fine.sum()} of {len(fine)}",
        ])  # fmt: skip
    post = len(cutoffs) + 1
    ante = sorted((r for r in rows if "ex post" not in r[0]), key=lambda r: float(r[post]))
    return [*ante, *(r for r in rows if "ex post" in r[0])]


def heads(cutoffs: Sequence[int]) -> list[str]:
    return ["model", *map(str, cutoffs), "mean", "bias", "95 % holds", "forecast"]


if __name__ == "__main__":
    page = ROOT / "docs" / "benchmarks.md"
    for name, panel, models, cutoffs in (
        ("west", west_panel(), west_models(), WEST), ("world", world_panel(), world_models(), WORLD)
    ):  # fmt: skip
        content = markdown(heads(cutoffs), table(panel, models, cutoffs))
        print(name, content, sep="\n")
        text = page.read_text("utf-8")
        if f"<!-- {name}: begin -->" in text:
            page.write_text(replaced(text, content, name), "utf-8")
