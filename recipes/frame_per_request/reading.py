"""What the recipe reads of a method: how the frame is made and scored, and what it is for afterwards."""

from __future__ import annotations

import ast
from collections.abc import Sequence
from typing import TYPE_CHECKING, NamedTuple

from perftools.rewrite import frames

from .batched import Unfit

if TYPE_CHECKING:
    from perftools.rewrite.place import Place

_CHANGES = frozenset("append extend insert remove pop clear sort reverse update setdefault popitem".split())


class Found(NamedTuple):
    """Two statements: the frame made of stored rows, and its new column."""

    made: ast.Assign
    applied: ast.Assign
    frame: str
    store: str
    ids: ast.expr
    column: str
    function: ast.expr


class Selection(NamedTuple):
    """The statement that keeps the first rows of the frame in an order."""

    statement: ast.Assign
    name: str
    keys: list[str]
    descending: set[str]
    k: ast.expr
    read: list[str]
    """The columns of which lists are made."""

    @property
    def columns(self) -> list[str]:
        return list(dict.fromkeys([*self.keys, *self.read]))


def found_in(place: Place, first: ast.stmt, second: ast.stmt) -> Found | None:
    match first, second:
        case (
            ast.Assign([ast.Name(frame)], ast.Call(made, [ast.ListComp(element, [loop])], [])),
            ast.Assign(
                [ast.Subscript(ast.Name(again), ast.Constant(str() as column))],
                ast.Call(ast.Attribute(ast.Name(applied), "apply"), [function], [ast.keyword("axis", ast.Constant(1))]),
            ),
        ) if frame == again == applied:
            pass
        case _:
            return None
    match element, loop:
        case (
            ast.Subscript(ast.Attribute(ast.Name("self"), store), ast.Name(number)),
            ast.comprehension(ast.Name(target), ids, [], 0),
        ) if number == target:
            known = frames.qualified_names(place).get(ast.unparse(made)) == "pandas.DataFrame"
            return Found(first, second, frame, f"self.{store}", ids, column, function) if known else None
    return None


def made_of(top: ast.ClassDef, method: ast.FunctionDef, store: str) -> ast.Assign | ast.AnnAssign:
    """The statement of the constructor that makes the rows. Raises Unfit where others do, or change them."""
    found: list[ast.Assign | ast.AnnAssign] = []
    for each in ast.walk(top):
        changed: ast.expr | None = None
        match each:
            case ast.Assign(targets) if any(ast.unparse(target) == store for target in targets):
                found.append(each)
            case ast.AnnAssign(target, _, value) if ast.unparse(target) == store and value is not None:
                found.append(each)
            case ast.Subscript(base, _, ast.Store() | ast.Del()):
                changed = base
            case ast.Call(ast.Attribute(base, name)) if name in _CHANGES:
                changed = base
            case ast.AugAssign(target):
                changed = target
        while isinstance(changed, ast.Subscript):
            changed = changed.value
        if changed is not None and ast.unparse(changed) == store:
            raise Unfit(each, "store-changes", f"`{store}` is changed here: its columns would not follow")
    constructor = next((one for one in top.body if isinstance(one, ast.FunctionDef) and one.name == "__init__"), None)
    if len(found) != 1 or constructor is None or found[0] not in constructor.body or constructor is method:
        raise Unfit(method, "store", f"`{store}` is not made in one place, the constructor")
    return found[0]


def function_of(
    method: ast.FunctionDef, given: ast.expr
) -> tuple[ast.FunctionDef | ast.Lambda, ast.FunctionDef | None]:
    """The function that is applied, and its definition where that is used for nothing else."""
    function: ast.FunctionDef | ast.Lambda | None = None
    if isinstance(given, ast.Lambda):
        function = given
    elif isinstance(given, ast.Name):
        function = next((one for one in method.body if isinstance(one, ast.FunctionDef) and one.name == given.id), None)
    if function is None:
        raise Unfit(given, "unknown-function", "what is applied is not written in this method")
    arguments = function.args
    if len(arguments.args) != 1 or arguments.defaults or arguments.vararg or arguments.kwonlyargs or arguments.kwarg:
        raise Unfit(given, "parameters", "the function takes more than the row")
    if isinstance(function, ast.FunctionDef):
        uses = [one for one in ast.walk(method) if isinstance(one, ast.Name) and one.id == function.name]
        return function, function if len(uses) == 1 and not function.decorator_list else None
    return function, None


