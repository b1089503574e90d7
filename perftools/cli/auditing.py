"""One audit, from the name of a service to the exit code: what the verbs that watch something have in common."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, NamedTuple

import click

from perftools.cli import files, history, outcome
from perftools.cli import output as out
from perftools.cli.options import NEVER
from perftools.cli.progress import progress
from perftools.errors import OutputUnwritable

if TYPE_CHECKING:
    from perftools.config import Settings
    from perftools.record import Audit

MEMORY_S = 5.0
"""For so long memray stays in a worker."""


class Named(NamedTuple):
    """A service as the user names it: one of `pid`, `port` and `name` is set."""

    pid: int | None = None
    port: int | None = None
    name: str | None = None
    this_process: bool = False

    def arguments(self) -> list[str]:
        """The same on a command line."""
        if self.pid is not None:
            named = [str(self.pid)]
        elif self.port is not None:
            named = ["--port", str(self.port)]
        else:
            named = ["--name", str(self.name)]
        return [*named, "--this-process"] if self.this_process else named


def run(
    named: Named,
    *,
    window_s: float | None,
    settings: Settings,
    memory: bool = False,
    output: str | None = None,
    keep: bool = True,
    keep_source: bool = True,
    as_json: bool = False,
    fail_on: str = NEVER,
    color: str = "auto",
    quiet: bool = False,
    next_commands: Sequence[str] | None = None,
) -> int:
    """Find the service, watch it, print the report, and give the exit code.

    `memory`: let memray into a worker after the window; `keep`: among the last audits; `keep_source`: in what is saved
    and printed.
    """
    from perftools import api
    from perftools import target as targets

    if output is not None:
        files.check_writable(output, again=outcome.command("audit", *named.arguments()))
    target = targets.find(**named._asdict())
    targets.preflight(target)
    memory_s = MEMORY_S if memory else None
    with progress(target, window_s, memory_s=memory_s, quiet=quiet) as shown:
        audit = api.audit(
            target, window_s=window_s, memory_s=memory_s, progress=shown, tell=shown.say, settings=settings
        )
    diagnosis = api.diagnose(audit, settings)  # with the source, which need not be kept for that
    if not keep_source:
        audit = api.without_source(audit)
    unsaved = None
    if output is not None:
        try:
            api.save(audit, output)
        except OutputUnwritable as error:
            unsaved = error  # what was seen is still told
    kept = _keep(audit, quiet=quiet) if keep else None  # before the report: its reader may close the pipe
    if next_commands is None:
        saved = None if unsaved else output
        next_commands = outcome.next_commands(audit, diagnosis, target=named.arguments(), saved=saved)
    out.answer(audit, diagnosis, as_json=as_json, color=color, next_commands=next_commands)
    if kept:
        click.echo(kept, err=True)
    if unsaved:
        out.error(unsaved, as_json=False)
        return unsaved.exit_code
    return outcome.exit_code(audit, diagnosis, fail_on)


def _keep(audit: Audit, *, quiet: bool) -> str | None:
    """Save it among the last audits, and say where, or why not."""
    try:
        path = history.keep(audit)
    except OSError as error:
        where = f": {error.filename}" if isinstance(error.filename, str) else ""
        return f"not kept: {error.strerror}{where} (--no-save does without)"
    return None if quiet else f"kept as {path}: {outcome.command('explain', '--last')}"
