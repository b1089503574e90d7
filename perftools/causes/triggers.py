"""What was being executed when a collection began: the user's line, the way there, and whether it asked for it."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Literal, NamedTuple

from perftools.causes.charge import collection
from perftools.causes.code import Code
from perftools.hot import Frame, classify, cut_at_process_entry
from perftools.record import Gc
from perftools.source import Model, Unit, waits

COLLECT = "gc.collect"

Path = Literal["request", "timer", "script"]
"""What leads to a line: a server, executor or a loop that takes work; a loop or library that waits for the clock; the
script itself, outside of any such loop."""

_SCHEDULERS = frozenset("apscheduler schedule sched".split())


class Trigger(NamedTuple):
    """Where a collection began."""

    frame: Frame | None
    """The user's line nearest the leaf; None where there is none."""
    route: Frame | None
    """The handler or task function that leads there."""
    explicit: bool
    """The line calls gc.collect()."""
    path: Path
    leaf: str
    """The innermost function, for stacks without a user's line."""


def triggers(gc: Gc, code: Code, user_paths: Sequence[str] = ()) -> tuple[Trigger, ...]:
    """What each stack of `gc` says."""
    frames = [classify(*frame, user_paths) for frame in gc.frames]
    return tuple(trigger(tuple(frames[at] for at in reversed(stack)), code) for stack in gc.stacks)


def trigger(stack: tuple[Frame, ...], code: Code) -> Trigger:
    """Judge one stack, root first."""
    stack = cut_at_process_entry(stack)
    charge = collection(stack, code)
    leaf = stack[-1].function if stack else ""
    if charge.frame is None:
        return Trigger(None, None, explicit=False, path="script", leaf=leaf)
    at = max(index for index, frame in enumerate(stack) if frame.owner == "user")
    explicit = COLLECT in code.called(charge.frame.file, charge.frame.line)
    return Trigger(charge.frame, charge.route, explicit, _path(stack[: at + 1], code), leaf)


def _path(stack: tuple[Frame, ...], code: Code) -> Path:
    """Outwards from the last frame to the first that says what repeats it."""
    for frame in reversed(stack):
        if frame.owner == "user":
            model = code.model_at(frame.file, frame.line)
            unit = _service_loop(model, frame) if model is not None else None
            if model is not None and unit is not None:
                return "timer" if _waits_for_clock(model, unit) else "request"
            if frame.name == "<module>":
                return "script"
        elif frame.package in _SCHEDULERS or (frame.package == "threading" and frame.function == "Timer.run"):
            return "timer"
        elif frame.owner == "library" or frame.package in ("threading", "concurrent", "asyncio") or frame.opaque:
            return "request"
    return "script"


def _service_loop(model: Model, frame: Frame) -> Unit | None:
    function = model.function_at(frame.line)
    for index in model.units_at(frame.line):
        unit = model.units[index]
        if unit.service and (function is None or function.span.contains(unit.span)):
            return unit
    return None


def _waits_for_clock(model: Model, unit: Unit) -> bool:
    """Does nothing but the time make the loop go round: `sleep(60)`, `stop.wait(60)`?"""
    pausing = [
        call
        for call in model.calls
        if unit.span.contains(call.span) and waits(call.name, call.positional, call.keywords)
    ]
    return bool(pausing) and all(
        call.name == "sleep"
        or (call.name == "wait" and not call.path.startswith("asyncio.") and bool(call.positional or call.keywords))
        for call in pausing
    )
