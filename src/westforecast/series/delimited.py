"""Comma-separated text with care: every row has the fields of the header, or its line is named.

pandas fills short rows with nulls, takes a first surplus field for an index, and renames columns
that share a name. Here each of these is an error that says what it likely comes from.
"""

import csv
import gzip
import io
import re
import zlib
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import pairwise

from westforecast.errors import DataError, Problem

COMMA = "Save it with commas between the fields ('CSV, comma delimited')."
HEADER = "Check that it has a header and is separated by commas."
UTF8 = "Save it as UTF-8 (in a spreadsheet: 'CSV UTF-8')."

# Separators other than the comma, as messages name them.
_SEPARATORS = {
    ";": "semicolons", "\t": "tabs", "|": "vertical bars", "，": "full-width commas",
    "；": "full-width semicolons", "、": "Chinese list commas",
}  # fmt: skip

# First bytes of what is no text at all.
_MAGIC = {
    b"PK\x03\x04": "an Excel workbook or a zip archive",
    b"\xd0\xcf\x11\xe0": "an old Excel workbook",
    b"PAR1": "a Parquet file",
    b"ARROW1": "an Arrow file",
    b"BZh": "a bzip2 archive",
    b"\xfd7zXZ": "an xz archive",
    b"\x28\xb5\x2f\xfd": "a zstd archive",
    b"%PDF": "a PDF document",
}
_GZIP = b"\x1f\x8b"

# What a field looks like that is one half of a number with a comma in it.
_WHOLE, _DIGITS = re.compile(r"\s*[+-]?\d+"), re.compile(r"\d+\s*%?\s*")
_YEAR = re.compile(r"\s*(1[5-9]|2[01])\d\d\s*")
_HEAD, _THOUSANDS = re.compile(r"\s*[+-]?[1-9]\d{0,2}"), re.compile(r"\d{3}(\.\d*)?\s*")


Row = tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Fields:
    """A table of text: header [K], rows [N][K], the line each row begins on [N], and a note."""

    header: list[str]
    rows: list[Row]
    lines: list[int]
    note: str


def parse(data: bytes, origin: str) -> Fields:
    """The fields of a comma-separated file in UTF-8, perhaps packed by gzip.

    Blank lines, also those of nothing but commas, are left out; `lines` counts them. Commas that
    end every row are read as if they were not there, with a note. A first column without a name,
    as pandas writes its index, is called "Unnamed: 0", as pandas reads it.

    Raises DataError with every row that has other fields than the header, and for text that is in
    another encoding, of another separator, without a header, or has a quote that never closes.
    """
    records = list(_records(_text(data, origin), origin))
    if not records:
        raise _error("the file", "empty", "a table", HEADER, origin)
    if records[0][1] == ("sep=", ""):  # how spreadsheets are told of the separator
        del records[0]
    (first, header), *records = records or [(1, ())]
    names = [name.strip() for name in header]
    _check_separator(first, names, records, origin)
    names, note = _without_tail(names, [row for _, row in records])
    if note:
        records = [(line, row[: len(names)]) for line, row in records]
    _check_fields(names, records, origin)
    rows = [row for _, row in records]
    return Fields(_named(first, names, rows, origin), rows, [line for line, _ in records], note)


# --- text ---------------------------------------------------------------------------------------


def _text(data: bytes, origin: str) -> str:
    if data.startswith(_GZIP):
        try:
            data = gzip.decompress(data)
        except (OSError, EOFError, zlib.error) as error:
            found = f"a gzip archive that cannot be unpacked ({error})"
            raise _error("the file", found, "CSV", "Fetch or pack it again.", origin) from error
    for magic, what in _MAGIC.items():
        if data.startswith(magic):
            remedy = "Save the table as CSV (UTF-8)."
            if magic == b"PAR1":
                remedy = "Give its name the ending .parquet, or use Panel.from_parquet."
            raise _error("the file", what, "CSV", remedy, origin)
    encoding = _wide(data)
    try:
        text = "" if encoding else data.decode("utf-8").lstrip("\ufeff")
    except UnicodeDecodeError as error:
        line = data.count(b"\n", 0, error.start) + 1
        encoding = f"{_narrow(data)} (byte 0x{data[error.start]:02x} in line {line})"
    if encoding:
        where = f"the file, which looks like {encoding}"
        raise _error(where, "not UTF-8 text", "UTF-8", UTF8, origin)
    if "\0" in text:
        line = text.count("\n", 0, text.index("\0")) + 1
        found, remedy = "a NUL byte, which no text holds", "Export the table again."
        raise _error(f"line {line}", found, "text", remedy, origin)
    if text.lstrip()[:1] == "<":
        remedy = "Save the table that it shows as CSV."
        raise _error("the file", "a web page or XML", "CSV", remedy, origin)
    return text