def selection_of(method: ast.FunctionDef, found: Found) -> Selection | None:
    """`best = frame.sort_values(…).head(k)`, where that is all the frame is for, and lists all that `best` is for."""
    parents = {child: node for node in ast.walk(method) for child in ast.iter_child_nodes(node)}
    uses = [one for one in ast.walk(method) if isinstance(one, ast.Name) and one.id == found.frame]
    after = [one for one in uses if one.lineno > (found.applied.end_lineno or 0)]
    around = parents[after[0]] if len(after) == 1 else None
    sorts = parents[around] if isinstance(around, ast.Attribute) and around.attr == "sort_values" else None
    head = parents[sorts] if sorts is not None else None
    call = parents[head] if isinstance(head, ast.Attribute) and head.attr == "head" else None
    match parents[call] if call is not None else None, sorts, call:
        case (
            ast.Assign([ast.Name(name)]) as statement,
            ast.Call(keywords=options),
            ast.Call(args=[ast.Name() | ast.Constant() as k], keywords=[]),
        ) if statement in method.body:
            pass
        case _:
            return None
    keys = _sorted_by(sorts)
    descending = _descending(options, keys)
    read: list[str] = []
    for each in ast.walk(method):
        if isinstance(each, ast.Name) and each.id == name and each is not statement.targets[0]:
            item = parents[each]
            method_of = parents[item]
            match item, method_of:
                case ast.Subscript(_, ast.Constant(str() as key), ast.Load()), ast.Attribute(_, "tolist"):
                    read.append(key)
                case _:
                    return None
    if not keys or descending is None or not descending <= {found.column}:
        return None  # which way another column is sorted cannot be turned around by its sign: it may be text
    return Selection(statement, name, keys, descending, k, list(dict.fromkeys(read)))


def _descending(options: Sequence[ast.keyword], keys: Sequence[str]) -> set[str] | None:
    """The columns that are sorted downwards; None where that is not written here."""
    match options:
        case []:
            return set()
        case [ast.keyword("ascending", ast.Constant(bool() as up))]:
            return set() if up else set(keys)
        case [ast.keyword("ascending", ast.List(ups))] if len(ups) == len(keys):
            known = [one.value for one in ups if isinstance(one, ast.Constant) and isinstance(one.value, bool)]
            return {key for key, up in zip(keys, known, strict=True) if not up} if len(known) == len(keys) else None
    return None


def columns_after(method: ast.FunctionDef, found: Found) -> list[str]:
    """The columns of the frame that are used once it is made. Raises Unfit where that is not written in the method."""
    names, keys = {found.frame}, [found.column]
    parents = {child: node for node in ast.walk(method) for child in ast.iter_child_nodes(node)}
    for each in sorted(
        (one for one in ast.walk(method) if isinstance(one, ast.Name)), key=lambda one: (one.lineno, one.col_offset)
    ):
        if each.id not in names or each.lineno <= (found.applied.end_lineno or 0):
            continue
        parent = parents[each]
        match parent:
            case ast.Assign() if each in parent.targets and each.id != found.frame:
                continue
            case ast.Subscript(_, ast.Constant(str() as key), ast.Load()):
                keys.append(key)
                continue
            case ast.Attribute(_, "sort_values"):
                sorts = parents[parent]
                listed = _sorted_by(sorts)
                cut = parents[sorts]
                if listed and isinstance(cut, ast.Attribute) and cut.attr == "head":
                    keys += listed
                    around = parents[parents[cut]]
                    if isinstance(around, ast.Assign) and isinstance(around.targets[0], ast.Name):
                        names.add(around.targets[0].id)
                        continue
        raise Unfit(each, "frame-used", f"which columns of `{each.id}` are used here is not written")
    return list(dict.fromkeys(keys))


def _sorted_by(node: ast.AST) -> list[str]:
    match node:
        case ast.Call(_, [ast.Constant(str() as key)]):
            return [key]
        case ast.Call(_, [ast.List(elements)]):
            keys = [one.value for one in elements if isinstance(one, ast.Constant) and isinstance(one.value, str)]
            return keys if len(keys) == len(elements) else []
    return []
