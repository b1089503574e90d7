"""Options that several verbs have."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any, TypeVar

import click

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
