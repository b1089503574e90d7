"""The command line: one verb a file, loaded when it is asked for.

`perftools --help` and `perftools audit --help` import nothing heavy. Errors are printed here and nowhere else: as text
on stderr, or with --json as a document on stdout.
"""

from __future__ import annotations

import os
import shlex
import signal
import sys
import threading
import traceback
from collections.abc import Sequence
from importlib import import_module
from types import FrameType

import click

from perftools import __version__
from perftools.cli.lazy import LazyGroup
from perftools.errors import PerftoolsError, UsageError

VERBS = ("audit", "explain", "recipes", "budget", "demo")
DEBUG = "PERFTOOLS_DEBUG"
"""Set, it shows the traceback of an unexpected error."""
INTERRUPTED = 130
"""128 + SIGINT, as a shell says it."""

EPILOG = """\b
Exit codes:
  0    ran, findings or not
  1    a finding at or above --fail-on
  2    wrong usage, or a bad file
  3    the service cannot be observed
  4    nothing could be judged: the service is idle
  130  a second Ctrl-C

\b
Tab completion, in bash (zsh_source and fish_source for the others):
  eval "$(_PERFTOOLS_COMPLETE=bash_source perftools)"
  eval "$(_PERF_COMPLETE=bash_source perf)"   instead of Linux perf's own, if there is one

\b
What a rule or a code of a report or an error means:
  perftools explain gc-pause
  perftools explain E-PTRACE
"""


@click.group(
    cls=LazyGroup,
    modules={verb: f"{__name__}.{verb}" for verb in VERBS},
    epilog=EPILOG,
    context_settings={"help_option_names": ["-h", "--help"]},
)
@click.version_option(__version__, prog_name="perftools", message="%(prog)s %(version)s")
def perftools() -> None:
    """Say what makes a running Python service slow, without a restart or a code change."""


def main(arguments: Sequence[str] | None = None) -> int:
    """Run `perftools` with the arguments of the command line, and return its exit code."""
    name = os.path.basename(sys.argv[0])
    return _run(perftools, "python -m perftools" if name == "__main__.py" else name, arguments)


def audit_main() -> int:
    """`perf-audit`, which Linux perf runs for `perf audit`."""
    return _run(_verb("audit"), "perf audit")


def explain_main() -> int:
    """`perf-explain`, which Linux perf runs for `perf explain`."""
    return _run(_verb("explain"), "perf explain")


def recipes_main() -> int:
    """`perf-recipes`, which Linux perf runs for `perf recipes`."""
    return _run(_verb("recipes"), "perf recipes")


def budget_main() -> int:
    """`perf-budget`, which Linux perf runs for `perf budget`."""
    return _run(_verb("budget"), "perf budget")


def demo_main() -> int:
    """`perf-demo`, which Linux perf runs for `perf demo`."""
    return _run(_verb("demo"), "perf demo")


def _verb(name: str) -> click.Command:
    command: click.Command = import_module(f"perftools.cli.{name}").command
    return command


def _run(command: click.Command, name: str, arguments: Sequence[str] | None = None) -> int:
    """Run a command; every way in which it can end becomes an exit code here."""
    given = list(sys.argv[1:] if arguments is None else arguments)
    as_json = _answers_in_json(given)
    _end_in_order()
    try:
        code = command.main(given, prog_name=name, standalone_mode=False)
    except click.UsageError as error:
        if as_json:
            return _fail(UsageError(error.format_message()), as_json=True)
        error.show()
        return error.exit_code
    except PerftoolsError as error:
        return _fail(error, as_json=as_json)
    except (KeyboardInterrupt, click.Abort):
        return INTERRUPTED
    except Exception as error:  # noqa: BLE001 (the last resort: one line instead of a traceback)
        if os.environ.get(DEBUG):
            traceback.print_exc()
        where = f"{DEBUG}=1 {name} {shlex.join(given)}  # shows where"
        return _fail(PerftoolsError(f"{type(error).__name__}: {error}", commands=(where,)), as_json=as_json)
    return code if isinstance(code, int) else 0


def _answers_in_json(given: Sequence[str]) -> bool:
    """Whether stdout is promised to hold JSON alone: by --json, or by --json - where that takes a file."""
    return "--json" in given and ("check" not in given[:2] or "-" in given)


def _fail(error: PerftoolsError, *, as_json: bool) -> int:
    from perftools.cli import output

    output.error(error, as_json=as_json)
    return error.exit_code


def _end_in_order() -> None:
    """SIGTERM and SIGHUP unwind the stack, so that whoever has children or files of his own removes them."""
    if threading.current_thread() is not threading.main_thread():
        return
    for number in (signal.SIGTERM, signal.SIGHUP):
        if signal.getsignal(number) is signal.SIG_DFL:  # nohup ignores SIGHUP, and that stands
            signal.signal(number, _exit)


def _exit(number: int, _frame: FrameType | None) -> None:
    raise SystemExit(128 + number)
