"""How much work a text would be to read, before that work is done: the text is the target's."""

from __future__ import annotations

import libcst as cst

from perftools.source import iteration, syntax


def visits(module: cst.Module) -> int:
    """How often the reader would look at a node.

    It looks at a loop's whole body for each loop around it (what is mentioned, carried over, waited for), and there
    once more for each test, subscript and assignment expression around it.
    """
    total = 0
    pending: list[tuple[cst.CSTNode, int, int]] = [(module, 0, 0)]
    while pending:
        node, loops, again = pending.pop()
        total += 1 + loops * (1 + again)
        loops += _loops(node)
        again += isinstance(node, cst.If | cst.Subscript | cst.NamedExpr)
        pending.extend((child, loops, again) for child in syntax.children(node))
    return total


def _loops(node: cst.CSTNode) -> bool:
    if isinstance(node, cst.Call):
        return iteration.iterable(node, *syntax.callee(node)) is not None
    return isinstance(node, (cst.For, cst.While, *syntax.COMPREHENSIONS))
