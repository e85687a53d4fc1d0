"""Growth that returns to a norm, and the norms of stages."""

import importlib.util
import sys
from collections import Counter
from dataclasses import replace
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

import westforecast as wf
from westforecast.backtest import origins, run
from westforecast.errors import UsageError
from westforecast.models import DampedLogGrowth, Status, Windows
from westforecast.testing import check_model
from westforecast_growth import DampedGrowth
from westforecast_growth.stage import (
    STAGES,
    NormGrowth,
    StageGrowth,
    deviations,
    dynamics,
    industries,
    norms,
)

TOOL = Path(__file__).parents[1] / "tools" / "estimate_norms.py"


@pytest.fixture
def shared():
    """The folder of shared figures beside the repository; users do not have it."""
    folder = Path(__file__).parents[3].parent / "shared" / "data"
    if not folder.is_dir():
        pytest.skip("no shared/ beside the repository")
    return folder


def panel(meta=None, gaps="keep", **series):
    """Annual series that end in 2010, by id."""
    frames = [
        pd.DataFrame({"unique_id": name, "ds": range(2011 - len(y), 2011), "y": y})
        for name, y in series.items()
    ]
    return wf.Panel.from_frame(pd.concat(frames), meta=meta, gaps=gaps)


def growing(rate, years=30, noise=0.0, seed=0):
    steps = rate + noise * np.random.default_rng(seed).normal(size=years - 1)
    return 100 * np.exp(np.concatenate([[0.0], np.cumsum(steps)]))


def ahead(model, data, h=10, levels=(), only="y"):
    found = wf.forecast(data, model, h=h, levels=levels).forecasts[model.name]
    return found.take(np.array([data.index(only)]))


def textbook(y, horizon, model, heard=None):
    """Mean and variance of log y(h): a Kalman filter for every candidate and deviation; and the
    log likelihood of each deviation. heard: what is added to their prior."""
    grid = dynamics(model.prices, 1)
    mass, prior, path, spread = [], [], [], []
    heard = np.zeros(9) if heard is None else heard
    for (d, log_weight), said in zip(deviations(model.prices), heard, strict=True):
        norm = model.norm + model.spread * d
        z = np.log(y) - norm * np.arange(len(y))
        for k in range(len(grid)):
            step = np.array([[1.0, grid.phi[k]], [0.0, grid.phi[k]]])
            seen, error = np.array([1.0, grid.phi[k]]), np.array([grid.alpha[k], grid.beta[k]])
            # First level diffuse: the first observation fixes it, the first slope keeps its prior.
            state = np.array([z[0], 0.0])
            b = grid.kappa[k] ** 2
            to_state = np.array([[0.0, error[0] - 1], [grid.phi[k], error[1]]])  # of (slope, noise)
            cover = to_state @ np.diag([b, 1.0]) @ to_state.T
            log_likelihood, squares = 0.0, 0.0
            for value in z[1:]:
                f = seen @ cover @ seen + 1
                gain = (step @ cover @ seen + error) / f
                innovation = value - seen @ state
                state = step @ state + gain * innovation
                cover = step @ cover @ step.T + np.outer(error, error) - f * np.outer(gain, gain)
                squares += innovation**2 / f
                log_likelihood -= 0.5 * np.log(f)
            squares += 1e-18
            n = len(z) - 1
            mass.append(log_likelihood - n / 2 * np.log(squares) + grid.log_prior[k])
            prior.append(log_weight + said)
            means, variances, power, noise = [], [], np.eye(2), 1.0
            for h in range(1, horizon + 1):
                load = seen @ power
                means.append(load @ state + norm * (len(y) - 1 + h))
                variances.append((load @ cover @ load + noise) * squares / n)
                noise += (load @ error) ** 2
                power = power @ step
            path.append(means)
            spread.append(variances)
    log_mass = np.array(mass) + prior
    weight = np.exp(log_mass - log_mass.max())
    weight /= weight.sum()
    mean = weight @ np.array(path)
    each = np.logaddexp.reduce(np.array(mass).reshape(9, -1), axis=1)
    return mean, weight @ (np.array(spread) + (np.array(path) - mean) ** 2), each - each.max()


