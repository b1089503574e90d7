"""A pydantic TypeAdapter built in each call: built once, at module level."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

import libcst as cst
from libcst import metadata

from perftools.rewrite.recipe import Example, Recipe, Refusal, Rewrite
from perftools.source.syntax import SCOPES, walk

if TYPE_CHECKING:
    from perftools.rewrite.place import Place

_USED = frozenset(
    "validate_python validate_json validate_strings dump_python dump_json json_schema get_default_value".split()
)


def match(place: Place) -> Iterator[Rewrite | Refusal]:
    """`TypeAdapter(T)` inside a function, where T is known when the module is loaded."""
    if place.function is None:
        return
    for node, _ in place.expressions(cst.Call):
        assert isinstance(node, cst.Call)
        if place.qualified(node.func) not in ("pydantic.TypeAdapter", "pydantic.type_adapter.TypeAdapter"):
            continue
        problem = _problem(place, node)
        if problem is not None:
            yield Refusal(node, *problem)
            continue
        name = place.fresh("_ADAPTER")
        yield Rewrite(
            nodes=(node,),
            reason="the validator is built once",
            replacement=name,
            module_level=f"{name} = {place.code(node)}",
        )


def _problem(place: Place, call: cst.Call) -> tuple[str, str] | None:
    if len(call.args) != 1 or call.args[0].keyword is not None or call.args[0].star:
        return "options", "only a type by itself is understood"
    assert place.top is not None
    line = place.line_of(place.top)
    pending, seen = [call.args[0].value], set()
    while pending:
        for each in _names(pending.pop()):
            if isinstance(each, cst.SimpleString | cst.ConcatenatedString | cst.FormattedString):
                return "forward-reference", "a type is named in a string, and found only when it is first needed"
            if not isinstance(each, cst.Name):
                return "no-constant", "the type may be another one in each call"
            if each.value in seen:
                continue
            seen.add(each.value)
            found = _known(place, each.value, line)
            if found is None:
                return "no-constant", f"`{each.value}` may stand for another type in each call, or is bound below"
            pending += found
    if not place.module.bound_globally(place.code(call.func).partition(".")[0]):
        return "local-import", "pydantic is imported inside of the function"
    assert place.function is not None
    if any(call in set(walk(each)) for each in walk(place.function.body) if isinstance(each, SCOPES)):
        return "nested", "it stands in a nested function"
    return None if _only_used(place, call) else ("handed-on", "the adapter is kept or handed on")


def _names(node: cst.CSTNode) -> Iterator[cst.CSTNode]:
    """The names that a type expression is made of; anything that is no type expression as it is."""
    match node:
        case cst.Name() | cst.SimpleString() | cst.ConcatenatedString() | cst.FormattedString():
            yield node
        case cst.Attribute():
            yield from _names(node.value)
        case cst.Subscript():
            yield from _names(node.value)
            for part in node.slice:
                yield from _names(part.slice.value) if isinstance(part.slice, cst.Index) else (part,)
        case cst.BinaryOperation() if isinstance(node.operator, cst.BitOr):
            yield from _names(node.left)
            yield from _names(node.right)
        case cst.List() | cst.Tuple():
            for element in node.elements:
                yield from _names(element.value)
        case cst.Ellipsis():
            pass
        case _:
            yield node


def _known(place: Place, name: str, line: int) -> list[cst.BaseExpression] | None:
    """The types that a name at module level needs in turn; None where it is not bound once and above the line."""
    if place.is_local(name):
        return None
    bound = [each for each in place.module.global_scope[name] if not isinstance(each, metadata.BuiltinAssignment)]
    if not bound:
        return [] if not place.module.star_import else None
    if len(bound) != 1:
        return None
    if isinstance(bound[0], metadata.ImportAssignment):
        return [] if bound[0].scope is place.module.global_scope else None
    for statement in place.module.tree.body:
        if isinstance(statement, cst.ClassDef) and statement.name.value == name and place.line_of(statement) < line:
            return _fields(statement)
    return None


def _fields(definition: cst.ClassDef) -> list[cst.BaseExpression]:
    """What a class is made of: its bases, and the types of its fields."""
    fields = [
        small.annotation.annotation
        for statement in definition.body.body
        if isinstance(statement, cst.SimpleStatementLine)
        for small in statement.body
        if isinstance(small, cst.AnnAssign)
    ]
    return [*(base.value for base in definition.bases), *fields]


def _only_used(place: Place, call: cst.Call) -> bool:
    """Is the adapter only asked to validate or dump, at once or through a local name that is bound once?"""
    parent = place.module.parent(call)
    if isinstance(parent, cst.Attribute):
        return _is_use(place, parent)
    if not (isinstance(parent, cst.Assign) and len(parent.targets) == 1):
        return False
    target = parent.targets[0].target
    if not isinstance(target, cst.Name) or not place.is_local(target.value):
        return False
    assert place.function is not None
    uses = [each for each in walk(place.function) if isinstance(each, cst.Name) and each.value == target.value]
    return all(each is target or _is_use(place, place.module.parent(each)) for each in uses)


def _is_use(place: Place, node: cst.CSTNode | None) -> bool:
    above = place.module.parent(node) if node is not None else None
    return (
        isinstance(node, cst.Attribute)
        and node.attr.value in _USED
        and isinstance(above, cst.Call)
        and above.func is node
    )


_HEAD = "from pydantic import BaseModel, TypeAdapter\n\n\n"

RECIPE = Recipe(
    id="hoist-type-adapter",
    title="A pydantic TypeAdapter built in each call: built once",
    level="auto",
    rules=("list-hot-path", "gil-bound", "event-loop-blocked", "gc-pause"),
    function="scores",
    match=match,
    tip="pydantic without need",
    needs=("pydantic",),
    valid=(
        Example(code=f"{_HEAD}IDS = TypeAdapter(list[int])\n\n\ndef f(b):\n    return IDS.validate_json(b)\n"),
        Example(code=f"{_HEAD}def f(b, T):\n    return TypeAdapter(T).validate_json(b)\n", refused="no-constant"),
        Example(code=f"{_HEAD}def f(b):\n    return TypeAdapter(type(b)).validate_json(b)\n", refused="no-constant"),
        Example(
            code=f"{_HEAD}def f(b):\n    return TypeAdapter(list[Item]).validate_json(b)\n\n\n"
            "class Item(BaseModel):\n    id: int\n",
            refused="no-constant",
        ),
        Example(
            code=f"{_HEAD}def f(b):\n    return TypeAdapter(list['int']).validate_json(b)\n",
            refused="forward-reference",
        ),
        Example(
            code=f"{_HEAD}class Tree(BaseModel):\n    left: 'Tree'\n\n\n"
            "def f(b):\n    return TypeAdapter(Tree).validate_json(b)\n",
            refused="forward-reference",
        ),
        Example(
            code=f"{_HEAD}def f(b, c):\n    return TypeAdapter(list[int], config=c).validate_json(b)\n",
            refused="options",
        ),
        Example(code=f"{_HEAD}def f():\n    return TypeAdapter(list[int])\n", refused="handed-on"),
        Example(
            code="def f(b):\n    from pydantic import TypeAdapter\n\n    return TypeAdapter(int).validate_json(b)\n",
            refused="local-import",
        ),
        Example(code="def f(TypeAdapter, b):\n    return TypeAdapter(int).validate_json(b)\n"),
    ),
    invalid=(
        Example(
            code="""\
