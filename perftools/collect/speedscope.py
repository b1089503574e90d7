"""The speedscope file that py-spy writes: threads, their stacks and the frames in them. Nothing in it is trusted."""

from __future__ import annotations

import re
from typing import NamedTuple

import msgspec
from msgspec import Struct

_FRAMES = 200_000


class Stacks(NamedTuple):
    """One thread's samples, in the order taken."""

    tid: int | None
    """The id that the thread has in its own pid namespace; None on CPython <= 3.10."""
    thread: str
    stacks: list[tuple[int, ...]]
    """Indices into Recorded.frames, leaf first."""


class Recorded(NamedTuple):
    """What one file holds."""

    frames: list[tuple[str, str, int]]
    """Function, file, line, as py-spy names them."""
    threads: list[Stacks]
    empty: int
    """Samples without a single frame."""


class _Frame(Struct):
    name: str
    file: str | None = None
    line: int | None = None


class _Shared(Struct):
    frames: list[_Frame]


class _Profile(Struct):
    name: str
    samples: list[tuple[int, ...]]


class _File(Struct):
    profiles: list[_Profile]
    shared: _Shared


# 'Thread 4711 "name"'; from CPython 3.11 on the kernel's id, before the pthread_t in hexadecimal
_PROFILE_NAME = re.compile(r'Thread (?:0[xX][0-9A-Fa-f]+|(?P<tid>\d{1,10}))(?: "(?P<name>.*)")?', re.DOTALL)


def parse(text: bytes) -> Recorded:
    """Read a speedscope file of py-spy; its stacks run from root to leaf, below a frame that names the thread.

    Raises msgspec.DecodeError or ValueError where it is none, or larger than is believable.
    """
    document = msgspec.json.decode(text, type=_File)
    frames = [(frame.name, frame.file or "", frame.line or 0) for frame in document.shared.frames]
    if len(frames) > _FRAMES:
        raise ValueError(f"{len(frames)} frames")
    synthetic = {index for index, (_, file, line) in enumerate(frames) if not file and not line}
    threads, empty = [], 0
    for profile in document.profiles:
        match = _PROFILE_NAME.fullmatch(profile.name)
        if match is None:
            raise ValueError("a profile that is no thread")
        stacks: list[tuple[int, ...]] = []
        for sample in profile.samples:
            if sample and not 0 <= min(sample) <= max(sample) < len(frames):
                raise ValueError("a frame that is not listed")
            stack = sample[:0:-1] if sample and sample[0] in synthetic else sample[::-1]
            if stack:
                stacks.append(stack)
            else:
                empty += 1
        threads.append(Stacks(int(match["tid"]) if match["tid"] else None, match["name"] or "", stacks))
    return Recorded(frames, threads, empty)
