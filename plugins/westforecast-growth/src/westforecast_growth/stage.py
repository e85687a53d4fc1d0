"""Growth that returns to a norm: one that is stated, or that of the stage of industrialization.

With m the norm, log y_t - m t is a damped trend: the part of growth that is above or below the norm
fades as phi^h, and what it is now follows from alpha and beta. Candidates of (alpha, beta, phi,
kappa) are weighted by prior x marginal likelihood, anew at every origin (`AveragedModel`), so a
long clean series says itself how fast it returns, and to what: its own norm lies some spreads from
the stated one, m = norm + spread * d, and the points d compete in the same likelihood. Their prior
is the record of countries: most lie close by, a few grow 2 spreads faster for decades.

The norms and both priors are the package's tables norms.csv, dynamics.csv and deviations.csv,
estimated by tools/estimate_norms.py, which says how.
"""

import csv
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import KW_ONLY, dataclass, replace
from functools import lru_cache
from importlib.resources import files
from math import hypot, isfinite, log
from typing import ClassVar, Literal, NamedTuple, get_args

import numpy as np

from westforecast.domain import StageIndex
from westforecast.errors import UsageError, nearest
from westforecast.kernels.averaging import Average
from westforecast.kernels.growth import together
from westforecast.kernels.quantiles import normal_scores
from westforecast.kernels.smoothing import Grid, filtered, laws
from westforecast.models import DrivenModel, Forecast, NoDriver, Refusal, Windows
from westforecast.models.averaged import PRECISION, AveragedModel, Laws, Scale, Tile
from westforecast.typing import FloatArray, IntArray

Prices = Literal["constant", "current", "deflator"]
STAGES = ("any", "pre", "early", "middle", "late", "post")  # places are the codes of `StageIndex`


class Norm(NamedTuple):
    """One row of norms.csv, from the record up to the year `until`.

    norm: mean log growth a year. se: its standard error. spread: standard deviation between
    countries. countries, years: how many stand behind it, years over all countries.
    """

    until: int
    industry: str
    prices: str
    stage: str
    norm: float
    se: float
    spread: float
    countries: int
    years: int


@lru_cache(maxsize=1)
def norms() -> tuple[Norm, ...]:
    """All norms the package ships."""
    kinds = Norm.__annotations__
    return tuple(Norm(**{k: kinds[k](v) for k, v in row.items()}) for row in _rows("norms.csv"))


@lru_cache(maxsize=1)
def industries() -> tuple[str, ...]:
    """The classes of industry that have norms."""
    return tuple(dict.fromkeys(row.industry for row in norms()))


@dataclass(frozen=True)
class NormGrowth(AveragedModel):
    """Log growth that returns to a stated norm.

    yhat(h) = exp(log-trend of the norm, plus what the series' own growth is above it, fading).
    With known parameters and alpha = 1: growth g_T + ... is m + phi^h (g_T - m), h steps ahead.

    norm: log growth a year it returns to, 0.07 for 7.25 percent. spread: how far a series' own norm
        may be from it, as a standard deviation.
    prices: whose dynamics: those of "constant" prices (volumes, counts), of "current" prices, where
        inflation lasts, or of a "deflator", a price index.
    heard: what another record says of the deviations from the norm, the log likelihood of each
        (`hear`); nothing by default.
    select, scale: see `AveragedModel`; the scale is logarithmic.

    Failure mode: a norm that does not hold for this series is believed as far as `spread` is small.
    """

    _: KW_ONLY
    norm: float = 0.0
    spread: float = 0.02
    prices: Prices = "constant"
    heard: tuple[float, ...] = ()
    scale: Scale = "log"

    positive: ClassVar[bool] = True
    missing: ClassVar[bool] = True

    def __post_init__(self) -> None:
        super().__post_init__()
        if self.scale != "log":
            raise UsageError(f"scale={self.scale!r} found; a norm of growth is one of logarithms.")
        if not isfinite(self.norm) or not (isfinite(self.spread) and self.spread >= 0):
            raise UsageError(
                f"norm={self.norm!r}, spread={self.spread!r} found; expected a finite log growth a "
                "year and a standard deviation of at least 0."
            )
        _check_prices(self.prices)

    def laws(self, tile: Tile, horizon: int, *, spread: bool) -> Laws:
        grid = dynamics(self.prices, tile.season_length)
        row = np.arange(len(tile.y))[:, None]
        ahead = tile.n - 1 + np.arange(1, horizon + 1)[:, None]  # [H, W] rows of the steps
        found = []
        heard = self.heard or (0.0,) * len(deviations(self.prices))
        for (deviation, log_weight), said in zip(deviations(self.prices), heard, strict=True):
            norm = (self.norm + self.spread * deviation) / tile.season_length
            fits = filtered(
                tile.y - norm * row, tile.column, tile.n, tile.floor, grid, gaps=tile.gaps
            )
            law, degrees = laws(fits, horizon, grid, spread=spread)
            mass = law.log_mass + log_weight + said
            found.append(Average(mass, law.mean + norm * ahead, law.variance))
        return Laws(_together(found), degrees, np.zeros(len(found[0].log_mass), np.int64))

    def hear(self, y: FloatArray, season_length: int = 1) -> tuple[float, ...]:
        """The log likelihood of each deviation in a record y [T], up to a constant: `heard`."""
        rows = np.flatnonzero(np.isfinite(y))
        if len(rows) < 2:
            return ()
        logs = np.log(y[rows[0] : rows[-1] + 1])[:, None]
        grid, time = dynamics(self.prices, season_length), np.arange(len(logs))[:, None]
        one, floor = np.array([0]), np.array([PRECISION**2])
        found = []
        for deviation, _ in deviations(self.prices):
            norm = (self.norm + self.spread * deviation) / season_length
            gaps = bool(np.isnan(logs).any())
            (fit,) = filtered(
                logs - norm * time, one, np.array([len(logs)]), floor, grid, gaps=gaps
            )
            found.append(float(np.logaddexp.reduce(fit.log_likelihood[0] + grid.log_prior)))
        return tuple(np.array(found) - max(found))


