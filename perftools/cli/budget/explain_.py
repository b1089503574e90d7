"""`perf budget explain`."""

from __future__ import annotations

import shutil
import sys
from pathlib import Path

import click


@click.command("explain", short_help="What a budget means.", context_settings={"help_option_names": ["-h", "--help"]})
@click.argument("name", metavar="ID")
@click.option(
    "--result", type=click.Path(), metavar="FILE", help="A file of check --json; by default the last check made here."
)
def command(*, name: str, result: str | None) -> int:
    """Say what a budget means, how it is measured and decided, and what the last check of it said."""
    from perftools.budget import last
    from perftools.budget.file import load
    from perftools.budget.report import explain
    from perftools.cli import outcome
    from perftools.cli import output as out
    from perftools.cli.budget import project

    root = project.root()
    budgets = load(None, root=root)
    (budget,) = project.chosen(budgets, [name]).budgets
    found = last.read(Path(result)) if result is not None else last.last(budget.id, root)
    page = explain.render(
        budget,
        budgets,
        found,
        width=shutil.get_terminal_size((out.PIPE_COLUMNS, 24)).columns,
        colour=out.coloured(sys.stdout, "auto"),
        unicode=out.unicode(sys.stdout),
        next_command=f"{outcome.command('budget', 'check', '--only', budget.id)}  # measures it now",
    )
    out.write(page)
    return 0
