"""Loops that take work, as the source tells them: does a frame stand where its loop takes the next piece, or within?

A worker's loop takes a piece of work and does it (`job = jobs.get()`), a watchdog's only sleeps between two turns, and
a connection's reads a request and answers it on the same channel. Loops that read something to its end, or try again
until it works, are a part of the work that they are in.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Literal

from perftools.causes.code import Code
from perftools.hot import Frame
from perftools.source import Call, Model, Span, Unit, waits

Station = Literal["takes", "works", "periodic", "turns"]
"""Where a frame stands in its loop: takes the next piece of work, works on one, or anywhere in a periodic loop; "turns"
is within an endless loop of which the source does not tell what it takes."""

_PAUSES = frozenset({"sleep", "wait"})
_NO_TAKES = frozenset({"acquire", "join", "result"})
"""They wait, but hand over no work."""
_TAKES = re.compile(
    r"(?:.*_)?(?:recv|receive|accept)(?:_.*)?|read_(?:message|request|frame|command)"
    r"|b[lr]pop\w*|bzpop\w+|[lr]pop|xread\w*|basic_get|get_message|consume|dequeue|reserve|take"
    r"|(?:get|next|fetch|pop|take)_(?:job|task|request|message|batch|item|work)s?"
)
"""Beside what `perftools.source.waits` knows: names of what hands over a piece of work, or a request."""
_READS = re.compile(r"(?:.*_)?read(?:line|until|exactly)?(?:_.*)?")
"""These do so in a connection's loop; in one that pauses they only read something."""
_PIECES = re.compile(rf"{_READS.pattern}|recv(?:_into|from|msg)?")
"""These may give a piece of a message: a loop over them that ends is a connection's only if it answers."""
_WHOLE = re.compile(r"get|accept|receive(?:_\w+)?|get_message|recv_multipart")
"""Each of these gives a whole piece of work, also where a sentinel ends the loop."""
_ANSWERS = frozenset(
    "send sendall sendto send_bytes send_json send_string send_text write writelines put reply".split()
)
_FEEDS = re.compile(
    r"\biter\(|\b(?:websocket|ws|consumer|pubsub|queue|subscription|messages|listen|iter_text|iter_json|iter_bytes"
    r"|requests|jobs|tasks|reader|rfile|connection|conn)\b"
)
"""What a `for` loop that waits for its next element takes work from."""
_SAME_CHANNEL = {"reader": "writer", "rfile": "wfile"}

_ENDLESS = re.compile(r"while\s*\(?\s*(?:True|1)\s*\)?\s*:")
_COMPARED = re.compile(r"[<>=]=|[<>]|:=")
_LEFT = re.compile(r"\b(?:break|return|raise)\b")
_RETURNS_VALUE = re.compile(r"\breturn[ \t]+[^\s#]")
_STREAMS = re.compile(r"\byield\b")
"""A generator that pauses between what it yields: server-sent events."""


def station(frame: Frame, callee: Frame | None, code: Code, *, dispatched: bool) -> Station | None:
    """Where the frame stands in the innermost loop around it that takes work; None where there is none.

    `callee`: the user's function that it calls, if any. `dispatched`: a server or pool has called this function, so
    that it is at work already: only a loop without an end is more than a part of that.
    """
    model = code.model_at(frame.file, frame.line)
    if model is None:
        return None
    for index in model.units_at(frame.line):
        unit = model.units[index]
        if frame.name.startswith("<") or unit.function.rpartition(".")[2] == frame.name:
            head, body = (_text(span, frame.file, code) for span in (unit.header, unit.span))
            if unit.kind == "for" and (unit.service or not dispatched) and _FEEDS.search(head):
                return "takes" if unit.header.covers(frame.line) and callee is None else "works"
            if unit.kind == "while" and (kind := _kind(head, body, unit, model, dispatched=dispatched)):
                return "takes" if kind != "periodic" and _at_take(frame, callee, unit, model) else kind
    return None


def _kind(
    head: str, body: str, unit: Unit, model: Model, *, dispatched: bool
) -> Literal["works", "periodic", "turns"] | None:
    """What a `while` loop is for; None where it is a part of the work around it."""
    take = _first(unit, model, _takes)
    endless = _ENDLESS.match(head) is not None
    without_end = endless and not _LEFT.search(body)
    own = (endless or not _COMPARED.search(head)) and not dispatched
    pause = _first(unit, model, _pauses)
    if pause is not None and (take is None or _READS.fullmatch(take.name) or pause.span[:2] < take.span[:2]):
        streams = without_end or _STREAMS.search(body)
        return "periodic" if streams or (own and not _RETURNS_VALUE.search(body)) else None
    if take is None:
        return "turns" if without_end and not dispatched else None
    flagged = own and not endless and not _PIECES.fullmatch(take.name)
    if without_end or flagged or _serves(take, unit, model, dispatched=dispatched):
        return "works"
    return None


def _at_take(frame: Frame, callee: Frame | None, unit: Unit, model: Model) -> bool:
    """Does the frame stand where its loop takes work, or pauses because there is none?"""
    pauses = any(
        _pauses(call) and call.span.covers(frame.line) for call in model.calls if unit.span.contains(call.span)
    )
    if pauses and callee is None:
        return True
    take = _first(unit, model, _takes)
    return take is not None and take.span.covers(frame.line) and (callee is None or callee.name == take.name)


def _first(unit: Unit, model: Model, wanted: Callable[[Call], bool]) -> Call | None:
    """The loop's first call of a kind."""
    within = (call for call in model.calls if unit.span.contains(call.span) and wanted(call))
    return min(within, key=lambda call: call.span[:2], default=None)


def _pauses(call: Call) -> bool:
    return call.name in _PAUSES


def _takes(call: Call) -> bool:
    """Does it wait for something to do?"""
    if call.name in _PAUSES or call.name in _NO_TAKES:
        return False
    named = _TAKES.fullmatch(call.name) or _READS.fullmatch(call.name)
    return named is not None or waits(call.name, call.positional, call.keywords)


def _serves(take: Call, unit: Unit, model: Model, *, dispatched: bool) -> bool:
    """Does a loop that can be left take requests: is each handed over whole, or answered where it came from?"""
    if _WHOLE.fullmatch(take.name) and not dispatched:
        return True
    answers = {
        call.path.rpartition(".")[0] for call in model.calls if call.name in _ANSWERS and unit.span.contains(call.span)
    }
    channel = take.path.rpartition(".")[0]
    if not channel:  # read_request(connection)
        return bool(answers) and not dispatched
    owner, dot, last = channel.rpartition(".")
    return bool(answers & {channel, f"{owner}{dot}{_SAME_CHANNEL.get(last, last)}"})


def _text(span: Span, file: str, code: Code) -> str:
    """The lines of a span."""
    return "\n".join(code.text_at(file, line) for line in range(span.line, span.end_line + 1))
