"""One stack -> the place that is charged with it: a loop, a call into a library, the collector, or a plain line."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Literal, NamedTuple

from perftools.causes.code import Code, Loop
from perftools.hot import COLLECTING, Frame
from perftools.source import Model, Unit
from perftools.source.operations import MATH, NUMPY

_SIGNATURES = {
    ("library", "pandas"),
    ("library", "pydantic"),
    ("stdlib", "json"),
    ("stdlib", "copy"),
    ("stdlib", "pickle"),
    ("stdlib", "logging"),
    ("stdlib", "importlib"),
}
"""Libraries whose call is the cause, whatever runs below it (callbacks too)."""
_LOOPING = {("stdlib", "statistics"), ("library", "numpy")}
"""Libraries some of whose functions are loops over the caller's numbers."""
_LOOPING_CALLS = frozenset("append mean fmean median stdev pstdev variance pvariance".split())
_CHEAP = MATH | frozenset(
    "len append extend float int bool round sum min max zip enumerate range iter next reversed map filter sorted sort "
    "reduce mul add sub truediv get items values keys isinstance nlargest nsmallest heappush heappop".split()
)
"""Calls in C that are part of a loop's own interpreter work."""


class Charge(NamedTuple):
    """Where one stack's time belongs."""

    kind: Literal["loop", "library", "line", "framework", "gc"]
    """"gc": a garbage collection, which is no work of the line that it began in."""
    frame: Frame | None
    """The user frame that is charged, or whose line the collection began in; None for "framework"."""
    loop: Loop | None = None
    helpers: tuple[Frame, ...] = ()
    """User frames between the leaf and the loop, innermost first: functions that the loop calls."""
    package: str = ""
    """Library that the user's line entered, or the C function that it called."""
    entry: str = ""
    """Name of the library's function that was entered, qualified where the version has it."""
    entry_file: str = ""
    calls_back: bool = False
    """The library called a function of the user's: df.apply(f), not df.sum()."""
    outer: tuple[Loop, ...] = ()
    """Loops around `loop`, in this function and in its callers, innermost first."""
    route: Frame | None = None
    """The handler or task function that leads here."""


def charge(stack: tuple[Frame, ...], code: Code) -> Charge:
    """Decide what a busy stack (root first) is charged to.

    The order follows what a reader would do: a library whose call is itself the cause ends the search at the line that
    entered it; C calls without a frame are told by the instruction's position; otherwise the time belongs to the
    innermost loop around the deepest user line, in this function or in a caller.
    """
    if stack[-1] == COLLECTING:
        return collection(stack[:-1], code)
    stack = tuple(_repair(stack, index, code) for index in range(len(stack)))
    users = [index for index, frame in enumerate(stack) if frame.owner == "user"]
    if not users:
        top = next((frame for frame in reversed(stack) if frame.opaque), stack[-1])
        return Charge("framework", None, package=top.package, entry=top.function)
    for index in users:
        below = _below(stack, index)
        if below is not None and ((below.owner, below.package) in _SIGNATURES or _vectorizes(below)):
            return _library(stack, index, below, code)
    deepest = users[-1]
    below = next((frame for frame in stack[deepest + 1 :] if frame.opaque), None)
    if below is not None and not ((below.owner, below.package) in _LOOPING and _enters_loop(stack, deepest)):
        return _library(stack, deepest, below, code)
    if below is None and (native := _native_call(stack[deepest], code)):
        return Charge("library", stack[deepest], package=native, entry=native, route=_route(stack, deepest, code))
    return _climb(stack, deepest, code)


def collection(stack: tuple[Frame, ...], code: Code) -> Charge:
    """What a collection that began in this stack (root first) is shown under: the user's line nearest the leaf."""
    deepest = next((index for index in reversed(range(len(stack))) if stack[index].owner == "user"), None)
    if deepest is None:
        return Charge("gc", None)
    return Charge("gc", stack[deepest], route=_route(stack, deepest, code))


