"""What an ELF file says of the CPython in it: symbols, segments, and before 3.11 the version."""

from __future__ import annotations

import functools
import os
import re
import stat
from collections.abc import Iterable
from typing import IO, TYPE_CHECKING, Any, NamedTuple

from perftools.remote.memory import Unreadable

if TYPE_CHECKING:
    from elftools.elf.elffile import ELFFile
    from elftools.elf.segments import Segment

_MAX_SCAN = 64 << 20
_NAMES = ("_PyRuntime", "Py_Version")
_SECTIONS = (".AsyncioDebug",)
_MACHINES = {"EM_X86_64": "x86_64", "EM_AARCH64": "aarch64"}
_VERSION_TEXT = re.compile(rb"(3\.(?:8|9|10)\.\d{1,2})\+?\0")
"""PY_VERSION as Python/getversion.c compiles it in; from 3.11 on the symbol Py_Version says it."""


class Image(NamedTuple):
    """What an ELF file says of CPython; addresses are the file's own, before the load bias."""

    machine: str
    segments: tuple[tuple[int, int], ...]
    """File offset and address of each loaded segment."""
    symbols: dict[str, int]
    sizes: dict[str, int]
    """Bytes of what each symbol names."""
    sections: dict[str, int]
    """Addresses of those that CPython makes for debuggers."""
    version: str
    """A CPython's before 3.11, as "3.9.18"; "" where the file does not tell."""
    relocatable: bool


def open_regular(path: str) -> IO[bytes]:
    """Open a regular file; a pipe or a device that took its place is never opened. Raises OSError."""
    found = os.open(path, os.O_PATH | os.O_CLOEXEC)
    try:
        if not stat.S_ISREG(os.fstat(found).st_mode):
            raise OSError(f"no regular file: {path}")
        return open(f"/proc/self/fd/{found}", "rb")
    finally:
        os.close(found)


def read_image(path: str) -> Image:
    """Read an ELF file; one that has been read before is not read again. Raises OSError, Unreadable."""
    with open_regular(path) as file:
        status = os.fstat(file.fileno())
    return _read_image(_Key(path, status.st_dev, status.st_ino, status.st_mtime_ns, status.st_size))


class _Key(NamedTuple):
    """A file's identity; the path is only the way to it."""

    path: str
    device: int
    inode: int
    mtime_ns: int
    size: int

    def __eq__(self, other: object) -> bool:
        return isinstance(other, _Key) and self[1:] == other[1:]

    def __hash__(self) -> int:
        return hash(self[1:])


@functools.lru_cache(maxsize=64)
def _read_image(key: _Key) -> Image:
    from elftools.elf.elffile import ELFFile

    with open_regular(key.path) as file:
        try:
            elf = ELFFile(file)
            machine = _MACHINES.get(elf["e_machine"], "")
            if not machine or elf.elfclass != 64 or not elf.little_endian:
                raise Unreadable("neither x86-64 nor aarch64, 64 bits, little-endian", "V-BUILD")
            segments = [segment for segment in elf.iter_segments() if segment["p_type"] == "PT_LOAD"]
            entries = _symbols(elf)
            found = {name: elf.get_section_by_name(name) for name in _SECTIONS}
            symbols = {name: int(entry["st_value"]) for name, entry in entries.items()}
            before_3_11 = "_PyRuntime" in symbols and "Py_Version" not in symbols
            return Image(
                machine,
                tuple((segment["p_offset"], segment["p_vaddr"]) for segment in segments),
                symbols,
                {name: int(entry["st_size"]) for name, entry in entries.items()},
                {name: int(section["sh_addr"]) for name, section in found.items() if section is not None},
                _constant_version(file, segments) if before_3_11 else "",
                elf["e_type"] == "ET_DYN",
            )
        except Unreadable:
            raise
        except Exception as error:  # what pyelftools raises on a malformed file is not bounded
            raise Unreadable(f"the ELF file cannot be read: {type(error).__name__}: {error}") from error


def _symbols(elf: ELFFile) -> dict[str, Any]:
    """CPython's symbols, by hash or by a scan; stripped files keep .dynsym."""
    found = {}
    for name in _NAMES:
        for section_name in (".gnu.hash", ".hash"):
            table: Any = elf.get_section_by_name(section_name)
            symbol = table.get_symbol(name) if table is not None else None
            if symbol is not None and symbol["st_shndx"] != "SHN_UNDEF":
                found[name] = symbol
    return found if "_PyRuntime" in found else _scan_symbols(elf)


def _scan_symbols(elf: ELFFile) -> dict[str, Any]:
    from elftools.elf.dynamic import DynamicSegment

    tables: list[Any] = [elf.get_section_by_name(name) for name in (".dynsym", ".symtab")]
    if elf.num_sections() == 0:  # the section table is stripped too
        tables = [segment for segment in elf.iter_segments() if isinstance(segment, DynamicSegment)]
    for table in tables:
        symbols = table.iter_symbols() if table is not None else ()
        found = {
            symbol.name: symbol for symbol in symbols if symbol.name in _NAMES and symbol["st_shndx"] != "SHN_UNDEF"
        }
        if "_PyRuntime" in found:
            return found
    return {}


def _constant_version(file: IO[bytes], segments: Iterable[Segment]) -> str:
    """The version compiled into a CPython before 3.11, "" where it cannot be told."""
    for segment in segments:
        file.seek(segment["p_offset"])
        data = file.read(min(segment["p_filesz"], _MAX_SCAN))
        found = set()
        for minor in (b"3.8.", b"3.9.", b"3.10."):
            at = data.find(minor)  # much faster than a regular expression, over megabytes
            while at >= 0:
                match = _VERSION_TEXT.match(data, at)
                # no further digit before it; the linker may have merged it with the end of a path
                if match and data[at - 1 : at] not in b".0123456789":
                    found.add(match.group(1).decode())
                at = data.find(minor, at + 1)
        if len(found) == 1:
            return found.pop()
    return ""
