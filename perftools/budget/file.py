"""Reads the budget file: pyproject.toml, or the same tables without their prefix in perf-budgets.toml.

    [tool.perftools.budgets]                 version = 1
    version = 1                              [[budget]]
    [[tool.perftools.budgets.budget]]        id = "score"
    id = "score"                             …

Whatever is wrong is said with the file and the line: a CI log shows no more of it.
"""

from __future__ import annotations

import datetime
import os
import re
import stat
import tomllib
from pathlib import Path, PurePath
from typing import Any, Final, cast, get_args

from perftools.budget.model import HIGHER_IS_BETTER, Budget, Budgets, Metric, Waiver
from perftools.budget.places import Place, places
from perftools.budget.table import Table
from perftools.budget.units import quantity, ratio
from perftools.errors import FileError
from perftools.finding import SEVERITIES

VERSION: Final = 1
PLAIN: Final = "perf-budgets.toml"
PROJECT: Final = "pyproject.toml"
PREFIX: Final = ("tool", "perftools", "budgets")

UNDER_LOAD: Final[frozenset[Metric]] = frozenset({"latency_p99", "throughput", "gc_pause", "findings"})
"""Metrics of a service, which has none of them without requests."""

_LARGEST_BYTES: Final = 1 << 20
_ID: Final = re.compile(r"[A-Za-z0-9][A-Za-z0-9_.-]{0,99}", re.ASCII)
_REVISION: Final = re.compile(r"[A-Za-z0-9_@][A-Za-z0-9_@./^~{}-]{0,199}", re.ASCII)
"""What git takes, and never one of its options."""

_TOP: Final = frozenset({"version", "baseline", "fail_on_inconclusive", "budget", "waiver"})
_BUDGET: Final = frozenset({"id", "target", "metric", "max_regression", "max", "min", "severity", "load", "ready"})
_WAIVER: Final = frozenset({"budget", "until", "reason"})


def load(path: Path | None, *, root: Path, today: datetime.date | None = None) -> Budgets:
    """The budgets in `path`; None looks for `PLAIN` or `PROJECT` in `root`. Paths in the result are relative to it.

    Raises FileError, whose message begins with "FILE:LINE: ", for whatever is not as it should be: an unknown key or
    metric, a wrong type, a limit that is missing or of the wrong kind, an id or a waiver twice, a waiver of no budget
    or one that ended before `today` (by default, the day in UTC).
    """
    chosen = path if path is not None else _only_one(root)
    return parse(_read(chosen, root), _shown(chosen, root), today or datetime.datetime.now(tz=datetime.UTC).date())


def parse(text: str, path: str, today: datetime.date) -> Budgets:
    """The budgets in the text of a file that is called `path`. Raises FileError like `load`."""
    document, lines = _parsed(text, path)
    prefix: Place = PREFIX if PurePath(path).name == PROJECT else ()
    values = _inside(document, prefix)
    if values is None:
        raise FileError(f"{path}:1: there is no table [{'.'.join(PREFIX)}]")
    top = Table(path, lines, prefix, values, ".".join(PREFIX) if prefix else "the file")
    top.check_keys(_TOP)
    if (version := top.integer("version")) != VERSION:
        top.fail(f"version {version} is unknown; this perftools reads version {VERSION}", "version")
    budgets = _budgets(top)
    return Budgets(
        path=path,
        baseline=top.text("baseline", "merge-base", _REVISION, '"merge-base" or a revision of git'),
        fail_on_inconclusive=top.boolean("fail_on_inconclusive"),
        budgets=budgets,
        waivers=_waivers(top, {budget.id for budget in budgets}, today),
    )


def _budgets(top: Table) -> tuple[Budget, ...]:
    found: dict[str, Budget] = {}
    for table in top.tables("budget"):
        budget = _budget(table)
        if budget.id in found:
            table.fail(f"the id {budget.id!r} is that of the budget on line {found[budget.id].line}", "id")
        found[budget.id] = budget
    if not found:
        top.fail("there is no budget: write one under [[budget]]")
    return tuple(found.values())


def _budget(table: Table) -> Budget:
    table.check_keys(_BUDGET)
    name = table.text("id", None, _ID, "of letters, digits, '_', '.' and '-'")
    metric = cast("Metric", table.one_of("metric", None, get_args(Metric)))
    budget = Budget(
        id=name,
        target=table.text("target", None),
        metric=metric,
        max_regression=table.optional("max_regression", ratio),
        max=table.optional("max", lambda written: quantity(written, metric)),
        min=table.optional("min", lambda written: quantity(written, metric)),
        severity=table.one_of("severity", "medium", SEVERITIES),
        load=table.optional_text("load"),
        ready=table.optional_text("ready"),
        path=table.path,
        line=table.line(),
    )
    _check_limits(table, budget)
    return budget


