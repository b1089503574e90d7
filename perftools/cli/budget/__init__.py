"""`perf budget`: promises about speed, written down and checked in CI. One command a file."""

from __future__ import annotations

from importlib import import_module

import click

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


class Commands(click.Group):
    """Imports a command's module when the command is used."""

    def list_commands(self, ctx: click.Context) -> list[str]:  # noqa: ARG002 (click's signature)
        return list(COMMANDS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:  # noqa: ARG002 (click's signature)
        if cmd_name not in COMMANDS:
            return None
        command: click.Command = import_module(f"{__name__}.{cmd_name}_").command
        return command


@click.group(
    "budget",
    cls=Commands,
    short_help="Keep it fast: budgets for CI.",
    epilog=EPILOG,
    context_settings={"help_option_names": ["-h", "--help"]},
)
def command() -> None:
    """Performance budgets: written down, and checked in pairs of fresh processes, so that noise breaks none."""
