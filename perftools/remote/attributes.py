"""Attributes of objects in another process, as `object.__getattribute__` finds them, but without running any code."""

from __future__ import annotations

from collections.abc import Collection

from perftools.remote.dicts import find, open_dict, open_keys
from perftools.remote.heap import HEAP_TYPE, INLINE_VALUES, MANAGED_DICT, Heap, Object, Stored, Type
from perftools.remote.memory import Unreadable, sane

_OBJECT_MEMBERS = (6, 16)
"""PyMemberDef.type: Py_T_OBJECT, Py_T_OBJECT_EX (Include/descrobject.h; T_OBJECT_EX in structmember.h before 3.12)."""
_MAX_FIELDS = 256
_COMPUTED = frozenset(("property", "getset_descriptor", "method_descriptor", "wrapper_descriptor", "classmethod",
                       "staticmethod", "function"))  # fmt: skip


def attributes(heap: Heap, object_: Object, names: Collection[str]) -> dict[str, int]:
    """The addresses of those attributes that are stored: in the instance, its slots or a class. Raises Unreadable."""
    found = _instance_attributes(heap, object_, names)
    missing = [name for name in names if name not in found]
    if missing and object_.type.flags & HEAP_TYPE:
        found.update(_class_attributes(heap, object_, missing))
    return {name: found[name] for name in names if name in found}


def _instance_attributes(heap: Heap, object_: Object, names: Collection[str]) -> dict[str, int]:
    values, dict_ = _storage(heap, object_)
    if values:
        indices = _shared_keys(heap, object_.type)
        wanted = {name: indices[name] for name in names if name in indices}
        if not wanted:
            return {}
        header = 8 if heap.runtime.version >= (3, 13, 0) else 0  # PyDictValues
        words = heap.memory.u64s(values + header, max(wanted.values()) + 1)
        return {name: words[index] for name, index in wanted.items() if words[index]}
    if sane(dict_):
        storage = heap.object(dict_)
        if storage.type.kind == "dict":
            return find(heap, open_dict(heap, storage), names)
    return {}


def _shared_keys(heap: Heap, type_: Type) -> dict[str, int]:
    """Where among an instance's values each attribute is: PyHeapTypeObject.ht_cached_keys."""
    known = heap.shared_keys.get(type_.address)
    if known is None:
        table = open_keys(heap, heap.memory.u64(type_.address + heap.layout.cached_keys), 0)
        known = {name: index for index, name in enumerate(heap.names.read(table.keys(heap))) if name}
        heap.shared_keys[type_.address] = known
    return known


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
    type_ = object_.type
    unknown = [name for name in names if (type_.address, name) not in heap.class_attributes]
    if unknown:
        stored: dict[str, Stored] = {}
        for base in heap.attribute_types(type_):
            if base.flags & HEAP_TYPE and sane(base.namespace):
                missing = [name for name in unknown if name not in stored]
                stored.update(_own_attributes(heap, object_.type, base, missing))
        heap.class_attributes.update({(type_.address, name): stored.get(name, Stored()) for name in unknown})
    found = {}
    for name in names:
        where = heap.class_attributes[type_.address, name]
        address = heap.memory.u64(object_.address + where.offset) if where.offset else where.address
        if address:
            found[name] = address
    return found


def _own_attributes(heap: Heap, type_: Type, base: Type, names: Collection[str]) -> dict[str, Stored]:
    """Those attributes that the namespace of `base` holds, for instances of `type_`."""
    namespace = heap.object(base.namespace)
    if namespace.type.kind != "dict":
        return {}
    stored = {}
    found = find(heap, open_dict(heap, namespace), names)
    for (name, address), value in zip(found.items(), heap.objects(list(found.values())), strict=True):
        kind = value.type.kind if value else ""
        if value is None or kind in _COMPUTED:
            stored[name] = Stored()
        elif kind == "member_descriptor":  # __slots__
            member = heap.memory.pointer(value.address + 40)  # PyMemberDescrObject.d_member: name, type, offset
            member_type, offset = heap.memory.i32(member + 8), heap.memory.i64(member + 16)
            is_slot = member_type in _OBJECT_MEMBERS and 0 < offset < base.basic_size
            stored[name] = Stored(offset=offset if is_slot else 0)
        elif kind.endswith("_tuplegetter"):  # a field of a named tuple
            index = value.field(16, "q")
            is_field = type_.kind == "tuple" and 0 <= index < _MAX_FIELDS
            stored[name] = Stored(offset=heap.layout.tuple_items + 8 * index if is_field else 0)
        else:
            stored[name] = Stored(address=address)
    return stored
