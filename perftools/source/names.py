"""The names that a loop mentions, by what is done with them."""

from __future__ import annotations

from collections.abc import Iterator

import libcst as cst

from perftools.source import operations, syntax

_VIEWS = frozenset("items values keys tolist copy".split())


class Mentions:
    """The names in a loop, by what is done with them."""

    def __init__(self) -> None:
        self.subscripts: dict[str, int] = {}
        self.slices: dict[str, None] = {}
        self.operands: dict[str, None] = {}
        self.arguments: dict[str, None] = {}
        self.fields: dict[str, None] = {}
        self.names: dict[str, None] = {}

    def collect(self, node: cst.CSTNode) -> None:
        nodes = list(syntax.walk(node))
        methods = {each.func for each in nodes if isinstance(each, cst.Call)}
        for each in nodes:
            match each:
                case cst.Name():
                    self.names[each.value] = None
                case cst.Subscript():
                    if name := syntax.base(each):
                        if any(isinstance(element.slice, cst.Slice) for element in each.slice):
                            self.slices[name] = None
                        else:
                            self.subscripts[name] = max(self.subscripts.get(name, 0), syntax.indices(each))
                    if (key := syntax.index_key(each)) is not None:
                        self.fields[key] = None
                case cst.BinaryOperation():
                    for side in (each.left, each.right):
                        if name := syntax.path(side):
                            self.operands[name] = None
                case cst.AugAssign():
                    if name := syntax.path(each.value):
                        self.operands[name] = None
                case cst.Attribute() if each not in methods:
                    self.fields[each.attr.value] = None
                case cst.Call():
                    self._call(each)

    def _call(self, node: cst.Call) -> None:
        name, dotted = syntax.callee(node)
        if name == "get" and node.args and "." in dotted:
            self.subscripts.setdefault(dotted.rpartition(".")[0], 1)
        if name in ("get", "getattr", "itemgetter", "attrgetter"):
            for argument in node.args:
                if (key := syntax.text_key(argument.value)) is not None:
                    self.fields[key] = None
        if not dotted.startswith(operations.NUMPY):  # any other function may take the array to pieces
            return
        for argument in node.args:
            if found := syntax.path(argument.value):
                self.arguments[found] = None


def containers(node: cst.CSTNode) -> Iterator[str]:
    """The paths that an iterable takes its elements from: zip(a, self.b) gives both, range(len(x)) gives x.

    Of `table[k]` one element is iterated, not the table; of `values[i:j]` a part of it.
    """
    if name := syntax.path(node):
        yield name
    elif isinstance(node, cst.Subscript):
        if any(isinstance(element.slice, cst.Slice) for element in node.slice):
            yield from containers(node.value)
    elif isinstance(node, cst.Call):
        name, _ = syntax.callee(node)
        if name in _VIEWS and isinstance(node.func, cst.Attribute):
            yield from containers(node.func.value)
        else:
            for argument in node.args:
                yield from containers(argument.value)
    elif isinstance(node, cst.BinaryOperation):
        yield from containers(node.left)
        yield from containers(node.right)
