"""`perf audit`: watch a running service, and say what makes it slow."""

from __future__ import annotations

import click

from perftools.cli.options import Seconds, report_options

EPILOG = """\b
Examples:
  perf audit 4711                        a process, and the service that it belongs to
  perf audit --port 8000                 whatever listens there
  perf audit --name 'gunicorn.*scoring'  by a regular expression on the command line
  perf audit 4711 --window 60            a longer look, for a service with few requests
  perf audit 4711 -o audit.json          keep what was seen; perf explain audit.json reads it
  perf audit 4711 --json --fail-on high  for a program

Nothing is stopped or changed in the service, and no code runs in it. It should be under load.
"""


@click.command(
    "audit",
    short_help="Say what makes a service slow.",
    epilog=EPILOG,
    context_settings={"help_option_names": ["-h", "--help"]},
)
@click.argument("pid", type=click.IntRange(min=1), required=False)
@click.option("--port", type=click.IntRange(1, 65535), metavar="N", help="The service that listens on this TCP port.")
@click.option("--name", metavar="REGEX", help="The service whose command line matches.")
@click.option("--this-process", is_flag=True, help="This process alone, not the whole service that it belongs to.")
@click.option(
    "--window",
    "window_s",
    type=Seconds(),
    metavar="SECONDS",
    help="Watch exactly so long. Otherwise 20 s, from 8 s if that is enough to tell, to 40 s for want of load.",
)
@click.option("-o", "--output", type=click.Path(), metavar="FILE", help="Save what was seen (mode 0600).")
@click.option("--no-source", is_flag=True, help="Keep no source text, in the report or in FILE.")
@report_options
@click.option("-q", "--quiet", is_flag=True, help="No progress on stderr.")
def command(
    *,
    pid: int | None,
    port: int | None,
    name: str | None,
    this_process: bool,
    window_s: float | None,
    output: str | None,
    no_source: bool,
    as_json: bool,
    fail_on: str,
    color: str,
    quiet: bool,
) -> int:
    """Watch a running Python service for half a minute, and say what makes it slow.

    PID is any process or thread of it: workers, masters and launchers lead to the whole service.
    """
    from perftools.cli import auditing

    if pid is None and port is None and name is None:
        raise auditing.which_service()
    return auditing.run(
        auditing.Named(pid=pid, port=port, name=name, this_process=this_process),
        window_s=window_s,
        output=output,
        keep_source=not no_source,
        as_json=as_json,
        fail_on=fail_on,
        color=color,
        quiet=quiet,
    )
