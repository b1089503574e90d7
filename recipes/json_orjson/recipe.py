"""JSON of plain data by the standard library: by orjson."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

import libcst as cst

from perftools.rewrite.recipe import Decision, Example, Recipe, Refusal, Rewrite
from perftools.source.syntax import walk

if TYPE_CHECKING:
    from perftools.rewrite.place import Place

_NUMBERS = Decision(
    "numbers",
    "Are all ints below 2**64, and does nobody mind 1e16 where json writes 1e+16?",
    "yes",
)
_NAN = Decision("nan", "Can NaN or infinity occur? json writes what is not JSON, orjson null.", "no")
_KEYS = Decision("keys", "Is every key of every dict text? orjson raises for others unless told otherwise.", "yes")
_TYPES = Decision(
    "types",
    "Are there only dicts, lists, text, numbers, true, false and null? orjson also writes dataclasses and dates, and "
    "raises JSONEncodeError, a TypeError, where json writes a subclass or fails with other words.",
    "yes",
)
_SPACES = Decision(
    "text",
    "Does nobody compare, hash or sign the text itself? json puts spaces after commas and escapes what is not ASCII.",
    "yes: whoever reads it parses it",
)
_LOADED = Decision(
    "loaded",
    "Is the text valid JSON in UTF-8, without NaN and with ints of 64 bits? json reads NaN, and larger ints exactly; "
    "errors have other words, though JSONDecodeError is caught as before.",
    "yes",
)
_COMPACT = {"(',', ':')", '(",", ":")', "(',',':')", '(",",":")'}


def match(place: Place) -> Iterator[Rewrite | Refusal]:
    """`json.dumps(x)`, also with .encode() behind it, and `json.loads(text)`."""
    for node, _ in place.expressions(cst.Call):
        assert isinstance(node, cst.Call)
        called = place.qualified(node.func)
        if called == "json.loads":
            yield _loads(place, node)
        elif called == "json.dumps":
            if any(isinstance(each, cst.Attribute) and each.attr.value == "tolist" for each in walk(node)):
                continue  # arrays: another recipe
            yield _dumps(place, node)


def _loads(place: Place, call: cst.Call) -> Rewrite | Refusal:
    if len(call.args) != 1 or call.args[0].keyword is not None or call.args[0].star:
        return Refusal(call, "options", "orjson has no hooks for what it reads")
    return Rewrite(
        nodes=(call,),
        reason="parsed by orjson",
        replacement=f"orjson.loads({place.code(call.args[0].value)})",
        imports=("import orjson",),
        decisions=(_LOADED,),
    )


def _dumps(place: Place, call: cst.Call) -> Rewrite | Refusal:
    plain = [arg.value for arg in call.args if arg.keyword is None and not arg.star]
    named = {arg.keyword.value: place.code(arg.value) for arg in call.args if arg.keyword is not None}
    if len(plain) != 1 or len(plain) + len(named) != len(call.args):
        return Refusal(call, "options", "what is written is not the only argument by position")
    options = []
    for name, value in named.items():
        if name == "sort_keys" and value == "True":
            options.append("orjson.OPT_SORT_KEYS")
        elif name == "indent" and value == "2":
            options.append("orjson.OPT_INDENT_2")
        elif (name, value) not in _DEFAULTS and not (name == "separators" and value in _COMPACT):
            return Refusal(call, "options", f"orjson has nothing for {name}={value}")
    exact = named.get("ensure_ascii") == "False" and named.get("separators") in _COMPACT
    option = f", option={' | '.join(options)}" if options else ""
    written = f"orjson.dumps({place.code(plain[0])}{option})"
    around = _encoded(place, call)
    return Rewrite(
        nodes=(call if around is None else around,),
        reason="written by orjson",
        replacement=f"{written}.decode()" if around is None else written,
        imports=("import orjson",),
        decisions=(_NUMBERS, _NAN, _KEYS, _TYPES, *(() if exact else (_SPACES,))),
    )


_DEFAULTS = {
    ("ensure_ascii", "True"), ("ensure_ascii", "False"), ("allow_nan", "True"), ("allow_nan", "False"),
    ("sort_keys", "False"), ("indent", "None"), ("separators", "None"), ("default", "None"), ("cls", "None"),
}  # fmt: skip


def _encoded(place: Place, call: cst.Call) -> cst.Call | None:
    """`….encode()` or `….encode("utf-8")` behind the call: orjson gives bytes anyway."""
    attribute = place.module.parent(call)
    around = place.module.parent(attribute) if isinstance(attribute, cst.Attribute) else None
    if not (isinstance(attribute, cst.Attribute) and attribute.attr.value == "encode" and isinstance(around, cst.Call)):
        return None
    if around.func is not attribute:
        return None
    codes = [place.code(arg.value).strip("\"'").lower() for arg in around.args]
    return around if codes in ([], ["utf-8"], ["utf8"]) else None


_HEAD = "import json\n\n\n"

RECIPE = Recipe(
    id="json-orjson",
    title="JSON of plain data by the standard library: by orjson",
    level="assisted",
    rules=("list-hot-path", "gil-bound", "event-loop-blocked"),
    function="render",
    match=match,
    tip="json against orjson",
    needs=("orjson",),
    valid=(
        Example(code=f"{_HEAD}def f(x, file):\n    json.dump(x, file)\n"),
        Example(code=f"{_HEAD}def f(x):\n    return json.dumps(x, default=str)\n", refused="options"),
        Example(code=f"{_HEAD}def f(x):\n    return json.dumps(x, indent=4)\n", refused="options"),
        Example(code=f"{_HEAD}def f(x):\n    return json.loads(x, parse_float=str)\n", refused="options"),
        Example(code=f"{_HEAD}def f(x):\n    return json.dumps(x.tolist())\n"),
        Example(code="import orjson as json\n\n\ndef f(x):\n    return json.dumps(x)\n"),
        Example(code="def f(json, x):\n    return json.dumps(x)\n"),
    ),
    invalid=(
        Example(
            code="""\
import json


class Handler:
    def post(self):
        request = json.loads(self.body)  # bytes
        self.write(json.dumps({"scores": self.model(request)}, sort_keys=True))
""",
            becomes="""\
import json
import orjson


class Handler:
    def post(self):
        request = orjson.loads(self.body)  # bytes
        self.write(orjson.dumps({"scores": self.model(request)}, option=orjson.OPT_SORT_KEYS).decode())
""",
        ),
        Example(
            code="""\
from json import dumps


def event(name, value):
    return dumps({"name": name, "value": value}).encode() + b"\\n"
""",
            becomes="""\
from json import dumps
import orjson


def event(name, value):
    return orjson.dumps({"name": name, "value": value}) + b"\\n"
""",
        ),
    ),
)
