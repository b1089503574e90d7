"""What a diagnosis means for the shell: the exit code, and what to type next."""

from __future__ import annotations

import os
import shlex
import shutil
import sys
import sysconfig
from collections.abc import Sequence
from typing import TYPE_CHECKING

from perftools.cli.options import NEVER

if TYPE_CHECKING:
    from perftools.finding import Diagnosis
    from perftools.record import Audit

FINDING = 1
UNSEEN = 3
UNJUDGED = 4
LONGER_S = 60


def exit_code(audit: Audit, diagnosis: Diagnosis, fail_on: str) -> int:
    """1: a finding at or above `fail_on`; 3: no stacks; 4: no rule could be judged; else 0."""
    from perftools.finding import SEVERITIES
    from perftools.record import Missing

    if fail_on != NEVER and any(
        SEVERITIES.index(finding.severity) >= SEVERITIES.index(fail_on) for finding in diagnosis.findings
    ):
        return FINDING
    if isinstance(audit.observations.samples, Missing):
        return UNSEEN
    return 0 if diagnosis.findings or diagnosis.checked_ok else UNJUDGED


def next_commands(diagnosis: Diagnosis, *, target: Sequence[str], saved: str | None) -> list[str]:
    """What to type after an audit of `target` (the arguments that named it): one command, or two."""
    again = [program(), "audit", *target]
    few = [number for number, finding in enumerate(diagnosis.findings, 1) if finding.share and finding.share.few]
    if not diagnosis.findings and not diagnosis.checked_ok:
        return [_command(*again, "--window", str(LONGER_S), why="once it serves requests")]
    commands = []
    if few:
        which = ", ".join(f"[{number}]" for number in few)
        commands.append(_command(*again, "--window", str(LONGER_S), why=f"long enough to tell about {which}"))
    elif diagnosis.findings:
        new = ", with its new pid" if target[0].isdecimal() else ""
        commands.append(_command(*again, why=f"again, after the change{new}"))
    else:
        commands.append(_command(*again, "--window", str(LONGER_S), why="a longer look"))
    if saved:
        commands.append(_command(program(), "explain", saved, why="this report again, anywhere"))
    return commands


def program() -> str:
    """How this shell reaches us: `perf` or `perftools` if PATH leads to our script, else the script's path."""
    ours = {os.path.realpath(sysconfig.get_path("scripts")), os.path.dirname(os.path.realpath(sys.argv[0]))}
    for name in ("perf", "perftools"):
        found = shutil.which(name)
        if found and os.path.dirname(os.path.realpath(found)) in ours:
            return name
    from perftools.target import commands

    return commands.perftools()


def _command(*words: str, why: str) -> str:
    return f"{words[0]} {shlex.join(words[1:])}  # {why}"