class TestNormGrowth:
    @pytest.mark.parametrize("prices", ["constant", "current", "deflator"])
    def test_it_is_what_the_textbook_says(self, prices):
        y = growing(0.09, years=14, noise=0.04)
        model = NormGrowth(norm=0.05, spread=0.03, prices=prices)
        made = ahead(model, panel(y=y), h=6, levels=(50,))
        mean, variance, _ = textbook(y, 6, model)
        np.testing.assert_allclose(np.log(made.mean[0]), mean, rtol=1e-9)
        # the mixture's quantiles are not a normal law's, but its inner half is near one
        half = np.log(made.interval(50)[1] / made.interval(50)[0])[0] / 2
        assert (half / np.sqrt(variance) > 0.5).all()
        assert (half / np.sqrt(variance) < 0.75).all()

    def test_growth_at_the_norm_goes_on(self):
        made = ahead(NormGrowth(norm=0.07), panel(y=growing(0.07)))
        np.testing.assert_allclose(made.mean[0], 100 * np.exp(0.07 * (29 + np.arange(1, 11))), 1e-6)

    @pytest.mark.parametrize("own", [0.12, -0.02])
    def test_growth_returns_to_the_norm(self, own):
        y = growing(own, noise=0.05, seed=3)
        made = ahead(NormGrowth(norm=0.05, spread=0.01), panel(y=y), h=30)
        away = np.sign(own - 0.05) * (np.diff(np.log([y[-1], *made.mean[0]])) - 0.05)
        assert (np.diff(away) < 0).all()
        assert away[-1] < 0.6 * away[0]
        assert away[-1] > -0.002, "and not beyond it"

    def test_a_long_clean_series_speaks_for_itself(self):
        model = NormGrowth(norm=0.04, spread=0.02)
        rates = [
            np.log(ahead(model, panel(y=growing(0.09, years, 0.03, seed=1))).mean[0, 9]
                   / growing(0.09, years, 0.03, seed=1)[-1]) / 10
            for years in (6, 60)
        ]  # fmt: skip
        noisy = growing(0.09, 60, 0.15, seed=1)
        heard = np.log(ahead(model, panel(y=noisy)).mean[0, 9] / noisy[-1]) / 10
        assert rates[0] < rates[1]
        assert heard < rates[1]

    def test_a_wider_spread_leaves_more_to_the_series(self):
        data = panel(y=growing(0.12, 40, 0.03))
        rates = [ahead(NormGrowth(norm=0.04, spread=s), data).mean[0, 9] for s in (0.0, 0.03, 0.06)]
        assert rates[0] < rates[1] < rates[2]

    def test_quarters_have_a_quarter_of_a_years_norm(self):
        times = pd.period_range("2001Q1", periods=40, freq="Q")
        y = 100 * np.exp(0.02 * np.arange(40))
        data = wf.Panel.from_frame(pd.DataFrame({"unique_id": "y", "ds": times, "y": y}))
        made = ahead(NormGrowth(norm=0.08), data, h=4)
        np.testing.assert_allclose(made.mean[0], 100 * np.exp(0.02 * np.arange(40, 44)), rtol=1e-6)

    @pytest.mark.parametrize(
        ("settings", "told"),
        [
            ({"norm": float("nan")}, "norm=nan"),
            ({"norm": 7.0}, r"norm=7.0.*0.07 for 7.25 percent"),
            ({"spread": -1.0}, r"spread=-1.0"),
            ({"scale": "level"}, "one of logarithms"),
            ({"prices": "real"}, "one of constant, current, deflator expected"),
        ],
    )
    def test_settings_that_cannot_be_meant(self, settings, told):
        with pytest.raises(UsageError, match=told):
            NormGrowth(**settings)

    def test_it_keeps_the_contract(self):
        report = check_model(NormGrowth(norm=0.05))
        report.raise_if_failed()


