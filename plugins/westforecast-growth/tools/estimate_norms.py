"""Estimates the tables of `StageGrowth` from the record of countries.

    python tools/estimate_norms.py DATA

DATA: the folder that holds macro_world.csv and benchmarks/pwt_yearly.parquet (Penn World Table
10.01, Feenstra, Inklaar & Timmer 2015; GGDC 10-sector database, Timmer, de Vries & de Vries 2015).
Of the Penn World Table the training part is used alone.

A country-year's stage is that of its GDP per head at the year before, the mean of the exchange-rate
and the PPP conversion in dollars of 2005, by the thresholds of `westforecast.domain.StageIndex`.

norms.csv, for every year VINTAGES from figures up to that year and no later:
constant  mean log growth of real GDP in a stage: random effects over countries (DerSimonian & Laird
          1986), with its standard error; spread: the standard deviation between countries.
current   the same plus inflation, which is no matter of stage: the median over countries of their
          median inflation. Its spread is robust, 1.4826 times the median absolute deviation.
industry  an industry's norm is the economy's plus what it grows faster: the mean change of its log
          share in value added (primary, manufacturing, construction: GGDC) or of its output at
          constant prices over real GDP (early, middle and late industries: class_growth.csv).

class_growth.csv, beside this file, holds the log growth of three classes of manufacturing by
country and year, 1964-2000: weighted means over 28 industries of the index numbers of industrial
production of UNIDO (2002), as in the replication files of Koren & Tenreyro (2007, Quarterly Journal
of Economics 122). Early: food, beverages, tobacco, textiles, leather; middle: wood, rubber,
plastics, chemicals, petroleum, non-metallic minerals; late: clothing, paper, printing, metals,
metal products, machinery, electrical and transport equipment (Chenery's classes). Left out:
industries that share one series with a class not their own, index values below 5, country-years
that cover less than 60 % of a class's weight, and Venezuela, the Philippines and Honduras, whose
"volumes" look nominal.

dynamics.csv and deviations.csv, from figures up to DYNAMICS: how growth returns to its norm, and
how many spreads a country's own norm lies from that of its stage. Weights of candidates and of
deviations that make the record of all countries likeliest (EM; Laird 1978 for the deviations, with
PSEUDO countries at each point, so that none is impossible).
"""

import csv
import sys
from pathlib import Path

import numpy as np
import pandas as pd

from westforecast.domain import StageIndex
from westforecast.domain.stage_words import STAGES
from westforecast.kernels.smoothing import Grid, filtered

HERE = Path(__file__).parents[1] / "src" / "westforecast_growth"
VINTAGES = (1985, 1990, 1995, 2000, 2005, 2010, 2014)
DYNAMICS = 1999
KINDS = ("constant", "current", "deflator")

FEWEST = 5  # years of a country in a stage
# Candidates of `NormGrowth`; EM leaves weight on a few dozen of them.
ALPHA, BETA = (0.7, 1.0, 1.3), (0.0, 0.15, 0.4, 0.8)
PHI, KAPPA = (0.5, 0.7, 0.8, 0.9, 0.95, 0.98), (0.3, 1.0, 2.0)
LEAST = 0.004  # weight below which a candidate is dropped
DEVIATIONS = (-1.5, -0.75, -0.3, 0.0, 0.3, 0.75, 1.5, 2.5, 4.0)
PSEUDO = 0.5
LONG = 20  # years of a country that says something of dynamics
CLASSES = ("early", "middle", "late")
INDUSTRIES = {"primary": "agr", "manufacturing": "man", "construction": "con"}
ISO3 = {"CN": "CHN", "JP": "JPN", "KR": "KOR", "TW": "TWN", "US": "USA", "IT": "ITA", "GB": "GBR",
        "FR": "FRA", "DE": "DEU", "DE-WEST": "DEU", "ES": "ESP"}  # fmt: skip


def main(data: Path) -> None:
    countries = read_countries(data / "benchmarks" / "pwt_yearly.parquet")
    shares = pd.concat([read_shares(data / "macro_world.csv", countries), read_classes(countries)])
    found = [fit_dynamics(countries, prices) for prices in KINDS]
    write("dynamics.csv", [row for rows, _ in found for row in rows])
    write("deviations.csv", [row for _, rows in found for row in rows])
    rows = []
    for until in VINTAGES:
        known = countries[countries.year <= until]
        economy = economy_norms(known)
        rows += [row(until, "economy", *key, *norm) for key, norm in economy.items()]
        for industry in (*INDUSTRIES, *(f"{name} industries" for name in CLASSES)):
            changes = shares[(shares.year <= until) & (shares.industry == industry)]
            rows += industry_norms(until, industry, economy, changes)
    write("norms.csv", rows)


