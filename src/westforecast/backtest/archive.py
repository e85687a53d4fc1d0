"""What a result is made of as one file of numbers and text, and back: no pickle."""

import io
import json
from collections.abc import Mapping
from dataclasses import asdict
from typing import Any

import numpy as np

from westforecast.backtest.schedule import Plan
from westforecast.kernels.quantiles import probabilities
from westforecast.models.forecast import Forecast
from westforecast.models.status import Status
from westforecast.models.windows import Windows
from westforecast.series import frame as frames
from westforecast.series.calendar import Calendar
from westforecast.series.indicator import Indicator, KindOfUnit, SizeOfUnit
from westforecast.series.panel import Panel
from westforecast.typing import BoolArray

# Raised where a file of an older version can no longer be read.
FORMAT = 2
NAME = "result.npz"


def packed(
    plan: Plan, forecasts: Mapping[str, Forecast], used: Mapping[str, BoolArray],
    manifest: Mapping[str, Any],
) -> bytes:  # fmt: skip
    """A plan with its panel, the forecasts of all models, and a manifest, as a NumPy archive."""
    panel, windows = plan.panel, plan.windows
    each = forecasts.values()
    form, columns = frames.pack(panel.form)
    record = {
        "manifest": manifest,
        "indicators": [_stated(indicator) for indicator in panel.indicators],
        "calendar": asdict(panel.calendar),
        "form": form,
        "plan": {"horizon": plan.horizon, "first_step": plan.first_step},
        "skipped": [[s, c, int(status), why] for s, c, status, why in plan.skipped],
        "reasons": [{str(w): why for w, why in forecast.reason.items()} for forecast in each],
    }
    arrays: dict[str, Any] = {
        "values": panel.values, "indptr": panel.indptr, "first": panel.first,
        "series": windows.series, "start": windows.start, "end": windows.end,
        "last_step": plan.last_step,
        "mean": np.stack([f.mean for f in each]),
        "quantiles": np.stack([f.quantiles for f in each]),
        "status": np.stack([f.status for f in each]),
        "cut": np.stack([f.cut for f in each]),
        "used": np.stack([used[name] for name in forecasts]),
        "record": _bytes(json.dumps(record, default=_plain).encode()),
        **{name: _bytes(column) for name, column in columns.items()},
    }  # fmt: skip
    if windows.as_of is not None:
        arrays["as_of"] = windows.as_of
    buffer = io.BytesIO()
    np.savez_compressed(buffer, **arrays)
    return buffer.getvalue()


def unpacked(
    data: bytes,
) -> tuple[Plan, dict[str, Forecast], dict[str, BoolArray], dict[str, Any]]:
    """What `packed` wrote. Raises what NumPy and JSON raise."""
    with np.load(io.BytesIO(data), allow_pickle=False) as file:
        arrays = {name: file[name] for name in file.files}
    record = json.loads(arrays["record"].tobytes())
    manifest = record["manifest"]
    names, probs = list(manifest["models"]), probabilities(manifest["levels"])
    forecasts = {}
    for k, name in enumerate(names):
        reason = {int(w): why for w, why in record["reasons"][k].items()}
        numbers = arrays["mean"][k], arrays["quantiles"][k]
        forecasts[name] = Forecast(
            *numbers, probs, arrays["status"][k], reason, cut=arrays["cut"][k]
        )
    used = dict(zip(names, arrays["used"], strict=True))
    return _plan(arrays, record), forecasts, used, manifest


def _plan(arrays: Mapping[str, np.ndarray], record: Mapping[str, Any]) -> Plan:
    panel = Panel(
        values=arrays["values"],
        indptr=arrays["indptr"],
        first=arrays["first"],
        indicators=tuple(
            Indicator(**fields | {"breaks": tuple(fields["breaks"])})
            for fields in record["indicators"]
        ),
        calendar=Calendar(**record["calendar"]),
        form=frames.unpack(record["form"], {k: v.tobytes() for k, v in arrays.items()}),
    )
    windows = Windows.of(
        panel, arrays["series"], arrays["start"], arrays["end"], arrays.get("as_of")
    )
    skipped = tuple((s, c, Status(status), why) for s, c, status, why in record["skipped"])
    return Plan(panel, windows, **record["plan"], last_step=arrays["last_step"], skipped=skipped)


def _stated(indicator: Indicator) -> dict[str, Any]:
    """The fields of an indicator less what it read from its unit, which it reads again."""
    fields = asdict(indicator)
    read = [name for name in fields if isinstance(fields[name], SizeOfUnit | KindOfUnit)]
    return {name: value for name, value in fields.items() if name not in read}


def _bytes(data: bytes) -> np.ndarray:
    return np.frombuffer(data, np.uint8)


def _plain(value: Any) -> Any:
    """NumPy's numbers as Python's."""
    return value.item() if isinstance(value, np.generic) else str(value)