def _repair(stack: tuple[Frame, ...], index: int, code: Code) -> Frame:
    """A nonblocking read is leaf first: by the time the caller is read, it may stand on a later line.

    Where no call on the caller's line can be the callee but calls of that name exist in the function, the first of
    them is taken.
    """
    frame = stack[index]
    if frame.owner != "user" or index + 1 >= len(stack):
        return frame
    callee = _called_name(stack[index + 1])
    model = code.model_at(frame.file, frame.line)
    if not callee or model is None or code.calls_at(frame.file, frame.line, callee):
        return frame
    function = model.function_at(frame.line)
    for call in model.calls:
        if call.name == callee and (function is None or function.span.contains(call.span)):
            return frame._replace(line=call.span.line)
    return frame


def _called_name(frame: Frame) -> str:
    """The name under which a caller's source calls this frame; "" where it cannot be told (operators, properties)."""
    if frame.name == "__init__":
        return frame.function.split(".")[-2] if "." in frame.function else ""
    return "" if frame.name.startswith(("__", "<")) else frame.name


def _below(stack: tuple[Frame, ...], index: int) -> Frame | None:
    """The first frame below a user frame (towards the leaf) that is not merely passed through."""
    for frame in stack[index + 1 :]:
        if frame.owner == "user" or frame.opaque:
            return frame
    return None


def _library(stack: tuple[Frame, ...], index: int, below: Frame, code: Code) -> Charge:
    start = stack.index(below, index)
    entry = next((frame for frame in stack[start:] if not _is_wrapper(frame)), below)
    return Charge(
        "library",
        stack[index],
        package=below.package,
        entry=entry.function,
        entry_file=entry.file,
        calls_back=any(frame.owner == "user" for frame in stack[start:]),
        route=_route(stack, index, code),
    )


def _is_wrapper(frame: Frame) -> bool:
    return frame.name in ("wrapper", "inner", "_wrapper", "wrapped", "decorator")


def _enters_loop(stack: tuple[Frame, ...], index: int) -> bool:
    return any(frame.name in _LOOPING_CALLS for frame in stack[index + 1 : index + 3])


def _vectorizes(frame: Frame) -> bool:
    """np.vectorize: a loop of numpy's own over a function of the user's."""
    return frame.package == "numpy" and (frame.name == "_vectorize_call" or frame.function.startswith("vectorize."))


def _native_call(frame: Frame, code: Code) -> str:
    """The C function that this leaf line is mostly inside of, where that is not the loop's own work; else ""."""
    positions = code.positions(frame.file, frame.line)
    total = sum(position.count for position in positions)
    inside: dict[str, int] = {}
    for position in positions:
        name = code.call_ending_at(frame.file, position.end_line, position.end_column) if position.calling else ""
        if name:
            inside[name] = inside.get(name, 0) + position.count
    for name, count in inside.items():
        if 2 * count >= total and total >= 3 and not _is_cheap(name):
            return name
    return ""


def _is_cheap(name: str) -> bool:
    """Interpreter work, or a numpy call whose operands decide (see the whole-array veto)."""
    last = name.rpartition(".")[2]
    if name.startswith(NUMPY):
        return last not in ("array", "asarray", "ascontiguousarray", "fromiter", "frombuffer")
    return last in _CHEAP


def _climb(stack: tuple[Frame, ...], index: int, code: Code) -> Charge:
    """From the deepest user frame outwards to the first loop around the call."""
    start = index
    helpers: list[Frame] = []
    callee = stack[index + 1] if index + 1 < len(stack) else None
    while True:
        frame = stack[index]
        found = _loop_around(frame, callee, code)
        if found == "service":
            break
        if found is not None:
            return Charge(
                "loop",
                stack[start],
                loop=found,
                helpers=tuple(helpers),
                outer=tuple(dict.fromkeys(_outer(stack, index, found, code))),
                route=_route(stack, index, code),
            )
        helpers.append(frame)
        outwards = _caller(stack, index)
        if outwards is None:
            break
        callee, index = stack[outwards + 1], outwards
    return Charge("line", stack[start], helpers=tuple(helpers), route=_route(stack, start, code))


