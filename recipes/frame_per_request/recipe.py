"""A DataFrame of stored dicts, built and scored row by row in each request: the store's columns, made once."""

from __future__ import annotations

import ast
from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING

from perftools.rewrite import frames
from perftools.rewrite.recipe import Decision, Example, Recipe, Refusal, Rewrite

from .batched import Batched, Unfit
from .reading import Found, columns_after, found_in, function_of, made_of, selection_of

if TYPE_CHECKING:
    import libcst as cst

    from perftools.rewrite.place import Place

_FIRST = '''\
def {name}(keys, k):
    """Places of the first k in the order of several keys, equal ones as they stand."""
    few = np.arange(len(keys[0]))
    if 0 < k < len(few):
        few = np.flatnonzero(~(keys[0] > np.partition(keys[0], k - 1)[k - 1]))
    return few[np.lexsort([key[few] for key in reversed(keys)])][:k]
'''


def match(place: Place) -> Iterator[Rewrite | Refusal]:
    """`frame = pd.DataFrame([self.rows[id] for id in ids])`, then `frame["score"] = frame.apply(function, axis=1)`.

    Seen from the module level: columns are made in the constructor, and used in another method.
    """
    if place.function is not None or ".apply(" not in place.module.text:
        return
    ends = {place.module.span(each).end.line: each for each in place.module.tree.body}
    meant = set(place.statements())
    for top in ast.parse(place.module.text).body:
        node = ends.get(top.end_lineno or 0)
        if not isinstance(top, ast.ClassDef) or node is None or node not in meant:
            continue
        for method in top.body:
            if isinstance(method, ast.FunctionDef):
                for first, second in zip(method.body, method.body[1:], strict=False):
                    found = found_in(place, first, second)
                    if found is not None:
                        try:
                            yield _rewrite(place, node, top, method, found)
                        except Unfit as problem:
                            line = getattr(problem.node, "lineno", first.lineno)
                            yield Refusal(node, problem.code, f"line {line}: {problem.reason}")


def _rewrite(place: Place, node: cst.CSTNode, top: ast.ClassDef, method: ast.FunctionDef, found: Found) -> Rewrite:
    made = made_of(top, method, found.store)
    function, defined = function_of(method, found.function)
    text = place.module.text
    out = _free("score" if found.column.isidentifier() is False else found.column, method)
    batched = Batched(text, frames.qualified_names(place), function.args.args[0].arg, found.store, out)
    body = [ast.Return(function.body)] if isinstance(function, ast.Lambda) else function.body
    for each in body if isinstance(function, ast.Lambda) else ():
        ast.copy_location(each, function.body)  # type: ignore[arg-type]
    if _bound(function) & _bound(method, without=function):
        raise Unfit(function, "name-taken", "the row's function binds a name that the method uses too")
    lines, ended = batched.block(body)
    if not ended:
        raise Unfit(function, "statement", "some rows return nothing")
    best = selection_of(method, found)
    used = best.columns if best is not None else columns_after(method, found)
    said = {found.column: out}
    for key in used:
        if key != found.column:
            batched.say(ast.Subscript(ast.Name(function.args.args[0].arg), ast.Constant(key)))
            said[key] = f"{batched.columns[key]}[rows]"
    rows = ast.get_source_segment(text, found.ids) or ast.unparse(found.ids)
    lines = [f"rows = np.array({rows}, dtype=np.intp)", *lines]
    if {"rows", "order"} & _mentioned(method):
        raise Unfit(found.made, "name-taken", "`rows` or `order` means something else in the method")
    edits = {}
    helper = place.fresh("_first") if best is not None else ""
    if best is None:
        columns = ", ".join(f'"{key}": {said[key]}' for key in used)
        lines.append(f"{found.frame} = pd.DataFrame({{{columns}}})")
    else:
        keys = ", ".join(f"-{said[key]}" if key in best.descending else said[key] for key in best.keys)
        k = ast.get_source_segment(text, best.k) or ast.unparse(best.k)
        ordered = (f'"{key}": {_at(said[key], "order")}' for key in best.read)
        taken = [f"order = {helper}([{keys}], {k})", f"{best.name} = {{{', '.join(ordered)}}}"]
        edits[best.statement.lineno, best.statement.end_lineno or 0] = _indented(taken, best.statement.col_offset)
    edits[found.made.lineno, found.applied.end_lineno or 0] = _indented(lines, found.made.col_offset)
    if defined is not None:
        edits[defined.lineno, (defined.end_lineno or 0) + _blank_after(place, defined)] = []
    end = made.end_lineno or 0
    edits[end + 1, end] = _indented(_making(top, made, found.store, batched), made.col_offset)
    first = place.module.span(node).start.line
    return Rewrite(
        nodes=(node,),
        reason=f"columns of {found.store}, made once, instead of a frame of its rows for each call",
        replacement="".join(
            [
                f"{_FIRST.format(name=helper)}\n\n" if helper else "",
                *_edited(place.module.lines, edits, first, top.end_lineno or 0),
            ]
        ),
        imports=("import numpy as np", *(("import pandas as pd",) if best is None else ())),
        decisions=_DECISIONS,
    )


