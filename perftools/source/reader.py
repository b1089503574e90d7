"""From the text of one function to its Model, by LibCST (the tool's Python may be older than the target's)."""

from __future__ import annotations

from functools import lru_cache

import libcst as cst
from libcst.metadata import MetadataWrapper, PositionProvider

from perftools.record import Source
from perftools.source import effort, iteration, operations, syntax
from perftools.source.carried import Dependence, carried, loop_state
from perftools.source.model import Call, Carried, Function, Import, Model, Operation, Span, Unit, UnitKind
from perftools.source.names import Mentions, containers

_LARGEST = 100_000
"""Characters: a longer function is not read, lest its parsing take more than a few seconds of a window of 20."""
_MOST_VISITS = 80_000
"""Of nodes (`effort`): a text whose loops nest too deep around too much is not read either. Functions of the standard
library take up to 11 000."""


@lru_cache(maxsize=256)
def read(source: Source) -> Model:
    """The model of a source; an empty one where it is too much to read or LibCST cannot parse it."""
    if len(source.text) > _LARGEST:
        return Model()
    try:
        return _read(source)
    except Exception:  # noqa: BLE001 - the text is the target's: whatever the parser stumbles over is not understood
        return Model()


def _read(source: Source) -> Model:
    indent = source.text[: len(source.text) - len(source.text.lstrip(" \t"))]
    text, shift = (f"if 1:\n{source.text}", -1) if indent else (source.text, 0)
    module = cst.parse_module(text)
    if effort.visits(module) > _MOST_VISITS:
        return Model()
    wrapper = MetadataWrapper(module, unsafe_skip_copy=True)
    positions = wrapper.resolve(PositionProvider)
    prefix = source.function.rpartition(".")[0] if source.function != "<module>" else ""
    place = _Place(function=prefix or ("<module>" if source.function == "<module>" else ""))
    reader = _Reader(positions, source.first_line - 1 + shift)
    for statement in wrapper.module.body:
        inner = syntax.children(statement.body) if indent and isinstance(statement, cst.If) else [statement]
        for each in inner:
            reader.visit(each, place)
    return reader.model()


class _Place:
    """Where the reader stands."""

    __slots__ = ("depth", "function", "in_index", "unit")

    def __init__(self, *, function: str, unit: int | None = None, depth: int = 0, in_index: bool = False) -> None:
        self.function, self.unit, self.depth, self.in_index = function, unit, depth, in_index

    def but(self, **changes: object) -> _Place:
        values: dict[str, object] = {name: getattr(self, name) for name in self.__slots__} | changes
        return _Place(**values)  # type: ignore[arg-type]  # the slots are the parameters


