"""`perf recipes show`."""

from __future__ import annotations

import sys

import click


@click.command("show", short_help="One recipe's page.", context_settings={"help_option_names": ["-h", "--help"]})
@click.argument("recipe", metavar="ID")
@click.option("--at", metavar="FILE[:LINE]", help="What it would do there: the diff, or why not.")
@click.option("--size", type=click.IntRange(min=0), metavar="N", help="With --at: how many elements the code works on.")
def command(*, recipe: str, at: str | None, size: int | None) -> int:
    """Print a recipe's page: what it does, when not to use it, how much faster it was."""
    from perftools.cli import output
    from perftools.cli.recipes.applying import Asked, outcome_of
    from perftools.cli.recipes.chosen import chosen
    from perftools.report import recipes

    (folder,) = chosen([recipe])
    if at is None:
        output.write(recipes.page(folder.text("README.md")))
        return 0
    asked = Asked.at(at, recipes=(recipe,), level="assisted", size=size)
    output.write(recipes.applied(asked.path, outcome_of(asked), colour=output.coloured(sys.stdout, "auto")))
    return 0
