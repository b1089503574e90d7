"""`perf recipes undo`."""

from __future__ import annotations

import click


@click.command(
    "undo", short_help="Take the last rewrite back.", context_settings={"help_option_names": ["-h", "--help"]}
)
@click.argument("path", required=False, type=click.Path())
def command(*, path: str | None) -> int:
    """Give the file that was rewritten last, or PATH, its text back; refused where it was changed since."""
    from perftools.rewrite import undo

    click.echo(f"{undo.undo(path)} is as it was before")
    return 0