class _Reader:
    def __init__(self, positions: object, shift: int) -> None:
        self._positions = positions
        self._shift = shift
        self._functions: list[Function] = []
        self._named: set[str] = set()
        self._units: list[Unit | None] = []
        self._calls: list[Call] = []
        self._operations: list[Operation] = []
        self._statements: list[Span] = []
        self._imports: list[Import] = []

    def model(self) -> Model:
        return Model(
            functions=tuple(self._functions),
            units=tuple(unit for unit in self._units if unit is not None),
            calls=tuple(self._calls),
            operations=tuple(self._operations),
            statements=tuple(self._statements),
            imports=tuple(self._imports),
        )

    def _span(self, node: cst.CSTNode) -> Span:
        where = self._positions[node]  # type: ignore[index]  # LibCST types the mapping by provider
        return Span(where.start.line + self._shift, where.start.column, where.end.line + self._shift, where.end.column)

    def _name(self, name: str, place: _Place) -> str:
        """The qualified name, as `__qualname__` forms it."""
        if place.function in ("", "<module>"):
            return name
        return f"{place.function}.{'<locals>.' if place.function in self._named else ''}{name}"

    def visit(self, node: cst.CSTNode, place: _Place) -> None:
        """Record what the node says, then go into its children."""
        if isinstance(node, cst.Annotation):
            return
        kind = operations.operation(node, in_index=place.in_index)
        if kind is not None:
            self._operations.append(Operation(kind, self._span(node)))
        match node:
            case cst.FunctionDef():
                self._function(node, place)
            case cst.ClassDef():
                self._children(node, place.but(function=self._name(node.name.value, place)))
            case cst.Lambda():
                self._children(node, place.but(depth=0))
            case cst.For():
                self._for(node, place)
            case cst.While():
                self._while(node, place)
            case cst.ListComp() | cst.SetComp() | cst.DictComp() | cst.GeneratorExp():
                self._comprehension(node, place)
            case cst.Call():
                self._call(node, place)
            case cst.Import() | cst.ImportFrom():
                self._imports.extend(Import(*each) for each in syntax.imported(node))
            case cst.Subscript():
                self.visit(node.value, place)
                for element in node.slice:
                    self.visit(element, place.but(in_index=True))
            case cst.SimpleStatementLine():
                self._statements.append(self._span(node))
                self._children(node, place)
            case cst.If() | cst.With() | cst.Try():
                whole = self._span(node)
                self._statements.append(Span(whole.line, whole.column, self._span(node.body).line, 0))
                self._children(node, place)
            case _:
                self._children(node, place)

    def _children(self, node: cst.CSTNode, place: _Place) -> None:
        for child in syntax.children(node):
            self.visit(child, place)

    def _function(self, node: cst.FunctionDef, place: _Place) -> None:
        name = self._name(node.name.value, place)
        parameters = [each.name.value for each in syntax.walk(node.params) if isinstance(each, cst.Param)]
        own = list(syntax.walk(node.body, scopes=False))
        assigned = [
            syntax.path(target)
            for each in own
            if isinstance(each, cst.AssignTarget | cst.AnnAssign)
            for target in syntax.targets(each.target)
        ]
        receivers = [
            syntax.path(each.func.value)
            for each in own
            if isinstance(each, cst.Call) and isinstance(each.func, cst.Attribute)
        ]
        declared = {
            item.name.value for each in own if isinstance(each, cst.Global | cst.Nonlocal) for item in each.names
        }
        self._named.add(name)
        self._functions.append(
            Function(
                name=name,
                span=self._span(node),
                carried=self._carried(carried(node.body, parameters, shared=frozenset(declared))),
                whole=_whole(node.body),
                yields=any(isinstance(each, cst.Yield) for each in own),
                names=tuple(
                    dict.fromkeys(name for name in (*receivers, *parameters, *assigned) if name and name != "self")
                ),
            )
        )
        inside = place.but(function=name, unit=None, depth=0)
        for part in (node.params, *node.decorators):
            self._children(part, place)
        self.visit(node.body, inside)

    def _for(self, node: cst.For, place: _Place) -> None:
        header = self._span(node)
        header = Span(header.line, header.column, self._span(node.iter).end_line, self._span(node.iter).end_column)
        index = self._reserve()
        bound = {syntax.path(each) for each in syntax.targets(node.target)}
        dependences, worklist = loop_state(node.body, bound)
        self._units[index] = self._unit(
            node,
            place,
            kind="for",
            header=header,
            iterables=[node.iter],
            once=[node.iter],
            targets=bound,
            carried=self._carried(dependences),
            worklist=worklist,
            service=node.asynchronous is not None or iteration.pauses(node.body) or iteration.drains_queue(node.iter),
        )
        self._statements.append(header)
        self.visit(node.iter, place)
        inside = place.but(unit=index, depth=place.depth + 1)
        self.visit(node.body, inside)
        if node.orelse is not None:
            self.visit(node.orelse, place)

    def _while(self, node: cst.While, place: _Place) -> None:
        whole = self._span(node)
        header = Span(whole.line, whole.column, self._span(node.test).end_line, self._span(node.test).end_column)
        index = self._reserve()
        dependences, worklist = loop_state(node.body)
        endless = (isinstance(node.test, cst.Name) and node.test.value == "True") or isinstance(node.test, cst.Integer)
        self._units[index] = self._unit(
            node,
            place,
            kind="while",
            header=header,
            iterables=[],
            once=[],
            targets=set(),
            carried=self._carried(dependences),
            worklist=worklist,
            service=(endless and not iteration.breaks(node.body))
            or iteration.waits(node)
            or iteration.watches_clock(node.test),
        )
        self._statements.append(header)
        inside = place.but(unit=index)
        self.visit(node.test, inside)
        self.visit(node.body, inside)

    def _comprehension(self, node: cst.BaseComp, place: _Place) -> None:
        clauses = list(iteration.clauses(node.for_in))
        index = self._reserve()
        generator = isinstance(node, cst.GeneratorExp)
        self._units[index] = self._unit(
            node,
            place,
            kind="generator" if generator else "comprehension",
            header=self._span(node),
            iterables=[clause.iter for clause in clauses],
            once=[clauses[0].iter],
            targets={syntax.path(each) for clause in clauses for each in syntax.targets(clause.target)},
            carried=self._carried(carried(node) if _binds(node) else []),
            service=any(clause.asynchronous is not None for clause in clauses) or iteration.pauses(node),
        )
        self._children(node, place.but(unit=index, depth=0 if generator else place.depth + 1))

    def _call(self, node: cst.Call, place: _Place) -> None:
        name, dotted = syntax.callee(node)
        keywords = frozenset(each.keyword.value for each in node.args if each.keyword is not None)
        positional = sum(1 for each in node.args if each.keyword is None)
        span = self._span(node)
        self._calls.append(Call(span, name, dotted, positional, keywords))
        inside = place.but(in_index=True) if name in ("range", "slice") else place
        iterable = iteration.iterable(node, name, dotted)
        if iterable is not None:
            inner = iterable if isinstance(iterable, syntax.COMPREHENSIONS) else None
            clauses = list(iteration.clauses(inner.for_in)) if inner is not None else []
            index = self._reserve()
            self._units[index] = self._unit(
                node,
                place,
                kind="call",
                header=span,
                iterables=[clause.iter for clause in clauses] or iteration.iterables(node, name),
                once=[clauses[0].iter] if clauses else iteration.iterables(node, name),
                targets={syntax.path(each) for clause in clauses for each in syntax.targets(clause.target)},
                carried=(),
                service=False,
            )
            inside = inside.but(unit=index)
            if inner is not None:  # sum(x for x in xs) is one loop, not two
                for argument in node.args:
                    if argument.value is inner:
                        self._children(inner, inside.but(depth=0))
                    else:
                        self.visit(argument, inside)
                self.visit(node.func, inside)
                return
        self._children(node, inside)

    def _carried(self, dependences: list[Dependence]) -> tuple[Carried, ...]:
        return tuple(
            Carried(reason, frozenset(line for node in nodes for line in self._lines(node)))
            for reason, nodes in dependences
        )

    def _lines(self, node: cst.CSTNode) -> range:
        span = self._span(node)
        return range(span.line, span.end_line + 1)

    def _reserve(self) -> int:
        self._units.append(None)
        return len(self._units) - 1

    def _unit(
        self,
        node: cst.CSTNode,
        place: _Place,
        *,
        kind: UnitKind,
        header: Span,
        iterables: list[cst.BaseExpression],
        once: list[cst.BaseExpression],
        targets: set[str],
        carried: tuple[Carried, ...],
        service: bool,
        worklist: frozenset[str] = frozenset(),
    ) -> Unit:
        mentions, body = Mentions(), Mentions()
        mentions.collect(node)
        body.collect(node.body if isinstance(node, cst.For) else node)
        return Unit(
            kind=kind,
            span=self._span(node),
            header=header,
            parent=place.unit,
            function=place.function,
            depth=place.depth,
            iterates=tuple(dict.fromkeys(found for each in iterables for found in containers(each))),
            targets=tuple(sorted(targets - {""})),
            subscripts=body.subscripts,
            slices=tuple(mentions.slices),
            operands=tuple(mentions.operands),
            arguments=tuple(mentions.arguments),
            once=tuple(self._span(each) for each in once),
            fields=frozenset(mentions.fields),
            names=frozenset(mentions.names),
            carried=carried,
            worklist=worklist,
            service=service,
        )


def _whole(body: cst.CSTNode) -> tuple[str, ...]:
    mentions = Mentions()
    mentions.collect(body)
    return tuple(name for name in {**mentions.operands, **mentions.arguments} if name not in mentions.subscripts)


def _binds(node: cst.CSTNode) -> bool:
    """Does a comprehension bind names with `:=`?"""
    return any(isinstance(each, cst.NamedExpr) for each in syntax.walk(node))
