"""From the text of one function to its Model, by LibCST (the tool's Python may be older than the target's)."""

from __future__ import annotations

from collections.abc import Iterator
from functools import lru_cache

import libcst as cst
from libcst.metadata import MetadataWrapper, PositionProvider

from perftools.record import Source
from perftools.source import operations, syntax
from perftools.source.carried import carried
from perftools.source.model import Call, Function, Model, Operation, Span, Unit, UnitKind

_PASSED_THROUGH = frozenset("zip enumerate reversed range len list tuple iter map filter sorted islice chain set".split())
_VIEWS = frozenset("items values keys tolist copy".split())


@lru_cache(maxsize=256)
def read(source: Source) -> Model:
    """The model of a source; an empty one where LibCST cannot parse it."""
    indent = source.text[: len(source.text) - len(source.text.lstrip(" \t"))]
    text, shift = (f"if 1:\n{source.text}", -1) if indent else (source.text, 0)
    try:
        module = cst.parse_module(text)
    except (cst.ParserSyntaxError, RecursionError):
        return Model()
    wrapper = MetadataWrapper(module, unsafe_skip_copy=True)
    positions = wrapper.resolve(PositionProvider)
    prefix = source.function.rpartition(".")[0] if source.function != "<module>" else ""
    reader = _Reader(positions, source.first_line - 1 + shift, prefix)
    for statement in module.body:
        inner = statement.body.children if indent and isinstance(statement, cst.If) else [statement]
        for each in inner:
            reader.visit(each, _Place(function=prefix or ("<module>" if source.function == "<module>" else "")))
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
    def __init__(self, positions: object, shift: int, prefix: str) -> None:
        self._positions = positions
        self._shift = shift
        self._prefix = prefix
        self._functions: list[Function] = []
        self._units: list[Unit | None] = []
        self._calls: list[Call] = []
        self._operations: list[Operation] = []
        self._statements: list[Span] = []

    def model(self) -> Model:
        return Model(
            functions=tuple(self._functions),
            units=tuple(unit for unit in self._units if unit is not None),
            calls=tuple(self._calls),
            operations=tuple(self._operations),
            statements=tuple(self._statements),
        )

    def _span(self, node: cst.CSTNode) -> Span:
        where = self._positions[node]  # type: ignore[index]  # LibCST types the mapping by provider
        return Span(
            where.start.line + self._shift, where.start.column, where.end.line + self._shift, where.end.column
        )

    def _name(self, name: str, place: _Place) -> str:
        """The qualified name, as `__qualname__` forms it."""
        if place.function in ("", "<module>"):
            return name
        nested = any(function.name == place.function for function in self._functions)
        return f"{place.function}.{'<locals>.' if nested else ''}{name}"

    def visit(self, node: cst.CSTNode, place: _Place) -> None:
        """Record what the node says, then go into its children."""
        if isinstance(node, cst.Annotation):
            return
        kind = None if place.in_index else operations.operation(node)
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
        for child in node.children:
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
        declared = {
            item.name.value
            for each in own
            if isinstance(each, cst.Global | cst.Nonlocal)
            for item in each.names
        }
        self._functions.append(
            Function(
                name=name,
                span=self._span(node),
                carried=carried(node.body, parameters, shared=frozenset(declared)),
                yields=any(isinstance(each, cst.Yield) for each in own),
                names=tuple(dict.fromkeys(name for name in (*parameters, *assigned) if name and name != "self")),
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
        self._units[index] = self._unit(
            node,
            place,
            kind="for",
            header=header,
            iterables=[node.iter],
            targets=bound,
            carried=carried(node.body, bound),
            service=node.asynchronous is not None or _waits(node.body) or _drains_queue(node.iter),
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
        endless = isinstance(node.test, cst.Name) and node.test.value == "True" or isinstance(node.test, cst.Integer)
        self._units[index] = self._unit(
            node,
            place,
            kind="while",
            header=header,
            iterables=[],
            targets=set(),
            carried=carried(node.body),
            service=(endless and not _breaks(node.body)) or _waits(node) or _watches_clock(node.test),
        )
        self._statements.append(header)
        inside = place.but(unit=index)
        self.visit(node.test, inside)
        self.visit(node.body, inside)

    def _comprehension(self, node: cst.BaseComp, place: _Place) -> None:
        clauses = list(_clauses(node.for_in))
        index = self._reserve()
        generator = isinstance(node, cst.GeneratorExp)
        self._units[index] = self._unit(
            node,
            place,
            kind="generator" if generator else "comprehension",
            header=self._span(node),
            iterables=[clause.iter for clause in clauses],
            targets={syntax.path(each) for clause in clauses for each in syntax.targets(clause.target)},
            carried=carried(node) if any(isinstance(each, cst.NamedExpr) for each in syntax.walk(node)) else "",
            service=any(clause.asynchronous is not None for clause in clauses) or _waits(node),
        )
        self._children(node, place.but(unit=index, depth=0 if generator else place.depth + 1))

    def _call(self, node: cst.Call, place: _Place) -> None:
        name, dotted = syntax.callee(node)
        keywords = frozenset(each.keyword.value for each in node.args if each.keyword is not None)
        positional = sum(1 for each in node.args if each.keyword is None)
        span = self._span(node)
        self._calls.append(Call(span, name, dotted, positional, keywords))
        inside = place.but(in_index=True) if name in ("range", "slice") else place
        iterable = _iterable(node, name, dotted)
        if iterable is not None:
            inner = iterable if isinstance(iterable, syntax.COMPREHENSIONS) else None
            clauses = list(_clauses(inner.for_in)) if inner is not None else []
            index = self._reserve()
            self._units[index] = self._unit(
                node,
                place,
                kind="call",
                header=span,
                iterables=[clause.iter for clause in clauses] or _iterables(node, name),
                targets={syntax.path(each) for clause in clauses for each in syntax.targets(clause.target)},
                carried="",
                service=_waits(node),
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
        targets: set[str],
        carried: str,
        service: bool,
    ) -> Unit:
        mentions = _Mentions()
        mentions.collect(node)
        return Unit(
            kind=kind,
            span=self._span(node),
            header=header,
            parent=place.unit,
            function=place.function,
            depth=place.depth,
            iterates=tuple(dict.fromkeys(found for each in iterables for found in _containers(each))),
            targets=tuple(sorted(targets - {""})),
            subscripts=tuple(mentions.subscripts),
            slices=tuple(mentions.slices),
            operands=tuple(mentions.operands),
            arguments=tuple(mentions.arguments),
            fields=frozenset(mentions.fields),
            names=frozenset(mentions.names),
            carried=carried,
            service=service,
        )


class _Mentions:
    """The names in a loop, by what is done with them."""

    def __init__(self) -> None:
        self.subscripts: dict[str, None] = {}
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
                        sliced = any(isinstance(element.slice, cst.Slice) for element in each.slice)
                        (self.slices if sliced else self.subscripts)[name] = None
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
            self.subscripts[dotted.rpartition(".")[0]] = None
        if name in ("get", "getattr", "itemgetter", "attrgetter"):
            for argument in node.args:
                if (key := syntax.text_key(argument.value)) is not None:
                    self.fields[key] = None
        if name in _PASSED_THROUGH or name in ("append", "extend"):
            return
        for argument in node.args:
            if found := syntax.path(argument.value):
                self.arguments[found] = None


def _clauses(clause: cst.CompFor | None) -> Iterator[cst.CompFor]:
    while clause is not None:
        yield clause
        clause = clause.inner_for_in


def _iterable(node: cst.Call, name: str, dotted: str) -> cst.BaseExpression | None:
    """The first argument of a call that is a loop itself; None for other calls."""
    if name == "sort":
        keyed = any(each.keyword is not None and each.keyword.value == "key" for each in node.args)
        return node.func.value if keyed and isinstance(node.func, cst.Attribute) else None
    method = isinstance(node.func, cst.Attribute)
    if dotted.startswith(operations.NUMPY):
        return node if name in ("vectorize", "append") else None
    if name in operations.STATISTICS and dotted.partition(".")[0] in ("statistics", name):
        return node.args[0].value if node.args else None
    if name not in operations.ITERATING or (method and dotted.partition(".")[0] not in _MODULES):
        return None
    plain = [each.value for each in node.args if each.keyword is None]
    if name in ("sum", "min", "max", "sorted", "any", "all") and len(plain) == (2 if name == "sum" else 1):
        return plain[0]
    if name == "sum":
        return plain[0] if plain else None
    if name in ("map", "filter", "reduce", "starmap", "nlargest", "nsmallest") and len(plain) >= 2:
        return plain[1]
    return plain[0] if name == "accumulate" and plain else None


_MODULES = frozenset("heapq functools itertools math builtins statistics".split())


def _iterables(node: cst.Call, name: str) -> list[cst.BaseExpression]:
    if name == "sort" and isinstance(node.func, cst.Attribute):
        return [node.func.value]
    plain = [each.value for each in node.args if each.keyword is None]
    return plain[1:] if name in ("map", "filter", "reduce", "starmap", "nlargest", "nsmallest") else plain


def _containers(node: cst.CSTNode) -> Iterator[str]:
    """The paths that an iterable takes its elements from: zip(a, self.b) gives both, range(len(x)) gives x."""
    if name := syntax.base(node):
        yield name
    elif isinstance(node, cst.Call):
        name, _ = syntax.callee(node)
        if name in _VIEWS and isinstance(node.func, cst.Attribute):
            yield from _containers(node.func.value)
        else:
            for argument in node.args:
                yield from _containers(argument.value)
    elif isinstance(node, cst.BinaryOperation):
        yield from _containers(node.left)
        yield from _containers(node.right)


def _own(node: cst.CSTNode) -> Iterator[cst.CSTNode]:
    return syntax.walk(node, scopes=False)


def _waits(node: cst.CSTNode) -> bool:
    """Does it await, or call something that waits?"""
    for each in _own(node):
        if isinstance(each, cst.Await):
            return True
        if isinstance(each, cst.Call):
            name, _ = syntax.callee(each)
            keywords = frozenset(argument.keyword.value for argument in each.args if argument.keyword is not None)
            if operations.waits(name, len(each.args) - len(keywords), keywords):
                return True
    return False


def _breaks(body: cst.CSTNode) -> bool:
    """Is there a `break` or `return` out of this loop (not of an inner one)?"""
    for child in body.children:
        if isinstance(child, cst.Break | cst.Return):
            return True
        if isinstance(child, cst.For | cst.While):
            if any(isinstance(each, cst.Return) for each in _own(child)):
                return True
        elif not isinstance(child, syntax.SCOPES) and _breaks(child):
            return True
    return False


def _drains_queue(node: cst.CSTNode) -> bool:
    """`for job in iter(queue.get, None)`"""
    return isinstance(node, cst.Call) and any(
        syntax.path(argument.value).endswith((".get", ".recv")) for argument in node.args
    )


def _watches_clock(test: cst.CSTNode) -> bool:
    return any(
        isinstance(each, cst.Call) and syntax.callee(each)[0] in ("time", "monotonic", "perf_counter", "is_set")
        for each in syntax.walk(test)
    )

