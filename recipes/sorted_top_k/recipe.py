"""The first few of a sorted list: a heap instead of a full sort."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, NamedTuple

import libcst as cst

from perftools.rewrite.recipe import Example, Fast, Guard, Recipe, Refusal, Rewrite
from perftools.source.syntax import walk

if TYPE_CHECKING:
    from perftools.rewrite.place import Place


class _Key(NamedTuple):
    """How two of the things sorted are compared."""

    total: str
    """An expression that adds up all keys; "{}" stands for the things."""
    key: str
    """The argument of nlargest, with its name; "" where the things themselves are compared."""
    itemgetter: bool


class _Things(NamedTuple):
    """What is sorted."""

    code: str
    guard: Guard
    size: str


def match(place: Place) -> Iterator[Rewrite | Refusal]:
    """`sorted(things, key=…, reverse=…)[:k]`."""
    for node, _ in place.expressions(cst.Subscript):
        assert isinstance(node, cst.Subscript)
        call = node.value
        if not isinstance(call, cst.Call) or not place.is_builtin(call.func, "sorted") or len(node.slice) != 1:
            continue
        cut = node.slice[0].slice
        if isinstance(cut, cst.Slice) and cut.upper is not None:
            yield _considered(place, node, call, cut)


def _considered(place: Place, node: cst.Subscript, call: cst.Call, cut: cst.Slice) -> Rewrite | Refusal:
    if cut.lower is not None or cut.step is not None:
        return Refusal(node, "slice", "only a slice from the start, without a step, takes the first few")
    if not isinstance(cut.upper, cst.Integer) and not (
        isinstance(cut.upper, cst.Name) and place.is_local(cut.upper.value)
    ):
        return Refusal(node, "expression", "how many are taken must be a number or a local name")
    named = {arg.keyword.value: arg.value for arg in call.args if arg.keyword is not None}
    if len(call.args) != 1 + len(named) or any(arg.star for arg in call.args) or named.keys() - {"key", "reverse"}:
        return Refusal(node, "arguments", "only key and reverse are understood")
    reverse = place.code(named["reverse"]) if "reverse" in named else "False"
    if reverse not in ("True", "False"):
        return Refusal(node, "arguments", "the order must be written out: reverse=True or False")
    source = next(arg.value for arg in call.args if arg.keyword is None)
    of_range = _indexed(place, source)
    if of_range is not None:
        things = _Things(
            f"range(len({of_range}))", Guard(f"type({of_range}) is list", "an array has keys of other types"), of_range
        )
        key = _index_key(place, named.get("key"), of_range)
    else:
        found = _things(place, source)
        if found is None:
            return Refusal(node, "expression", "what is sorted must be a local name, its items(), or range(len(name))")
        things, key = found, _key(place, named.get("key"))
    if key is None:
        return Refusal(node, "impure-key", "the key is more than a field of what is sorted: it may not run twice")
    return _rewrite(node, place.code(cut.upper), things, key, largest=reverse == "True")


def _things(place: Place, source: cst.BaseExpression) -> _Things | None:
    match source:
        case cst.Name(value=name) if place.is_local(name):
            return _Things(name, Guard(f"type({name}) is list", "an iterator would be used up"), name)
        case cst.Call(func=cst.Attribute(value=cst.Name(value=name), attr=cst.Name(value="items")), args=[]) if (
            place.is_local(name)
        ):
            return _Things(f"{name}.items()", Guard(f"type({name}) is dict", "items() of anything may do more"), name)
    return None


def _indexed(place: Place, source: cst.BaseExpression) -> str | None:
    """The name in `range(len(name))`."""
    match source:
        case cst.Call(
            func=ranged,
            args=[cst.Arg(keyword=None, value=cst.Call(func=length, args=[cst.Arg(value=cst.Name(value=name))]))],
        ) if place.is_builtin(ranged, "range") and place.is_builtin(length, "len") and place.is_local(name):
            return name
    return None


def _index_key(place: Place, key: cst.BaseExpression | None, name: str) -> _Key | None:
    """`name.__getitem__`, or a lambda that is the same."""
    match key:
        case cst.Attribute(value=cst.Name(value=found), attr=cst.Name(value="__getitem__")) if found == name:
            return _Key(f"sum({name})", f"{name}.__getitem__", itemgetter=False)
        case cst.Lambda(body=cst.Subscript(value=cst.Name(value=found), slice=[element])) if found == name:
            parameter = _parameter(key)
            if parameter not in (None, name) and place.code(element) == parameter:
                return _Key(f"sum({name})", f"{name}.__getitem__", itemgetter=False)
    return None


def _key(place: Place, key: cst.BaseExpression | None) -> _Key | None:
    """No key, or one field of a thing, or that field with a minus."""
    if key is None:
        return _Key("sum({})", "", itemgetter=False)
    match key:
        case cst.Call(func=function, args=[cst.Arg(keyword=None, star="", value=field)]) if place.qualified(
            function
        ) == "operator.itemgetter" and _is_constant(field):
            code = f"itemgetter({place.code(field)})"
            return _Key(f"sum(map({code}, {{}}))", code, itemgetter=True)
        case cst.Lambda(body=body):
            parameter = _parameter(key)
            negated = isinstance(body, cst.UnaryOperation) and isinstance(body.operator, cst.Minus)
            if negated:
                assert isinstance(body, cst.UnaryOperation)
                body = body.expression
            match body:
                case cst.Subscript(
                    value=cst.Name(value=found), slice=[cst.SubscriptElement(slice=cst.Index(value=field))]
                ) if found == parameter and _is_constant(field):
                    code = f"itemgetter({place.code(field)})"
                    return _Key(f"sum(map({code}, {{}}))", place.code(key) if negated else code, itemgetter=True)
    return None


def _parameter(function: cst.Lambda) -> str | None:
    params = function.params
    single = len(params.params) == 1 and params.params[0].default is None and not params.posonly_params
    plain = not params.kwonly_params and params.star_kwarg is None and not isinstance(params.star_arg, cst.Param)
    return params.params[0].name.value if single and plain else None


def _is_constant(node: cst.BaseExpression) -> bool:
    if isinstance(node, cst.UnaryOperation) and isinstance(node.operator, cst.Minus):
        return isinstance(node.expression, cst.Integer)
    return isinstance(node, cst.Integer | cst.SimpleString) and not any(isinstance(e, cst.Call) for e in walk(node))


def _rewrite(node: cst.CSTNode, k: str, things: _Things, key: _Key, *, largest: bool) -> Rewrite:
    function = "nlargest" if largest else "nsmallest"
    by = f", key={key.key}" if key.key else ""
    guards = [things.guard]
    if not k.isdigit():
        guards += [Guard(f"type({k}) is int", "other numbers, and None"), Guard(f"{k} >= 0", "counted from the end")]
    least = str(160 * int(k)) if k.isdigit() else f"160 * {k}"
    return Rewrite(
        nodes=(node,),
        reason=f"the first {k} without sorting the others",
        fast=Fast(
            guards=(*guards, Guard(f"len({things.size}) >= {least}", "slower below", speed=True)),
            body=f"""
                total = {key.total.format(things.code)}
                result = {function}({k}, {things.code}{by})
            """,
            after=(
                Guard("isinstance(total, (int, float))", "other keys may have no one order"),
                Guard("total == total", "NaN has no place in an order"),
            ),
            may_raise=True,
        ),
        imports=(f"from heapq import {function}", *(["from operator import itemgetter"] if key.itemgetter else [])),
        helper="_first",
    )


RECIPE = Recipe(
    id="sorted-top-k",
    title="The first few of a sorted list: a heap instead of a full sort",
    level="guarded",
    rules=("list-hot-path", "gil-bound"),
    function="best",
    match=match,
    valid=(
        Example(code="def f(xs):\n    return sorted(xs, reverse=True)\n"),
        Example(code="def f(xs):\n    return sorted(xs)[0]\n"),
        Example(code="def f(xs):\n    return sorted(xs)[1:10]\n", refused="slice"),
        Example(code="def f(xs, o):\n    return sorted(xs, reverse=o)[:10]\n", refused="arguments"),
        Example(code="def f(xs, n):\n    return sorted(xs)[:-n]\n", refused="expression"),
        Example(code="def f(g):\n    return sorted(g())[:10]\n", refused="expression"),
        Example(code="def f(xs, score):\n    return sorted(xs, key=score)[:10]\n", refused="impure-key"),
        Example(code="def f(xs):\n    return sorted(xs, key=lambda x: x.score)[:10]\n", refused="impure-key"),
        Example(code="def f(xs):\n    return sorted(xs, key=lambda x: next(x[0]))[:10]\n", refused="impure-key"),
        Example(code="def f(sorted, xs):\n    return sorted(xs)[:10]\n"),
        Example(code="from mine import *\n\n\ndef f(xs):\n    return sorted(xs)[:10]\n"),
    ),
    invalid=(
        Example(
            code="""\
