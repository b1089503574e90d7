"""`perf recipes capture`."""

from __future__ import annotations

import click

from perftools.errors import UsageError

EPILOG = """\b
Examples:
  perf recipes capture scoring.app:rank -o rank.calls -- pytest tests
  perf recipes capture scoring.app:Scorer.score -o score.calls -- uvicorn scoring.app:app
  perf recipes apply scoring/app.py --calls rank.calls

The file holds real arguments and results of your service: it is readable by you alone.
"""


@click.command(
    "capture",
    short_help="Record real calls of a function.",
    epilog=EPILOG,
    context_settings={"help_option_names": ["-h", "--help"]},
)
@click.argument("target", metavar="MODULE:FUNCTION")
@click.option("-o", "--output", "path", required=True, metavar="FILE", help="Where the calls are kept.")
@click.argument("argv", metavar="-- COMMAND...", nargs=-1, required=True, type=click.UNPROCESSED)
def command(*, target: str, path: str, argv: tuple[str, ...]) -> int:
    """Run a command and keep a few calls of a function of each kind: arguments before and after, result or exception.

    The exit code is the command's. What the function returns and raises stays as it is.
    """
    from perftools.cli import outcome
    from perftools.cli.files import check_writable
    from perftools.report.words import clean, plain, plural
    from perftools.rewrite import calls, capture

    if not capture.is_target(target):
        raise UsageError(f"{target!r} does not name a function as MODULE:FUNCTION, like scoring.app:rank")
    check_writable(path, again=outcome.command("recipes", "capture", target))
    try:
        found = capture.capture(target, argv)
    except OSError as error:
        raise UsageError(f"cannot run {argv[0]}: {error.strerror}") from error
    if found.calls is None or found.why_not:
        click.echo(clean(f"nothing recorded: {found.why_not}"), err=True)
        return found.status
    calls.write(path, found.calls)
    count, seen = len(found.calls.calls), found.calls.seen
    kept = f"kept {plain(plural(count, 'call'))} of {target}, of at least {seen}, in {path}"
    opaque = [call.why_not for call in found.calls.calls if call.why_not]
    if opaque:
        kept += f"; {len(opaque)} of them cannot be replayed ({opaque[0]})"
    click.echo(clean(kept), err=True)
    return found.status
