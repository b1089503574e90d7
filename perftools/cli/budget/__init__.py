"""`perf budget`: promises about speed, written down and checked in CI. One command a file."""

from __future__ import annotations

import click

from perftools.cli.lazy import LazyGroup

COMMANDS = ("init", "check", "explain")

EPILOG = """\b
Examples:
  perf budget init                            writes perf-budgets.toml, with what it finds here
  perf budget check                           the working tree against where its branch began
  perf budget check --base v1.4 --only score
  perf budget explain score

\b
Exit codes of check:
  0  all pass, or are waived
  1  a budget is broken
  2  wrong usage, or a bad file
  3  a budget could not be measured
  4  inconclusive, where the file says fail_on_inconclusive
"""


@click.group(
    "budget",
    cls=LazyGroup,
    modules={name: f"{__name__}.{name}_" for name in COMMANDS},
    short_help="Keep it fast: budgets for CI.",
    epilog=EPILOG,
    context_settings={"help_option_names": ["-h", "--help"]},
)
def command() -> None:
    """Performance budgets: written down, and checked in pairs of fresh processes, so that noise breaks none."""
