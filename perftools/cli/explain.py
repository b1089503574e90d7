"""`perf explain`: what a saved audit means, by today's rules, and what a rule or a code means. Anywhere, offline."""

from __future__ import annotations

import re
import shutil
import sys
from typing import TYPE_CHECKING

import click

from perftools.cli import completion, history
from perftools.cli.options import judging_options, report_options
from perftools.errors import FileError, UsageError

if TYPE_CHECKING:
    from perftools.handbook import Page

EPILOG = """\b
Examples:
  perf explain audit.json
  perf explain audit.json --json --fail-on medium
  perf explain --last                    the latest of the audits that were made here
  perf explain --last 2                  the one before it
  perf explain gc-pause                  what a rule looks for, and what to do
  perf explain E-PTRACE                  what a code means, and what to do

A file was saved by perf audit -o FILE. Neither the service nor its machine is needed. A file that has the name of a
rule or code is meant by ./NAME.
"""
_NAME = re.compile(r"[A-Za-z][A-Za-z-]*")


@click.command(
    "explain",
    short_help="Diagnose a saved audit again; explain a rule or a code.",
    epilog=EPILOG,
    context_settings={"help_option_names": ["-h", "--help"]},
)
@click.argument(
    "what", type=click.Path(), metavar="[FILE|RULE|CODE]", required=False, shell_complete=completion.explained
)
@click.option(
    "--last", type=click.IntRange(1, history.KEPT), is_flag=False, flag_value=1, metavar="[N]",
    help="The latest audit that was made on this machine, or the Nth latest.",
)  # fmt: skip
@judging_options
@report_options
def command(
    *,
    what: str | None,
    last: int | None,
    only: tuple[str, ...],
    skip: tuple[str, ...],
    config: str | None,
    as_json: bool,
    fail_on: str,
    color: str,
) -> int:
    """Diagnose a saved audit and print the report again, or print the page of a rule or a code."""
    if (what is None) == (last is None):
        raise UsageError("say what to explain: FILE, --last, RULE or CODE", commands=(*_suggestions(),))
    if what is not None and _NAME.fullmatch(what):
        page = _page(what)
        if page is not None:
            return _print(page, as_json=as_json, color=color)
    from perftools import api
    from perftools.cli import outcome
    from perftools.cli import output as out

    file = what if what is not None else _kept(last or 1)
    settings = api.settings(config, only=only, skip=skip)
    audit = api.load(file)
    diagnosis = api.diagnose(audit, settings)
    following = f"{outcome.command('explain', file, '--json')}  # all of it, for a program"
    out.answer(audit, diagnosis, as_json=as_json, color=color, next_commands=[following])
    return outcome.exit_code(audit, diagnosis, fail_on)


def _page(name: str) -> Page | None:
    """The page of this name; None where a file is meant. Raises FileError where neither is there."""
    import os

    from perftools import handbook

    page = handbook.find(name)
    if page is None and not os.path.lexists(name):
        from perftools.config import near

        raise FileError(f"there is no file {name}, and no rule or code of this name{near(name, handbook.names())}")
    return page


def _print(page: Page, *, as_json: bool, color: str) -> int:
    from perftools import __version__
    from perftools.cli import output as out

    if as_json:
        import json

        document = {"schema": "perftools.page/1", "tool": f"perftools {__version__}", **page._asdict()}
        out.write(json.dumps(document, indent=1) + "\n")
        return 0
    from perftools.report import prose

    text = prose.render(
        page.name,
        page.title,
        page.text,
        width=shutil.get_terminal_size((out.PIPE_COLUMNS, 24)).columns,
        colour=out.coloured(sys.stdout, color),
        unicode=out.unicode(sys.stdout),
    )
    out.write(text)
    return 0


def _kept(last: int) -> str:
    """The path of the audit that is the `last`th latest. Raises FileError."""
    from perftools.cli import outcome

    try:
        folder, paths = history.folder(), history.kept()
    except OSError as error:
        raise FileError(f"the audits that were kept cannot be read: {error.strerror}: {error.filename}") from error
    if last > len(paths):
        there = f"{len(paths)} audits are" if len(paths) != 1 else "one audit is"
        again = f"{outcome.command('audit')}  # lists the services"
        raise FileError(f"{there} kept in {folder}", looked_at={"asked for": last}, commands=(again,))
    return paths[last - 1]


def _suggestions() -> list[str]:
    from perftools.cli import outcome

    examples = ("--last", "the latest audit that was made here"), ("gc-pause", "a rule"), ("E-PTRACE", "a code")
    return [f"{outcome.command('explain', words)}  # {what}" for words, what in examples]
