"""Types and sizes of objects in another process; never their values.

Elements are sampled, nesting is bounded, and so is the number of system calls: a description may be incomplete, and
since the process runs on it may be wrong: the caller takes several and lets them vote.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Sequence
from dataclasses import dataclass, field
from statistics import median_low

from perftools.record import Type
from perftools.remote import arrays, containers, iterators
from perftools.remote.attributes import attributes
from perftools.remote.dicts import select
from perftools.remote.heap import HEAP_TYPE, Heap, Object, checked_size
from perftools.remote.memory import Unreadable

SAMPLE = (16, 8, 4)
"""Elements read of a container, by its depth; nothing is read below the last one."""
MIN_SHARE = 0.1
"""Of the elements read: rarer types are left out (record.Type)."""
DEPTH = len(SAMPLE)
CONTENTS = 6
"""Elements whose own contents are read too."""
MAX_CALLS = 500
"""System calls for one object; beyond them only what is at hand is finished."""
MAX_POSITIONS = 8
"""Length up to which tuples are records, if their positions differ in type."""


@dataclass
class _Node:
    """One object as read: its label, its own size, and what was sampled of its contents."""

    name: str
    dtype: str = ""
    order: str = ""
    size: tuple[int, ...] = ()
    keys: list[_Node] = field(default_factory=list)
    items: list[_Node] = field(default_factory=list)
    fields: dict[str, _Node] = field(default_factory=dict)

    @property
    def label(self) -> tuple[str, str, str]:
        return self.name, self.dtype, self.order


def describe(heap: Heap, address: int, fields: Collection[str] = ()) -> tuple[Type, tuple[int, ...]]:
    """Type and sizes (length, or shape, by nesting depth) of the object at `address`. Raises Unreadable.

    `fields`: attributes of instances and string keys of dicts whose types are wanted. Numbers, strings and instances
    have no size. A DataFrame or Series has its rows (and columns, where they can be read).
    """
    return describe_object(heap, heap.object(address), fields)


def describe_object(heap: Heap, object_: Object, fields: Collection[str] = ()) -> tuple[Type, tuple[int, ...]]:
    """As `describe`, for an object that is read already."""
    node = _Reader(heap, fields).read(object_, 0)
    return _summaries([node])[0]


class _Reader:
    """Reads one object down to the greatest depth."""

    def __init__(self, heap: Heap, fields: Collection[str]) -> None:
        self._heap = heap
        self._fields = fields
        self._last_call = heap.memory.calls + MAX_CALLS

    def read(self, object_: Object, depth: int, contents: bool = True) -> _Node:
        """An object that passed the checks; contents that cannot be read are left out. Raises Unreadable at depth 0."""
        node = _Node(object_.type.name)
        contents = contents and self._heap.memory.calls < self._last_call
        try:
            self._fill(node, object_, depth if contents else DEPTH)
        except Unreadable as error:
            if error.code or not depth:
                raise
        return node

    def _fill(self, node: _Node, object_: Object, depth: int) -> None:
        heap, kind = self._heap, object_.type.kind
        sample = SAMPLE[depth] if depth < DEPTH else 0
        if kind in ("list", "tuple"):
            length, items = containers.sequence_items(heap, object_, max(sample, MAX_POSITIONS) if sample else 0)
            node.size, node.items = (length,), self._children(items, depth)
            if kind == "tuple" and object_.type.flags & HEAP_TYPE and sample:
                self._add_fields(node, attributes(heap, object_, self._fields), depth)
        elif kind == "dict":
            node.size = (checked_size(object_.field(16, "q")),)
            pairs = containers.dict_items(heap, object_, sample) if sample else []
            some = [pairs[index] for index in containers.spread(len(pairs), sample)]
            node.keys = self._children([key for key, _ in some], DEPTH)
            node.items = self._children([value for _, value in some], depth)
            if any(key.name == "str" for key in node.keys):
                self._add_fields(node, select(heap, pairs, self._fields), depth)
        elif kind in ("set", "frozenset"):
            length, items = containers.set_items(heap, object_, sample)
            node.size, node.items = (length,), self._children(items, depth)
        elif kind == "collections.deque":
            length, items = containers.deque_items(heap, object_, sample)
            node.size, node.items = (length,), self._children(items, depth)
        elif kind == "array.array":
            node.dtype, node.size = arrays.array_type_code(heap, object_), (object_.size(),)
        elif kind == "numpy.ndarray":
            node.dtype, node.order, node.size = arrays.ndarray_layout(heap, object_)
        elif kind in ("bytes", "bytearray"):
            node.size = (object_.size(),)
        elif kind in ("range", "range_iterator"):
            range_ = kind == "range"
            length_ = arrays.range_length(heap, object_) if range_ else iterators.range_length(heap, object_)
            node.name, node.size = "range", () if length_ is None else (length_,)
        elif not kind and object_.type.flags & HEAP_TYPE:
            self._fill_instance(node, object_, depth)

    def _fill_instance(self, node: _Node, object_: Object, depth: int) -> None:
        if object_.type.name in ("DataFrame", "Series"):
            shape = arrays.frame_shape(self._heap, object_)
            if shape is not None:
                node.size = shape
                return
        if self._fields and depth < DEPTH:
            self._add_fields(node, attributes(self._heap, object_, self._fields), depth)

    def _add_fields(self, node: _Node, found: dict[str, int], depth: int) -> None:
        for name, object_ in zip(found, self._heap.objects(list(found.values())), strict=True):
            if object_ is not None:
                node.fields[name] = self.read(object_, depth + 1)

    def _children(self, addresses: Sequence[int], depth: int) -> list[_Node]:
        if not addresses or self._heap.memory.calls >= self._last_call:
            return []
        objects = [object_ for object_ in self._heap.objects(addresses) if object_ is not None]
        deep = set(containers.spread(len(objects), CONTENTS))
        return [self.read(object_, depth + 1, index in deep) for index, object_ in enumerate(objects)]


def _summaries(nodes: Sequence[_Node]) -> list[tuple[Type, tuple[int, ...]]]:
    """The types of several objects, most frequent first, rare ones left out; each with its median sizes."""
    groups: dict[tuple[str, str, str], list[_Node]] = {}
    for node in nodes:
        groups.setdefault(node.label, []).append(node)
    ordered = sorted(groups.values(), key=len, reverse=True)
    return [_summary(group) for group in ordered if group is ordered[0] or len(group) >= MIN_SHARE * len(nodes)]


def _summary(group: Sequence[_Node]) -> tuple[Type, tuple[int, ...]]:
    """One type out of objects that have the same label."""
    keys = _summaries([key for node in group for key in node.keys])
    items = _summaries([item for node in group for item in node.items])
    fields = _fields(group) or _positions(group)
    inner = items[0][1] if items else ()
    first = group[0]
    type_ = Type(
        name=first.name,
        dtype=first.dtype,
        order=first.order,
        keys=tuple(kind for kind, _ in keys),
        items=tuple(kind for kind, _ in items),
        fields=fields,
    )
    return type_, _median_size(group) + inner


def _fields(group: Sequence[_Node]) -> tuple[tuple[str, Type], ...]:
    names = dict.fromkeys(name for node in group for name in node.fields)
    return tuple(
        (name, _summaries([node.fields[name] for node in group if name in node.fields])[0][0]) for name in names
    )


def _positions(group: Sequence[_Node]) -> tuple[tuple[str, Type], ...]:
    """Tuples of one short length whose positions differ in type are records."""
    lengths = {node.size for node in group}
    group = [node for node in group if node.name == "tuple" and node.size == (len(node.items),)]
    if len(lengths) != 1 or not group or not 2 <= len(group[0].items) <= MAX_POSITIONS:
        return ()
    length = len(group[0].items)
    kinds = [_summaries([node.items[position] for node in group])[0][0] for position in range(length)]
    if len({kind.name for kind in kinds}) == 1:
        return ()
    return tuple((str(position), kind) for position, kind in enumerate(kinds))


def _median_size(group: Sequence[_Node]) -> tuple[int, ...]:
    """The median length, or of each dimension, over those objects that have the most frequent number of dimensions."""
    (dimensions, _), *_ = Counter(len(node.size) for node in group).most_common(1)
    sizes = [node.size for node in group if len(node.size) == dimensions]
    return tuple(median_low(lengths) for lengths in zip(*sizes, strict=True))
