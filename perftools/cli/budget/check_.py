"""`perf budget check`."""

from __future__ import annotations

from collections.abc import Sequence

import click

EPILOG = """\b
Examples:
  perf budget check
  perf budget check --base origin/main --only score --only p99
  perf budget check --json budgets.json --junit budgets.xml

On GitHub Actions the summary of the step and the annotations are written by themselves; neither needs a right to write.
"""


@click.command(
    "check",
    short_help="Measure, and say what is broken.",
    epilog=EPILOG,
    context_settings={"help_option_names": ["-h", "--help"]},
)
@click.option("--base", metavar="REV", help="Compare with where the branch left REV, rather than what the file says.")
@click.option("--only", "ids", metavar="ID", multiple=True, help="Only this budget; may be given again.")
@click.option("--python", metavar="PATH", help="The interpreter of the working tree; by default the one of perftools.")
@click.option(
    "--json", "json_to", metavar="FILE", help="Write the verdicts with all samples; - prints them, and nothing else."
)
@click.option("--markdown", "markdown_to", metavar="FILE", help="Write a table, as a build shows it.")
@click.option("--junit", "junit_to", metavar="FILE", help="Write a test case for each budget.")
@click.option("--github", is_flag=True, help="Print annotations of GitHub Actions; there it is done by itself.")
@click.option(
    "--color", type=click.Choice(["auto", "always", "never"]), default="auto", show_default=True,
    help="Colour the verdicts; auto: on a terminal, unless NO_COLOR is set.",
)  # fmt: skip
@click.option("-q", "--quiet", is_flag=True, help="No progress on stderr.")
def command(
    *,
    base: str | None,
    ids: Sequence[str],
    python: str | None,
    json_to: str | None,
    markdown_to: str | None,
    junit_to: str | None,
    github: bool,
    color: str,
    quiet: bool,
) -> int:
    """Measure each budget on the base and on the working tree, alternating, until its verdict is sure."""
    from perftools.cli.budget import checking, outputs

    to = outputs.Outputs(
        json=json_to, markdown=markdown_to, junit=junit_to, github=github, color=color
    )  # fmt: skip
    return checking.run(to, base=base, ids=ids, python=python, quiet=quiet)
