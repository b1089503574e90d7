"""`frame.sort_values(columns, ascending=…).head(k)`, read."""

from __future__ import annotations

from typing import NamedTuple

import libcst as cst

from perftools.rewrite.frames.rows import Unclear, display, text_of
from perftools.rewrite.place import Place


class SortedHead(NamedTuple):
    """The first rows of a sorted frame."""

    node: cst.BaseExpression
    frame: str
    columns: tuple[str, ...]
    ascending: tuple[bool, ...]
    k: str

    @property
    def keys(self) -> str:
        """The columns as a tuple display."""
        return f"({', '.join(map(display, self.columns))}{',' if len(self.columns) == 1 else ''})"


def sorted_head(place: Place, node: cst.CSTNode) -> SortedHead | None:
    """None for what is none. Raises Unclear for what looks like it and is something else."""
    cut = _cut(place, node)
    if cut is None:
        return None
    sorts, k = cut
    if not isinstance(sorts, cst.Call) or not isinstance(sorts.func, cst.Attribute):
        return None
    given = {each.keyword.value if each.keyword else number: each.value for number, each in enumerate(sorts.args)}
    by = given.pop("by", given.pop(0, None))
    if sorts.func.attr.value != "sort_values" or by is None:
        return None
    frame = sorts.func.value
    ascending = given.pop("ascending", None)
    assert isinstance(node, cst.BaseExpression)
    if given:
        raise Unclear(node, "options", "na_position, kind, key and ignore_index make another order")
    if not isinstance(frame, cst.Name):
        raise Unclear(node, "expression", "the frame must have a name: it is looked at more than once")
    if _is_made_here(place, frame.value):
        raise Unclear(node, "made-per-call", "the frame is made in this call, which costs more than to sort it")
    columns = _strings(by)
    orders = _orders(ascending, len(columns))
    if not columns or not orders:
        raise Unclear(node, "columns", "which columns are sorted by, and in which order, is not written here")
    return SortedHead(node, frame.value, columns, orders, k)


def _is_made_here(place: Place, frame: str) -> bool:
    for statement in place.every_statement():
        for each in statement.body if isinstance(statement, cst.SimpleStatementLine) else ():
            made = each.value if isinstance(each, cst.Assign) else None
            if isinstance(made, cst.Call) and place.qualified(made.func) == "pandas.DataFrame":
                assert isinstance(each, cst.Assign)
                if any(isinstance(one.target, cst.Name) and one.target.value == frame for one in each.targets):
                    return True
    return False


def _cut(place: Place, node: cst.CSTNode) -> tuple[cst.BaseExpression, str] | None:
    """What is cut, and after how many rows: `.head(k)`, `.head()`, `[:k]`, `.iloc[:k]`."""
    if isinstance(node, cst.Call) and isinstance(node.func, cst.Attribute) and node.func.attr.value == "head":
        if len(node.args) > 1 or (node.args and not _is_plain(node.args[0].value)):
            return None
        return node.func.value, place.code(node.args[0].value) if node.args else "5"
    if isinstance(node, cst.Subscript) and len(node.slice) == 1 and isinstance(node.slice[0].slice, cst.Slice):
        part, of = node.slice[0].slice, node.value
        if isinstance(of, cst.Attribute):
            if of.attr.value != "iloc":
                return None
            of = of.value
        if part.lower is None and part.step is None and part.upper is not None and _is_plain(part.upper):
            return of, place.code(part.upper)
    return None


def _is_plain(node: cst.BaseExpression) -> bool:
    return isinstance(node, cst.Name | cst.Integer)


def _strings(node: cst.BaseExpression) -> tuple[str, ...]:
    if isinstance(node, cst.List):
        found = tuple(text_of(each.value) for each in node.elements)
        return found if all(found) and len(set(found)) == len(found) else ()
    return (text_of(node),) if text_of(node) else ()


def _orders(node: cst.BaseExpression | None, count: int) -> tuple[bool, ...]:
    if node is None:
        return (True,) * count
    if isinstance(node, cst.List):
        found = [_truth(each.value) for each in node.elements]
        return tuple(each for each in found if each is not None) if len(found) == count and None not in found else ()
    value = _truth(node)
    return (value,) * count if value is not None else ()


def _truth(node: cst.BaseExpression) -> bool | None:
    return {"True": True, "False": False}.get(node.value) if isinstance(node, cst.Name) else None
