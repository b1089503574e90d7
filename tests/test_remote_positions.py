"""Line tables: against what CPython itself says of the same code, and against damage."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Iterator
from types import CodeType
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from perftools.remote import positions
from perftools.remote.positions import Place
from tests.pythons import pythons

_PROGRAM = """
import json, sys, types
text = open(sys.argv[1], encoding="utf-8").read()
todo, rows = [compile(text, sys.argv[1], "exec")], []
while todo:
    code = todo.pop()
    todo += [const for const in code.co_consts if isinstance(const, types.CodeType)]
    if sys.version_info >= (3, 11):
        places = [list(place) for place in code.co_positions()]
        table = code.co_linetable
    elif sys.version_info >= (3, 10):
        lines = {at: line for start, end, line in code.co_lines() for at in range(start, end)}
        places = [lines.get(at) for at in range(0, len(code.co_code), 2)]
        table = code.co_linetable
    else:
        import dis
        starts = dict(dis.findlinestarts(code))
        places, line = [], code.co_firstlineno
        for at in range(0, len(code.co_code), 2):
            line = starts.get(at, line)
            places.append(line)
        table = code.co_lnotab
    rows.append([code.co_firstlineno, table.hex(), places])
print(json.dumps(rows))
"""


def _codes(code: CodeType) -> Iterator[CodeType]:
    yield code
    for constant in code.co_consts:
        if isinstance(constant, CodeType):
            yield from _codes(constant)


def _expected(place: list[int | None]) -> Place | None:
    line, end_line, column, end_column = place
    if line is None or end_line is None:
        return None
    return Place(line, end_line, -1 if column is None else column, -1 if end_column is None else end_column)


@pytest.mark.parametrize("version", list(pythons()), ids=lambda version: f"{version[0]}.{version[1]}")
def test_agrees_with_cpython(version: tuple[int, int]) -> None:
    # a module of the standard library with long functions, negative line steps, decorators and long expressions
    source = subprocess.run(
        [pythons()[version], "-c", "import argparse; print(argparse.__file__)"],
        capture_output=True, text=True, check=True,
    ).stdout.strip()  # fmt: skip
    output = subprocess.run(
        [pythons()[version], "-c", _PROGRAM, source], capture_output=True, text=True, check=True, timeout=60
    ).stdout
    compared = 0
    rows: list[tuple[int, str, list[Any]]] = json.loads(output)
    for first_line, table_hex, places in rows:
        table = bytes.fromhex(table_hex)
        for index, place in list(enumerate(places))[:: max(1, len(places) // 40)]:
            offset = 2 * index
            if version >= (3, 11):
                assert positions.place(table, first_line, offset) == _expected(place)
            elif version >= (3, 10):
                assert positions.linetable_line(table, first_line, offset) == place
            else:
                assert positions.lnotab_line(table, first_line, offset) == place
            compared += 1
    assert compared > 1000


_NAME = st.sampled_from(["a", "b", "rows", "x" * 70])
_EXPRESSION = st.recursive(
    _NAME | st.integers(0, 9).map(str),
    lambda inner: st.builds("({}\n + {})".format, inner, inner) | st.builds("{}({}, {})".format, _NAME, inner, inner),
    max_leaves=12,
)
_STATEMENT = st.builds("{}{} = {}".format, st.sampled_from(["", "\n" * 3, "\n" * 200]), _NAME, _EXPRESSION)


@pytest.mark.skipif(sys.version_info < (3, 11), reason="the location table came with 3.11")
@given(st.lists(_STATEMENT, max_size=8).map("\n".join))
def test_agrees_with_this_interpreter(source: str) -> None:
    for code in _codes(compile(source, "<generated>", "exec")):
        for index, place in enumerate(code.co_positions()):
            found = positions.place(code.co_linetable, code.co_firstlineno, 2 * index)
            assert found == _expected(list(place))


@given(st.binary(max_size=200), st.integers(0, 1 << 20), st.integers(0, 1 << 20))
def test_damaged_tables_never_raise(table: bytes, first_line: int, offset: int) -> None:
    positions.place(table, first_line, offset)
    positions.linetable_line(table, first_line, offset)
    positions.lnotab_line(table, first_line, offset)


def test_an_offset_behind_the_end_has_no_place() -> None:
    code = compile("a = 1", "<string>", "exec")
    assert positions.place(code.co_linetable, 1, 10_000) is None
    assert positions.linetable_line(b"\x02\x01", 1, 10_000) is None


def test_lines_that_the_3_10_form_leaves_out() -> None:
    # Objects/lnotab_notes.txt: (0 to 2: line 1), (2 to 4: no line), (4 to 6: line 3)
    table = bytes((2, 0, 2, 0x80, 2, 2))
    assert [positions.linetable_line(table, 1, offset) for offset in (0, 2, 4)] == [1, None, 3]
