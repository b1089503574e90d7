"""What is known of a case: the causes to be found, and how to start and load it.

`label.toml` of a case:

    kind = "faulty"                        # or "healthy": no finding of low or above is right
    note = "why it is labelled so"
    python = "3.9"                         # left out: the Python that runs the suite
    needs = ["numpy"]                      # distributions beyond the standard library
    command = ["{python}", "app.py"]       # the default; {port} is a free port, also in the environment as PORT
    ready = "port"                         # "port": accepts connections (default with a load), "line": has printed one

    [load]                                 # left out: the case feeds itself
    method = "POST"
    path = "/score/{int 0 999}"            # generators in braces, see load.py
    body = '{"ids": ["$repeat 40", "$int 0 9999"]}'
    rate = 20                              # requests a second
    concurrency = 4                        # connections

    [[cause]]                              # one for each cause of a faulty case
    rule = "list-hot-path"
    file = "features.py"                   # default app.py
    function = "Scorer.score"              # the enclosing named function, or "<module>"
    marker = "for w, x in zip("            # stands in the file once: first line of the loop or call to change
    also = [{ file = "app.py", function = "rank", marker = "…" }]   # other places that are as right
    optional = false                       # true: a lesser matter, right to name and right to leave out
"""

from __future__ import annotations

import ast
import tomllib
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from fnmatch import fnmatchcase
from pathlib import Path
from typing import Any, Literal

RULES = ("list-hot-path", "pandas-hot-path")
SETS = Path(__file__).parent / "sets"
_FUNCTIONS = (ast.FunctionDef, ast.AsyncFunctionDef)
_LOOPS = (ast.For, ast.AsyncFor, ast.While)


class LabelError(Exception):
    """A label contradicts its case."""


@dataclass(frozen=True)
class Place:
    """Lines of a case: the loop that begins on the marker's line, else the statement that the marker stands in."""

    file: str
    function: str
    line: int
    first_line: int
    end_line: int
    endless: tuple[int, ...] = ()
    """Lines of the `while` loops around it in the same function: the worker's own loops, too far out to be right."""


@dataclass(frozen=True)
class Cause:
    """One thing to be found; every place is as right as the first."""

    rule: str
    places: tuple[Place, ...]
    optional: bool = False
    """Counted neither in recall nor in precision."""


@dataclass(frozen=True)
class Load:
    """Requests to send; see load.py."""

    path: str
    rate: float
    method: str = "GET"
    body: str | None = None
    concurrency: int = 4


@dataclass(frozen=True)
class Case:
    """A labelled service."""

    name: str
    set: str
    folder: Path
    kind: Literal["faulty", "healthy"]
    note: str
    causes: tuple[Cause, ...]
    python: str | None
    needs: tuple[str, ...]
    command: tuple[str, ...]
    ready: Literal["port", "line"]
    load: Load | None

    @property
    def needed(self) -> int:
        """How many causes are to be found."""
        return sum(not cause.optional for cause in self.causes)


def cases(sets: Sequence[str] = (), pattern: str = "*") -> list[Case]:
    """The cases of these sets (all sets if none is named) whose name matches the glob, in the order of their names."""
    folders = sorted(SETS / name for name in sets) if sets else sorted(path for path in SETS.iterdir() if path.is_dir())
    return [
        read(label.parent)
        for folder in folders
        for label in sorted(folder.glob("*/label.toml"))
        if fnmatchcase(label.parent.name, pattern)
    ]


def read(folder: Path) -> Case:
    """The case in this folder. Raises LabelError where label and source do not fit together."""
    label = tomllib.loads((folder / "label.toml").read_text(encoding="utf-8"))
    try:
        causes = tuple(
            Cause(
                cause["rule"],
                tuple(place(folder, at) for at in (cause, *cause.get("also", ()))),
                cause.get("optional", False),
            )
            for cause in label.get("cause", ())
        )
        case = Case(
            name=folder.name,
            set=folder.parent.name,
            folder=folder,
            kind=label["kind"],
            note=label["note"],
            causes=causes,
            python=label.get("python"),
            needs=tuple(label.get("needs", ())),
            command=tuple(label.get("command", ("{python}", "app.py"))),
            ready=label.get("ready", "port" if "load" in label else "line"),
            load=Load(**label["load"]) if "load" in label else None,
        )
    except (KeyError, TypeError, LabelError) as error:
        raise LabelError(f"{folder.parent.name}/{folder.name}: {error}") from error
    if (
        case.kind not in ("faulty", "healthy")
        or (case.kind == "faulty") != bool(case.needed)
        or (case.kind == "healthy" and causes)
    ):
        raise LabelError(f"{case.set}/{case.name}: a faulty case has causes, a healthy one has none")
    if any(cause.rule not in RULES for cause in causes):
        raise LabelError(f"{case.set}/{case.name}: unknown rule")
    return case


def place(folder: Path, at: Mapping[str, Any]) -> Place:
    """The lines that a marker marks. Raises LabelError when it is not unique or stands in another function."""
    file = at.get("file", "app.py")
    text = (folder / file).read_text(encoding="utf-8")
    if text.count(at["marker"]) != 1:
        raise LabelError(f"marker {at['marker']!r} stands {text.count(at['marker'])} times in {file}")
    line = text[: text.index(at["marker"])].count("\n") + 1
    function: list[str] = []
    statement: ast.stmt | None = None
    loops: list[ast.While] = []
    for node in _statements_at(ast.parse(text), line):
        if isinstance(node, (*_FUNCTIONS, ast.ClassDef)):
            function.append(node.name)
            loops = []
        elif isinstance(node, ast.While) and node.lineno != line:
            loops.append(node)
        statement = node
        if isinstance(node, _LOOPS) and node.lineno == line:
            break
    name = ".".join(function) or "<module>"
    if name != at["function"]:
        raise LabelError(f"marker {at['marker']!r} stands in {name}, not in {at['function']}")
    is_whole = statement is not None and (
        not hasattr(statement, "body") or (isinstance(statement, _LOOPS) and statement.lineno == line)
    )
    first, end = (statement.lineno, statement.end_lineno or line) if statement and is_whole else (line, line)
    return Place(file, name, line, first, end, tuple(loop.lineno for loop in loops))


def _statements_at(tree: ast.Module, line: int) -> Iterator[ast.stmt]:
    """The statements around a line, outermost first."""
    body: list[ast.AST] = list(tree.body)
    while body:
        around = [node for node in body if _first_line(node) <= line <= (getattr(node, "end_lineno", None) or 0)]
        if not around:
            return
        if isinstance(around[0], ast.stmt):
            yield around[0]
        body = [node for node in ast.iter_child_nodes(around[0]) if isinstance(node, (ast.stmt, ast.ExceptHandler))]


def _first_line(node: ast.AST) -> int:
    decorators: list[ast.expr] = getattr(node, "decorator_list", [])
    return min([getattr(node, "lineno", 0), *(decorator.lineno for decorator in decorators)])
