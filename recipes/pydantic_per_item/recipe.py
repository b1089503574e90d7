"""A pydantic model made for each item in a loop: all of them validated in one call."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

import libcst as cst

from perftools.rewrite.recipe import Decision, Example, Recipe, Refusal, Rewrite

if TYPE_CHECKING:
    from perftools.rewrite.place import Place

_ERRORS = Decision(
    "errors",
    "Does nobody look into a ValidationError? It then names the item's place, and tells of all items at once.",
    "yes",
)
_INIT = Decision("init", "Has the model no __init__ and no alias that only its keyword arguments use?", "yes")
_NEEDED = Decision(
    "needed",
    "Do the items come from outside, so that they have to be validated? Data of your own needs a tuple or dataclass.",
    "yes: they come from outside",
)
_JSON = Decision(
    "json",
    "Is the text JSON as pydantic reads it? Text for bytes and dates for text are taken from JSON in lax mode; "
    "an error in the text is a ValidationError, which is a ValueError as JSONDecodeError is.",
    "yes",
)


def match(place: Place) -> Iterator[Rewrite | Refusal]:
    """`[Model(**item) for item in items]`, of a model of this module."""
    if place.function is None:
        return
    for node, _ in place.expressions(cst.ListComp):
        assert isinstance(node, cst.ListComp)
        model = _model(place, node)
        if model is None:
            continue
        if node.for_in.ifs or node.for_in.inner_for_in is not None or node.for_in.asynchronous is not None:
            yield Refusal(node, "filtered", "items are left out, or come from nested loops")
            continue
        assert place.top is not None
        if place.line_of(model) > place.line_of(place.top):
            yield Refusal(node, "defined-later", f"`{model.name.value}` stands below the function")
            continue
        yield _rewrite(place, node, model.name.value)


def _model(place: Place, node: cst.ListComp) -> cst.ClassDef | None:
    match node.elt:
        case cst.Call(func=cst.Name(value=name), args=[cst.Arg(star="**", value=cst.Name(value=item))]):
            pass
        case cst.Call(
            func=cst.Attribute(value=cst.Name(value=name), attr=cst.Name(value="model_validate")),
            args=[cst.Arg(keyword=None, star="", value=cst.Name(value=item))],
        ):
            pass
        case _:
            return None
    target = node.for_in.target
    if not isinstance(target, cst.Name) or target.value != item or place.is_local(name):
        return None
    found = [each for each in place.module.tree.body if isinstance(each, cst.ClassDef) and each.name.value == name]
    if len(found) != 1 or len(list(place.module.global_scope[name])) != 1:
        return None
    bases = [place.qualified(base.value) for base in found[0].bases]
    return found[0] if "pydantic.BaseModel" in bases else None


def _rewrite(place: Place, node: cst.ListComp, model: str) -> Rewrite:
    items = node.for_in.iter
    name = place.fresh(f"_{model.upper()}S")
    parsed = (
        isinstance(items, cst.Call)
        and place.qualified(items.func) == "json.loads"
        and len(items.args) == 1
        and items.args[0].keyword is None
        and not items.args[0].star
    )
    if parsed and isinstance(items, cst.Call):
        replacement = f"{name}.validate_json({place.code(items.args[0].value)})"
    else:
        replacement = f"{name}.validate_python({place.code(items)})"
    return Rewrite(
        nodes=(node,),
        reason=f"a list of {model} in one call",
        replacement=replacement,
        imports=("from pydantic import TypeAdapter",),
        module_level=f"{name} = TypeAdapter(list[{model}])",
        decisions=(_NEEDED, _ERRORS, _INIT, *((_JSON,) if parsed else ())),
    )


_HEAD = "from pydantic import BaseModel\n\n\nclass Item(BaseModel):\n    id: int\n\n\n"

RECIPE = Recipe(
    id="pydantic-per-item",
    title="A pydantic model made for each item: all of them validated in one call",
    level="assisted",
    rules=("list-hot-path", "gil-bound", "event-loop-blocked", "gc-pause"),
    function="scores",
    match=match,
    tip="pydantic without need",
    needs=("pydantic",),
    valid=(
        Example(code=f"{_HEAD}def f(rows):\n    return [Item(id=row) for row in rows]\n"),
        Example(code=f"{_HEAD}def f(rows):\n    return [Item(**row, id=1) for row in rows]\n"),
        Example(code=f"{_HEAD}def f(rows):\n    return [Item(**row) for row in rows if row]\n", refused="filtered"),
        Example(
            code="from pydantic import BaseModel\n\n\ndef f(rows):\n    return [Item(**row) for row in rows]\n\n\n"
            "class Item(BaseModel):\n    id: int\n",
            refused="defined-later",
        ),
        Example(code="class Item:\n    id: int\n\n\ndef f(rows):\n    return [Item(**row) for row in rows]\n"),
        Example(code=f"{_HEAD}def f(rows, Item):\n    return [Item(**row) for row in rows]\n"),
    ),
    invalid=(
        Example(
            code="""\
import pydantic


class Event(pydantic.BaseModel):
    name: str
    value: float = 0.0


class Queue:
    def load(self):
        events = [Event.model_validate(row) for row in self.table.rows()]  # oldest first
        return events[-100:]
""",
            becomes="""\
import pydantic
from pydantic import TypeAdapter


class Event(pydantic.BaseModel):
    name: str
    value: float = 0.0


_EVENTS = TypeAdapter(list[Event])


class Queue:
    def load(self):
        events = _EVENTS.validate_python(self.table.rows())  # oldest first
        return events[-100:]
""",
        ),
        Example(
            code="""\
from json import loads

from pydantic import BaseModel


class Pair(BaseModel):
    left: int
    right: int


def pairs(request):
    return {"pairs": [Pair(**each) for each in loads(request.body)]}
""",
            becomes="""\
from json import loads

from pydantic import BaseModel
from pydantic import TypeAdapter


class Pair(BaseModel):
    left: int
    right: int


_PAIRS = TypeAdapter(list[Pair])


def pairs(request):
    return {"pairs": _PAIRS.validate_json(request.body)}
""",
        ),
    ),
)
