"""Anybody's text on a terminal, in a chart, on a page, in a cell: nothing in it acts unseen."""

import csv
import io
import json
import re
import unicodedata
from contextlib import suppress
from xml.etree import ElementTree

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

import westforecast as wf
from westforecast.cli.main import main
from westforecast.cli.words import say
from westforecast.errors import DataError, Problem, UnknownNameError, UsageError, WestforecastError
from westforecast.errors import WestforecastWarning as Warned
from westforecast.files import name_fault, write_whole
from westforecast.report.terminal import Screen, console, table
from westforecast.series import frame as frames
from westforecast.text import cell, json_text, unseen, visible

# What terminals obey, renderers die of, readers take for something else, or nobody sees.
CONTROLS = [*map(chr, range(32)), "\x7f", *map(chr, range(0x80, 0xA0))]
HARMFUL = [*(c for c in CONTROLS if c not in "\t\n\r\x85"), "\u202e", "\u2066", "\u200b", "\ufeff",
           "\ud800", "\udfff", "\ufffe", "\uffff", "\U000e0041"]  # fmt: skip
HARMLESS = [
    "机床",
    "Škoda",
    "é",
    "e\u0301",
    "😀",
    "👩\u200d🔧",
    "شركة",
    "a\u00a0b",
    "－",
    "%",
    "\\",
]
NASTY = "\x1b[31mred\x9b\x07\u202e"

any_text = st.text(st.characters(exclude_categories=[]), max_size=40)
# Two halves that meet are read as one character: JSON cannot tell.
whole_text = st.text(st.characters(exclude_categories=["Cs"]), max_size=40)


def is_safe(text, lines=False):
    """Nothing but what is seen, and the blanks of a text."""
    allowed = "\t\n\u200c\u200d" if lines else "\u200c\u200d"
    return all(c in allowed or (unicodedata.category(c) not in {"Cc", "Cs", "Zl", "Zp"}
               and c not in "\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069\ufeff\ufffe")
               for c in text)  # fmt: skip


@given(any_text)
def test_visible_text_is_safe_and_stays_as_it_is(text):
    for lines in (False, True):
        shown = visible(text, lines=lines)
        assert is_safe(shown, lines)
        assert visible(shown, lines=lines) == shown
        shown.encode()


@given(any_text)
def test_text_that_can_be_seen_is_left_alone(text):
    plain = "".join(c for c in text if not unseen(c))
    assert visible(plain) == visible(plain, lines=True) == plain


@pytest.mark.parametrize("char", HARMFUL)
def test_harmful_characters_are_named_by_their_escape(char):
    escape = json.dumps(char)[1:-1] if char >= " " else f"\\u{ord(char):04x}"
    expected = " " if char in "\v\f" else escape if len(char) == 1 else ""
    assert visible(f"a{char}b") in {f"a{expected}b", f"a{escape}b", f"a\\u{ord(char):04x}b"}
    assert unseen(f"a{char}b") and unseen(f"a{char}b", lines=True)


@pytest.mark.parametrize("text", HARMLESS)
def test_harmless_text_of_any_script_stays(text):
    assert visible(text) == text and not unseen(text)


def test_lines_are_kept_or_joined():
    assert visible("a\r\nb\nc\td\u2028e") == "a b c d e"
    assert visible("a\r\nb\rc\td\u2028e", lines=True) == "a\nb\nc\td\ne"
    assert unseen("a\nb") and not unseen("a\n\tb", lines=True)


@given(st.recursive(whole_text | st.integers() | st.none(), lambda inner: st.lists(inner) |
                    st.dictionaries(whole_text, inner), max_leaves=6))  # fmt: skip
def test_json_reads_as_the_same_and_holds_nothing_unseen(value):
    text = json_text(value)
    assert is_safe(text, lines=True)
    assert json.loads(text.encode()) == value


# --- cells --------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "text",
    ["=1+1", "+a", "-abc", "@SUM(A1)", "\t=1", "\r=1", " =1", "＝1", '=HYPERLINK("http://x")',
     "- 5", "+ 1", "-5 percent"],
)  # fmt: skip
def test_formulas_are_neutralised(text):
    assert cell(text).startswith("'")


@pytest.mark.parametrize(
    "text", ["-", "-5", "+5", "-1e-5", "1", "a=b", "机床", "", "'x", "a-b", "5 %"]
)
def test_what_is_no_formula_stays(text):
    assert cell(text) == text


@given(any_text)
def test_no_text_cell_of_a_csv_is_a_formula(text):
    columns = {"unique_id": [text], "value": [-5.0], "=head": np.array([text], dtype=object)}
    read = list(csv.reader(io.StringIO(frames.to_csv_bytes(columns).decode("utf-8-sig"))))
    heads, rows = read[0], [row for row in read[1:] if row]
    assert heads == ["unique_id", "value", "'=head"]
    assert rows[0][1] == "-5.0", "numbers stay numbers"
    for shown in (rows[0][0], rows[0][2]):
        # What begins like a formula is a number, which is none.
        assert not re.match(r"[=@+-].", shown.lstrip()) or float(shown) is not None
        assert is_safe(shown, lines=True)


