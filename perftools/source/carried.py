"""Does one iteration need the one before it? Then no array expression replaces the loop.

A name is carried when an iteration reads it before assigning it and assigns it somewhere: a filter's state, a
recurrence, a running balance that decides something. Pure accumulation is not carried (`s += x`, `m = max(m, x)`,
`if x > best: best = x`), nor is a counter. A list that is read at one index and written at another, or appended to
and read by index, is carried too (dynamic programming).
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from typing import NamedTuple

import libcst as cst

from perftools.source.syntax import SCOPES, base, callee, children, is_constant, path, targets, walk

_BEST = {"max", "min", "fmax", "fmin", "maximum", "minimum"}
_GROWS = {"append", "concatenate", "concat", "hstack", "vstack"}
_TAKES = {"pop", "popleft", "popitem", "heappop"}
_ADDS = {"add", "appendleft", "push", "update", "heappush"}
_NO_CODE = cst.Module([])


@dataclass
class _Flow:
    """What one pass over the body saw, in evaluation order."""

    written: set[str] = field(default_factory=set)
    read_first: set[str] = field(default_factory=set)
    read: set[str] = field(default_factory=set)
    accumulated: set[str] = field(default_factory=set)
    counters: set[str] = field(default_factory=set)
    loads: dict[str, set[str]] = field(default_factory=dict)
    stores: dict[str, set[str]] = field(default_factory=dict)
    appended: set[str] = field(default_factory=set)
    taken: set[str] = field(default_factory=set)
    """Containers that elements are popped from, and used."""
    added: set[str] = field(default_factory=set)
    fresh: set[str] = field(default_factory=set)
    """Written before anything else was done with them in the iteration."""
    places: dict[str, list[cst.CSTNode]] = field(default_factory=dict)
    """Where each name is assigned, stored into or appended to."""


class Dependence(NamedTuple):
    """What one iteration takes from the one before it, and the nodes that hand it on."""

    reason: str
    nodes: Sequence[cst.CSTNode]


def carried(body: cst.CSTNode, bound: Iterable[str] = (), *, shared: frozenset[str] | None = None) -> list[Dependence]:
    """The reasons why an iteration of `body` needs the one before it; none where none was seen.

    `bound`: names that each iteration gets anew (loop targets, parameters). `shared`: for a function's body, where only
    attributes and the names declared `global` or `nonlocal` outlive a call.
    """
    flow = _Flow(written=set(bound))
    _visit(body, flow)
    reasons: dict[str, str] = {}
    for name in sorted(flow.read_first & (flow.written | flow.accumulated) - flow.counters):
        reasons.setdefault(name, f"{name} carries over")
    for name in sorted(flow.accumulated & flow.read - flow.fresh - flow.counters):
        reasons.setdefault(name, f"{name} is accumulated and read")
    if shared is not None:
        reasons = {name: reason for name, reason in reasons.items() if "." in name or name in shared}
    else:
        for name in sorted(flow.stores.keys() & flow.loads.keys() - flow.fresh):
            if any(load != store for load in flow.loads[name] for store in flow.stores[name]):
                reasons.setdefault(name, f"{name} is read at one index and written at another")
        for name in sorted(flow.appended & flow.loads.keys() - flow.fresh):
            reasons.setdefault(name, f"{name} grows and is read by index")
    return [Dependence(reason, flow.places.get(name, ())) for name, reason in reasons.items()]


def worklist(body: cst.CSTNode) -> frozenset[str]:
    """Containers that the loop takes work from and adds work to: a search's frontier, a stack, a queue.

    A pop whose value is dropped (a heap that keeps the best k) takes no work.
    """
    flow = _Flow()
    _visit(body, flow)
    return frozenset(flow.taken & (flow.added | flow.appended))


def _visit(node: cst.CSTNode, flow: _Flow) -> None:  # noqa: C901, PLR0912, PLR0915 - one case a kind of node
    match node:
        case cst.AugAssign():
            _augmented(node, flow)
        case cst.Assign():
            _assign([target.target for target in node.targets], node.value, flow)
        case cst.AnnAssign():
            if node.value is not None:
                _assign([node.target], node.value, flow)
        case cst.NamedExpr():
            _assign([node.target], node.value, flow)
        case cst.If():
            _conditional(node, flow)
        case cst.For():
            _visit(node.iter, flow)
            _write(node.target, flow)
            _visit(node.body, flow)
            if node.orelse is not None:
                _visit(node.orelse, flow)
        case cst.CompFor():
            _visit(node.iter, flow)
            _write(node.target, flow)
            for part in (*node.ifs, *([node.inner_for_in] if node.inner_for_in else ())):
                _visit(part, flow)
        case cst.ListComp() | cst.SetComp() | cst.GeneratorExp():
            _visit(node.for_in, flow)
            _visit(node.elt, flow)
        case cst.DictComp():
            _visit(node.for_in, flow)
            _visit(node.key, flow)
            _visit(node.value, flow)
        case cst.Subscript():
            name = base(node)
            if name:
                flow.loads.setdefault(name, set()).add(_index(node))
            _children(node, flow)
        case cst.Expr(value=cst.Call() as call):
            taken = set(flow.taken)
            _visit(call, flow)
            if callee(call)[0] in _TAKES:
                flow.taken = taken
        case cst.Call():
            _called(node, flow)
            _children(node, flow)
        case cst.Attribute() | cst.Name():
            name = path(node)
            if name:
                _read(name, flow)
            else:
                _children(node, flow)
        case cst.Annotation():
            pass
        case _ if isinstance(node, SCOPES):
            pass
        case _:
            _children(node, flow)


def _called(node: cst.Call, flow: _Flow) -> None:
    name, dotted = callee(node)
    owner = dotted.rpartition(".")[0]
    if name in ("append", "extend", "insert") and owner:
        flow.appended.add(owner)
        flow.places.setdefault(owner, []).append(node)
    if name.startswith("heap") and node.args and (heap := path(node.args[0].value)):
        owner = heap
    if owner and name in _TAKES:
        flow.taken.add(owner)
    if owner and name in _ADDS:
        flow.added.add(owner)


def _children(node: cst.CSTNode, flow: _Flow) -> None:
    for child in children(node):
        _visit(child, flow)


def _read(name: str, flow: _Flow) -> None:
    flow.read.add(name)
    if name not in flow.written:
        flow.read_first.add(name)


def _write(target: cst.CSTNode, flow: _Flow) -> None:
    for each in targets(target):
        if name := base(each):
            flow.places.setdefault(name, []).append(each)
        if isinstance(each, cst.Subscript):
            if name:
                flow.stores.setdefault(name, set()).add(_index(each))
            for element in each.slice:
                _visit(element, flow)
        elif name:
            if name not in flow.read | flow.accumulated | flow.appended:
                flow.fresh.add(name)
            flow.written.add(name)


def _assign(places: Sequence[cst.CSTNode], value: cst.BaseExpression, flow: _Flow) -> None:
    if len(places) == 1 and (name := path(places[0])) and (rest := _accumulation(name, value)) is not None:
        for each in rest:
            _visit(each, flow)
        _accumulate(name, all(is_constant(each) for each in rest), flow)
        flow.places.setdefault(name, []).append(places[0])
        return
    _visit(value, flow)
    for place in places:
        _write(place, flow)


def _augmented(node: cst.AugAssign, flow: _Flow) -> None:
    name = path(node.target)
    _visit(node.value, flow)
    flow.places.setdefault(base(node.target), []).append(node.target)
    if not name:
        if isinstance(node.target, cst.Subscript) and (name := base(node.target)):
            flow.stores.setdefault(name, set()).add(_index(node.target))
            for element in node.target.slice:
                _visit(element, flow)
        return
    if _mentions(node.value, name):
        flow.written.add(name)
        return
    _accumulate(name, is_constant(node.value), flow)


def _accumulate(name: str, counts: bool, flow: _Flow) -> None:
    """`counts`: by a constant step; a counter may be read without carrying anything."""
    if counts and (name in flow.counters or name not in flow.accumulated):
        flow.counters.add(name)
    else:
        flow.counters.discard(name)
    flow.accumulated.add(name)


def _accumulation(name: str, value: cst.BaseExpression) -> Sequence[cst.BaseExpression] | None:
    """What is accumulated in `name = name + x`, `name = max(name, x)`; None where it is no pure accumulation."""
    if isinstance(value, cst.BinaryOperation) and isinstance(value.operator, cst.Add | cst.Subtract | cst.Multiply):
        left_is, right_is = path(value.left) == name, path(value.right) == name
        if left_is and not _mentions(value.right, name):
            return [value.right]
        if right_is and not isinstance(value.operator, cst.Subtract) and not _mentions(value.left, name):
            return [value.left]
    if isinstance(value, cst.Call) and callee(value)[0] in _GROWS and value.args:  # quadratic, but nothing is carried
        first = value.args[0].value
        grown = [each.value for each in first.elements] if isinstance(first, cst.List | cst.Tuple) else [first]
        if any(path(each) == name for each in grown):
            others = [each for each in grown if path(each) != name] + [each.value for each in value.args[1:]]
            return None if any(_mentions(other, name) for other in others) else others
    if isinstance(value, cst.Call) and callee(value)[0] in _BEST:
        others = [argument.value for argument in value.args if path(argument.value) != name]
        if len(others) == len(value.args) - 1 and not any(_mentions(other, name) for other in others):
            return others
    return None


def _conditional(node: cst.If, flow: _Flow) -> None:
    """`if x > best: best = x` keeps the best so far: the test's read of `best` carries nothing."""
    best: set[str] = set()
    if isinstance(node.test, cst.Comparison):
        compared = {path(node.test.left), *(path(part.comparator) for part in node.test.comparisons)} - {""}
        for statement in walk(node.body, scopes=False):
            if isinstance(statement, cst.Assign) and len(statement.targets) == 1:
                name = path(statement.targets[0].target)
                if name in compared and not _mentions(statement.value, name):
                    best.add(name)
        best -= flow.written
    if best:
        for part in (node.test.left, *(each.comparator for each in node.test.comparisons)):  # type: ignore[attr-defined]  # a Comparison, as tested above
            if path(part) not in best:
                _visit(part, flow)
        flow.accumulated |= best
        before = set(flow.written)
        _visit(node.body, flow)
        flow.written = (flow.written - best) | (before & best)
    else:
        _visit(node.test, flow)
        _visit(node.body, flow)
    if node.orelse is not None:
        _visit(node.orelse, flow)


def _mentions(node: cst.CSTNode, name: str) -> bool:
    return any(path(each) == name for each in walk(node))


def _index(node: cst.Subscript) -> str:
    """The text of all indices of a chain m[i][j], spaces dropped."""
    parts: list[str] = []
    inner: cst.CSTNode = node
    while isinstance(inner, cst.Subscript):
        parts.append("".join(_NO_CODE.code_for_node(element) for element in inner.slice))
        inner = inner.value
    return "][".join(reversed(parts)).replace(" ", "")
