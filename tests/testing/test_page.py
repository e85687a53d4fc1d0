"""docs/reference/conformance.md lists every check and every faulty model, as they are.

Rewritten by `python -m tests.testing.test_page`, from the root of the repository.
"""

import re
from pathlib import Path

from westforecast.testing import check_model, registered
from westforecast.testing.trial import BUDGETS, SLOW

PAGE = Path(__file__).resolve().parents[2] / "docs" / "reference" / "conformance.md"
REWRITE = "docs/reference/conformance.md is not current: run python -m tests.testing.test_page"


def tables():
    """Marker -> the table that belongs between its comments."""
    from .mutants import MUTANTS

    checks = [(f"`{check.name}`", check.tier, check.promise) for check in registered().values()]
    mutants = [(f"`{type(m.model).__name__}`", m.fault, f"`{m.check}`") for m in MUTANTS]
    return {
        "checks": table(("check", "tier", "promise"), checks),
        "mutants": table(("model", "fault", "caught by"), mutants),
    }


def table(head, rows):
    ruled = ["| " + " | ".join(row) + " |\n" for row in (head, *rows)]
    return "".join([ruled[0], "|---" * len(head) + "|\n", *ruled[1:]])


def current(text):
    """The page with the tables as they should be."""
    for marker, lines in tables().items():
        between = re.compile(rf"(<!-- {marker} -->\n).*?(<!-- /{marker} -->)", re.S)
        assert len(between.findall(text)) == 1, f"no place for the table {marker!r}"
        text = between.sub(lambda found, lines=lines: f"{found[1]}\n{lines}\n{found[2]}", text)
    return text


def test_the_page_is_current():
    text = PAGE.read_text(encoding="utf-8")
    assert text == current(text), REWRITE


def test_the_page_tells_the_limits_that_hold():
    text = " ".join(PAGE.read_text(encoding="utf-8").split())
    assert f"by default {BUDGETS['quick']:g} (quick) and {BUDGETS['full']:g} (full)" in text
    assert f"more than {SLOW:g} seconds" in text
    assert f"By default {BUDGETS['quick']:g} in the quick tier and {BUDGETS['full']:g}" in " ".join(
        check_model.__doc__.split()
    )


if __name__ == "__main__":
    PAGE.write_text(current(PAGE.read_text(encoding="utf-8")), encoding="utf-8")