def _at(said: str, order: str) -> str:
    """The elements of a column, in an order: of the rows where it is the store's."""
    return f"{said.removesuffix('[rows]')}[rows[{order}]]" if said.endswith("[rows]") else f"{said}[{order}]"


def _making(top: ast.ClassDef, made: ast.Assign | ast.AnnAssign, store: str, batched: Batched) -> list[str]:
    """Statements of the constructor that make the columns. Raises Unfit."""
    lines = []
    for key, attribute in batched.columns.items():
        lines.append(f'{attribute} = np.array([row["{key}"] for row in {store}])')
    for names, attribute in batched.matrices.items():
        writers = [
            one for one in ast.walk(top) if isinstance(one, ast.Attribute) and isinstance(one.ctx, ast.Store)
            and ast.unparse(one) == names
        ]  # fmt: skip
        if names.startswith("self.") and not (len(writers) == 1 and writers[0].lineno < made.lineno):
            raise Unfit(made, "names", f"`{names}` is not known where the rows are made")
        lines.append(f"{attribute} = np.array([[row[name] for name in {names}] for row in {store}])")
    taken = {one.attr for one in ast.walk(top) if isinstance(one, ast.Attribute)}
    attributes = [*batched.columns.values(), *batched.matrices.values()]
    if any(each.removeprefix("self.") in taken for each in attributes) or len(set(attributes)) < len(attributes):
        raise Unfit(made, "name-taken", "an attribute of the columns' name is there already")
    return lines


def _mentioned(function: ast.AST) -> set[str]:
    return {one.id for one in ast.walk(function) if isinstance(one, ast.Name)}


def _bound(function: ast.AST, without: ast.AST | None = None) -> set[str]:
    inside = set(ast.walk(without)) if without is not None else set()
    return {
        one.id for one in ast.walk(function)
        if isinstance(one, ast.Name) and isinstance(one.ctx, ast.Store) and one not in inside
    }  # fmt: skip


def _free(stem: str, method: ast.FunctionDef) -> str:
    taken = _mentioned(method)
    return stem if stem not in taken else f"{stem}s"


def _blank_after(place: Place, statement: ast.stmt) -> int:
    """Is there an empty line below, which would be one too many?"""
    end = statement.end_lineno or 0
    return int(end < len(place.module.lines) and not place.module.lines[end].strip())


def _indented(lines: Sequence[str], columns: int) -> list[str]:
    return [f"{' ' * columns}{line}\n" for line in lines]


