"""What we need to know of bytecode: which instructions call, and which loops an instruction lies in.

Sources: Include/opcode.h and Lib/opcode.py (3.8 to 3.12), Include/opcode_ids.h, Lib/opcode.py and
Lib/_opcode_metadata.py (3.13 to 3.15). The numbers of a version never change, those of specialised instructions seen
in running code included: a wrong one would break its .pyc files or its specialiser.
"""

from __future__ import annotations

import functools
from typing import NamedTuple

from perftools.remote.offsets import Version


class _Text(NamedTuple):
    """Opcodes as "4 10-12"; specialised and instrumented ones included."""

    calls: str
    for_iter: str
    extended_arg: int
    caches: dict[int, str] = {}  # noqa: RUF012 (never changed)
    """By number of code units that follow the instruction and are none."""


_BEFORE_3_11 = _Text("131 141-142 161", "93", 144)
_TABLE = {
    (3, 8): _BEFORE_3_11,
    (3, 9): _BEFORE_3_11,
    (3, 10): _BEFORE_3_11,
    (3, 11): _Text(
        "22-24 64-67 72-73 76-81 113 121 127 141-143 166 171",  # a specialised PRECALL makes the call itself
        "93",
        144,
        {
            1: "3-8 13-14 16 60 64-67 72-73 76-81 92 113 121-122 127 141 143 166 168-170 177-180",
            2: "26-29 107",
            4: "17-25 39-43 95 106 153-154 158-159 171",
            5: "47-48 55 116",
            10: "56-59 62-63 160",
        },
    ),
    (3, 12): _Text(
        "23-24 28-29 34 38-48 56 142 171 241 244",
        "62-65 93 248",
        144,
        {
            1: "6-8 10 13-14 16 18-22 25 57-60 62-67 92-93 107 122-123 141 159-161 166-168 237 248",
            3: "23-24 28-29 34 38-48 56 171 241",
            4: "95 111-113 116 148 153",
            9: "70 72-73 76-82 106",
        },
    ),
    (3, 13): _Text(
        "53-54 57 162-181 244-246",
        "72 187-190 243",
        71,
        {
            1: "3 5 39 45 58-59 72 77 93 97-100 104 117 150-161 182-190 205-206 208 212-213 220-222 242-243 249-253",
            3: "40 53 162-181 214-219 244",
            4: "91 108 203-204 209-211",
            9: "82 191-202",
        },
    ),
    (3, 14): _Text(
        "4 52 55 143-165 250-252",
        "70 171-174 237",
        69,
        {
            1: "38 56-57 70 75 96 100-103 106 119 166-176 194-195 197 201-202 209-211 237 241-244 249 253",
            3: "39 52 55 143-165 203-208 250-251",
            4: "92 110 192-193 198-200",
            5: "3 44 129-142",
            9: "80 177-189",
        },
    ),
    (3, 15): _Text(
        "4 50 53 144-168 249-251",
        "68 174-178 236",
        67,
        {
            1: "4 36 54-55 68 70 74 95 99-102 105 118 128 151-152 169-182 198-204 208-209 216-218 236 240-244 248"
            " 251-252",
            3: "37 50 53 144-150 153-168 210-215 249-250",
            4: "91 109 196-197 205-207",
            5: "3 42 129-143",
            9: "79 183-195",
        },
    ),
}


class _Instructions(NamedTuple):
    calls: frozenset[int]
    for_iter: frozenset[int]
    extended_arg: int
    caches: dict[int, int]


def is_call(version: Version, opcode: int) -> bool:
    """Whether the opcode is a call."""
    return opcode in _instructions(version[:2]).calls


def for_loops(version: Version, code: bytes) -> tuple[tuple[int, int], ...]:
    """The `for` loops of a function and its comprehensions: offsets of FOR_ITER, and of what follows the loop.

    Between them the loop's iterator is on the value stack. `code` may be what runs, specialised and instrumented.
    """
    known = _instructions(version[:2])
    loops = []
    at = argument = 0
    while at + 1 < len(code):
        opcode, argument = code[at], argument << 8 | code[at + 1]
        units = known.caches.get(opcode, 0)
        if opcode in known.for_iter:
            jump = argument * 2 if version >= (3, 10, 0) else argument
            loops.append((at, at + 2 + 2 * units + jump))
        if opcode != known.extended_arg:
            argument = 0
        at += 2 + 2 * units
    return tuple(loops)


@functools.cache
def _instructions(minor: tuple[int, int]) -> _Instructions:
    text = _TABLE.get(minor, _Text("", "", -1))
    caches = {number: units for units, numbers in text.caches.items() for number in _numbers(numbers)}
    return _Instructions(_numbers(text.calls), _numbers(text.for_iter), text.extended_arg, caches)


def _numbers(text: str) -> frozenset[int]:
    numbers: set[int] = set()
    for part in text.split():
        first, _, last = part.partition("-")
        numbers.update(range(int(first), int(last or first) + 1))
    return frozenset(numbers)
