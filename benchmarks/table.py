"""From pytest-benchmark's JSON to one page: what was measured, the targets, and the verdicts.

`python -m benchmarks.table out/bench/raw.json` prints the page and writes bench.md and bench.json
beside it; with `--into docs/benchmarks.md` it also replaces what that page shows.
"""

import argparse
import json
import sys
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict
from pathlib import Path
from statistics import median
from typing import Any

from .claims import Claim

FIRST = ["side by side with statsforecast", "more origins", "M4 yearly"]  # groups a reader wants
Row = Sequence[str]


def claims(raw: Mapping[str, Any]) -> list[Claim]:
    """Every figure that was held against a target, those a reader wants first."""
    ranked = sorted(raw["benchmarks"], key=lambda b: [b["group"] != name for name in FIRST])
    return [Claim(**made) for b in ranked for made in b["extra_info"].get("claims", [])]


def page(raw: Mapping[str, Any]) -> str:
    """The whole table as Markdown."""
    parts = [_machine(raw), _targets(raw), _duels(raw), _accuracy(raw), _roofline(raw),
             _times(raw), _skipped(raw)]  # fmt: skip
    return "\n\n".join(part for part in parts if part) + "\n"


def summary(raw: Mapping[str, Any]) -> dict[str, Any]:
    """The same for machines: no more than what the page is made of."""
    return {
        "date": raw["datetime"],
        "machine": raw["machine_info"]["westforecast"],
        "commit": raw["commit_info"].get("id"),
        "dirty": raw["commit_info"].get("dirty"),
        "claims": [{**asdict(made), "verdict": made.verdict} for made in claims(raw)],
        "benchmarks": [
            {
                "group": b["group"],
                "name": b["name"],
                "seconds": {k: b["stats"][k] for k in ("min", "median", "max", "rounds")},
                **{k: v for k, v in b["extra_info"].items() if k != "claims"},
            }
            for b in raw["benchmarks"]
        ],
        "skipped": raw["skipped"],
    }


def markdown(heads: Row, rows: Iterable[Row], left: int = 1) -> str:
    """A Markdown table; the first `left` columns are text, the others numbers."""
    rule = ["---" if k < left else "---:" for k in range(len(heads))]
    return "\n".join(f"| {' | '.join(row)} |" for row in (heads, rule, *rows))


def figure(value: float) -> str:
    """Three significant digits, thousands marked, never an exponent."""
    if abs(value) >= 100:
        return f"{value:,.0f}"
    digits = 0 if value == 0 else max(0, 2 - _magnitude(value))
    return f"{value:.{digits}f}"


def _magnitude(value: float) -> int:
    return int(f"{abs(value):e}".partition("e")[2])


def _machine(raw: Mapping[str, Any]) -> str:
    m = raw["machine_info"]["westforecast"]
    commit = (raw["commit_info"].get("id") or "unknown")[:10]
    changed = ", with changes not committed" if raw["commit_info"].get("dirty") else ""
    threads = "one thread" if m["one_thread"] else "threads as it likes"
    others = {k: v for k, v in m["environment"].items() if not k.endswith("_THREADS")}
    settings = "".join(f", {k}={v}" for k, v in others.items())
    lines = [
        f"Measured {raw['datetime'][:10]} at commit {commit}{changed}.",
        f"- {m['cpu']}, {m['cores']} cores, {m['system']}",
        f"- Python {m['python']}, " + ", ".join(f"{k} {v}" for k, v in m["packages"].items()),
        f"- {m['blas']}, {threads}{settings}",
    ]
    return lines[0] + "\n\n" + "\n".join(lines[1:])


def _targets(raw: Mapping[str, Any]) -> str:
    rows = [
        [c.what, "-" if c.value is None else f"{figure(c.value)} {c.unit}",
         "-" if c.target is None else f"{c.sense} {c.target:g} {c.unit}", c.verdict, c.note]
        for c in claims(raw)
    ]  # fmt: skip
    if not rows:
        return ""
    heads = ["what", "measured", "target", "verdict", "how"]
    return "## Targets\n\n" + markdown(heads, rows, left=5)


def _extras(raw: Mapping[str, Any], key: str) -> list[dict[str, Any]]:
    return [b["extra_info"][key] for b in raw["benchmarks"] if key in b["extra_info"]]


def _duels(raw: Mapping[str, Any]) -> str:
    rows = []
    for duel in _extras(raw, "duel"):
        ours, theirs, same = duel["ours"], duel["theirs"], duel["same_series"]
        rows.append([
            ours["name"], theirs["name"], str(duel["origins"]), str(duel["horizon"]),
            f"{ours['series']:,}", _span(ours), f"{theirs['series']:,}", _span(theirs),
            figure(duel["ratio"]), figure(duel["best_to_worst"]), figure(same["ratio"]),
        ])  # fmt: skip
    if not rows:
        return ""
    heads = ["model", "peer", "origins", "h", "series", "ms", "peer's series", "peer's ms",
             "times faster", "best to worst", "same series"]  # fmt: skip
    return (
        "## Side by side with statsforecast\n\n" + markdown(heads, rows, left=2) + "\n\n"
        "ms: median (min to max) of calls that take turns, one thread each; ours ends with a table "
        "of scores, the peer's `cross_validation` with forecasts. Times faster: ratio of median "
        "times a series; best to worst: of the peer's best time to our worst; same series: ratio "
        "where ours, too, runs on the peer's series alone."
    )


