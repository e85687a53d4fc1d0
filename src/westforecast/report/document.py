"""One self-contained HTML page from a template: nothing is loaded from anywhere."""

from collections.abc import Mapping
from typing import Any

from jinja2 import Environment, PackageLoader, StrictUndefined

from westforecast.report import words


def render(template: str, context: Mapping[str, Any]) -> str:
    """A template of this package filled in; everything but charts is escaped."""
    environment = Environment(
        loader=PackageLoader("westforecast.report", "templates"),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.filters["number"] = words.number
    return environment.get_template(template).render(**context)
