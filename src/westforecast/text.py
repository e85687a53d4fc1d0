"""Text that is safe to show: on a terminal, in a chart, on a page, in a cell of a spreadsheet.

Names, units and notes are anybody's. What they hold is kept as it is in results; at the border to
people and their programs it goes through one of these functions.
"""

import json
import re
from typing import Any

# Characters that cannot be seen and do something all the same, or that are no text at all: control
# characters (a terminal obeys them, a chart's renderer dies of them), line and paragraph
# separators, marks that turn the direction of reading around, spaces and joiners of no width (but
# the two that scripts and emoji are written with), tags, half characters (surrogates), and those
# that Unicode leaves to programs.
_UNSEEN = (
    "\x00-\x1f\x7f-\x9f\xad\u034f\u061c\u115f\u1160\u17b4\u17b5\u180e\u200b\u200e\u200f"
    "\u2028-\u202e\u2060-\u206f\u3164\ufeff\uffa0\ufff9-\ufffb\ud800-\udfff\ufdd0-\ufdef"
    "\ufffe\uffff\U000e0000-\U000e007f"
)
_ANY = re.compile(f"[{_UNSEEN}]")
_SPACES = re.compile("\r\n|[\t\n\v\f\r\x85\u2028\u2029]")
_LINES = re.compile("\r\n?|[\x85\u2028\u2029]")
# What a spreadsheet takes for a formula (OWASP, CSV Injection), also written in full width.
_FORMULA = re.compile("\\s*[=+\\-@\t\r\uff1d\uff0b\uff0d\uff20].", re.DOTALL)


def visible(text: object, *, lines: bool = False) -> str:
    """A text on one line (or, with `lines`, on several) in which nothing acts unseen.

    Tabs and ends of lines become spaces; any other character that cannot be seen becomes its
    escape, as JSON writes it.

    >>> visible("\\x1b[31mred"), visible("a\\nb"), visible("机床")
    ('\\\\u001b[31mred', 'a b', '机床')
    """
    told = str(text)
    if told.isascii() and told.isprintable():
        return told
    told = _LINES.sub("\n", told) if lines else _SPACES.sub(" ", told)
    return _ANY.sub(_kept if lines else _escape, told)


def unseen(text: str, *, lines: bool = False) -> str:
    """The first character that `visible` would escape, as its escape; empty where there is none.

    lines: whether tabs and ends of lines are fine. They are not in names, by which things are told
    apart.
    """
    found = _ANY.search(text)
    while found and lines and found[0] in "\t\n\r":
        found = _ANY.search(text, found.end())
    return _escape(found) if found else ""


def cell(text: object) -> str:
    """A text as a cell of a spreadsheet, which takes none for a formula: '=1+1, not =1+1.

    Numbers that are written as text, such as -5, stay: they do nothing.

    >>> cell("=HYPERLINK(1)"), cell("-5"), cell("-abc")
    ("'=HYPERLINK(1)", '-5', "'-abc")
    """
    told = str(text)
    mark = "'" if _FORMULA.match(told) and not _is_number(told) else ""
    return mark + visible(told, lines=True)


def json_text(value: Any, **options: Any) -> str:
    """A value as JSON, indented, in which nothing acts unseen; it reads as the same value.

    options: of json.dumps.
    """
    return _ANY.sub(_kept, json.dumps(value, indent=2, ensure_ascii=False, **options))


def _is_number(text: str) -> bool:
    try:
        float(text)
    except ValueError:
        return False
    return not text[:1].isspace()


def _kept(found: re.Match[str]) -> str:
    return found[0] if found[0] in "\t\n" else _escape(found)


def _escape(found: re.Match[str]) -> str:
    units = found[0].encode("utf-16-be", "surrogatepass").hex()
    return "".join(f"\\u{units[k : k + 4]}" for k in range(0, len(units), 4))
