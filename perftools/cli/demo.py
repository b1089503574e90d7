"""`perf demo`: a slow scoring service of our own, under load, audited."""

from __future__ import annotations

import click

EPILOG = """\b
Examples:
  perf demo
  perf demo --window 10

It binds a free port of this machine's loopback interface, and leaves nothing behind, also after Ctrl-C.
"""


@click.command(
    "demo",
    short_help="Audit a slow service of our own.",
    epilog=EPILOG,
    context_settings={"help_option_names": ["-h", "--help"]},
)
@click.option("--window", "window_s", type=click.FloatRange(1, 3600), metavar="SECONDS", help="Watch exactly so long.")
def command(*, window_s: float | None) -> int:
    """Start a slow service, load it, audit it, and clean up: less than a minute."""
    from perftools import demo

    return demo.run(window_s=window_s)
