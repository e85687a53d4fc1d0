"""The conventions of elasticity against worked examples of planning textbooks, with their sources.

The numbers below are copied from research/truth/worked_examples.csv of the project's shared folder;
where that folder lies beside the checkout, a test asserts that the copies still agree.
"""

import csv
import json
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

import westforecast as wf
from westforecast.errors import UsageError
from westforecast.kernels.growth import response
from westforecast.models import Windows
from westforecast_growth import DriverRegression, Elasticity, EndUse
from westforecast_growth.response import average_growth, elasticity, project

CASES = Path(__file__).parents[4] / "shared" / "research" / "truth" / "worked_examples.csv"

# id: inputs, expected, tolerance, source
PUBLISHED = {
    "elasticity_electricity": (
        {"y0": 290, "driver_growth": 0.07, "elasticity": 0.66, "years": 5},
        {"growth": 0.0462, "y5": 363},
        0.5,
        "https://examw.com/shiti/71630658",
    ),
    "elasticity_ratio": (
        {"driver_growth": 0.072, "elasticity": 0.9},
        {"growth": 0.0648},
        1e-6,
        "https://www.kc22.net/174516414-1-2f1a.html",
    ),
    "income_elasticity_camera": (
        {
            "income": [2820, 3640, 4640, 5978, 7585, 9198],
            "population_10k": [680, 684, 688, 692, 696, 701],
            "sales_10k": [3.22, 3.56, 3.99, 4.36, 4.81, 5.18],
            "income_growth_total": 0.86, "population_growth": 0.004, "horizon": 5,
        },
        {"elasticities": [0.34, 0.42, 0.3, 0.35, 0.34], "mean_elasticity": 0.35, "y2005": 6.88},
        0.02,
        "https://app.ixiawen.com/question/47098477/69215c679be579b2dcd4464566461758.html",
    ),
    "income_elasticity_appliance": (
        {
            "income": [2600, 3000, 3500, 4200, 4900, 5800],
            "population_10k": [620, 624, 628, 632, 636, 640],
            "sales_10k": [32, 35, 39, 44, 49, 54],
            "income_growth_total": 0.36, "population_growth": 0.005, "horizon": 2,
        },
        {"elasticities": [0.56, 0.64, 0.61, 0.63, 0.52], "mean_elasticity": 0.59, "y2005": 66},
        0.5,
        "https://app.ixiawen.com/question/1062209/0e002fa28385b407782b2196b0c85b16.html",
    ),
    "income_elasticity_fridge_published_error": (
        {
            "per10k_2017": 90.43, "population_10k_2017": 742, "income_growth_total": 0.8,
            "mean_elasticity": 0.393, "population_growth": 0.003, "horizon": 5,
        },
        {"published_y2022": 8.84, "correct_y2022": 8.95},
        0.01,
        "https://m.examw.com/shiti/34773819",
    ),
    "regression_galvanised_steel": (
        {
            "y": [3.45, 3.5, 4.2, 5.4, 7.1, 7.5, 8.5, 11.0, 13.45, 15.32],
            "x": [1.003, 1.119, 1.26, 1.45, 1.527, 1.681, 1.886, 1.931, 2.028, 2.274],
            "driver_growth": 0.12, "horizon": 5,
        },
        {"a": -7.55, "b": 9.59, "R": 0.961, "t_b": 9.85, "x_future": 4.01, "y_future": 30.88,
         "interval": [24.75, 37.0]},
        0.01,
        "https://app.ixiawen.com/question/22961029/ced3514eb380aacd8e3e6dc094238c31.html ; data "
        "with 1.931: https://taowenge.com/p-60255154.html",
    ),
    "consumption_coefficient_gasoline": (
        {
            "stock_2005": [6.21, 3.34, 5.73, 0.24, 1.22],
            "use_2005": [19.62, 29.66, 64.86, 0.03, 6.85], "stock_2010": [20, 5, 7, 0.5, 2],
        },
        {"computed_total": 198.12},
        0.05,
        "https://www.zhinangjingpinke.com/forum.php?extra=page%3D1&mod=viewthread&tid=519",
    ),
}  # fmt: skip


def test_the_copies_agree_with_the_shared_file():
    if not CASES.exists():
        pytest.skip(f"{CASES} is not on this machine; the published numbers are copied above")
    with CASES.open(encoding="utf-8", newline="") as handle:
        rows = {row["id"]: row for row in csv.DictReader(handle)}
    for name, (inputs, expected, tolerance, source) in PUBLISHED.items():
        row = rows[name]
        known, wanted = json.loads(row["inputs_json"]), json.loads(row["expected_json"])
        assert inputs.items() <= known.items(), name
        assert expected.items() <= wanted.items(), name
        assert float(row["abs_tolerance"]) == tolerance
        assert row["source"] == source


