"""A function of one row, for all rows at once: vectors become matrices with a row for each, numbers become columns."""

from __future__ import annotations

import ast
from collections.abc import Sequence
from enum import Enum
from typing import NamedTuple

_ELEMENTWISE = frozenset("numpy.maximum numpy.minimum numpy.exp numpy.log numpy.sqrt numpy.tanh numpy.abs".split())
_NUMBERS = {"math.exp": "np.exp", "math.log": "np.log", "math.sqrt": "np.sqrt", "math.tanh": "np.tanh"}
_BINDS = {ast.Add: 1, ast.Sub: 1, ast.Mult: 2, ast.Div: 2, ast.MatMult: 2}
_SIGNS = {ast.Add: "+", ast.Sub: "-", ast.Mult: "*", ast.Div: "/", ast.MatMult: "@"}


class Unfit(Exception):
    """What cannot be said for all rows at once."""

    def __init__(self, node: ast.AST, code: str, reason: str) -> None:
        super().__init__(reason)
        self.node = node
        self.code = code
        self.reason = reason


class Kind(Enum):
    """What an expression of one row is for all rows."""

    SAME = "the same for all"
    NUMBER = "a number a row"
    VECTOR = "a vector a row"


class _Said(NamedTuple):
    text: str
    kind: Kind
    binds: int = 3
    """How tightly: 1 for + and -, 2 for products, 3 for what needs no parentheses."""