class TestTables:
    def test_every_class_has_a_norm_for_every_stage_and_vintage(self):
        found = Counter((n.industry, n.prices) for n in norms() if n.prices != "deflator")
        vintages = len({n.until for n in norms()})
        assert set(found.values()) == {len(STAGES) * vintages}
        assert len(found) == 2 * len(industries())
        assert {"economy", "early industries", "late industries"} <= set(industries())

    def test_they_say_what_chenery_says(self):
        norm = {
            (n.industry, n.stage): n for n in norms() if (n.until, n.prices) == (2014, "constant")
        }
        economy = [norm["economy", stage].norm for stage in STAGES[1:]]
        assert max(economy) == norm["economy", "early"].norm, "growth is fastest in the early stage"
        assert min(economy) == norm["economy", "post-industrial"].norm
        for stage in ("middle", "late", "post-industrial"):
            assert norm["late industries", stage].norm > norm["early industries", stage].norm
        late = {stage: norm["late industries", stage].norm for stage in STAGES[1:]}
        assert max(late, key=late.get) == "middle"

    def test_a_norm_has_its_standard_error_and_its_countries(self):
        for norm in norms():
            assert 0 < norm.se < 0.035
            assert 0 <= norm.spread < 0.08
            assert norm.countries >= 3
            assert -0.05 < norm.norm < 0.15

    @pytest.mark.parametrize("prices", ["constant", "current", "deflator"])
    def test_priors_add_up(self, prices):
        assert np.exp(dynamics(prices, 1).log_prior).sum() == pytest.approx(1, abs=1e-3)
        assert sum(np.exp(w) for _, w in deviations(prices)) == pytest.approx(1, abs=1e-3)

    def test_they_are_what_the_script_makes(self, shared, tmp_path, monkeypatch):
        spec = importlib.util.spec_from_file_location("estimate_norms", TOOL)
        tool = importlib.util.module_from_spec(spec)
        monkeypatch.setitem(sys.modules, "estimate_norms", tool)
        spec.loader.exec_module(tool)
        shipped = tool.HERE
        monkeypatch.setattr(tool, "HERE", tmp_path)
        tool.main(shared)
        for name in ("norms.csv", "dynamics.csv", "deviations.csv"):
            again, there = pd.read_csv(tmp_path / name), pd.read_csv(shipped / name)
            words = [c for c in again if not pd.api.types.is_numeric_dtype(again[c])]
            pd.testing.assert_frame_equal(again[words], there[words])
            numbers = again.columns.difference(words)
            np.testing.assert_allclose(again[numbers], there[numbers], atol=2e-3)


def staged(index, **more):
    """A growing series of region r with the index of r beside it."""
    meta = {"y": {"region": "r"}}
    return panel(meta, y=growing(0.1, 25, 0.03), **{"index.r": index}, **more)


