"""Python text with its precedence and the loops that are its axes."""

from __future__ import annotations

from typing import NamedTuple

OR, AND, NOT, COMPARE, BITOR, BITAND, ADD, MUL, UNARY, POWER, ATOM = range(11)
CONDITIONAL = -1


class Code(NamedTuple):
    """An expression; `axes` are the loops along its dimensions, outer ones first; none: a scalar."""

    text: str
    axes: tuple[int, ...] = ()
    level: int = ATOM

    def at(self, level: int) -> str:
        """The text as an operand of something that binds this tightly."""
        return self.text if self.level >= level else f"({self.text})"


def aligned(code: Code, axes: tuple[int, ...]) -> Code:
    """The same with axes of length 1 where others have one: what broadcasting cannot do by itself."""
    present = [":" if loop in code.axes else "None" for loop in axes]
    while present and present[0] == "None":
        del present[0]
    if "None" not in present:
        return code
    return Code(f"{code.at(ATOM)}[{', '.join(present)}]", axes)


def union(*codes: Code) -> tuple[int, ...]:
    return tuple(sorted({loop for code in codes for loop in code.axes}))


def infix(symbol: str, level: int, left: Code, right: Code) -> Code:
    axes = union(left, right)
    a, b = aligned(left, axes), aligned(right, axes)
    return Code(f"{a.at(level)} {symbol} {b.at(level + 1)}", axes, level)


def called(function: str, *args: Code) -> Code:
    axes = union(*args)
    return Code(f"{function}({', '.join(aligned(each, axes).text for each in args)})", axes)
