"""Where the verdicts go: stdout, the files that were asked for, and what GitHub Actions reads."""

from __future__ import annotations

import os
import shutil
import sys
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

from perftools.cli import outcome
from perftools.cli import output as out
from perftools.cli.files import check_writable
from perftools.errors import OutputUnwritable

if TYPE_CHECKING:
    from perftools.budget.report.document import Document

STDOUT = "-"
SUMMARY = "GITHUB_STEP_SUMMARY"
"""The file whose Markdown a step's page shows (docs.github.com, "Workflow commands", "Adding a job summary")."""
ACTIONS = "GITHUB_ACTIONS"
"""Always "true" there (docs.github.com, "Variables reference")."""
WORKSPACE = "GITHUB_WORKSPACE"
"""The repository's folder, to which the paths of annotations are relative."""


class Outputs(NamedTuple):
    """What was asked for."""

    json: str | None
    markdown: str | None
    junit: str | None
    github: bool
    color: str

    def check(self) -> None:
        """Raise OutputUnwritable for a file that cannot be written: before minutes of measuring, not after them."""
        for name, path in (("json", self.json), ("markdown", self.markdown), ("junit", self.junit)):
            if path is not None and (name, path) != ("json", STDOUT):
                check_writable(path, again=outcome.command("budget", "check"), option=f"--{name}")

    def write(self, found: Document, root: Path) -> None:
        """Print the verdicts, and write every file. Raises OutputUnwritable, after all that could be written was."""
        from perftools.budget.report import document, github, junit, markdown

        as_json = document.render(found)
        table = markdown.render(found.verdicts, notes=found.notes)
        out.write(as_json if self.json == STDOUT else self._text(found))
        if self.github or os.environ.get(ACTIONS) == "true":
            lines = github.render(found.verdicts, folder=_folder(root))
            if self.json == STDOUT:
                sys.stderr.write(lines)
            else:
                out.write(lines)
        if summary := os.environ.get(SUMMARY):
            _append(summary, table)
        wanted = (
            (None if self.json == STDOUT else self.json, as_json),
            (self.markdown, table),
            (self.junit, junit.render(found.verdicts, notes=found.notes)),
        )
        failed = [_written(path, text) for path, text in wanted if path is not None]
        for failure in filter(None, failed):
            raise failure

    def _text(self, found: Document) -> str:
        from perftools.budget.report import text, words

        worst = words.ordered(found.verdicts)[0]
        following = None
        if worst.status not in ("pass", "waived"):
            following = f"{outcome.command('budget', 'explain', worst.budget.id)}  # what it means, how it is measured"
        return text.render(
            found.verdicts,
            width=shutil.get_terminal_size((out.PIPE_COLUMNS, 24)).columns,
            colour=out.coloured(sys.stdout, self.color),
            unicode=out.unicode(sys.stdout),
            notes=found.notes,
            next_command=following,
        )


def _folder(root: Path) -> str:
    """Of the budgets, relative to the repository; "" where it is that, or is not known."""
    workspace = os.environ.get(WORKSPACE)
    if not workspace or not root.resolve().is_relative_to(Path(workspace).resolve()):
        return ""
    return root.resolve().relative_to(Path(workspace).resolve()).as_posix()


def _append(path: str, text: str) -> None:
    """The summary is a service to the reader: where it cannot be written, that is said, and the verdict stands."""
    try:
        with Path(path).open("a", encoding="utf-8") as stream:
            stream.write(text)
    except OSError as error:
        sys.stderr.write(f"cannot write the step summary: {error.strerror}\n")


def _written(path: str, text: str) -> OutputUnwritable | None:
    try:
        Path(path).write_text(text, encoding="utf-8")
    except OSError as error:
        return OutputUnwritable(f"cannot write {path}: {error.strerror}")
    return None
