"""A loop over ids or rows, read: what it makes for each, and how that is used afterwards."""

from __future__ import annotations

import ast
import re
from collections.abc import Sequence
from typing import TYPE_CHECKING, NamedTuple

import libcst as cst

if TYPE_CHECKING:
    from perftools.rewrite.place import Place


class Source(NamedTuple):
    """The module, as LibCST has it and as ast has it."""

    place: Place
    tree: ast.Module
    tops: dict[int, cst.CSTNode]
    """Statements at module level by their last line."""

    def helper(self, name: str) -> ast.FunctionDef | None:
        """The only thing at module level that has this name, where it is a function."""
        found = [each for each in self.tree.body if getattr(each, "name", "") == name]
        return found[0] if len(found) == 1 and isinstance(found[0], ast.FunctionDef) else None


class Unfit(Exception):
    """The loop cannot be rewritten: `code` and reason as in Refusal."""

    def __init__(self, code: str, reason: str) -> None:
        super().__init__(reason)
        self.code, self.reason = code, reason


class Loop(NamedTuple):
    """`out = []`, `for id in ids: …; out.append(item)`, and a sort by score where it follows; or a comprehension."""

    first: ast.stmt
    last: ast.stmt
    id: str
    """The loop's variable: an id, or a row where it runs over all rows."""
    ids: str
    out: str
    """"return" where the list is returned at once."""
    steps: Sequence[tuple[str, ast.expr]]
    score: ast.expr
    with_id: bool
    cut: str
    """How many of the best are read afterwards; "" where all are."""


def loop_of(statement: ast.stmt) -> ast.For | ast.ListComp | None:
    """The loop over one name that this statement is, or makes a list with."""
    match statement:
        case ast.For(target=ast.Name()):
            return statement
        case (ast.Assign([ast.Name()], ast.ListComp() as made)) | ast.Return(ast.ListComp() as made):
            return made if isinstance(made.generators[0].target, ast.Name) else None
    return None


def stores_of(source: Source, top: ast.stmt, loop: ast.For | ast.ListComp) -> dict[str, list[ast.Assign]]:
    """What the loop runs over, or reads by its own variable (`rows[id]`), and where that is assigned.

    In a class `self.rows = …`, at module level `ROWS = …`.
    """
    head = loop if isinstance(loop, ast.For) else loop.generators[0]
    paths = {
        ast.unparse(each.value)
        for each in ast.walk(loop)
        if isinstance(each, ast.Subscript)
        and isinstance(each.slice, ast.Name)
        and each.slice.id == ast.unparse(head.target)
    }
    paths = paths or {ast.unparse(head.iter)}
    scope: ast.AST = top if isinstance(top, ast.ClassDef) else source.tree
    places: list[ast.AST] = list(ast.walk(scope)) if scope is top else list(source.tree.body)
    assigned: dict[str, list[ast.Assign]] = {}
    for each in places:
        if isinstance(each, ast.Assign) and len(each.targets) == 1 and ast.unparse(each.targets[0]) in paths:
            path = ast.unparse(each.targets[0])
            if re.fullmatch(r"self\.\w+" if scope is top else r"\w+", path):
                assigned.setdefault(path, []).append(each)
    return assigned


def comprehension(statement: ast.stmt, loop: ast.ListComp) -> Loop:
    """Raises Unfit."""
    if len(loop.generators) > 1 or loop.generators[0].ifs or loop.generators[0].is_async:
        raise Unfit("expression", "a comprehension with conditions or several loops")
    (generator,) = loop.generators
    if not isinstance(generator.iter, ast.Name | ast.Attribute):
        raise Unfit("iterator", "the ids must be a name: they are looked at more than once")
    variable = ast.unparse(generator.target)
    out = ast.unparse(statement.targets[0]) if isinstance(statement, ast.Assign) else "return"
    match loop.elt:
        case ast.Tuple([ast.Name(name), score]) if name == variable:
            with_id = True
        case _:
            with_id, score = False, loop.elt
    return Loop(statement, statement, variable, ast.unparse(generator.iter), out, (), score, with_id, "")