class TestStageGrowth:
    def test_the_stage_picks_the_norm(self):
        data = panel(y=growing(0.06, noise=0.03))
        by_stage = {
            s: ahead(StageGrowth(stage=s, prices="constant"), data).mean[0, 9] for s in STAGES[1:]
        }
        assert max(by_stage, key=by_stage.get) == "early"
        assert by_stage["early"] > by_stage["post-industrial"]

    def test_it_is_norm_growth_with_that_norm(self):
        data = panel(y=growing(0.06, noise=0.03))
        (row,) = (n for n in norms() if n[:4] == (2010, "late industries", "constant", "middle"))
        direct = NormGrowth(norm=row.norm, spread=np.hypot(row.se, row.spread))
        made = ahead(
            StageGrowth(stage="middle", industry="late industries", prices="constant"),
            data,
            5,
            (80,),
        )
        assert made.difference(ahead(direct, data, 5, (80,))).max() == 0

    def test_an_index_beside_the_series_gives_the_stage(self):
        early, post = (ahead(StageGrowth(index="index.{region}"), staged([v] * 25), h=5).mean[0]
                       for v in (20.0, 100.0))  # fmt: skip
        fixed = ahead(StageGrowth(stage="early"), panel(y=growing(0.1, 25, 0.03)), h=5).mean[0]
        np.testing.assert_array_equal(early, fixed)
        assert (post < early).all()

    def test_only_the_stage_known_at_the_cutoff_counts(self):
        index = np.linspace(20, 60, 25)
        later = np.where(np.arange(25) > 19, 100.0, index)
        model = StageGrowth(index="index.{region}")
        found = [
            wf.backtest(staged(i), {"m": model}, h=5, cutoffs=[2005], levels=(80,)).forecasts["m"]
            for i in (index, later)
        ]
        assert found[0].take(np.array([0])).difference(found[1].take(np.array([0]))).max() == 0
        now = [ahead(model, staged(i), h=5).mean for i in (index, later)]
        assert not np.allclose(*now), "what is known at the cutoff does"

    def test_only_the_norm_known_at_the_cutoff_counts(self):
        data = panel(y=growing(0.06, 30, 0.03))
        rows = {n.until: n for n in norms() if n[1:4] == ("economy", "current", "any")}
        made = wf.backtest(data, StageGrowth(), h=1, cutoffs=[1999, 2000])
        for w, until in enumerate((1995, 2000)):
            row = rows[until]
            model = NormGrowth(norm=row.norm, spread=np.hypot(row.se, row.spread), prices="current")
            direct = wf.forecast(data.as_of(1999 + w), model, h=1).forecasts["NormGrowth"]
            assert made.forecasts["StageGrowth"].mean[w, 0] == direct.mean[0, 0]

    def test_prices_are_what_the_indicator_says(self):
        y = growing(0.1, 25, 0.03)
        meta = {"a": {"price_basis": "constant"}, "b": {"kind": "count"}, "c": {},
                "d": {"price_basis": "current"}}  # fmt: skip
        data = panel(meta, a=y, b=y, c=y, d=y)
        a, b, c, d = (ahead(StageGrowth(stage="early"), data, 5, only=x).mean[0] for x in "abcd")
        np.testing.assert_array_equal(a, b)
        np.testing.assert_array_equal(c, d)
        assert not np.array_equal(a, c)

    def test_quarters_see_the_norm_of_their_time(self):
        times = pd.period_range("1985Q1", "1994Q4", freq="Q")
        y = 100 * np.exp(0.015 * np.arange(len(times)))
        data = wf.Panel.from_frame(pd.DataFrame({"unique_id": "y", "ds": times, "y": y}))
        (row,) = (n for n in norms() if n[:4] == (1990, "economy", "current", "any"))
        direct = NormGrowth(norm=row.norm, spread=np.hypot(row.se, row.spread), prices="current")
        assert ahead(StageGrowth(), data, 4).difference(ahead(direct, data, 4)).max() == 0

    @pytest.mark.parametrize("kind", ["share", "rate", "index"])
    def test_what_has_no_norm_of_growth_is_refused(self, kind):
        data = panel({"y": {"kind": kind, "unit": "percent"}}, y=np.linspace(20, 60, 20))
        made = wf.forecast(data, StageGrowth(), h=2).forecasts["StageGrowth"]
        assert made.status[0] == Status.OUT_OF_DOMAIN
        assert ("norm of growth" in made.reason[0]) or ("prices=" in made.reason[0])

    def test_prices_have_a_norm_of_their_own(self):
        y = growing(0.05, 25, 0.02)
        data = panel({"y": {"kind": "price"}}, y=y)
        (row,) = (n for n in norms() if (n.until, n.prices) == (2010, "deflator"))
        direct = NormGrowth(norm=row.norm, spread=np.hypot(row.se, row.spread), prices="deflator")
        made = ahead(StageGrowth(stage="late"), data, 4)
        assert made.difference(ahead(direct, data, 4)).max() == 0

    def test_no_index_no_forecast(self):
        for index, value, told in (
            ("stage.{region}", 20.0, "no series 'stage.{region}'"),
            ("index.{region}", 120.0, "120 found in 'index.r' up to 2010, an index from 0 to 100"),
        ):
            result = wf.forecast(staged([value] * 25), StageGrowth(index=index), h=2)
            made = result.forecasts["StageGrowth"]
            assert made.status[0] == Status.NO_DRIVER
            assert told in made.reason[0]

    def test_one_without_a_stage_costs_the_others_nothing(self):
        y = growing(0.1, 25)
        meta = {"y": {"region": "r"}, "z": {"region": "q"}}
        data = panel(meta, y=y, z=y, **{"index.r": [20.0] * 25})
        result = wf.forecast(data, StageGrowth(index="index.{region}"), h=2)
        statuses = result.forecasts["StageGrowth"].status.tolist()
        assert statuses == [Status.OK, Status.NO_DRIVER, Status.NO_DRIVER]

    @pytest.mark.parametrize(
        ("settings", "told"),
        [
            ({"stage": "midle"}, "Did you mean 'middle'"),
            ({"stage": "early", "index": "i"}, "both given"),
            ({"industry": "lathe"}, "has no norm"),
            ({"prices": "nominal"}, "one of constant, current"),
            ({"prices": "constant", "deflator": "p"}, "both given"),
            ({"driver_mode": "actual"}, "without a deflator, which is the driver"),
        ],
    )
    def test_settings_that_cannot_be_meant(self, settings, told):
        with pytest.raises(UsageError, match=told):
            StageGrowth(**settings)

    def test_it_keeps_the_contract(self):
        report = check_model(StageGrowth(stage="middle"))
        report.raise_if_failed()

    def test_it_keeps_the_contract_with_an_index_and_a_deflator(self):
        regions = {name: {"region": "r"} for name in ("y0", "y1", "y2", "y3", "p", "index.r")}
        series = {f"y{i}": growing(0.1, 18 + 3 * i, 0.05, seed=i) for i in range(4)}
        data = panel(regions, **series, p=growing(0.04, 40, 0.02), **{"index.r": [40.0] * 40})
        model = StageGrowth(index="index.{region}", deflator="p")
        report = check_model(model, data, series=["y0", "y1", "y2", "y3"])
        report.raise_if_failed()


