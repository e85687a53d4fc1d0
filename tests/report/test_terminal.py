"""Tables for a terminal lose no digit, however narrow it is."""

import io

import pytest
from rich.console import Console

from westforecast.report.terminal import table

HEADS = ["", "unit", "last known", "2020", "80 % interval"]
ROWS = [
    ["Metal-cutting machine tools, China", "units", "697,300 (2010)", "1,280,000",
     "811,000 to 3,160,000"],
    ["Value per machine, China", "1000 CNY per unit", "98.24 (2006)", "97.17", "31.8 to 206"],
]  # fmt: skip


def shown(width):
    screen = Console(width=width, record=True, file=io.StringIO())
    screen.print(table("What it is made of", HEADS, ROWS, left=2))
    return screen.export_text()


@pytest.mark.parametrize("width", [140, 110, 100, 90, 80, 65, 50, 30])
def test_every_word_is_there_at_every_width(width):
    text = shown(width)
    assert max(map(len, text.splitlines())) <= width
    for word in " ".join(cell for row in ROWS for cell in row).split():
        assert word in text
    assert "…" not in text


def test_the_widest_column_gives_way_first():
    lines = shown(100).splitlines()
    assert any(line.startswith("Metal-cutting") and "811,000 to 3,160,000" in line
               for line in lines)  # fmt: skip


def test_too_narrow_for_columns_it_is_a_list():
    assert "Value per machine, China: unit" in " ".join(shown(36).split())
    assert "─" not in shown(36)
    assert "─" in shown(110)
