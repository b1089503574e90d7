"""Texts of expressions put together, with parentheses where they are needed."""

from __future__ import annotations

import libcst as cst

BINDING = {cst.Add: 1, cst.Subtract: 1, cst.Multiply: 2, cst.Divide: 2}
"""How tightly an operator binds."""


def binary(left: str, sign: str, right: str, binding: int) -> str:
    """Operands of + - * /, in parentheses where they bind less tightly, or as tightly on the right."""
    tree = [_bound(each) for each in (left, right)]
    first = left if tree[0] >= binding else f"({left})"
    second = right if tree[1] > binding else f"({right})"
    return f"{first} {sign} {second}"


def _bound(text: str) -> int:
    tree = cst.parse_expression(text)
    if isinstance(tree, cst.BinaryOperation) and not tree.lpar:
        return BINDING.get(type(tree.operator), 0)
    return 3 if _is_atom(tree) else 0


def inside(text: str) -> str:
    """The text as an operand of any operator."""
    return text if _is_atom(cst.parse_expression(text)) else f"({text})"


def compared(text: str) -> str:
    """The text as an operand of a comparison."""
    return text if _bound(text) else f"({text})"


def _is_atom(tree: cst.BaseExpression) -> bool:
    atoms = (cst.Name, cst.Attribute, cst.Integer, cst.Float, cst.Call, cst.Subscript)
    return isinstance(tree, atoms) or bool(tree.lpar)