@dataclass(frozen=True)
class StageGrowth(DrivenModel):
    """Log growth that returns to the norm of the series' stage of industrialization.

    As `NormGrowth`, with the norm and its spread from the record of countries in the same stage,
    as it was known at the cutoff: the stage is the last one published by then, the norm that of the
    latest table that ends by then (before 1985: the first).

    stage: "pre", "early", "middle", "late" or "post", the same for all series; or
    index: the composite index 0 to 100 of each series' region, as another series of the panel:
        "stage_index.{region}" (`westforecast.stage_table(...).to_panel()` makes them).
        Neither: the norm of all stages together.
    industry: class of industry, "economy" or one of `industries()`.
    prices: "current" or "constant"; None is what the series' indicator says, and where it says
        nothing, constant for counts and current for everything else.
    nation: a longer or cleaner record of the same growth, another series of the panel
        ("gdp.CN" for its regions): how far it lies from the norm counts for the series too, as the
        provinces of a country that outgrows its stage do so together.
    deflator: a price index, another series of the panel ("gdp_deflator.CN"). Values at current
        prices are then divided by it, their growth returns to the norm of constant prices, and the
        price index is forecast beside them: as `NormGrowth` with the norm of inflation, unless
        driver_model, driver_path or driver_mode say otherwise (`DrivenModel`). Better than growth
        and inflation in one, where there is one: inflation is no matter of stage.

    Status NO_DRIVER where index, nation or deflator name no series, or nothing of index or deflator
    is known by the cutoff.
    Failure mode: a region that keeps outgrowing its stage for decades, as China did, is damped
    towards what other countries did; and a stage that changes within the horizon is not foreseen.
    """

    _: KW_ONLY
    stage: str | None = None
    index: str | None = None
    industry: str = "economy"
    prices: Prices | None = None
    nation: str | None = None
    deflator: str | None = None

    min_train: ClassVar[int] = 3
    positive: ClassVar[bool] = True
    missing: ClassVar[bool] = True

    def __post_init__(self) -> None:
        super().__post_init__()
        if self.stage is not None and self.stage not in STAGES[1:]:
            known = nearest(self.stage, STAGES[1:])
            raise UsageError(f"stage={self.stage!r} is not known. {known}")
        if self.stage is not None and self.index is not None:
            raise UsageError("stage and index are both given; a stage for all needs no index.")
        if self.industry not in industries():
            raise UsageError(
                f"industry={self.industry!r} has no norm. {nearest(self.industry, industries())}"
            )
        if self.prices is not None:
            _check_prices(self.prices)
        if self.prices == "constant" and self.deflator is not None:
            raise UsageError("prices='constant' and a deflator are both given; one is enough.")

    @property
    def drivers(self) -> tuple[str, ...]:
        return () if self.deflator is None else (self.deflator,)

    def compute(self, windows: Windows, horizon: int, levels: Sequence[float]) -> Forecast:
        result = Forecast.empty(len(windows), horizon, levels)
        stage, unknown = self._stages(windows)
        if self.nation is not None:
            unknown |= {
                w: NoDriver(f"no series {self.nation!r} in the panel, which was to be the nation")
                for w in np.flatnonzero(windows.partners(self.nation) < 0).tolist()
            }
        prices = self._all_prices(windows)
        until = _vintage(windows)
        deflated = (prices == "current") & (self.deflator is not None)
        prices[deflated] = "constant"
        keys = np.stack([until, stage, np.unique(prices, return_inverse=True)[1], deflated], axis=1)
        keys[list(unknown)] = -1
        refusals: dict[int, Refusal] = {}
        for key in np.unique(keys[keys[:, 0] >= 0], axis=0):
            which = np.flatnonzero((keys == key).all(axis=1))
            norm = _norm(int(until[which[0]]), self.industry, prices[which[0]], int(key[1]))
            for group, model in self._informed(norm, windows, which, deflated=bool(key[-1])):
                part = windows.take(group)
                if not key[-1]:
                    result.put(group, model.compute(part, horizon, levels))
                    continue
                made, why = self._deflated(model, part, horizon, levels)
                result.put(group, made)
                refusals |= {int(group[w]): refusal for w, refusal in why.items()}
        return self.explain(result, unknown, refusals)

    def _informed(
        self, norm: NormGrowth, windows: Windows, which: IntArray, *, deflated: bool
    ) -> Iterator[tuple[IntArray, NormGrowth]]:
        """Some windows in groups that hear the same of their nation, and the model of each."""
        if self.nation is None:
            yield which, norm
            return
        part = windows.take(which)
        partner = part.partners(self.nation)
        known = part.beside(np.maximum(partner, 0))
        if deflated and self.deflator is not None:
            price = part.partners(self.deflator)
            known, _ = _at_constant_prices(known, price)
        keys = np.stack([partner, known.end, known.end - known.start], axis=1)
        for key in np.unique(keys, axis=0):
            group = np.flatnonzero((keys == key).all(axis=1))
            heard = norm.hear(known.y(int(group[0])), windows.season_length) if key[0] >= 0 else ()
            yield which[group], replace(norm, heard=heard)

    def _deflated(
        self, norm: NormGrowth, windows: Windows, horizon: int, levels: Sequence[float]
    ) -> tuple[Forecast, Mapping[int, Refusal]]:
        """Growth at constant prices, carried on, times the price index, carried on."""
        assert self.deflator is not None, "asked for with a deflator alone"
        inflation = _norm(int(_vintage(windows)[0]), "economy", "deflator", 0)
        model = replace(self, driver_model=self.driver_model or inflation)
        price = (self if self.driver_path else model).look(windows, horizon, levels, self.deflator)
        result = Forecast.empty(len(windows), horizon, levels)
        able = np.array([w for w in range(len(windows)) if w not in price.refusals], np.int64)
        if not len(able):
            return result, price.refusals
        partner = windows.take(able).partners(self.deflator)
        real, late = _at_constant_prices(windows.take(able), partner)
        for lag in np.unique(late).tolist():
            which = np.flatnonzero(late == lag)
            made = norm.forecast(real.take(which), horizon + lag, levels)
            place = able[which]
            volume = Forecast(made.mean[:, lag:], made.quantiles[:, lag:], made.probs, made.status,
                              made.reason)  # fmt: skip
            level = price.path[place, -horizon:]
            away = [
                np.log(quantiles / middle[..., None])
                for quantiles, middle in (
                    (volume.quantiles, volume.mean), (price.quantiles[place], level)
                )
            ]  # fmt: skip
            side = np.sign(normal_scores(made.probs))
            center = volume.mean * level
            quantiles = center[..., None] * np.exp(together(away[0], away[1], side))
            result.put(place, replace(volume, mean=center, quantiles=quantiles))
        return result, price.refusals

    def _stages(self, windows: Windows) -> tuple[IntArray, dict[int, Refusal]]:
        """[W] stage 1 to 5 at each cutoff, 0 for any; and why some have none."""
        if self.index is None:
            return np.full(len(windows), STAGES.index(self.stage or "any")), {}
        partner = windows.partners(self.index)
        there = np.flatnonzero(partner >= 0)
        known = windows.take(there).beside(partner[there]).to_last_observed()
        value = np.full(len(windows), np.nan)
        filled = known.end > known.start
        value[there[filled]] = windows.values[known.end[filled] - 1]
        refusals: dict[int, Refusal] = {
            w: NoDriver(f"no series {self.index!r} in the panel, which was to give the stage")
            for w in np.flatnonzero(partner < 0).tolist()
        }
        for w in np.flatnonzero((partner >= 0) & ~((value >= 0) & (value <= 100))).tolist():
            name = windows.ids[partner[w]]
            told = f"{value[w]:g}" if np.isfinite(value[w]) else "nothing"
            refusals[w] = NoDriver(
                f"{told} found in {name!r} up to {windows.cutoff[w]}, an index from 0 to 100 needed"
            )
        value[list(refusals)] = np.nan
        return StageIndex().stage_of(value)[0], refusals

    def _all_prices(self, windows: Windows) -> np.ndarray[tuple[int], np.dtype[np.object_]]:
        """[W] "constant" or "current"."""
        if self.prices is not None or not windows.indicators:
            return np.full(len(windows), self.prices or "current", object)
        own = [
            i.price_basis or ("constant" if i.kind == "count" else "current")
            for i in windows.indicators
        ]
        return np.array(own, object)[windows.series]