from typing import Annotated

import pydantic
from fastapi import FastAPI

app = FastAPI()


class Pair(pydantic.BaseModel):
    left: int
    right: int | None = None


@app.post("/pairs")
async def pairs(request):
    adapter = pydantic.TypeAdapter(dict[str, tuple[Pair, ...]])  # what clients send
    found = adapter.validate_json(await request.body())
    return adapter.dump_python(found)
""",
            becomes="""\
from typing import Annotated

import pydantic
from fastapi import FastAPI

app = FastAPI()


class Pair(pydantic.BaseModel):
    left: int
    right: int | None = None


_ADAPTER = pydantic.TypeAdapter(dict[str, tuple[Pair, ...]])


@app.post("/pairs")
async def pairs(request):
    adapter = _ADAPTER  # what clients send
    found = adapter.validate_json(await request.body())
    return adapter.dump_python(found)
""",
        ),
        Example(
            code="""\
from pydantic import TypeAdapter as Adapter


class Store:
    def load(self, text):
        return Adapter(list[list[float]]).validate_json(text)
""",
            becomes="""\
from pydantic import TypeAdapter as Adapter


_ADAPTER = Adapter(list[list[float]])


class Store:
    def load(self, text):
        return _ADAPTER.validate_json(text)
""",
        ),
    ),
)
