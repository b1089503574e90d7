"""`perf audit --dry-run`: what an audit would read, by which right and at what cost."""

from __future__ import annotations

import shutil
import sys

from perftools.cli import outcome
from perftools.cli import output as out
from perftools.cli.auditing import Named


def run(named: Named, *, memory: bool, as_json: bool, color: str) -> int:
    """Print the plan. Raises what the audit would raise before its window."""
    from perftools import target as targets
    from perftools.collect.plan import plan
    from perftools.report import plan as report

    target = targets.find(**named._asdict())
    targets.preflight(target)
    readings = plan(target, allocations=memory)
    if as_json:
        out.write(report.document(target, readings).decode())
        return 0
    out.write(
        report.render(
            target,
            readings,
            outcome.command("audit", *named.arguments(), *(["--memory"] if memory else [])),
            width=shutil.get_terminal_size((out.PIPE_COLUMNS, 24)).columns,
            colour=out.coloured(sys.stdout, color),
            unicode=out.unicode(sys.stdout),
        )
    )
    return 0
