"""Numbers as people read them."""

import pytest

from westforecast.report import words


@pytest.mark.parametrize(
    ("value", "told"),
    [
        (18472.4, "18,470"), (0.08951, "0.08951"), (8.95, "8.95"), (60.0, "60"), (0, "0"),
        (999_999.0, "1,000,000"), (-1234.5, "-1,234"), (1e12, "1,000,000,000,000"), (None, "-"),
        (float("nan"), "-"), (float("inf"), "∞"), (100.0, "100"), (0.5, "0.5"),
    ],
)  # fmt: skip
def test_numbers(value, told):
    assert words.number(value) == told


def test_changes_intervals_and_counts():
    assert words.sign(1234) == "+1,230"
    assert words.sign(-2) == "-2"
    assert words.interval(1234.5, 9.876) == "1,230 to 9.88"
    assert words.percent(0.1234) == "+12.3 %"
    assert words.percent(None) == "-"
    assert [words.sentence(t) for t in ("a", "a.", "a?", "")] == ["a.", "a.", "a?", ""]
    assert (words.count(1, "model"), words.count(2, "model")) == ("1 model", "2 models")