def _check_limits(table: Table, budget: Budget) -> None:
    metric = budget.metric
    unfit, fit = ("max", "min") if metric in HIGHER_IS_BETTER else ("min", "max")
    if unfit in table.values:
        better = "more" if metric in HIGHER_IS_BETTER else "less"
        table.fail(f"{unfit} is no limit of {metric}, of which {better} is better; write {fit}", unfit)
    if metric == "findings":
        if "max_regression" in table.values:
            table.fail("findings are counted, not compared; write max = 0", "max_regression")
    elif "severity" in table.values:
        table.fail("severity goes with the metric findings alone", "severity")
    if not {"max_regression", fit} & table.values.keys():
        ways = fit if metric == "findings" else f"max_regression or {fit}"
        table.fail(f"the budget {budget.id!r} has no limit; write {ways}")
    if metric in HIGHER_IS_BETTER and (budget.max_regression or 0) >= 1:
        table.fail(f"{metric} cannot fall by more than 100 %", "max_regression")
    if metric in UNDER_LOAD and budget.load is None:
        table.fail(f"{metric} needs requests; write load, the command that makes them")
    if budget.ready is not None and not budget.ready.startswith(("http://", "https://")):
        table.fail('ready is to be a URL, such as "http://127.0.0.1:8000/health"', "ready")


def _waivers(top: Table, ids: set[str], today: datetime.date) -> tuple[Waiver, ...]:
    found: dict[str, Waiver] = {}
    for table in top.tables("waiver"):
        table.check_keys(_WAIVER)
        waiver = Waiver(
            budget=table.text("budget", None),
            until=table.day("until"),
            reason=table.text("reason", None),
            path=table.path,
            line=table.line(),
        )
        if waiver.budget not in ids:
            table.fail(f"there is no budget {waiver.budget!r} to waive", "budget")
        if waiver.budget in found:
            table.fail(f"{waiver.budget!r} is waived on line {found[waiver.budget].line} already", "budget")
        if waiver.until < today:
            table.fail(
                f"the waiver of {waiver.budget!r} ended on {waiver.until}; meet the budget or prolong it", "until"
            )
        found[waiver.budget] = waiver
    return tuple(found.values())


def _inside(document: object, prefix: Place) -> object:
    for name in prefix:
        document = document.get(name) if isinstance(document, dict) else None
    return document


def _only_one(root: Path) -> Path:
    """The file in `root` that holds budgets. Raises FileError where none does, or two."""
    plain, project = root / PLAIN, root / PROJECT
    written = project.exists() and _inside(_parsed(_read(project, root), PROJECT)[0], PREFIX) is not None
    if plain.exists() and written:
        raise FileError(f"{PLAIN}:1: there are budgets in {PROJECT} too; keep those of one file")
    if not plain.exists() and not written:
        raise FileError(
            f"{PLAIN}:1: there are no budgets, neither here nor in {PROJECT}", commands=("perf-budget init",)
        )
    return project if written else plain


def _parsed(text: str, path: str) -> tuple[dict[str, Any], dict[Place, int]]:
    """The document, and the line of each of its parts."""
    try:
        return tomllib.loads(text), places(text)
    except RecursionError:
        raise FileError(f"{path}:1: nested too deeply") from None
    except ValueError as error:  # a TOMLDecodeError, or an integer of too many digits
        said = str(error)
    where = re.search(r" ?\(at (?:line (\d+), column \d+|end of document)\)$", said)
    if where is None:
        raise FileError(f"{path}:1: {said}")
    line = int(where[1]) if where[1] else 1 + text.rstrip().count("\n")
    raise FileError(f"{path}:{line}: {said[: where.start()]}")


def _read(path: Path, root: Path) -> str:
    shown = _shown(path, root)
    try:
        with open(path, "rb", opener=_without_waiting) as file:
            if not stat.S_ISREG(os.fstat(file.fileno()).st_mode):
                raise FileError(f"{shown}:1: is no ordinary file")
            content = file.read(_LARGEST_BYTES + 1)
    except OSError as error:
        raise FileError(f"{shown}:1: cannot be read: {error.strerror}") from error
    if len(content) > _LARGEST_BYTES:
        raise FileError(f"{shown}:1: is larger than {_LARGEST_BYTES >> 20} MB")
    try:
        return content.decode("utf-8")
    except UnicodeDecodeError as error:
        line = 1 + content.count(b"\n", 0, error.start)
        raise FileError(f"{shown}:{line}: is not UTF-8") from None


def _without_waiting(path: str, flags: int) -> int:
    """A pipe is opened like a file, and then told from one."""
    return os.open(path, flags | os.O_NONBLOCK)


def _shown(path: Path, root: Path) -> str:
    try:
        return str(path.absolute().relative_to(root.absolute()))
    except ValueError:
        return str(path)