def _wide(data: bytes) -> str:
    """UTF-32 or UTF-16 by its mark, or by the zeros that every second byte of it is."""
    if data.startswith((b"\xff\xfe\0\0", b"\0\0\xfe\xff")):
        return "UTF-32"
    if data.startswith((b"\xff\xfe", b"\xfe\xff")):
        return "UTF-16"
    head = data[:1000]
    # Latin letters and digits; in a table some of the characters are commas and line ends.
    return "UTF-16" if max(head[::2].count(0), head[1::2].count(0)) > len(head) / 8 else ""


def _narrow(data: bytes) -> str:
    """GB18030 where what is no ASCII comes in pairs of bytes, as Chinese does; else Latin-1."""
    runs = re.findall(rb"[\x80-\xff]+", data)
    paired = sum(len(run) % 2 == 0 for run in runs) > len(runs) / 2
    try:
        data.decode("gb18030")
    except UnicodeDecodeError:
        paired = False
    return "GBK / GB18030" if paired else "Latin-1 / Windows-1252"


# --- records ------------------------------------------------------------------------------------


def _records(text: str, origin: str) -> Iterator[tuple[int, Row]]:
    """Line and fields of every record that is not blank."""
    lines = csv.reader(io.StringIO(text, newline=""), strict=True)
    begin = 1
    try:
        for row in lines:
            if any(map(str.strip, row)):
                yield begin, tuple(row)  # of which the garbage collector soon loses sight
            begin = lines.line_num + 1
    except csv.Error as error:
        if "field larger" in str(error) and text.count('"') % 2 == 0:
            limit = f"a field of more than {csv.field_size_limit():,} characters"
            raise _error(f"line {begin}", limit, "shorter texts", "Shorten it.", origin) from error
        ended = "end of data" in str(error) or "field larger" in str(error)
        found = "a quote that never closes" if ended else f"a misplaced quote ({error})"
        remedy = 'Close it; a quote inside a quoted text is written twice: "5"" pipe".'
        raise _error(f"line {begin}", found, "quotes in pairs", remedy, origin) from error


def _check_separator(
    line: int, header: Sequence[str], records: Sequence[tuple[int, Row]], origin: str
) -> None:
    whole = ",".join(header)
    if len(header) == 1 and "," in whole:
        remedy = "Take the quotes around whole lines away."
        raise _error(f"line {line}", f"the header {whole!r} in one quote", "fields", remedy, origin)
    other, word = max(_SEPARATORS.items(), key=lambda item: whole.count(item[0]))
    below = [",".join(row) for _, row in records[:1]]
    if whole.count(other) <= whole.count(",") or any(other not in row for row in below):
        if len(header) > 1 or len(whole.split()) < 2 or any("," in row for row in below):
            return
        word = "spaces"
    found = f"the header {whole!r} is separated by {word}"
    raise _error(f"line {line}", found, "commas", COMMA, origin)


def _without_tail(header: list[str], rows: Sequence[Row]) -> tuple[list[str], str]:
    """The header less missing names at its end, where no row has anything there, and a note."""
    named = max((k for k, name in enumerate(header, 1) if name), default=len(header))
    sizes = {len(row) for row in rows}
    if any(cell.strip() for row in rows for cell in row[named:]):
        return header, ""
    if len(sizes) == 1 and max(sizes) > named:
        return header[:named], "every row ends with a comma, read as if it were not there."
    if len(header) > named and all(named <= size <= len(header) for size in sizes):
        return header[:named], "the header ends with a comma, read as if it were not there."
    return header, ""


# --- fields -------------------------------------------------------------------------------------


