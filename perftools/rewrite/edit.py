"""A rewrite carried out: the lines meant are replaced, every other line of the file stays as it is."""

from __future__ import annotations

import ast
import difflib
import textwrap
from collections.abc import Iterable, Sequence
from typing import NamedTuple

import libcst as cst

from perftools.rewrite.module import Module, lines_of
from perftools.rewrite.place import Place
from perftools.rewrite.recipe import Fast, Guard, Rewrite
from perftools.source.syntax import walk

_WIDEST = 100
"""Conditions longer than that are broken, a clause a line."""
_ERRSTATE = 'np.errstate(divide="raise", over="raise", invalid="raise")'


class Unfit(Exception):
    """The edit cannot be made here; `code` as in Refusal."""

    def __init__(self, code: str, reason: str) -> None:
        super().__init__(reason)
        self.code = code
        self.reason = reason


class Insertion(NamedTuple):
    """Lines to put before a line, which is counted from 0."""

    line: int
    text: str


class Plan(NamedTuple):
    """What one rewrite does to the lines of its module, counted from 0."""

    first: int
    last: int
    lines: list[str]
    """They take the place of the lines from `first` to `last`."""
    above: tuple[Insertion, ...]
    imports: tuple[str, ...]


def plan(place: Place, rewrite: Rewrite) -> Plan:
    """Work out an edit. Raises Unfit."""
    module = place.module
    _check_names(place, rewrite)
    first, last = _lines(module, rewrite.nodes)
    line = module.lines[first]
    layout = _Layout(module, line[: len(line) - len(line.lstrip(" \t"))])
    original = module.lines[first : last + 1]
    if not original[-1].endswith(("\n", "\r")):
        original = [*original[:-1], original[-1] + module.tree.default_newline]
    helper = ""
    if isinstance(rewrite.nodes[0], cst.BaseExpression):
        replaced, helper = _expression(place, rewrite, original)
    elif rewrite.fast is None:
        kept = {line.strip() for line in (rewrite.replacement or "").splitlines()}
        comments = [line for line in original if line.lstrip().startswith("#") and line.strip() not in kept]
        replaced = comments + layout.block(rewrite.replacement or "", 0)
    elif rewrite.fast.after or rewrite.fast.may_raise:
        replaced, helper = _through_helper(place, rewrite, rewrite.fast, original, layout)
    else:
        replaced = _inline(place, rewrite, rewrite.fast, original, layout)
    texts = [*_not_there(module, rewrite.module_level), *([helper.strip("\n")] if helper else [])]
    at, gap = (first, "\n") if place.top is None else (_start_of(module, place.top), "\n\n\n")
    above = tuple(Insertion(at, text + gap) for text in texts)
    return Plan(first, last, replaced, above, tuple(line for line in rewrite.imports if not _is_imported(module, line)))


def carried_out(module: Module, plans: Sequence[Plan]) -> str:
    """The module's text with all of the edits, which do not overlap. Raises Unfit where it would not parse."""
    lines = list(module.lines)
    once = {each.text: each for each in sorted((each for one in plans for each in one.above), key=_last_first)}
    insertions = [each for one in plans for each in one.above if once[each.text] is each]
    imports = dict.fromkeys(line for each in plans for line in each.imports)
    if imports:
        insertions.insert(0, _after_imports(module, "".join(f"{line}\n" for line in imports)))
    work = [(each.first, each.last + 1, each.lines) for each in plans]
    layout = _Layout(module, "")
    joined: dict[int, str] = {}
    for insertion in insertions:
        above = joined.get(insertion.line, "")
        if _is_simple(above.strip("\n").rpartition("\n")[2]) and _is_simple(insertion.text):
            above = above.rstrip("\n") + "\n"
        joined[insertion.line] = above + insertion.text
    work += [(line, line, layout.block(text, 0, blank=True)) for line, text in joined.items()]
    for start, end, replaced in sorted(work, key=lambda each: each[:2], reverse=True):
        lines[start:end] = replaced
    text = "".join(lines)
    try:
        cst.parse_module(text)
    except cst.ParserSyntaxError as error:  # a recipe's own mistake: never write it
        raise Unfit("syntax", f"the rewritten text does not parse: {error.message}") from error
    return text


def _last_first(insertion: Insertion) -> int:
    """What several edits need stands where the first of them needs it."""
    return -insertion.line


def _not_there(module: Module, text: str) -> list[str]:
    """Statements for the module level, without those that it has already. Raises Unfit where a name means another."""
    have = "\n".join(line.rstrip("\r\n") for line in module.lines)
    missing = []
    lines = text.splitlines()
    for statement in ast.parse(text).body:
        start = min([statement.lineno, *(each.lineno for each in getattr(statement, "decorator_list", []))])
        part = "\n".join(lines[start - 1 : statement.end_lineno])
        if f"\n{part}\n" in f"\n{have}\n":
            continue
        for name in _names_bound(statement):
            if module.bound_globally(name):
                raise Unfit("name-taken", f"`{name}` means something else in this module")
        missing.append(part)
    return missing