class TestNation:
    y = growing(0.1, 12, 0.05, seed=2)
    model = StageGrowth(stage="early", prices="constant", nation="n")

    def test_a_fast_nation_speaks_for_its_regions(self):
        alone = ahead(StageGrowth(stage="early", prices="constant"), panel(y=self.y)).mean[0, 9]
        slow, fast = (ahead(self.model, panel(y=self.y, n=growing(r, 60, 0.02))).mean[0, 9]
                      for r in (0.045, 0.11))  # fmt: skip
        assert slow < alone < fast

    def test_both_records_speak_of_one_norm(self):
        """The likelihoods of nation and region multiply, deviation by deviation."""
        (row,) = (n for n in norms() if n[:4] == (2010, "economy", "constant", "early"))
        norm = NormGrowth(norm=row.norm, spread=np.hypot(row.se, row.spread))
        nation = growing(0.11, 30, 0.04)
        _, _, heard = textbook(nation, 1, norm)
        np.testing.assert_allclose(norm.hear(Windows.of(panel(n=nation)))[0], heard, atol=1e-8)
        mean, *_ = textbook(self.y, 5, norm, heard)
        made = ahead(self.model, panel(y=self.y, n=nation), 5)
        np.testing.assert_allclose(np.log(made.mean[0]), mean, rtol=1e-9)

    def test_a_series_that_is_the_nation_itself_is_heard_once(self):
        data = panel(y=self.y, n=growing(0.11, 60, 0.02))
        made = ahead(self.model, data, 5, (80,), "n")
        alone = ahead(StageGrowth(stage="early", prices="constant"), data, 5, (80,), "n")
        assert made.difference(alone).max() == 0

    def test_regions_have_nations_of_their_own(self):
        meta = {"a": {"region": "a"}, "b": {"region": "b"}}
        fast, slow = growing(0.11, 60, 0.02), growing(0.03, 60, 0.02)
        data = panel(meta, a=self.y, b=self.y, **{"n.a": fast, "n.b": slow})
        model = replace(self.model, nation="n.{region}")
        both = [ahead(model, data, 5, (80,), only) for only in "ab"]
        apart = [ahead(self.model, panel(y=self.y, n=n), 5, (80,)) for n in (fast, slow)]
        for one, other in zip(both, apart, strict=True):
            assert one.difference(other).max() < 1e-9

    @pytest.mark.parametrize(
        ("meta", "nation", "told"),
        [
            ({}, [0.0, *growing(0.1, 59)], "nation 'n' has values of 0 or less"),
            ({}, [5.0], "1 values of nation 'n' known, 2 needed"),
            ({"n": {"price_basis": "constant"}}, growing(0.1, 60),
             "nation 'n' is at constant prices, the series at current ones"),
        ],
    )  # fmt: skip
    def test_a_nation_that_says_nothing_of_it_is_refused(self, meta, nation, told):
        data = panel(meta, y=self.y, n=nation)
        model = StageGrowth(stage="early", nation="n")
        made = wf.forecast(data, model, h=2).forecasts["StageGrowth"]
        assert made.status[0] in {Status.NO_DRIVER, Status.OUT_OF_DOMAIN}
        assert told in made.reason[0]

    def test_each_origin_hears_what_was_known_then(self):
        nation = growing(0.08, 60, 0.03)
        later = nation.copy()
        later[-5:] *= 1.5 ** np.arange(1, 6)
        found = [
            wf.backtest(panel(y=growing(0.1, 30, 0.05), n=n), self.model, h=2, cutoffs=[2005])
            for n in (nation, later)
        ]
        then, now = (f.forecasts["StageGrowth"].take(np.array([0])) for f in found)
        assert then.difference(now).max() == 0

    def test_without_it_there_is_no_forecast(self):
        made = wf.forecast(panel(y=self.y), self.model, h=2).forecasts["StageGrowth"]
        assert made.status[0] == Status.NO_DRIVER
        assert "no series 'n' in the panel, which was to be the nation" in made.reason[0]

    def test_at_constant_prices_it_is_deflated_too(self):
        price = growing(0.05, 60, 0.02, seed=5)
        nation = growing(0.11, 60, 0.02)
        model = StageGrowth(stage="early", nation="n", deflator="p", driver_mode="frozen")
        made = ahead(model, panel(y=self.y * price[-12:], n=nation * price, p=price), 5)
        real = ahead(self.model, panel(y=self.y, n=nation), 5).mean
        np.testing.assert_allclose(made.mean, real * price[-1], rtol=1e-9)
        volumes = panel(
            {"n": {"price_basis": "constant"}}, y=self.y * price[-12:], n=nation, p=price
        )
        np.testing.assert_allclose(ahead(model, volumes, 5).mean, real * price[-1], rtol=1e-9)

    def test_every_region_and_nation_has_its_own_prices(self):
        """Inflation of 2, 10 and 30 percent; nothing may depend on the others or on their order."""
        rates = {"a": 0.02, "b": 0.10, "c": 0.30, "N": 0.05}
        meta = {f"{kind}.{r}": {"region": r} for kind in ("gdp", "p") for r in rates}
        series = {f"p.{r}": growing(g, 40, 0.01) for r, g in rates.items()}
        series |= {
            f"gdp.{r}": growing(0.09, 40, 0.04, seed=i) * series[f"p.{r}"]
            for i, r in enumerate(rates)
        }
        model = StageGrowth(stage="early", nation="gdp.N", deflator="p.{region}")
        whole = panel(meta, **series)
        for r in "abc":
            keep = [f"gdp.{r}", f"p.{r}", "gdp.N", "p.N"]
            alone = ahead(model, whole.select(id=keep), 5, (80,), f"gdp.{r}")
            for order in (list(series), list(series)[::-1]):
                data = panel(meta, **{name: series[name] for name in order})
                among = ahead(model, data, 5, (80,), f"gdp.{r}")
                assert among.difference(alone).max() < 1e-9
        report = check_model(model, whole, series=["gdp.a", "gdp.b", "gdp.c"])
        report.raise_if_failed()


