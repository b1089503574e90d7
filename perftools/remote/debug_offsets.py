"""`_Py_DebugOffsets`: from 3.13 on, the table with which `_PyRuntime` begins says where CPython keeps its structures.

The order of its fields: Include/internal/pycore_runtime.h (3.13) and pycore_debug_offsets.h (3.14, 3.15); every field
is a uint64_t, after an 8-byte cookie. It never changes within a minor version; only what precedes and includes the
groups that we use is listed.
"""

from __future__ import annotations

import struct

from perftools.remote.memory import Memory, Unreadable
from perftools.remote.offsets import Version

COOKIE = b"xdebugpy"

_3_13 = """
    version
    free_threaded
    runtime_state: size finalizing interpreters_head
    interpreter_state: size id next threads_head gc imports_modules sysdict builtins ceval_gil gil_runtime_state
        gil_runtime_state_enabled gil_runtime_state_locked gil_runtime_state_holder
    thread_state: size prev next interp current_frame thread_id native_thread_id datastack_chunk status
    interpreter_frame: size previous executable instr_ptr localsplus owner
    code_object: size filename name qualname linetable firstlineno argcount localsplusnames localspluskinds
        co_code_adaptive
    pyobject: size ob_type
    type_object: size tp_name tp_repr tp_flags
    tuple_object: size ob_item ob_size
    list_object: size ob_item ob_size
    dict_object: size ma_keys ma_values
    float_object: size ob_fval
    long_object: size lv_tag ob_digit
    bytes_object: size ob_size ob_sval
    unicode_object: size state length asciiobject_size
    gc: size collecting
"""
_3_14 = """
    version
    free_threaded
    runtime_state: size finalizing interpreters_head
    interpreter_state: size id next threads_head threads_main gc imports_modules sysdict builtins ceval_gil
        gil_runtime_state gil_runtime_state_enabled gil_runtime_state_locked gil_runtime_state_holder
        code_object_generation tlbc_generation
    thread_state: size prev next interp current_frame thread_id native_thread_id datastack_chunk status
    interpreter_frame: size previous executable instr_ptr localsplus owner stackpointer tlbc_index
    code_object: size filename name qualname linetable firstlineno argcount localsplusnames localspluskinds
        co_code_adaptive co_tlbc
    pyobject: size ob_type
    type_object: size tp_name tp_repr tp_flags
    tuple_object: size ob_item ob_size
    list_object: size ob_item ob_size
    set_object: size used table mask
    dict_object: size ma_keys ma_values
    float_object: size ob_fval
    long_object: size lv_tag ob_digit
    bytes_object: size ob_size ob_sval
    unicode_object: size state length asciiobject_size
    gc: size collecting
    gen_object: size gi_name gi_iframe gi_frame_state
"""
_3_15 = """
    version
    free_threaded
    runtime_state: size finalizing interpreters_head
    interpreter_state: size id next threads_head threads_main gc imports_modules sysdict builtins ceval_gil
        gil_runtime_state gil_runtime_state_enabled gil_runtime_state_locked gil_runtime_state_holder
        code_object_generation tlbc_generation
    thread_state: size prev next interp current_frame base_frame last_profiled_frame last_profiled_frame_seq
        thread_id native_thread_id datastack_chunk status holds_gil gil_requested current_exception exc_state
    err_stackitem: exc_value
    interpreter_frame: size previous executable instr_ptr localsplus owner stackpointer tlbc_index
    code_object: size filename name qualname linetable firstlineno argcount localsplusnames localspluskinds
        co_code_adaptive co_tlbc
    pyobject: size ob_type
    type_object: size tp_name tp_repr tp_flags tp_basicsize tp_dictoffset
    heap_type_object: size ht_cached_keys
    tuple_object: size ob_item ob_size
    list_object: size ob_item ob_size
    set_object: size used table mask
    dict_object: size ma_keys ma_values
    float_object: size ob_fval
    long_object: size lv_tag ob_digit
    bytes_object: size ob_size ob_sval
    unicode_object: size state length asciiobject_size compactunicodeobject_size
    gc: size collecting frame generation_stats_size generation_stats
    gen_object: size gi_name gi_iframe gi_frame_state
"""
_STRUCTS = {(3, 13): _3_13, (3, 14): _3_14, (3, 15): _3_15}
_MAX_OFFSET = 1 << 24


def published_version(memory: Memory, runtime: int) -> Version | None:
    """The version that `_PyRuntime` says itself; None before 3.13. Raises Unreadable."""
    head = memory.read(runtime, 16)
    return version_of(int.from_bytes(head[8:], "little")) if head.startswith(COOKIE) else None


def version_of(number: int) -> Version:
    """PY_VERSION_HEX as major, minor, micro."""
    return (number >> 24 & 0xFF, number >> 16 & 0xFF, number >> 8 & 0xFF)


def field_names(version: Version) -> list[str]:
    """The names of the published offsets in their order, "group.field". Raises Unreadable for an unknown version."""
    groups = _STRUCTS.get(version[:2])
    if groups is None:
        raise Unreadable(f"the debug offsets of CPython {version[0]}.{version[1]} are not known", "V-VERSION")
    names, prefix = [], ""
    for word in groups.split():
        if word.endswith(":"):
            prefix = word.replace(":", ".")
        else:
            names.append(prefix + word)
    return names


def read(memory: Memory, runtime: int, version: Version) -> dict[str, int]:
    """The published offsets, as "group.field".

    Raises Unreadable: an unknown version, a free-threaded build, nonsense.
    """
    names = field_names(version)
    values = struct.unpack(f"<{len(names)}Q", memory.read(runtime + len(COOKIE), 8 * len(names)))
    offsets = dict(zip(names, values, strict=True))
    if offsets["free_threaded"]:
        raise Unreadable("it is a free-threaded build, whose objects are laid out otherwise", "V-BUILD")
    if any(value > _MAX_OFFSET for name, value in offsets.items() if name != "version"):
        raise Unreadable("the debug offsets are nonsense", "V-BUILD")
    return offsets
