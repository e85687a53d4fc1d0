"""One self-contained HTML page from a template: nothing is loaded from anywhere."""

from collections.abc import Mapping
from typing import Any

from jinja2 import Environment, PackageLoader, StrictUndefined
from markupsafe import Markup

from westforecast.report import words
from westforecast.text import visible


def render(template: str, context: Mapping[str, Any]) -> str:
    """A template of this package filled in; everything but charts is escaped, and no text acts
    unseen."""
    environment = Environment(
        loader=PackageLoader("westforecast.report", "templates"),
        autoescape=True,
        undefined=StrictUndefined,
        finalize=_shown,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.filters["number"] = words.number
    return environment.get_template(template).render(**context)


def _shown(value: Any) -> Any:
    """What an expression of a template puts on the page; charts and what is escaped stay."""
    plain = isinstance(value, str) and not isinstance(value, Markup)
    return visible(value, lines=True) if plain else value
