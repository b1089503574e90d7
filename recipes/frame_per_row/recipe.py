"""A DataFrame of one row for each prediction: an array of one row."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

import libcst as cst

from perftools.rewrite import frames
from perftools.rewrite.recipe import Decision, Example, Recipe, Refusal, Rewrite

if TYPE_CHECKING:
    from perftools.rewrite.place import Place

_PREDICTS = frozenset("predict predict_proba predict_log_proba decision_function score_samples transform".split())


def match(place: Place) -> Iterator[Rewrite | Refusal]:
    """`model.predict(pd.DataFrame([row])[features])`, also by way of a name that is used for nothing else."""
    for node, _ in place.expressions(cst.Call):
        assert isinstance(node, cst.Call)
        if place.qualified(node.func) != "pandas.DataFrame" or not node.args:
            continue
        listed = node.args[0].value
        if not isinstance(listed, cst.List) or len(listed.elements) != 1:
            continue
        whole: cst.BaseExpression = node
        columns: cst.BaseExpression | None = None
        above = place.module.parent(node)
        if isinstance(above, cst.Subscript) and above.value is node and len(above.slice) == 1:
            index = above.slice[0].slice
            whole, columns = above, index.value if isinstance(index, cst.Index) else None
        if not _is_predicted(place, whole):
            continue
        try:
            yield _rewrite(place, node, whole, listed.elements[0].value, columns)
        except frames.Unclear as unclear:
            yield unclear.refusal


def _rewrite(
    place: Place, node: cst.Call, whole: cst.BaseExpression, row: cst.BaseExpression, columns: cst.BaseExpression | None
) -> Rewrite:
    given = {each.keyword.value: each.value for each in node.args[1:] if each.keyword is not None}
    if len(given) != len(node.args) - 1 or not given.keys() <= {"columns"}:
        raise frames.Unclear(node, "options", "index and dtype make another frame")
    if isinstance(row, cst.List) and columns is None:
        values = f"[{place.code(row)}]"
    elif isinstance(row, cst.Dict) and columns is None and not given:
        if not all(isinstance(each, cst.DictElement) for each in row.elements):
            raise frames.Unclear(node, "row", "which values the row has is not written here")
        values = f"[[{', '.join(place.code(each.value) for each in row.elements)}]]"
    elif isinstance(row, cst.Name) and columns is not None and _is_list(columns) and not given:
        name = frames.names_in_function(place)("name") if place.function is not None else "name"
        values = f"[[{row.value}[{name}] for {name} in {place.code(columns)}]]"
    elif isinstance(row, cst.Name) and columns is None and not given and _is_dict(place, row.value):
        values = f"[list({row.value}.values())]"
    else:
        raise frames.Unclear(node, "row", "which values the row has, and in which order, is not written here")
    return Rewrite(
        nodes=(whole,),
        reason="an array of one row",
        replacement=f"np.array({values}, dtype=float)",
        imports=("import numpy as np",),
        decisions=_DECISIONS,
    )


def _is_predicted(place: Place, node: cst.CSTNode) -> bool:
    """Does a model get it, and nobody else?"""
    parent = place.module.parent(node)
    if isinstance(parent, cst.Arg):
        return _is_prediction(place, parent)
    if not isinstance(parent, cst.Assign) or len(parent.targets) != 1 or place.function is None:
        return False
    target = parent.targets[0].target
    if not isinstance(target, cst.Name) or not place.is_local(target.value):
        return False
    uses = [each for each in frames.uses_of(place, (place.function,), target.value) if each is not target]
    given = [place.module.parent(each) for each in uses]
    return bool(given) and all(isinstance(each, cst.Arg) and _is_prediction(place, each) for each in given)


def _is_prediction(place: Place, arg: cst.Arg) -> bool:
    call = place.module.parent(arg)
    method = call.func if isinstance(call, cst.Call) and len(call.args) == 1 else None
    return isinstance(method, cst.Attribute) and method.attr.value in _PREDICTS and arg.keyword is None


def _is_dict(place: Place, name: str) -> bool:
    kind = place.kind(name)
    return kind is not None and kind.name == "dict"


def _is_list(node: cst.BaseExpression) -> bool:
    if isinstance(node, cst.List):
        return all(frames.text_of(each.value) for each in node.elements)
    while isinstance(node, cst.Attribute):
        node = node.value
    return isinstance(node, cst.Name)


_DECISIONS = (
    Decision(
        "names",
        "Does the model look at the names of its columns (a ColumnTransformer, a check of feature names)?",
        "no: it takes numbers by their places, and no warning about names is wanted",
    ),
    Decision(
        "order",
        "Are the names in the order in which the model was trained?",
        "yes: the array has its columns in the order that is written here",
    ),
    Decision(
        "numbers",
        "Are all values numbers, and under each name one?",
        "yes: texts, categories and missing names raise; None becomes NaN, as it does in a frame",
    ),
)


RECIPE = Recipe(
    id="frame-per-row",
    title="A DataFrame of one row per prediction: an array of one row",
    level="assisted",
    rules=("pandas-hot-path",),
    function="price",
    match=match,
    tip="DataFrames per request",
    valid=(
        Example(code="import pandas as pd\n\n\ndef f(row):\n    return pd.DataFrame([row])\n"),
        Example(code="import pandas as pd\n\n\ndef f(model, rows):\n    return model.predict(pd.DataFrame(rows))\n"),
        Example(
            code="import pandas as pd\n\n\ndef f(model, row):\n    return model.predict(pd.DataFrame([row]))\n",
            refused="row",
        ),
        Example(
            code="""\
import pandas as pd


def f(model, row, names):
    return model.predict(pd.DataFrame([row], columns=names))
""",
            refused="row",
        ),
        Example(
            code="""\
import pandas as pd


def f(model, row, names):
    frame = pd.DataFrame([row])[names]
    frame["age"] = 2024 - frame["born"]
    return model.predict(frame)
""",
        ),
        Example(
            code="""\
import pandas as pd


def f(model, age, user):
    return model.predict(pd.DataFrame([{"age": age}], index=[user]))
""",
            refused="options",
        ),
        Example(code="def f(pd, model, row):\n    return model.predict(pd.DataFrame([[row.age]]))\n"),
    ),
    invalid=(
        Example(
            code="""\
import pandas as pd


class Service:
    def score(self, user, visits):
        # one at a time
        return self.model.predict_proba(pd.DataFrame([{"age": user.age, "visits": visits}]))[0, 1]
""",
            becomes="""\
import pandas as pd
import numpy as np


class Service:
    def score(self, user, visits):
        # one at a time
        return self.model.predict_proba(np.array([[user.age, visits]], dtype=float))[0, 1]
""",
        ),
        Example(
            code="""\
import pandas


def estimate(model, request):
    inputs = pandas.DataFrame([request])[["rooms", "area"]]
    return model.predict(inputs)[0]
""",
            becomes="""\
import pandas
import numpy as np


def estimate(model, request):
    inputs = np.array([[request[name] for name in ["rooms", "area"]]], dtype=float)
    return model.predict(inputs)[0]
""",
        ),
        Example(
            code="""\
import pandas as pd


def estimate(model, rooms, area):
    return model.predict(pd.DataFrame([[rooms, area]], columns=["rooms", "area"]))[0]
""",
            becomes="""\
import pandas as pd
import numpy as np


def estimate(model, rooms, area):
    return model.predict(np.array([[rooms, area]], dtype=float))[0]
""",
        ),
    ),
)
