"""Small questions about LibCST nodes that the reader and the dependence check share."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import fields
from functools import cache

import libcst as cst

_LAYOUT = frozenset(
    "lpar rpar lbracket rbracket lbrace rbrace comma colon semicolon equal dot header footer empty_lines comment "
    "newline indent encoding default_indent default_newline annotation returns type_parameters".split()
)
SCOPES = (cst.FunctionDef, cst.Lambda, cst.ClassDef)
COMPREHENSIONS = (cst.ListComp, cst.SetComp, cst.DictComp, cst.GeneratorExp)


def path(node: cst.CSTNode) -> str:
    """The dotted path of a name ("self.rows"), "" for anything else."""
    if isinstance(node, cst.Name):
        return "" if node.value in ("True", "False", "None") else node.value
    if isinstance(node, cst.Attribute):
        base = path(node.value)
        return f"{base}.{node.attr.value}" if base else ""
    return ""


_EMPTY = cst.Module([])


def code(node: cst.CSTNode) -> str:
    """The node's text without spaces: equal for the same name, attribute or subscript."""
    return path(node) or _EMPTY.code_for_node(node).replace(" ", "")


def base(node: cst.CSTNode) -> str:
    """The name that a chain of subscripts, attributes and calls hangs on as far as it is a path: "m" for m[i][j]."""
    while isinstance(node, cst.Subscript):
        node = node.value
    return path(node)


def children(node: cst.CSTNode) -> Iterator[cst.CSTNode]:
    """The parts of a node that say something, in the order of its fields.

    LibCST's own `children` also visits every comma, bracket and stretch of white space, at many times the cost.
    """
    for name in _fields(type(node)):
        value = getattr(node, name)
        if isinstance(value, cst.CSTNode):
            yield value
        elif isinstance(value, tuple | list):
            for each in value:
                if isinstance(each, cst.CSTNode):
                    yield each


@cache
def _fields(kind: type[cst.CSTNode]) -> tuple[str, ...]:
    return tuple(
        field.name
        for field in fields(kind)
        if field.name not in _LAYOUT and not field.name.startswith(("whitespace", "leading_", "trailing_", "lines_"))
    )


def walk(node: cst.CSTNode, *, scopes: bool = True) -> Iterator[cst.CSTNode]:
    """The node and all below it, depth first; without `scopes`, nested functions and lambdas are left out."""
    pending = [node]
    while pending:
        each = pending.pop()
        yield each
        below = [child for child in children(each) if scopes or not isinstance(child, SCOPES)]
        pending.extend(reversed(below))


def callee(node: cst.Call) -> tuple[str, str]:
    """(last name, dotted path or "") of what a call calls."""
    function = node.func
    if isinstance(function, cst.Attribute):
        return function.attr.value, path(function)
    dotted = path(function)
    return dotted, dotted


def imported(node: cst.Import | cst.ImportFrom) -> Iterator[tuple[str, str]]:
    """(name, what it stands for) of an absolute import; `import a.b` binds `a`, and a star nothing that is known."""
    if isinstance(node, cst.ImportFrom) and (node.relative or node.module is None):
        return
    module = f"{path(node.module)}." if isinstance(node, cst.ImportFrom) and node.module is not None else ""
    for each in node.names if not isinstance(node.names, cst.ImportStar) else ():
        name = path(each.name)
        if each.asname is not None:
            yield path(each.asname.name), module + name
        else:
            bound = name.partition(".")[0]
            yield bound, module + bound


def is_text(node: cst.CSTNode) -> bool:
    """A string display: literal, f-string or a concatenation of them (bytes too)."""
    return isinstance(node, cst.SimpleString | cst.FormattedString | cst.ConcatenatedString)


def is_constant(node: cst.CSTNode) -> bool:
    """A number display, possibly with a sign."""
    if isinstance(node, cst.UnaryOperation):
        node = node.expression
    return isinstance(node, cst.Integer | cst.Float)


def indices(node: cst.Subscript) -> int:
    """How many indices a chain of subscripts takes: 2 for m[i][j] and for m[i, j]."""
    count = 0
    inner: cst.BaseExpression = node
    while isinstance(inner, cst.Subscript):
        count, inner = count + len(inner.slice), inner.value
    return count


def text_key(node: cst.CSTNode) -> str | None:
    """The value of a plain string or integer display, as a field name."""
    if isinstance(node, cst.SimpleString):
        value = node.evaluated_value
        return value if isinstance(value, str) else None
    if isinstance(node, cst.Integer):
        return node.value
    return None


def index_key(subscript: cst.Subscript) -> str | None:
    """The field name in row["x"] or row[0]; None for anything else."""
    if len(subscript.slice) == 1 and isinstance(subscript.slice[0].slice, cst.Index):
        return text_key(subscript.slice[0].slice.value)
    return None


def targets(node: cst.CSTNode) -> Iterator[cst.CSTNode]:
    """The single targets of an assignment target: tuples and stars unpacked."""
    if isinstance(node, cst.Tuple | cst.List):
        for element in node.elements:
            yield from targets(element.value)
    elif isinstance(node, cst.StarredElement):
        yield from targets(node.value)
    else:
        yield node
