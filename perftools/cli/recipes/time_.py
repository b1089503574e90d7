"""`perf recipes time`."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING, Any

import click

from perftools.errors import OutputUnwritable, ToolBroken, UsageError

if TYPE_CHECKING:
    from perftools.rewrite.catalogue import Folder
    from perftools.rewrite.timings import Timings

SHOWN = {"help_option_names": ["-h", "--help"]}


@click.command("time", short_help="Time recipes on this machine.", context_settings=SHOWN)
@click.argument("ids", nargs=-1, metavar="[ID]...")
@click.option("--all", "every", is_flag=True, help="All recipes: about ten seconds each.")
@click.option("--size", "sizes", type=click.IntRange(min=1), multiple=True, metavar="N",
              help="At this size, instead of the three that the recipe names; may be repeated.")  # fmt: skip
@click.option("--quick", is_flag=True, help="Fewer pairs, wider intervals: a few seconds each.")
@click.option("--ship", is_flag=True, help="Write the recipe's own timings.json and the pages made from it.")
@click.option("--pages", is_flag=True, help="Time nothing: bring the pages up to date with timings.json.")
@click.option("--json", "as_json", is_flag=True, help="Print one JSON document, and nothing else, on stdout.")
def command(
    *, ids: tuple[str, ...], every: bool, sizes: tuple[int, ...], quick: bool, ship: bool, pages: bool, as_json: bool
) -> int:
    """How much faster a recipe is, before against after in pairs of fresh processes.

    The result is kept as this machine's, and `perf recipes apply` offers by it what is at least 1.1x as fast.
    """
    from perftools.cli.recipes.chosen import chosen

    if pages and not (ids or every or sizes or ship):
        _write_pages()
        return 0
    if pages or bool(ids) == every:
        raise UsageError("name recipes to time, or --all; --pages stands alone")
    if ship and (sizes or quick):
        raise UsageError("--ship takes the recipe's own sizes, and its time")
    taken = [_timed(folder, sizes, quick=quick, ship=ship) for folder in chosen(ids)]
    if ship:
        _write_pages()
    documents = [_document(each) for each in taken]
    if as_json:
        import msgspec

        text = msgspec.json.format(msgspec.json.encode({"timings": documents}), indent=1).decode()
        sys.stdout.write(text + "\n")
    else:
        from perftools.report import timings

        click.echo(timings.table(documents), nl=False)
    return 0


def _timed(folder: Folder, sizes: tuple[int, ...], *, quick: bool, ship: bool) -> Timings:
    from perftools.rewrite import cache, timing, timings

    try:
        taken = timing.measure(
            folder, sizes=sizes, effort=timing.QUICK if quick else timing.FULL, progress=_said
        )  # fmt: skip
    except timing.TimingFailed as failure:
        raise ToolBroken(str(failure)) from failure
    cache.keep(folder, taken)
    if ship:
        try:
            (folder.path / "timings.json").write_bytes(timings.encode(taken))
        except OSError as error:
            raise OutputUnwritable(f"cannot write {folder.path / 'timings.json'}: {error.strerror}") from error
    return taken


def _write_pages() -> None:
    from perftools.rewrite import pages
    from perftools.rewrite.catalogue import folders

    try:
        for path in pages.write(folders()):
            _said(f"wrote {path}")
    except (OSError, ValueError) as error:
        raise OutputUnwritable(str(error)) from error


def _document(taken: Timings) -> dict[str, Any]:
    import msgspec

    rows = [msgspec.to_builtins(row) | {"faster": row.faster} for row in taken.rows]
    return {"recipe": taken.recipe, "date": taken.date, "machine": msgspec.to_builtins(taken.machine), "rows": rows}


def _said(text: str) -> None:
    click.echo(text, err=True)
