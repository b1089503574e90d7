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
    """1: a finding at or above `fail_on`; 3: no stacks; 4: nothing could be judged; else 0."""
    from perftools.finding import SEVERITIES
    from perftools.record import Missing

    if fail_on != NEVER and any(
        SEVERITIES.index(finding.severity) >= SEVERITIES.index(fail_on) for finding in diagnosis.findings
    ):
        return FINDING
    if isinstance(audit.observations.samples, Missing):
        return UNSEEN
    return 0 if _judged(diagnosis) else UNJUDGED


def _judged(diagnosis: Diagnosis) -> bool:
    """Whether a rule could be judged, or requests are in flight that wait: that is a verdict, too."""
    from perftools.finding import WaitTable

    waiting = isinstance(diagnosis.waits, WaitTable) and diagnosis.waits.not_cpu_bound
    return bool(diagnosis.findings or diagnosis.suppressed or diagnosis.checked_ok or waiting)


def next_commands(audit: Audit, diagnosis: Diagnosis, *, target: Sequence[str], saved: str | None) -> list[str]:
    """What to type after an audit of `target` (the arguments that named it): one command, or two."""
    by_pid = target[0].isdecimal()
    longer = command("audit", *target, "--window", str(LONGER_S))
    few = [number for number, finding in enumerate(diagnosis.findings, 1) if finding.share and finding.share.few]
    if audit.quality.ended == "gone" and by_pid:
        following = f"{command('audit')}  # lists the services that run here; this one has ended"
    elif not _judged(diagnosis):
        following = f"{longer}  # once it serves requests"
    elif few:
        which = ", ".join(f"[{number}]" for number in few)
        following = f"{longer}  # long enough to tell about {which}"
    elif diagnosis.findings:
        following = f"{command('audit', *target)}  # again, after the change{', with its new pid' if by_pid else ''}"
    else:
        following = f"{longer}  # a longer look"
    commands = [*_rewriting(diagnosis), following]
    return [*commands, f"{command('explain', saved)}  # this report again, anywhere"] if saved else commands


def _rewriting(diagnosis: Diagnosis) -> list[str]:
    """The recipe of the first finding that has one, applied where it was found; nothing is written by it."""
    from perftools.rewrite.advise import size_of

    for number, finding in enumerate(diagnosis.findings, 1):
        if finding.recipe is not None and finding.where is not None:
            place = f"{finding.where.file}:{finding.where.line}"
            size = size_of(finding.facts)
            sized = ["--size", str(size)] if size is not None else []
            words = ["recipes", "apply", place, "--recipe", finding.recipe, "--level", "assisted", *sized]
            return [f"{command(*words)}  # shows what [{number}] would become"]
    return []


def command(*words: str) -> str:
    """A command line of ours that can be typed."""
    return f"{program()} {shlex.join(words)}"


def program() -> str:
    """How this shell reaches us: `perf` or `perftools` if PATH leads to our script, else the script's path."""
    ours = {os.path.realpath(sysconfig.get_path("scripts")), os.path.dirname(os.path.realpath(sys.argv[0]))}
    for name in ("perf", "perftools"):
        found = shutil.which(name)
        if found and os.path.dirname(os.path.realpath(found)) in ours:
            return name
    from perftools.target import commands

    return commands.perftools()