def nearest(rows, n):
    return [
        row["id"]
        for row in sorted(rows, key=lambda row: row["distance"])[:n]  # by distance
    ]
""",
            becomes='''\
from heapq import nsmallest
from operator import itemgetter

def _first(rows, n):
    """`sorted(rows, key=lambda row: row["distance"])[:n]`, by a faster way where that gives the same."""
    if type(rows) is list and type(n) is int and n >= 0 and len(rows) >= 160 * n:
        try:
            total = sum(map(itemgetter("distance"), rows))
            result = nsmallest(n, rows, key=itemgetter("distance"))
        except Exception:
            pass
        else:
            if isinstance(total, (int, float)) and total == total:
                return result
    return sorted(rows, key=lambda row: row["distance"])[:n]


def nearest(rows, n):
    return [
        row["id"]
        for row in _first(rows, n)  # by distance
    ]
''',
        ),
        Example(
            code="""\
import operator


class Counter:
    def top(self, counts):
        return sorted(counts.items(), reverse=True, key=operator.itemgetter(1))[:10]
""",
            becomes='''\
import operator
from heapq import nlargest
from operator import itemgetter


def _first(counts):
    """`sorted(counts.items(), reverse=True, key=operator.itemgetter …`, by a faster way where that gives the same."""
    if type(counts) is dict and len(counts) >= 1600:
        try:
            total = sum(map(itemgetter(1), counts.items()))
            result = nlargest(10, counts.items(), key=itemgetter(1))
        except Exception:
            pass
        else:
            if isinstance(total, (int, float)) and total == total:
                return result
    return sorted(counts.items(), reverse=True, key=operator.itemgetter(1))[:10]


class Counter:
    def top(self, counts):
        return _first(counts)
''',
        ),
        Example(
            code="""\