def _names_bound(statement: ast.stmt) -> list[str]:
    if isinstance(statement, ast.FunctionDef | ast.ClassDef):
        return [statement.name]
    return [each.id for each in ast.walk(statement) if isinstance(each, ast.Name) and isinstance(each.ctx, ast.Store)]


def _is_simple(text: str) -> bool:
    """Does this begin like an assignment, rather than a definition? These stand on lines that follow one another."""
    return text[:1].isidentifier() and not text.startswith(("def ", "class ", "async ", "import ", "from "))


def edited(place: Place, rewrite: Rewrite) -> str:
    """The module's text with one rewrite in it. Raises Unfit."""
    return carried_out(place.module, [plan(place, rewrite)])


def condition(guards: Sequence[Guard]) -> str:
    """The guards as one expression, in their order."""
    return " and ".join(_atom(guard.code) for guard in guards) or "True"


def diff(before: str, after: str, path: str) -> str:
    """A unified diff, as `patch -p1` reads it."""
    lines = difflib.unified_diff(lines_of(before), lines_of(after), f"a/{path}", f"b/{path}")
    return "".join(line if line.endswith("\n") else f"{line}\n\\ No newline at end of file\n" for line in lines)


class _Layout:
    """How this file is written: its newline, its indentation, and how deep we are in it."""

    def __init__(self, module: Module, indent: str) -> None:
        self._newline = module.tree.default_newline
        self._unit = module.tree.default_indent
        self._indent = indent

    def block(self, text: str, depth: int, *, blank: bool = False) -> list[str]:
        """Text of ours, written with four spaces, as lines of this file; trailing blank lines only where asked for."""
        text = textwrap.dedent(text)
        lines = (text if blank else text.strip("\n")).splitlines()
        return [self._line(line, depth) for line in lines] if text.strip() else []

    def deeper(self, lines: Iterable[str]) -> list[str]:
        """Lines of the file, one level further in."""
        return [self._unit + line if line.strip() else line for line in lines]

    def _line(self, line: str, depth: int) -> str:
        if not line.strip():
            return self._newline
        body = line.lstrip(" ")
        inner, rest = divmod(len(line) - len(body), 4)
        return self._indent + self._unit * (depth + inner) + " " * rest + body + self._newline


def _inline(place: Place, rewrite: Rewrite, fast: Fast, original: list[str], layout: _Layout) -> list[str]:
    head = layout.block(_if(condition(fast.guards), fast.guards), 0)
    body = layout.block(fast.body, 1)
    if _returns(fast.body):
        return [*head, *body, *original]
    _check_strings(place.module, rewrite.nodes)
    return [*head, *body, *layout.block("else:", 0), *layout.deeper(original)]


def _through_helper(
    place: Place, rewrite: Rewrite, fast: Fast, original: list[str], layout: _Layout
) -> tuple[list[str], str]:
    stem = place.name.rpartition(".")[2].strip("_<>") or "module"
    name, held = place.fresh(f"_{stem}_fast"), place.fresh("_fast")
    texts = (condition(fast.guards), fast.body, condition(fast.after))
    parameters = [each for each in _free_names(texts) if place.is_local(each)]
    returning = _returns(fast.body)
    results = [] if returning else _results(place, rewrite)
    helper = _helper(name, place.name, parameters, fast, results, numpy=_uses_numpy(rewrite))
    call = layout.block(f"{held} = {name}({', '.join(parameters)})", 0)
    if returning:
        taken = layout.block(f"if {held} is not NotImplemented:\n    return {held}", 0)
        return [*call, *taken, *original], helper
    _check_strings(place.module, rewrite.nodes)
    fallback = [*layout.block(f"if {held} is NotImplemented:", 0), *layout.deeper(original)]
    return [*call, *fallback, *layout.block(f"else:\n    {', '.join(results)} = {held}", 0)], helper


