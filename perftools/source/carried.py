"""Does one iteration need the one before it? Then no array expression replaces the loop.

A name is carried when an iteration reads it before assigning it and assigns it somewhere: a filter's state, a
recurrence, a running balance that decides something. Pure accumulation is not carried (see `accumulation`), nor is a
counter, nor whatever hangs on a name that each iteration gets anew (`row["score"] = row["price"] * 2`). A list that is
read at one index and written at another, or appended to and read by index, is carried too (dynamic programming).
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from typing import NamedTuple

import libcst as cst

from perftools.source.accumulation import best_kept, gathered, mentions, pairs
from perftools.source.syntax import SCOPES, base, callee, children, code, is_constant, path, targets, walk

_TAKES = {"pop", "popleft", "popitem", "heappop"}
_ADDS = {"add", "appendleft", "push", "update", "heappush"}


@dataclass
class _Flow:
    """What one pass over the body saw, in evaluation order."""

    written: set[str] = field(default_factory=set)
    read_first: set[str] = field(default_factory=set)
    read: set[str] = field(default_factory=set)
    accumulated: set[str] = field(default_factory=set)
    steps: dict[str, list[cst.CSTNode]] = field(default_factory=dict)
    """What each accumulated name is stepped by."""
    loads: dict[str, dict[str, set[str]]] = field(default_factory=dict)
    """By container: the indices read, as text, each with the names in it."""
    stores: dict[str, set[str]] = field(default_factory=dict)
    appended: set[str] = field(default_factory=set)
    taken: set[str] = field(default_factory=set)
    """Containers that elements are popped from, and used."""
    added: set[str] = field(default_factory=set)
    fresh: set[str] = field(default_factory=set)
    """Written before anything else was done with them in the iteration."""
    places: dict[str, list[cst.CSTNode]] = field(default_factory=dict)
    """Where each name is assigned, stored into or appended to."""

    def anew(self, name: str) -> bool:
        """Does each iteration get this name, or what it hangs on, anew?"""
        return name in self.fresh or name.partition(".")[0] in self.fresh

    def counts(self, name: str) -> bool:
        """Is it only stepped, by a step that never changes? Then reading it carries nothing."""
        steps = self.steps.get(name, [])
        return name not in self.written and all(
            is_constant(step) or (path(step) and path(step) not in self.written | self.accumulated) for step in steps
        )


class Dependence(NamedTuple):
    """What one iteration takes from the one before it, and the nodes that hand it on."""

    reason: str
    nodes: Sequence[cst.CSTNode]


def carried(body: cst.CSTNode, bound: Iterable[str] = (), *, shared: frozenset[str] | None = None) -> list[Dependence]:
    """The reasons why an iteration of `body` needs the one before it; none where none was seen.

    `bound`: names that each iteration gets anew (loop targets, parameters). `shared`: for a function's body, where only
    attributes and the names declared `global` or `nonlocal` outlive a call.
    """
    names = set(bound)
    flow = _Flow(written=set(names), fresh=names - {"self"} if shared is not None else set(names))
    _visit(body, flow)
    return _dependences(flow, shared)


def loop_state(body: cst.CSTNode, bound: Iterable[str] = ()) -> tuple[list[Dependence], frozenset[str]]:
    """What `carried` says of a loop's body, and its worklist, in one pass.

    The worklist: containers that the loop takes work from and adds work to, a search's frontier, a stack, a queue. A
    pop whose value is dropped (a heap that keeps the best k) takes no work.
    """
    names = set(bound)
    flow = _Flow(written=set(names), fresh=set(names))
    _visit(body, flow)
    return _dependences(flow, None), frozenset(flow.taken & (flow.added | flow.appended))


def _dependences(flow: _Flow, shared: frozenset[str] | None) -> list[Dependence]:
    reasons: dict[str, str] = {}
    for name in sorted(flow.read_first & (flow.written | flow.accumulated)):
        if not flow.counts(name):
            reasons.setdefault(name, f"{name} carries over")
    for name in sorted(flow.accumulated & flow.read):
        if not flow.counts(name):
            reasons.setdefault(name, f"{name} is accumulated and read")
    if shared is not None:
        reasons = {name: reason for name, reason in reasons.items() if "." in name or name in shared}
    else:
        for name in sorted(flow.stores.keys() & flow.loads.keys()):
            if (reason := _moves(name, flow)) != "":
                reasons.setdefault(name, reason)
        for name in sorted(flow.appended & flow.loads.keys()):
            reasons.setdefault(name, f"{name} grows and is read by index")
    return [Dependence(reason, flow.places.get(name, ())) for name, reason in reasons.items() if not flow.anew(name)]


def _moves(name: str, flow: _Flow) -> str:
    """Is the container read where another iteration wrote: at another index, or always at the same one?"""
    for load, used in flow.loads[name].items():
        if any(load != store for store in flow.stores[name]):
            return f"{name} is read at one index and written at another"
        if load in flow.stores[name] and not used & (flow.written | flow.accumulated):
            return f"{name}[{load}] carries over"
    return ""


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
            if name := base(node):
                used = {path(each) for each in walk(node) if isinstance(each, cst.Name)} - {name}
                flow.loads.setdefault(name, {}).setdefault(_index(node), set()).update(used)
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


def _assign(places: Sequence[cst.BaseExpression], value: cst.BaseExpression, flow: _Flow) -> None:
    split = pairs(places[0], value) if len(places) == 1 else [(place, value) for place in places]
    gathering = [(place, gathered(place, own)) for place, own in split]
    for (place, own), (_, rest) in zip(split, gathering, strict=True):
        if rest is None:
            _visit(own, flow)
        else:
            _accumulate(place, rest, flow)
    for place, rest in gathering:
        if rest is None:
            _write(place, flow)


def _augmented(node: cst.AugAssign, flow: _Flow) -> None:
    if mentions(node.value, node.target) and path(node.target):
        _visit(node.target, flow)
        _visit(node.value, flow)
        _write(node.target, flow)
    else:
        _accumulate(node.target, [node.value], flow)


def _accumulate(place: cst.CSTNode, rest: Sequence[cst.CSTNode], flow: _Flow) -> None:
    for each in rest:
        _visit(each, flow)
    flow.places.setdefault(base(place), []).append(place)
    if isinstance(place, cst.Subscript):
        flow.stores.setdefault(base(place), set()).add(_index(place))
        for element in place.slice:
            _visit(element, flow)
    elif name := path(place):
        flow.accumulated.add(name)
        flow.steps.setdefault(name, []).extend(rest)


def _conditional(node: cst.If, flow: _Flow) -> None:
    """`if x > best: best = x` keeps the best so far: the test's read of `best` carries nothing."""
    best = best_kept(node.test, node.body) - flow.written
    _test(node.test, best, flow)
    before = set(flow.written)
    _visit(node.body, flow)
    flow.written = (flow.written - best) | (before & best)
    flow.accumulated |= best
    for name in best:
        flow.steps.setdefault(name, []).append(node)
    if node.orelse is not None:
        _visit(node.orelse, flow)


def _test(test: cst.BaseExpression, best: set[str], flow: _Flow) -> None:
    """Visit a condition, but for the comparisons with the best so far and the check that there is one."""
    if isinstance(test, cst.BooleanOperation):
        _test(test.left, best, flow)
        _test(test.right, best, flow)
    elif isinstance(test, cst.Comparison):
        for side in (test.left, *(part.comparator for part in test.comparisons)):
            if path(side) not in best:
                _visit(side, flow)
    else:
        _visit(test, flow)


def _index(node: cst.Subscript) -> str:
    """The text of all indices of a chain m[i][j]."""
    parts: list[str] = []
    inner: cst.CSTNode = node
    while isinstance(inner, cst.Subscript):
        parts.append(",".join(code(element) for element in inner.slice))
        inner = inner.value
    return "][".join(reversed(parts))
