"""What in a project could have a budget: tests with the marker or a benchmark fixture, and pyperf scripts.

The files are read and parsed, never run.
"""

from __future__ import annotations

import os
import re
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Final, NamedTuple, get_args

from perftools.budget.model import Metric

if TYPE_CHECKING:
    import libcst as cst

FIXTURES: Final = frozenset({"perf_budget", "benchmark"})
_MARKER: Final = "mark.perf_budget"
_WRITTEN: Final = ("metric", "max", "min", "max_regression")

_MOST_FILES: Final = 20_000
_LARGEST_BYTES: Final = 1 << 20
_SKIPPED: Final = frozenset("build dist node_modules site-packages venv __pycache__".split())
_TEST_FILE: Final = re.compile(r"test_.*\.py|.*_test\.py")
_TEST: Final = re.compile(r"perf_budget|\bbenchmark\b")
_SCRIPT: Final = re.compile(r"^\s*(?:import pyperf|from pyperf import)\b", re.MULTILINE)
_RUNNER: Final = re.compile(r"\bRunner\(")
"""Both stand in every script of pyperf (pyperf 2.10, "Runner class")."""


class Candidate(NamedTuple):
    """Something to write a budget for."""

    target: str
    """As in a budget file: "tests/test_speed.py::test_score"."""
    name: str
    """What a budget of it may be called: "score"."""
    limits: dict[str, str]
    """What its marker says: metric, max, min, max_regression; as it is written there."""


def candidates(root: Path) -> list[Candidate]:
    """All in `root`, by their path; no hidden folder, virtual environment or build is looked into."""
    found: list[Candidate] = []
    for path in _files(root):
        target = path.relative_to(root).as_posix()
        text = _text(path)
        if not target.isprintable() or text is None:
            continue
        if _TEST_FILE.fullmatch(path.name):
            found += _tests(text, target) if _TEST.search(text) else ()
        elif _SCRIPT.search(text) and _RUNNER.search(text):
            found.append(Candidate(target, path.stem.removeprefix("bench_"), {}))
    return found


def _files(root: Path) -> Iterator[Path]:
    left = _MOST_FILES
    for folder, folders, files in os.walk(root):
        here = Path(folder)
        folders[:] = sorted(
            name
            for name in folders
            if not name.startswith(".") and name not in _SKIPPED and not (here / name / "pyvenv.cfg").exists()
        )
        for name in sorted(files):
            if name.endswith(".py") and (left := left - 1) >= 0:
                yield here / name


def _text(path: Path) -> str | None:
    try:
        if path.is_symlink() or not path.is_file() or path.stat().st_size > _LARGEST_BYTES:
            return None
        return path.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError):
        return None


def _tests(text: str, path: str) -> Iterator[Candidate]:
    import libcst as cst

    try:
        module = cst.parse_module(text)
    except cst.ParserSyntaxError:
        return
    for statement in module.body:
        if isinstance(statement, cst.FunctionDef):
            yield from _test(statement, module, path)
        elif isinstance(statement, cst.ClassDef) and statement.name.value.startswith("Test"):
            for inner in statement.body.body:
                if isinstance(inner, cst.FunctionDef):
                    yield from _test(inner, module, f"{path}::{statement.name.value}")


def _test(function: cst.FunctionDef, module: cst.Module, path: str) -> Iterator[Candidate]:
    name = function.name.value
    if not name.startswith("test"):
        return
    markers = [each.decorator for each in function.decorators if _MARKER in module.code_for_node(each.decorator)]
    parameters = {parameter.name.value for parameter in function.params.params}
    if markers or parameters & FIXTURES:
        limits = _limits(markers[0]) if markers else {}
        yield Candidate(f"{path}::{name}", name.removeprefix("test").strip("_") or name, limits)


def _limits(marker: cst.BaseExpression) -> dict[str, str]:
    """The marker's arguments that are written as strings; the file's own check says what is wrong with one."""
    import libcst as cst

    if not isinstance(marker, cst.Call):
        return {}
    found: dict[str, str] = {}
    for argument in marker.args:
        key = argument.keyword.value if argument.keyword is not None else ""
        if key in _WRITTEN and isinstance(argument.value, cst.SimpleString | cst.ConcatenatedString):
            value = argument.value.evaluated_value
            if isinstance(value, str) and value.isprintable():
                found[key] = value
    if found.get("metric", "cpu_time") not in get_args(Metric):
        del found["metric"]
    return found
