"""Attributes of objects in another process, as `object.__getattribute__` finds them, but without running any code."""

from __future__ import annotations

from collections.abc import Collection

from perftools.remote.dicts import find, open_dict, open_keys
from perftools.remote.heap import HEAP_TYPE, INLINE_VALUES, MANAGED_DICT, Heap, Object, Type
from perftools.remote.memory import Unreadable, sane

_OBJECT_MEMBERS = (6, 16)
"""PyMemberDef.type: Py_T_OBJECT, Py_T_OBJECT_EX (Include/descrobject.h; T_OBJECT_EX in structmember.h before 3.12)."""
_COMPUTED = frozenset(("property", "getset_descriptor", "method_descriptor", "wrapper_descriptor", "classmethod",
                       "staticmethod", "function"))  # fmt: skip


def attributes(heap: Heap, object_: Object, names: Collection[str]) -> dict[str, int]:
    """The addresses of those attributes that are stored: in the instance, its slots or a class. Raises Unreadable."""
    found = _instance_attributes(heap, object_, names)
    missing = [name for name in names if name not in found]
    if missing and object_.type.flags & HEAP_TYPE:
        found.update(_class_attributes(heap, object_, missing))
    return found


def _instance_attributes(heap: Heap, object_: Object, names: Collection[str]) -> dict[str, int]:
    values, dict_ = _storage(heap, object_)
    if values:
        keys = heap.memory.u64(object_.type.address + heap.layout.cached_keys)
        return find(heap, open_keys(heap, keys, values), names)
    if sane(dict_):
        storage = heap.object(dict_)
        if storage.type.kind == "dict":
            return find(heap, open_dict(heap, storage), names)
    return {}


def _storage(heap: Heap, object_: Object) -> tuple[int, int]:
    """Where an instance keeps its attributes: its values (whose keys the class has), or its dict; 0 for the other one.

    Sources: Objects/object.c _PyObject_GetDictPtr, Include/internal/pycore_object.h MANAGED_DICT_OFFSET and
    _PyObject_InlineValues of 3.8 to 3.15.
    """
    memory, version, type_ = heap.memory, heap.runtime.version, object_.type
    if version >= (3, 11, 0) and type_.flags & MANAGED_DICT:
        if version < (3, 12, 0):
            values, dict_ = memory.u64s(object_.address - 32, 2)
            return values, dict_
        word = memory.u64(object_.address - 24)
        if version < (3, 13, 0):
            return (word + 1, 0) if word & 1 else (0, word)
        if not word and type_.flags & INLINE_VALUES:
            return object_.address + type_.basic_size, 0
        return 0, word
    offset = type_.dict_offset
    if offset < 0:  # behind the items of a variable-sized object
        offset += type_.basic_size + (abs(object_.field(16, "q")) * type_.item_size + 7) // 8 * 8
        if offset > 1 << 30:
            raise Unreadable("an instance of absurd size")
    return (0, memory.u64(object_.address + offset)) if offset > 0 else (0, 0)


def _class_attributes(heap: Heap, object_: Object, names: Collection[str]) -> dict[str, int]:
    found: dict[str, int] = {}
    for type_ in heap.attribute_types(object_.type):
        missing = [name for name in names if name not in found]
        if not missing:
            break
        if type_.flags & HEAP_TYPE and sane(type_.namespace):
            found.update(_own_attributes(heap, object_, type_, missing))
    return {name: address for name, address in found.items() if address}


def _own_attributes(heap: Heap, object_: Object, type_: Type, names: Collection[str]) -> dict[str, int]:
    """From one class's own namespace; 0 for an attribute that is computed or not set."""
    namespace = heap.object(type_.namespace)
    if namespace.type.kind != "dict":
        return {}
    found = find(heap, open_dict(heap, namespace), names)
    for name, value in zip(found, heap.objects(list(found.values())), strict=True):
        kind = value.type.kind if value else ""
        if value is None or kind in _COMPUTED:
            found[name] = 0
        elif kind == "member_descriptor":  # __slots__
            member = heap.memory.pointer(value.address + 40)  # PyMemberDescrObject.d_member: name, type, offset
            slot_type, offset = heap.memory.i32(member + 8), heap.memory.i64(member + 16)
            is_slot = slot_type in _OBJECT_MEMBERS and 0 < offset < type_.basic_size
            found[name] = heap.memory.u64(object_.address + offset) if is_slot else 0
        elif kind.endswith("_tuplegetter"):  # a field of a named tuple
            index = value.field(16, "q")
            items = object_.address + heap.layout.tuple_items
            is_field = object_.type.kind == "tuple" and 0 <= index < object_.size()
            found[name] = heap.memory.u64(items + 8 * index) if is_field else 0
    return found
