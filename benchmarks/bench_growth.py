"""Do ten thousand series, ten origins each, fit ten seconds? Every growth model."""

from statistics import median

import numpy as np
import pandas as pd
import pytest

import westforecast as wf

from .claims import Claim, claim

MANY, FEW, LENGTH, HORIZON, ORIGINS = 10_000, 60, 30, 5, 10
LEAST = 0.5  # of the windows are to be forecast, or the time is that of refusing
DRIVEN, OWN = {"driver": "nation"}, {"driver": "nation.{region}"}
REGIONS = tuple(f"R{k:02}" for k in range(31))  # each with a nation, income and prices of its own
# label -> model, what its series look like, settings
CASES = {
    "CompoundGrowth": ("CompoundGrowth", "levels", {}),
    "DampedGrowth": ("DampedGrowth", "levels", {}),
    "GrowthRatio": ("GrowthRatio", "levels", DRIVEN),
    "Elasticity, log-log": ("Elasticity", "levels", DRIVEN),
    "Elasticity, annual": ("Elasticity", "levels", {**DRIVEN, "convention": "annual"}),
    "Elasticity, period": ("Elasticity", "levels", {**DRIVEN, "convention": "period"}),
    "ConstantShare": ("ConstantShare", "levels", DRIVEN),
    "ShareShift": ("ShareShift", "levels", DRIVEN),
    "IntensityOfUse": ("IntensityOfUse", "levels", {"activity": "nation", "income": "income"}),
    "EndUse": ("EndUse", "levels", {"sectors": ("nation", "income"), "coefficients": (0.1, 0.2)}),
    "DriverRegression": ("DriverRegression", "levels", DRIVEN),
    "NormGrowth": ("NormGrowth", "levels", {"norm": 0.05}),
    "StageGrowth": ("StageGrowth", "levels", {"index": "stage"}),
    "StageGrowth, deflated, with its nation": (
        "StageGrowth", "levels", {"index": "stage", "nation": "nation", "deflator": "income"}
    ),
    "GrowthRatio, 31 drivers": ("GrowthRatio", "levels", OWN),
    "Elasticity, annual, 31 drivers": ("Elasticity", "levels", {**OWN, "convention": "annual"}),
    "ConstantShare, 31 drivers": ("ConstantShare", "levels", OWN),
    "ShareShift, 31 drivers": ("ShareShift", "levels", OWN),
    "IntensityOfUse, 31 drivers": (
        "IntensityOfUse", "levels", {"activity": "nation.{region}", "income": "income.{region}"}
    ),
    "EndUse, 31 sectors and their uses": (
        "EndUse", "levels", {"sectors": ("nation.{region}",), "uses": ("income.{region}",)}
    ),
    "DriverRegression, 31 drivers": ("DriverRegression", "levels", OWN),
    "StageGrowth, 31 nations": (
        "StageGrowth", "levels", {"index": "stage", "nation": "nation.{region}"}
    ),
    "StageGrowth, 31 nations and deflators": (
        "StageGrowth", "levels",
        {"index": "stage", "nation": "nation.{region}", "deflator": "prices.{region}"},
    ),
    "Logistic": ("Logistic", "shares", {"upper": 1.0}),
    "Gompertz": ("Gompertz", "shares", {"upper": 1.0}),
    "Logistic, ceiling estimated": ("Logistic", "shares", {"upper": "estimate"}),
    "Gompertz, ceiling estimated": ("Gompertz", "shares", {"upper": "estimate"}),
    "Bass": ("Bass", "sales", {}),
}  # fmt: skip


@pytest.mark.benchmark(group="growth models")
@pytest.mark.parametrize("label", CASES)
def bench_growth_model(benchmark, installed, label):
    """Panel in, forecasts with two intervals out, every core."""
    name, kind, settings = CASES[label]
    installed("model", name)
    panel, model = data(kind, MANY if benchmark.enabled else FEW), wf.model(name, **settings)

    def call() -> wf.Result:
        return wf.backtest(panel, {label: model}, h=HORIZON, n_windows=ORIGINS, levels=(80, 95))

    result = benchmark.pedantic(call, rounds=1)
    made = result.forecasts[label]
    fine = made.status == 0
    assert fine.mean() > LEAST, result.failed[:3]
    assert np.isfinite(made.quantiles[fine]).all()
    assert (np.diff(made.quantiles[fine], axis=-1) >= 0).all()
    if benchmark.enabled:
        seconds = median(benchmark.stats.stats.data)
        note = f"{len(made):,} windows, {100 * fine.mean():.0f} % forecast"
        claim(benchmark, Claim(f"{label}: 10,000 series, 10 origins", seconds, 10, "at most", "s",
                               gate=False, note=note))  # fmt: skip


def data(kind: str, count: int) -> wf.Panel:
    """So many series of a kind in 31 regions; beside them a nation, its income and its stage, and
    of levels each region's own nation, income and prices."""
    generator = np.random.default_rng(4)
    t = np.arange(LENGTH)
    noise = generator.normal(0, 0.04, (count, LENGTH)).cumsum(axis=1)
    if kind == "levels":
        y = np.exp(generator.uniform(2, 6, (count, 1)) + 0.06 * t + noise)
    elif kind == "shares":
        y = 1 / (1 + np.exp(-(0.22 * (t - generator.uniform(8, 14, (count, 1))) + noise)))
        y = 0.8 * np.clip(y, 0.01, 0.99)
    else:
        peak = generator.uniform(12, 17, (count, 1))
        y = 1e4 / np.cosh(0.22 * (t - peak)) ** 2 * np.exp(noise / 4)
    beside = {
        "nation": 20
        * y.max(axis=0).sum()
        * np.exp(0.06 * t + 0.02 * generator.normal(size=LENGTH)),
        "income": np.exp(7 + 0.05 * t + 0.02 * generator.normal(size=LENGTH).cumsum()),
        "stage": np.linspace(5, 70, LENGTH),
    }
    ids = np.repeat([f"s{i}" for i in range(count)], LENGTH)
    frame = pd.DataFrame({"unique_id": ids, "ds": np.tile(1981 + t, count), "y": y.ravel()})
    extra = [pd.DataFrame({"unique_id": k, "ds": 1981 + t, "y": v}) for k, v in beside.items()]
    if kind != "levels":
        return wf.Panel.from_frame(pd.concat([frame, *extra]))
    meta = {f"s{i}": {"price_basis": "current", "region": REGIONS[i % 31]} for i in range(count)}
    growth = {"nation": 0.06, "income": 0.05, "prices": 0.03}
    for region in REGIONS:
        for name, rate in growth.items():
            walk = generator.normal(rate, 0.02, LENGTH).cumsum()
            level = beside["nation"][0] * np.exp(walk) if name == "nation" else np.exp(5 + walk)
            extra.append(
                pd.DataFrame({"unique_id": f"{name}.{region}", "ds": 1981 + t, "y": level})
            )
            about = {"kind": "index"} if name == "prices" else {"price_basis": "current"}
            meta[f"{name}.{region}"] = {"region": region, **about}
    return wf.Panel.from_frame(pd.concat([frame, *extra]), meta=meta)
