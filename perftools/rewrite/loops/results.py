"""What the fast path hands over: exactly the types that the loop would have."""

from __future__ import annotations

from typing import TYPE_CHECKING

from perftools.rewrite.loops import best, code
from perftools.rewrite.loops.code import ATOM, Code
from perftools.rewrite.loops.counts import affine
from perftools.rewrite.loops.ir import (
    Arg,
    Const,
    Dim,
    Filled,
    Filter,
    Hist,
    Index,
    Map,
    Op,
    Red,
    Root,
    Store,
    Top,
    Value,
    constant,
)
from perftools.rewrite.loops.refusals import Unclear
from perftools.rewrite.loops.types import BOOL, FLOAT, INT, MIXED, NUMPY, NUMPY_BOOL

if TYPE_CHECKING:
    from perftools.rewrite.loops.arrays import Emitter


def result(emitter: Emitter, value: Value) -> str:
    """The text of a result; statements before it are put into the emitter. Raises Unclear."""
    match value:
        case Map(loop, body):
            return _map(emitter, loop, body)
        case Filter(loop, test, body):
            return _filter(emitter, loop, test, body)
        case Store():
            return _store(emitter, value)
        case Hist():
            return _hist(emitter, value)
        case Top():
            return _top(emitter, value)
        case Arg():
            return best.chosen(emitter, value).text
        case Root():
            return value.path
        case Dim():
            return emitter.count(value)
    return _scalar(emitter, value)


def _scalar(emitter: Emitter, value: Value) -> str:
    kind = emitter.type(value) if not (isinstance(value, Red) and value.kind in ("max", "min")) else ""
    made = emitter.array(value, exact=False)
    if made.axes:
        raise Unclear(None, "expression", "a number for each pass")
    if kind == FLOAT and not isinstance(value, Const):
        return f"float({made.text})"
    if kind in (FLOAT, NUMPY, INT, BOOL, ""):
        return made.text
    raise Unclear(None, "mixed-types", "the result")


def _listed(kind: str, made: Code) -> str:
    """An array as the list that the loop would have built."""
    if kind in (FLOAT, INT, BOOL):
        return f"{made.at(ATOM)}.tolist()"
    if kind in (NUMPY, NUMPY_BOOL):
        return f"list({made.text})" if len(made.axes) == 1 else f"[list(row) for row in {made.text}]"
    raise Unclear(None, "mixed-types", "the list")


def _map(emitter: Emitter, loop: int, body: Value) -> str:
    wanted: tuple[int, ...] = (loop,)
    if isinstance(body, Map):
        wanted, body = (loop, body.loop), body.body
    body = emitter.settled(body)
    kind = emitter.type(body)
    made = emitter.array(body, exact=False)
    if made.axes != wanted:
        raise Unclear(None, "not-faster", "each element of the list is the same")
    for each in wanted[1:]:
        emitter.least[each] = None
    return _listed(kind, made)


def _filter(emitter: Emitter, loop: int, test: Value, body: Value) -> str:
    mask = emitter.array(test, exact=True)
    if mask.axes != (loop,):
        raise Unclear(None, "not-faster", "the condition is the same for each element")
    place = affine(body)
    if place is not None and place[0] == loop and _is_position(body):
        made = Code(f"np.flatnonzero({mask.text})", (loop,))
        if constant(place[1]) != 0:
            made = code.infix("+", code.ADD, made, emitter.whole(place[1]))
        return _listed(INT, made)
    element = emitter.element(body, loop, "place")
    if element is not None:
        return f"[{element} for place in np.flatnonzero({mask.text}).tolist()]"
    kind = emitter.type(body)
    made = emitter.array(body, exact=False)
    if made.axes != (loop,):
        raise Unclear(None, "expression", "what is put into the list")
    return _listed(kind, Code(f"{made.at(ATOM)}[{mask.text}]", (loop,)))


def _is_position(value: Value) -> bool:
    """Is it the position itself, plus or minus a count?"""
    match value:
        case Index():
            return True
        case Op("+" | "-", (left, right)):
            return _is_position(left) or _is_position(right)
    return False


