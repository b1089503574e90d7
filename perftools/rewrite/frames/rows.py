"""Which elements of a row some code reads, and the code with plain names in their place."""

from __future__ import annotations

import builtins
import keyword
import re
import textwrap
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from itertools import count
from typing import NamedTuple

import libcst as cst

from perftools.rewrite.place import Place
from perftools.rewrite.recipe import Guard, Refusal
from perftools.source.syntax import index_key, is_text, targets, text_key, walk

_OF_SERIES = frozenset("T array at attrs dtype flags hasnans iat iloc index loc name shape size values".split())
"""Attributes of a Series that a reader means, where a column could have the same name."""


class Unclear(Exception):
    """Code that cannot be told in terms of columns."""

    def __init__(self, node: cst.CSTNode, code: str, reason: str) -> None:
        super().__init__(reason)
        self.refusal = Refusal(node, code, reason)


class Reads(NamedTuple):
    """The elements of a row that are read somewhere."""

    keys: Mapping[cst.CSTNode, str]
    """By the expression that reads it (`row["price"]`, `row.price`, `row.get("price")`), the column."""
    attributes: frozenset[str]
    """Columns that are read as attributes: a Series must have none of that name."""

    @property
    def columns(self) -> tuple[str, ...]:
        """Each column once, in the order of their first reading."""
        return tuple(dict.fromkeys(self.keys.values()))


def reads_of(place: Place, nodes: Iterable[cst.CSTNode], row: str) -> Reads:
    """Every use of a row's name in these nodes. Raises Unclear where the row is more than read by element."""
    keys: dict[cst.CSTNode, str] = {}
    attributes: set[str] = set()
    for root in nodes:
        for each in walk(root):
            if not isinstance(each, cst.Name) or each.value != row or _is_label(place, each):
                continue
            node, key = _read(place, each)
            if is_stored(place, node):
                raise Unclear(node, "row-written", "an element of the row is assigned to")
            if isinstance(node, cst.Attribute):
                attributes.add(key)
            keys[node] = key
    return Reads(keys, frozenset(attributes))


def names_of(columns: Sequence[str], fresh: Callable[[str], str]) -> dict[str, str]:
    """A fresh name for each column, like the column."""
    return {column: fresh(_identifier(column)) for column in columns}


def names_in_function(place: Place) -> Callable[[str], str]:
    """Makes names for code that stands in this function: none that the function knows."""
    assert place.function is not None
    return _fresh(_mentioned(place, place.function))


def names_in_helper(
    place: Place, call: cst.BaseExpression, function: cst.Lambda | cst.FunctionDef | None = None
) -> Callable[[str], str]:
    """Makes names for a helper that holds this call: none that the call or the function takes from outside."""
    taken = _mentioned(place, call)
    if function is not None:
        taken |= _mentioned(place, function.body) - bound_in(function)
    return _fresh(taken)


def _fresh(taken: set[str]) -> Callable[[str], str]:
    taken |= {"np", "pd", "result", *dir(builtins)}

    def fresh(stem: str) -> str:
        name = stem if stem not in taken else next(each for n in count(2) if (each := f"{stem}_{n}") not in taken)
        taken.add(name)
        return name

    return fresh


def _mentioned(place: Place, node: cst.CSTNode) -> set[str]:
    """Names in a node, those of attributes and keywords left aside."""
    return {each.value for each in walk(node) if isinstance(each, cst.Name) and not _is_label(place, each)}


def bound_in(function: cst.Lambda | cst.FunctionDef) -> set[str]:
    """Names that a function binds itself, parameters included."""
    found = {each.name.value for each in walk(function.params) if isinstance(each, cst.Param)}
    for each in walk(function.body):
        match each:
            case cst.AssignTarget() | cst.AugAssign() | cst.AnnAssign() | cst.For() | cst.CompFor() | cst.NamedExpr():
                found |= {one.value for one in targets(each.target) if isinstance(one, cst.Name)}
    return found