def test_electricity():
    """Annual convention: 290 (1 + 0.66 * 7 %)^5 = 363."""
    inputs, expected, tolerance, _ = PUBLISHED["elasticity_electricity"]
    levels = project(
        inputs["y0"], inputs["elasticity"], [inputs["driver_growth"]] * inputs["years"], "annual"
    )
    assert levels[0] / inputs["y0"] - 1 == pytest.approx(expected["growth"])
    assert levels[-1] == pytest.approx(expected["y5"], abs=tolerance)


def test_ratio():
    inputs, expected, _, _ = PUBLISHED["elasticity_ratio"]
    e = elasticity(expected["growth"], inputs["driver_growth"])
    assert e == pytest.approx(inputs["elasticity"])


@pytest.mark.parametrize("name", ["income_elasticity_camera", "income_elasticity_appliance"])
def test_income(name):
    """Period convention per 10,000 inhabitants, mean of the yearly elasticities, x population."""
    inputs, expected, tolerance, _ = PUBLISHED[name]
    income, population = inputs["income"], inputs["population_10k"]
    per10k = [1e4 * s / p for s, p in zip(inputs["sales_10k"], population, strict=True)]
    yearly = [
        elasticity(average_growth(*per10k[t : t + 2], 1), average_growth(*income[t : t + 2], 1))
        for t in range(len(income) - 1)
    ]
    # the books round on the way, not always at the same place
    assert yearly == pytest.approx(expected["elasticities"], abs=0.015)
    mean = float(np.mean(yearly))
    assert mean == pytest.approx(expected["mean_elasticity"], abs=0.005)
    people = population[-1] * (1 + inputs["population_growth"]) ** inputs["horizon"]
    later = project(per10k[-1], mean, [inputs["income_growth_total"]], "period")[-1]
    (answer,) = (value for key, value in expected.items() if key.startswith("y20"))
    assert later * people / 1e4 == pytest.approx(answer, abs=tolerance)


def test_fridge_and_the_mistake_in_its_published_answer():
    inputs, expected, tolerance, _ = PUBLISHED["income_elasticity_fridge_published_error"]
    later = project(
        inputs["per10k_2017"], inputs["mean_elasticity"], [inputs["income_growth_total"]], "period"
    )[-1]
    grown = 1 + inputs["population_growth"]
    people = inputs["population_10k_2017"] * grown ** inputs["horizon"]
    assert later * people / 1e4 == pytest.approx(expected["correct_y2022"], abs=tolerance)
    mistaken = later * inputs["population_10k_2017"] * grown / 1e4
    assert mistaken == pytest.approx(expected["published_y2022"], abs=tolerance)


def test_the_three_conventions_differ():
    """+75 % in five years at e = 0.325 (research/domain.md, 2.1)."""
    yearly = [average_growth(1, 1.75, 5)] * 5
    for convention, growth in (("log-log", 0.199), ("annual", 0.208), ("period", 0.244)):
        assert project(1, 0.325, yearly, convention)[-1] - 1 == pytest.approx(growth, abs=5e-4)


# --- the same cases as forecasts of models --------------------------------------------------------


def forecast(model, series, horizon, levels=()):
    """The forecast of the first of some series that end in the same year, 0."""
    frame = pd.concat(
        pd.DataFrame({"unique_id": name, "ds": 2000 + np.arange(1 - len(y), 1), "y": y})
        for name, y in series.items()
    )
    panel = wf.Panel.from_frame(frame)
    found = model.forecast(Windows.of(panel, [panel.index(next(iter(series)))]), horizon, levels)
    assert not found.reason
    return found


def grows(level, rate, horizon):
    return {2000 + h: level * (1 + rate) ** h for h in range(1, horizon + 1)}


@pytest.mark.parametrize(
    ("level", "rate", "e", "expected"),
    [(290, 0.07, 0.66, 363), (1500, 0.1, 0.64, 2045.50)],  # research/domain.md, 2.1 and 7 (T1)
)
def test_electricity_as_a_model(level, rate, e, expected):
    model = Elasticity("gdp", "annual", elasticity=e, driver_path=grows(50, rate, 5))
    found = forecast(model, {"electricity": [level], "gdp": [50.0]}, 5)
    assert found.mean[0, -1] == pytest.approx(expected, abs=0.5)


def test_the_three_conventions_as_models():
    for convention, growth in (("log-log", 0.199), ("annual", 0.208), ("period", 0.244)):
        model = Elasticity(
            "income", convention, elasticity=0.325, driver_path=grows(1, 1.75**0.2 - 1, 5)
        )
        found = forecast(model, {"y": [10.0], "income": [1.0]}, 5)
        assert found.mean[0, -1] / 10 - 1 == pytest.approx(growth, abs=5e-4)


