"""What a request waits in, as one says it: "redis recv", "time.sleep", "lock", "Future.result"."""

from __future__ import annotations

from typing import Final, Literal

from perftools.causes.code import Code
from perftools.causes.in_flight import InFlight
from perftools.hot import Frame
from perftools.source import Call, waits

_VERBS: Final = {
    "recvfrom": "recv", "recvmsg": "recv", "recvmmsg": "recv", "sendto": "send", "sendmsg": "send",
    "connect": "connect", "accept": "accept", "accept4": "accept", "nanosleep": "sleep", "clock_nanosleep": "sleep",
    "wait4": "wait for child", "waitid": "wait for child", "futex": "lock", "fsync": "fsync", "fdatasync": "fsync",
    "flock": "file lock", "fcntl": "file lock", "read": "read", "pread64": "read", "readv": "read", "write": "write",
    "pwrite64": "write", "writev": "write", "openat": "open",
}  # fmt: skip
"""What the system calls do, by name."""
_POLLS: Final = frozenset({"poll", "ppoll", "select", "pselect6", "epoll_wait", "epoll_pwait", "epoll_pwait2"})
"""With these a socket that has a time limit waits too: the function's name tells for what."""
_BY_NAME: Final = {"handshake": "handshake", "recv": "recv", "read": "recv", "connect": "connect", "send": "send"}
_NETWORK: Final = frozenset({"recv", "send", "connect", "accept", "handshake"})
_CLIENTS: Final = frozenset("http urllib ssl socket ftplib smtplib imaplib poplib".split())
"""Modules of the standard library that talk to a peer."""
_CLASSES: Final = {"concurrent": "Future", "queue": "Queue"}
"""Whose method a function is, where its name does not tell (before 3.11)."""
_PASSING: Final = frozenset("wait_for wrapper inner wrapped __call__ __enter__ __aenter__".split())
"""Functions that only pass on to what waits."""
_SOCKET: Final = {
    "recv": "recv", "recv_into": "recv", "recvfrom": "recv", "connect": "connect", "accept": "accept",
    "sendall": "send", "send": "send",
}  # fmt: skip
"""Methods of sockets, and what they do."""
_AROUND: Final = frozenset(
    "append extend list tuple dict set str int float len print loads dumps decode encode json range enumerate "
    "wait_for shield".split()
)
"""Calls around the one that waits."""
_FUTURES: Final = frozenset({"result", "exception", "as_completed", "wait", "result_iterator", "__exit__", "shutdown"})
_POOLS: Final = frozenset("to_thread run_in_executor run_sync run_in_threadpool run_sync_in_worker_thread".split())
_TASKS: Final = frozenset("wait_for _wait gather call_next __aexit__ as_completed _wait_for_one".split())


def what(found: InFlight, call: str, code: Code) -> str:
    """What the user's line calls there. `call`: the system call, or what a task awaits."""
    inside = [frame for frame in found.inside if frame.owner != "generated"]
    if all(frame.name in _PASSING for frame in inside):
        return _without_frame(found.frame, call, code)
    entry = next((frame for frame in inside if frame.opaque), None)
    entry = entry or next(frame for frame in inside if frame.name not in _PASSING)
    doing = verb(call, inside[-1].name)
    if entry.owner == "library":
        return f"{entry.package} {doing if doing in _NETWORK else entry.name.strip('_')}"
    if entry.package in _CLIENTS and doing in _NETWORK:
        return f"{entry.package} {doing}"
    return _of_stdlib(entry)


def verb(call: str, function: str) -> str:
    """What a system call does; of one that polls, what the function around it is called for."""
    if call in _POLLS or not call:
        return next((doing for part, doing in _BY_NAME.items() if part in function), "wait")
    return _VERBS.get(call, call)


def depends_on(found: InFlight, call: str, code: Code, kind: str) -> Literal["pool", "tasks"] | None:
    """Whether it waits for a job of a pool, or other tasks of its process, which then tell what is waited for."""
    names = [frame.name for frame in found.inside]
    if kind == "thread":
        futures = any(frame.package == "concurrent" and frame.name in _FUTURES for frame in found.inside)
        return "pool" if futures or (names and names[0] == "join") else None
    if not names:
        model = code.model_at(found.frame.file, found.frame.line)
        called = {each.name for each in model.calls_at(found.frame.line)} if model is not None else set()
        return "pool" if called & _POOLS else "tasks" if call in ("Task", "gather") or called & _TASKS else None
    if names[-1] in _POOLS:
        return "pool"
    return "tasks" if names[-1] in _TASKS or "call_next" in names or call in ("Task", "gather") else None


def _of_stdlib(frame: Frame) -> str:
    if frame.name == "result_iterator":
        return "Executor.map"
    owner = frame.function.rpartition(".")[0].rpartition(".")[2]
    if not owner or owner.startswith(("_", "<")):
        owner = _CLASSES.get(frame.package, frame.package)
    return owner if frame.name.startswith("__") else f"{owner}.{frame.name.strip('_') or frame.name}"


def _without_frame(frame: Frame, call: str, code: Code) -> str:
    """A wait in C, which has no frame of its own: the call on the user's line that it can be."""
    found = _waiting_call(frame, code)
    doing = verb(call, found.name if found is not None else "")
    if found is None:
        return "lock" if call == "Lock" else doing
    if _SOCKET.get(found.name) == doing:
        return f"socket {doing}"
    said = found.path or found.name
    told = doing in (found.name, "wait", "lock") or call not in _VERBS
    return said if told else f"{said} ({doing})"


def _waiting_call(frame: Frame, code: Code) -> Call | None:
    """The call on a line that waits, most likely: one that is known to, else the innermost that is not a trifle."""
    model = code.model_at(frame.file, frame.line)
    calls = model.calls_at(frame.line) if model is not None else []
    known = [call for call in calls if waits(call.name, call.positional, call.keywords)]
    others = [call for call in calls if call.name not in _AROUND]
    return min(known or others, key=lambda call: call.span.size, default=None)
