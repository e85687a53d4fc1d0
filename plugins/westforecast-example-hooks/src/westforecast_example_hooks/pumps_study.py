"""The study: pumps of Arcadia's East."""

from pathlib import Path


def study() -> Path:
    """The study file, which names its table of figures by a path relative to itself."""
    return Path(__file__).with_name("pumps.toml")
