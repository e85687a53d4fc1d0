"""What the package offers: every model of statsforecast, by name. Imports nothing heavy."""

from westforecast.plugin import ModelSpec, hookimpl
from westforecast_statsforecast.catalogue import EXAMPLES, OFFERS


@hookimpl
def westforecast_register_models() -> list[ModelSpec]:
    """`AutoETS`, `AutoARIMA`, and `statsforecast.<Class>` for every class that forecasts."""
    return [
        ModelSpec(
            name="AutoETS",
            target="westforecast_statsforecast.auto_ets:AutoETS",
            summary="exponential smoothing, form chosen by AICc",
            capabilities=frozenset({"intervals"}),
        ),
        ModelSpec(
            name="AutoARIMA",
            target="westforecast_statsforecast.auto_arima:AutoARIMA",
            summary="ARIMA, orders chosen by AICc",
            capabilities=frozenset({"intervals"}),
        ),
        *(
            ModelSpec(
                name=f"statsforecast.{kind}",
                target="westforecast_statsforecast.model:StatsForecastModel",
                summary=offer.summary,
                settings={"kind": kind},
                capabilities=frozenset({"intervals"} if offer.intervals else ()),
                example={name: EXAMPLES[name] for name in offer.needs},
            )
            for kind, offer in OFFERS.items()
        ),
    ]
