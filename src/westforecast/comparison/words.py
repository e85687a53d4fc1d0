"""A comparison in sentences that can be quoted, and a table."""

from collections import Counter
from collections.abc import Sequence
from io import StringIO
from itertools import groupby
from typing import Any

import numpy as np

from westforecast.comparison.comparison import (
    BETTER,
    NO_DIFFERENCE,
    NOT_ENOUGH,
    OPPOSED,
    SET_DIFFERS,
    WORSE,
    Board,
    Comparison,
)
from westforecast.report.words import count, number, sentence

WIDTH = 110
GAP = 3  # between columns
NAMED = 6  # models of one verdict named in a sentence
WHOLE = 0.9995  # a skill that is shown as 100.0 %
SETS_SHOWN = 2  # data sets with a column of their own
SPARED = ("rank", "wins")  # first left out where a table is too wide


def text(comparison: Comparison) -> str:
    """Sentences and the leaderboard, as printed."""
    from westforecast.report.terminal import table

    title, every, whole = leaderboard(comparison)
    columns, rows = _narrowed(every, whole)
    told = [*sentences(comparison), "", table(title, columns, rows)]
    if len(columns) < len(every):
        gone = ", ".join(head for head in every if head not in columns)
        told.append(f"Left out, as the table is wide: {gone}. The report has all.")
    return printed(*told)


def printed(*parts: Any) -> str:
    """Sentences and tables as text of the width that tables are narrowed to."""
    from westforecast.report.terminal import Screen

    out = StringIO()
    screen = Screen(file=out, width=WIDTH, highlight=False, emoji=False, color_system=None)
    for part in parts:
        screen.print(part, markup=False)
    return "\n".join(line.rstrip() for line in out.getvalue().splitlines())


def _narrowed(heads: list[str], rows: list[list[str]]) -> tuple[list[str], list[list[str]]]:
    """A table without the columns that do not fit; scores of several data sets go first."""
    kept, scores = list(range(len(heads))), list(range(1, heads.index("skill")))
    size = [max(map(len, (head, *(row[k] for row in rows)))) for k, head in enumerate(heads)]
    for spared in (
        scores if len(scores) > 1 else [],
        *([heads.index(head)] for head in SPARED if head in heads),
    ):
        if sum(size[k] for k in kept) + GAP * (len(kept) - 1) <= WIDTH:
            break
        kept = [k for k in kept if k not in spared]
    return [heads[k] for k in kept], [[row[k] for k in kept] for row in rows]


def sentences(comparison: Comparison) -> list[str]:
    """What was compared, the verdicts, what they rest on, and what is missing."""
    board = comparison.board()
    return [
        what(comparison),
        *unscored(comparison),
        *verdicts(comparison, board),
        *too_good(comparison),
        *evidence(comparison),
        *best(comparison),
        *missing(comparison),
    ]


def what(comparison: Comparison) -> str:
    """Models, series, cutoffs, cells."""
    losses = comparison.losses
    sets = ""
    if len(comparison.datasets) > 1:
        sets = f" of {len(comparison.datasets)} data sets ({', '.join(comparison.datasets)})"
    cutoffs, _ = losses.key("cutoff")
    span = ""
    if losses.calendar is not None:
        span = f" ({losses.calendar.span(int(cutoffs[0]), int(cutoffs[-1]))})"
    cells = losses.values.shape[1]
    return (
        f"{count(len(comparison.models), 'model')} compared by {losses.column} on "
        f"{count(len(losses.by_series), 'series', 'series')}{sets}, "
        f"{count(len(cutoffs), 'cutoff')}{span} and {cells:,} cells that all of them "
        f"forecast, up to {count(losses.span, 'step')} ahead."
    )