def _vintage(windows: Windows) -> IntArray:
    """[W] the last year of the record that was known at each cutoff."""
    years = np.unique([norm.until for norm in norms()])
    cutoff = windows.cutoff if windows.season_length == 1 else np.full(len(windows), years[-1])
    return years[np.maximum(np.searchsorted(years, cutoff, side="right") - 1, 0)]


def _norm(until: int, industry: str, prices: str, stage: int) -> NormGrowth:
    """The model of one row of `norms`; its standard error adds to its spread."""
    (row,) = (
        n for n in norms()
        if (n.until, n.industry, n.prices, n.stage) == (until, industry, prices, STAGES[stage])
    )  # fmt: skip
    return NormGrowth(norm=row.norm, spread=hypot(row.se, row.spread), prices=row.prices)  # type: ignore[arg-type]


def _at_constant_prices(windows: Windows, partner: IntArray) -> tuple[Windows, IntArray]:
    """Windows divided by their price index, as far as both are known, and how many periods that is
    less [W]. partner: [W] the price index of each."""
    price = np.full(len(windows.ids), -1)
    price[windows.series] = partner
    lengths = np.diff(windows.indptr)
    of = np.repeat(price, lengths)  # [N] the price index beside each value
    period = np.arange(len(windows.values)) + np.repeat(
        windows.first - windows.indptr[:-1], lengths
    )
    at = period - windows.first[of]
    inside = (of >= 0) & (at >= 0) & (at < lengths[of])
    values = np.full(len(of), np.nan)
    beside = (windows.indptr[of] + at)[inside]
    values[inside] = windows.values[inside] / windows.values[beside]
    known = windows.beside(partner).to_last_observed()
    late = np.clip(windows.cutoff - known.cutoff, 0, windows.lengths)
    return replace(windows, values=values, end=windows.end - late), late


