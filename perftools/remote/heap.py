"""Objects in another process: their types, checked; dicts and attributes, looked up by name."""

from __future__ import annotations

import struct
from collections.abc import Iterable, Sequence
from typing import NamedTuple

from perftools.remote.interpreter import Runtime
from perftools.remote.memory import Unreadable, sane
from perftools.remote.strings import Names

# Include/object.h
INLINE_VALUES, MANAGED_DICT, HEAP_TYPE = 1 << 2, 1 << 4, 1 << 9
_TYPE_SUBCLASS = 1 << 31
_SUBCLASS = {25: "list", 26: "tuple", 27: "bytes", 28: "str", 29: "dict"}
"""Py_TPFLAGS_*_SUBCLASS by bit. Not int (24): what inherits from it is a number under its own name."""
_KINDS = frozenset((
    "float", "int", "bool", "set", "frozenset", "bytearray", "range",
    "array.array", "collections.deque", "numpy.ndarray",
    "list_iterator", "list_reverseiterator", "tuple_iterator", "iterator", "reversed", "enumerate",
    "zip", "map", "filter", "str_iterator", "str_ascii_iterator", "bytes_iterator", "bytearray_iterator",
    "array.arrayiterator", "arrayiterator", "range_iterator", "longrange_iterator", "generator", "set_iterator",
    "dict_keyiterator", "dict_valueiterator", "dict_itemiterator",
    "dict_reversekeyiterator", "dict_reversevalueiterator", "dict_reverseitemiterator",
    "dict_keys", "dict_values", "dict_items", "mappingproxy",
    "_collections._deque_iterator", "collections._deque_iterator", "itertools.chain", "itertools.islice",
    "coroutine", "coroutine_wrapper", "async_generator", "async_generator_asend", "async_generator_athrow",
    "anext_awaitable", "_asyncio.Future", "_asyncio.FutureIter", "_asyncio.Task",
    "cell", "function", "member_descriptor", "_collections._tuplegetter", "collections._tuplegetter",
    "property", "getset_descriptor", "method_descriptor", "classmethod", "staticmethod", "wrapper_descriptor",
))  # fmt: skip
_MAX_BASES = 32
_TYPE_SIZE = 352
"""Up to and with PyTypeObject.tp_mro (+344)."""


class Type(NamedTuple):
    """What we need of a PyTypeObject."""

    address: int
    name: str
    """Last part of tp_name."""
    kind: str
    """The layout that its objects share: tp_name of the built-in type that it is or inherits from; "" for others."""
    flags: int
    basic_size: int
    item_size: int
    dict_offset: int
    namespace: int
    """tp_dict: 0 for the static types of 3.12 and later."""
    mro: int


class Object(NamedTuple):
    """An object that passed the checks; `head` is its first 16 to 72 bytes."""

    address: int
    type: Type
    head: bytes

    def field(self, offset: int, code: str = "Q") -> int:
        """A number at an offset. Raises Unreadable where the head ends before it."""
        try:
            return int(struct.unpack_from("<" + code, self.head, offset)[0])
        except struct.error as error:
            raise Unreadable(f"{self.address:#x}: the object ends too early") from error

    def size(self) -> int:
        """PyVarObject.ob_size, checked."""
        return checked_size(self.field(16, "q"))


def checked_size(size: int) -> int:
    """A number of elements that can be. Raises Unreadable."""
    if not 0 <= size < 1 << 34:
        raise Unreadable(f"a size of {size}")
    return size


class Stored(NamedTuple):
    """Where a class keeps an attribute of its instances."""

    offset: int = 0
    """In the instance: a slot, an item of a named tuple."""
    address: int = 0
    """Of the class's own value. Neither: the attribute is computed, or there is none."""


