"""From an instruction's offset to its place in the source: CPython's three forms of line tables. Pure functions.

Offsets are in bytes from the start of the code. All tables come from another process: a malformed one gives None, never
an error, and no table is read further than its end.
"""

from __future__ import annotations

from typing import NamedTuple

_NO_LINE = -128


class Place(NamedTuple):
    """Where an instruction comes from: lines from 1, columns in bytes from 0, -1 where the table has none."""

    line: int
    end_line: int
    column: int
    end_column: int


def lnotab_line(table: bytes, first_line: int, offset: int) -> int:
    """3.8 and 3.9: co_lnotab, pairs of (bytes, signed lines) (Objects/lnotab_notes.txt, PyCode_Addr2Line)."""
    address, line = 0, first_line
    for increment, delta in zip(table[::2], table[1::2], strict=False):
        address += increment
        if address > offset:
            break
        line += delta - 256 if delta >= 128 else delta
    return line


def linetable_line(table: bytes, first_line: int, offset: int) -> int | None:
    """3.10: co_linetable, pairs of (bytes, signed lines), where -128 means no line (Objects/lnotab_notes.txt, 3.10)."""
    end, line = 0, first_line
    for size, delta in zip(table[::2], table[1::2], strict=False):
        signed = delta - 256 if delta >= 128 else delta
        end += size
        if signed != _NO_LINE:
            line += signed
        if end > offset:
            return None if signed == _NO_LINE else line
    return None


def place(table: bytes, first_line: int, offset: int) -> Place | None:
    """3.11 and later: the location table (Objects/locations.md, from 3.13 on InternalDocs/code_objects.md)."""
    reader = _Reader(table)
    end, line = 0, first_line
    while (first := reader.byte()) is not None:
        code = first >> 3 & 15
        end += ((first & 7) + 1) * 2
        end_line_delta, column, end_column = 0, -1, -1
        if code <= 9:  # short: same line, columns in one byte more
            second = reader.byte() or 0
            column = code << 3 | second >> 4
            end_column = column + (second & 15)
        elif code <= 12:  # one line: line delta in the code
            line += code - 10
            column, end_column = reader.byte() or 0, reader.byte() or 0
        elif code == 13:  # no columns
            line += reader.signed()
        elif code == 14:  # long
            line += reader.signed()
            end_line_delta = reader.varint()
            column, end_column = reader.varint() - 1, reader.varint() - 1
        if end > offset:
            return None if code == 15 else Place(line, line + end_line_delta, column, end_column)
    return None


class _Reader:
    """Steps through a location table."""

    def __init__(self, table: bytes) -> None:
        self._table = table
        self._at = 0

    def byte(self) -> int | None:
        if self._at >= len(self._table):
            return None
        self._at += 1
        return self._table[self._at - 1]

    def varint(self) -> int:
        """Six bits a byte, least significant first, bit 6 set on all but the last."""
        value = shift = 0
        while (byte := self.byte()) is not None and shift < 60:
            value |= (byte & 63) << shift
            shift += 6
            if not byte & 64:
                break
        return value

    def signed(self) -> int:
        value = self.varint()
        return -(value >> 1) if value & 1 else value >> 1
