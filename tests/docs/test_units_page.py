"""docs/reference/units.md lists every word of the registry; run this file to write its tables."""

from pathlib import Path

from westforecast.series.units import COUNTS, CURRENCIES, MEASURES, NUMBERS, SIZES, SYMBOLS

PAGE = Path(__file__).resolve().parents[2] / "docs" / "reference" / "units.md"
BEGIN, END = "<!-- the registry -->\n", "<!-- end of the registry -->\n"


def tables() -> str:
    sizes = [(f"{size:g}", words.replace(" ", ", ")) for size, words in SIZES.items()]
    symbols = [(f"{size:g}", words.replace(" ", ", ")) for size, words in SYMBOLS.items()]
    measures = [
        (f"{size:g} {base}", words) for base, words_of in MEASURES.items()
        for size, words in words_of.items()
    ]  # fmt: skip
    plain = [base for base, words in CURRENCIES.items() if not words]
    money = [(base, words) for base, words in CURRENCIES.items() if words]
    parts = [
        ("Sizes", "size", sizes),
        ("Letters that are sizes beside a currency alone", "size", symbols),
        ("Currencies", "unit", [*money, (", ".join(plain), "")]),
        ("What is counted", "unit", list(COUNTS.items())),
        ("Measures", "is", measures),
        ("Pure numbers", "is", [(f"{size:g}", words) for size, words in NUMBERS.items()]),
    ]
    return "\n".join(_table(*part) for part in parts)


def _table(title: str, head: str, rows: list[tuple[str, str]]) -> str:
    lines = [f"### {title}", "", f"| {head} | words |", "|---|---|"]
    return "\n".join([*lines, *(f"| {left} | {words} |" for left, words in rows), ""])


def test_the_page_lists_every_word():
    page = PAGE.read_text(encoding="utf-8")
    assert page.split(BEGIN)[1].split(END)[0] == "\n" + tables() + "\n"


if __name__ == "__main__":
    head, _, rest = PAGE.read_text(encoding="utf-8").partition(BEGIN)
    tail = rest.partition(END)[2]
    PAGE.write_text(f"{head}{BEGIN}\n{tables()}\n{END}{tail}", encoding="utf-8")
