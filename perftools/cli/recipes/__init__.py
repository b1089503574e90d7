"""`perf recipes`: tested rewrites, listed, shown, applied, proved and timed. One command a file."""

from __future__ import annotations

import click

from perftools.cli.lazy import LazyGroup

COMMANDS = ("list", "show", "apply", "undo", "prove", "time", "capture")

EPILOG = """\b
Examples:
  perf recipes list
  perf recipes show argsort-top-k
  perf recipes apply scoring/app.py            what would change, and why; nothing is written
  perf recipes apply scoring/app.py:41 --write
  perf recipes undo scoring/app.py
"""


@click.group(
    "recipes",
    cls=LazyGroup,
    modules={name: f"{__name__}.{name}_" for name in COMMANDS},
    short_help="Rewrite slow code by tested recipes.",
    epilog=EPILOG,
    context_settings={"help_option_names": ["-h", "--help"]},
)
def command() -> None:
    """Rewrites that are tested and timed: what they do to your code, and what they gain."""
