"""Process tables for tests: recorded ones unpacked from tests/data/proc, and little ones made by hand.

A recording is one text file, in the manner of Go's txtar: what stands above the first marker describes it, then
`-- PATH --` starts a file and `-- PATH -> AIM --` is a symbolic link. In cmdline and environ "\\0" stands for NUL.
"""

from __future__ import annotations

import re
from pathlib import Path

from perftools.target.proc import Proc

DATA = Path(__file__).parent / "data" / "proc"
_MARKER = re.compile(r"^-- (\S+)(?: -> (.+))? --$")


class Tree:
    """A process table below `folder`."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        (folder / "proc").mkdir(parents=True, exist_ok=True)

    @property
    def proc(self) -> Proc:
        return Proc(str(self.folder))

    def unpack(self, name: str) -> Tree:
        """Add the recording tests/data/proc/NAME.txtar."""
        path, lines = None, []
        for line in [*(DATA / f"{name}.txtar").read_text().splitlines(), "-- end --"]:
            marker = _MARKER.match(line)
            if marker is None:
                lines.append(line)
                continue
            if path is not None:
                self.write(path, "\n".join(lines) if path.endswith(("cmdline", "environ")) else "\n".join([*lines, ""]))
            path, lines = marker[1], []
            if marker[2]:
                self.link(path, marker[2])
                path = None
        return self

    def write(self, path: str, text: str) -> None:
        file = self.folder / path
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_bytes(text.replace("\\0", "\0").encode())

    def link(self, path: str, aim: str) -> None:
        file = self.folder / path
        file.parent.mkdir(parents=True, exist_ok=True)
        file.unlink(missing_ok=True)
        file.symlink_to(aim)

    def process(
        self,
        pid: int,
        command: str,
        *,
        parent: int = 1,
        exe: str | None = "/opt/py/bin/python3.11",
        state: str = "S",
        cpu_ticks: int = 0,
        stack: int = 0,
        **status: str,
    ) -> None:
        """Add a process. `command`: its arguments, a space between two; `status`: further lines of its status."""
        fields = ["0"] * 50
        fields[0], fields[1], fields[11], fields[17], fields[19], fields[25] = (
            state,
            str(parent),
            str(cpu_ticks),
            "1",
            str(1000 + pid),
            str(stack),
        )
        self.write(f"proc/{pid}/stat", f"{pid} (a) name) {' '.join(fields)}\n")
        lines = {"Tgid": str(pid), "State": f"{state} (recorded)", "TracerPid": "0", "Uid": "1000 1000 1000 1000"}
        lines |= {"Gid": "1000 1000 1000 1000", "Threads": "1", "NSpid": str(pid), "CapPrm": "0"} | status
        self.write(f"proc/{pid}/status", "".join(f"{key}:\t{value}\n" for key, value in lines.items()))
        self.write(f"proc/{pid}/cmdline", command.replace(" ", "\0") + "\0" if command else "")
        if exe:
            self.link(f"proc/{pid}/exe", exe)
