"""Rows that outlive the request, scored in a loop: one matrix beside the store, one product for each request."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING

import libcst as cst

from perftools.rewrite.recipe import Decision, Example, Recipe, Refusal, Rewrite

from .columns import Columns
from .reading import Loop, Source, Unfit, comprehension, loop_of, read, stores_of

if TYPE_CHECKING:
    from perftools.rewrite.place import Place

_BEST = '''\
def {name}(scores, ids, k):
    """Places of the k best scores, best first; equal scores by the smaller id."""
    few = np.arange(len(scores))
    if 0 < k < len(scores):
        few = np.flatnonzero(scores >= np.partition(scores, -k)[-k])
    return few[np.lexsort((ids[few], -scores[few]))][:k]
'''
_CHANGES = frozenset("append extend insert remove pop clear sort reverse update setdefault popitem".split())


def match(place: Place) -> Iterator[Rewrite | Refusal]:
    """`for id in ids: scores.append(f(…, rows[id]))`, also as a comprehension, and `for row in rows` for all of them.

    The rows are made once, in a constructor or at module level.
    """
    if place.function is not None or "for " not in place.module.text:
        return
    tops: dict[int, cst.CSTNode] = {place.module.span(each).end.line: each for each in place.module.tree.body}
    meant = set(place.statements())
    source = Source(place, ast.parse(place.module.text), tops)
    for top in source.tree.body:
        node = tops.get(top.end_lineno or 0)
        if node not in meant:
            continue
        functions: list[ast.stmt] = top.body if isinstance(top, ast.ClassDef) else [top]
        for function in functions:
            if isinstance(function, ast.FunctionDef):
                yield from _function(source, top, function)


def _function(source: Source, top: ast.stmt, function: ast.FunctionDef) -> Iterator[Rewrite | Refusal]:
    for at, statement in enumerate(function.body):
        loop = loop_of(statement)
        stores = stores_of(source, top, loop) if loop is not None else {}
        if loop is None or not stores:
            continue
        node = source.tops[top.end_lineno or 0]
        try:
            found = read(function, at) if isinstance(loop, ast.For) else comprehension(statement, loop)
            yield _rewrite(source, top, function, found, stores)
        except Unfit as problem:
            yield Refusal(node, problem.code, f"line {statement.lineno}: {problem.reason}")


def _rewrite(
    source: Source, top: ast.stmt, function: ast.FunctionDef, loop: Loop, stores: dict[str, list[ast.Assign]]
) -> Rewrite:
    place = source.place
    made = {path: _made(source, function, path, found) for path, found in stores.items()}
    columns = Columns(source, function, loop, {path: _matrix(path) for path in made})
    steps = [] if loop.ids in made else [f"{columns.rows} = np.array({loop.ids}, dtype=np.intp)"]
    for name, value in loop.steps:
        steps += columns.step(name, value)
    steps += columns.result()
    edits = {(loop.first.lineno, loop.last.end_lineno or 0): _indented(steps, loop.first.col_offset)}
    for path, statement in made.items():
        if not _is_made(source, path):
            end = statement.end_lineno or 0
            edits[end + 1, end] = _indented([_making(path)], statement.col_offset)
    ends = [top.end_lineno or 0, *(each.end_lineno or 0 for each in made.values() if not isinstance(top, ast.ClassDef))]
    tops = [node for end, node in sorted(source.tops.items()) if min(ends) <= end <= max(ends)]
    first = place.module.span(tops[0]).start.line
    lines = place.module.lines[first - 1 : max(ends)]
    if place.module.tree.default_indent != "    " or any(each.isspace() and each.strip("\r\n") for each in lines):
        raise Unfit("layout", "the file is not indented by four spaces, or has spaces in empty lines")
    text = "".join(_edited(place.module.lines, edits, first, max(ends)))
    if loop.cut:
        text = f"{_BEST.format(name=columns.best)}\n\n{text}"
    return Rewrite(
        nodes=tuple(tops),
        reason=f"one product with {' and '.join(_matrix(path) for path in made)} for each call",
        replacement=text,
        imports=("import numpy as np",),
        decisions=(*_DECISIONS, *columns.decisions(), *((_SIZE,) if loop.cut else ())),
    )


def _made(source: Source, function: ast.FunctionDef, path: str, found: Sequence[ast.Assign]) -> ast.Assign:
    """The statement that makes the store. Raises Unfit where more than one does, or something changes it."""
    if len(found) != 1:
        raise Unfit("several-writers", f"`{path}` is assigned at {len(found)} places: build the matrix by hand")
    (made,) = found
    if function.lineno <= made.lineno <= (function.end_lineno or 0):
        raise Unfit("made-per-call", f"`{path}` is made anew in each call")
    for each in ast.walk(source.tree):
        match each:
            case ast.Subscript(value=base, ctx=ast.Store() | ast.Del()):
                while isinstance(base, ast.Subscript):
                    base = base.value
                changed = base
            case ast.Call(ast.Attribute(base, method)) if method in _CHANGES:
                changed = base.value if isinstance(base, ast.Subscript) else base
            case ast.AugAssign(target):
                changed = target
            case ast.Global(names) if path in names:
                raise Unfit("store-changes", f"`{path}` is declared global at line {each.lineno}")
            case _:
                continue
        if ast.unparse(changed) == path:
            raise Unfit("store-changes", f"`{path}` is changed at line {each.lineno}: the matrix would not follow")
    name = _matrix(path).removeprefix("self.")
    if not _is_made(source, path) and re.search(rf"\b{name}\b", source.place.module.text):
        raise Unfit("name-taken", f"`{_matrix(path)}` means something already")
    return made


def _is_made(source: Source, path: str) -> bool:
    """Does the matrix stand there already, for another loop over the same rows?"""
    return any(line.strip() == _making(path) for line in source.place.module.lines)


def _making(path: str) -> str:
    return f"{_matrix(path)} = np.array({path}, dtype=float)"


def _matrix(path: str) -> str:
    if path.startswith("self."):
        return f"self._{path.removeprefix('self.').strip('_')}_matrix"
    return f"{path}_MATRIX" if path.isupper() else f"{path}_matrix"


def _indented(lines: Sequence[str], columns: int) -> list[str]:
    return [f"{' ' * columns}{line}\n" for line in lines]


def _edited(lines: Sequence[str], edits: dict[tuple[int, int], list[str]], first: int, last: int) -> Iterator[str]:
    """Lines `first` to `last`, counted from 1, with edits by (first, last) line; an insertion ends before it begins."""
    number = first
    while number <= last + 1:
        for start, _ in sorted(edit for edit in edits if edit[0] == number > edit[1]):
            yield from edits[start, start - 1]
        replaced = next((edit for edit in edits if edit[0] == number <= edit[1]), None)
        if replaced is not None:
            yield from edits[replaced]
            number = replaced[1] + 1
        elif number <= last:
            yield lines[number - 1] if lines[number - 1].endswith("\n") else f"{lines[number - 1]}\n"
            number += 1
        else:
            number += 1


_DECISIONS = (
    Decision(
        "writers",
        "Who writes the rows after they were made: this module, another one, a thread that refreshes them?",
        "nobody: who changes them also makes the matrix anew",
    ),
    Decision(
        "float64",
        "Are all rows lists of floats, as long as what they are scored against, with memory for 8 more bytes a number?",
        "yes: the matrix is float64, and stands beside the lists",
    ),
    Decision(
        "refresh",
        "When are the rows loaded again?",
        "only where they are made: the matrix is made right after them",
    ),
    Decision(
        "last-bits",
        "May the last bits of a score differ, and rows whose scores differ by no more change places?",
        "yes: a product adds in an order of its own",
    ),
    Decision(
        "ids",
        "Is every id a whole number, and are they in a list, a tuple or an array?",
        "yes: an id that is no row still raises IndexError, in numpy's words",
    ),
)
_SIZE = Decision(
    "best",
    "Is the number of the best that are asked for a whole number that is not negative, and no score NaN?",
    "yes: only that many are sorted",
)

RECIPE = Recipe(
    id="stored-rows",
    title="Rows that outlive the request: one matrix where they are loaded",
    level="assisted",
    rules=("list-hot-path", "gil-bound", "allocation-churn"),
    function="recommend",
    match=match,
    tip="lists against arrays",
    valid=(
        Example(
            code="""\
