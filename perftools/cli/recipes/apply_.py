"""`perf recipes apply`."""

from __future__ import annotations

import sys
import time
from collections.abc import Sequence
from typing import TYPE_CHECKING, cast

import click

if TYPE_CHECKING:
    from perftools.rewrite.recipe import Level

UNPROVED = 1

EPILOG = """\b
Examples:
  perf recipes apply scoring/app.py               a diff, and why each place was taken or refused
  perf recipes apply scoring/app.py:41 --size 2000 one loop, which works on 2,000 elements
  perf recipes apply scoring/app.py --calls rank.calls   tried on real calls, at their size
  perf recipes apply scoring/app.py --write       write it; perf recipes undo takes it back

auto: the answers stay the same by definition. guarded: a fast path behind checks, the original as fallback.
assisted: a diff with decisions that are yours. Exit code 1: it does not do the same on the recorded calls.
"""


@click.command(
    "apply",
    short_help="Rewrite a file, or show how.",
    epilog=EPILOG,
    context_settings={"help_option_names": ["-h", "--help"]},
)
@click.argument("place", metavar="PATH[:LINE]")
@click.option("--recipe", "ids", metavar="ID", multiple=True, help="Only this recipe; may be given again.")
@click.option(
    "--level", type=click.Choice(["auto", "guarded", "assisted"]), default="guarded", show_default=True,
    help="Up to which level rewrites are made.",
)  # fmt: skip
@click.option("--size", type=click.IntRange(min=0), metavar="N", help="How many elements the code works on.")
@click.option(
    "--calls", type=click.Path(), metavar="FILE", help="Try the rewrite on calls that perf recipes capture recorded."
)
@click.option("--write", is_flag=True, help="Write the file. Without it nothing is written.")
@click.option("--json", "as_json", is_flag=True, help="Print one JSON document, and nothing else, on stdout.")
def command(
    *, place: str, ids: Sequence[str], level: str, size: int | None, calls: str | None, write: bool, as_json: bool
) -> int:
    """Show what the recipes would change in a file, with the reason for every place taken and every place refused."""
    from perftools.cli import outcome as words
    from perftools.cli import output
    from perftools.cli.recipes.applying import Asked, outcome_of, proof_of
    from perftools.report import recipes
    from perftools.rewrite import undo

    asked = Asked.at(place, recipes=ids, level=cast("Level", level), size=size, calls=calls)
    found = outcome_of(asked)
    proof = proof_of(asked, found)
    changed = found.after != found.before
    refused = proof is not None and not proof.proved
    if write and changed and not refused:
        undo.write(asked.path, found.before, found.after, unix_ns=time.time_ns())
    if as_json:
        output.write(recipes.document(asked.path, found, proof=proof, written=write and changed and not refused))
        return UNPROVED if refused else 0
    output.write(recipes.applied(asked.path, found, colour=output.coloured(sys.stdout, "auto")))
    if proof is not None:
        output.write(recipes.tried(proof))
    if refused:
        return UNPROVED
    if changed:
        following = ["undo", asked.path] if write else ["apply", place, *_options(ids, level, size, calls), "--write"]
        what = "takes it back" if write else "writes it"
        click.echo(f"\n{words.command('recipes', *following)}  # {what}")
    return 0


def _options(ids: Sequence[str], level: str, size: int | None, calls: str | None) -> list[str]:
    recorded = ["--calls", calls] if calls is not None else []
    chosen = [word for each in ids for word in ("--recipe", each)]
    return [
        *chosen,
        *(["--level", level] if level != "guarded" else []),
        *(["--size", str(size)] if size else []),
        *recorded,
    ]