def read_countries(path: Path) -> pd.DataFrame:
    """A row per country and year: log growth of real and nominal GDP, stage of the year before."""
    table = pd.read_parquet(path)
    table = table[table.split == "train"]
    table[["indicator", "country"]] = table.unique_id.str.split("|", expand=True)
    wide = table.pivot_table(index=["country", "ds"], columns="indicator", values="y")
    us = wide.loc["USA"]
    deflator = us.cgdpo * us.pl_gdpo / us.rgdpna  # of the dollar, 2017 = 1
    wide = wide.reset_index().rename(columns={"ds": "year"}).sort_values(["country", "year"])
    dollars = wide.cgdpo * wide.pl_gdpo  # nominal GDP at the exchange rate
    base = deflator[2005]
    parity = wide.rgdpe / wide["pop"] * base
    market = dollars / wide["pop"] / wide.year.map(deflator) * base
    income = (parity + market) / 2
    stage, _ = StageIndex("USD_2005", 0.3).stage_of(
        StageIndex("USD_2005", 0.3).score(gdp_per_capita=income.to_numpy()).composite
    )
    # A rate that never moves was left out of the collection: such money moves with the dollar.
    nominal = (dollars * wide.xr).where(wide.groupby("country").xr.transform("count") > 0, dollars)
    frame = pd.DataFrame({
        "country": wide.country, "year": wide.year, "stage": stage,
        "constant": np.log(wide.rgdpna), "current": np.log(nominal),
        "deflator": np.log(nominal / wide.rgdpna),
    })  # fmt: skip
    step = frame.groupby("country")
    follows = step.year.diff() == 1
    frame["stage_before"] = step.stage.shift(1).where(follows, 0).fillna(0).astype(int)
    for prices in KINDS:
        frame[f"g_{prices}"] = step[prices].diff().where(follows)
    return frame


def read_shares(path: Path, countries: pd.DataFrame) -> pd.DataFrame:
    """A row per country, industry and year: change of the log share, stage of the year before."""
    table = pd.read_csv(path)
    stage = countries.set_index(["country", "year"]).stage_before
    parts = []
    for industry, short in INDUSTRIES.items():
        found = table[table.series_id == f"ggdc_{short}_va_share"].sort_values(["region", "year"])
        change = np.log(found.value).groupby(found.region).diff()
        country = found.region.map(ISO3)
        before = [stage.get(key, 0) for key in zip(country, found.year, strict=True)]
        parts.append(pd.DataFrame({
            "country": country, "year": found.year, "industry": industry, "change": change,
            "stage_before": before,
        }))  # fmt: skip
    return pd.concat(parts).dropna()


def read_classes(countries: pd.DataFrame) -> pd.DataFrame:
    """As `read_shares`: growth of three classes of manufacturing less that of real GDP."""
    table = pd.read_csv(Path(__file__).parent / "class_growth.csv", keep_default_na=False)
    table = table.melt(["country", "year"], CLASSES, "industry", "growth")
    table["growth"] = pd.to_numeric(table.growth)
    found = table.merge(countries[["country", "year", "g_constant", "stage_before"]])
    found["change"] = found.growth - found.g_constant
    found["industry"] += " industries"
    return found[["country", "year", "industry", "change", "stage_before"]].dropna()


def random_effects(values: pd.Series, country: pd.Series) -> tuple[float, float, float, int, int]:
    """Mean over countries of their means, its standard error, the standard deviation between
    countries, how many countries and years (DerSimonian & Laird 1986)."""
    each = values.groupby(country).agg(["mean", "var", "count"])
    each = each[each["count"] >= FEWEST]
    left = each["count"] - 1
    noise = (each["var"] * left).sum() / left.sum() / each["count"]
    weight = 1 / noise
    mean = (weight * each["mean"]).sum() / weight.sum()
    q = (weight * (each["mean"] - mean) ** 2).sum()
    between = (q - (len(each) - 1)) / (weight.sum() - (weight**2).sum() / weight.sum())
    between = max(between, 0.0) if len(each) > 1 else 0.0
    weight = 1 / (noise + between)
    mean = (weight * each["mean"]).sum() / weight.sum()
    return mean, weight.sum() ** -0.5, between**0.5, len(each), int(each["count"].sum())


def economy_norms(known: pd.DataFrame) -> dict[tuple[str, str], tuple]:
    """(prices, stage) -> norm, se, spread, countries, years of the whole economy."""
    prices = known.dropna(subset=["g_deflator"]).groupby("country").g_deflator
    each = prices.agg(["median", "count"])
    each = each[each["count"] >= FEWEST]["median"]
    inflation = each.median()
    apart = 1.4826 * (each - inflation).abs().median()
    se = 1.2533 * apart / np.sqrt(len(each))  # of a median
    found = {("deflator", "any"): (inflation, se, apart, len(each), len(known))}
    for code, stage in enumerate(("any", *STAGES)):
        rows = known.dropna(subset=["g_constant"])
        rows = rows[rows.stage_before == code] if code else rows[rows.stage_before > 0]
        norm, se, spread, countries, years = random_effects(rows.g_constant, rows.country)
        found["constant", stage] = (norm, se, spread, countries, years)
        se = np.hypot(se, found["deflator", "any"][1])
        spread = np.hypot(spread, apart)
        found["current", stage] = (norm + inflation, se, spread, countries, years)
    return found


