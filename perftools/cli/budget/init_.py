"""`perf budget init`."""

from __future__ import annotations

from pathlib import Path

import click


@click.command(
    "init", short_help="Write a first budget file.", context_settings={"help_option_names": ["-h", "--help"]}
)
def command() -> int:
    """Write perf-budgets.toml into this folder, with a budget for each benchmark that is found, and comments.

    Benchmarks are tests with the marker perf_budget or a fixture perf_budget or benchmark, and pyperf scripts. Nothing
    is overwritten.
    """
    from perftools.budget import starter
    from perftools.budget.candidates import candidates
    from perftools.cli import outcome
    from perftools.cli.budget.project import refuse_second_file
    from perftools.report.words import clean, plain, plural

    here = Path.cwd()
    refuse_second_file(here)
    found = candidates(here)
    path = starter.write(found, here)
    for candidate in found[: starter.MOST]:
        click.echo(clean(candidate.target))
    told = "no benchmark found" if not found else plain(plural(min(len(found), starter.MOST), "benchmark"))
    click.echo(f"wrote {clean(path.name)}: {told}")
    if found:
        click.echo(f"\n{outcome.command('budget', 'check')}  # measures them against where this branch began")
    else:
        click.echo("its comments say how to write one")
    return 0
