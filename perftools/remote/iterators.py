"""What a running loop iterates: from an iterator in another process to the container behind it."""

from __future__ import annotations

from perftools.remote.frames import Frame, for_loops_around
from perftools.remote.heap import Heap, Object
from perftools.remote.memory import Unreadable, sane

_AT_24 = (
    "list_iterator", "list_reverseiterator", "tuple_iterator", "iterator", "reversed", "str_iterator",
    "str_ascii_iterator", "bytes_iterator", "bytearray_iterator", "array.arrayiterator", "arrayiterator", "enumerate",
    "filter", "itertools.chain",
)  # fmt: skip
_AT_16 = (
    "dict_keyiterator", "dict_valueiterator", "dict_itemiterator", "dict_reversekeyiterator",
    "dict_reversevalueiterator", "dict_reverseitemiterator", "dict_keys", "dict_values", "dict_items", "mappingproxy",
    "set_iterator", "itertools.islice",
)  # fmt: skip
_SOURCE = {
    **dict.fromkeys(_AT_24, 24),
    **dict.fromkeys(_AT_16, 16),
    "_collections._deque_iterator": 32,
    "collections._deque_iterator": 32,
}
"""Offset of the pointer to what is iterated; zip and map hold a tuple of iterators (Objects/iterobject.c,
listobject.c, enumobject.c, dictobject.c, Python/bltinmodule.c, Modules/itertoolsmodule.c; 3.8 to 3.15)."""
_SEVERAL = {"zip": 24, "map": 16}
_RANGES = ("range_iterator", "longrange_iterator")
ITERATORS = frozenset((*_SOURCE, *_SEVERAL, *_RANGES, "generator"))
_ARGUMENTS = frozenset(
    ("generator", "zip", "map", "filter", "enumerate", "reversed", "itertools.chain", "itertools.islice")
)
"""Iterators that code passes on; one over a list or range is made by a loop, and stale where there is none."""
_MAX_DEPTH = 4
_MAX_SEVERAL = 8
_TAG_BITS, _INTEGER_TAG = 3, 3
"""_PyStackRef from 3.14 on (Include/internal/pycore_stackref.h)."""
_VIRTUAL = frozenset(("list", "tuple"))
"""What 3.15 iterates without an iterator: the container itself, and a tagged index above it."""


def containers(heap: Heap, iterator: Object, depth: int = _MAX_DEPTH) -> list[Object]:
    """What an iterator iterates, several for zip and map; the object itself where it is none. Raises Unreadable."""
    kind = iterator.type.kind
    if kind not in ITERATORS or kind in _RANGES:
        return [iterator]
    if not depth:
        return []
    if kind in _SOURCE:
        sources = [iterator.field(_SOURCE[kind])]
    elif kind in _SEVERAL:
        inner = heap.object(iterator.field(_SEVERAL[kind]))
        if inner.type.kind != "tuple" or not 0 < inner.size() <= _MAX_SEVERAL:
            return []
        sources = list(heap.memory.u64s(inner.address + heap.layout.tuple_items, inner.size()))
    else:
        sources = _generator_source(heap, iterator)
    # an iterator that is exhausted points to nothing
    found = heap.objects([source for source in sources if sane(source)])
    return [container for source in found if source is not None for container in containers(heap, source, depth - 1)]


def _generator_source(heap: Heap, generator: Object) -> list[int]:
    """The `.0` of a generator expression: always its first local (Python/compile.c)."""
    layout = heap.layout
    frame = generator.address + layout.generator_frame
    if heap.runtime.version < (3, 11, 0):
        frame = heap.memory.u64(frame)
    if not sane(frame):
        return []
    code = heap.memory.u64(frame + layout.frame_code) & ~7
    names = heap.memory.u64(code + layout.code_locals_names[0])
    if heap.memory.i64(names + 16) < 1:
        return []
    first = heap.names.read([heap.memory.u64(names + layout.tuple_items)], 8)
    return [heap.memory.u64(frame + layout.frame_locals) & ~_tags(heap)] if first == [".0"] else []


def loop_containers(heap: Heap, frame: Frame, *, calling: bool) -> list[list[Object]]:
    """What the frame's running `for` loops iterate, the outermost first. Raises Unreadable.

    `calling`: the frame waits for a callee or a C function; the iterators passed to it (`sum(map(...))`) follow.

    The top of a value stack is not known while its frame runs, so that all of it is read: what lies above is stale.
    """
    size = frame.code.stack_size
    if not size:
        return []
    words = heap.memory.u64s(frame.locals + 8 * len(frame.code.locals), size)
    tags = _tags(heap)
    indexed = [bool(tags) and word & tags == _INTEGER_TAG for word in (*words[1:], 0)]
    objects = heap.objects([0 if tags and word & tags == _INTEGER_TAG else word & ~tags for word in words])
    found = [
        object_
        for object_, has_index in zip(objects, indexed, strict=True)
        if object_ is not None and (object_.type.kind in ITERATORS or (has_index and object_.type.kind in _VIRTUAL))
    ]
    loops = for_loops_around(heap.runtime, frame)
    arguments = [object_ for object_ in found[loops:] if object_.type.kind in _ARGUMENTS] if calling else []
    return [behind for iterator in found[:loops] + arguments if (behind := _behind(heap, iterator))]


def _behind(heap: Heap, iterator: Object) -> list[Object]:
    try:
        return containers(heap, iterator)
    except Unreadable as error:
        if error.code:
            raise
        return []


def _tags(heap: Heap) -> int:
    return _TAG_BITS if heap.runtime.version >= (3, 14, 0) else 0


def range_length(heap: Heap, iterator: Object) -> int | None:
    """How many numbers a loop over a range has (Objects/rangeobject.c). Raises Unreadable.

    From 3.12 on the iterator knows only what is left: the length is that of a range that began at 0, as nearly all do.
    """
    if iterator.type.kind == "longrange_iterator":
        return None
    if heap.runtime.version < (3, 12, 0):
        return max(0, iterator.field(40, "q"))
    start, step, left = (iterator.field(offset, "q") for offset in (16, 24, 32))
    return max(0, left) + (start // step if step > 0 and start > 0 else 0)
