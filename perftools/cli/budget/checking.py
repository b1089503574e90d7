"""A check from the file to the exit code."""

from __future__ import annotations

import datetime
import sys
from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING

from perftools.cli.budget import project
from perftools.cli.budget.outputs import Outputs
from perftools.cli.budget.progress import progress

if TYPE_CHECKING:
    from perftools.budget.model import Verdict

BROKEN = 1
NOT_MEASURED = 3
INCONCLUSIVE = 4


def run(to: Outputs, *, base: str | None, ids: Sequence[str], python: str | None, quiet: bool) -> int:
    """Measure, print and write what came out, and return the exit code. Raises FileError, UsageError."""
    from perftools.budget import last
    from perftools.budget.check import check
    from perftools.budget.file import load
    from perftools.budget.measure import measurer
    from perftools.budget.report.document import document
    from perftools.report.words import clean

    to.check()
    root = project.root()
    budgets = project.chosen(load(None, root=root), ids)
    with progress([budget.id for budget in budgets.budgets], quiet=quiet) as say, measurer(
        budgets, root, base=base, python=python, say=say
    ) as measuring:  # fmt: skip
        verdicts = check(budgets, measuring, progress=say)
        notes = measuring.notes
    code = exit_code(verdicts, fail_on_inconclusive=budgets.fail_on_inconclusive)
    now = datetime.datetime.now(tz=datetime.UTC)
    found = document(budgets, verdicts, exit_code=code, notes=notes, taken=now)
    try:
        last.keep(found, root)
    except OSError as error:  # the verdicts are what was asked for
        sys.stderr.write(clean(f"not kept for perf budget explain: {error}") + "\n")
    to.write(found, root)
    return code


def exit_code(verdicts: Iterable[Verdict], *, fail_on_inconclusive: bool) -> int:
    """1 for a broken budget, before 3 for one that was not measured, before 4 for one that could not be told."""
    statuses = {verdict.status for verdict in verdicts}
    if "broken" in statuses:
        return BROKEN
    if "not_measured" in statuses:
        return NOT_MEASURED
    return INCONCLUSIVE if fail_on_inconclusive and "inconclusive" in statuses else 0
