"""The best element and its place, as the loop chooses among ties, NaN and what was there before."""

from __future__ import annotations

from typing import TYPE_CHECKING

from perftools.rewrite.loops.code import ATOM, COMPARE, CONDITIONAL, OR, Code
from perftools.rewrite.loops.ir import NOTHING, Arg, Const, Index, Red, Root, Value, constant, free, replaced, walk
from perftools.rewrite.loops.refusals import Unclear
from perftools.rewrite.loops.types import FLOAT, INT, NO_TERM, NONE, NUMPY

if TYPE_CHECKING:
    from perftools.rewrite.loops.arrays import Emitter


def place(emitter: Emitter, kind: str, tie: str, loop: int, key: Value) -> tuple[Code, Code]:
    """(the position of the best key, the keys). argmax takes the first of equals, ±0.0 included."""
    if any(each == NOTHING for each in walk(key)):
        raise Unclear(None, "expression", "the best of those that fulfil a condition")
    memo = emitter.places.get((kind, tie, loop, key))
    if memo is not None:
        return memo
    keys = emitter.array(emitter.settled(key), exact=True)
    if keys.axes != (loop,):
        raise Unclear(None, "expression", "the best in each of several loops")
    keys = emitter.keep("keys", keys)
    function = "argmax" if kind == "max" else "argmin"
    text = f"int({keys.text}.{function}())"
    if tie == "last":
        text = f"len({keys.text}) - 1 - int({keys.text}[::-1].{function}())"
    found = Code(emitter.name("best_at"))
    emitter.kinds[found.text] = "int"
    emitter.lines.append(f"{found.text} = {text}")
    at = f"{keys.text}[{found.text}]"
    emitter.back_if(f"{at} != {at}", "NaN")
    emitter.places[kind, tie, loop, key] = found, keys
    return found, keys


def extreme(emitter: Emitter, value: Red) -> Code:
    (loop,) = value.loops
    found, keys = place(emitter, value.kind, value.tie, loop, value.body)
    chosen = _wrapped(emitter, value.body, f"{keys.text}[{found.text}]")
    return _or_before(emitter, value.kind, value.tie, keys, found, chosen, value.init, value.init)


def chosen(emitter: Emitter, value: Arg) -> Code:
    """What was given another name when the best was found."""
    found, keys = place(emitter, value.kind, value.tie, value.loop, value.key)
    element = emitter.element(value.value, value.loop, found.text)
    if element is not None:
        return _or_before(emitter, value.kind, value.tie, keys, found, Code(element), value.key0, value.value0)
    there = replaced(value.value, {Index(value.loop): Root(found.text)})
    if free(there):
        raise Unclear(None, "expression", "what goes with the best")
    kind = emitter.type(value.value)
    made = emitter.whole(there) if kind == INT else emitter.array(there, exact=True)
    made = _wrapped(emitter, value.value, made.text) if kind != INT else made
    return _or_before(emitter, value.kind, value.tie, keys, found, made, value.key0, value.value0)


def _wrapped(emitter: Emitter, value: Value, text: str) -> Code:
    kind = emitter.type(value)
    if kind == FLOAT:
        return Code(f"float({text})")
    if kind == INT:
        return Code(f"int({text})")
    if kind != NUMPY:
        raise Unclear(None, "mixed-types", "the best")
    return Code(text)


def _or_before(
    emitter: Emitter, kind: str, tie: str, keys: Code, found: Code, made: Code, key0: Value, value0: Value
) -> Code:
    """The best of the loop if it beats what was there before."""
    if emitter.type(key0) in (NO_TERM, NONE):
        return made  # argmax of nothing raises
    before = emitter.array(key0, exact=True)
    if before.axes:
        raise Unclear(None, "expression", "the best of several loops")
    if not isinstance(key0, Const):
        emitter.back_if(f"{before.at(COMPARE + 1)} != {before.at(COMPARE + 1)}", "NaN")
    sign = (">" if kind == "max" else "<") + ("=" if tie == "last" else "")
    kept = _kept(emitter, value0)
    test = f"{keys.at(ATOM)}[{found.text}] {sign} {before.at(COMPARE + 1)}"
    return Code(f"{made.text} if {test} else {kept.at(OR)}", level=CONDITIONAL)


def _kept(emitter: Emitter, value0: Value) -> Code:
    if isinstance(value0, Const) and value0.kind == "NoneType":
        return Code("None")
    kind = emitter.type(value0)
    made = emitter.whole(value0) if kind == INT and constant(value0) is None else emitter.array(value0, exact=True)
    return _wrapped(emitter, value0, made.text) if not isinstance(value0, Const) and kind == FLOAT else made
