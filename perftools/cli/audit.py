"""`perf audit`: watch a running service, and say what makes it slow."""

from __future__ import annotations

import click

from perftools.cli import completion
from perftools.cli.options import Seconds, judging_options, report_options

EPILOG = """\b
Examples:
  perf audit                             the Python services that there are, and which of them you may audit
  perf audit 4711                        a process, and the service that it belongs to
  perf audit 4711 --dry-run              what would be read, by which right and at what cost; nothing is attached
  perf audit --port 8000                 whatever listens there
  perf audit --name 'gunicorn.*scoring'  by a regular expression on the command line
  perf audit 4711 --window 60            a longer look, for a service with few requests
  perf audit 4711 -o audit.json          keep what was seen; perf explain audit.json reads it
  perf audit 4711 --only gc-pause        judge by one rule
  perf audit 4711 --memory               what it allocates, too: runs memray in a worker for 5 s
  perf audit 4711 --json --fail-on high  for a program

Nothing is stopped or changed in the service, and no code runs in it, unless --memory asks for it. It should be under
load.

The last ten audits are kept: perf explain --last shows the latest again.
"""


@click.command(
    "audit",
    short_help="Say what makes a service slow.",
    epilog=EPILOG,
    context_settings={"help_option_names": ["-h", "--help"]},
)
@click.argument("pid", type=click.IntRange(min=1), required=False, shell_complete=completion.pids)
@click.option("--port", type=click.IntRange(1, 65535), metavar="N", help="The service that listens on this TCP port.")
@click.option(
    "--name", metavar="REGEX", help="The service whose command line matches.", shell_complete=completion.names
)
@click.option("--this-process", is_flag=True, help="This process alone, not the whole service that it belongs to.")
@click.option("--dry-run", is_flag=True, help="Say what an audit would read, by which right and at what cost.")
@click.option(
    "--window",
    "window_s",
    type=Seconds(),
    metavar="SECONDS",
    help="Watch exactly so long. Otherwise 20 s, from 8 s if that is enough to tell, to 40 s for want of load.",
)
@click.option(
    "--memory",
    is_flag=True,
    help="Then let memray into the busiest worker for 5 s. Runs code in it, and stops it twice for about 0.1 to 0.5 s.",
)
@click.option("-o", "--output", type=click.Path(), metavar="FILE", help="Save what was seen (mode 0600).")
@click.option("--no-save", is_flag=True, help="Do not keep it among the last ten audits either.")
@click.option("--no-source", is_flag=True, help="Keep no source text, in the report or in what is saved.")
@judging_options
@report_options
@click.option("-q", "--quiet", is_flag=True, help="No progress on stderr.")
def command(
    *,
    pid: int | None,
    port: int | None,
    name: str | None,
    this_process: bool,
    dry_run: bool,
    window_s: float | None,
    memory: bool,
    output: str | None,
    no_save: bool,
    no_source: bool,
    only: tuple[str, ...],
    skip: tuple[str, ...],
    config: str | None,
    as_json: bool,
    fail_on: str,
    color: str,
    quiet: bool,
) -> int:
    """Watch a running Python service for half a minute, and say what makes it slow.

    PID is any process or thread of it: workers, masters and launchers lead to the whole service. Without one, the
    services that there are.
    """
    from perftools.cli import auditing, dry_running, listing

    if pid is None and port is None and name is None:
        return listing.run(as_json=as_json, color=color)
    from perftools import api

    settings = api.settings(config, only=only, skip=skip)  # what is wrong with it is found before the window
    named = auditing.Named(pid=pid, port=port, name=name, this_process=this_process)
    if dry_run:
        return dry_running.run(named, memory=memory, as_json=as_json, color=color)
    return auditing.run(
        named,
        window_s=window_s,
        memory=memory,
        output=output,
        keep=not no_save,
        keep_source=not no_source,
        settings=settings,
        as_json=as_json,
        fail_on=fail_on,
        color=color,
        quiet=quiet,
    )
