"""A frame that grows by one concat after another: the parts collected, then one concat."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

import libcst as cst

from perftools.rewrite import frames
from perftools.rewrite.recipe import Example, Recipe, Refusal, Rewrite

if TYPE_CHECKING:
    from perftools.rewrite.place import Place

_KEPT = '''
def {kept}(part):
    """A part that nobody can change later, as concat copies it; raises what concat raises."""
    if type(part) is pd.DataFrame:
        return part.copy(deep=pd.__version__ < "3")  # from 3 on, whoever writes to one of the two copies it first
    pd.concat([pd.DataFrame(), part])
    return part
'''

_JOINED = '''
def {joined}(frame, parts):
    """What one concat after another gives: at once where all parts have the same columns and dtypes."""
    if all(type(part) is pd.DataFrame for part in parts):
        kinds = [(list(part.dtypes), list(part.columns)) for part in parts]
        if kinds and kinds.count(kinds[0]) == len(kinds):
            return pd.concat([frame, *parts], ignore_index=True)
    return functools.reduce(lambda grown, part: pd.concat([grown, part], ignore_index=True), parts, frame)
'''


def match(place: Place) -> Iterator[Rewrite | Refusal]:
    """`frame = pd.concat([frame, part], ignore_index=True)` in a loop that does nothing else with the frame."""
    for statement in place.statements():
        small = statement.body if isinstance(statement, cst.SimpleStatementLine) else ()
        for each in small:
            if isinstance(each, cst.Assign) and (frame := _grows(place, each)):
                loops = [around for around in _around(place, each) if isinstance(around, cst.For | cst.While)]
                if loops and place.is_local(frame):
                    try:
                        yield _rewrite(place, each, frame, loops)
                    except frames.Unclear as unclear:
                        yield unclear.refusal


def _grows(place: Place, statement: cst.Assign) -> str:
    """The name of a frame that this statement concatenates something to; "" for any other statement."""
    call, target = statement.value, statement.targets[0].target
    if len(statement.targets) != 1 or not isinstance(target, cst.Name) or not isinstance(call, cst.Call):
        return ""
    listed = call.args[0].value if call.args else None
    if place.qualified(call.func) != "pandas.concat" or not isinstance(listed, cst.List | cst.Tuple):
        return ""
    named = [each.value.value for each in listed.elements if isinstance(each.value, cst.Name)]
    return target.value if target.value in named else ""


def _rewrite(place: Place, statement: cst.Assign, frame: str, loops: list[cst.For | cst.While]) -> Rewrite:
    assert isinstance(statement.value, cst.Call)
    call = statement.value
    listed = call.args[0].value
    assert isinstance(listed, cst.List | cst.Tuple)
    first, *others = [each.value for each in listed.elements]
    if not isinstance(first, cst.Name) or first.value != frame or len(others) != 1:
        raise frames.Unclear(statement, "order", "more than one part, or one that goes before the frame")
    options = {each.keyword.value: place.code(each.value) for each in call.args[1:] if each.keyword is not None}
    if options != {"ignore_index": "True"} or len(call.args) != 2:
        raise frames.Unclear(statement, "options", "only `ignore_index=True` makes the order of the steps indifferent")
    if any(isinstance(around, cst.Try | cst.TryStar | cst.With) for around in _around(place, statement)):
        raise frames.Unclear(statement, "try", "an exception may be caught, and the frame used as far as it is")
    loop = next((each for each in reversed(loops) if len(list(frames.uses_of(place, [each], frame))) == 2), None)
    if loop is None:
        raise frames.Unclear(statement, "frame-in-loop", "the loop uses the frame as far as it is")
    fresh = frames.names_in_function(place)
    parts, joined = fresh("parts"), place.fresh("_joined")
    taken, helpers = place.code(others[0]), _JOINED.format(joined=joined)
    if not _is_new(place, others[0]):
        kept = place.fresh("_kept")
        taken, helpers = f"{kept}({taken})", f"{_KEPT.format(kept=kept)}\n{helpers}"
    text = frames.respelled(place, loop, {statement: f"{parts}.append({taken})"})
    return Rewrite(
        nodes=(loop,),
        reason="the parts collected, then one concat",
        replacement=f"{parts} = []\n{text}{frame} = {joined}({frame}, {parts})\n",
        imports=("import functools", "import pandas as pd"),
        module_level=helpers,
    )


def _is_new(place: Place, node: cst.BaseExpression) -> bool:
    """A frame that nobody else knows, and that shares no memory: made here of a display."""
    if not isinstance(node, cst.Call) or place.qualified(node.func) != "pandas.DataFrame" or not node.args:
        return False
    display = isinstance(node.args[0].value, cst.List | cst.Dict | cst.ListComp | cst.DictComp)
    return display and not any(each.keyword and each.keyword.value == "copy" for each in node.args)


def _around(place: Place, node: cst.CSTNode) -> Iterator[cst.CSTNode]:
    """What lies between a node and its function, the innermost first."""
    for around in place.module.ancestors(node):
        if isinstance(around, cst.FunctionDef | cst.Lambda | cst.ClassDef):
            return
        yield around


RECIPE = Recipe(
    id="concat-loop",
    title="A frame grown by concat in a loop: one concat at the end",
    level="auto",
    rules=("pandas-hot-path", "allocation-churn"),
    function="gathered",
    match=match,
    tip="DataFrames per request",
    valid=(
        Example(
            code="""\
