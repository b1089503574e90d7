"""May a name still be read after a statement, before it is bound anew? In doubt, yes."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Literal

import libcst as cst

from perftools.rewrite.module import Module
from perftools.source.syntax import targets, walk

Fate = Literal["read", "bound", "untouched"]
"""What happens first to the name on each way through; "bound" only if it happens on all of them."""


def read_after(module: Module, statement: cst.CSTNode, name: str, reads: Callable[[cst.CSTNode], bool]) -> bool | None:
    """May `name` be read once the statement has run? None where that is hard to say.

    In a try or with statement, what comes next may be left out: something else raises. `reads`: is the name read
    somewhere in a node?
    """
    for around in module.ancestors(statement):
        if isinstance(around, cst.Try | cst.TryStar | cst.With | cst.Match):
            return None
        if isinstance(around, cst.FunctionDef):
            break
    node, way = statement, _Way(name, reads)
    for around in module.ancestors(statement):
        match around:
            case cst.IndentedBlock() | cst.SimpleStatementSuite():
                body = list(around.body)
                fate = way.sequence(body[body.index(node) + 1 :])
                if fate != "untouched":
                    return fate == "read"
            case cst.For() | cst.While() if node is around.body:
                fate = way.again(around)
                if fate == "read":
                    return True
            case cst.FunctionDef():
                return False
        node = around
    return None


class _Way:
    """The ways through statements, for one name."""

    def __init__(self, name: str, reads: Callable[[cst.CSTNode], bool]) -> None:
        self._name = name
        self._reads = reads

    def again(self, loop: cst.For | cst.While) -> Fate:
        """What the next pass of a loop, or what follows its last one, does to the name."""
        if loop.orelse is not None and self._reads(loop.orelse):
            return "read"
        if isinstance(loop, cst.While):
            return "read" if self._reads(loop.test) else self.block(loop.body)
        return "bound" if self._is_target(loop.target) else self.block(loop.body)

    def sequence(self, statements: Iterable[cst.CSTNode]) -> Fate:
        left = False
        for each in statements:
            fate = self._fate(each)
            if fate == "read" or (fate == "bound" and not left):
                return fate
            left = left or any(isinstance(one, cst.Break | cst.Continue) for one in walk(each, scopes=False))
        return "untouched"

    def block(self, body: cst.BaseSuite) -> Fate:
        return self.sequence(body.body)

    def _fate(self, node: cst.CSTNode) -> Fate:
        match node:
            case cst.SimpleStatementLine():
                return self.sequence(node.body)
            case cst.Assign() | cst.AnnAssign() if not self._reads(node):
                places = [each.target for each in node.targets] if isinstance(node, cst.Assign) else [node.target]
                given = node.value is not None
                return "bound" if given and any(map(self._is_target, places)) else "untouched"
            case cst.If():
                if self._reads(node.test):
                    return "read"
                fates = {self.block(node.body), self._otherwise(node.orelse)}
                return "read" if "read" in fates else "bound" if fates == {"bound"} else "untouched"
            case cst.For():
                if self._reads(node.iter) or self.again(node) == "read":
                    return "read"
                return "untouched"  # it may have no pass
        return "read" if self._reads(node) else "untouched"

    def _otherwise(self, node: cst.If | cst.Else | None) -> Fate:
        if node is None:
            return "untouched"
        return self._fate(node) if isinstance(node, cst.If) else self.block(node.body)

    def _is_target(self, node: cst.BaseExpression) -> bool:
        return any(isinstance(each, cst.Name) and each.value == self._name for each in targets(node))
