"""What the checks found of one model, as text, Markdown and JSON."""

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field
from typing import Any

from westforecast.errors import ConformanceError
from westforecast.testing.check import Finding, Outcome, Tier
from westforecast.text import json_text, visible

LATE = "out of time"  # how the detail of a check begins that the time budget left no room for


@dataclass(frozen=True, slots=True, repr=False)
class Report:
    """All checks of one model.

    model: it with its settings. tier: "quick" or "full". data: what it was tried on.
    times: seconds of one forecast of one series of so many values; told, never judged.
    versions: of Python, NumPy, this library and the model's own package.
    """

    model: str
    checks: tuple[Finding, ...]
    tier: Tier = "quick"
    data: str = ""
    times: Mapping[int, float] = field(default_factory=dict)
    versions: Mapping[str, str] = field(default_factory=dict)

    @property
    def ok(self) -> bool:
        """Whether every check that ran passed, and some did: a run of nothing is a failure."""
        return bool(self.passed) and not self.failed

    @property
    def passed(self) -> tuple[Finding, ...]:
        """Promises that were kept."""
        return self._with("passed")

    @property
    def failed(self) -> tuple[Finding, ...]:
        """Promises that were broken."""
        return self._with("failed")

    @property
    def skipped(self) -> tuple[Finding, ...]:
        """Checks that did not run or were waived, each with the reason."""
        return self._with("skipped")

    @property
    def seconds(self) -> float:
        """What all checks took."""
        return sum(check.seconds for check in self.checks)

    @property
    def verdict(self) -> str:
        """One line: whether the contract is kept, and the counts."""
        kept = "keeps" if self.ok else "breaks"
        if not self.checks or not (self.passed or self.failed):
            kept = "shows nothing of"
        counts = ", ".join(f"{len(self._with(o))} {o}" for o in ("passed", "failed", "skipped"))
        late = sum(check.detail.startswith(LATE) for check in self.skipped)
        counts += f", {late} of them {LATE}" if late else ""
        return f"{self.model}: {kept} the model contract ({self.tier}: {counts})"

    def raise_if_failed(self) -> None:
        """Raises ConformanceError, which says what was broken, unless `ok`."""
        if not self.ok:
            raise ConformanceError(self.brief)

    def to_dict(self) -> dict[str, Any]:
        """Plain values for JSON."""
        return {
            "model": self.model,
            "ok": self.ok,
            "tier": self.tier,
            "data": self.data,
            "checks": [
                {**asdict(check), "seconds": round(check.seconds, 4)} for check in self.checks
            ],
            "seconds": round(self.seconds, 4),
            "seconds_by_length": {str(n): round(took, 6) for n, took in self.times.items()},
            "versions": dict(self.versions),
        }

    def to_json(self) -> str:
        """`to_dict` as text."""
        return json_text(self.to_dict())

    def to_markdown(self) -> str:
        """A table of the checks below a line that says how it went."""
        rows = [
            (f"`{c.name}`", c.outcome, c.promise + (f" *{c.detail}*" if c.detail else ""))
            for c in self.checks
        ]
        lines = [f"**{_cell(self.verdict)}**", "", *self._remarks(), "",
                 "| check | outcome | promise |", "|---|---|---|"]  # fmt: skip
        lines += [f"| {' | '.join(map(_cell, row))} |" for row in rows]
        return "\n".join(lines) + "\n"

    @property
    def brief(self) -> str:
        """The verdict and what was broken; `str` has every check."""
        return self._text(self.failed)

    def __str__(self) -> str:
        rest = (check for check in self.checks if check.outcome != "failed")
        return self._text((*self.failed, *rest))

    def _text(self, checks: Sequence[Finding]) -> str:
        width = max((len(check.name) for check in checks), default=0)
        lines = [self.verdict]
        for check in checks:
            told = check.detail or (check.promise if check.outcome == "failed" else "")
            lines.append(f"  {check.outcome:<8}{check.name:<{width}}  {told}".rstrip())
        lines += [f"  {remark}" for remark in self._remarks()]
        return visible("\n".join(lines), lines=True)

    def __repr__(self) -> str:
        return f"<Report {self.verdict}>"

    def _remarks(self) -> list[str]:
        told = [f"tried on {self.data}"] if self.data else []
        if self.times:
            spent = ", ".join(f"{1e3 * took:.3g} ms of {n}" for n, took in self.times.items())
            told.append(f"a forecast took {spent} values")
        return told

    def _with(self, outcome: Outcome) -> tuple[Finding, ...]:
        return tuple(check for check in self.checks if check.outcome == outcome)


def _cell(text: str) -> str:
    return text.replace("|", "\\|").replace("\n", " ")