class Scorer:
    def score(self, ids, rows):
        scores = []
        for i in ids:
            scores.append(sum(rows[i]))
        return scores
""",
        ),
        Example(
            code="""\
from scoring import dot


class Scorer:
    def __init__(self, rows):
        self.rows = list(rows)

    def add(self, row):
        self.rows.append(row)

    def score(self, query, ids):
        return [dot(query, self.rows[i]) for i in ids]
""",
            refused="store-changes",
        ),
        Example(
            code="""\
from scoring import dot


class Scorer:
    def __init__(self, rows):
        self.rows = rows

    def refresh(self, rows):
        self.rows = rows

    def score(self, query, ids):
        return [dot(query, self.rows[i]) for i in ids]
""",
            refused="several-writers",
        ),
        Example(
            code="""\
from scoring import dot, load

ROWS = load()


def score(query, ids, seen):
    scores = []
    for i in ids:
        seen.add(i)
        scores.append(dot(query, ROWS[i]))
    return scores
""",
            refused="statement",
        ),
        Example(
            code="""\
from scoring import dot, load


class Scorer:
    def score(self, query, ids):
        self.rows = load(ids)
        return [dot(query, self.rows[i]) for i in ids]
""",
            refused="made-per-call",
        ),
        Example(
            code="""\