def _expression(place: Place, rewrite: Rewrite, original: list[str]) -> tuple[list[str], str]:
    """The lines with another expression in the place of one, and the helper that it calls, where there is a guard."""
    (node,) = rewrite.nodes
    span = place.module.span(node)
    tail = original[-1][span.end.column :]
    inside = "".join([*original[:-1], original[-1][: span.end.column]])[span.start.column :]
    if "#" in inside and len(original) > 1:
        raise Unfit("comment", "a comment stands inside the expression")
    head = original[0][: span.start.column]
    if rewrite.fast is None:
        return [head + (rewrite.replacement or "") + tail], ""
    fast = rewrite.fast
    texts = (condition(fast.guards), fast.body, condition(fast.after), f"({inside})")
    parameters = [each for each in _free_names(texts) if place.is_local(each)]
    name = place.fresh(rewrite.helper or f"_{place.name.rpartition('.')[2].strip('_<>') or 'module'}_fast")
    lines = [
        f"def {name}({', '.join(parameters)}):",
        f'    """`{_shortened(inside)}`, by a faster way where that gives the same."""',
    ]
    body = textwrap.dedent(fast.body).strip("\n")
    found = (
        [*_indented(_if(condition(fast.after), fast.after), 0), "    return result"]
        if fast.after
        else ["return result"]
    )
    if fast.may_raise:
        inner = [f"with {_ERRSTATE}:", *_indented(body, 1)] if _uses_numpy(rewrite) else body.splitlines()
        inner = ["try:", *_indented("\n".join(inner), 1), "except Exception:", "    pass", "else:",
                 *_indented("\n".join(found), 1)]  # fmt: skip
    else:
        inner = [*body.splitlines(), *found]
    if fast.guards:
        lines += [*_indented(_if(condition(fast.guards), fast.guards), 1), *_indented("\n".join(inner), 2)]
    else:
        lines += _indented("\n".join(inner), 1)
    lines.append(f"    return {textwrap.dedent(inside)}" if len(original) == 1 else f"    return ({inside})")
    return [f"{head}{name}({', '.join(parameters)}){tail}"], "\n".join(lines)


def _shortened(code: str) -> str:
    """On one line, which a docstring has room for."""
    line = " ".join(code.split())
    return line if len(line) <= _WIDEST - 38 else f"{line[: _WIDEST - 40]} …"


def _uses_numpy(rewrite: Rewrite) -> bool:
    """Also `a @ b` and `a - b` warn where np.errstate does not forbid it."""
    return "import numpy as np" in rewrite.imports or (rewrite.fast is not None and "np." in rewrite.fast.body)


def _helper(name: str, of: str, parameters: Sequence[str], fast: Fast, results: Sequence[str], *, numpy: bool) -> str:
    lines = [
        f"def {name}({', '.join(parameters)}):",
        f'    """The fast path of `{of.rpartition(".")[2]}`; NotImplemented where the original has to run."""',
    ]
    if fast.guards:
        lines += _indented(_if(f"not ({condition(fast.guards)})", fast.guards, negated=True), 1)
        lines.append("        return NotImplemented")
    body = textwrap.dedent(fast.body).strip("\n")
    if fast.after and not results:
        raise Unfit("recipe", "a body that returns cannot be checked afterwards")
    if fast.may_raise:
        depth = 2
        lines.append("    try:")
        if numpy:
            lines.append(f"        with {_ERRSTATE}:")
            depth = 3
        lines += _indented(body, depth)
        lines += ["    except Exception:", "        return NotImplemented"]
    else:
        lines += _indented(body, 1)
    if fast.after:
        lines += _indented(_if(f"not ({condition(fast.after)})", fast.after, negated=True), 1)
        lines.append("        return NotImplemented")
    if results:
        lines.append(f"    return {', '.join(results)}")
    return "\n".join(lines)


def _indented(text: str, depth: int) -> list[str]:
    return ["    " * depth + line if line.strip() else line for line in text.splitlines()]


def _if(test: str, guards: Sequence[Guard], *, negated: bool = False) -> str:
    if len(test) <= _WIDEST:
        return f"if {test}:"
    clauses = [_atom(guard.code) for guard in guards]
    body = "\n".join(f"    {'and ' if index else ''}{clause}" for index, clause in enumerate(clauses))
    return f"if {'not ' if negated else ''}(\n{body}\n):"


def _atom(code: str) -> str:
    """The clause as an operand of `and`."""
    tree = ast.parse(code, mode="eval").body
    loose = isinstance(tree, ast.IfExp | ast.Lambda | ast.NamedExpr) or (
        isinstance(tree, ast.BoolOp) and isinstance(tree.op, ast.Or)
    )
    return f"({code})" if loose else code


def _returns(body: str) -> bool:
    return isinstance(ast.parse(textwrap.dedent(body)).body[-1], ast.Return)