def _store(emitter: Emitter, value: Store) -> str:
    base = value.base
    if not isinstance(base, Filled) or len(base.shape) != len(value.at) or len(value.at) != len(value.loops):
        raise Unclear(None, "expression", "a container that is filled in part")
    order: list[int] = []
    for place, size in zip(value.at, base.shape, strict=True):
        found = affine(place)
        if found is None or found[0] not in value.loops or found[0] in order or constant(found[1]) != 0:
            raise Unclear(None, "index-range", "the result")
        order.append(found[0])
        space = emitter.understood.spaces[found[0]]
        if size != space.count and size not in space.equal:
            emitter.equal[size, space.count] = None
        emitter.least[found[0]] = None
    in_array = base.kind == "array"
    cell = value.value if in_array else emitter.settled(value.value)
    kind = emitter.type(cell)
    made = emitter.cell(cell) if in_array else emitter.array(cell, exact=False)
    if made.axes != tuple(sorted(order)):
        raise Unclear(None, "not-faster", "each cell along a dimension is the same")
    turned = len(order) == 2 and order != sorted(order)
    made = Code(f"{made.at(ATOM)}.T", tuple(order)) if turned else Code(made.text, tuple(order), made.level)
    if not in_array:
        return _listed(kind, made)
    if kind not in (FLOAT, NUMPY, MIXED):
        raise Unclear(None, "result-dtype", "the array")
    return f'np.array({made.text}, order="C")'


def _top(emitter: Emitter, value: Top) -> str:
    """The first k of a stable sort: all that are at most as large as the k-th, sorted in their order."""
    loop, body = value.of.loop, value.of.body
    keys = emitter.array(value.of.key, exact=True)
    if keys.axes != (loop,):
        raise Unclear(None, "expression", "a key that is the same for each element")
    k = emitter.whole(value.k)
    order = emitter.keep("order", Code(f"-{keys.at(code.UNARY)}" if value.of.reverse else keys.text, keys.axes))
    emitter.back_if(f"not 0 < {k.at(code.COMPARE + 1)} < len({order.text}) // 8", "no short head")
    emitter.back_if(f"np.isnan({order.text}).any()", "NaN has no place in an order")
    bound = emitter.keep("bound", Code(f"np.partition({order.text}, {k.at(code.ADD)} - 1)[{k.at(code.ADD)} - 1]"))
    head = emitter.keep("head", Code(f"np.flatnonzero({order.text} <= {bound.text})"))
    first = Code(f'{head.text}[np.argsort({order.text}[{head.text}], kind="stable")][:{k.text}]', (loop,))
    place = affine(body)
    if place is not None and place[0] == loop and _is_position(body):
        if constant(place[1]) != 0:
            first = code.infix("+", code.ADD, first, emitter.whole(place[1]))
        return _listed(INT, first)
    element = emitter.element(body, loop, "place")
    if element is not None:
        return f"[{element} for place in {first.text}.tolist()]"
    made = emitter.array(body, exact=True)
    if made.axes != (loop,):
        raise Unclear(None, "expression", "what is sorted")
    return _listed(emitter.type(body), Code(f"{made.at(ATOM)}[{first.text}]", (loop,)))


def _hist(emitter: Emitter, value: Hist) -> str:
    """np.bincount adds in the order of the loop; an index below 0 would count from the end."""
    base = value.base
    if not isinstance(base, Filled) or len(base.shape) != 1 or constant(base.fill) != 0:
        raise Unclear(None, "expression", "a container that is filled in part")
    where = emitter.array(value.at, exact=True)
    if where.axes != value.loops:
        raise Unclear(None, "expression", "an index that is the same in each pass")
    if emitter.type(value.at) != INT:
        raise Unclear(None, "kind", "an index of the histogram", "made by int(): elements are read as floats")
    places = emitter.keep("places", Code(f"{where.at(ATOM)}.astype(np.intp)", where.axes))
    size = emitter.whole(base.shape[0])
    emitter.back_if(f"{places.text}.min() < 0 or {places.text}.max() >= {size.at(code.COMPARE + 1)}", "out of range")
    kind, term = emitter.type(value.term), emitter.type(base.fill)
    if kind == INT and value.term == Const("int", "1") and term == INT and base.kind == "list":
        return f"np.bincount({places.text}, minlength={size.text}).tolist()"
    if term != FLOAT or (kind not in (FLOAT, NUMPY) and value.term != Const("int", "1")):
        raise Unclear(None, "int-sum", "the histogram")
    weights = emitter.array(value.term, exact=True)
    given = weights.text if weights.axes == where.axes else f"np.full(len({places.text}), {weights.text}, float)"
    made = f"np.bincount({places.text}, {given}, minlength={size.text})"
    if base.kind == "array":
        return made
    if kind == NUMPY:
        raise Unclear(None, "mixed-types", "the histogram")
    return f"{made}.tolist()"
