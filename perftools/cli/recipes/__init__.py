"""`perf recipes`: tested rewrites, listed, shown, applied, proved and timed. One command a file."""

from __future__ import annotations

from importlib import import_module

import click

COMMANDS = ("list", "show", "apply", "undo", "prove", "time", "capture")

EPILOG = """\b
Examples:
  perf recipes list
  perf recipes show argsort-top-k
  perf recipes apply scoring/app.py            what would change, and why; nothing is written
  perf recipes apply scoring/app.py:41 --write
  perf recipes undo scoring/app.py
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
    "recipes",
    cls=Commands,
    short_help="Rewrite slow code by tested recipes.",
    epilog=EPILOG,
    context_settings={"help_option_names": ["-h", "--help"]},
)
def command() -> None:
    """Rewrites that are tested and timed: what they do to your code, and what they gain."""
