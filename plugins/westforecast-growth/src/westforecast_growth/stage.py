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
from math import hypot, log
from typing import ClassVar, Literal, NamedTuple, get_args

import numpy as np

from westforecast.domain import StageIndex, stage_words
from westforecast.errors import UsageError, nearest
from westforecast.kernels.averaging import Average
from westforecast.kernels.growth import together
from westforecast.kernels.quantiles import exp_quantiles, normal_scores
from westforecast.kernels.smoothing import Grid, filtered, laws
from westforecast.models import (
    Capability,
    DrivenModel,
    Forecast,
    NoDriver,
    OutOfDomain,
    Refusal,
    Windows,
)
from westforecast.models.averaged import (
    AveragedModel,
    Laws,
    Scale,
    Tile,
    logarithms,
    tiled,
)
from westforecast.models.driver import check_template
from westforecast.typing import BoolArray, FloatArray, IntArray

Prices = Literal["constant", "current", "deflator"]
STAGES = ("any", *stage_words.STAGES)  # places are the codes of `StageIndex`


# [W] or [S] words: what values are stated in.
Basis = np.ndarray[tuple[int], np.dtype[np.object_]]


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
    select, scale: see `AveragedModel`; the scale is logarithmic.

    Failure mode: a norm that does not hold for this series is believed as far as `spread` is small.
    """

    _: KW_ONLY
    norm: float = 0.0
    spread: float = 0.02
    prices: Prices = "constant"
    scale: Scale = "log"

    positive: ClassVar[bool] = True
    missing: ClassVar[bool] = True
    scale_equivariant: ClassVar[bool] = True

    def __post_init__(self) -> None:
        super().__post_init__()
        if self.scale != "log":
            raise UsageError(f"scale={self.scale!r} found; a norm of growth is one of logarithms.")
        if not abs(self.norm) <= 1 or not 0 <= self.spread <= 1:
            raise UsageError(
                f"norm={self.norm!r}, spread={self.spread!r} found; expected log growth a year "
                "between -1 and 1 (0.07 for 7.25 percent) and a standard deviation from 0 to 1."
            )
        _check_prices(self.prices)

    def laws(self, tile: Tile, horizon: int, *, spread: bool) -> Laws:
        grid = dynamics(self.prices, tile.season_length)
        row = np.arange(len(tile.y))[:, None]
        ahead = tile.n - 1 + np.arange(1, horizon + 1)[:, None]  # [H, W] rows of the steps
        found = []
        for k, (norm, log_weight) in enumerate(self._points(tile.season_length)):
            fits = filtered(
                tile.y - norm * row, tile.column, tile.n, tile.floor, grid, gaps=tile.gaps
            )
            law, degrees = laws(fits, horizon, grid, spread=spread)
            heard = 0.0 if tile.aside is None else tile.aside[:, k]
            mass = law.log_mass + log_weight + heard
            found.append(Average(mass, law.mean + norm * ahead, law.variance))
        return Laws(_together(found), degrees, np.zeros(len(found[0].log_mass), np.int64))

    def _points(self, season_length: int) -> Iterator[tuple[float, float]]:
        """Norms a period that a series may have of its own, and their log prior."""
        for deviation, log_weight in deviations(self.prices):
            yield (self.norm + self.spread * deviation) / season_length, log_weight

    def hear(self, windows: Windows) -> FloatArray:
        """[W, D] the log likelihood of each norm of its own in a record, up to a constant."""
        grid = dynamics(self.prices, windows.season_length)
        said = np.zeros((len(windows), len(deviations(self.prices))))
        for which, tile in tiled(windows):
            logs, _, _ = logarithms(tile, self.given)
            row = np.arange(len(logs.y))[:, None]
            for k, (norm, _) in enumerate(self._points(windows.season_length)):
                fits = filtered(
                    logs.y - norm * row, logs.column, logs.n, logs.floor, grid, gaps=logs.gaps
                )
                every = np.concatenate([fit.log_likelihood for fit in fits])
                said[which, k] = np.logaddexp.reduce(every + grid.log_prior, axis=1)
        found: FloatArray = said - said.max(axis=1, keepdims=True)
        return found


@dataclass(frozen=True, eq=False)
class _Informed(NormGrowth):
    """`NormGrowth` of regions that hear what their nations' records say. nation: [S] of a series,
    -1 for none."""

    _: KW_ONLY
    nation: IntArray

    def aside(self, windows: Windows) -> FloatArray:
        partner = self.nation[windows.series]
        hears = np.flatnonzero(partner >= 0)
        said = np.zeros((len(windows), len(deviations(self.prices))))
        if len(hears):
            known = windows.take(hears).beside(partner[hears])
            known = known.to_last_observed().from_first_observed()
            records = np.stack([known.series, known.start, known.end], axis=1)
            _, example, which = np.unique(records, axis=0, return_index=True, return_inverse=True)
            said[hears] = self.hear(known.take(example))[which.reshape(-1)]
        return said


@dataclass(frozen=True)
class StageGrowth(DrivenModel):
    """Log growth that returns to the norm of the series' stage of industrialization.

    As `NormGrowth`, with the norm and its spread from the record of countries in the same stage,
    as it was known at the cutoff: the stage is the last one published by then, the norm that of the
    latest table that ends by then (before 1985: the first).

    stage: "pre-industrial", "early", "middle", "late" or "post-industrial", the same for all; or
    index: the composite index 0 to 100 of each series' region, as another series of the panel:
        "stage_index.{region}" (`westforecast.stage_table(...).to_panel()` makes them).
        Neither: the norm of all stages together.
    industry: class of industry: "economy", "early industries" (food, textiles), "middle industries"
        (chemicals, building materials), "late industries" (metals, machinery), or another of
        `industries()`.
    prices: "current" or "constant"; None is what the series' indicator says: its price basis, and
        where that is not said constant for counts, a price index for prices, else current.
    nation: a longer or cleaner record of the same growth, another series of the panel
        ("gdp.CN" for its regions): how far it lies from the norm counts for the series too, as the
        provinces of a country that outgrows its stage do so together. With a deflator, that of the
        nation's own indicator makes its record real.
    deflator: a price index, another series of the panel ("gdp_deflator.CN"). Values at current
        prices are then divided by it, their growth returns to the norm of constant prices, and the
        price index is forecast beside them: as `NormGrowth` with the norm of inflation, unless
        driver_model, driver_path or driver_mode say otherwise (`DrivenModel`). Better than growth
        and inflation in one, where there is one: inflation is no matter of stage.

    Status NO_DRIVER where index, nation or deflator name no series, or too little of them is known
    by the cutoff; OUT_OF_DOMAIN for shares, rates and indices of unknown prices, which have no norm
    of growth, and for a nation that is not above zero or at other prices.
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
    scale_equivariant: ClassVar[bool] = True

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
        for template in (self.index, self.nation):
            if template is not None:
                check_template(template)
        if self.prices is not None:
            _check_prices(self.prices)
        if self.prices in {"constant", "deflator"} and self.deflator is not None:
            raise UsageError(
                f"prices={self.prices!r} and a deflator are both given; one is enough."
            )
        if self.deflator is None and self.driver_mode != "forecast":
            raise UsageError(
                f"driver_mode={self.driver_mode!r} found without a deflator, which is the driver."
            )

    @property
    def capabilities(self) -> frozenset[Capability]:
        able = super().capabilities
        if self.index is not None:  # ten times an index is another stage
            able -= {"scale_equivariant"}
        return able if self.index is self.nation is None else able | {"driver"}

    @property
    def drivers(self) -> tuple[str, ...]:
        return () if self.deflator is None else (self.deflator,)

    def compute(self, windows: Windows, horizon: int, levels: Sequence[float]) -> Forecast:
        result = Forecast.empty(len(windows), horizon, levels)
        stage, unknown = self._stages(windows)
        prices, unlike = self._prices(windows)
        deflated = (prices == "current") & (self.deflator is not None)
        real, price = self._real(windows) if self.deflator is not None else (windows, None)
        nation, unheard = self._nations(windows, real, prices, deflated)
        prices[deflated] = "constant"
        kind = np.unique(prices, return_inverse=True)[1]
        keys = np.stack([_vintage(windows), stage, kind, deflated], axis=1)
        declined = unlike | unknown | unheard
        keys[list(declined)] = -1
        refusals: dict[int, Refusal] = {}
        for key in np.unique(keys[keys[:, 0] >= 0], axis=0):
            which = np.flatnonzero((keys == key).all(axis=1))
            norm = _norm(int(key[0]), self.industry, str(prices[which[0]]), int(key[1]))
            if nation is not None:
                norm = _Informed(norm=norm.norm, spread=norm.spread, prices=norm.prices,
                                 nation=nation)  # fmt: skip
            if not key[3] or price is None:
                result.put(which, norm.compute(windows.take(which), horizon, levels))
                continue
            made, why = self._deflated(norm, windows, real, price, which, horizon, levels)
            result.put(which, made)
            refusals |= {int(which[w]): refusal for w, refusal in why.items()}
        return self.explain(result, declined, refusals)

    def _deflated(
        self, norm: NormGrowth, windows: Windows, real: Windows, price: IntArray, which: IntArray,
        horizon: int, levels: Sequence[float],
    ) -> tuple[Forecast, Mapping[int, Refusal]]:  # fmt: skip
        """Growth at constant prices, carried on, times the price index, carried on."""
        assert self.deflator is not None, "asked for with a deflator alone"
        part = windows.take(which)
        inflation = _norm(int(_vintage(part)[0]), "economy", "deflator", 0)
        model = replace(self, driver_model=self.driver_model or inflation)
        prices = (self if self.driver_path else model).look(part, horizon, levels, self.deflator)
        result = Forecast.empty(len(which), horizon, levels)
        able = np.array([w for w in range(len(which)) if w not in prices.refusals], np.int64)
        if not len(able):
            return result, prices.refusals
        known = part.take(able).beside(price[part.series[able]]).to_last_observed()
        late = np.clip(part.cutoff[able] - known.cutoff, 0, part.lengths[able])
        for lag in np.unique(late).tolist():
            place = able[late == lag]
            cut = real.take(which[place])
            made = norm.forecast(replace(cut, end=cut.end - lag), horizon + lag, levels)
            volume = Forecast(made.mean[:, lag:], made.quantiles[:, lag:], made.probs, made.status,
                              made.reason)  # fmt: skip
            level = prices.path[place, -horizon:]
            away = [
                np.log(quantiles / middle[..., None])
                for quantiles, middle in (
                    (volume.quantiles, volume.mean), (prices.quantiles[place], level)
                )
            ]  # fmt: skip
            side = np.sign(normal_scores(made.probs))
            center = volume.mean * level
            quantiles = exp_quantiles(np.log(center)[..., None] + together(away[0], away[1], side))
            result.put(place, replace(volume, mean=center, quantiles=quantiles))
        return result, prices.refusals

    def _real(self, windows: Windows) -> tuple[Windows, IntArray]:
        """The panel at constant prices, under the same windows, and the price index of each series
        [S]: -1 where it has none (no value then), itself where it is at constant prices already."""
        assert self.deflator is not None, "asked for with a deflator alone"
        every = np.arange(len(windows.ids))
        price = replace(windows, series=every).partners(self.deflator)
        volume = np.array([self._basis(windows, s) != "current" for s in every.tolist()])
        lengths = np.diff(windows.indptr)
        of = np.repeat(price, lengths)  # [N] the price index beside each value
        own = np.repeat(windows.first - windows.indptr[:-1], lengths)
        at = np.arange(len(windows.values)) + own - windows.first[of]
        inside = (of >= 0) & (at >= 0) & (at < lengths[of])
        values = np.full(len(of), np.nan)
        beside = (windows.indptr[of] + at)[inside]
        values[inside] = windows.values[inside] / windows.values[beside]
        values = np.where(np.repeat(volume, lengths), windows.values, values)
        return replace(windows, values=values), price

    def _nations(
        self, windows: Windows, real: Windows, prices: Basis, deflated: BoolArray
    ) -> tuple[IntArray | None, dict[int, Refusal]]:
        """[S] the nation each series hears, None for nobody; and the windows that cannot."""
        if self.nation is None:
            return None, {}
        partner = windows.partners(self.nation)
        itself = partner == windows.series
        refusals: dict[int, Refusal] = {}
        known = windows.beside(np.maximum(partner, 0))
        seen = [np.where(deflated, *counts) for counts in zip(
            real.beside(np.maximum(partner, 0)).count(np.isfinite, lambda y: y <= 0),
            known.count(np.isfinite, lambda y: y <= 0), strict=True)]  # fmt: skip
        for w in np.flatnonzero(~itself).tolist():
            name = windows.ids[partner[w]]
            basis = self._basis(windows, int(partner[w]))
            if partner[w] < 0:
                told = f"no series {self.nation!r} in the panel, which was to be the nation"
                refusals[w] = NoDriver(told)
            elif basis != prices[w] and not deflated[w]:
                refusals[w] = OutOfDomain(
                    f"nation {name!r} is at {basis} prices, the series at {prices[w]} ones"
                )
            elif seen[1][w]:
                refusals[w] = OutOfDomain(f"nation {name!r} has values of 0 or less")
            elif seen[0][w] < 2:
                refusals[w] = NoDriver(f"{seen[0][w]} values of nation {name!r} known, 2 needed")
        nation = np.full(len(windows.ids), -1)
        nation[windows.series] = np.where(itself, -1, partner)
        return nation, refusals

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

    def _prices(self, windows: Windows) -> tuple[Basis, dict[int, Refusal]]:
        """[W] "constant", "current" or "deflator"; and the windows of which no growth is meant."""
        used = np.unique(windows.series)
        basis = np.full(len(windows.ids), "current", object)
        basis[used] = [self._basis(windows, s) for s in used.tolist()]
        found = basis[windows.series]
        refusals: dict[int, Refusal] = {}
        if self.prices is None and windows.indicators:
            for w, s in enumerate(windows.series.tolist()):
                own = windows.indicators[s]
                if own.kind in {"share", "rate"}:
                    told = f"a {own.kind} has no norm of growth; take Logistic or ShareShift"
                    refusals[w] = OutOfDomain(told)
                elif own.kind == "index" and own.price_basis is None:
                    told = "an index of volumes or of prices? Say prices='constant' or 'current'"
                    refusals[w] = OutOfDomain(told)
        return found, refusals

    def _basis(self, windows: Windows, series: int) -> str:
        """What a series is stated in, as told or as its indicator says."""
        if self.prices is not None or not windows.indicators:
            return self.prices or "current"
        own = windows.indicators[series]
        return own.price_basis or {"count": "constant", "price": "deflator"}.get(
            own.kind, "current"
        )


def _vintage(windows: Windows) -> IntArray:
    """[W] the last year of the record that was known at each cutoff."""
    years = np.unique([norm.until for norm in norms()])
    cutoff = windows.cutoff // windows.season_length  # periods count from the year 0
    return years[np.maximum(np.searchsorted(years, cutoff, side="right") - 1, 0)]


def _norm(until: int, industry: str, prices: str, stage: int) -> NormGrowth:
    """The model of one row of `norms`; its standard error adds to its spread. Prices by themselves
    have one norm for all stages and industries."""
    if prices == "deflator":
        industry, stage = "economy", 0
    (row,) = (
        n for n in norms()
        if (n.until, n.industry, n.prices, n.stage) == (until, industry, prices, STAGES[stage])
    )  # fmt: skip
    return NormGrowth(norm=row.norm, spread=hypot(row.se, row.spread), prices=row.prices)  # type: ignore[arg-type]


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
