"""A function of one row, written as expressions over whole columns of float64.

Only what gives bit for bit the same in an array as in a scalar is taken: + - * /, comparisons, and/or/not of them,
conditions, abs, min, max, square roots. Powers, exp and log are not (numpy computes them otherwise in arrays), and
neither is a result whose type depends on the data: the column that pandas makes of it would have another dtype.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from enum import Enum
from typing import NamedTuple

import libcst as cst

from perftools.rewrite.frames.branches import chain, returns
from perftools.rewrite.frames.operands import BINDING, binary, compared, inside
from perftools.rewrite.frames.rows import Unclear, bound_in
from perftools.rewrite.place import Place
from perftools.source.syntax import is_text, path

_EXACT_INTEGERS = 2**53
_COMPARISONS = (cst.LessThan, cst.LessThanEqual, cst.GreaterThan, cst.GreaterThanEqual, cst.Equal, cst.NotEqual)
_ROOTS = frozenset({"math.sqrt", "numpy.sqrt"})


class Kind(Enum):
    """What an expression of one row becomes."""

    FLOATS = "an array of floats"
    MIXED = "an array of floats, some of which are ints in the row"
    MASK = "an array of bools"
    FLOAT = "a float, the same for all rows"
    INT = "an int written in the code"
    BOOL = "True or False"
    TEXT = "a string written in the code"
    INTS = "an array of ints written in the code"
    TEXTS = "an array of strings written in the code"


class Columnwise(NamedTuple):
    """The function's results for all rows."""

    body: str
    values: str
    """The name that the body binds to an array of the results, or to a list of strings."""
    invariants: tuple[str, ...]
    """Names and attributes that must be floats."""


class _Value(NamedTuple):
    text: str
    kind: Kind
    risky: bool = False
    """May be undefined (a division, a root): not to be computed for rows that do not need it."""


def columnwise(
    place: Place,
    function: cst.Lambda | cst.FunctionDef,
    columns: Mapping[cst.CSTNode, str],
    count: str,
    fresh: Callable[[str], str],
) -> Columnwise:
    """`columns`: the local array that stands for each reading of an element; `count`: how many rows there are.

    `fresh` makes names that are free where the body will stand.

    Raises Unclear.
    """
    return _Writer(place, function, columns, count, fresh).written()


