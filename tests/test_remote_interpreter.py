"""Which CPythons are read, and which are refused with a reason."""

from __future__ import annotations

import os
import struct
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path

import pytest

from perftools.remote import debug_offsets, interpreter
from perftools.remote.elf import read_image
from perftools.remote.locate import file_mappings, find_runtime
from perftools.remote.memory import Memory, Range, Unreadable
from perftools.remote.offsets import published_layout, table_layout
from tests.remote_fixtures import own_runtime

_RUNTIME = 1 << 20
_PUBLISHED = {"free_threaded": 0, "pyobject.size": 16,
              "pyobject.ob_type": 8, "type_object.tp_name": 24, "type_object.tp_flags": 168,
              "tuple_object.ob_size": 16, "list_object.ob_size": 16, "list_object.ob_item": 24,
              "dict_object.ma_keys": 32, "dict_object.ma_values": 40, "unicode_object.state": 32,
              "unicode_object.length": 16, "tuple_object.ob_item": 32}  # fmt: skip


class Published(Memory):
    """A `_PyRuntime` that begins with debug offsets: those given ("group__field"), the usual ones, else 1."""

    def __init__(self, version: tuple[int, int, int], **offsets: int) -> None:
        super().__init__(0)
        number = version[0] << 24 | version[1] << 16 | version[2] << 8 | 0xF0
        given = {name.replace("__", "."): value for name, value in offsets.items()}
        values = {**_PUBLISHED, **given, "version": number}
        names = debug_offsets.field_names(version)
        self.data = debug_offsets.COOKIE + struct.pack(f"<{len(names)}Q", *(values.get(name, 1) for name in names))

    def _fetch(self, ranges: Sequence[Range]) -> bytes:
        return b"".join(self.data[address - _RUNTIME :][:size] for address, size in ranges)


def test_our_own_interpreter_is_found() -> None:
    runtime = own_runtime()
    assert runtime.version == sys.version_info[:3]
    assert bool(runtime.debug_offsets) == (sys.version_info >= (3, 13))
    assert any(thread.native_id == os.getpid() for thread in interpreter.threads(runtime))
    assert all(interpreter.native_id(runtime, thread) for thread in interpreter.threads(runtime))


@pytest.mark.parametrize("version", [(3, 13, 0), (3, 14, 2), (3, 15, 1)])
def test_published_offsets_are_read_by_name(version: tuple[int, int, int]) -> None:
    memory = Published(version, interpreter_frame__owner=70, code_object__linetable=136, gc__collecting=200)
    assert debug_offsets.published_version(memory, _RUNTIME) == version
    offsets = debug_offsets.read(memory, _RUNTIME, version)
    assert offsets["gc.collecting"] == 200
    layout = published_layout(offsets)
    assert (layout.frame_owner, layout.code_lines, layout.tuple_items) == (70, 136, 32)


def test_unusual_builds_are_refused() -> None:
    with pytest.raises(Unreadable, match="free-threaded") as caught:
        debug_offsets.read(Published((3, 14, 0), free_threaded=1), _RUNTIME, (3, 14, 0))
    assert caught.value.code == "V-BUILD"
    with pytest.raises(Unreadable, match=r"pyobject\.size is 32"):
        published_layout(debug_offsets.read(Published((3, 13, 0), pyobject__size=32), _RUNTIME, (3, 13, 0)))
    with pytest.raises(Unreadable, match="nonsense"):
        debug_offsets.read(Published((3, 13, 0), gc__size=1 << 40), _RUNTIME, (3, 13, 0))


@pytest.mark.parametrize("version", [(3, 7, 0), (2, 7, 18)])
def test_old_versions_are_refused(version: tuple[int, int, int]) -> None:
    with pytest.raises(Unreadable) as caught:
        table_layout(version)
    assert caught.value.code == "V-VERSION"


def test_versions_to_come_are_refused() -> None:
    with pytest.raises(Unreadable) as caught:
        debug_offsets.read(Published((3, 13, 0)), _RUNTIME, (3, 99, 0))
    assert caught.value.code == "V-VERSION"


def test_a_layout_that_does_not_fit_is_refused() -> None:
    runtime = own_runtime()
    for change in ({"interpreters_head": 8}, {"thread_interpreter": 24}, {"frame_code": 8, "frame_back": 0}):
        wrong = runtime._replace(layout=runtime.layout._replace(**change), debug_offsets={})
        with pytest.raises(Unreadable) as caught:
            interpreter._verify(wrong)
        assert caught.value.code == "V-BUILD"


def test_a_process_without_python_is_refused() -> None:
    own_runtime()
    sleep = subprocess.Popen(["sleep", "60"])
    try:
        with pytest.raises(Unreadable, match=r"^no _PyRuntime") as caught:
            interpreter.attach(sleep.pid)
        assert caught.value.code == "V-BUILD"
    finally:
        sleep.kill()
        sleep.wait()
    with pytest.raises(Unreadable) as caught:
        interpreter.attach(sleep.pid)
    assert caught.value.code == "V-GONE"


def _own_library() -> str:
    own_runtime()
    return find_runtime(Memory(os.getpid())).path


def test_a_file_without_sections_or_hash_is_read(tmp_path: Path) -> None:
    whole = read_image(_own_library())
    data = bytearray(Path(_own_library()).read_bytes())
    data[40:48] = bytes(8)  # e_shoff
    data[60:64] = bytes(4)  # e_shnum, e_shstrndx
    bare = tmp_path / "python"
    bare.write_bytes(data)
    assert read_image(str(bare)).symbols["_PyRuntime"] == whole.symbols["_PyRuntime"]


def test_what_is_no_elf_file_is_refused(tmp_path: Path) -> None:
    for name, data in {"empty": b"", "text": b"#!/bin/sh\n", "head": Path(_own_library()).read_bytes()[:100]}.items():
        (tmp_path / name).write_bytes(data)
        with pytest.raises(Unreadable):
            read_image(str(tmp_path / name))
    os.mkfifo(tmp_path / "pipe")
    with pytest.raises(OSError, match="no regular file"):
        read_image(str(tmp_path / "pipe"))


def test_mappings_have_a_path_and_an_order() -> None:
    mappings = file_mappings(os.getpid())
    assert _own_library() in {mapping.path for mapping in mappings}
    assert [mapping.start for mapping in mappings] == sorted(mapping.start for mapping in mappings)


def test_a_process_whose_memory_is_closed_to_us_is_said_to_be_so() -> None:
    class Closed(Memory):
        """As under Yama: the mappings can be seen, the memory cannot."""

        def _fetch(self, ranges: Sequence[Range]) -> bytes:
            raise Unreadable("the kernel does not let us read this process's memory", "V-NORIGHT")

    own_runtime()
    with pytest.raises(Unreadable) as caught:
        interpreter.open_runtime(Closed(os.getpid()))
    assert caught.value.code == "V-NORIGHT"
