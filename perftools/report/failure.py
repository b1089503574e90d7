"""An error as the user reads it, and as a program reads it: what happened, what was looked at, what to type."""

from __future__ import annotations

from typing import TYPE_CHECKING

from perftools import __version__
from perftools.errors import PerftoolsError
from perftools.report.words import clean

if TYPE_CHECKING:
    from perftools.report.model import Failure

RUN = "  run:  "


def text(error: PerftoolsError, *, colour: bool) -> str:
    """The error on a few lines, ending in a newline; commands are never wrapped, so that they can be copied."""
    code = f"error {error.code}:"
    lines = [f"{_bold_red(code) if colour else code} {clean(error.message)}"]
    if error.looked_at:
        lines.append("  " + ", ".join(f"{clean(key)} {clean(str(value))}" for key, value in error.looked_at.items()))
    for index, command in enumerate(error.commands):
        lines.append((" " * len(RUN) if index else RUN) + clean(command))
    return "\n".join(lines) + "\n"


def document(error: PerftoolsError) -> bytes:
    """The error as a perftools.report/1 document."""
    import msgspec

    from perftools.report.model import SCHEMA, Failed

    report = Failed(schema=SCHEMA, tool=f"perftools {__version__}", error=described(error))
    return msgspec.json.format(msgspec.json.encode(report), indent=1) + b"\n"


def described(error: PerftoolsError) -> Failure:
    """The error as the document has it."""
    from perftools.report.model import Failure

    values = {clean(key): clean(value) if isinstance(value, str) else value for key, value in error.looked_at.items()}
    return Failure(
        code=error.code,
        message=clean(error.message),
        values=values,
        command=clean(error.commands[0]) if error.commands else None,
    )


def _bold_red(said: str) -> str:
    return f"\x1b[1;31m{said}\x1b[0m"
