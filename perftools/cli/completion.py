"""What Tab offers. It must answer at once: nothing is imported here that is not needed."""

from __future__ import annotations

import re
from collections.abc import Iterator

import click
from click.shell_completion import CompletionItem

_WORD = re.compile(r"[\w./:@-]{3,}")
"""What means the same to a shell and in a regular expression, near enough."""
_ID = re.compile(r'^id = "([a-z-]+)"$', re.MULTILINE)


def pids(context: click.Context, parameter: click.Parameter, incomplete: str) -> list[CompletionItem]:  # noqa: ARG001 (click's signature)
    """The pids of services, each with what it runs; for a part of a name, the pids that go with it."""
    return [
        CompletionItem(str(pid), help=title)
        for pid, title in _services()
        if str(pid).startswith(incomplete) or incomplete.lower() in title.lower()
    ]


def names(context: click.Context, parameter: click.Parameter, incomplete: str) -> list[CompletionItem]:  # noqa: ARG001 (click's signature)
    """The words of each service's command line that no other service has."""
    titles = [title for _, title in _services()]
    return [
        CompletionItem(word, help=title)
        for title in titles
        for word in dict.fromkeys(_words(title))
        if word.startswith(incomplete) and sum(word in other for other in titles) == 1
    ]


def rules(context: click.Context, parameter: click.Parameter, incomplete: str) -> list[CompletionItem]:  # noqa: ARG001 (click's signature)
    """Our own rules."""
    return [CompletionItem(name) for name in _rules() if name.startswith(incomplete)]


def explained(context: click.Context, parameter: click.Parameter, incomplete: str) -> list[CompletionItem]:
    """Rules and codes; files, where none is meant."""
    from perftools.handbook import codes

    found = [name for name in (*_rules(), *codes()) if name.lower().startswith(incomplete.lower())]
    files = click.Path().shell_complete(
        context, parameter, incomplete
    )  # first: the shell drops what stands before them
    return [*files, *map(CompletionItem, found)]


def _services() -> list[tuple[int, str]]:
    from perftools.target import candidates

    return [(candidate.pid, candidate.title) for candidate in candidates()]


def _words(title: str) -> Iterator[str]:
    """What stands behind the program and is no option."""
    for word in title.split()[1:]:
        bare = word.strip("[]").removeprefix("…/")
        if _WORD.fullmatch(bare) and not bare.startswith("-"):
            yield bare


def _rules() -> list[str]:
    """From the text of their modules: to import them takes longer than one waits for a completion."""
    from pathlib import Path

    import perftools

    modules = (Path(perftools.__file__).parent / "detect").glob("*.py")
    found = (_ID.search(module.read_text(encoding="utf-8")) for module in modules)
    return sorted(match[1] for match in found if match)