class Batched:
    """Translates the function that makes one number of one row."""

    def __init__(self, text: str, names: dict[str, str], row: str, store: str, result: str) -> None:
        """`names`: what dotted names stand for ("np.dot": "numpy.dot"); `store`: "self.members"."""
        self._text = text
        self._names = names
        self._row = row
        self._stem = f"self._{store.removeprefix('self.').strip('_')}"
        self._result = result
        self._kinds: dict[str, Kind] = {}
        self.columns: dict[str, str] = {}
        """Attributes that hold a column of the store, by its key."""
        self.matrices: dict[str, str] = {}
        """Attributes that hold several columns side by side, by the expression that names them."""

    def block(self, statements: Sequence[ast.stmt]) -> tuple[list[str], bool]:
        """The statements for all rows, and whether they end with the result. Raises Unfit."""
        lines: list[str] = []
        for number, statement in enumerate(statements):
            match statement:
                case ast.Expr(ast.Constant(str())):
                    continue
                case ast.Return(value) if value is not None:
                    said = self.say(value)
                    if said.kind is Kind.SAME:
                        raise Unfit(statement, "constant", "the result does not depend on the row")
                    return [*lines, f"{self._result} = {said.text}"], True
                case ast.Assign([ast.Name(name)], value):
                    said = self.say(value)
                    self._kinds[name] = said.kind
                    lines.append(f"{name} = {said.text}")
                case ast.If(test, body, orelse):
                    self._same(test)
                    inside, returned = self.block(body)
                    others, ended = self.block(orelse or statements[number + 1 :]) if returned else ([], False)
                    if not (returned and ended):
                        raise Unfit(statement, "statement", "a branch does not return a number")
                    head = [*lines, f"if {self._code(test)}:", *_deeper(inside)]
                    if orelse and len(others) and others[0].startswith("if ") and isinstance(orelse[0], ast.If):
                        return [*head, f"el{others[0]}", *others[1:]], True
                    return [*head, "else:", *_deeper(others)], True
                case ast.For(target, over, body, []):
                    self._same(over)
                    kinds = dict(self._kinds)
                    inside, returned = self.block(body)
                    if returned or any(self._kinds[name] is not kind for name, kind in kinds.items()):
                        raise Unfit(statement, "statement", "a loop returns, or makes a number of a vector")
                    lines += [f"for {self._code(target)} in {self._code(over)}:", *_deeper(inside)]
                case _:
                    raise Unfit(statement, "statement", "the row's function does more than compute")
        return lines, False

    def say(self, node: ast.expr) -> _Said:  # noqa: C901, PLR0912 (one branch for each kind of expression)
        """An expression of one row, for all rows. Raises Unfit."""
        if not self._depends(node):
            binds = _BINDS.get(type(node.op), 0) if isinstance(node, ast.BinOp) else 3
            plain = isinstance(node, ast.Constant | ast.Name | ast.Attribute | ast.Call | ast.Subscript | ast.BinOp)
            return _Said(self._code(node), Kind.SAME, binds if plain else 0)
        match node:
            case ast.Name(name) if name in self._kinds:
                return _Said(name, self._kinds[name])
            case ast.Subscript() if (key := self._key(node)) is not None:
                return _Said(f"{self._column(key)}[rows]", Kind.NUMBER)
            case ast.Subscript(value, ast.Constant(0)):
                said = self.say(value)
                if said.kind is Kind.VECTOR:
                    return _Said(f"{_operand(said, 3)}[:, 0]", Kind.NUMBER)
            case ast.UnaryOp(ast.USub(), operand):
                said = self.say(operand)
                return _Said(f"-{_operand(said, 3)}", said.kind, 2)
            case ast.BinOp(left, ast.MatMult(), right):
                return self._product(left, right)
            case ast.BinOp(left, op, right) if type(op) in _BINDS:
                return self._arithmetic(self.say(left), op, self.say(right), node)
            case ast.Call(func, args, []):
                name = self._names.get(ast.unparse(func), "")
                if name == "numpy.dot" and len(args) == 2:
                    return self._product(*args)
                if name == "builtins.float" and len(args) == 1:
                    said = self.say(args[0])
                    return said._replace(kind=Kind.NUMBER)
                if name == "builtins.sum" and len(args) == 1 and isinstance(args[0], ast.GeneratorExp | ast.ListComp):
                    return self._sum(args[0])
                if name in ("numpy.array", "numpy.asarray") and len(args) == 1:
                    return self._vector(args[0])
                if name in _ELEMENTWISE:
                    saids = [self.say(each) for each in args]
                    kinds = {each.kind for each in saids} - {Kind.SAME}
                    if len(kinds) == 1:
                        return _Said(f"{ast.unparse(func)}({', '.join(each.text for each in saids)})", kinds.pop())
                if name in _NUMBERS and len(args) == 1:
                    return _Said(f"{_NUMBERS[name]}({self.say(args[0]).text})", Kind.NUMBER)
        raise Unfit(node, "expression", f"`{self._code(node)}` is not known for all rows at once")

    def _arithmetic(self, left: _Said, op: ast.operator, right: _Said, node: ast.expr) -> _Said:
        kinds = {left.kind, right.kind} - {Kind.SAME}
        if len(kinds) != 1:
            raise Unfit(node, "expression", f"`{self._code(node)}` adds a number to a vector")
        binds = _BINDS[type(op)]
        text = f"{_operand(left, binds)} {_SIGNS[type(op)]} {_operand(right, binds + 1)}"
        return _Said(text, kinds.pop(), binds)

    def _product(self, left: ast.expr, right: ast.expr) -> _Said:
        """A vector of the row with one that is the same for all; or with a matrix."""
        for one, other in ((left, right), (right, left)):
            key = self._key(one)
            if key is not None and not self._depends(other):
                return _Said(f"{self._rows_of(self._column(key))} @ {_operand(self.say(other), 3)}", Kind.NUMBER, 2)
        vector, same = self.say(left), self.say(right)
        if vector.kind is not Kind.VECTOR or same.kind is not Kind.SAME:
            raise Unfit(left, "expression", f"`{self._code(left)}` is not known to be a vector")
        return _Said(f"{_operand(vector, 2)} @ {_operand(same, 3)}", Kind.VECTOR, 2)

    def _sum(self, node: ast.GeneratorExp | ast.ListComp) -> _Said:
        """`sum(row[name] * weight for name, weight in zip(names, weights))`, `sum(row[name] for name in names)`."""
        (loop, *others) = node.generators
        if others or loop.ifs:
            raise Unfit(node, "expression", "a sum over a part of the elements")
        match node.elt, loop.target, loop.iter:
            case ast.Subscript(), ast.Name(name), over if self._element(node.elt) == name:
                return _Said(f"{self._rows_of(self._matrix(over))}.sum(axis=1)", Kind.NUMBER)
            case (
                ast.BinOp(left, ast.Mult(), right),
                ast.Tuple([ast.Name(first), ast.Name(second)]),
                ast.Call(ast.Name("zip"), [one, other], _),
            ):
                for a, b in ((left, right), (right, left)):
                    for (x, over), (y, weights) in (((first, one), (second, other)), ((second, other), (first, one))):
                        if self._element(a) == x and isinstance(b, ast.Name) and b.id == y:
                            self._same(weights)
                            matrix = self._rows_of(self._matrix(over))
                            return _Said(f"{matrix} @ np.array({self._code(weights)})", Kind.NUMBER, 2)
        raise Unfit(node, "expression", f"`{self._code(node)}` is not known for all rows at once")

    def _vector(self, node: ast.expr) -> _Said:
        """`np.array([number, *(row[name] for name in names)])`: columns side by side."""
        if isinstance(node, ast.ListComp):
            return _Said(self._rows_of(self._matrix(self._all_of(node))), Kind.VECTOR)
        if not isinstance(node, ast.List) or not node.elts:
            raise Unfit(node, "expression", "what the array is made of is not written here")
        parts = []
        for each in node.elts:
            if isinstance(each, ast.Starred) and isinstance(each.value, ast.GeneratorExp | ast.ListComp):
                parts.append(self._rows_of(self._matrix(self._all_of(each.value))))
                continue
            said = self.say(each)
            if said.kind is Kind.VECTOR:
                raise Unfit(each, "expression", "a vector inside a vector")
            parts.append(said.text if said.kind is Kind.NUMBER else f"np.full(len(rows), {said.text})")
        return _Said(f"np.column_stack([{', '.join(parts)}])", Kind.VECTOR)

    def _all_of(self, node: ast.GeneratorExp | ast.ListComp) -> ast.expr:
        """The names of `row[name] for name in names`."""
        (loop, *others) = node.generators
        if others or loop.ifs or not isinstance(loop.target, ast.Name) or self._element(node.elt) != loop.target.id:
            raise Unfit(node, "expression", f"`{self._code(node)}` is not known for all rows at once")
        return loop.iter

    def _key(self, node: ast.expr) -> str | None:
        """The key of `row["key"]`."""
        match node:
            case ast.Subscript(ast.Name(name), ast.Constant(str() as key)) if name == self._row:
                return key
        return None

    def _element(self, node: ast.expr) -> str | None:
        """The name of `row[name]`."""
        match node:
            case ast.Subscript(ast.Name(row), ast.Name(name)) if row == self._row:
                return name
        return None

    def _column(self, key: str) -> str:
        return self.columns.setdefault(key, f"{self._stem}_{_identifier(key)}")

    def _matrix(self, over: ast.expr) -> str:
        self._same(over)
        text = self._code(over)
        return self.matrices.setdefault(text, f"{self._stem}_{_identifier(text.rpartition('.')[2])}")

    def _rows_of(self, matrix: str) -> str:
        return f"{matrix}.take(rows, axis=0)"

    def _same(self, node: ast.expr) -> None:
        if self._depends(node):
            raise Unfit(node, "expression", f"`{self._code(node)}` depends on the row")

    def _depends(self, node: ast.AST) -> bool:
        names = {each.id for each in ast.walk(node) if isinstance(each, ast.Name)}
        return bool(names & {self._row, *(name for name, kind in self._kinds.items() if kind is not Kind.SAME)})

    def _code(self, node: ast.AST) -> str:
        return ast.get_source_segment(self._text, node) or ast.unparse(node)


def _operand(said: _Said, least: int) -> str:
    return said.text if said.binds >= least else f"({said.text})"


def _deeper(lines: Sequence[str]) -> list[str]:
    return [f"    {line}" for line in lines]


def _identifier(text: str) -> str:
    found = "".join(each if each.isalnum() and each.isascii() else "_" for each in text).strip("_")
    return found or "column"
