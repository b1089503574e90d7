"""Loops and calls in bytecode: against `dis` of every CPython here, on code that has run and is specialised."""

from __future__ import annotations

import json
import subprocess

import pytest
from hypothesis import given
from hypothesis import strategies as st

from perftools.remote.opcodes import for_loops, is_call
from tests.pythons import pythons

_PROGRAM = """
import dis, json, sys

def nested(rows, table, text):
    total = 0.0
    for i, row in enumerate(rows):
        for value in row:
            total += value * len(row) + max(row)
            if value > 2: total -= table.get(text, 1.0)
        try:
            total += sum(v * v for v in row) + abs(value)
        except ValueError:
            print(total, end="")
    squares = [v * w for v in rows[0] for w in row if v]
    pairs = {k: str(v) for k, v in zip(rows[0], squares)}
    for letter in text:
        total += isinstance(letter, str)
        nothing = dict(**{"a": 1})
    return total

for _ in range(200):
    nested([[1.0, 2.0, 3.0]] * 4, {"abc": 1.0}, "abc")

out, todo = [], [nested.__code__]
while todo:
    code = todo.pop()
    todo += [const for const in code.co_consts if hasattr(const, "co_code")]
    instructions = list(dis.get_instructions(code))
    out.append({
        "code": (getattr(code, "_co_code_adaptive", None) or code.co_code).hex(),
        "plain": code.co_code.hex(),
        "loops": [[i.offset, i.argval] for i in instructions if i.opname == "FOR_ITER"],
        "calls": [i.offset for i in instructions
                  if i.opname in ("CALL", "PRECALL", "CALL_KW", "CALL_FUNCTION", "CALL_FUNCTION_KW",
                                  "CALL_FUNCTION_EX", "CALL_METHOD")],
        "offsets": [i.offset for i in instructions],
    })
print(json.dumps(out))
"""


@pytest.mark.parametrize("version", list(pythons()), ids=lambda version: f"{version[0]}.{version[1]}")
def test_agrees_with_dis(version: tuple[int, int]) -> None:
    run = subprocess.run([pythons()[version], "-c", _PROGRAM], capture_output=True, text=True, check=True, timeout=60)
    functions = json.loads(run.stdout)
    assert sum(len(function["loops"]) for function in functions) >= 6
    for function in functions:
        loops = sorted(function["loops"])
        for name in ("code", "plain"):
            code = bytes.fromhex(function[name])
            assert [list(loop) for loop in for_loops((*version, 0), code)] == loops
            assert [at for at in function["offsets"] if is_call((*version, 0), code[at])] == function["calls"]


@given(st.sampled_from([(3, minor, 0) for minor in range(8, 17)]), st.binary(max_size=300))
def test_damaged_code_never_raises(version: tuple[int, int, int], code: bytes) -> None:
    for start, end in for_loops(version, code):
        assert 0 <= start < end


def test_an_unknown_version_has_no_calls_and_no_loops() -> None:
    assert not is_call((3, 99, 0), 52)
    assert for_loops((3, 99, 0), b"\x48\x01" * 20) == ()