def _edited(lines: Sequence[str], edits: dict[tuple[int, int], list[str]], first: int, last: int) -> Iterator[str]:
    """Lines `first` to `last`, counted from 1, with edits by (first, last) line; an insertion ends before it begins."""
    number = first
    while number <= last + 1:
        yield from edits.get((number, number - 1), ())
        replaced = next((edit for edit in edits if edit[0] == number <= edit[1]), None)
        if replaced is not None:
            yield from edits[replaced]
            number = replaced[1] + 1
        else:
            if number <= last:
                yield lines[number - 1] if lines[number - 1].endswith("\n") else f"{lines[number - 1]}\n"
            number += 1


_DECISIONS = (
    Decision(
        "writers",
        "Does anything change the rows after they were made: another module, a thread that refreshes them?",
        "no: whoever changes them also makes the columns anew",
    ),
    Decision(
        "rows-alike",
        "Have all rows the same keys, and under each key numbers, texts, or vectors of one length?",
        "yes: each becomes one array",
    ),
    Decision(
        "ids",
        "Are the ids numbers of rows, and never none at all?",
        "yes: an empty request is answered before, or has no answer before either",
    ),
    Decision(
        "memory",
        "Is there memory for the columns beside the rows?",
        "yes: 8 bytes a number, or as many as the vectors take",
    ),
    Decision(
        "last-bits",
        "May scores differ in their last bits, and candidates that differ by no more than that change places?",
        "yes: sums are added in another order",
    ),
)


_STORE = """\
import pandas as pd


class Ranking:
    def __init__(self, rows):
        self.rows = list(rows)

    def best(self, ids, k):
"""

