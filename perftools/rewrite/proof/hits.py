"""Where a rewritten function takes its fast paths: calls put into its syntax tree that tell when it did."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from typing import NamedTuple

HIT = "__perftools_hit__"


class Counted(NamedTuple):
    """A module's tree that calls HIT(n) whenever its n-th fast path is taken."""

    tree: ast.Module
    lines: tuple[int, ...]
    """Where the fast paths stand in the rewritten text."""


def counted(before: str, after: str, function: str) -> Counted:
    """Count the fast paths of a function ("Class.method") and of the helpers that it got. Raises SyntaxError.

    A fast path is told by how perftools.rewrite.edit writes it: behind a new `if` that checks types, or that compares a
    helper's result with NotImplemented. Where there is none, the first new statement of the function counts.
    """
    tree, known = ast.parse(after), ast.parse(before)
    there = {ast.dump(each) for each in ast.walk(known) if isinstance(each, ast.stmt)}
    tests = {ast.dump(each.test) for each in ast.walk(known) if isinstance(each, ast.If)}
    functions = list(_concerned(tree, known, function))
    lines: list[int] = []
    for each in functions:
        _Guards(tests, lines).visit_body(each.body)
    if not lines:
        for each in functions[:1]:
            _first_new(each.body, there, lines)
    return Counted(ast.fix_missing_locations(tree), tuple(lines))


def _concerned(tree: ast.Module, known: ast.Module, name: str) -> Iterator[ast.FunctionDef]:
    """The function, and those new at module level that it calls, directly or not."""
    old = {each.name for each in known.body if isinstance(each, ast.FunctionDef)}
    new = {each.name: each for each in tree.body if isinstance(each, ast.FunctionDef) and each.name not in old}
    pending = [found for found in [_named(tree.body, name.split("."))] if found is not None]
    while pending:
        function = pending.pop()
        yield function
        called = {each.id for each in ast.walk(function) if isinstance(each, ast.Name)} & new.keys()
        pending += [new.pop(each) for each in sorted(called)]


def _named(body: list[ast.stmt], path: list[str]) -> ast.FunctionDef | None:
    found = None
    for each in body:
        if isinstance(each, ast.FunctionDef) and path == [each.name]:
            found = each
        elif isinstance(each, ast.ClassDef) and len(path) > 1 and each.name == path[0]:
            found = _named(each.body, path[1:])
    return found


class _Guards:
    """Puts hits behind the guards of a function."""

    def __init__(self, tests: set[str], lines: list[int]) -> None:
        self._tests = tests
        self._lines = lines

    def visit_body(self, body: list[ast.stmt]) -> None:
        for statement in list(body):
            if isinstance(statement, ast.If) and self._is_new(statement) and self._guard(statement):
                continue
            for inner in _blocks(statement):
                self.visit_body(inner)

    def _is_new(self, statement: ast.If) -> bool:
        return ast.dump(statement.test) not in self._tests

    def _guard(self, statement: ast.If) -> bool:
        """Whether it is one of ours; then the hit is in it."""
        compared = _compared_with_not_implemented(statement.test)
        if isinstance(compared, ast.Is):
            statement.orelse.insert(0, self._hit(statement))
        elif isinstance(compared, ast.IsNot):
            statement.body.insert(0, self._hit(statement))
        elif _gives_up(statement.body):
            return True
        elif _checks_type(statement.test):
            if not _before_returns(statement.body, lambda: self._hit(statement, again=True)):
                statement.body.insert(0, self._hit(statement, again=True))
            self._lines.append(statement.lineno)
        else:
            return False
        return True

    def _hit(self, at: ast.stmt, *, again: bool = False) -> ast.Expr:
        """`again`: of a path that gets its number once all of its ends are marked."""
        hit = _call(len(self._lines), at)
        if not again:
            self._lines.append(at.lineno)
        return hit


def _before_returns(body: list[ast.stmt], hit: object) -> bool:
    found = False
    for at, statement in reversed(list(enumerate(body))):
        if isinstance(statement, ast.Return):
            assert callable(hit)
            body.insert(at, hit())
            found = True
        for inner in _blocks(statement):
            found = _before_returns(inner, hit) or found
    return found


def _first_new(body: list[ast.stmt], there: set[str], lines: list[int]) -> bool:
    for at, statement in enumerate(body):
        if ast.dump(statement) not in there:
            inside = any(_first_new(inner, there, lines) for inner in _blocks(statement))
            if not inside:
                body.insert(at, _call(len(lines), statement))
                lines.append(statement.lineno)
            return True
    return False


def _call(number: int, at: ast.stmt) -> ast.Expr:
    call = ast.Call(ast.Name(HIT, ast.Load()), [ast.Constant(number)], [])
    return ast.copy_location(ast.Expr(call), at)


def _blocks(statement: ast.stmt) -> Iterator[list[ast.stmt]]:
    if isinstance(statement, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef):
        return
    for name in ("body", "orelse", "finalbody"):
        yield getattr(statement, name, [])
    for handler in getattr(statement, "handlers", []):
        yield handler.body


def _gives_up(body: list[ast.stmt]) -> bool:
    last = body[-1]
    return isinstance(last, ast.Return) and isinstance(last.value, ast.Name) and last.value.id == "NotImplemented"


def _compared_with_not_implemented(test: ast.expr) -> ast.cmpop | None:
    if isinstance(test, ast.Compare) and isinstance(test.comparators[-1], ast.Name):
        return test.ops[-1] if test.comparators[-1].id == "NotImplemented" else None
    return None


def _checks_type(test: ast.expr) -> bool:
    """Does it hold a clause `type(x) is T`?"""
    return any(
        isinstance(each, ast.Compare)
        and isinstance(each.ops[-1], ast.Is)
        and isinstance(each.left, ast.Call)
        and isinstance(each.left.func, ast.Name)
        and each.left.func.id == "type"
        for each in ast.walk(test)
    )
