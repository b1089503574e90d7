"""`perf recipes list`."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING

import click

if TYPE_CHECKING:
    from perftools.rewrite.catalogue import Folder


@click.command("list", short_help="All recipes.", context_settings={"help_option_names": ["-h", "--help"]})
@click.option("--json", "as_json", is_flag=True, help="Print one JSON document, and nothing else, on stdout.")
def command(*, as_json: bool) -> int:
    """Every recipe: what it rewrites, how safe that is, and how much faster it was.

    auto and guarded rewrites keep every answer; an assisted one leaves decisions to you; advice edits nothing.
    """
    from perftools.cli.recipes.chosen import chosen
    from perftools.report import recipes

    folders = chosen(())
    if as_json:
        import msgspec

        document = {"recipes": [_row(folder) for folder in folders]}
        sys.stdout.write(msgspec.json.format(msgspec.json.encode(document), indent=1).decode() + "\n")
    else:
        click.echo(recipes.table([_row(folder) for folder in folders]), nl=False)
    return 0


def _row(folder: Folder) -> dict[str, object]:
    import msgspec

    recipe, timings = folder.recipe, folder.shipped
    return {
        "id": recipe.id,
        "title": recipe.title,
        "level": recipe.level,
        "rules": list(recipe.rules),
        "tip": recipe.tip,
        "timings": [] if timings is None else msgspec.to_builtins(timings.rows),
        "machine": None if timings is None else msgspec.to_builtins(timings.machine),
        "date": None if timings is None else timings.date,
    }
