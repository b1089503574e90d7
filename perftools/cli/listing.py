"""`perf audit` without a service: those that there are, to choose from."""

from __future__ import annotations

import shutil
import sys

from perftools.cli import outcome
from perftools.cli import output as out
from perftools.errors import UsageError


def run(*, as_json: bool, color: str) -> int:
    """Print the services that can be seen, the busiest first; the exit code is that of wrong usage."""
    from perftools import target as targets
    from perftools.report import services as report

    seen = targets.services()
    question = UsageError("say which service to audit: PID, --port N or --name REGEX")
    if as_json:
        out.write(report.document(seen, question, _audit).decode())
        return question.exit_code
    out.write(
        report.table(
            seen,
            _audit,
            width=shutil.get_terminal_size((out.PIPE_COLUMNS, 24)).columns,
            colour=out.coloured(sys.stdout, color),
            unicode=out.unicode(sys.stdout),
        )
    )
    out.error(question, as_json=False)
    return question.exit_code


def _audit(pid: int) -> str:
    return outcome.command("audit", str(pid))
