"""Where CPython keeps what we read, by version: byte offsets on 64-bit little-endian builds with the GIL.

Sources: offsetof() compiled against the headers of CPython 3.8.18, 3.9.18, 3.10.13, 3.11.7, 3.12.1, 3.13.0, 3.13.18,
3.14.10 and 3.15.2. From 3.13 on the process itself says where its structures are (`_Py_DebugOffsets`,
Include/internal/pycore_debug_offsets.h; pycore_runtime.h in 3.13); the table gives only what that struct leaves out.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import NamedTuple

from perftools.remote.memory import Unreadable

Version = tuple[int, int, int]


class Layout(NamedTuple):
    """Offsets into CPython's structures. None: this version has no such field."""

    # _PyRuntimeState, PyInterpreterState, PyThreadState
    interpreters_head: int
    interpreter_next: int
    threads_head: int
    thread_next: int
    thread_interpreter: int
    thread_frame: int
    """3.11 and 3.12: of the _PyCFrame pointer, followed by `cframe_frame`."""
    cframe_frame: int | None
    pthread: int
    native_thread_id: int | None
    # PyFrameObject (<= 3.10), _PyInterpreterFrame
    frame_code: int
    frame_back: int
    frame_globals: int
    frame_instruction: int
    """<= 3.10 an int: f_lasti, in bytes (3.10: in code units); later the address of the instruction."""
    frame_owner: int | None
    frame_locals: int
    # PyCodeObject
    code_first_line: int
    code_stack_size: int
    code_locals_names: tuple[int, ...]
    """Tuples of names, in the order of the slots; what they hold beyond the frame's own stack comes after."""
    code_file: int
    code_name: int
    """co_qualname from 3.11 on."""
    code_lines: int
    code_bytes: int
    """<= 3.10 the pointer to the bytes object co_code; later the instructions themselves."""
    # objects
    str_data: int
    """Characters of a compact ASCII string: sizeof(PyASCIIObject)."""
    cached_keys: int
    """PyHeapTypeObject.ht_cached_keys."""
    tuple_items: int
    generator_frame: int
    """<= 3.10 the pointer to its frame; later the frame itself."""


_BEFORE_3_11 = Layout(
    interpreters_head=32, interpreter_next=0, threads_head=8,
    thread_next=8, thread_interpreter=16, thread_frame=24, cframe_frame=None, pthread=176, native_thread_id=None,
    frame_code=32, frame_back=24, frame_globals=48, frame_instruction=104, frame_owner=None, frame_locals=360,
    code_first_line=40, code_stack_size=32, code_locals_names=(72, 88, 80), code_file=104, code_name=112,
    code_lines=120, code_bytes=48,
    str_data=48, cached_keys=864, tuple_items=24, generator_frame=16,
)  # fmt: skip
_LAYOUTS = {
    (3, 8): _BEFORE_3_11._replace(cached_keys=872),
    (3, 9): _BEFORE_3_11,
    (3, 10): _BEFORE_3_11._replace(frame_instruction=96, frame_locals=352, cached_keys=872),
    (3, 11): Layout(
        interpreters_head=40, interpreter_next=0, threads_head=16,
        thread_next=8, thread_interpreter=16, thread_frame=56, cframe_frame=8, pthread=152, native_thread_id=160,
        frame_code=32, frame_back=48, frame_globals=8, frame_instruction=56, frame_owner=69, frame_locals=72,
        code_first_line=72, code_stack_size=68, code_locals_names=(96,), code_file=112, code_name=128,
        code_lines=136, code_bytes=184,
        str_data=48, cached_keys=872, tuple_items=24, generator_frame=80,
    ),
    (3, 12): Layout(
        interpreters_head=40, interpreter_next=0, threads_head=72,
        thread_next=8, thread_interpreter=16, thread_frame=56, cframe_frame=0, pthread=136, native_thread_id=144,
        frame_code=0, frame_back=8, frame_globals=24, frame_instruction=56, frame_owner=70, frame_locals=72,
        code_first_line=68, code_stack_size=64, code_locals_names=(96,), code_file=112, code_name=128,
        code_lines=136, code_bytes=192,
        str_data=40, cached_keys=880, tuple_items=24, generator_frame=72,
    ),
}  # fmt: skip

_CODE_STACK_SIZE, _FRAME_GLOBALS, _CACHED_KEYS, _GENERATOR_FRAME = 64, 24, 880, 72
"""What `_Py_DebugOffsets` leaves out: PyCodeObject.co_stacksize, _PyInterpreterFrame.f_globals,
PyHeapTypeObject.ht_cached_keys (published from 3.15 on), PyGenObject.gi_iframe (from 3.14 on)."""

_ASSUMED = {
    "pyobject.size": 16,
    "pyobject.ob_type": 8,
    "type_object.tp_name": 24,
    "type_object.tp_flags": 168,
    "tuple_object.ob_size": 16,
    "list_object.ob_size": 16,
    "list_object.ob_item": 24,
    "dict_object.ma_keys": 32,
    "dict_object.ma_values": 40,
    "unicode_object.state": 32,
    "unicode_object.length": 16,
}
"""Offsets that never changed in 3.8 to 3.15; a build that publishes others is none that we know."""


def table_layout(version: Version) -> Layout:
    """The layout of a version before 3.13. Raises Unreadable for one that is not known."""
    layout = _LAYOUTS.get(version[:2])
    if layout is None:
        raise Unreadable(f"the memory layout of CPython {version[0]}.{version[1]} is not known", "V-VERSION")
    return layout


def published_layout(offsets: Mapping[str, int]) -> Layout:
    """The layout from 3.13 on, from what the process publishes. Raises Unreadable where it is not as assumed."""
    for name, expected in _ASSUMED.items():
        if offsets[name] != expected:
            raise Unreadable(f"an unusual build: {name} is {offsets[name]}, not {expected}", "V-BUILD")
    return Layout(
        interpreters_head=offsets["runtime_state.interpreters_head"],
        interpreter_next=offsets["interpreter_state.next"],
        threads_head=offsets["interpreter_state.threads_head"],
        thread_next=offsets["thread_state.next"],
        thread_interpreter=offsets["thread_state.interp"],
        thread_frame=offsets["thread_state.current_frame"],
        cframe_frame=None,
        pthread=offsets["thread_state.thread_id"],
        native_thread_id=offsets["thread_state.native_thread_id"],
        frame_code=offsets["interpreter_frame.executable"],
        frame_back=offsets["interpreter_frame.previous"],
        frame_globals=_FRAME_GLOBALS,
        frame_instruction=offsets["interpreter_frame.instr_ptr"],
        frame_owner=offsets["interpreter_frame.owner"],
        frame_locals=offsets["interpreter_frame.localsplus"],
        code_first_line=offsets["code_object.firstlineno"],
        code_stack_size=_CODE_STACK_SIZE,
        code_locals_names=(offsets["code_object.localsplusnames"],),
        code_file=offsets["code_object.filename"],
        code_name=offsets["code_object.qualname"],
        code_lines=offsets["code_object.linetable"],
        code_bytes=offsets["code_object.co_code_adaptive"],
        str_data=offsets["unicode_object.asciiobject_size"],
        cached_keys=offsets.get("heap_type_object.ht_cached_keys", _CACHED_KEYS),
        tuple_items=offsets["tuple_object.ob_item"],
        generator_frame=offsets.get("gen_object.gi_iframe", _GENERATOR_FRAME),
    )