def _check_fields(header: Sequence[str], records: Sequence[tuple[int, Row]], origin: str) -> None:
    """Raise DataError for every row, read without the header's missing tail, of another width."""
    width = len(header)
    wrong = [(line, row) for line, row in records if len(row) != width]
    if not wrong:
        return
    every = len(wrong) == len(records)
    indexed = every and _counts_up([row[0] for _, row in records])
    raise DataError(
        [
            Problem(
                f"line {line}",
                f"{_count(len(row))} ({_clip(','.join(row))})",
                f"{_count(width)}, as in the header ({_clip(','.join(header))})",
                _surplus(row, header, indexed) if len(row) > width else _lack(row, header, every),
            )
            for line, row in wrong
        ],
        origin,
    )


def _surplus(row: Row, header: Sequence[str], indexed: bool) -> str:
    """What a row with too many fields likely comes from, and what to do."""
    width = len(header)
    if not any(cell.strip() for cell in row[width:]):
        return "It ends with a comma and other rows do not: remove it."
    if width == 1 and any(header[0].count(sign) == len(row) - 1 for sign in _SEPARATORS):
        return "The header is one field with separators in it: write it as the rows are written."
    if width == 1:
        return "Likely the first line is a title: remove the lines above the header."
    if indexed:
        return "Likely the first column is an index without a name: name it in the header."
    pairs = [(a, b) for a, b in pairwise(row) if _WHOLE.fullmatch(a) and _DIGITS.fullmatch(b)]
    pairs = [pair for pair in pairs if not any(map(_YEAR.fullmatch, pair))]
    thousands = [(a, b) for a, b in pairs if _HEAD.fullmatch(a) and _THOUSANDS.fullmatch(b)]
    if pairs:
        what = "thousands or decimal" if thousands else "decimal"
        number = ",".join((thousands or pairs)[-1]).strip()
        return f"Likely a {what} comma, as in {number}: write numbers without commas."
    if any(cell.startswith((" ", "\t")) and cell.lstrip()[:1] == '"' for cell in row):
        return "Likely a space before a quote: remove it."
    return 'Likely a comma inside a text: put the text in double quotes ("Beijing, China").'


def _lack(row: Row, header: Sequence[str], every: bool) -> str:
    """What a row with too few fields likely comes from, and what to do."""
    text = ",".join(row)
    for other, word in _SEPARATORS.items():
        if text.count(other) >= len(header) - 1:
            return f"It is separated by {word}: use commas."
    if every:
        return "Likely the header names a column too many: remove it, or fill in its commas."
    if len(row) == 1:
        return "Likely a title, a note or a line that is cut off: remove or complete it."
    lacks = ", ".join(map(repr, header[len(row) :]))
    return f"Nothing stands for {lacks}: complete the line, with commas also for empty fields."


def _counts_up(cells: Sequence[str]) -> bool:
    """Whether cells are 0, 1, 2 ... or 1, 2, 3 ..."""
    return any(cells == [str(k + begin) for k in range(len(cells))] for begin in (0, 1))


def _named(line: int, header: Sequence[str], rows: Sequence[Row], origin: str) -> list[str]:
    """Names for all columns. Raises DataError for names used twice, and values without a name."""
    where = f"line {line}"
    problems = [
        Problem(
            where,
            f"columns {header.index(name) + 1} and {k + 1} are both called {name!r}",
            "each name once",
            "Rename or drop one of them.",
        )
        for k, name in enumerate(header)
        if name and header.index(name) < k
    ]
    problems += [
        Problem(
            where,
            f"column {k + 1} has no name, but values such as {filled[0]!r}",
            "a name for every column",
            "Name it or remove it; a decimal comma makes two columns of one.",
        )
        for k, name in enumerate(header)
        if k and not name and (filled := [row[k] for row in rows if row[k].strip()])
    ]
    if problems:
        raise DataError(problems, origin)
    return [name or f"Unnamed: {k}" for k, name in enumerate(header)]


def _count(fields: int) -> str:
    return "1 field" if fields == 1 else f"{fields} fields"


def _clip(text: str, width: int = 60) -> str:
    return text if len(text) <= width else text[: width - 3] + "..."


def _error(where: str, found: str, expected: str, remedy: str, origin: str) -> DataError:
    return DataError([Problem(where, found, expected, remedy)], origin)