from scoring import dot, load

ROWS = load()


def score(query, ids):
    return [dot(query, ROWS[i]) for i in ids if i > 0]
""",
            refused="expression",
        ),
        Example(
            code="""\
from scoring import load

ROWS = load()


def rows_of(ids):
    return [ROWS[i] for i in ids]
""",
            refused="row-as-value",
        ),
    ),
    invalid=(
        Example(
            code="""\
from service import head_of, read_table


def dot(left, right):
    return sum(a * b for a, b in zip(left, right))


class Scorer:
    # members by their number
    def __init__(self, path):
        table = read_table(path)
        self.embeddings = table.embeddings.tolist()
        self.features = table.features.tolist()
        self.head = head_of(table, dot)

    def score(self, user, candidates, top=20):
        wanted = self.embeddings[user]
        scored = []
        for candidate in candidates:
            match = dot(self.embeddings[candidate], wanted)
            scored.append((candidate, self.head(match, self.features[candidate])))
        scored.sort(key=lambda one: (-one[1], one[0]))
        return {"ids": [one[0] for one in scored[:top]], "scores": [one[1] for one in scored[:top]]}
""",
            becomes='''\
from service import head_of, read_table
import numpy as np


def dot(left, right):
    return sum(a * b for a, b in zip(left, right))


def _best(scores, ids, k):
    """Places of the k best scores, best first; equal scores by the smaller id."""
    few = np.arange(len(scores))
    if 0 < k < len(scores):
        few = np.flatnonzero(scores >= np.partition(scores, -k)[-k])
    return few[np.lexsort((ids[few], -scores[few]))][:k]


class Scorer:
    # members by their number
    def __init__(self, path):
        table = read_table(path)
        self.embeddings = table.embeddings.tolist()
        self._embeddings_matrix = np.array(self.embeddings, dtype=float)
        self.features = table.features.tolist()
        self._features_matrix = np.array(self.features, dtype=float)
        self.head = head_of(table, dot)

    def score(self, user, candidates, top=20):
        wanted = self.embeddings[user]
        rows = np.array(candidates, dtype=np.intp)
        match = self._embeddings_matrix.take(rows, axis=0) @ np.array(wanted)
        values = self.head(match, self._features_matrix.take(rows, axis=0).T)
        best = _best(values, rows, top)
        scored = list(zip(rows[best].tolist(), values[best].tolist()))
        return {"ids": [one[0] for one in scored[:top]], "scores": [one[1] for one in scored[:top]]}
''',
        ),
        Example(
            code="""\
import math

import numpy as np
from service import read_vectors

VECTORS = read_vectors("vectors.bin")
SCALE = 100.0


def cosine(a, b):
    ab, aa, bb = 0.0, 0.0, 0.0
    for i in range(len(a)):
        ab += a[i] * b[i]
        aa += a[i] * a[i]
        bb += b[i] * b[i]
    return ab / math.sqrt(aa * bb)


def similarities(query, ids):
    return [SCALE * cosine(query, VECTORS[i]) for i in ids]
""",
            becomes="""\
import math

import numpy as np
from service import read_vectors

VECTORS = read_vectors("vectors.bin")
VECTORS_MATRIX = np.array(VECTORS, dtype=float)
SCALE = 100.0


def cosine(a, b):
    ab, aa, bb = 0.0, 0.0, 0.0
    for i in range(len(a)):
        ab += a[i] * b[i]
        aa += a[i] * a[i]
        bb += b[i] * b[i]
    return ab / math.sqrt(aa * bb)


def similarities(query, ids):
    rows = np.array(ids, dtype=np.intp)
    found_rows = VECTORS_MATRIX.take(rows, axis=0)
    total = found_rows @ np.array(query)
    total_2 = np.dot(np.array(query), np.array(query))
    total_3 = (found_rows * found_rows).sum(axis=1)
    return (SCALE * (total / np.sqrt(total_2 * total_3))).tolist()
""",
        ),
        Example(
            code="""\
from service import read_rows


class Index:
    def __init__(self):
        self.rows = read_rows()

    def similar(self, query):
        scores = []
        for row in self.rows:
            scores.append(inner(query, row))
        return scores


def inner(x, y):
    total = 0.0
    for i, value in enumerate(x):
        total += value * y[i]
    return total
""",
            becomes="""\
from service import read_rows
import numpy as np


class Index:
    def __init__(self):
        self.rows = read_rows()
        self._rows_matrix = np.array(self.rows, dtype=float)

    def similar(self, query):
        scores = (self._rows_matrix @ np.array(query)).tolist()
        return scores


def inner(x, y):
    total = 0.0
    for i, value in enumerate(x):
        total += value * y[i]
    return total
""",
        ),
    ),
)
