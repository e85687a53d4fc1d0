"""End use: what the using sectors take, sector by sector (consumption coefficients)."""

from collections.abc import Sequence
from dataclasses import KW_ONLY, dataclass, replace

import numpy as np

from westforecast.domain import Sum, check_units
from westforecast.errors import UsageError
from westforecast.kernels.windows import last_observed
from westforecast.models import Driver, NoDriver, OutOfDomain, Refusal, Windows
from westforecast.models.driver import called, check_template
from westforecast.typing import FloatArray
from westforecast_growth.following import AbstractFollowing, Relation
from westforecast_growth.meaning import worth
from westforecast_growth.settings import is_number


@dataclass(frozen=True)
class EndUse(AbstractFollowing):
    """Use per unit of each using sector's activity, times what the sectors will do:

        yhat(h) = y_T * E(h) / E_T,   E(t) = sum_k e_k x_k(t).

    e_k is given, or the sector's use over its activity in the last period with both known. Where
    the sectors' uses add up to the series, this is sum_k e_k x_k(T + h), the textbook's formula.
    What else there is (exports, direct consumption, errors of the coefficients) keeps its
    proportion; as a sector it has a path of its own. The ratio y / E walks in logs: sigma^2 is the
    mean square of its past log changes at today's coefficients; one common period gives no
    interval.

    sectors: drivers, one per using sector; their forecasts are taken to move together.
    coefficients: e_k of each sector, in the series' stored unit per stored unit of the sector; or
    uses: series of what each sector used, in any multiple of the series' unit (their indicators'
        multipliers count). Exactly one of the two. OUT_OF_DOMAIN where they state another unit.
    For the drivers' future see `westforecast.models.DrivenModel`.
    """

    sectors: tuple[str, ...]
    _: KW_ONLY
    coefficients: tuple[float, ...] | None = None
    uses: tuple[str, ...] | None = None

    def __post_init__(self) -> None:
        for name in ("sectors", "coefficients", "uses"):  # lists, as TOML has them
            value = getattr(self, name)
            if isinstance(value, str):
                raise UsageError(f"{name}={value!r} found, one per using sector expected.")
            object.__setattr__(self, name, None if value is None else tuple(value))
        super().__post_init__()
        for use in self.uses or ():
            check_template(use)
        given = [part for part in (self.coefficients, self.uses) if part is not None]
        if not self.sectors or len(given) != 1 or len(given[0]) != len(self.sectors):
            raise UsageError(
                f"sectors={self.sectors}, coefficients={self.coefficients}, uses={self.uses} "
                "found; expected one coefficient or one series of uses per sector."
            )
        if not all(is_number(e) and e > 0 for e in self.coefficients or ()):
            raise UsageError(f"coefficients={self.coefficients} found, numbers above 0 expected.")

    @property
    def drivers(self) -> tuple[str, ...]:
        return self.sectors

    def outlook(
        self, windows: Windows, horizon: int, levels: Sequence[float]
    ) -> tuple[Driver, Driver | None]:
        parts = []
        for k, sector in enumerate(self.sectors):
            x = self.look(windows, horizon, levels, sector)
            e, refusals = self._coefficient(windows, k, x.seen)
            parts.append(Driver(
                x.seen * e[:, None], x.path * e[:, None], x.quantiles * e[:, None, None],
                refusals | x.refusals,
            ))  # fmt: skip
        total = (sum(getattr(p, name) for p in parts) for name in ("seen", "path", "quantiles"))
        refusals = {w: why for part in reversed(parts) for w, why in part.refusals.items()}
        if self.uses is not None:
            refusals = self._unlike(windows) | refusals
        seen, path, quantiles = total
        return Driver(seen, path, quantiles, refusals).log(), None

    def _coefficient(
        self, windows: Windows, k: int, x: FloatArray
    ) -> tuple[FloatArray, dict[int, Refusal]]:
        """e_k [W]; the windows that do not know it."""
        if self.uses is None:
            return np.full(len(windows), (self.coefficients or ())[k]), {}
        # what was used, not what will be: nothing is forecast
        past = replace(self, driver_mode="frozen", driver_model=None, driver_path=None)
        use = past.look(windows, 1, (), self.uses[k])
        in_own_unit = use.seen / worth(windows, windows.partners(self.uses[k]))[:, None]
        e, _ = last_observed(in_own_unit / x)
        unknown: dict[int, Refusal] = {
            w: NoDriver(
                f"no period in which both driver {called(windows, w, self.sectors[k])!r} and its "
                f"use {called(windows, w, self.uses[k])!r} are known"
            )
            for w in np.flatnonzero(np.isnan(e)).tolist()
        }
        return e, unknown | use.refusals

    def _unlike(self, windows: Windows) -> dict[int, Refusal]:
        """Windows whose sectors' uses are stated in other units than the series, or at unlike
        prices: no sum."""
        refusals: dict[int, Refusal] = {}
        partners = np.stack([windows.partners(use) for use in self.uses or ()], axis=1)  # [W, K]
        for s, first in zip(*np.unique(windows.series, return_index=True), strict=True):
            names = [windows.ids[p] for p in partners[first] if p >= 0]
            if not names or not windows.indicators:
                continue
            own = windows.indicators[s]
            known = {i.id: i for i in (own, *(windows.indicators[p] for p in partners[first]))}
            try:
                check_units([Sum(own.id, tuple(names))], known)
            except UsageError as error:
                refusal = OutOfDomain(str(error))
                refusals |= dict.fromkeys(np.flatnonzero(windows.series == s).tolist(), refusal)
        return refusals

    def relate(self, u: FloatArray, x: FloatArray, windows: Windows) -> Relation:
        return Relation.given(1.0, len(u))
