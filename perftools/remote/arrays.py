"""Arrays and frames in another process: array.array, numpy's ndarray, pandas' DataFrame and Series."""

from __future__ import annotations

import struct

from perftools.remote.attributes import attributes
from perftools.remote.containers import sequence_items
from perftools.remote.heap import Heap, Object
from perftools.remote.memory import Unreadable, sane

_DTYPES = ("b1", "i1", "u1", "i2", "u2", "i4", "u4", "i8", "u8", "i8", "u8", "f4", "f8", "f16", "c8", "c16", "c32", "O",
           "S", "U", "V", "M8", "m8", "f2")  # fmt: skip
"""By NPY_TYPES, which never changed (numpy/ndarraytypes.h, 1.x and 2.x); "" for user-defined ones and StringDType."""
_MAX_DIMENSIONS = 64
_C_CONTIGUOUS, _F_CONTIGUOUS = 1, 2


def array_type_code(heap: Heap, array: Object) -> str:
    """The type code of an array.array: arrayobject.ob_descr (+40) points to it. Raises Unreadable."""
    code = chr(heap.memory.u8(array.field(40)))
    if code not in "bBuwhHiIlLqQfd":
        raise Unreadable(f"an array of type {code!r}")
    return code


def ndarray_layout(heap: Heap, array: Object) -> tuple[str, str, tuple[int, ...]]:
    """dtype, order and shape of an ndarray (PyArrayObject_fields: the same in numpy 1.x and 2.x). Raises Unreadable."""
    dimensions, shape_address, descriptor = array.field(24, "i"), array.field(32), array.field(56)
    flags = array.field(64, "i")
    if not 0 <= dimensions <= _MAX_DIMENSIONS:
        raise Unreadable(f"an array of {dimensions} dimensions")
    number = heap.memory.i32(descriptor + 28)  # PyArray_Descr.type_num
    shape = struct.unpack(f"<{dimensions}q", heap.memory.read(shape_address, 8 * dimensions))
    if not 0 <= number < 1 << 16 or not all(0 <= length < 1 << 40 for length in shape):
        raise Unreadable("an array whose shape or type cannot be")
    dtype = _DTYPES[number] if number < len(_DTYPES) else ""
    order = "C" if flags & _C_CONTIGUOUS else "F" if flags & _F_CONTIGUOUS else ""
    return dtype, order, shape


def frame_shape(heap: Heap, frame: Object) -> tuple[int, ...] | None:
    """Rows (and columns, where readable) of a DataFrame or Series; None for another object. Raises Unreadable."""
    manager_address = attributes(heap, frame, ("_mgr",)).get("_mgr")
    if manager_address is None:
        return None
    manager = heap.object(manager_address)
    axes = _axes(heap, manager)
    if axes is None:
        return None
    _, indexes = sequence_items(heap, axes, 2)
    lengths = [_index_length(heap, heap.object(index)) for index in reversed(indexes)]
    return tuple(length for length in lengths if length is not None) if lengths and lengths[0] is not None else ()


def _axes(heap: Heap, manager: Object) -> Object | None:
    """The list of axes: an attribute of managers in Python, the first list among the slots of those in Cython."""
    size = manager.type.basic_size
    words = heap.memory.u64s(manager.address + 16, max(0, min(size, 256) - 16) // 8)
    for candidate in heap.objects([word if sane(word) else 0 for word in words]):
        if candidate is not None and candidate.type.name == "list":
            return candidate
    address = attributes(heap, manager, ("axes",)).get("axes")
    return None if address is None else heap.object(address)


def _index_length(heap: Heap, index: Object) -> int | None:
    """The length of a pandas Index: by its range, its array, or the codes of a MultiIndex."""
    found = attributes(heap, index, ("_range", "_data", "_codes"))
    if "_range" in found:
        range_ = heap.object(found["_range"])
        return range_length(heap, range_) if range_.type.kind == "range" else None
    if "_codes" in found:
        codes = heap.object(found["_codes"])
        if codes.type.kind != "list":
            return None
        _, items = sequence_items(heap, codes, 1)
        data = heap.object(items[0]) if items else None
    else:
        data = heap.object(found["_data"]) if "_data" in found else None
    if data is not None and data.type.kind != "numpy.ndarray":
        inner = attributes(heap, data, ("_ndarray",)).get("_ndarray")
        data = None if inner is None else heap.object(inner)
    if data is None or data.type.kind != "numpy.ndarray":
        return None
    _, _, shape = ndarray_layout(heap, data)
    return shape[0] if shape else None


def range_length(heap: Heap, range_: Object) -> int | None:
    """The length of a range (rangeobject.length, +40). Raises Unreadable."""
    return small_int(heap, range_.field(40))


def small_int(heap: Heap, address: int) -> int | None:
    """A non-negative int of at most two digits of 30 bits; None for any other: lengths only, never a user's number."""
    number = heap.object(address)
    if number.type.kind != "int":
        return None
    digits = number.field(16, "q")
    if heap.runtime.version >= (3, 12, 0):  # lv_tag: sign in the low bits (0 positive, 1 zero, 2 negative)
        digits = -1 if digits & 3 == 2 else digits >> 3
    if not 0 <= digits <= 2:
        return None
    return sum(number.field(24 + 4 * place, "I") << 30 * place for place in range(digits))