@lru_cache(maxsize=2)
def deviations(prices: str) -> tuple[tuple[float, float], ...]:
    """Points d, in spreads, of a series' own norm around the stated one, and their log prior."""
    rows = [row for row in _rows("deviations.csv") if row["prices"] == prices]
    return tuple((float(row["deviation"]), log(float(row["weight"]))) for row in rows)


@lru_cache(maxsize=8)
def dynamics(prices: str, season_length: int) -> Grid:
    """The candidates of `NormGrowth` and their prior."""
    rows = [row for row in _rows("dynamics.csv") if row["prices"] == prices]
    names = ("alpha", "beta", "phi", "kappa", "weight")
    column = {name: np.array([float(row[name]) for row in rows]) for name in names}
    zero = np.zeros(len(rows))
    return Grid(
        alpha=column["alpha"], beta=column["beta"], gamma=zero, phi=column["phi"],
        kappa=column["kappa"], season_scale=zero, log_prior=np.log(column["weight"]),
        group=np.unique(column["phi"], return_inverse=True)[1],
    )  # fmt: skip


def _together(found: Sequence[Average]) -> Average:
    """The laws of all points of the norm as one law for each group of candidates."""
    log_mass = np.stack([law.log_mass for law in found])  # [P, K, W]
    peak = log_mass.max(axis=0)
    share = np.exp(log_mass - peak)
    total = share.sum(axis=0)
    share /= total
    mean = sum(s[:, None] * law.mean for s, law in zip(share, found, strict=True))
    variance = None
    if found[0].variance is not None:
        variance = sum(
            s[:, None] * (law.variance + (law.mean - mean) ** 2)
            for s, law in zip(share, found, strict=True)
        )
    return Average(np.log(total) + peak, mean, variance)


def _rows(name: str) -> list[dict[str, str]]:
    text = (files("westforecast_growth") / name).read_text(encoding="utf-8")
    return list(csv.DictReader(text.splitlines()))


def _check_prices(prices: str) -> None:
    if prices not in get_args(Prices):
        raise UsageError(f"prices={prices!r} found, one of {', '.join(get_args(Prices))} expected.")
