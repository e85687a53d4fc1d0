"""Numbers and short texts as people read them."""

import math


def number(value: float | None, digits: int = 4) -> str:
    """A number with thousands separators and so many significant digits; "-" where there is none.

    >>> number(18472.4), number(0.08951), number(float("nan"))
    ('18,470', '0.08951', '-')
    """
    if value is None or math.isnan(value):
        return "-"
    if value == 0:
        return "0"
    if math.isinf(value):
        return "∞" if value > 0 else "-∞"
    places = digits - 1 - math.floor(math.log10(abs(value)))
    text = f"{round(value, places):,.{max(places, 0)}f}"
    return text.rstrip("0").rstrip(".") if "." in text else text


def interval(low: float, high: float, digits: int = 3) -> str:
    """An interval: "12,300 to 45,600"."""
    return f"{number(low, digits)} to {number(high, digits)}"


def percent(fraction: float | None, digits: int = 1) -> str:
    """A fraction in percent with its sign: +12.5 %; "-" where there is none."""
    if fraction is None or math.isnan(fraction):
        return "-"
    return f"{100 * fraction:+,.{digits}f} %"


def sign(value: float, digits: int = 3) -> str:
    """A change with its sign."""
    return ("+" if value > 0 else "") + number(value, digits)


def sentence(text: str) -> str:
    """A text that ends as a sentence does.

    >>> sentence("the plan"), sentence("The plan says so.")
    ('the plan.', 'The plan says so.')
    """
    text = text.rstrip()
    return text if text.endswith((".", "!", "?", "。")) or not text else f"{text}."


def count(items: int, word: str, plural: str = "") -> str:
    """1 model, 2 models."""
    return f"{items} {word if items == 1 else plural or word + 's'}"
