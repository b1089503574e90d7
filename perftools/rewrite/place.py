"""One function of a module, as a recipe sees it: statements, names, what is known of them."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from functools import cached_property
from typing import TYPE_CHECKING

import libcst as cst
from libcst import metadata

from perftools.record import Type
from perftools.rewrite import liveness
from perftools.rewrite.module import BODIES, Definition, Module
from perftools.source.syntax import COMPREHENSIONS, SCOPES, base, children, path, targets, walk

if TYPE_CHECKING:
    from perftools.rewrite.loops import NotUnderstood, Understood

Statement = cst.SimpleStatementLine | cst.BaseCompoundStatement

_PURE_BUILTINS = frozenset(
    f"builtins.{name}"
    for name in "abs bool float int len max min round sum sorted range zip enumerate reversed tuple".split()
)
_READING = frozenset(
    f"builtins.{name}"
    for name in "len sum min max sorted enumerate zip range list tuple set frozenset any all iter map filter".split()
) | frozenset(f"numpy.{name}" for name in "array asarray dot sum mean max min argmax argmin argsort".split())
"""Functions that read a container and keep no hold of it."""
_KEEPS = frozenset("append extend insert remove pop popitem clear sort reverse update setdefault add discard".split())


_PARTS = (*BODIES, cst.Else, cst.Finally, cst.ExceptHandler, cst.ExceptStarHandler, cst.MatchCase)
"""What a compound statement holds its blocks in; an `elif` is an If in its place."""


class Place:
    """A function (or the module level, where `definition` is None), with what is known of its names."""

    def __init__(
        self,
        module: Module,
        definition: Definition | None,
        *,
        facts: Mapping[str, Type] | None = None,
        line: int | None = None,
        size: int | None = None,
    ) -> None:
        self.module = module
        self.function = definition.node if definition is not None else None
        self.name = definition.name if definition is not None else "<module>"
        self.top = definition.top if definition is not None else None
        self.line = line
        self.size = size
        self.facts = facts or {}
        self._reads: dict[cst.CSTNode, frozenset[str]] = {}
        self._writes: dict[cst.CSTNode, frozenset[str]] = {}

    def statements(self) -> Iterator[Statement]:
        """Statements of this function, nested blocks included, nested functions and classes not; in order."""
        for statement in self._statements:
            if self.line is None or self._spans(statement, self.line):
                yield statement

    def every_statement(self) -> Sequence[Statement]:
        """As `statements`, wherever the line asked for is."""
        return self._statements

    def loops(self) -> Sequence[Understood | NotUnderstood]:
        """Every loop of this function, in closed form or with the reason why not."""
        return self._loops

    def expressions(self, *kinds: type[cst.CSTNode]) -> Iterator[tuple[cst.CSTNode, Statement]]:
        """Expressions of these kinds with the statement they stand in (its header, for compound ones), in order."""
        for statement in self.statements():
            for node in _own_expressions(statement):
                if isinstance(node, kinds):
                    yield node, statement

    def qualified(self, node: cst.CSTNode) -> str:
        """What a name stands for: "builtins.sorted", "numpy.dot"; "" where that is not certain (shadowed, rebound)."""
        return self.module.qualified(node)

    def is_builtin(self, node: cst.CSTNode, name: str) -> bool:
        return self.qualified(node) == f"builtins.{name}"

    def kind(self, name: str) -> Type | None:
        """What is known of a name or attribute path ("rows", "self.weights") in this function; None: nothing."""
        return self.facts.get(f"{self.name}.{name}") or self.facts.get(name)

    def code(self, node: cst.CSTNode) -> str:
        """The text as written."""
        return self.module.code(node)

    def line_of(self, node: cst.CSTNode) -> int:
        return self.module.span(node).start.line

    def reads(self, node: cst.CSTNode) -> frozenset[str]:
        """Names that are read somewhere in a node, nested scopes included."""
        if node not in self._reads:
            self._reads[node] = frozenset(each.value for each in self._loads(node))
        return self._reads[node]

    def writes(self, node: cst.CSTNode) -> frozenset[str]:
        """Names that a node binds in this function's scope: assignments, loop targets, `with`, `import`, `del`."""
        if node not in self._writes:
            found: set[str] = set()
            for each in walk(node, scopes=False):
                found |= _bound_by(each)
            self._writes[node] = frozenset(found)
        return self._writes[node]

    def read_after(self, statement: cst.CSTNode, name: str) -> bool:
        """May this name still be read once the statement has run? Loops around it and nested functions count."""
        if self.function is None:
            return True  # another module may import it
        inside = set(walk(statement))
        end = self.module.span(statement).end
        looping = any(isinstance(around, cst.For | cst.While) for around in self._around(statement))
        seen = False
        for load in self._loads(self.function):
            if load.value != name or load in inside:
                continue
            nested = self.module.scope(load) is not self._scope and not self._in_comprehension(load)
            after = (self.module.span(load).start.line, self.module.span(load).start.column) >= (end.line, end.column)
            if nested:
                return True
            seen = seen or looping or after
        if self._declared_elsewhere(name):
            return True
        found = liveness.read_after(self.module, statement, name, lambda node: name in self.reads(node))
        return seen if found is None else seen and found

    def assigned_once(self, name: str) -> bool:
        """Is this a module-level name that is bound once and whose value nobody changes or hands on?

        Elements that are containers themselves may still be changed: look at what is assigned.
        """
        scope = self.module.global_scope
        bound = [each for each in scope[name] if isinstance(each, metadata.Assignment)]
        if len(bound) != 1 or not self.module.bound_globally(name):
            return False
        (assignment,) = bound
        if not isinstance(assignment, metadata.Assignment) or self._declared_global(name):
            return False
        return all(self._only_reads(access.node) for access in assignment.references)

    def is_pure(self, node: cst.CSTNode) -> bool:
        """Arithmetic, comparisons and subscripts of plain names, and known builtins: no unknown code runs.

        Operators of user-defined classes are unknown code too: whether the operands are numbers is for guards to check.
        """
        return all(self._is_pure(each) for each in walk(node))

    def fresh(self, stem: str) -> str:
        """A name that nothing in the module has: `stem`, or `stem` with a number."""
        return self.module.fresh(stem)

    def is_local(self, name: str) -> bool:
        """Is the name bound in this function (parameters included)?"""
        return self.function is not None and name in self._local_names

    def enclosing(self, node: cst.CSTNode) -> Statement | None:
        """The innermost statement that a node belongs to."""
        for each in (node, *self.module.ancestors(node)):
            if isinstance(each, cst.SimpleStatementLine | cst.BaseCompoundStatement):
                return each
        return None

    @cached_property
    def _loops(self) -> Sequence[Understood | NotUnderstood]:
        from perftools.rewrite import loops

        return tuple(loops.find(self))

    @cached_property
    def _statements(self) -> tuple[Statement, ...]:
        root = self.function.body if self.function is not None else self.module.tree
        return tuple(_statements_in(root))

    @cached_property
    def _scope(self) -> metadata.Scope:
        if self.function is None:
            return self.module.global_scope
        return self.module.scope(self.function.body)

    @cached_property
    def _local_names(self) -> frozenset[str]:
        assert self.function is not None
        parameters = {each.name.value for each in walk(self.function.params) if isinstance(each, cst.Param)}
        declared = {
            item.name.value
            for each in walk(self.function.body, scopes=False)
            if isinstance(each, cst.Global | cst.Nonlocal)
            for item in each.names
        }
        nested = {each.name.value for each in self._statements if isinstance(each, cst.FunctionDef | cst.ClassDef)}
        return (frozenset(parameters | nested) | self.writes(self.function.body)) - declared

    def _is_pure(self, node: cst.CSTNode) -> bool:
        """Does this very node, what lies below it left aside, run no unknown code?"""
        if isinstance(node, cst.Call):
            name = self.qualified(node.func)
            return name in _PURE_BUILTINS or name.startswith("math.")
        if isinstance(node, cst.Attribute):  # a property of an object runs code, a module's attribute does not
            return bool(self.qualified(node))
        return not isinstance(node, cst.Await | cst.Yield | cst.NamedExpr | cst.Lambda | cst.FormattedString)

    def _loads(self, node: cst.CSTNode) -> Iterator[cst.Name]:
        for each in walk(node):
            if isinstance(each, cst.Name) and self._is_load(each):
                yield each

    def _is_load(self, node: cst.Name) -> bool:
        parent = self.module.parent(node)
        match parent:
            case cst.Attribute() if parent.attr is node:
                return False
            case cst.Arg() if parent.keyword is node:
                return False
            case cst.Param() if parent.name is node:
                return False
            case cst.FunctionDef() | cst.ClassDef() if parent.name is node:
                return False
            case cst.AugAssign():
                return True
            case cst.AssignTarget() | cst.NameItem() | cst.ImportAlias() | cst.AsName():
                return False
            case cst.For() | cst.CompFor() | cst.NamedExpr() | cst.AnnAssign() if parent.target is node:
                return False
            case cst.Element() | cst.StarredElement():
                return not self._is_target(parent)
        return True

    def _is_target(self, node: cst.CSTNode) -> bool:
        """Does this element belong to a tuple that is assigned to?"""
        child: cst.CSTNode = node
        for around in self.module.ancestors(node):
            if isinstance(around, cst.AssignTarget):
                return True
            if isinstance(around, cst.For | cst.CompFor):
                return around.target is child
            if not isinstance(around, cst.Tuple | cst.List | cst.Element | cst.StarredElement):
                return False
            child = around
        return False

    def _around(self, statement: cst.CSTNode) -> Iterator[cst.CSTNode]:
        """What lies between a statement and its function."""
        for around in self.module.ancestors(statement):
            if around is self.function:
                return
            yield around

    def _in_comprehension(self, node: cst.CSTNode) -> bool:
        for around in self._around(node):
            if isinstance(around, SCOPES):
                return False
            if isinstance(around, COMPREHENSIONS):
                return True
        return False

    def _declared_elsewhere(self, name: str) -> bool:
        """Is the name declared `global` or `nonlocal` in this function or one nested in it?"""
        assert self.function is not None
        return any(
            item.name.value == name
            for each in walk(self.function.body)
            if isinstance(each, cst.Global | cst.Nonlocal)
            for item in each.names
        )

    def _declared_global(self, name: str) -> bool:
        return any(
            item.name.value == name
            for each in walk(self.module.tree)
            if isinstance(each, cst.Global)
            for item in each.names
        )

    def _only_reads(self, node: cst.CSTNode) -> bool:
        """Is this use of a container one that neither changes it nor hands it on?"""
        if isinstance(node, cst.Attribute):  # NAME.method or NAME.attribute
            parent = self.module.parent(node)
            return isinstance(parent, cst.Call) and parent.func is node and node.attr.value not in _KEEPS
        parent = self.module.parent(node)
        match parent:
            case cst.Attribute():
                return self._only_reads(parent)
            case cst.Subscript() if parent.value is node:
                above = self.module.parent(parent)
                changed = isinstance(above, cst.AssignTarget | cst.AugAssign | cst.Del | cst.AnnAssign)
                return not changed and not isinstance(above, cst.Subscript | cst.Attribute)
            case cst.For() | cst.CompFor():
                return parent.iter is node
            case cst.ComparisonTarget() | cst.Comparison() | cst.BinaryOperation() | cst.UnaryOperation():
                return True
            case cst.Arg():
                call = self.module.parent(parent)
                name = self.qualified(call.func) if isinstance(call, cst.Call) else ""
                return name in _READING
        return False

    def _spans(self, node: cst.CSTNode, line: int) -> bool:
        span = self.module.span(node)
        return span.start.line <= line <= span.end.line


