"""How budgets are measured: base against head, in fresh processes that alternate within one job.

Budget ── runner ──> meter of a function, an import or a service ── process ──> rounds
                          └── sides: head's working tree, base's worktree and environment
"""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING

from perftools.budget.model import Budget, Budgets

if TYPE_CHECKING:
    from perftools.budget.measure.runner import MeterRunner
    from perftools.budget.measure.sides import Sides


class SidesMeasurer:
    """A `check.Measurer`; `measurer` makes one."""

    def __init__(self, sides: Sides) -> None:
        self._sides = sides

    @property
    def notes(self) -> tuple[str, ...]:
        """What a reader of the results should know: which commit base is, and in which environment it runs."""
        return tuple(self._sides.notes)

    def open(self, budget: Budget) -> MeterRunner:
        """Raises Unmeasurable."""
        from perftools.budget.measure.runner import MeterRunner

        return MeterRunner(self._sides, budget)


@contextlib.contextmanager
def measurer(
    budgets: Budgets,
    root: Path,
    *,
    base: str | None = None,
    python: str | None = None,
    say: Callable[[str], None] = lambda _: None,
) -> Iterator[SidesMeasurer]:
    """What measures the budgets of the checkout around `root`, their folder; nothing is left of it after the `with`.

    `base`: the revision whose merge base with HEAD is compared with, instead of what the budgets say; `python`: the
    interpreter of head's environment, ours by default; `say` gets each note as it comes up.
    """
    from perftools.budget.measure.sides import Sides

    with Sides(root, base=base, baseline=budgets.baseline, python=python, say=say) as sides:
        yield SidesMeasurer(sides)
