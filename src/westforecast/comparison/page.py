"""The report of a comparison: one HTML page."""

from collections.abc import Sequence

from westforecast.comparison import charts, words
from westforecast.comparison.comparison import ALONE, Comparison
from westforecast.report.document import render
from westforecast.report.words import count

PAIRS_SHOWN = 200
PAIRS_OPEN = 30  # more of them are folded
TITLES = {"horizon": "By steps ahead", "cutoff": "By cutoff"}  # of the charts along a key
ROWS_SHOWN = 200  # of a table by a key


def page(comparison: Comparison, by: Sequence[str] = ()) -> str:
    """The report as one HTML page. by: keys that have a table on it."""
    board = comparison.board()
    shown = charts.lines_shown(comparison)
    along = [key for key in TITLES if len(comparison.losses.key(key)[0]) > 1]  # a line has two ends
    hidden = [name for name in comparison.models if name not in shown]
    title, heads, rows = words.leaderboard(comparison)
    pairs = words.pairs(comparison)
    others = len(comparison.models) - 1
    several = len(comparison.datasets) > 1
    return render("comparison.html.j2", {
        "title": f"{count(others, 'model')} against {comparison.baseline}",
        "what": " ".join([words.what(comparison), *words.unscored(comparison)]),
        "verdicts": [*words.verdicts(comparison, board), *words.too_good(comparison)],
        "evidence": words.evidence(comparison),
        "alone": ALONE,
        "best": words.best(comparison),
        "missing": words.missing(comparison),
        "heads": heads,
        "judged": board.evidence.unit != "none",
        "rows": rows,
        "left": title,
        "boards": [
            {
                "name": name,
                "rows": words.leaderboard(comparison, name)[2],
                "heads": words.leaderboard(comparison, name)[1],
                "evidence": comparison.board(name).evidence.words,
            }
            for name in (comparison.datasets if several else ())
        ],
        "skill": charts.skill_chart(comparison),
        "along": " and ".join(along),
        "lines": [charts.lines_chart(comparison, key, TITLES[key]) for key in along],
        "hidden": hidden,
        "tables": [_table(comparison, key) for key in dict.fromkeys(by)],
        "pairs": pairs[:PAIRS_SHOWN],
        "pairs_left": len(pairs) - PAIRS_SHOWN,
        "pairs_folded": len(pairs) > PAIRS_OPEN,
        "alpha": comparison.alpha,
        "level": f"{100 * (1 - comparison.alpha):g}",
        "baseline": comparison.baseline,
        "metric": comparison.losses.column,
        "root": comparison.losses.root,
        "summary": comparison.metric.summary,
        "overlap": board.evidence.overlap,
        "n_boot": f"{comparison.n_boot:,}",
        "seed": comparison.seed,
        "settings": _settings(comparison),
        "made_with": words.made_with(comparison),
    })  # fmt: skip


def _table(comparison: Comparison, key: str) -> dict[str, object]:
    """A table by a key, as far as it is shown."""
    heads, rows = words.by_table(comparison, key)
    left = len(rows) - ROWS_SHOWN
    return {"key": key, "heads": heads, "rows": rows[:ROWS_SHOWN], "left": left}


def _settings(comparison: Comparison) -> dict[str, str]:
    """What was asked for, less what was left as it is."""
    told = {}
    for name, value in comparison.settings.items():
        if name != "call" and value not in (None, []):
            told[name] = ", ".join(map(str, value)) if isinstance(value, list) else str(value)
    return told
