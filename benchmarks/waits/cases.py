"""What is known of a case: where its requests wait, and how to start and load it.

`label.toml` of a case, beside its code:

    kind = "waits"                         # or "computes": may not be called "not CPU-bound"
    note = "what it is an example of"
    python = "3.9"
    needs = ["flask"]                      # left out: the standard library alone
    command = ["{python}", "app.py"]       # the default; PORT and PEER (the slow peer's port) are in its environment

    [load]                                 # as in ..diagnosis.labels; left out: the case feeds itself
    [wait]
    file = "app.py"                        # the default
    function = "Client.get"                # around the line, or "<module>"
    marker = "self.sock.recv("             # stands in the file once, on the line that most requests wait in
    says = ["socket recv"]                 # what it may be called
"""

from __future__ import annotations

import tomllib
from fnmatch import fnmatchcase
from pathlib import Path
from typing import NamedTuple

from ..diagnosis.labels import Case, LabelError, Load, Place, place

SETS = Path(__file__).parent / "sets"
NAMES = ("tuning", "held_out", "fresh")


class WaitCase(NamedTuple):
    """A labelled service."""

    service: Case
    """How to start and load it."""
    wait: Place | None
    """None for one that computes."""
    says: tuple[str, ...]


def cases(only: str | None = None, pattern: str = "*") -> list[WaitCase]:
    """The cases of one set, or of all, whose name matches the glob. Raises LabelError."""
    labels = (label for name in NAMES if only in (None, name) for label in sorted((SETS / name).glob("*/label.toml")))
    return [read(label.parent) for label in labels if fnmatchcase(label.parent.name, pattern)]


def read(folder: Path) -> WaitCase:
    """The case in this folder. Raises LabelError where label and source do not fit together."""
    label = tomllib.loads((folder / "label.toml").read_text(encoding="utf-8"))
    wait = label.get("wait")
    if label["kind"] not in ("waits", "computes") or (label["kind"] == "waits") != bool(wait):
        raise LabelError(f"{folder.parent.name}/{folder.name}: one that waits says where, one that computes does not")
    return WaitCase(
        service=Case(
            name=folder.name,
            set=folder.parent.name,
            folder=folder,
            kind="healthy",
            note=label["note"],
            causes=(),
            python=label["python"],
            needs=tuple(label.get("needs", ())),
            command=tuple(label.get("command", ("{python}", "app.py"))),
            ready="port" if "load" in label else "line",
            load=Load(**label["load"]) if "load" in label else None,
        ),
        wait=place(folder, wait) if wait else None,
        says=tuple(wait["says"]) if wait else (),
    )