RECIPE = Recipe(
    id="frame-per-request",
    title="A DataFrame of stored rows per request, scored row by row: columns made once",
    level="assisted",
    rules=("pandas-hot-path",),
    function="ranked",
    match=match,
    tip="DataFrames per request",
    valid=(
        Example(
            code=_STORE
            + """\
        frame = pd.DataFrame([self.rows[id] for id in ids])
        return frame.sort_values("age").head(k)
"""
        ),
        Example(
            code=_STORE
            + """\
        frame = pd.DataFrame([self.rows[id] for id in ids])
        frame["score"] = frame.apply(lambda row: self.model(row), axis=1)
        return frame["score"].max()
""",
            refused="expression",
        ),
        Example(
            code=_STORE
            + """\
        frame = pd.DataFrame([self.rows[id] for id in ids])
        frame["score"] = frame.apply(lambda row: row["a"] * 2.0, axis=1)
        return frame
""",
            refused="frame-used",
        ),
        Example(
            code=_STORE
            + """\
        frame = pd.DataFrame([self.rows[id] for id in ids])
        frame["score"] = frame.apply(lambda row: row["a"] * 2.0, axis=1)
        return frame["score"].max()

    def add(self, row):
        self.rows.append(row)
""",
            refused="store-changes",
        ),
        Example(
            code="""\
import pandas as pd


class Ranking:
    def best(self, ids):
        self.rows = load(ids)
        frame = pd.DataFrame([self.rows[id] for id in ids])
        frame["score"] = frame.apply(lambda row: row["a"] * 2.0, axis=1)
        return frame["score"].max()
""",
            refused="store",
        ),
        Example(
            code=_STORE
            + """\
        frame = pd.DataFrame([self.rows[id] for id in ids])
        frame["score"] = frame.apply(self.score, axis=1)
        return frame["score"].max()
""",
            refused="unknown-function",
        ),
        Example(
            code=_STORE
            + """\
        rows = len(ids)
        frame = pd.DataFrame([self.rows[id] for id in ids])
        frame["score"] = frame.apply(lambda row: row["a"] * 2.0, axis=1)
        return frame["score"].max() / rows
""",
            refused="name-taken",
        ),
    ),
    invalid=(
        Example(
            code="""\
from __future__ import annotations

from typing import Any

import numpy as np
import pandas


class Matches:
    def __init__(self, users: list[dict[str, Any]], head) -> None:
        self.names = ["age", "visits"]
        self.users: list[dict[str, Any]] = [{"id": number, **user} for number, user in enumerate(users)]
        self.head = head

    def score(self, user: int, others: list[int], k: int):
        # who is asked for
        wanted = self.users[user]["embedding"]

        def score_row(row: Any) -> float:
            match = np.dot(row["embedding"], wanted)
            if self.head.linear:
                return float(match + sum(row[name] * weight for name, weight in zip(self.names, self.head.weights)))
            values = np.array([match, *(row[name] for name in self.names)])
            for layer in self.head.layers[:-1]:
                values = np.maximum(values @ layer.weights + layer.biases, 0)
            last = self.head.layers[-1]
            return float((values @ last.weights + last.biases)[0])

        if not others:
            return []
        frame = pandas.DataFrame([self.users[other] for other in others])
        frame["score"] = frame.apply(score_row, axis=1)
        best = frame.sort_values(["score", "id"], ascending=[False, True]).head(k)
        return best["id"].tolist()  # best first
""",
            becomes='''\
from __future__ import annotations

from typing import Any

import numpy as np
import pandas


def _first(keys, k):
    """Places of the first k in the order of several keys, equal ones as they stand."""
    few = np.arange(len(keys[0]))
    if 0 < k < len(few):
        few = np.flatnonzero(~(keys[0] > np.partition(keys[0], k - 1)[k - 1]))
    return few[np.lexsort([key[few] for key in reversed(keys)])][:k]


class Matches:
    def __init__(self, users: list[dict[str, Any]], head) -> None:
        self.names = ["age", "visits"]
        self.users: list[dict[str, Any]] = [{"id": number, **user} for number, user in enumerate(users)]
        self._users_embedding = np.array([row["embedding"] for row in self.users])
        self._users_id = np.array([row["id"] for row in self.users])
        self._users_names = np.array([[row[name] for name in self.names] for row in self.users])
        self.head = head

    def score(self, user: int, others: list[int], k: int):
        # who is asked for
        wanted = self.users[user]["embedding"]

        if not others:
            return []
        rows = np.array(others, dtype=np.intp)
        match = self._users_embedding.take(rows, axis=0) @ wanted
        if self.head.linear:
            score = match + self._users_names.take(rows, axis=0) @ np.array(self.head.weights)
        else:
            values = np.column_stack([match, self._users_names.take(rows, axis=0)])
            for layer in self.head.layers[:-1]:
                values = np.maximum(values @ layer.weights + layer.biases, 0)
            last = self.head.layers[-1]
            score = (values @ last.weights + last.biases)[:, 0]
        order = _first([-score, self._users_id[rows]], k)
        best = {"id": self._users_id[rows[order]]}
        return best["id"].tolist()  # best first
''',
        ),
        Example(
            code=_STORE
            + """\
        frame = pd.DataFrame([self.rows[id] for id in ids])
        frame["net price"] = frame.apply(lambda row: row["price"] / (1.0 + row["vat"]), axis=1)
        cheapest = frame.sort_values("net price").head(k)
        return list(zip(cheapest["name"], cheapest["net price"]))
""",
            becomes="""\
import pandas as pd
import numpy as np


class Ranking:
    def __init__(self, rows):
        self.rows = list(rows)
        self._rows_price = np.array([row["price"] for row in self.rows])
        self._rows_vat = np.array([row["vat"] for row in self.rows])
        self._rows_name = np.array([row["name"] for row in self.rows])

    def best(self, ids, k):
        rows = np.array(ids, dtype=np.intp)
        score = self._rows_price[rows] / (1.0 + self._rows_vat[rows])
        frame = pd.DataFrame({"net price": score, "name": self._rows_name[rows]})
        cheapest = frame.sort_values("net price").head(k)
        return list(zip(cheapest["name"], cheapest["net price"]))
""",
        ),
    ),
)
