"""A module's text, parsed: positions, scopes and qualified names, each computed when it is first asked for."""

from __future__ import annotations

import builtins
import re
from collections.abc import Iterator, Mapping
from functools import cached_property
from itertools import count
from typing import NamedTuple, cast

import libcst as cst
from libcst import metadata

from perftools.source.syntax import children, walk

Span = metadata.CodeRange
Function = cst.FunctionDef
BODIES = (cst.IndentedBlock, cst.SimpleStatementSuite)


def lines_of(text: str) -> list[str]:
    """Lines with their ends, as Python counts them: str.splitlines also breaks at form feeds and in strings."""
    return re.findall(r"[^\r\n]*(?:\r\n|\r|\n)|[^\r\n]+", text)


class Definition(NamedTuple):
    """A named function of the module."""

    node: cst.FunctionDef
    name: str
    """Qualified: "Scorer.score"; "outer.<locals>.inner" as Python says it."""
    top: cst.CSTNode
    """The statement at module level that holds it."""


class Module:
    """One file. Raises cst.ParserSyntaxError where it is no Python that LibCST knows."""

    def __init__(self, text: str) -> None:
        self.text = text
        self._wrapper = metadata.MetadataWrapper(cst.parse_module(text), unsafe_skip_copy=True)
        self.tree = self._wrapper.module
        self.lines = lines_of(text)
        """With their ends: replacing some of them leaves the others as they are."""
        self._reserved: set[str] = set()

    @cached_property
    def _positions(self) -> Mapping[cst.CSTNode, Span]:
        return self._wrapper.resolve(metadata.PositionProvider)

    @cached_property
    def _parents(self) -> Mapping[cst.CSTNode, cst.CSTNode]:
        return self._wrapper.resolve(metadata.ParentNodeProvider)

    @cached_property
    def _scopes(self) -> Mapping[cst.CSTNode, metadata.Scope | None]:
        return self._wrapper.resolve(metadata.ScopeProvider)

    @cached_property
    def global_scope(self) -> metadata.GlobalScope:
        """Names bound at module level, `global` statements in functions included."""
        return cast(metadata.GlobalScope, self._scopes[self.tree])

    @cached_property
    def star_import(self) -> bool:
        """Does it hold `from x import *`? Then no builtin is certain."""
        return any(isinstance(node, cst.ImportStar) for node in walk(self.tree))

    @cached_property
    def definitions(self) -> tuple[Definition, ...]:
        """Every named function, outer ones first, in the order of the text."""
        return tuple(found for top in self.tree.body for found in _definitions(top, "", top))

    @cached_property
    def _names(self) -> frozenset[str]:
        return frozenset(each.value for each in walk(self.tree) if isinstance(each, cst.Name)) | set(dir(builtins))

    def names_in(self, node: cst.CSTNode | None) -> frozenset[str]:
        """Every name in a node, or in the module."""
        return frozenset(each.value for each in walk(node or self.tree) if isinstance(each, cst.Name))

    def fresh(self, stem: str) -> str:
        """A name that the module does not use, and from now on reserved: `stem`, or `stem` with a number."""
        used = self._names | self._reserved
        name = stem if stem not in used else next(each for n in count(2) if (each := f"{stem}_{n}") not in used)
        self._reserved.add(name)
        return name

    def span(self, node: cst.CSTNode) -> Span:
        return self._positions[node]

    def parent(self, node: cst.CSTNode) -> cst.CSTNode | None:
        return self._parents.get(node)

    def ancestors(self, node: cst.CSTNode) -> Iterator[cst.CSTNode]:
        """From the node's parent outwards."""
        at = self.parent(node)
        while at is not None:
            yield at
            at = self.parent(at)

    def scope(self, node: cst.CSTNode) -> metadata.Scope:
        """The scope in which a node is evaluated."""
        at: cst.CSTNode | None = node
        while at is not None:
            found = self._scopes.get(at)
            if found is not None:
                return found
            at = self.parent(at)
        return self.global_scope

    def code(self, node: cst.CSTNode) -> str:
        """The text of a node as written."""
        return self.tree.code_for_node(node)

    def qualified(self, node: cst.CSTNode) -> str:
        """What a name or attribute chain stands for: "numpy.dot", "builtins.sorted".

        "" where that is not certain: bound otherwise somewhere, imported under two origins, or possibly hidden by a
        star import.
        """
        if not isinstance(node, cst.Name | cst.Attribute):
            return ""
        root: cst.BaseExpression = node
        while isinstance(root, cst.Attribute):
            root = root.value
        if not isinstance(root, cst.Name):
            return ""
        scope = self.scope(node)
        found = scope.get_qualified_names_for(node)
        if len(found) != 1:
            return ""
        (name,) = found
        if name.source == metadata.QualifiedNameSource.IMPORT:
            bound = list(scope[root.value])
            return name.name if all(isinstance(each, metadata.ImportAssignment) for each in bound) else ""
        if name.source == metadata.QualifiedNameSource.BUILTIN and not self.star_import:
            return name.name
        return ""

    def bound_globally(self, name: str) -> bool:
        """Is this name bound at module level (builtins do not count)?"""
        return any(not isinstance(each, metadata.BuiltinAssignment) for each in self.global_scope[name])


def _definitions(node: cst.CSTNode, prefix: str, top: cst.CSTNode) -> Iterator[Definition]:
    if isinstance(node, cst.FunctionDef):
        name = prefix + node.name.value
        yield Definition(node, name, top)
        prefix = f"{name}.<locals>."
        inside: Iterator[cst.CSTNode] = children(node.body)
    elif isinstance(node, cst.ClassDef):
        prefix += f"{node.name.value}."
        inside = children(node.body)
    else:
        inside = children(node)
    for child in inside:
        yield from _definitions(child, prefix, top)
