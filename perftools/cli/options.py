"""Options that several verbs have."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any, TypeVar

import click

from perftools.cli import completion

Verb = TypeVar("Verb", bound=Callable[..., Any])

NEVER = "never"
LEVELS = ("info", "low", "medium", "high", NEVER)


LONGEST_WINDOW_S = 3600.0


class Seconds(click.FloatRange):
    """A window's length."""

    def __init__(self) -> None:
        super().__init__(min=1, max=LONGEST_WINDOW_S)

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> Any:
        """NaN is in no range, but no comparison says so."""
        seconds = super().convert(value, param, ctx)
        if math.isnan(seconds):
            self.fail(f"{value!r} is no length of time.", param, ctx)
        return seconds


def report_options(verb: Verb) -> Verb:
    """How the report is printed, and what makes the exit code 1."""
    for option in (
        click.option(
            "--color", type=click.Choice(["auto", "always", "never"]), default="auto", show_default=True,
            help="Colour the severities; auto: on a terminal, unless NO_COLOR is set.",
        ),
        click.option(
            "--fail-on", type=click.Choice(LEVELS), default=NEVER, show_default=True,
            help="Exit with 1 for a finding of this severity or above.",
        ),
        click.option("--json", "as_json", is_flag=True, help="Print one JSON document, and nothing else, on stdout."),
    ):  # fmt: skip
        verb = option(verb)
    return verb


def judging_options(verb: Verb) -> Verb:
    """By which rules and settings the audit is judged: what `api.settings` takes."""
    for option in (
        click.option(
            "--config", type=click.Path(), metavar="FILE",
            help="Take [tool.perftools] from FILE, not from the nearest pyproject.toml upwards of the current folder.",
        ),
        click.option(
            "--skip", multiple=True, metavar="RULE", shell_complete=completion.rules,
            help="Leave this rule out; may be given several times.",
        ),
        click.option(
            "--only", multiple=True, metavar="RULE", shell_complete=completion.rules,
            help="Judge by this rule alone; may be given several times.",
        ),
    ):  # fmt: skip
        verb = option(verb)
    return verb