def order(scores, k):
    first = sorted(range(len(scores)), key=lambda i: scores[i], reverse=True)[:k]
    last = sorted(scores)[:k]
    return first, last
""",
            becomes='''\
from heapq import nlargest
from heapq import nsmallest

def _first(scores, k):
    """`sorted(range(len(scores)), key=lambda i: scores[i], reverse= …`, by a faster way where that gives the same."""
    if type(scores) is list and type(k) is int and k >= 0 and len(scores) >= 160 * k:
        try:
            total = sum(scores)
            result = nlargest(k, range(len(scores)), key=scores.__getitem__)
        except Exception:
            pass
        else:
            if isinstance(total, (int, float)) and total == total:
                return result
    return sorted(range(len(scores)), key=lambda i: scores[i], reverse=True)[:k]


def _first_2(scores, k):
    """`sorted(scores)[:k]`, by a faster way where that gives the same."""
    if type(scores) is list and type(k) is int and k >= 0 and len(scores) >= 160 * k:
        try:
            total = sum(scores)
            result = nsmallest(k, scores)
        except Exception:
            pass
        else:
            if isinstance(total, (int, float)) and total == total:
                return result
    return sorted(scores)[:k]


def order(scores, k):
    first = _first(scores, k)
    last = _first_2(scores, k)
    return first, last
''',
        ),
    ),
)