class Heap:
    """The objects of one process. What is known of types and names is remembered: `forget` it now and then."""

    def __init__(self, runtime: Runtime) -> None:
        self.runtime = runtime
        self.memory = runtime.memory
        self.layout = runtime.layout
        self.names = Names(runtime)
        self.class_attributes: dict[tuple[int, str], Stored] = {}
        self.shared_keys: dict[int, dict[str, int]] = {}
        """Index of each attribute among an instance's values, by class."""
        self._types: dict[int, Type] = {}

    def forget(self) -> None:
        """Read types and names anew from now on: a class may have been freed and another taken its place."""
        self._types.clear()
        self.class_attributes.clear()
        self.shared_keys.clear()
        self.names.forget()

    def objects(self, addresses: Sequence[int]) -> list[Object | None]:
        """Several objects in one call; None for each that fails a check."""
        heads = self.memory.read_many([(address, 72 if sane(address) else 0) for address in addresses])
        found: list[Object | None] = []
        for address, head in zip(addresses, heads, strict=True):
            try:
                found.append(self._object(address, head))
            except Unreadable as error:
                if error.code:
                    raise
                found.append(None)
        return found

    def object(self, address: int) -> Object:
        """The object at an address. Raises Unreadable."""
        return self._object(address, self.memory.read_many([(address, 72 if sane(address) else 0)])[0])

    def type(self, address: int) -> Type:
        """The type object at an address. Raises Unreadable."""
        known = self._types.get(address)
        if known is None:
            known = self._types[address] = self._read_type(address, _MAX_BASES)
        return known

    def attribute_types(self, type_: Type) -> Iterable[Type]:
        """The type and its bases, in the order in which attributes are looked up."""
        if not sane(type_.mro):
            return
        size = self.memory.i64(type_.mro + 16)
        if not 0 < size <= _MAX_BASES:
            return
        for address in self.memory.u64s(type_.mro + self.layout.tuple_items, size):
            yield self.type(address)

    def _object(self, address: int, head: bytes | None) -> Object:
        if not sane(address):
            raise Unreadable(f"{address:#x} is no object")
        if head is None:  # it may be small and lie at the end of what is mapped
            head = self.memory.read(address, 24 if address % 4096 <= 4096 - 24 else 16)
        references, type_address = struct.unpack_from("<QQ", head)
        if not references & 0xFFFFFFFF or (self.runtime.version < (3, 12, 0) and references >= 1 << 40):
            raise Unreadable(f"{address:#x}: {references} references")
        return Object(address, self.type(type_address), head)

    def _read_type(self, address: int, depth: int) -> Type:
        if not sane(address) or not depth:
            raise Unreadable(f"{address:#x} is no type")
        data = self.memory.read(address, _TYPE_SIZE)
        references, metatype = struct.unpack_from("<QQ", data)
        name_address, basic_size, item_size = struct.unpack_from("<Qqq", data, 24)
        (flags,) = struct.unpack_from("<Q", data, 168)
        base, namespace = struct.unpack_from("<QQ", data, 256)
        (dict_offset,) = struct.unpack_from("<q", data, 288)
        (mro,) = struct.unpack_from("<Q", data, 344)
        if not references & 0xFFFFFFFF or not sane(metatype):
            raise Unreadable(f"{address:#x} is no type")
        if metatype != address and not self.memory.u64(metatype + 168) & _TYPE_SUBCLASS:
            raise Unreadable(f"{address:#x}: its type is none of types")
        if not 0 <= basic_size < 1 << 20 or not 0 <= item_size < 1 << 20 or not -(1 << 20) < dict_offset < 1 << 20:
            raise Unreadable(f"{address:#x}: sizes of {basic_size} and {item_size} bytes")
        name = self.memory.text(name_address)
        if not all(part.isidentifier() for part in name.split(".")):
            raise Unreadable(f"{address:#x}: its name is none")
        kind = self._kind(name, flags, base, depth)
        short = name.rpartition(".")[2]
        return Type(address, short, kind, flags, basic_size, item_size, dict_offset, namespace, mro)

    def _kind(self, name: str, flags: int, base: int, depth: int) -> str:
        for bit, kind in _SUBCLASS.items():
            if flags >> bit & 1:
                return kind
        # a class statement makes a heap type without a dot in its tp_name, whatever it calls itself
        if name in _KINDS and ("." in name or not flags & HEAP_TYPE):
            return name
        if not base:
            return ""
        known = self._types.get(base) or self._read_type(base, depth - 1)
        return "" if known.kind in ("int", "float") else known.kind