def _free_names(texts: Sequence[str]) -> list[str]:
    """Names that the texts read before they bind them, in order of appearance."""
    free: dict[str, None] = {}
    bound: set[str] = set()
    for text in texts:
        for statement in ast.parse(textwrap.dedent(text)).body:
            comprehended = {
                target.id
                for each in ast.walk(statement)
                if isinstance(each, ast.comprehension)
                for target in ast.walk(each.target)
                if isinstance(target, ast.Name)
            }
            comprehended |= {each.arg for each in ast.walk(statement) if isinstance(each, ast.arg)}  # of lambdas
            names = [each for each in ast.walk(statement) if isinstance(each, ast.Name)]
            names.sort(key=lambda each: (each.lineno, each.col_offset))
            augmented = {each.target.id for each in ast.walk(statement)
                         if isinstance(each, ast.AugAssign) and isinstance(each.target, ast.Name)}  # fmt: skip
            for each in names:
                reads = isinstance(each.ctx, ast.Load) or each.id in augmented
                if reads and each.id not in bound and each.id not in comprehended:
                    free.setdefault(each.id)
            bound |= {each.id for each in names if isinstance(each.ctx, ast.Store)}
    return list(free)


def _results(place: Place, rewrite: Rewrite) -> list[str]:
    """Names that the original leaves behind for what comes after, in order of appearance."""
    written = [name for node in rewrite.nodes for name in sorted(place.writes(node))]
    kept = [name for name in dict.fromkeys(written) if place.read_after(rewrite.nodes[-1], name)]
    if not kept:
        raise Unfit("no-result", "nothing that the lines compute is used afterwards")
    return kept


def _check_names(place: Place, rewrite: Rewrite) -> None:
    for line in rewrite.imports:
        for name in _bound_names(line):
            taken = place.module.bound_globally(name) and not _is_imported(place.module, line)
            if taken or place.is_local(name):
                raise Unfit("name-taken", f"`{name}` means something else here, and the rewrite needs `{line}`")


def _bound_names(line: str) -> list[str]:
    (statement,) = ast.parse(line).body
    assert isinstance(statement, ast.Import | ast.ImportFrom)
    return [(alias.asname or alias.name).partition(".")[0] for alias in statement.names]


def _is_imported(module: Module, line: str) -> bool:
    """Does the module import just this, under this name, at its top level?"""
    wanted = ast.dump(ast.parse(line).body[0])
    for statement in module.tree.body:
        if isinstance(statement, cst.SimpleStatementLine):
            for small in statement.body:
                if isinstance(small, cst.Import | cst.ImportFrom) and _has(module, small, wanted):
                    return True
    return False


def _has(module: Module, small: cst.Import | cst.ImportFrom, wanted: str) -> bool:
    (statement,) = ast.parse(module.code(small).strip()).body
    assert isinstance(statement, ast.Import | ast.ImportFrom)
    for alias in statement.names:
        if isinstance(statement, ast.Import):
            single: ast.stmt = ast.Import(names=[alias])
        else:
            single = ast.ImportFrom(module=statement.module, names=[alias], level=statement.level)
        if ast.dump(single) == wanted:
            return True
    return False


def _lines(module: Module, nodes: Sequence[cst.CSTNode]) -> tuple[int, int]:
    """First and last line of the nodes, counted from 0; decorators of a definition belong to it."""
    return module.span(nodes[0]).start.line - 1, module.span(nodes[-1]).end.line - 1


def _check_strings(module: Module, nodes: Sequence[cst.CSTNode]) -> None:
    """A string over several lines would change if it were indented."""
    for node in nodes:
        for each in walk(node):
            if isinstance(each, cst.SimpleString | cst.FormattedString):
                span = module.span(each)
                if span.start.line != span.end.line:
                    raise Unfit("multi-line-string", "a string over several lines cannot be indented")


def _start_of(module: Module, top: cst.CSTNode) -> int:
    """The line before which something can stand above a top-level statement: above its decorators and comments."""
    line = module.span(top).start.line - 1
    if isinstance(top, cst.FunctionDef | cst.ClassDef) and top.decorators:
        line = min(line, module.span(top.decorators[0]).start.line - 1)
    while line > 0 and module.lines[line - 1].lstrip().startswith("#"):
        line -= 1
    return line


def _after_imports(module: Module, text: str) -> Insertion:
    """Below the last import of the module's head; below its docstring where it has none."""
    after, blank = None, False
    for index, statement in enumerate(module.tree.body):
        if isinstance(statement, cst.FunctionDef | cst.ClassDef):
            break
        small = statement.body[0] if isinstance(statement, cst.SimpleStatementLine) else None
        docstring = index == 0 and isinstance(small, cst.Expr) and isinstance(small.value, cst.SimpleString)
        if docstring or isinstance(small, cst.Import | cst.ImportFrom):
            after, blank = statement, docstring
    if after is not None:
        return Insertion(module.span(after).end.line, f"\n{text}" if blank else text)
    line = module.span(module.tree.body[0]).start.line - 1 if module.tree.body else 0
    while line > 0 and module.lines[line - 1].lstrip().startswith("#") and not module.lines[0].startswith("#!"):
        line -= 1
    return Insertion(line, f"{text}\n")