def unscored(comparison: Comparison) -> list[str]:
    """How many of the cutoffs asked for can be scored, which cannot and why, where some cannot."""
    told = []
    for name, result in comparison.results.items():
        plan, cells = result.plan, comparison.losses.parts[name].grid
        windows, label = plan.windows, plan.panel.calendar.label
        where = f" of {name}" if len(comparison.results) > 1 else ""
        skipped = [(series, cutoff) for series, cutoff, _, _ in plan.skipped]
        asked = {*skipped, *zip(windows.series.tolist(), windows.cutoff.tolist(), strict=True)}
        scored = set(zip(cells.series.tolist(), cells.cutoff.tolist(), strict=True))
        if result.settings.get("align") == "series":  # each series has cutoffs of its own
            n, most = (max(Counter(s for s, _ in pairs).values()) for pairs in (scored, asked))
            if n < most:
                told.append(
                    f"At most {n} of the {most} cutoffs asked for{where} can be scored in a series."
                )
            continue
        cutoffs, seen = {cutoff for _, cutoff in asked}, {cutoff for _, cutoff in scored}
        if cutoffs == seen:
            continue
        why = {c: (status.label, reason) for _, c, status, reason in reversed(plan.skipped)}
        why = {c: why.get(c, ("", "no cell that all models have")) for c in cutoffs - seen}
        gone = []
        for _, alike in groupby(sorted(why), key=lambda c: why[c][0]):
            each = list(alike)
            listed = ", ".join(label(c) for c in each[:NAMED])
            gone.append(f"{listed}{_more(each)} ({why[each[0]][1]})")
        told.append(
            f"{len(seen)} of the {len(cutoffs)} cutoffs asked for{where} can be scored; not "
            f"{', nor '.join(gone)}."
        )
    return told


def verdicts(comparison: Comparison, board: Board) -> list[str]:
    """Which models are better or worse than the baseline, and of which nothing can be said."""
    found, reasons, p = board.verdicts()
    order = [m for m in board.order if m != board.base]
    told = []
    for verdict, head in (
        (BETTER, f"Better than {comparison.baseline}: "),
        (WORSE, f"Worse than {comparison.baseline}: "),
        (NO_DIFFERENCE, f"No evidence of a difference from {comparison.baseline}: "),
    ):
        mine = [m for m in order if found[m] == verdict]
        if mine:
            each = [_model(comparison, board, m, float(p[m])) for m in mine[:NAMED]]
            told.append(f"{head}{'; '.join(each)}{_more(mine)}.")
    unclear = [m for m in order if found[m] == NOT_ENOUGH]
    if unclear:
        each = [_model(comparison, board, m, float("nan")) for m in unclear[:NAMED]]
        told.append(
            f"Not enough evidence to tell from {comparison.baseline}: {'; '.join(each)}"
            f"{_more(unclear)}."
        )
    opposed = [comparison.models[m] for m in order if reasons[m] == OPPOSED]
    if opposed:
        told.append(sentence(f"Of {', '.join(opposed[:NAMED])}{_more(opposed)} {OPPOSED}"))
    return told


def _more(named: Sequence[object]) -> str:
    return f" and {len(named) - NAMED} more" if len(named) > NAMED else ""


def too_good(comparison: Comparison) -> list[str]:
    """Models that err by nothing, which hardly any does that does not know the outcomes."""
    losses, skill = comparison.losses, comparison.board().skill
    exact = (losses.mean == 0).any(axis=0)
    told = []
    for which, has in ((exact, "errors of exactly 0"), (~exact & (skill >= WHOLE), "100 % skill")):
        names = [name for name, it in zip(losses.models, which, strict=True) if it]
        if names:
            model = "the model know" if len(names) == 1 else "these models know"
            told.append(
                f"{', '.join(names[:NAMED])}{_more(names)} {'has' if len(names) == 1 else 'have'} "
                f"{has}: {'does' if len(names) == 1 else 'do'} {model} the outcomes?"
            )
    return told


def _model(comparison: Comparison, board: Board, m: int, p: float) -> str:
    """Drift (mase 12 % lower, p 0.003)."""
    skill = float(board.skill[m])
    column = comparison.losses.column
    if np.isnan(skill):
        told = f"the baseline's {column} is 0"
    else:
        side = "lower" if skill > 0 else "higher"
        told = f"{column} {_size(skill)} {side}" if abs(skill) >= 0.0005 else f"the same {column}"
    return f"{comparison.losses.models[m]} ({', '.join(filter(None, (told, chance_of(p))))})"


def _size(skill: float) -> str:
    percent = 100 * abs(skill)
    return f"{percent:.0f} %" if percent >= 9.5 else f"{percent:.1f} %"


