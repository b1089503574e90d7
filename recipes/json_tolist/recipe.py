"""JSON of an array through a list: orjson reads the array itself."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

import libcst as cst

from perftools.rewrite.recipe import Decision, Example, Recipe, Refusal, Rewrite
from perftools.source.syntax import walk

if TYPE_CHECKING:
    from perftools.rewrite.place import Place

_DECISIONS = (
    Decision(
        "array",
        "Is it a C-contiguous array of float64, int64 or bool in native byte order? Others raise, or differ: "
        "float32 is written 0.1 where a list says 0.10000000149011612.",
        "yes",
    ),
    Decision("nan", "Can NaN or infinity occur? orjson writes null.", "no"),
    Decision("numbers", "Does nobody mind 1e16 where json writes 1e+16?", "yes"),
    Decision("keys", "Is every key text, and every other value plain data?", "yes"),
    Decision(
        "text",
        "Does nobody compare, hash or sign the text itself? Spaces and escapes may differ.",
        "yes: whoever reads it parses it",
    ),
)
_LAYOUT = frozenset({"separators", "ensure_ascii", "allow_nan"})


def match(place: Place) -> Iterator[Rewrite | Refusal]:
    """`json.dumps(…)` of a display that holds `array.tolist()`."""
    for node, _ in place.expressions(cst.Call):
        assert isinstance(node, cst.Call)
        called = place.qualified(node.func)
        if called not in ("json.dumps", "orjson.dumps") or not node.args:
            continue
        value, *options = node.args
        lists = [each for each in walk(value.value) if _is_tolist(each)]
        if not lists:
            continue
        if value.keyword is not None or any(
            option.keyword is None or option.keyword.value not in _LAYOUT for option in options
        ):
            yield Refusal(node, "options", "orjson has nothing for these options, or has some already")
            continue
        if not all(_is_written(place, each, value.value) for each in lists):
            yield Refusal(node, "computed", "the list is worked on before it is written")
            continue
        yield Rewrite(
            nodes=(node,),
            reason="the array is written without a list",
            replacement=_replacement(place, value.value, lists, called),
            imports=("import orjson",),
            decisions=_DECISIONS,
        )


def _is_tolist(node: cst.CSTNode) -> bool:
    return (
        isinstance(node, cst.Call)
        and isinstance(node.func, cst.Attribute)
        and node.func.attr.value == "tolist"
        and not node.args
    )


def _is_written(place: Place, node: cst.CSTNode, whole: cst.CSTNode) -> bool:
    """Do only displays stand between the list and the call?"""
    while node is not whole:
        parent = place.module.parent(node)
        if not isinstance(parent, cst.Dict | cst.List | cst.Tuple | cst.DictElement | cst.Element):
            return False
        if isinstance(parent, cst.DictElement) and parent.key is node:
            return False
        node = parent
    return True


def _replacement(place: Place, value: cst.BaseExpression, lists: list[cst.CSTNode], called: str) -> str:
    arrays = {
        each: each.func.value for each in lists if isinstance(each, cst.Call) and isinstance(each.func, cst.Attribute)
    }

    class Arrays(cst.CSTTransformer):
        def leave_Call(self, original_node: cst.Call, updated_node: cst.Call) -> cst.BaseExpression:  # noqa: N802
            return arrays.get(original_node, updated_node)

    written = value.visit(Arrays())
    assert isinstance(written, cst.BaseExpression)
    text = f"orjson.dumps({place.module.tree.code_for_node(written)}, option=orjson.OPT_SERIALIZE_NUMPY)"
    return text if called == "orjson.dumps" else f"{text}.decode()"


_HEAD = "import json\n\n\n"

RECIPE = Recipe(
    id="json-tolist",
    title="JSON of an array through a list: orjson reads the array itself",
    level="assisted",
    rules=("list-hot-path", "gil-bound", "event-loop-blocked", "gc-pause"),
    function="render",
    match=match,
    tip="json against orjson",
    needs=("orjson",),
    valid=(
        Example(code=f"{_HEAD}def f(x):\n    return json.dumps(x)\n"),
        Example(code=f"{_HEAD}def f(x):\n    return json.dumps(x.tolist(), indent=2)\n", refused="options"),
        Example(code=f"{_HEAD}def f(x):\n    return json.dumps(x.tolist() + [0.0])\n", refused="computed"),
        Example(code=f"{_HEAD}def f(x):\n    return json.dumps(x.tolist()[0])\n", refused="computed"),
        Example(
            code=f"{_HEAD}def f(x):\n    return json.dumps([round(y, 3) for y in x.tolist()])\n", refused="computed"
        ),
        Example(code="def f(json, x):\n    return json.dumps(x.tolist())\n"),
    ),
    invalid=(
        Example(
            code="""\
import json as j


class Scores:
    def body(self, ids):
        # what clients get
        return j.dumps({"ids": ids, "parts": [self.left.tolist(), ids[:2]]})
""",
            becomes="""\
import json as j
import orjson


class Scores:
    def body(self, ids):
        # what clients get
        return orjson.dumps({"ids": ids, "parts": [self.left, ids[:2]]}, option=orjson.OPT_SERIALIZE_NUMPY).decode()
""",
        ),
        Example(
            code="""\
import orjson


def vector(model, text):
    return orjson.dumps(model.encode(text).tolist())  # one row
""",
            becomes="""\
import orjson


def vector(model, text):
    return orjson.dumps(model.encode(text), option=orjson.OPT_SERIALIZE_NUMPY)  # one row
""",
        ),
    ),
)
