"""`perf demo`: a slow scoring service of our own, under load, audited."""

from __future__ import annotations

import click

from perftools.cli.options import Seconds

EPILOG = """\b
Examples:
  perf demo
  perf demo --window 10

It binds a free port of this machine's loopback interface, and leaves nothing behind, also after Ctrl-C.
"""
NEXT = "audit PID  # a service of yours; without PID it lists those that run here"
LONGEST_S = 120
"""More than a window without --window can take, with all around it."""


@click.command(
    "demo",
    short_help="Audit a slow service of our own.",
    epilog=EPILOG,
    context_settings={"help_option_names": ["-h", "--help"]},
)
@click.option("--window", "window_s", type=Seconds(), metavar="SECONDS", help="Watch exactly so long.")
def command(*, window_s: float | None) -> int:
    """Start a slow service, load it, audit it, and clean up: less than a minute."""
    from perftools import api, demo
    from perftools import target as targets
    from perftools.cli import outcome
    from perftools.cli import output as out
    from perftools.cli.progress import progress
    from perftools.errors import NoRight

    click.echo("starting a small scoring service of ours, and load for it", err=True)
    with demo.service_under_load(seconds=LONGEST_S + (window_s or 0)) as service:
        what = f"each scores {demo.CANDIDATES} candidates, with vectors in Python lists"
        click.echo(f"pid {service.pid} gets {service.rate_hz:.0f} requests/s: {what}", err=True)
        try:
            target = targets.find(pid=service.pid)
            targets.preflight(target)
        except NoRight as refused:
            # By the time that the user types it this pid is gone; with the same rights the demo can be had again.
            commands = tuple(command.replace(f"audit {service.pid}", "demo") for command in refused.commands)
            raise NoRight(refused.message, looked_at=refused.looked_at, commands=commands) from None
        with progress(target, window_s, quiet=False) as shown:
            audit = api.audit(target, window_s=window_s, progress=shown)
    diagnosis = api.diagnose(audit)
    out.answer(audit, diagnosis, as_json=False, next_commands=(f"{outcome.program()} {NEXT}",))
    click.echo("The demo's service and its load have ended.", err=True)
    return outcome.exit_code(audit, diagnosis, fail_on="never")