class TestDeflator:
    real = growing(0.07, 25, 0.03)
    price = growing(0.05, 40, 0.02, seed=5)
    model = StageGrowth(stage="early", deflator="p")

    def test_a_price_index_that_stands_still_leaves_growth_at_constant_prices(self):
        model = replace(self.model, driver_mode="frozen")
        made = ahead(model, panel(y=self.real, p=[2.0] * 40), 5, (80,))
        alone = StageGrowth(stage="early", prices="constant")
        there = ahead(alone, panel(y=self.real), 5, (80,))
        assert made.difference(there).max() < 1e-9

    def test_growth_and_prices_are_carried_on_apart(self):
        data = panel(y=self.real * self.price[-25:], p=self.price)
        (row,) = (n for n in norms() if (n.until, n.prices) == (2010, "deflator"))
        inflation = NormGrowth(
            norm=row.norm, spread=np.hypot(row.se, row.spread), prices="deflator"
        )
        volume = StageGrowth(stage="early", prices="constant")
        expected = (
            ahead(volume, panel(y=self.real), 8).mean * ahead(inflation, data, 8, (), "p").mean
        )
        np.testing.assert_allclose(ahead(self.model, data, 8).mean, expected, rtol=1e-9)

    def test_both_are_uncertain(self):
        data = panel(y=self.real * self.price[-25:], p=self.price)
        frozen = replace(self.model, driver_mode="frozen")
        wide, narrow = (np.log(np.divide(*ahead(m, data, 8, (80,)).interval(80)))
                        for m in (self.model, frozen))  # fmt: skip
        assert (wide < narrow).all(), "low over high: the wider, the smaller"

    def test_another_model_may_forecast_the_prices(self):
        data = panel(y=self.real * self.price[-25:], p=self.price)
        other = ahead(replace(self.model, driver_model=DampedLogGrowth()), data, 8).mean
        prices = ahead(DampedLogGrowth(), data, 8, (), "p").mean
        volume = ahead(StageGrowth(stage="early", prices="constant"), panel(y=self.real), 8).mean
        np.testing.assert_allclose(other, volume * prices, rtol=1e-9)

    def test_the_unit_of_the_price_index_does_not_matter(self):
        one, hundred = (ahead(self.model, panel(y=self.real, p=k * self.price), 5, (80,))
                        for k in (1, 100))  # fmt: skip
        assert one.difference(hundred).max() < 1e-9

    def test_prices_published_late_hide_the_last_values(self):
        late = panel({"p": {"publication_lag": 2}}, y=self.real, p=self.price)
        now = wf.backtest(late, self.model, h=3, cutoffs=[2005]).forecasts["StageGrowth"]
        changed = self.price.copy()
        changed[-7:] *= 3  # from 2004 on: not known in 2005
        data = panel({"p": {"publication_lag": 2}}, y=self.real, p=changed)
        then = wf.backtest(data, self.model, h=3, cutoffs=[2005]).forecasts["StageGrowth"]
        assert now.take(np.array([0])).difference(then.take(np.array([0]))).max() == 0

    def test_without_prices_there_is_no_forecast(self):
        made = wf.forecast(panel(y=self.real), self.model, h=2).forecasts["StageGrowth"]
        assert made.status[0] == Status.NO_DRIVER
        assert "'p'" in made.reason[0]

    def test_volumes_need_none(self):
        data = panel({"y": {"kind": "count"}}, y=self.real)
        assert ahead(self.model, data).status[0] == Status.OK


