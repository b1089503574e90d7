"""Where CPython keeps the state of its garbage collector, by version: byte offsets on 64-bit builds with the GIL.

Sources: offsetof() compiled against the headers of CPython 3.8.18, 3.9.18, 3.10.13, 3.11.7, 3.12.1, 3.13.0, 3.14.10 and
3.15.2 (struct _gc_runtime_state, struct gc_stats: Include/internal/pycore_gc.h, pycore_interp_structs.h from 3.14 on).
3.14.0 to 3.14.4 had the incremental collector; its fields keep their places in 3.14.5, where those that went left
dummies behind ("to preserve other offsets", pycore_interp_structs.h).
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import NamedTuple

from perftools.remote.memory import Unreadable
from perftools.remote.offsets import Version

GENERATIONS = 3
GENERATION_SIZE, GENERATION_THRESHOLD = 24, 16
"""struct gc_generation: the head of its list (two pointers), int threshold, int count."""


class GcLayout(NamedTuple):
    """Offsets into struct _gc_runtime_state. None: this version has no such field."""

    size: int
    enabled: int
    generations: int
    permanent: int
    counters: int
    """Of each generation's collections, collected and uncollectable; from 3.15 on of a pointer to struct gc_stats."""
    collecting: int
    youngest: int | None
    """Of the pointer to the youngest generation's list (`generation0`)."""
    heap_size: int | None = None
    long_lived: int | None = None
    pending: int | None = None


class Place(NamedTuple):
    """Where the collector's state and what the GIL last was given to lie before 3.13."""

    gc: int
    """In the interpreter; 3.8: in `_PyRuntime`."""
    gil_holder: int
    """In `_PyRuntime` (ceval.gil.last_holder); 3.12: in the interpreter (_gil.last_holder)."""


class RingLayout(NamedTuple):
    """Offsets into struct gc_stats (3.15+): a ring of the latest collections for each generation."""

    size: int
    starts: tuple[int, ...]
    lengths: tuple[int, ...]
    """Entries of each generation; the index (int8_t) of the newest follows them."""
    sequence: int
    """uint32_t, odd while an entry is being written (update_seq)."""


RING = RingLayout(size=1120, starts=(0, 712, 912), lengths=(11, 3, 3), sequence=1112)
ENTRY_SIZE = 64
"""struct gc_generation_stats from 3.15 on: ts_start, ts_stop; totals since the process began: collections, collected,
uncollectable, candidates, duration (double, s); heap_size."""

PLACES = {
    (3, 8): Place(gc=344, gil_holder=1160),
    (3, 9): Place(gc=616, gil_holder=360),
    (3, 10): Place(gc=616, gil_holder=360),
    (3, 11): Place(gc=648, gil_holder=368),
    (3, 12): Place(gc=112, gil_holder=1048),
}

_BEFORE_3_14 = GcLayout(
    size=240, enabled=12, generations=24, permanent=104, counters=128, collecting=200, youngest=96,
    long_lived=224, pending=232,
)  # fmt: skip
_INCREMENTAL = GcLayout(
    size=240, enabled=12, generations=24, permanent=96, counters=120, collecting=192, youngest=None, heap_size=216,
)  # fmt: skip
_3_14_5 = _INCREMENTAL._replace(size=264, youngest=256, long_lived=240, pending=248)
_3_15 = GcLayout(
    size=176, enabled=0, generations=8, permanent=80, counters=104, collecting=112, youngest=168,
    heap_size=144, long_lived=152, pending=160,
)  # fmt: skip
_LAYOUTS = {(3, 13): (_BEFORE_3_14,), (3, 14): (_INCREMENTAL, _3_14_5), (3, 15): (_3_15,)}


def gc_layout(version: Version, published: Mapping[str, int]) -> GcLayout:
    """The layout of a version, with what the process publishes of it (`_Py_DebugOffsets`, 3.13+; empty before).

    Raises Unreadable: an unknown version, or another layout than the version's.
    """
    name = ".".join(map(str, version))
    if version[:2] in PLACES:
        return _BEFORE_3_14
    known = _LAYOUTS.get(version[:2])
    if known is None:
        raise Unreadable(f"where CPython {name} keeps its collector's state is not known", "V-VERSION")
    size, collecting = published["gc.size"], published["gc.collecting"]
    layout = next((each for each in known if (each.size, each.collecting) == (size, collecting)), None)
    if layout is None:
        raise Unreadable(f"the state of its collector is not that of CPython {name}: an unusual build", "V-BUILD")
    if version >= (3, 15, 0) and (published["gc.generation_stats"], published["gc.generation_stats_size"]) != (
        layout.counters,
        RING.size,
    ):
        raise Unreadable(f"the collector's statistics are not those of CPython {name}: an unusual build", "V-BUILD")
    return layout