def _span(side: Mapping[str, Any]) -> str:
    low, middle, high = (figure(1e3 * f(side["seconds"])) for f in (min, median, max))
    return f"{middle} ({low} to {high})"


def _accuracy(raw: Mapping[str, Any]) -> str:
    rows = [
        [name, str(duel["origins"]), f"{duel['theirs']['series']:,}",
         f"{errors['smape']:.3f}", f"{errors['mase']:.3f}"]
        for duel in _extras(raw, "duel")
        for name, errors in duel["accuracy"].items()
    ]  # fmt: skip
    if not rows:
        return ""
    heads = ["model", "origins", "series", "sMAPE", "MASE"]
    return "## What the time buys: errors over the same windows\n\n" + markdown(heads, rows)


def _roofline(raw: Mapping[str, Any]) -> str:
    found = _extras(raw, "roofline")
    if not found:
        return ""
    rows = [
        [k["name"], f"{k['windows']:,}", figure(1e6 * k["seconds"]),
         *_share((k["flops"] or 0) / k["seconds"], k["of_arithmetic"]),
         *_share(k["bytes"] / k["seconds"], k["of_memory"])]
        for k in found
    ]  # fmt: skip
    limit = found[0]["ceilings"]
    heads = ["kernel", "windows", "µs", "Gflop/s", "of matrix product", "GB/s", "of memory copy"]
    return (
        "## Kernels, and what this machine can do\n\n" + markdown(heads, rows) + "\n\n"
        f"One thread. A square matrix product reaches {figure(limit['flops'] / 1e9)} Gflop/s here, "
        f"copying what no cache holds {figure(limit['bytes'] / 1e9)} GB/s. Work is counted once, "
        "by formula; best times."
    )


def _share(rate: float, share: float) -> tuple[str, str]:
    return (figure(rate / 1e9), f"{100 * share:.0f} %") if rate else ("-", "-")


def _times(raw: Mapping[str, Any]) -> str:
    rows = [
        [b["group"] or "", b["name"].removeprefix("bench_"), str(b["stats"]["rounds"]),
         *(figure(1e3 * b["stats"][k]) for k in ("median", "min", "max"))]
        for b in raw["benchmarks"]
    ]  # fmt: skip
    heads = ["group", "benchmark", "calls", "median ms", "min", "max"]
    return "## All times\n\n" + markdown(heads, rows, left=2) if rows else ""


def _skipped(raw: Mapping[str, Any]) -> str:
    reasons: dict[str, list[str]] = {}
    for one in raw["skipped"]:
        reasons.setdefault(one["reason"], []).append(one["name"].removeprefix("bench_"))
    lines = [f"- {reason}: {', '.join(names)}" for reason, names in reasons.items()]
    return "\n".join(["## Not measured", "", *lines]) if lines else ""


def replaced(text: str, content: str, name: str = "measured") -> str:
    """A page with other content between the two marks of a name. Raises ValueError without them."""
    begin, finish = f"<!-- {name}: begin -->", f"<!-- {name}: end -->"
    head, mark, rest = text.partition(begin)
    _, end, tail = rest.partition(finish)
    if not mark or not end:
        raise ValueError(f"the page has no {begin} ... {finish}")
    return f"{head}{begin}\n\n{content}\n{finish}{tail}"


def main(arguments: Sequence[str] | None = None) -> int:
    """0, or 1 where a ratio misses its target."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.table", description=__doc__)
    parser.add_argument("raw", type=Path, help="what pytest --benchmark-json wrote")
    parser.add_argument("--into", type=Path, help="a page to show the result in")
    given = parser.parse_args(arguments)
    raw = json.loads(given.raw.read_text(encoding="utf-8"))
    content = page(raw)
    given.raw.with_name("bench.md").write_text(f"# Benchmarks\n\n{content}", encoding="utf-8")
    given.raw.with_name("bench.json").write_text(json.dumps(summary(raw), indent=2) + "\n")
    if given.into is not None:
        text = given.into.read_text(encoding="utf-8")
        given.into.write_text(replaced(text, content), encoding="utf-8")
    print(content)
    missed = [c for c in claims(raw) if c.gate and c.verdict == "missed"]
    for one in missed:
        print(f"missed: {one.what}", file=sys.stderr)
    return 1 if missed else 0


if __name__ == "__main__":
    sys.exit(main())