def chance_of(p: float) -> str:
    """p 0.012; p below 0.001; nothing where there is none."""
    if np.isnan(p):
        return ""
    return "p below 0.001" if p < 0.001 else f"p {p:.2g}"


def evidence(comparison: Comparison) -> list[str]:
    """What verdicts rest on, and what their reader must know."""
    board, others = comparison.board(), len(comparison.models) - 1
    told, moving = [board.evidence.words], int(board.shared.sum())
    if moving:
        whose = "All" if moving == others else f"{moving} of {others}"
        told.append(
            f"{whose} differences to {comparison.baseline} move together from cutoff to cutoff, or "
            "may, so that series are no independent observations: these are judged by the cutoffs, "
            "and are not enough evidence where that shows nothing."
        )
    if board.evidence.unit == "series" and moving < others:
        told.append(
            "A verdict by series is about these years: it holds for other series, not other times."
        )
    if board.evidence.unit != "none" and others > 1:
        told.append(f"p-values and bands are corrected for {others} models (Holm).")
        if board.levelled:
            told.append(
                "Some are equal, as Holm's correction makes p-values at least as large as those "
                "before them."
            )
    return told


def best(comparison: Comparison) -> list[str]:
    """Which models may be the best of all, with the reason where verdicts seem to differ."""
    board = comparison.board()
    if np.isnan(board.set_p).any():
        return []
    names = [comparison.models[m] for m in board.order if board.in_set[m]]
    level = f"{100 * (1 - comparison.alpha):g} %"
    told = f"May be the best of all ({level} confidence set): {', '.join(names)}"
    if board.set_differs().any():
        told += f". {SET_DIFFERS[0].upper()}{SET_DIFFERS[1:]}"
    return [f"{told}."]


def missing(comparison: Comparison) -> list[str]:
    """Cells that are not compared with who is to blame, and models that are not compared."""
    losses, told = comparison.losses, []
    gone = losses.observed - losses.values.shape[1]
    if gone:
        blame = sorted(((n, name) for name, n in losses.lost.items() if n), reverse=True)
        each = [f"{name} has no forecast in {n}" for n, name in blame[:NAMED]]
        if losses.undefined:
            each.append(f"{losses.column} is undefined in {losses.undefined}")
        told.append(
            f"{gone:,} of {losses.observed:,} cells with a known outcome "
            f"{'is' if gone == 1 else 'are'} not compared: {'; '.join(each)}."
        )
    for name, part in losses.parts.items():
        if part.few is not None:
            where = f"In {name}: " if len(losses.parts) > 1 else ""
            told.append(sentence(f"{where}{part.few.words[0].upper()}{part.few.words[1:]}"))
    told += [sentence(f"{name} is not compared: {why}") for name, why in losses.left_out.items()]
    return told


def leaderboard(
    comparison: Comparison, dataset: str | None = None
) -> tuple[str, list[str], list[list[str]]]:
    """Title, heads and cells of the leaderboard in words, without bands and p-values where there is
    no evidence to have them by."""
    board = comparison.board(dataset)
    columns = board.columns()
    sets = list(board.losses.parts)
    names = list(columns)[1 : 1 + len(sets)]
    shown = names if len(sets) <= SETS_SHOWN else []
    level = f"{100 * (1 - comparison.alpha):g}"
    heads = ["model", *shown, "skill", f"{level} % band", "wins", "rank", "p", "verdict"]
    rows = []
    for k, name in enumerate(columns["model"]):
        base = name == comparison.baseline
        low, high = columns["skill_lo"][k], columns["skill_hi"][k]
        band = "" if np.isnan(low) or base else f"{_signed(low)} to {_signed(high)}"
        rows.append([
            name,
            *(_score(columns[score][k]) for score in shown),
            "" if base else _signed(columns["skill"][k], " %"),
            band,
            "" if base else _told("{:.0%}", columns["win_rate"][k]).replace("%", " %"),
            _told("{:.2f}", columns["mean_rank"][k]),
            chance_of(columns["p_value"][k]).removeprefix("p ").replace("below ", "<"),
            _short(columns["verdict"][k], columns["reason"][k]),
        ])  # fmt: skip
    judged = {f"{level} % band", "p"}  # empty without evidence
    told = [k for k, head in enumerate(heads) if head not in judged or any(row[k] for row in rows)]
    where = f" on {dataset}" if dataset else ""
    return (
        f"Leaderboard{where}, against {comparison.baseline}",
        [heads[k] for k in told],
        [[row[k] for k in told] for row in rows],
    )


