"""A function that returns one of several values: its conditions, in order, with the value of each."""

from __future__ import annotations

import libcst as cst

from perftools.rewrite.frames.rows import Unclear


def chain(
    node: cst.BaseExpression,
) -> tuple[list[tuple[cst.BaseExpression, cst.BaseExpression]], cst.BaseExpression]:
    """`a if p else b if q else c` as [(p, a), (q, b)], c."""
    branches = []
    while isinstance(node, cst.IfExp):
        branches.append((node.test, node.body))
        node = node.orelse
    return branches, node


_Last = tuple[list[tuple[cst.BaseExpression, cst.BaseExpression]], cst.BaseExpression]


def returns(
    statement: cst.If,
) -> tuple[list[tuple[cst.BaseExpression, cst.BaseExpression]], _Last | None]:
    """The branches of an if whose blocks each return a value, and what its else returns (None: there is no else)."""
    branches = [(statement.test, _returned(statement.body))]
    orelse = statement.orelse
    while isinstance(orelse, cst.If):
        branches.append((orelse.test, _returned(orelse.body)))
        orelse = orelse.orelse
    return branches, chain(_returned(orelse.body)) if orelse is not None else None


def _returned(body: cst.BaseSuite) -> cst.BaseExpression:
    statements = list(body.body)
    small = statements[0].body if len(statements) == 1 and isinstance(statements[0], cst.SimpleStatementLine) else ()
    if isinstance(body, cst.SimpleStatementSuite):
        small = body.body
    if len(small) != 1 or not isinstance(small[0], cst.Return) or small[0].value is None:
        raise Unclear(body, "statement", "a branch of the row's function does more than return a value")
    return small[0].value