def _statements_in(node: cst.CSTNode) -> Iterator[Statement]:
    for child in children(node):
        if isinstance(child, cst.SimpleStatementLine | cst.BaseCompoundStatement):
            yield child
            if not isinstance(child, cst.FunctionDef | cst.ClassDef):
                yield from _statements_in(child)
        elif isinstance(
            child, (*BODIES, cst.Else, cst.Finally, cst.ExceptHandler, cst.ExceptStarHandler, cst.MatchCase)
        ):
            yield from _statements_in(child)


def _own_expressions(statement: Statement) -> Iterator[cst.CSTNode]:
    """All nodes of a statement but those of its block, and of nested functions; lambdas and comprehensions included."""
    if isinstance(statement, cst.FunctionDef | cst.ClassDef):
        return
    pending = [statement]
    nodes: list[cst.CSTNode] = list(pending)
    while nodes:
        node = nodes.pop()
        yield node
        below = [child for child in children(node) if not isinstance(child, (*_PARTS, cst.If))]
        nodes.extend(reversed(below))


def _bound_by(node: cst.CSTNode) -> set[str]:
    """Plain names that this very node binds."""
    match node:
        case cst.Assign():
            places = [each for target in node.targets for each in targets(target.target)]
        case cst.AnnAssign() | cst.AugAssign() | cst.For() | cst.NamedExpr():
            places = list(targets(node.target))
        case cst.AsName():
            places = [node.name]
        case cst.ImportAlias():
            return set() if node.asname is not None else {path(node.name).partition(".")[0]}
        case cst.Del():
            places = list(targets(node.target))
        case cst.FunctionDef() | cst.ClassDef():
            return {node.name.value}
        case cst.MatchAs() | cst.MatchStar():
            return {node.name.value} if node.name is not None else set()
        case _:
            return set()
    return {name for place in places if isinstance(place, cst.Name) and (name := base(place))}