class _Writer:
    def __init__(
        self,
        place: Place,
        function: cst.Lambda | cst.FunctionDef,
        columns: Mapping[cst.CSTNode, str],
        count: str,
        fresh: Callable[[str], str],
    ) -> None:
        self._place = place
        self._fresh = fresh
        self._function = function
        self._columns = columns
        self._count = count
        self._locals: dict[str, _Value] = {}
        self._invariants: dict[str, None] = {}
        self._lines: list[str] = []
        self._values = fresh("values")
        self._rows = ""
        """The subscript that keeps only the rows of a branch: "[chosen]"."""

    def written(self) -> Columnwise:
        branches, last = self._branches()
        conditions = [self._of_kind(condition, Kind.MASK) for condition, _ in branches]
        values = [self._value(value) for _, value in branches]
        default = self._value(last)
        if any(each.risky for each in (*values, default)) and branches:
            self._by_mask(conditions, [value for _, value in branches], last)
        else:
            whole = default
            for condition, value in zip(reversed(conditions), reversed(values), strict=True):
                whole = self._where(condition, value, whole, last)
            self._bind(whole, last)
        return Columnwise("\n".join(self._lines), self._values, tuple(self._invariants))

    def _branches(self) -> tuple[list[tuple[cst.BaseExpression, cst.BaseExpression]], cst.BaseExpression]:
        """The conditions in their order, each with its value, and the value where none holds."""
        if isinstance(self._function, cst.Lambda):
            return chain(self._function.body)
        body = self._function.body
        statements = list(body.body) if isinstance(body, cst.IndentedBlock) else []
        branches: list[tuple[cst.BaseExpression, cst.BaseExpression]] = []
        for number, statement in enumerate(statements):
            small = statement.body if isinstance(statement, cst.SimpleStatementLine) else ()
            if isinstance(statement, cst.If):
                found, last = returns(statement)
                branches += found
                if last is not None:
                    return [*branches, *last[0]], last[1]
            elif len(small) == 1 and isinstance(small[0], cst.Return) and small[0].value is not None:
                found, value = chain(small[0].value)
                return [*branches, *found], value
            elif len(small) == 1 and isinstance(small[0], cst.Assign | cst.AnnAssign):
                self._assign(small[0])
            elif number == 0 and len(small) == 1 and isinstance(small[0], cst.Expr) and is_text(small[0].value):
                continue  # the docstring
            else:
                raise Unclear(statement, "statement", "the row's function is more than assignments, if and return")
        raise Unclear(self._function, "statement", "some rows return nothing")

    def _assign(self, statement: cst.Assign | cst.AnnAssign) -> None:
        places = (
            [each.target for each in statement.targets] if isinstance(statement, cst.Assign) else [statement.target]
        )
        named = [each.value for each in places if isinstance(each, cst.Name)]
        if len(named) != 1 or len(places) != 1 or statement.value is None or named[0] in self._locals:
            raise Unclear(statement, "statement", "the row's function binds a name more than once")
        value = self._value(statement.value)
        if value.kind in (Kind.FLOATS, Kind.MASK, Kind.MIXED):
            name = self._fresh(named[0])
            self._lines.append(f"{name} = {value.text}")
            value = _Value(name, value.kind)
        self._locals[named[0]] = value

    def _by_mask(self, conditions: list[_Value], values: list[cst.BaseExpression], last: cst.BaseExpression) -> None:
        """Each branch computed for its own rows alone, so that no other row is divided by zero."""
        chosen, rest = self._fresh("chosen"), self._fresh("rest")
        self._lines.append(f"{self._values} = np.empty({self._count})")
        for number, (condition, value) in enumerate(zip(conditions, values, strict=True)):
            test = condition.text if number == 0 else f"{rest} & {inside(condition.text)}"
            self._lines.append(f"{chosen} = {test}")
            self._fill(value, chosen)
            self._lines.append(f"{rest} = ~{chosen}" if number == 0 else f"{rest} &= ~{chosen}")
        self._fill(last, rest)

    def _fill(self, node: cst.BaseExpression, mask: str) -> None:
        self._rows = f"[{mask}]"
        value = self._value(node)
        self._rows = ""
        if value.kind not in (Kind.FLOATS, Kind.FLOAT):
            raise Unclear(node, "mixed-types", "some rows give floats, others something else")
        self._lines.append(f"{self._values}[{mask}] = {value.text}")

    def _bind(self, value: _Value, node: cst.CSTNode) -> None:
        if value.kind in (Kind.FLOATS, Kind.MASK, Kind.INTS):
            self._lines.append(f"{self._values} = {value.text}")
        elif value.kind is Kind.TEXTS:
            self._lines.append(f"{self._values} = {value.text}.tolist()")
        elif value.kind is Kind.MIXED:
            raise Unclear(node, "mixed-types", "some rows give floats, others ints: the column's dtype would differ")
        else:
            raise Unclear(node, "constant", "the result does not depend on the row")

    def _of_kind(self, node: cst.BaseExpression, kind: Kind) -> _Value:
        value = self._value(node)
        if value.kind is not kind:
            raise Unclear(node, "condition", f"`{self._place.code(node)}` is not a comparison of columns")
        return value

    def _value(self, node: cst.BaseExpression) -> _Value:
        if node in self._columns:
            return _Value(self._columns[node] + self._rows, Kind.FLOATS)
        match node:
            case cst.Integer() if abs(int(node.value, 0)) < _EXACT_INTEGERS:
                return _Value(node.value, Kind.INT)
            case cst.Float():
                return _Value(node.value, Kind.FLOAT)
            case cst.SimpleString() if isinstance(node.evaluated_value, str):
                return _Value(node.value, Kind.TEXT)
            case cst.Name(value="True" | "False"):
                return _Value(node.value, Kind.BOOL)
            case cst.Name() | cst.Attribute():
                return self._named(node)
            case cst.UnaryOperation():
                return self._unary(node)
            case cst.BinaryOperation() if isinstance(node.operator, tuple(BINDING)):
                return self._arithmetic(node)
            case cst.Comparison():
                return self._comparison(node)
            case cst.BooleanOperation():
                left, right = (self._of_kind(each, Kind.MASK) for each in (node.left, node.right))
                sign = "&" if isinstance(node.operator, cst.And) else "|"
                text = f"{inside(left.text)} {sign} {inside(right.text)}"
                return _Value(text, Kind.MASK, left.risky or right.risky)
            case cst.IfExp():
                condition = self._of_kind(node.test, Kind.MASK)
                return self._where(condition, self._value(node.body), self._value(node.orelse), node)
            case cst.Call():
                return self._call(node)
        raise Unclear(node, "expression", f"`{self._place.code(node)}` is no arithmetic of columns that stays exact")

    def _named(self, node: cst.Name | cst.Attribute) -> _Value:
        name = path(node)
        if name in self._locals:
            value = self._locals[name]
            rows = self._rows if value.kind in (Kind.FLOATS, Kind.MASK, Kind.MIXED) else ""
            return value._replace(text=value.text + rows)
        root = name.partition(".")[0]
        if not name or root in bound_in(self._function) or self._place.qualified(node).startswith("builtins."):
            raise Unclear(node, "expression", f"`{self._place.code(node)}` is no column and no number")
        constant = _constant(self._place, name)
        if constant is not None:
            whole = isinstance(constant, cst.Integer)
            if not whole or abs(int(constant.value, 0)) < _EXACT_INTEGERS:
                return _Value(name, Kind.INT if whole else Kind.FLOAT)
        self._invariants.setdefault(name)
        return _Value(name, Kind.FLOAT)

    def _unary(self, node: cst.UnaryOperation) -> _Value:
        value = self._value(node.expression)
        match node.operator:
            case cst.Not() if value.kind is Kind.MASK:
                return _Value(f"~{inside(value.text)}", Kind.MASK, value.risky)
            case cst.Minus() | cst.Plus() if value.kind in (Kind.FLOATS, Kind.FLOAT, Kind.INT):
                sign = "-" if isinstance(node.operator, cst.Minus) else "+"
                return value._replace(text=f"{sign}{inside(value.text)}")
        raise Unclear(node, "expression", f"`{self._place.code(node)}` is no arithmetic of columns that stays exact")

    def _arithmetic(self, node: cst.BinaryOperation) -> _Value:
        left, right = self._value(node.left), self._value(node.right)
        divides = isinstance(node.operator, cst.Divide)
        kinds = {left.kind, right.kind}
        numbers = {Kind.FLOATS, Kind.FLOAT, Kind.INT}
        if kinds <= numbers:
            plain = Kind.FLOAT if divides or Kind.FLOAT in kinds else Kind.INT
            kind = Kind.FLOATS if Kind.FLOATS in kinds else plain
        elif kinds <= {Kind.FLOATS, Kind.MIXED, Kind.FLOAT} and kinds != {Kind.MIXED}:
            kind = Kind.FLOATS
        else:
            raise Unclear(node, "mixed-types", f"`{self._place.code(node)}` is not a sum or product of floats")
        sign = self._place.code(node.operator).strip()
        text = binary(left.text, sign, right.text, BINDING[type(node.operator)])
        return _Value(text, kind, divides or left.risky or right.risky)

    def _comparison(self, node: cst.Comparison) -> _Value:
        values = [self._value(node.left)]
        texts, risky = [], values[0].risky
        for each in node.comparisons:
            values.append(self._value(each.comparator))
            left, right = values[-2:]
            kinds = {left.kind, right.kind}
            if not isinstance(each.operator, _COMPARISONS) or not kinds & {Kind.FLOATS, Kind.MIXED}:
                raise Unclear(node, "condition", f"`{self._place.code(node)}` is not a comparison of columns")
            if not kinds <= {Kind.FLOATS, Kind.MIXED, Kind.FLOAT, Kind.INT}:
                raise Unclear(node, "condition", f"`{self._place.code(node)}` compares something else than numbers")
            sign = self._place.code(each.operator).strip()
            texts.append(f"{compared(left.text)} {sign} {compared(right.text)}")
            risky = risky or right.risky
        text = texts[0] if len(texts) == 1 else " & ".join(f"({each})" for each in texts)
        return _Value(text, Kind.MASK, risky)

    def _call(self, node: cst.Call) -> _Value:
        name = self._place.qualified(node.func)
        if any(each.keyword is not None or each.star for each in node.args):
            name = ""
        values = [self._value(each.value) for each in node.args] if _is_known(name) else []
        kinds = {each.kind for each in values}
        risky = any(each.risky for each in values)
        texts = [each.text for each in values]
        if kinds == {Kind.FLOATS} and len(values) == 1:
            if name == "builtins.float":
                return values[0]
            if name in ("builtins.abs", "numpy.abs"):
                return _Value(f"np.abs({texts[0]})", Kind.FLOATS, risky)
            if name in _ROOTS:
                return _Value(f"np.sqrt({texts[0]})", Kind.FLOATS, True)
        numbers = Kind.FLOATS in kinds and kinds <= {Kind.FLOATS, Kind.FLOAT, Kind.INT}
        if name in ("builtins.min", "builtins.max") and len(values) == 2 and numbers:
            sign = "<" if name == "builtins.min" else ">"
            first, second = texts
            kind = Kind.MIXED if Kind.INT in kinds else Kind.FLOATS
            text = f"np.where({compared(second)} {sign} {compared(first)}, {second}, {first})"
            return _Value(text, kind, risky)
        raise Unclear(node, "call", f"what `{self._place.code(node.func)}` gives for a whole column is not known")

    def _where(self, condition: _Value, then: _Value, otherwise: _Value, node: cst.CSTNode) -> _Value:
        kinds = {then.kind, otherwise.kind}
        for allowed, kind in (
            ({Kind.FLOATS, Kind.FLOAT}, Kind.FLOATS),
            ({Kind.INT, Kind.INTS}, Kind.INTS),
            ({Kind.BOOL, Kind.MASK}, Kind.MASK),
            ({Kind.TEXT, Kind.TEXTS}, Kind.TEXTS),
            ({Kind.FLOATS, Kind.FLOAT, Kind.MIXED, Kind.INT}, Kind.MIXED),
        ):
            if kinds <= allowed:
                text = f"np.where({condition.text}, {then.text}, {otherwise.text})"
                return _Value(text, kind, condition.risky or then.risky or otherwise.risky)
        raise Unclear(node, "mixed-types", "rows give values of different types: the column's dtype would differ")


def _is_known(name: str) -> bool:
    known = ("builtins.float", "builtins.abs", "builtins.min", "builtins.max", "numpy.abs")
    return name in known or name in _ROOTS


def _constant(place: Place, name: str) -> cst.Integer | cst.Float | None:
    """The number that a module-level name is bound to, once and for all; None for any other name."""
    if place.is_local(name) or not place.assigned_once(name):
        return None
    for statement in place.module.tree.body:
        for each in statement.body if isinstance(statement, cst.SimpleStatementLine) else ():
            if isinstance(each, cst.Assign) and any(
                isinstance(one.target, cst.Name) and one.target.value == name for one in each.targets
            ):
                return each.value if isinstance(each.value, cst.Integer | cst.Float) else None
    return None
