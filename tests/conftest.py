"""What several tests need: where the shared figures are, and a small study of their own."""

from pathlib import Path

import pytest

from westforecast import watch

from .hand_clock import HandClock

ROOT = Path(__file__).resolve().parents[1]

STUDY = """
[study]
name = "toys"
title = "Toys of the region"
data = "figures.csv"
assumptions = "assumed.csv"
origin = 2010
until = 2015
levels = [80, 95]
paths = 500
seed = 7

[backtest]
h = 3
min_train_size = 4

[series.output]
title = "Toys, nation"
data = "toys"
models = ["Drift", { label = "damped", model = "DampedLogGrowth", damping = 0.9 }]

[series.share]
title = "Share of the region"
assumption = "share"

[derived.region]
title = "Toys, region"
unit = "units"
product = ["output", "share"]
market = "whole"
headline = true

[derived.whole]
title = "Toys, all"
unit = "units"
product = ["output"]

[[scenario]]
name = "two points more"
reason = "The plan says so."
change = [{ op = "share_shift", series = "share", points = 2, over = 4 }]
"""

ASSUMED = """id,name,name_zh,value,unit,year,reason,source
share,Share of the region,份额,10,percent,,the text says so,a text
"""


@pytest.fixture(scope="session", autouse=True)
def patience():
    """Plugins that are no matter of time have minutes, also on a machine that is busy elsewhere."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("WESTFORECAST_PLUGIN_TIMEOUT", "600")
        yield


@pytest.fixture
def clock(monkeypatch) -> HandClock:
    """Time limits are counted in a clock that the test moves."""
    hand = HandClock()
    monkeypatch.setattr(watch, "clock", hand)
    return hand


@pytest.fixture
def shared() -> Path:
    """The folder of shared figures beside the repository; users do not have it."""
    folder = ROOT.parent / "shared"
    if not (folder / "data").is_dir():
        pytest.skip("no shared/ beside the repository")
    return folder


@pytest.fixture
def study_file(tmp_path: Path) -> Path:
    """A study of one observed series to 2013 and one assumed share."""
    rows = [f"toys,Toys made,units,count,CN,{y},{v},a yearbook" for y, v in zip(
        range(1998, 2014), (100, 108, 118, 121, 135, 150, 155, 170, 186, 190, 214, 222, 240, 250,
                            255, 270), strict=True)]  # fmt: skip
    head = "unique_id,name,unit,kind,region,year,value,source"
    (tmp_path / "figures.csv").write_text("\n".join([head, *rows]) + "\n", encoding="utf-8")
    (tmp_path / "assumed.csv").write_text(ASSUMED, encoding="utf-8")
    (tmp_path / "toys.toml").write_text(STUDY, encoding="utf-8")
    return tmp_path / "toys.toml"
