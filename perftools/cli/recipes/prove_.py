"""`perf recipes prove`."""

from __future__ import annotations

from collections.abc import Sequence

import click

from perftools.errors import UsageError

UNPROVED = 1


@click.command("prove", short_help="Test recipes.", context_settings={"help_option_names": ["-h", "--help"]})
@click.argument("ids", metavar="ID...", nargs=-1)
@click.option("--all", "every", is_flag=True, help="Every recipe that is installed.")
@click.option("--cases", type=click.IntRange(min=1), default=300, show_default=True, help="Generated calls a recipe.")
@click.option("--write-after", is_flag=True, help="First write after.py: what the recipe makes of before.py.")
def command(*, ids: Sequence[str], every: bool, cases: int, write_after: bool) -> int:
    """Test recipes: examples, what they must leave alone, the same answers on generated calls and for each hazard.

    And that each guard is needed: without it some call must go wrong. Needs hypothesis. Exit code 1: not proved.
    """
    import importlib.util

    from perftools.cli.recipes.chosen import chosen
    from perftools.report.words import clean

    if not ids and not every:
        raise UsageError("which recipe? Name some, or say --all")
    if importlib.util.find_spec("hypothesis") is None:
        raise UsageError(
            "proofs generate calls by hypothesis, which is not installed", commands=("pip install hypothesis",)
        )
    from perftools.rewrite import proof

    failed = skipped = 0
    folders = chosen(() if every else ids)
    for number, folder in enumerate(folders, 1):
        click.echo(f"{number}/{len(folders)} {folder.id}", err=True)
        if folder.recipe.lacks:
            skipped += 1
            click.echo(f"{folder.id}: skipped: {folder.recipe.lacks} is not installed")
            continue
        if write_after and proof.write_after(folder):
            click.echo(f"{folder.path / 'after.py'} written", err=True)
        problems = proof.prove(folder, cases=cases)
        failed += bool(problems)
        click.echo(f"{folder.id}: {'not proved' if problems else 'proved'}")
        for problem in problems:
            text = "\n    ".join(clean(line) for line in problem.says.splitlines())
            click.echo(f"  {problem.check}: {text}")
    left = f", {skipped} skipped" if skipped else ""
    click.echo(f"{len(folders) - failed - skipped} of {len(folders)} proved{left}")
    return UNPROVED if failed else 0
