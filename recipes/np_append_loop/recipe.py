"""An array grown by np.append in a loop: a list, turned into an array once."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING, NamedTuple

import libcst as cst

from perftools.rewrite.recipe import Example, Recipe, Refusal, Rewrite
from perftools.source.syntax import SCOPES, walk

if TYPE_CHECKING:
    from perftools.rewrite.place import Place

_STARTS = frozenset({"numpy.array", "numpy.empty", "numpy.zeros"})


class _Append(NamedTuple):
    """`name = np.append(name, item)` on a line of its own."""

    statement: cst.SimpleStatementLine
    name: str
    function: cst.BaseExpression
    item: cst.BaseExpression


def match(place: Place) -> Iterator[Rewrite | Refusal]:
    """Every outermost loop that grows an array which starts empty before it and that only the appends look at."""
    if place.function is None:
        return
    grown: dict[cst.CSTNode, list[_Append]] = {}
    for statement in place.statements():
        found = _append(place, statement)
        if found is None:
            continue
        if isinstance(found, Refusal):
            yield found
            continue
        loop = _loop(place, found)
        if isinstance(loop, cst.CSTNode):
            grown.setdefault(loop, []).append(found)
        elif loop is not None:
            yield loop
    for loop, appends in grown.items():
        yield _rewrite(place, loop, appends)


def _append(place: Place, statement: cst.CSTNode) -> _Append | Refusal | None:
    if not isinstance(statement, cst.SimpleStatementLine) or len(statement.body) != 1:
        return None
    assign = statement.body[0]
    if not isinstance(assign, cst.Assign) or not isinstance(assign.value, cst.Call):
        return None
    call = assign.value
    target = assign.targets[0].target
    if place.qualified(call.func) != "numpy.append" or not isinstance(target, cst.Name):
        return None
    first = call.args[0].value if call.args else None
    if not isinstance(first, cst.Name) or first.value != target.value:
        return None
    plain = len(call.args) == 2 and len(assign.targets) == 1
    if not plain or any(arg.keyword is not None or arg.star for arg in call.args):
        return Refusal(call, "axis", "rows or columns are appended: only flat appends of one item are understood")
    item = call.args[1].value
    if target.value in place.reads(item):
        return Refusal(call, "read-in-loop", f"what is appended is made of `{target.value}` itself")
    if isinstance(item, cst.Integer) or (
        isinstance(item, cst.Call) and place.qualified(item.func) in ("builtins.len", "builtins.int")
    ):
        return Refusal(call, "ints", "ints are appended one by one as before, so nothing would be gained")
    return _Append(statement, target.value, call.func, item)


def _loop(place: Place, append: _Append) -> cst.CSTNode | Refusal | None:
    """The outermost loop behind the empty start; None where the append is in no loop."""
    assert place.function is not None
    name, loops = append.name, []
    for around in place.module.ancestors(append.statement):
        if around is place.function:
            break
        if isinstance(around, cst.For | cst.While):
            loops.append(around)
    if not loops:
        return None
    loop = next((each for each in loops if _starts_empty(place, each, name)), None)
    if loop is None:
        return Refusal(loops[-1], "start", f"`{name}` is no empty float array right before the loop")
    if not place.is_local(name) or _nested(place.function, name):
        return Refusal(loop, "shared", f"`{name}` can be seen from outside of the function's own lines")
    allowed = {part for each in walk(loop) if _is_append(place, each, name) for part in walk(each)}
    if any(isinstance(each, cst.Name) and each.value == name and each not in allowed for each in walk(loop)):
        return Refusal(loop, "read-in-loop", f"`{name}` is looked at or bound otherwise before the loop is over")
    for around in place.module.ancestors(loop):
        if around is place.function:
            break
        if isinstance(around, cst.Try | cst.TryStar | cst.With) and place.read_after(loop, name):
            inside = isinstance(around, cst.With) and not place.read_after(around, name)
            if not inside:
                return Refusal(loop, "try", f"`{name}` may be read after an exception has ended the loop early")
    if any(_spans_lines(place, each) for each in walk(loop)):
        return Refusal(loop, "multi-line-string", "a string over several lines cannot be moved")
    return loop


def _is_append(place: Place, node: cst.CSTNode, name: str) -> bool:
    found = _append(place, node)
    return isinstance(found, _Append) and found.name == name


def _starts_empty(place: Place, loop: cst.CSTNode, name: str) -> bool:
    """Is the last that its block binds to the name before the loop an empty array of floats?"""
    block = place.module.parent(loop)
    body: Sequence[cst.CSTNode] = block.body if isinstance(block, cst.IndentedBlock) else ()
    for statement in reversed(body[: body.index(loop)] if loop in body else ()):
        if name in place.writes(statement):
            match statement:
                case cst.SimpleStatementLine(
                    body=[cst.Assign(targets=[cst.AssignTarget(target=cst.Name())], value=value)]
                ):
                    return _is_empty(place, value)
            return False
    return False


def _is_empty(place: Place, value: cst.BaseExpression) -> bool:
    if isinstance(value, cst.List):
        return not value.elements
    if not isinstance(value, cst.Call) or place.qualified(value.func) not in _STARTS or not value.args:
        return False
    first, *options = value.args
    for option in options:
        named = option.keyword is not None and option.keyword.value == "dtype"
        float64 = place.qualified(option.value) in ("builtins.float", "numpy.float64")
        if not (float64 and (named or option.keyword is None)):
            return False
    nothing = place.code(first.value).replace(" ", "") in ("[]", "()", "0", "(0,)", "[0]")
    array = place.qualified(value.func) == "numpy.array"
    empty = isinstance(first.value, cst.List | cst.Tuple) and not first.value.elements
    return first.keyword is None and len(options) <= 1 and nothing and empty == array


def _nested(function: cst.FunctionDef, name: str) -> bool:
    return any(
        isinstance(part, cst.Name) and part.value == name
        for each in walk(function.body)
        if isinstance(each, SCOPES)
        for part in walk(each)
    )


def _spans_lines(place: Place, node: cst.CSTNode) -> bool:
    if not isinstance(node, cst.SimpleString | cst.FormattedString):
        return False
    span = place.module.span(node)
    return span.start.line != span.end.line


def _rewrite(place: Place, loop: cst.CSTNode, appends: Sequence[_Append]) -> Rewrite:
    names = list(dict.fromkeys(each.name for each in appends))
    lists = {name: place.fresh(f"_{name}_items") for name in names}
    item = place.fresh("_item")
    text = place.code(appends[0].function)
    module = text.removesuffix(".append")
    imports = () if module != text else ("import numpy as np",)
    float64 = f"{module}.float64" if module != text else "np.float64"
    lines = [f"{lists[name]} = []" for name in names]
    swapped = {place.line_of(each.statement): each for each in appends}
    span = place.module.span(loop)
    outer = _depth(place, span.start.line)
    skip_to = 0
    for number in range(span.start.line, span.end.line + 1):
        if number < skip_to:
            continue
        line = place.module.lines[number - 1].rstrip("\r\n")
        indent = "    " * (_depth(place, number)[0] - outer[0]) + " " * _depth(place, number)[1]
        if number in swapped:
            append = swapped[number]
            comment = append.statement.trailing_whitespace.comment
            tail = f"  {comment.value}" if comment is not None else ""
            found = _appended(place, append, lists[append.name], item, float64, tail)
            lines += [indent + each for each in found]
            skip_to = place.module.span(append.statement).end.line + 1
        else:
            lines.append(indent + line.lstrip(" \t") if line.strip() else "")
    for name in names:
        lines += [f"if {lists[name]}:", f"    {name} = {text}({name}, {lists[name]})"]
    return Rewrite(
        nodes=(loop,),
        reason=f"{', '.join(names)}: collected in a list, one array at the end",
        replacement="\n".join(lines),
        imports=imports,
    )


def _appended(place: Place, append: _Append, items: str, item: str, float64: str, tail: str) -> Iterator[str]:
    """Floats are kept for later; what numpy makes of anything else depends on what was there before."""
    name, function = append.name, place.code(append.function)
    yield from f"{item} = {place.code(append.item)}{tail}".splitlines()
    yield f"if type({item}) in (float, {float64}):"
    yield f"    {items}.append({item})"
    yield "else:"
    yield f"    if {items}:"
    yield f"        {name} = {function}({name}, {items})"
    yield f"    {name}, {items} = {function}({name}, {item}), []"


def _depth(place: Place, number: int) -> tuple[int, int]:
    """How many levels a line is indented, and how many spaces more."""
    line = place.module.lines[number - 1]
    space = line[: len(line) - len(line.lstrip(" \t"))]
    unit = place.module.tree.default_indent
    levels = 0
    while space.startswith(unit):
        space, levels = space[len(unit) :], levels + 1
    return levels, len(space)


_HEAD = "import numpy as np\n\n\n"

RECIPE = Recipe(
    id="np-append-loop",
    title="An array grown in a loop: a list, turned into an array once",
    level="auto",
    rules=("list-hot-path", "gil-bound"),
    function="durations",
    match=match,
    valid=(
        Example(code=f"{_HEAD}def f(xs, ys):\n    return np.append(xs, ys)\n"),
        Example(
            code=f"{_HEAD}def f(rows):\n    found = np.empty((0, 3))\n    for row in rows:\n"
            "        found = np.append(found, [row], axis=0)\n    return found\n",
            refused="axis",
        ),
        Example(
            code=f"{_HEAD}def f(xs):\n    found = np.array([])\n    for x in xs:\n        found = np.append(found, x)\n"
            "        if len(found) > 10:\n            break\n    return found\n",
            refused="read-in-loop",
        ),
        Example(
            code=f"{_HEAD}def f(xs):\n    found = np.array([])\n    for x in xs:\n"
            "        found = np.append(found, found.sum() + x)\n    return found\n",
            refused="read-in-loop",
        ),
        Example(
            code=f"{_HEAD}def f(xs, found):\n    for x in xs:\n        found = np.append(found, x)\n    return found\n",
            refused="start",
        ),
        Example(
            code=f"{_HEAD}def f(xs):\n    found = np.array([], dtype=int)\n    for x in xs:\n"
            "        found = np.append(found, x)\n    return found\n",
            refused="start",
        ),
        Example(
            code=f"{_HEAD}def f(xs):\n    found = np.array([])\n    try:\n        found = np.array([])\n"
            "        for x in xs:\n            found = np.append(found, 1 / x)\n"
            "    except ZeroDivisionError:\n        pass\n    return found\n",
            refused="try",
        ),
        Example(
            code=f"{_HEAD}def f(xs):\n    found = np.array([])\n    show = lambda: print(found)\n    for x in xs:\n"
            "        found = np.append(found, x)\n        show()\n    return found\n",
            refused="shared",
        ),
        Example(
            code=f"{_HEAD}def f(xs):\n    found = np.array([])\n    for x in xs:\n"
            "        found = np.append(found, len(x))\n    return found\n",
            refused="ints",
        ),
        Example(
            code="def f(np, xs):\n    found = np.array([])\n    for x in xs:\n        found = np.append(found, x)\n"
            "    return found\n"
        ),
    ),
    invalid=(
        Example(
            code="""\