def test_ten_years_ahead_countries_return_to_their_norm(shared):
    """Penn World Table, real GDP; stages by GDP per head; norms as known at each cutoff."""
    spec = importlib.util.spec_from_file_location("estimate_norms", TOOL)
    tool = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(tool)
    countries = tool.read_countries(shared / "benchmarks" / "pwt_yearly.parquet")
    countries = countries.dropna(subset=["constant"])
    countries = countries[countries.groupby("country").year.transform("size") >= 25]
    real = countries.assign(unique_id=countries.country, y=np.exp(countries.constant))
    index = np.array([np.nan, 0, 20, 50, 80, 100])[countries.stage]
    stage = countries.assign(unique_id="index." + countries.country, y=index).dropna(subset=["y"])
    frame = pd.concat([real, stage])[["unique_id", "year", "y"]]
    meta = {u: {"region": u.removeprefix("index.")} for u in frame.unique_id.unique()}
    data = wf.Panel.from_frame(frame, time_col="year", meta=meta, gaps="keep")
    plan = origins(data, 10, cutoffs=[1990, 1995, 2000, 2004], min_train_size=10)
    mine = np.array([not data.ids[s].startswith("index") for s in plan.windows.series])
    plan = replace(plan, windows=plan.windows.take(mine), last_step=plan.last_step[mine])
    models = {
        "stage": StageGrowth(index="index.{region}", prices="constant"), "damped": DampedGrowth()
    }  # fmt: skip
    result = run(plan, models, (95,))
    outcome = plan.actuals()[:, 9]
    error = {
        name: np.nanmean(np.abs(np.log(f.mean[:, 9] / outcome)))
        for name, f in result.forecasts.items()
    }
    assert error["stage"] < 0.85 * error["damped"], error
    low, high = (end[:, 9] for end in result.forecasts["stage"].interval(95))
    held = ((low <= outcome) & (outcome <= high))[result.forecasts["stage"].status == Status.OK]
    assert 0.9 < held.mean() < 0.98