def industry_norms(
    until: int, industry: str, economy: dict[tuple[str, str], tuple], changes: pd.DataFrame
) -> list[dict]:
    """An industry's rows: the economy's norm plus what its log share gains a year in the stage.

    A stage seen in fewer than three countries takes the change of all stages together."""
    rows = []
    for (prices, stage), (norm, se, spread, *_) in economy.items():
        if prices == "deflator":
            continue
        code = ("any", *STAGES).index(stage)
        here = changes[changes.stage_before == code] if code else changes
        if (here.groupby("country").size() >= FEWEST).sum() < 3:
            here = changes
        gain, gain_se, gain_spread, countries, years = random_effects(here.change, here.country)
        rows.append(row(until, industry, prices, stage, norm + gain, np.hypot(se, gain_se),
                        np.hypot(spread, gain_spread), countries, years))  # fmt: skip
    return rows


def fit_dynamics(countries: pd.DataFrame, prices: str) -> tuple[list[dict], list[dict]]:
    """The weights of candidates and of deviations that make the record likeliest."""
    known = countries[countries.year <= DYNAMICS].dropna(subset=[prices])
    norms = economy_norms(known)
    points = np.array([(a, b, f, k) for f in PHI for a in ALPHA for b in BETA for k in KAPPA])
    alpha, beta, phi, kappa = points.T
    zero = np.zeros(len(points))
    grid = Grid(alpha, beta, zero, phi, kappa, zero, zero, np.unique(phi, return_inverse=True)[1])
    columns, place = [], []
    for _, rows in known.groupby("country"):
        stage = ("any", *STAGES)[int(rows.stage.median())]
        if len(rows) >= LONG and (np.diff(rows.year) == 1).all():
            columns.append(rows[prices].to_numpy())
            place.append(norms[prices, "any" if prices == "deflator" else stage])
    order = np.argsort([len(c) for c in columns], kind="stable")
    n = np.array([len(columns[i]) for i in order])
    y = np.full((n.max(), len(n)), np.nan)
    for c, i in enumerate(order):
        y[: n[c], c] = columns[i]
    likelihood = []
    for deviation in DEVIATIONS:
        drift = np.array([place[i][0] + deviation * place[i][2] for i in order])
        straight = y - drift * np.arange(len(y))[:, None]
        fits = filtered(straight, np.arange(len(n)), n, np.full(len(n), 1e-18), grid, gaps=False)
        likelihood.append(np.concatenate([f.log_likelihood for f in fits]))
    candidate, deviation = expectation_maximization(np.array(likelihood), prices)
    keep = np.flatnonzero(candidate >= LEAST)
    candidate = candidate[keep] / candidate[keep].sum()
    names = ("alpha", "beta", "phi", "kappa")
    return [
        {"prices": prices, **{k: f"{v:g}" for k, v in zip(names, points[i], strict=True)},
         "weight": f"{w:.5f}"} for i, w in zip(keep, candidate, strict=True)
    ], [
        {"prices": prices, "deviation": f"{d:g}", "weight": f"{w:.5f}"}
        for d, w in zip(DEVIATIONS, deviation, strict=True)
    ]  # fmt: skip


def expectation_maximization(
    log_likelihood: np.ndarray, prices: str, rounds: int = 200
) -> tuple[np.ndarray, np.ndarray]:
    """Weights of candidates [G] and deviations [D] from log likelihoods [D, countries, G]."""
    peak = log_likelihood.max(axis=(0, 2))
    likelihood = np.exp(log_likelihood - peak[:, None])
    deviations, countries, candidates = likelihood.shape
    candidate, deviation = np.full(candidates, 1 / candidates), np.full(deviations, 1 / deviations)
    for _ in range(rounds):
        share = likelihood * deviation[:, None, None] * candidate
        share /= share.sum(axis=(0, 2), keepdims=True)
        candidate = share.sum(axis=(0, 1)) / countries
        deviation = share.sum(axis=(1, 2)) + PSEUDO
        deviation /= deviation.sum()
    total = (likelihood * deviation[:, None, None] * candidate).sum(axis=(0, 2))
    print(f"{prices}: log likelihood {(np.log(total) + peak).sum():.1f}, {countries} countries")
    return candidate, deviation


def row(until: int, industry: str, prices: str, stage: str, norm: float, se: float, spread: float,
        countries: int, years: int) -> dict:  # fmt: skip
    return {"until": until, "industry": industry, "prices": prices, "stage": stage,
            "norm": f"{norm:.4f}", "se": f"{se:.4f}", "spread": f"{spread:.4f}",
            "countries": countries, "years": years}  # fmt: skip


def write(name: str, rows: list[dict]) -> None:
    with (HERE / name).open("w", encoding="utf-8", newline="") as file:
        out = csv.DictWriter(file, list(rows[0]), lineterminator="\n")
        out.writeheader()
        out.writerows(rows)
    print(f"{name}: {len(rows)} rows")


if __name__ == "__main__":
    main(Path(sys.argv[1]))
