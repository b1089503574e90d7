"""Progress on stderr: one line that renews itself on a terminal, two plain lines elsewhere, none with -q."""

from __future__ import annotations

import shutil
import sys
import textwrap
import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, TextIO

from perftools.cli.output import unicode
from perftools.report.words import clean, plain, plural, seconds

if TYPE_CHECKING:
    from rich.console import Console, RenderableType

    from perftools.record import Target

COST = "nonblocking sampling at up to 100 Hz, "
UNTOUCHED = "no code runs in the target"
EVERY_S = 0.25
NARROW = 80
"""Below this width the line has no hint."""


class Silent:
    """The last state, for the closing line; shows nothing but what must be said."""

    def __init__(self, stream: TextIO) -> None:
        self._stream = stream
        self.elapsed_s = 0.0
        self.planned_s = 0.0
        self.stacks = 0
        self.cpu_percent: float | None = None
        self.note = ""

    def __call__(
        self, *, elapsed_s: float, planned_s: float, stacks: int, cpu_percent: float | None, note: str = ""
    ) -> None:
        self.elapsed_s, self.planned_s, self.stacks = elapsed_s, planned_s, stacks
        self.cpu_percent, self.note = cpu_percent, note

    def say(self, text: str) -> None:
        """Tell the user what is about to be done to the service, and how it went: with -q too."""
        print(*_lines(clean(text), self._stream), sep="\n", file=self._stream, flush=True)


class Renewed(Silent):
    """One line on a terminal, drawn at most four times a second and gone in the end."""

    def __init__(self, what: str, console: Console, stream: TextIO) -> None:
        from rich.live import Live

        super().__init__(stream)
        self._what = what
        self._console = console
        self._drawn_s = float("-inf")
        self._live = Live(console=console, auto_refresh=False, transient=True)

    def __call__(
        self, *, elapsed_s: float, planned_s: float, stacks: int, cpu_percent: float | None, note: str = ""
    ) -> None:
        super().__call__(
            elapsed_s=elapsed_s, planned_s=planned_s, stacks=stacks, cpu_percent=cpu_percent, note=note
        )  # fmt: skip
        now_s = time.monotonic()
        if now_s - self._drawn_s >= EVERY_S:
            self._drawn_s = now_s
            self._live.update(self._line(), refresh=True)

    def say(self, text: str) -> None:
        from rich.text import Text

        self._console.print(Text(clean(text)))  # above the line

    def start(self) -> None:
        self._live.start()

    def stop(self) -> None:
        self._live.stop()

    def _line(self) -> RenderableType:
        from rich.progress_bar import ProgressBar
        from rich.table import Table
        from rich.text import Text

        parts = [f"{self.elapsed_s:.0f}/{plain(seconds(self.planned_s))}", plain(plural(self.stacks, "stack"))]
        if self.cpu_percent is not None:
            parts.append(f"CPU {self.cpu_percent:.0f} %")
        wide = self._console.width >= NARROW
        if wide:
            parts.append(clean(self.note) or "(Ctrl-C: report now)")
        bar = ProgressBar(total=max(self.planned_s, 0.1), completed=self.elapsed_s, width=20 if wide else 10)
        row = Table.grid(padding=(0, 2, 0, 0))
        row.add_row(Text(f"watching {self._what}"), bar, *(Text(part, no_wrap=True) for part in parts))
        return row


@contextmanager
def progress(
    target: Target,
    window_s: float | None,
    *,
    memory_s: float | None = None,
    quiet: bool,
    stream: TextIO | None = None,
) -> Iterator[Silent]:
    """What `api.audit` tells how far it is; begins with what watching costs the target."""
    err = stream or sys.stderr
    what = f"pid {target.root_pid}"
    if quiet:
        yield Silent(err)
        return
    workers = len(target.workers)
    said = f"{what}, {plain(plural(workers, 'worker'))}" if workers > 1 else what
    long = f" for {plain(seconds(window_s))}" if window_s is not None else ""
    cost = COST + (UNTOUCHED if memory_s is None else f"then memray runs in one worker for {plain(seconds(memory_s))}")
    print(*_lines(f"watching {said}{long}: {cost}", err), sep="\n", file=err, flush=True)
    if not err.isatty():
        shown = Silent(err)
        yield shown
        print(f"watched {plain(seconds(shown.elapsed_s))}", file=err, flush=True)
        return
    from rich.console import Console

    console = Console(file=err, no_color=True, highlight=False, markup=False, emoji=False, safe_box=not unicode(err))
    renewed = Renewed(what, console, err)
    renewed.start()
    try:
        yield renewed
    finally:
        renewed.stop()


def _lines(text: str, stream: TextIO) -> list[str]:
    """Broken between words on a terminal, and not at all elsewhere."""
    return textwrap.wrap(text, shutil.get_terminal_size().columns) if stream.isatty() else [text]