def respelled(place: Place, node: cst.CSTNode, replaced: Mapping[cst.CSTNode, str]) -> str:
    """A statement or expression as written, with other text where some of its nodes stand; four spaces a level."""
    module = place.module
    span = module.span(node)
    lines = list(module.lines[span.start.line - 1 : span.end.line])
    for each, text in sorted(replaced.items(), key=lambda pair: _start(place, pair[0]), reverse=True):
        at = module.span(each)
        first, last = at.start.line - span.start.line, at.end.line - span.start.line
        lines[first : last + 1] = [lines[first][: at.start.column] + text + lines[last][at.end.column :]]
    if isinstance(node, cst.BaseExpression):
        tail = len(module.lines[span.end.line - 1]) - span.end.column
        whole = "".join(lines)
        inside = whole[span.start.column : len(whole) - tail]
        if "#" in inside:
            raise Unclear(node, "comment", "a comment stands inside the expression")
        return " ".join(line.strip() for line in inside.splitlines())
    unit = module.tree.default_indent
    return textwrap.dedent("".join(_four_spaces(line, unit) for line in lines))


def are_frames(frame: str, reads: Reads) -> tuple[Guard, ...]:
    """A plain DataFrame in which each of these columns is there once."""
    columns = ", ".join(map(display, reads.columns))
    return (
        Guard(f"type({frame}) is pd.DataFrame", "no DataFrame"),
        Guard(f"{frame}.columns.is_unique", "a column twice"),
        Guard(f"{{{columns}}} <= set({frame}.columns)", "a column missing, or columns of several levels"),
        *(
            Guard(f"not hasattr(pd.Series, {display(each)})", "a column called like a method")
            for each in sorted(reads.attributes)
        ),
    )


def escapes(place: Place, frame: str) -> bool:
    """Is the frame also known under another name in this function, through which it may be changed?"""
    for statement in place.every_statement():
        if not isinstance(statement, cst.SimpleStatementLine):
            continue
        for each in statement.body:
            if isinstance(each, cst.Assign | cst.AnnAssign) and _is_name(each.value, frame):
                return True
    return False


def is_stored(place: Place, node: cst.CSTNode) -> bool:
    """Is this expression assigned to, or deleted?"""
    child = node
    for around in place.module.ancestors(node):
        match around:
            case cst.AssignTarget() | cst.Del() | cst.AsName():
                return True
            case cst.AugAssign() | cst.AnnAssign() | cst.For() | cst.CompFor() | cst.NamedExpr():
                return around.target is child
            case cst.Tuple() | cst.List() | cst.Element() | cst.StarredElement():
                child = around
            case _:
                return False
    return False


def uses_of(place: Place, nodes: Iterable[cst.CSTNode], name: str) -> Iterator[cst.Name]:
    """Where a name stands in these nodes, whatever for."""
    for root in nodes:
        for each in walk(root):
            if isinstance(each, cst.Name) and each.value == name and not _is_label(place, each):
                yield each


def is_bound(nodes: Iterable[cst.CSTNode], name: str) -> bool:
    """Does something in these nodes bind the name anew, in comprehensions and nested functions too?"""
    for each in (each for root in nodes for each in walk(root)):
        match each:
            case cst.AssignTarget() | cst.AugAssign() | cst.AnnAssign() | cst.For() | cst.CompFor() | cst.NamedExpr():
                if any(_is_name(one, name) for one in targets(each.target)):
                    return True
            case cst.Param() | cst.AsName() | cst.MatchAs() | cst.MatchStar():
                if _is_name(each.name, name):
                    return True
            case cst.Del() | cst.Global() | cst.Nonlocal() | cst.Import() | cst.ImportFrom():
                return True  # not worth a closer look
    return False


def qualified_names(place: Place) -> dict[str, str]:
    """What names and attributes of the module stand for ("np.dot": "numpy.dot"), where it is the same everywhere."""
    found: dict[str, set[str]] = {}
    for each in walk(place.module.tree):
        if isinstance(each, cst.Name | cst.Attribute):
            found.setdefault(place.code(each), set()).add(place.qualified(each))
    return {text: next(iter(names)) for text, names in found.items() if len(names) == 1}


def text_of(node: cst.BaseExpression) -> str:
    """The value of a string display; "" for anything else."""
    return text_key(node) or "" if is_text(node) else ""


