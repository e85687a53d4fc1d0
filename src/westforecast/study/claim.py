"""A claim of a text, and what the data say of it."""

from dataclasses import dataclass
from typing import Literal

Verdict = Literal["confirmed", "plausible", "contradicted", "impossible", "mixed", "untestable"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Claim:
    """One quantified claim.

    phrase: the text's own words. stated: its number with unit. check: what is computed.
    found: the result, with years. verdict: one word. source: the figures used.
    """

    id: str
    phrase: str
    stated: str
    check: str
    found: str
    verdict: Verdict
    source: str