def read(function: ast.FunctionDef, at: int) -> Loop:
    """The loop, its result and how that is read afterwards. Raises Unfit."""
    statement = function.body[at]
    assert isinstance(statement, ast.For)
    assert isinstance(statement.target, ast.Name)
    if statement.orelse or not isinstance(statement.iter, ast.Name | ast.Attribute):
        raise Unfit("iterator", "the ids must be a name: they are looked at more than once")
    *before, last = statement.body
    match last:
        case ast.Expr(ast.Call(ast.Attribute(ast.Name(out), "append"), [item], [])):
            pass
        case _:
            raise Unfit("statement", "the loop does more than to append a score for each id")
    steps = []
    for each in before:
        match each:
            case ast.Assign([ast.Name(name)], value):
                steps.append((name, value))
            case _:
                raise Unfit("statement", f"a statement that cannot be run for all ids at once: `{ast.unparse(each)}`")
    match item:
        case ast.Tuple([ast.Name(name), score]) if name == statement.target.id:
            with_id = True
        case _:
            with_id, score = False, item
    first = function.body[at - 1] if at else None
    match first:
        case ast.Assign([ast.Name(made)], ast.List([])) if made == out:
            pass
        case ast.AnnAssign(ast.Name(made), value=ast.List([])) if made == out:
            pass
        case _:
            raise Unfit("statement", f"`{out} = []` does not stand right before the loop")
    assert first is not None
    written = {out, statement.target.id, *(name for name, _ in steps)}
    rest = function.body[at + 1 :]
    _check_alone(function, rest, statement, written - {out})
    cut = _cut(rest, out, written) if with_id else ""
    return Loop(
        first, rest[0] if cut else statement, statement.target.id, ast.unparse(statement.iter), out,
        steps, score, with_id, cut,
    )  # fmt: skip


def _check_alone(function: ast.FunctionDef, rest: Sequence[ast.stmt], loop: ast.For, written: set[str]) -> None:
    for each in rest:
        for name in ast.walk(each):
            if isinstance(name, ast.Name) and name.id in written and isinstance(name.ctx, ast.Load):
                bound = [x for x in ast.walk(each) if isinstance(x, ast.comprehension) and name.id in _names(x.target)]
                if not bound:
                    raise Unfit("read-after-loop", f"`{name.id}` is assigned in the loop and read after it")
    if any(isinstance(each, ast.Yield | ast.YieldFrom | ast.Await | ast.NamedExpr) for each in ast.walk(loop)):
        raise Unfit("generator", "elements are handed out lazily, or awaited")
    if any(isinstance(each, ast.Global | ast.Nonlocal) for each in ast.walk(function)):
        raise Unfit("writes-global", "the function writes names for others to see")


def _cut(rest: Sequence[ast.stmt], out: str, written: set[str]) -> str:
    """k, where the pairs are sorted by score and id and only the first k are read."""
    match rest[0] if rest else None:
        case ast.Expr(ast.Call(ast.Attribute(ast.Name(name), "sort"), [], [ast.keyword("key", ast.Lambda() as key)])):
            if name != out or len(key.args.args) != 1:
                return ""
        case _:
            return ""
    pair = key.args.args[0].arg
    if ast.unparse(key.body) != f"(-{pair}[1], {pair}[0])":
        return ""
    reads = [each for later in rest[1:] for each in ast.walk(later) if isinstance(each, ast.Name) and each.id == out]
    cuts = [
        each.slice.upper
        for later in rest[1:]
        for each in ast.walk(later)
        if isinstance(each, ast.Subscript) and isinstance(each.value, ast.Name) and each.value.id == out
        if isinstance(each.slice, ast.Slice) and each.slice.lower is None and each.slice.step is None
        if isinstance(each.ctx, ast.Load)
    ]
    limits = {ast.unparse(each) if each is not None else "" for each in cuts}
    rebound = {each.id for later in rest for each in ast.walk(later)
               if isinstance(each, ast.Name) and isinstance(each.ctx, ast.Store)}  # fmt: skip
    if not reads or len(cuts) != len(reads) or len(limits) != 1:
        return ""
    (limit,) = limits
    return limit if re.fullmatch(r"[a-z_]\w*|[1-9]\d*", limit) and limit not in rebound | written else ""


def _names(target: ast.expr) -> set[str]:
    return {each.id for each in ast.walk(target) if isinstance(each, ast.Name)}