def test_a_csv_keeps_kinds_and_order():
    columns = {
        "id": pd.Categorical(["=a", "b", "=a"]), "n": [-1, 2, 3], "x": [np.nan, -2.0, 1.5],
        "mixed": np.array(["-b", None, -3], dtype=object),
        "quarter": pd.period_range("2010Q1", periods=3, freq="Q-MAR"),
    }  # fmt: skip
    lines = frames.to_csv_bytes(columns).decode("utf-8-sig").splitlines()
    assert lines[1] == "'=a,-1,,'-b,2010Q1"
    assert lines[2] == "b,2,-2.0,,2010Q2"
    assert lines[3] == "'=a,3,1.5,-3,2010Q3"


def test_parquet_keeps_texts_exactly_but_for_halves_of_characters():
    columns = {"id": ["=a\x1b", "机\u202e", "x\ud800y"], "n": [1, 2, 3]}
    read = pd.read_parquet(io.BytesIO(frames.to_parquet_bytes(columns)))
    assert read["id"].tolist() == ["=a\x1b", "机\u202e", "x\\ud800y"]


# --- terminal -----------------------------------------------------------------------------------


def test_errors_and_warnings_hold_nothing_unseen():
    problem = Problem(NASTY, NASTY, "x", NASTY)
    for error in (UsageError(NASTY), UnknownNameError(NASTY), DataError([problem], NASTY),
                  WestforecastError(NASTY), Warned(NASTY)):  # fmt: skip
        assert is_safe(str(error), lines=True)
        assert "\\u001b[31mred" in str(error)
    assert str(UsageError("机床\nb")) == "机床\nb"


def test_a_console_shows_text_as_it_is_written():
    out = io.StringIO()
    screen = Screen(file=out, width=60, highlight=False, markup=False, emoji=False)
    screen.print(f"[bold]{NASTY}[/bold] :smile: [red]")
    screen.print(table(f"T{NASTY}", ["a", "b\x1b[1m"], [["[bold]x", NASTY], ["机床\x00", "1\n2"]]))
    told = out.getvalue()
    assert is_safe(told, lines=True)
    assert "[bold]" in told and ":smile:" in told and "[red]" in told and "机床" in told
    assert "1 2" in told, "a cell is a line"
    kept = console()
    assert isinstance(kept, Screen)


def test_the_program_says_nothing_unseen(capsys):
    say(NASTY)
    say(NASTY, err=True)
    for told in capsys.readouterr():
        assert told.strip() and is_safe(told, lines=True)


@pytest.mark.parametrize("command", ["forecast", "backtest", "data screen", "compare"])
@pytest.mark.parametrize("more", [[], ["--json"]])
def test_ids_of_a_file_reach_the_terminal_harmless(tmp_path, capsys, command, more):
    if more and command in {"forecast", "backtest"}:
        pytest.skip("has no --json")
    y = [100, 108, 118, 121, 135, 150, 155, 170, 186, 190, 214, 2220]
    frame = pd.DataFrame({
        "unique_id": ["=a\x1b[31m\x9b"] * 12 + ["b\u202e"] * 12, "ds": [*range(2000, 2012)] * 2,
        "y": y + y[::-1], "unit": "percent\x07", "kind": "level", "region": "r\x1b]0;t\x07",
    })  # fmt: skip
    frame.to_csv(tmp_path / "f.csv", index=False)
    args = [*command.split(), str(tmp_path / "f.csv"), *more]
    args += [] if command == "data screen" else ["-h", "1"]
    with suppress(SystemExit):
        main(args)
    for told in capsys.readouterr():
        assert is_safe(told, lines=True)


def test_reprs_hold_nothing_unseen():
    y = [100.0, 108, 118, 121, 135, 150, 155, 170]
    frame = pd.DataFrame({"unique_id": NASTY, "ds": range(2000, 2008), "y": y, "name": NASTY,
                          "unit": NASTY, "region": NASTY})  # fmt: skip
    panel = wf.Panel.from_frame(frame)
    result = wf.forecast(panel, "Drift", h=2)
    from westforecast.domain import screen

    for made in (panel, result, screen(panel)):
        assert is_safe(repr(made), lines=True) and is_safe(str(made), lines=True)
    assert is_safe(panel._repr_html_(), lines=True)
    assert result.long()["unique_id"].iloc[0] == NASTY, "in results an id is what it was"


