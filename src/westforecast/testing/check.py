"""A check: a stable name, a tier, a promise in one sentence, and a function that tries it."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

from westforecast.errors import UsageError, nearest

if TYPE_CHECKING:
    from westforecast.testing.trial import Trial

Tier = Literal["quick", "full"]
Outcome = Literal["passed", "failed", "skipped"]
Function = Callable[["Trial"], None]


class Broken(AssertionError):
    """A promise is not kept; the message says where and how."""


class Skipped(Exception):
    """A check has nothing to try on this model; the message says why."""


@dataclass(frozen=True, slots=True)
class Check:
    """One promise of the contract.

    name: short and stable; what `waive` takes. tier: "quick" checks run in both tiers.
    promise: one sentence. function: raises `Broken` or `Skipped`; anything else it lets out is the
    model's doing and breaks the promise, too.
    """

    name: str
    tier: Tier
    promise: str
    function: Function


@dataclass(frozen=True, slots=True)
class Finding:
    """What came of one check. detail: how it failed, or why it was skipped."""

    name: str
    outcome: Outcome
    promise: str
    detail: str = ""
    seconds: float = 0.0


_CHECKS: dict[str, Check] = {}


def check(tier: Tier) -> Callable[[Function], Function]:
    """Decorator: a function becomes the check of its name; its docstring is the promise."""

    def register(function: Function) -> Function:
        name = function.__name__
        _CHECKS[name] = Check(name, tier, " ".join((function.__doc__ or "").split()), function)
        return function

    return register


def registered() -> Mapping[str, Check]:
    """Checks by name, in the order in which they run."""
    return _CHECKS


def expect(condition: object, broken: str) -> None:
    """Fail the check; not an `assert`, which `python -O` would turn off."""
    if not condition:
        raise Broken(broken)


def waived(waive: Mapping[str, str], known: Mapping[str, Check]) -> dict[str, str]:
    """The waivers: check -> reason.

    Raises UsageError for a check that does not exist, suggesting the nearest, and for a waiver
    without a reason.
    """
    if not isinstance(waive, Mapping):
        raise UsageError(
            f'waive={waive!r} found; expected check -> reason: {{"prefix": "what is known of it"}}.'
        )
    for name, reason in waive.items():
        if name not in known:
            raise UsageError(f"waive: no check {name!r}. {nearest(name, known)}")
        if not isinstance(reason, str) or not reason.strip():
            raise UsageError(f"waive: {name!r} has no reason ({reason!r}); a sentence expected.")
    return dict(waive)