@pytest.mark.parametrize("given", [True, False], ids=["the book's elasticity", "estimated"])
@pytest.mark.parametrize("name", ["income_elasticity_camera", "income_elasticity_appliance"])
def test_income_as_a_model(name, given):
    """Per inhabitant, times a projected population; e given, or the ratio of average growth."""
    inputs, expected, tolerance, _ = PUBLISHED[name]
    h = inputs["horizon"]
    rate = (1 + inputs["income_growth_total"]) ** (1 / h) - 1
    model = Elasticity(
        "income", "period", population="people",
        elasticity=expected["mean_elasticity"] if given else None,
        driver_path={
            "income": grows(inputs["income"][-1], rate, h),
            "people": grows(inputs["population_10k"][-1], inputs["population_growth"], h),
        },
    )  # fmt: skip
    series = {"sales": inputs["sales_10k"], "income": inputs["income"],
              "people": inputs["population_10k"]}  # fmt: skip
    found = forecast(model, series, h)
    assert found.mean[0, -1] == pytest.approx(expected["y2005"], abs=tolerance)


def test_galvanised_steel():
    inputs, expected, tolerance, _ = PUBLISHED["regression_galvanised_steel"]
    h = inputs["horizon"]
    path = grows(inputs["x"][-1], inputs["driver_growth"], h)
    assert path[2000 + h] == pytest.approx(expected["x_future"], abs=0.005)
    series = {"steel": inputs["y"], "secondary": inputs["x"]}
    found = forecast(DriverRegression("secondary", driver_path=path), series, h, (95,))
    assert found.mean[0, -1] == pytest.approx(expected["y_future"], abs=tolerance)
    assert found.quantiles[0, -1] == pytest.approx(expected["interval"], abs=tolerance)
    # a driver that is forecast adds its own uncertainty
    again = forecast(DriverRegression("secondary"), series, h, (95,))
    assert np.ptp(again.quantiles[0, -1]) > np.ptp(found.quantiles[0, -1])


def test_gasoline():
    inputs, expected, tolerance, _ = PUBLISHED["consumption_coefficient_gasoline"]
    kinds = [f"vehicles {k}" for k in range(5)]
    uses = [f"use by {kind}" for kind in kinds]
    series = {"gasoline": [sum(inputs["use_2005"])]}
    series |= {kind: [stock] for kind, stock in zip(kinds, inputs["stock_2005"], strict=True)}
    series |= {use: [amount] for use, amount in zip(uses, inputs["use_2005"], strict=True)}
    later = dict(zip(kinds, inputs["stock_2010"], strict=True))
    path = {kind: {2001: float(stock)} for kind, stock in later.items()}
    found = forecast(EndUse(kinds, uses=uses, driver_path=path), series, 1)
    assert found.mean[0, 0] == pytest.approx(expected["computed_total"], abs=tolerance)
    given = [u / s for u, s in zip(inputs["use_2005"], inputs["stock_2005"], strict=True)]
    again = forecast(EndUse(kinds, coefficients=given, driver_path=path), series, 1)
    assert again.mean[0, 0] == pytest.approx(found.mean[0, 0])


# --- the arithmetic -------------------------------------------------------------------------------


@pytest.mark.parametrize("convention", ["log-log", "annual", "period"])
def test_an_elasticity_of_one_is_the_driver_itself(convention):
    growth = [0.1, -0.05, 0.2]
    expected = 7 * np.cumprod(1 + np.array(growth))
    np.testing.assert_allclose(project(7, 1.0, growth, convention), expected)


@pytest.mark.parametrize("convention", ["log-log", "annual", "period"])
def test_the_derivative(convention):
    change, elapsed = np.array([0.1, -0.05, 0.3]), np.array([1.0, 2.0, 3.0])
    _, slope = response(1.4, change, elapsed, convention)
    up, down = (response(1.4 + d, change, elapsed, convention)[0] for d in (1e-6, -1e-6))
    np.testing.assert_allclose(slope, (up - down) / 2e-6, rtol=1e-6)


def test_nothing_left():
    assert np.isnan(project(10, 3.0, [-0.5], "annual")).all()
    assert np.isnan(project(10, 3.0, [-0.5], "period")).all()


@pytest.mark.parametrize(
    "call",
    [
        lambda: elasticity(0.1, 0.0),
        lambda: average_growth(0, 1, 1),
        lambda: average_growth(1, 2, 0),
        lambda: project(1, 1, [0.1], "yearly"),
        lambda: project(1, 1, [-1.0], "annual"),
    ],
)
def test_what_is_not_defined(call):
    with pytest.raises(UsageError):
        call()


def test_percent_for_fractions_are_refused_with_what_was_meant():
    with pytest.raises(UsageError, match=r"driver growth 7 found, .* 0.07 for 7 percent"):
        project(290, 0.66, [7] * 5, "annual")
    with pytest.raises(UsageError, match=r"elasticity 66 found; percent .* 0.66 perhaps"):
        Elasticity("gdp", elasticity=66)