@pytest.mark.parametrize("name", ["a\x1b", "a\nb", "a\tb", "", " ", "\u200b", "a\x00"])
def test_models_cannot_go_by_names_that_cannot_be_read(name):
    frame = pd.DataFrame({"unique_id": "a", "ds": range(2000, 2008), "y": range(1, 9)})
    with pytest.raises(UsageError, match=r"^models: the name '.*' (holds|is empty)"):
        wf.forecast(wf.Panel.from_frame(frame), {name: "Drift"}, h=1)


# --- charts and pages ---------------------------------------------------------------------------

FAN = {y: (100.0 + y - 2010, {80.0: (90.0, 120.0)}) for y in range(2010, 2013)}


def svg_of(text):
    figures = pytest.importorskip("westforecast.report.figures", reason="no report extra")
    data = figures.FanData(text, text, {2008: 80.0, 2009: 90.0}, FAN, {2012: 99.0}, text)
    lines = {text: {2010: 1.0, 2011: 2.0}, "other": {2010: 2.0, 2011: 3.0}}
    band = {2010: (0.0, 2.0), 2011: (0.0, 4.0)}
    scenarios = figures.scenario_chart(text, text, {2009: 1.0}, lines, band)
    return [figures.fan_chart(data), scenarios]


@pytest.mark.parametrize("text", ["".join(HARMFUL), "a\nb\rc\u2028d\te", "x" * 5000,
                                  "</script><b>&\"']]>", "a.b[c]['d'] \\\\ datum.x", "", "机床 😀",
                                  "😀" * 300, "机" * 300, "kg\\box\\u0000", "${x}", "valueOf",
                                  "up to the origin", "constructor", "__proto__"])  # fmt: skip
def test_any_text_can_be_drawn(text):
    for svg in svg_of(text):
        root = ElementTree.fromstring(svg)
        shown = "".join(root.itertext())
        assert is_safe(shown, lines=True)
        assert float(root.get("width")) < 3000, "a long title does not widen a chart"


def test_names_that_read_alike_stay_apart():
    figures = pytest.importorskip("westforecast.report.figures", reason="no report extra")
    names = ["a b", "a\tb", "😀" * 100 + "1", "😀" * 100 + "2", "a\nb"]
    lines = {name: {2010: 1.0, 2011: float(k)} for k, name in enumerate(names)}
    svg = figures.scenario_chart("S", "u", {}, lines, {2010: (0.0, 2.0), 2011: (0.0, 4.0)})
    root = ElementTree.fromstring(svg)
    drawn = [p for g in root.iter() if "mark-line" in g.get("class", "") for p in g if p.get("d")]
    assert len(drawn) == len(names)
    assert "a b (2)" in "".join(root.itertext())


def test_a_scenario_may_be_called_like_the_history():
    _, svg = svg_of("up to the origin")
    lines = [node for node in ElementTree.fromstring(svg).iter()
             if "mark-line" in node.get("class", "")]  # fmt: skip
    paths = [p for g in lines for p in g.iter() if p.get("d")]
    assert len(paths) == 3


def test_pages_escape_and_show_text_as_it_is():
    document = pytest.importorskip("westforecast.report.document", reason="no report extra")
    from jinja2 import DictLoader, Environment

    shown = Environment(  # the same settings on a template of one line
        loader=DictLoader({"t": "{{ text }}{{ chart | safe }}{{ number }}"}), autoescape=True,
        finalize=document._shown,
    ).get_template("t").render(text=f"</script>{NASTY}", chart="<svg/>", number=3)  # fmt: skip
    assert shown.startswith("&lt;/script&gt;\\u001b[31mred") and shown.endswith("<svg/>3")
    assert is_safe(shown)


# --- names of folders ---------------------------------------------------------------------------

GOOD_NAMES = ["cnc", "cnc-2020", "机床", "a b", "x.y", "conserve", "-x", "com10", "a" * 100]
BAD_NAMES = ["", " ", ".", "..", "../../x", "/abs", "a/b", "a\\b", "C:\\x", "c:x", "x\x00", "x\n",
             "~/x/..", ".hidden", "x.", "x ", " x", "con", "NUL", "aux.txt", "COM1", "lpt9.x",
             "a" * 101, "机" * 50, "a*b", "a?b", "a|b", "<a>", '"', "x\u202ey"]  # fmt: skip


@pytest.mark.parametrize("name", GOOD_NAMES)
def test_names_of_folders(name, tmp_path):
    assert name_fault(name) == ""
    write_whole(tmp_path / name, {"x": b""})
    assert [p.name for p in tmp_path.iterdir()] == [name]


@pytest.mark.parametrize("name", BAD_NAMES)
def test_what_is_no_name_of_a_folder(name):
    assert name_fault(name)


def test_a_nul_in_a_path_is_a_clear_error(tmp_path):
    with pytest.raises(UsageError, match="cannot write to"):
        write_whole(f"{tmp_path}/a\x00b", {"x": b""})