def display(text: str) -> str:
    """A string display with double quotes where that needs no escape."""
    return repr(text) if '"' in text or repr(text)[1:-1] != text else f'"{text}"'


def tuple_of(names: Sequence[str]) -> str:
    return f"({', '.join(names)}{',' if len(names) == 1 else ''})"


def _is_label(place: Place, name: cst.Name) -> bool:
    """Is it the name of an attribute or a keyword?"""
    parent = place.module.parent(name)
    return (isinstance(parent, cst.Attribute) and parent.attr is name) or (
        isinstance(parent, cst.Arg) and parent.keyword is name
    )


def _read(place: Place, name: cst.Name) -> tuple[cst.CSTNode, str]:
    module = place.module
    parent = module.parent(name)
    if isinstance(parent, cst.Subscript) and parent.value is name:
        key = index_key(parent)
        index = parent.slice[0].slice
        if key is not None and isinstance(index, cst.Index) and is_text(index.value):
            return parent, key
        raise Unclear(parent, "key-not-constant", "which column is read is not written here")
    if isinstance(parent, cst.Attribute) and parent.value is name:
        call = module.parent(parent)
        if isinstance(call, cst.Call) and call.func is parent:
            first = call.args[0].value if call.args and call.args[0].keyword is None else None
            key = text_key(first) if first is not None and is_text(first) else None
            if parent.attr.value == "get" and key is not None and len(call.args) <= 2 and _is_plain(call.args[1:]):
                return call, key
        elif parent.attr.value not in _OF_SERIES:
            return parent, parent.attr.value
    raise Unclear(name, "row-whole", f"`{name.value}` itself is used, not only elements of it")


def _is_plain(args: Sequence[cst.Arg]) -> bool:
    """Is the default of `get` one whose evaluation may be left out?"""
    return all(
        isinstance(each.value, cst.Integer | cst.Float | cst.Name | cst.SimpleString) and not each.star for each in args
    )


def _is_name(node: cst.CSTNode | None, name: str) -> bool:
    return isinstance(node, cst.Name) and node.value == name


def _identifier(column: str) -> str:
    found = re.sub(r"\W+", "_", column, flags=re.ASCII).strip("_")
    return found if found.isidentifier() and not keyword.iskeyword(found) else "column"


def _start(place: Place, node: cst.CSTNode) -> tuple[int, int]:
    start = place.module.span(node).start
    return start.line, start.column


def _four_spaces(line: str, unit: str) -> str:
    depth = 0
    while unit and line.startswith(unit):
        line, depth = line[len(unit) :], depth + 1
    return "    " * depth + line


def definition(place: Place, given: cst.BaseExpression) -> cst.Lambda | cst.FunctionDef:
    """The function that is handed over, if it is written here and takes just one argument. Raises Unclear."""
    function = given if isinstance(given, cst.Lambda) else _defined(place, given)
    if function is None:
        raise Unclear(given, "unknown-function", f"what `{place.code(given)}` does is not written in this module")
    parameters = function.params
    others = (*parameters.kwonly_params, *parameters.posonly_params, *parameters.params[1:])
    star = isinstance(parameters.star_arg, cst.Param) or parameters.star_kwarg is not None
    if len(parameters.params) != 1 or others or star or parameters.params[0].default is not None:
        raise Unclear(given, "parameters", "the function takes more than the row")
    if isinstance(function, cst.FunctionDef) and (function.decorators or function.asynchronous):
        raise Unclear(given, "decorated", "the function is decorated or asynchronous")
    return function


def _defined(place: Place, given: cst.BaseExpression) -> cst.FunctionDef | None:
    if not isinstance(given, cst.Name):
        return None
    name = given.value
    local = place.is_local(name)
    scope = place.module.scope(given) if local else place.module.global_scope
    wanted = f"{place.name}.<locals>.{name}" if local else name
    found = [each.node for each in place.module.definitions if each.name == wanted]
    if len(found) != 1 or len(scope[name]) != 1:
        return None
    if not local:
        hidden = sorted(
            each for each in place.module.names_in(found[0].body) - bound_in(found[0]) if place.is_local(each)
        )
        if hidden:
            raise Unclear(given, "shadowed", f"`{hidden[0]}` means something else here than in `{name}`")
    return found[0]
