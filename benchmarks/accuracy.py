"""How accurate are the averaged models beside their statsforecast twins, on parts never tuned on?

`python -m benchmarks.accuracy` forecasts the test parts of M3 yearly and of the tourism series,
prints a table and puts it into docs/benchmarks.md. AutoARIMA takes most of its two minutes.
"""

import numpy as np
import pandas as pd

import westforecast as wf

from .data import FOLDER, ROOT
from .table import markdown, replaced

SETS = {
    "M3 yearly": ("m3_yearly.parquet", 6),
    "tourism yearly, dev": ("tourism_yearly_dev.parquet", 4),
}
MODELS = {
    "AveragedETS": wf.model("AveragedETS"),
    "AveragedETS, best": wf.model("AveragedETS", select="best"),
    "AutoETS": wf.model("AutoETS"),
    "AveragedARIMA": wf.model("AveragedARIMA"),
    "AveragedARIMA, best": wf.model("AveragedARIMA", select="best"),
    "AutoARIMA": wf.model("AutoARIMA"),
    "Theta": wf.model("Theta"),
    "SESDrift": wf.model("SESDrift"),
    "Drift": wf.model("Drift"),
    "Naive": wf.model("Naive"),
}
TWINS = {name: f"Auto{kind}" for kind in ("ETS", "ARIMA")
         for name in (f"Averaged{kind}", f"Averaged{kind}, best")}  # fmt: skip


def rows(name: str) -> list[list[str]]:
    """One row a model: errors, the paired difference to its twin, coverage."""
    file, horizon = SETS[name]
    frame = pd.read_parquet(FOLDER / file)[["unique_id", "ds", "y"]]
    panel = wf.Panel.from_frame(frame)
    result = wf.backtest(panel, MODELS, h=horizon, align="series", levels=(80, 95))
    scores = result.scores(["smape", "mase", "coverage"]).set_index("model")
    apart = result.scores(["smape", "mase"], by=("model", "unique_id"))
    told = []
    for model in MODELS:
        row = [name, model]
        for metric in ("smape", "mase"):
            table = apart.pivot(index="unique_id", columns="model", values=metric)
            row += [f"{scores[metric][model]:.3f}", against(table, model, TWINS.get(model))]
        told.append([*row, *(f"{scores[f'coverage-{k}'][model]:.1f}" for k in (80, 95))])
    assert not result.failed, "every model is to forecast every series"
    return told


def against(table: pd.DataFrame, model: str, twin: str | None) -> str:
    """Mean difference to the twin over series, and its standard error."""
    if twin is None:
        return ""
    gap = (table[model] - table[twin]).dropna()
    return f"{gap.mean():+.3f} ± {gap.std() / np.sqrt(len(gap)):.3f}"


if __name__ == "__main__":
    heads = ["data", "model", "sMAPE", "less twin's", "MASE", "less twin's", "80 %", "95 %"]
    content = markdown(heads, [row for name in SETS for row in rows(name)], left=2)
    page = ROOT / "docs" / "benchmarks.md"
    page.write_text(replaced(page.read_text("utf-8"), content, "accuracy"), "utf-8")
    print(content)