def _caller(stack: tuple[Frame, ...], index: int) -> int | None:
    """The next user frame outwards, reached only through frames that pass a call on."""
    for outwards in range(index - 1, -1, -1):
        if stack[outwards].owner == "user":
            return outwards
        if stack[outwards].opaque:
            return None
    return None


def _loop_around(frame: Frame, callee: Frame | None, code: Code) -> Loop | Literal["service"] | None:
    """The innermost loop around a frame's line that can contain the call; "service" for a server's endless loop."""
    key = (frame, callee)
    if key not in code.loops:
        code.loops[key] = _find_loop(frame, callee, code)
    return code.loops[key]


def _find_loop(frame: Frame, callee: Frame | None, code: Code) -> Loop | Literal["service"] | None:
    source = code.source_at(frame.file, frame.line)
    if source is None:
        return None
    model = code.model(source)
    name = _called_name(callee) if callee is not None else ""
    around = [index for index in model.units_at(frame.line) if _same_code(model.units[index], frame)]
    named = bool(name) and any(name in unit.names for unit in model.units)
    if name and not named and any(call.name == name for call in model.calls):
        return "service" if any(model.units[index].service for index in around) else None
    for index in around:
        unit = model.units[index]
        if unit.service:
            return "service"
        if named and name not in unit.names:
            continue
        if callee is not None and name and _evaluated_once(unit, frame, callee, code):
            continue
        if unit.kind == "call" and name == "" and callee is None and _heads_a_loop(model, index, frame.line):
            continue
        return Loop(source, index)
    return None


def _same_code(unit: Unit, frame: Frame) -> bool:
    """Lambdas and comprehensions have frames of their own, with the line of the function around them."""
    return frame.name.startswith("<") or unit.function.rpartition(".")[2] == frame.name


def _evaluated_once(unit: Unit, frame: Frame, callee: Frame, code: Code) -> bool:
    """Is the callee called to make the iterable (`for row in load():`), rather than in each iteration?

    A generator function's body does run in each iteration.
    """
    model = code.model_at(frame.file, frame.line)
    if model is None:
        return False
    name = _called_name(callee)
    calls = [call for call in model.calls_at(frame.line) if call.name == name and unit.span.contains(call.span)]
    called = code.model_at(callee.file, callee.line)
    function = called.function_at(callee.line) if called is not None else None
    lazy = function is not None and function.yields
    return bool(calls) and not lazy and all(any(once.contains(call.span) for once in unit.once) for call in calls)


def _heads_a_loop(model: Model, index: int, line: int) -> bool:
    """Does this call make the iterable of a `for` on the same line, whose iteration the line mostly shows?"""
    call = model.units[index]
    return call.kind == "call" and any(
        unit.kind == "for" and unit.header.covers(line) and unit.header.contains(call.span) for unit in model.units
    )


def _outer(stack: tuple[Frame, ...], index: int, loop: Loop, code: Code) -> Iterator[Loop]:
    """Loops around a loop: in its own function, then in the callers up to the service's."""
    model = code.model(loop.source)
    parent = model.units[loop.unit].parent
    while parent is not None:
        if model.units[parent].service:
            return
        yield Loop(loop.source, parent)
        parent = model.units[parent].parent
    while (outwards := _caller(stack, index)) is not None:
        found = _loop_around(stack[outwards], stack[outwards + 1], code)
        if found == "service":
            return
        if found is not None:
            yield found
            around = code.model(found.source)
            parent = around.units[found.unit].parent
            while parent is not None and not around.units[parent].service:
                yield Loop(found.source, parent)
                parent = around.units[parent].parent
        index = outwards


def _route(stack: tuple[Frame, ...], index: int, code: Code) -> Frame | None:
    """The outermost user function that a server, executor or service loop calls: the handler or task."""
    route = stack[index]
    while (outwards := _caller(stack, index)) is not None:
        caller = stack[outwards]
        if caller.name == "<module>" or _loop_around(caller, stack[outwards + 1], code) == "service":
            break
        route, index = stack[outwards], outwards
    return None if route.name.startswith("<") else route
