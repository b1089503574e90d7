"""stdout and stderr: what they can show, and how the answer and the errors get there."""

from __future__ import annotations

import codecs
import os
import shutil
import sys
from collections.abc import Sequence
from typing import TYPE_CHECKING, TextIO

from perftools.errors import PerftoolsError

if TYPE_CHECKING:
    from perftools.finding import Diagnosis
    from perftools.record import Audit

PIPE_COLUMNS = 100
"""Width where there is no terminal and COLUMNS is not set."""
BROKEN_PIPE = 141
"""128 + SIGPIPE, as a shell says it."""


def answer(
    audit: Audit, diagnosis: Diagnosis, *, as_json: bool, color: str = "auto", next_commands: Sequence[str] = ()
) -> None:
    """Print the report on stdout."""
    if as_json:
        from perftools.report import document

        write(document.render(audit, diagnosis).decode())
        return
    from perftools.report import terminal

    report = terminal.render(
        audit,
        diagnosis,
        width=shutil.get_terminal_size((PIPE_COLUMNS, 24)).columns,
        colour=coloured(sys.stdout, color),
        next_commands=next_commands,
        unicode=unicode(sys.stdout),
    )
    write(report)


def error(failure: PerftoolsError, *, as_json: bool) -> None:
    """Print an error: as a document on stdout, or as text on stderr."""
    from perftools.report import failure as report

    if as_json:
        write(report.document(failure).decode())
        return
    text = report.text(failure, colour=coloured(sys.stderr, "auto"))
    sys.stderr.write(text if unicode(sys.stderr) else text.encode("ascii", "backslashreplace").decode())


def coloured(stream: TextIO, color: str) -> bool:
    """Whether to colour: as asked, else on a terminal that can, unless NO_COLOR is set (https://no-color.org)."""
    if color != "auto":
        return color == "always"
    return stream.isatty() and not os.environ.get("NO_COLOR") and os.environ.get("TERM") != "dumb"


def unicode(stream: TextIO) -> bool:
    """Whether the stream is encoded in UTF-8."""
    try:
        return codecs.lookup(stream.encoding or "ascii").name == "utf-8"
    except LookupError:
        return False


def write(answer: str) -> None:
    """Print the answer, and end quietly if whoever reads it has gone.

    An answer is ASCII where stdout is not UTF-8, but for a document: JSON is UTF-8 whatever the locale says.
    """
    try:
        binary = getattr(sys.stdout, "buffer", None)
        if binary is None:
            sys.stdout.write(answer)
        else:
            sys.stdout.flush()
            binary.write(answer.encode())
        sys.stdout.flush()
    except BrokenPipeError:
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())  # else the interpreter complains at its exit
        raise SystemExit(BROKEN_PIPE) from None
