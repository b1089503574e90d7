"""`perf explain`: what a saved audit means, anywhere and by today's rules."""

from __future__ import annotations

import click

from perftools.cli.options import report_options

EPILOG = """\b
Examples:
  perf explain audit.json
  perf explain audit.json --json --fail-on medium

FILE was saved by perf audit -o FILE. Neither the service nor its machine is needed.
"""


@click.command(
    "explain",
    short_help="Diagnose a saved audit again.",
    epilog=EPILOG,
    context_settings={"help_option_names": ["-h", "--help"]},
)
@click.argument("file", type=click.Path())
@report_options
def command(*, file: str, as_json: bool, fail_on: str, color: str) -> int:
    """Diagnose a saved audit and print the report again."""
    from perftools import api
    from perftools.cli import outcome
    from perftools.cli import output as out

    audit = api.load(file)
    diagnosis = api.diagnose(audit)
    following = f"{outcome.command('explain', file, '--json')}  # all of it, for a program"
    out.answer(audit, diagnosis, as_json=as_json, color=color, next_commands=[following])
    return outcome.exit_code(audit, diagnosis, fail_on)
