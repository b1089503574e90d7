"""Does a thread or task that waits have a request in hand, or is it parked until there is something to do?

A request is what a server, a pool or a loop that takes work has called the user's function for, and what a thread or
task of its own does that comes and goes. Parked are: pool threads without a job, a server's own loop, consumers of a
queue that is empty, connections whose client says nothing, watchdogs and timers between two turns, and whatever
stands in one place all the time without having been called by a server.
"""

from __future__ import annotations

import itertools
from collections.abc import Sequence
from typing import Literal, NamedTuple

from perftools.causes.code import Code
from perftools.causes.stations import station
from perftools.hot import Frame
from perftools.hot.frames import starts_up

STILL = 0.8
"""Part of the span that only what is parked stands still for, where no server has called it."""

_CALLS_HANDLERS = frozenset({"socketserver", "http", "wsgiref", "xmlrpc", "concurrent", "asyncio", "sched"})
"""Modules of the standard library that call a user's function because there is something to do."""
_LAUNCHERS = frozenset({"click", "typer", "fire", "absl", "hydra", "invoke", "uvloop"})
"""Libraries that only start programs."""
_SERVERS = frozenset(
    "aiohttp starlette uvicorn gunicorn hypercorn werkzeug waitress cheroot cherrypy tornado grpc celery kombu "
    "billiard rq dramatiq huey daphne sanic bjoern twisted pika ray bentoml litserve streamlit gradio flask fastapi "
    "django bottle apscheduler schedule watchdog anyio trio nats aio_pika faust arq".split()
)
"""Libraries that call handlers and jobs."""
_SERVING = {
    "socketserver": {"serve_forever", "handle_request"},
    "asyncio": {"run_forever", "_run_once", "run_until_complete", "run", "serve_forever"},
    "wsgiref": {"serve_forever"},
    "sched": {"run"},
    "asyncore": {"loop"},
    "signal": {"pause", "sigwait"},
}
"""Functions of the standard library that only return when all is over."""

_LIFESPAN = "/lifespan"
"""In the path of what an ASGI server starts and ends the application with: uvicorn/lifespan/on.py, hypercorn's
lifespan.py. Its task stands in `receive` from start-up until the end (ASGI specification, "Lifespan Protocol")."""
_PARKING = frozenset("wait sleep get join gather _wait wait_for acquire __aexit__ serve_forever wait_closed".split())
"""Where a task may stand for ever: for an event, a clock, a queue, other tasks."""


class InFlight(NamedTuple):
    """A request that waits."""

    frame: Frame
    """The user's line."""
    inside: tuple[Frame, ...]
    """What it called, outermost first."""
    entry: Frame | None
    """The function that a server or pool has called for it, or that takes the work."""
    pooled: bool
    """It is the job of a pool's thread."""


def in_flight(
    stack: tuple[Frame, ...], code: Code, *, kind: Literal["thread", "task"], call: str, still: bool
) -> InFlight | None:
    """The request that waits in this stack (root first); None for what is parked, or no code of the user's.

    `call`: what it waits in. `still`: it has stood there nearly all the time.
    """
    users = [at for at, frame in enumerate(stack) if frame.owner == "user"]
    if not users or starts_up(stack) or any(frame.owner == "library" and _LIFESPAN in frame.file for frame in stack):
        return None
    frame, inside = stack[users[-1]], stack[users[-1] + 1 :]
    if any(each.owner == "stdlib" and each.name in _SERVING.get(each.package, ()) for each in inside):
        return None  # an event loop below a request: its tasks tell
    called = [
        _calls_handlers(stack[before + 1 : at], kind, root=before < 0)
        for before, at in itertools.pairwise([-1, *users])
    ]
    for index in reversed(range(len(users))):
        at, dispatched = users[index], any(called[: index + 1])
        callee = stack[at + 1] if at + 1 < len(stack) and stack[at + 1].owner == "user" else None
        stands = station(stack[at], callee, code, dispatched=dispatched)
        if stands in ("takes", "periodic") or (stands == "turns" and _idles(inside, call)):
            return None
        if stands is not None or called[index]:
            return InFlight(frame, inside, stack[at], _pooled(stack))
    if any(each.owner == "library" and each.package in _SERVERS for each in inside):
        return None  # a program's own thread, which has started a server
    if (still and _may_be_parked(inside, kind)) or _never_returns(frame, inside, code):
        return None
    return InFlight(frame, inside, None, _pooled(stack))


def _calls_handlers(gap: Sequence[Frame], kind: str, *, root: bool) -> bool:
    """Is there a server or pool among the frames between two functions of the user's, or before the outermost?

    Any library that a thread or task begins with is one. In between only those are that are known: others call back
    what they were given. In a task, asyncio passes a call on.
    """
    modules = _CALLS_HANDLERS - {"asyncio"} if kind == "task" else _CALLS_HANDLERS
    return any(
        (frame.owner == "library" and frame.package not in _LAUNCHERS and (root or frame.package in _SERVERS))
        or (frame.package == "multiprocessing" and frame.name in ("worker", "mapstar", "starmapstar"))
        or (frame.owner == "stdlib" and frame.package in modules)
        for frame in gap
    )


def _idles(inside: Sequence[Frame], call: str) -> bool:
    """Does it wait for a clock, an event or a queue, as threads do that have nothing in hand?"""
    if inside:
        return inside[0].package in ("threading", "queue", "asyncio") and inside[0].name in ("wait", "sleep", "get")
    return call in ("nanosleep", "clock_nanosleep", "select", "pselect6")  # time.sleep: select(2) until 3.10


def _may_be_parked(inside: Sequence[Frame], kind: str) -> bool:
    """A task is seen at one place, too, where it comes back there again and again: not if it talks to a peer."""
    return kind == "thread" or all(frame.package == "asyncio" and frame.name in _PARKING for frame in inside)


def _never_returns(frame: Frame, inside: Sequence[Frame], code: Code) -> bool:
    """Is a program's own thread there to wait until all is over: for other threads, a signal, an event?"""
    if frame.name == "<module>":
        return True
    model = code.model_at(frame.file, frame.line)
    called = model.calls_at(frame.line) if model is not None else []
    names = {each.name for each in inside} or {call.name for call in called}
    return bool(names & {"join", "pause", "sigwait", "serve_forever", "wait_closed", "wait_for_termination"})


def _pooled(stack: Sequence[Frame]) -> bool:
    """The stack of a pool's thread: concurrent.futures, anyio, multiprocessing.pool."""
    return any(
        (frame.package == "concurrent" and frame.name == "_worker")
        or (frame.package == "anyio" and frame.name == "run")
        or (frame.package == "multiprocessing" and frame.name == "worker")
        for frame in stack
    )
