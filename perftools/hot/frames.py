"""Whose code a frame is, and whether its thread waits there."""

from __future__ import annotations

import itertools
import re
from collections.abc import Sequence
from typing import Literal, NamedTuple

Owner = Literal["user", "library", "stdlib", "generated"]

_PACKAGES = re.compile(r"/(?:site|dist)-packages/([^/]+)")
_STDLIB = re.compile(r"/lib(?:64)?/(?:python|pypy)3(?:\.\d+t?)?(?:/lib-dynload)?/([^/]+)|/python3\d+\.zip/([^/]+)")

_CONSOLE_SCRIPT = re.compile(r"/bin/[^/.]+$")
"""`bin/gunicorn`: the one call that pip writes is nobody's code. A function in such a file is somebody's."""

TRANSPARENT = frozenset(
    "functools contextlib concurrent threading asyncio runpy heapq operator itertools bisect _collections_abc abc "
    "collections dataclasses enum typing types numbers random".split()
)
"""Stdlib modules that only pass a call on, or do for user code what it could have written itself in C-like steps."""

_WAITS = {
    "selectors": {"select"},
    "socket": {"accept", "recv", "recv_into", "recvfrom", "readinto"},
    "ssl": {"do_handshake"},
    "threading": {"wait", "_wait_for_tstate_lock", "join", "acquire", "__enter__", "_shutdown"},
    "queue": {"get", "put"},
    "concurrent": {"_worker", "result", "wait", "exception", "wait_result_broken_or_wakeup", "_python_exit"},
    "multiprocessing": {
        "_recv",
        "poll",
        "_poll",
        "wait",
        "accept",
        "get",
        "join",
        "acquire",
        "__enter__",
        "recv_bytes",
    },
    "subprocess": {"wait", "_wait", "_try_wait", "communicate"},
    "socketserver": {"serve_forever"},
    # A worker thread that wakes the event loop hands it the GIL and waits to have it back: measured on four services
    # with threads under asyncio, 7-28 % of the active stacks stood here, and 0-1 % of those that held the GIL.
    "asyncio": {"_write_to_self"},
    "signal": {"sigwait", "pause"},
    "asyncore": {"poll", "loop"},
}
_LIBRARY_WAITS = frozenset(
    "select wait sleep accept recv recv_into poll wait_for_read _read_from_socket read_from_socket run_forever".split()
)


class Frame(NamedTuple):
    """One frame of a stack, classified."""

    function: str
    """As the sampler gave it: qualified from 3.11 on."""
    file: str
    line: int
    owner: Owner
    package: str
    """Top-level package or module of a library or stdlib frame, "" for others."""

    @property
    def name(self) -> str:
        """The last part of the function's name: the only one that every version gives."""
        return self.function.rpartition(".")[2]

    @property
    def opaque(self) -> bool:
        """Does this frame do work that is not the user's loop?"""
        return self.owner == "library" or (self.owner == "stdlib" and self.package not in TRANSPARENT)


def classify(function: str, file: str, line: int, user_paths: Sequence[str] = ()) -> Frame:
    """Decide by the file's path whose code it is.

    `user_paths`: paths below site-packages that are the user's all the same. `<string>` and the like are generated code
    (dataclass methods, exec), `<frozen …>` is the interpreter's own.
    """
    if file.startswith("<"):
        if file.startswith("<frozen "):
            return Frame(function, file, line, "stdlib", file[8:-1].partition(".")[0])
        if "array_function" in file:
            return Frame(function, file, line, "library", "numpy")
        return Frame(function, file, line, "generated", "")
    packages = _PACKAGES.findall(file)
    if packages:
        if any(file == path or file.startswith(path.rstrip("/") + "/") for path in user_paths):
            return Frame(function, file, line, "user", "")
        return Frame(function, file, line, "library", packages[-1].removesuffix(".py").removesuffix(".pyx"))
    if match := _STDLIB.search(file):
        return Frame(function, file, line, "stdlib", (match[1] or match[2]).removesuffix(".py"))
    if function == "<module>" and _CONSOLE_SCRIPT.search(file):
        return Frame(function, file, line, "generated", "")
    if file.endswith((".pyx", ".pxd", ".pxi")):
        return Frame(function, file, line, "library", file.lstrip("./").partition("/")[0])
    return Frame(function, file, line, "user", "")


def waits(leaf: Frame) -> bool:
    """Is this leaf frame a place where a thread waits for work, a lock, a peer or a clock?

    Writing to a socket is not one: there the thread is mostly runnable, behind the peer that it woke up.
    """
    if leaf.owner == "stdlib":
        return leaf.name in _WAITS.get(leaf.package, ())
    return leaf.owner == "library" and leaf.name in _LIBRARY_WAITS


def starts_up(stack: Sequence[Frame]) -> bool:
    """Is this stack (root first) the import of a module that no function asked for, or the interpreter's own start?"""
    for below, above in itertools.pairwise(stack):
        if below.owner in ("user", "library") and below.name != "<module>":
            return False
        if below.package == "importlib" and above.name == "<module>":
            return True
    return False


def cut_at_process_entry(stack: tuple[Frame, ...]) -> tuple[Frame, ...]:
    """Without the parent's frames that a forked child keeps below its own (root first)."""
    for index in range(len(stack) - 1, 0, -1):
        frame = stack[index]
        if frame.package == "multiprocessing" and frame.name == "_bootstrap":
            return stack[index:]
    return stack