import numpy


def speeds(trips):
    kept, speeds = 0, numpy.empty(0)
    distances = numpy.array([])
    speeds = numpy.zeros(0)
    for trip in trips:
        # legs without a time are left out
        for leg in trip.legs:
            if not leg.hours:
                continue
            distances = numpy.append(distances, leg.km)
            speeds = numpy.append(
                speeds,
                leg.km / leg.hours,
            )  # km/h
            kept += 1
    return kept, distances, speeds
""",
            becomes="""\
import numpy


def speeds(trips):
    kept, speeds = 0, numpy.empty(0)
    distances = numpy.array([])
    speeds = numpy.zeros(0)
    _distances_items = []
    _speeds_items = []
    for trip in trips:
        # legs without a time are left out
        for leg in trip.legs:
            if not leg.hours:
                continue
            _item = leg.km
            if type(_item) in (float, numpy.float64):
                _distances_items.append(_item)
            else:
                if _distances_items:
                    distances = numpy.append(distances, _distances_items)
                distances, _distances_items = numpy.append(distances, _item), []
            _item = leg.km / leg.hours  # km/h
            if type(_item) in (float, numpy.float64):
                _speeds_items.append(_item)
            else:
                if _speeds_items:
                    speeds = numpy.append(speeds, _speeds_items)
                speeds, _speeds_items = numpy.append(speeds, _item), []
            kept += 1
    if _distances_items:
        distances = numpy.append(distances, _distances_items)
    if _speeds_items:
        speeds = numpy.append(speeds, _speeds_items)
    return kept, distances, speeds
""",
        ),
        Example(
            code="""\
from numpy import append


class Window:
\tdef values(self, stream):
\t\tout = []
\t\twhile True:
\t\t\tvalue = next(stream, None)
\t\t\tif value is None:
\t\t\t\tbreak
\t\t\tout = append(out, value)
\t\treturn out
""",
            becomes="""\
from numpy import append
import numpy as np


class Window:
\tdef values(self, stream):
\t\tout = []
\t\t_out_items = []
\t\twhile True:
\t\t\tvalue = next(stream, None)
\t\t\tif value is None:
\t\t\t\tbreak
\t\t\t_item = value
\t\t\tif type(_item) in (float, np.float64):
\t\t\t\t_out_items.append(_item)
\t\t\telse:
\t\t\t\tif _out_items:
\t\t\t\t\tout = append(out, _out_items)
\t\t\t\tout, _out_items = append(out, _item), []
\t\tif _out_items:
\t\t\tout = append(out, _out_items)
\t\treturn out
""",
        ),
    ),
)