def _score(value: float) -> str:
    """Four digits, zeros kept, so that columns line up."""
    fine = np.isfinite(value) and 0.001 <= abs(value) < 1000
    return f"{value:#.4g}".rstrip(".") if fine else number(value)


def pairs(comparison: Comparison) -> list[dict[str, object]]:
    """Rows of every pair in words, each once, the model with the better skill first.

    first: whether a model's rows begin.
    """
    board, before = comparison.board(), ""
    columns, rows = board.pair_columns(), []
    place = {comparison.losses.models[m]: k for k, m in enumerate(board.order)}
    at = [(place[a], place[b]) for a, b in zip(columns["model"], columns["other"], strict=True)]
    for k in sorted((k for k, (a, b) in enumerate(at) if a < b), key=at.__getitem__):
        model = columns["model"][k]
        rows.append({
            "model": model, "other": columns["other"][k], "first": model != before,
            "skill": _signed(columns["skill"][k], " %"),
            "wins": _told("{:.0%}", columns["win_rate"][k]).replace("%", " %"),
            "p": chance_of(columns["p_value"][k]).removeprefix("p ").replace("below ", "<"),
            "verdict": _short(columns["verdict"][k], columns["reason"][k]),
        })  # fmt: skip
        before = model
    return rows


def by_table(comparison: Comparison, key: str) -> tuple[list[str], list[list[str]]]:
    """Heads and cells of `Comparison.by` in words, skill in percent as in the leaderboard."""
    columns, column = comparison.labelled([key]), comparison.losses.column
    rows = []
    for k, model in enumerate(columns["model"]):
        told = {name: str(columns[name][k]) for name in (key, "model")}
        if column in columns:
            told[column] = _score(columns[column][k]) if columns["n"][k] else ""
        base = model == comparison.baseline
        told["skill"] = "" if base else _signed(columns["skill"][k], " %")
        told["cells"] = f"{columns['n'][k]:,}"
        told["series"] = f"{columns['n_series'][k]:,}"
        rows.append(told)
    return list(rows[0]), [list(row.values()) for row in rows]


def made_with(comparison: Comparison) -> str:
    """Versions, models with their settings, and digests of the data: what else manifest.json has.

    >>> import pandas as pd, westforecast as wf
    >>> frame = pd.DataFrame({"unique_id": "a", "ds": range(1990, 2010), "y": range(20)})
    >>> found = wf.compare(wf.Panel.from_frame(frame), "Drift", h=1)
    >>> made_with(found).split("Models: ")[1].split(". Data")[0]
    'Drift = Drift(); Naive = Naive()'
    """
    versions: dict[str, str] = {}
    models: dict[str, dict[str, None]] = {}  # settings, in order: data sets may differ in them
    digests = []
    for name, made in comparison.manifest().items():
        versions |= made["versions"]
        for model, settings in made["models"].items():
            models.setdefault(model, {})[settings] = None
        digests.append(f"{name} {made['data']['sha256'][:12]}")
    first = [name for name in ("westforecast", "python") if name in versions]
    packages = [*first, *(name for name in versions if name not in first)]
    told = [f"{name} = {' or '.join(each)}" for name, each in models.items()]
    return (
        f"Made with {', '.join(f'{name} {versions[name]}' for name in packages)}. "
        f"Models: {'; '.join(told)}. "
        f"Data (begin of the SHA-256): {', '.join(digests)}."
    )


def _short(verdict: str, reason: str) -> str:
    if verdict != NO_DIFFERENCE:
        return verdict
    return "no evidence (test and skill differ)" if OPPOSED in reason else "no evidence"


def _told(form: str, value: float) -> str:
    return "" if np.isnan(value) else form.format(value)


def _signed(fraction: float, unit: str = "") -> str:
    if np.isnan(fraction):
        return ""
    return f"{round(100 * fraction, 1) + 0.0:+.1f}{unit}"  # no -0.0
