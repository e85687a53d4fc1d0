"""Tables for a terminal, and a console on which no text acts unseen."""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from rich import box
from rich.cells import cell_len
from rich.console import Console, ConsoleOptions, RenderableType
from rich.segment import Segment
from rich.table import Table
from rich.text import Text

from westforecast.text import visible

GAP = 3  # between two columns


@dataclass(frozen=True, slots=True)
class Fitted:
    """A plain table that gives way to the width there is without losing a digit.

    The widest column wraps first, at spaces only. Where not even single words fit side by side,
    each row becomes a list: name: head value; head value.
    """

    title: str
    columns: tuple[str, ...]
    rows: tuple[tuple[str, ...], ...]
    left: int

    def __rich_console__(
        self, console: Console, options: ConsoleOptions
    ) -> Iterator[RenderableType]:
        widths = self._widths(options.max_width)
        if widths is None:
            yield Text(self.title, "bold")
            for name, *cells in self.rows:
                pairs = zip(self.columns[1:], cells, strict=True)
                told = "; ".join(f"{head} {cell}" for head, cell in pairs if cell)
                yield Text(f"{name}: {told}")
            return
        yield Text(self.title, "bold")
        made = Table(box=box.SIMPLE_HEAD, pad_edge=False, show_edge=False, expand=False)
        for k, (column, width) in enumerate(zip(self.columns, widths, strict=True)):
            made.add_column(column, justify="left" if k < self.left else "right", width=width)
        for row in self.rows:
            made.add_row(*map(Text, row))
        yield made

    def _widths(self, room: int) -> list[int] | None:
        """Widths of the columns; None where the longest words need more room."""
        cells = [(head, *(row[k] for row in self.rows)) for k, head in enumerate(self.columns)]
        widths = [max(map(cell_len, column)) for column in cells]
        least = [
            max((cell_len(word) for cell in column for word in cell.split()), default=0)
            for column in cells
        ]
        room -= GAP * (len(widths) - 1)
        while sum(widths) > room:
            spare = [k for k, width in enumerate(widths) if width > least[k]]
            if not spare:
                return None
            widths[max(spare, key=widths.__getitem__)] -= 1
        return widths


def table(
    title: str, columns: Sequence[str], rows: Sequence[Sequence[object]], left: int = 1
) -> Fitted:
    """A plain table; the first `left` columns are text, the others numbers."""
    shown = tuple(tuple(map(visible, row)) for row in rows)
    return Fitted(visible(title), tuple(map(visible, columns)), shown, left)


class Screen(Console):
    """A console for anybody's text: what cannot be seen is escaped, [brackets] and :words: are
    themselves."""

    def render(
        self, renderable: RenderableType, options: ConsoleOptions | None = None
    ) -> Iterable[Segment]:
        for segment in super().render(renderable, options):
            text = segment.text if segment.control else visible(segment.text, lines=True)
            yield segment._replace(text=text)


def console(stderr: bool = False) -> Console:
    """A console that keeps tables whole where output is not a terminal."""
    plain: dict[str, Any] = {"stderr": stderr, "highlight": False, "markup": False, "emoji": False}
    made = Screen(**plain)
    return made if made.is_terminal else Screen(width=110, **plain)