import pandas as pd


def f(parts):
    return pd.concat([load(part) for part in parts], ignore_index=True)
""",
        ),
        Example(
            code="""\
import pandas as pd


def f(parts):
    frame = pd.DataFrame()
    for part in parts:
        frame = pd.concat([frame, part], ignore_index=True)
        print(len(frame))
    return frame
""",
            refused="frame-in-loop",
        ),
        Example(
            code="""\
import pandas as pd


def f(parts):
    frame = pd.DataFrame()
    for part in parts:
        frame = pd.concat([part, frame], ignore_index=True)
    return frame
""",
            refused="order",
        ),
        Example(
            code="""\
import pandas as pd


def f(parts):
    frame = pd.DataFrame()
    for part in parts:
        frame = pd.concat([frame, part])
    return frame
""",
            refused="options",
        ),
        Example(
            code="""\
import pandas as pd


def f(paths):
    frame = pd.DataFrame()
    try:
        for path in paths:
            frame = pd.concat([frame, pd.read_csv(path)], ignore_index=True)
    except OSError:
        pass
    return frame
""",
            refused="try",
        ),
        Example(
            code="""\
import pandas as pd


def f(frame, part):
    frame = pd.concat([frame, part], ignore_index=True)
    return frame
""",
        ),
        Example(
            code="""\
def f(pd, parts):
    frame = pd.DataFrame()
    for part in parts:
        frame = pd.concat([frame, part], ignore_index=True)
    return frame
""",
        ),
    ),
    invalid=(
        Example(
            code="""\
import pandas as pd


def events(sources):
    table = pd.DataFrame(columns=["time", "name"])
    for source in sources:
        # the oldest first
        for event in source.read():
            if event.name:
                table = pd.concat([table, pd.DataFrame([event.row])], ignore_index=True)
    return table.drop_duplicates()
""",
            becomes='''\
import pandas as pd
import functools


def _joined(frame, parts):
    """What one concat after another gives: at once where all parts have the same columns and dtypes."""
    if all(type(part) is pd.DataFrame for part in parts):
        kinds = [(list(part.dtypes), list(part.columns)) for part in parts]
        if kinds and kinds.count(kinds[0]) == len(kinds):
            return pd.concat([frame, *parts], ignore_index=True)
    return functools.reduce(lambda grown, part: pd.concat([grown, part], ignore_index=True), parts, frame)


def events(sources):
    table = pd.DataFrame(columns=["time", "name"])
    parts = []
    for source in sources:
        # the oldest first
        for event in source.read():
            if event.name:
                parts.append(pd.DataFrame([event.row]))
    table = _joined(table, parts)
    return table.drop_duplicates()
''',
        ),
        Example(
            code="""\
import pandas


def drain(queue, seen):
    while queue:
        seen = pandas.concat((seen, queue.pop()), ignore_index=True)
    return seen
""",
            becomes='''\
import pandas
import functools
import pandas as pd


def _kept(part):
    """A part that nobody can change later, as concat copies it; raises what concat raises."""
    if type(part) is pd.DataFrame:
        return part.copy(deep=pd.__version__ < "3")  # from 3 on, whoever writes to one of the two copies it first
    pd.concat([pd.DataFrame(), part])
    return part


def _joined(frame, parts):
    """What one concat after another gives: at once where all parts have the same columns and dtypes."""
    if all(type(part) is pd.DataFrame for part in parts):
        kinds = [(list(part.dtypes), list(part.columns)) for part in parts]
        if kinds and kinds.count(kinds[0]) == len(kinds):
            return pd.concat([frame, *parts], ignore_index=True)
    return functools.reduce(lambda grown, part: pd.concat([grown, part], ignore_index=True), parts, frame)


def drain(queue, seen):
    parts = []
    while queue:
        parts.append(_kept(queue.pop()))
    seen = _joined(seen, parts)
    return seen
''',
        ),
    ),
)
