"""The body of a loop, run once for all ids."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator, Sequence

from perftools.rewrite import loops
from perftools.rewrite.recipe import Decision, Refusal

from .reading import Loop, Source, Unfit


class Columns:
    """The body of the loop, run once, with an array in the place of what was a number for each id."""

    def __init__(self, source: Source, function: ast.FunctionDef, loop: Loop, matrices: dict[str, str]) -> None:
        self._source, self._loop, self._matrices = source, loop, matrices
        self._taken = {each.id for each in ast.walk(function) if isinstance(each, ast.Name)}
        self._taken |= {each.arg for each in ast.walk(function) if isinstance(each, ast.arg)}
        self._columns: set[str] = set()
        self._lines: list[str] = []
        self._asked: dict[str, None] = {}
        self.rows = self._name("rows")
        self.best = source.place.fresh("_best")

    def step(self, name: str, value: ast.expr) -> list[str]:
        text, column = self._text(value)
        if not column:
            raise Unfit("statement", f"`{name}` is the same for each id: move it out of the loop")
        self._columns.add(name)
        return [*self._taken_lines(), f"{name} = {text}"]

    def result(self) -> list[str]:
        loop = self._loop
        text, column = self._text(loop.score)
        if not column:
            raise Unfit("not-faster", "the score does not depend on the row")
        lines = self._taken_lines()
        target = "return " if loop.out == "return" else f"{loop.out} = "
        if loop.with_id and loop.ids in self._matrices:
            raise Unfit("row-as-value", "a whole row is put into the result")
        if not loop.with_id:
            simple = isinstance(loop.score, ast.Name | ast.Call)
            return [*lines, f"{target}{text if simple and '@' not in text else f'({text})'}.tolist()"]
        values = text
        if not text.isidentifier():
            values = self._name("values")
            lines.append(f"{values} = {text}")
        if not loop.cut:
            return [*lines, f"{target}list(zip({loop.ids}, {values}.tolist()))"]
        best = self._name("best")
        lines.append(f"{best} = {self.best}({values}, {self.rows}, {loop.cut})")
        return [*lines, f"{loop.out} = list(zip({self.rows}[{best}].tolist(), {values}[{best}].tolist()))"]

    def decisions(self) -> Iterator[Decision]:
        for name in self._asked:
            yield Decision(
                f"columns-{name.rpartition('.')[2]}",
                f"Does {name} do nothing but arithmetic with the numbers it is given (no if, max or math.exp)?",
                "yes: it is called once, with a column for all ids in the place of each number",
            )

    def _text(self, value: ast.expr) -> tuple[str, bool]:
        """The expression for all ids at once, and whether it is an array. Raises Unfit."""
        match value:
            case ast.Constant(value=int() | float()):
                return ast.unparse(value), False
            case ast.Name(name) if name not in (self._loop.id, self._loop.out):
                return name, name in self._columns
            case ast.Attribute():
                return ast.unparse(value), False
            case ast.UnaryOp(ast.USub(), operand):
                text, column = self._text(operand)
                return f"-{text if text.isidentifier() else f'({text})'}", column
            case ast.BinOp(left, ast.Add() | ast.Sub() | ast.Mult() | ast.Div() as operator, right):
                sign = {ast.Add: "+", ast.Sub: "-", ast.Mult: "*", ast.Div: "/"}[type(operator)]
                (a, first), (b, second) = self._text(left), self._text(right)
                return f"{self._operand(a)} {sign} {self._operand(b)}", first or second
            case ast.Call(function, arguments, []):
                return self._call(function, arguments)
        if self._store(value):
            raise Unfit("row-as-value", "a whole row is used as a value")
        raise Unfit("expression", f"an expression that cannot be taken for all ids at once: `{ast.unparse(value)}`")

    def _operand(self, text: str) -> str:
        return text if re.fullmatch(r"[\w.]+(\([^()]*\))?", text) else f"({text})"

    def _call(self, function: ast.expr, arguments: Sequence[ast.expr]) -> tuple[str, bool]:
        stores = [self._store(each) for each in arguments]
        if not isinstance(function, ast.Name | ast.Attribute):
            raise Unfit("unknown-call", f"`{ast.unparse(function)}` is not known to be free of effects")
        if len(arguments) == 2 and sum(map(bool, stores)) == 1 and isinstance(function, ast.Name):
            at = 0 if stores[0] else 1
            query, column = self._text(arguments[1 - at])
            product = None if column else self._product(function.id, at, stores[at], query)
            if product is not None:
                return product, True
        texts, column = [], False
        for argument, store in zip(arguments, stores, strict=True):
            text, varies = (f"{self._gathered(store)}.T", True) if store else self._text(argument)
            texts.append(text)
            column = column or varies
        name = ast.unparse(function)
        if not column:
            raise Unfit("unknown-call", f"`{name}` is called with the same arguments for each id")
        self._asked[name] = None
        return f"{name}({', '.join(texts)})", True

    def _store(self, value: ast.expr) -> str:
        match value:
            case ast.Subscript(base, ast.Name(name)) if name == self._loop.id:
                return self._matrices.get(ast.unparse(base), "")
            case ast.Name(name) if name == self._loop.id:
                return self._matrices.get(self._loop.ids, "")
        return ""

    def _product(self, helper: str, at: int, matrix: str, query: str) -> str | None:
        """What a function of a query and a row is for all rows at once; None where that is not understood."""
        if self._source.helper(helper) is None or helper in self._taken - {helper}:
            return None
        rows, vector = self._name("found_rows"), self._name("query")
        order = (f"{rows}_row", vector) if at == 0 else (vector, f"{rows}_row")
        probe = self._name("_probe")
        text = (
            f"\n\ndef {probe}({rows}, {vector}):\n    return [{helper}({', '.join(order)}) for {rows}_row in {rows}]\n"
        )
        module = type(self._source.place.module)(self._source.place.module.text + text)
        definition = next(each for each in module.definitions if each.name == probe)
        (found,) = type(self._source.place)(module, definition).loops()
        if not isinstance(found, loops.Understood) or found.result is None or not loops.shapes.is_scores(found.result):
            return None
        emission = loops.emit(found, {rows: "matrix", vector: "vector"})
        if isinstance(emission, Refusal) or "raise" in emission.body:
            return None
        *before, last = emission.body.replace(vector, f"np.array({query})").split("\n")
        result = re.fullmatch(r"(?:return|result =) (?:list\((.*)\)|(.*)\.tolist\(\))", last)
        if result is None:
            return None
        whole = "\n".join([*before, result[1] or result[2]])
        if len(re.findall(rf"\b{rows}\b", whole)) > 1 and self._gathered(matrix) != matrix:
            self._lines.append(f"{rows} = {self._gathered(matrix)}")
        else:
            whole = re.sub(rf"\b{rows}\b", self._gathered(matrix), whole)
        *steps, value = whole.split("\n")
        self._lines += steps
        return value

    def _gathered(self, matrix: str) -> str:
        if self._loop.ids in self._matrices:
            return matrix
        return f"{matrix}.take({self.rows}, axis=0)"

    def _taken_lines(self) -> list[str]:
        lines, self._lines = self._lines, []
        return lines

    def _name(self, stem: str) -> str:
        found, number = stem, 1
        while found in self._taken:
            number += 1
            found = f"{stem}_{number}"
        self._taken.add(found)
        return found
