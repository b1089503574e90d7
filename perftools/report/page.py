"""A page of text of a given width: paragraphs with hanging indents, columns, and nothing that data could style.

Rich measures, wraps and colours; it never sees markup. Whoever writes on a page hands over spans: a string, or a
string and a style. Where the output cannot show Unicode, everything is written in ASCII before it is measured.
"""

from __future__ import annotations

import io
from collections.abc import Sequence
from typing import TYPE_CHECKING, Literal, NamedTuple

from perftools.report.words import GLUE

if TYPE_CHECKING:
    from rich.text import Text

Span = str | tuple[str, str]

NARROW = 80
"""Below this width tables stand as rows of two lines."""
WIDEST = 100
NARROWEST = 40

_ASCII = {
    "│": "|", "━": "=", "⋮": ":", "±": "+-", "×": "x", "…": "...", "–": "-", "−": "-", "—": "-", "µ": "u", "→": "->",
    "≤": "<=", "≥": ">=", "‘": "'", "’": "'", "“": '"', "”": '"', GLUE: GLUE,
    "·": ".", "▁": "1", "▂": "2", "▃": "3", "▄": "4", "▅": "5", "▆": "6", "▇": "7", "█": "8",
}  # fmt: skip


class Column(NamedTuple):
    """One column of a table."""

    head: str
    align: Literal["left", "right"] = "left"


class Page:
    """Lines of text, in order."""

    def __init__(self, *, width: int, colour: bool, unicode: bool = True) -> None:
        self.width = max(NARROWEST, min(width, WIDEST))
        self.narrow = self.width < NARROW
        self._colour = colour
        self._unicode = unicode
        self._lines: list[Text] = []

    @property
    def rows(self) -> int:
        return len(self._lines)

    def blank(self) -> None:
        """An empty line, but never two, and none at the top."""
        from rich.text import Text

        if self._lines and self._lines[-1].plain:
            self._lines.append(Text())

    def write(self, *spans: Span, label: Span | None = None, indent: int = 0, hang: int = 0) -> None:
        """A paragraph from `indent` on, its further lines from `hang` on.

        Where there is a `label`, it stands at `indent` and the paragraph at `hang`.
        """
        head = _spaces(indent)
        if label is not None:
            head += self._text(label)
            head += _spaces(hang - head.cell_len)
        for line in self._wrap(self._text(*spans), self.width - max(indent, hang)):
            self._lines.append(head + line)
            head = _spaces(hang)

    def whole(self, *spans: Span, label: Span = "", hang: int = 0) -> None:
        """One line that is neither wrapped nor cut, so that it can be copied."""
        head = self._text(label)
        self._lines.append(head + _spaces(hang - head.cell_len) + self._text(*spans))

    def cut(self, *spans: Span, indent: int = 0) -> None:
        """One line, cut at the page's edge."""
        self._append_cut(_spaces(indent) + self._text(*spans))

    def table(self, columns: Sequence[Column], rows: Sequence[Sequence[Span]], *, indent: int = 0) -> None:
        """Aligned columns, two spaces apart, under a dim head; cells beyond the columns stand below the last one.

        Whatever passes the page's edge is cut.
        """
        texts = [[self._text(cell) for cell in row] for row in rows]
        heads = [self._text((column.head, "dim")) for column in columns]
        count = len(columns)
        widths = [max(row[n].cell_len for row in (heads, *texts)) for n in range(count)]
        for cells in (heads, *texts):
            line = _spaces(indent)
            for column, width, cell in zip(columns, widths, cells, strict=False):
                gap = _spaces(width - cell.cell_len)
                margin = _spaces(line.cell_len)
                line += gap + cell if column.align == "right" else cell + gap
                line += _spaces(2)
            for text in [line, *(margin + below for below in cells[count:])]:
                self._append_cut(text)

    def fits(self, *spans: Span, indent: int = 0) -> bool:
        return indent + self._text(*spans).cell_len <= self.width

    def render(self) -> str:
        """The lines as text that ends in one newline, with escape codes only if the page is coloured."""
        from rich.console import Console

        out = io.StringIO()
        console = Console(
            file=out, width=self.width, force_terminal=self._colour, color_system="standard" if self._colour else None,
            highlight=False, markup=False, emoji=False, legacy_windows=False, _environ={},
        )  # fmt: skip
        for line in self._lines:
            line.rstrip()
            console.print(line, no_wrap=True, crop=False, overflow="ignore")
        return out.getvalue().replace(GLUE, " ").rstrip() + "\n"

    def _append_cut(self, line: Text) -> None:
        line.rstrip()
        line.truncate(self.width, overflow="ellipsis" if self._unicode else "crop")
        self._lines.append(line)

    def _text(self, *spans: Span) -> Text:
        from rich.text import Text

        text = Text()
        for span in spans:
            said, style = span if isinstance(span, tuple) else (span, "")
            text.append(said if self._unicode else _ascii(said), style or None)
        return text

    def _wrap(self, text: Text, width: int) -> list[Text]:
        from rich.console import Console

        return list(text.wrap(Console(file=io.StringIO(), width=width, _environ={}), width))


def _spaces(n: int) -> Text:
    from rich.text import Text

    return Text(" " * max(n, 0))


def _ascii(text: str) -> str:
    """In ASCII, with what has no counterpart as its escape; the glue stays, it becomes a space."""
    return "".join(_ASCII.get(char) or char.encode("ascii", "backslashreplace").decode("ascii") for char in text)
