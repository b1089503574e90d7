"""`x in list` in a loop: a set that is made once."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

import libcst as cst

from perftools.rewrite import loops
from perftools.rewrite.recipe import Example, Recipe, Refusal, Rewrite

if TYPE_CHECKING:
    from perftools.rewrite.place import Place


def match(place: Place) -> Iterator[Rewrite | Refusal]:
    """A loop that asks of each element whether it is in a list: what is not in it, what is, how many are."""
    hashed = _hashed(place)

    def wanted(value: loops.ir.Value) -> bool:
        if not loops.shapes.is_membership(value) or loops.shapes.is_any(value):
            return False
        boxes = [each.box for each in loops.ir.walk(value) if isinstance(each, loops.ir.Member)]
        return not any(isinstance(box, loops.ir.Root) and box.path in hashed for box in boxes)

    yield from loops.offers(place, wanted, "one set instead of a search for each element", helper="_members")


def _hashed(place: Place) -> frozenset[str]:
    """Names that are sets or dicts by what is written here: looking something up in them is fast already."""
    found: set[str] = set()
    for statement in (*place.every_statement(), *place.module.tree.body):
        for small in statement.body if isinstance(statement, cst.SimpleStatementLine) else ():
            if isinstance(small, cst.Assign) and _is_hashed(place, small.value):
                found |= place.writes(small)
    if place.function is not None:
        params = place.function.params
        for each in (*params.params, *params.kwonly_params, *params.posonly_params):
            text = place.code(each.annotation.annotation) if each.annotation is not None else ""
            if text.rpartition(".")[2].lower().startswith(_HASHED):
                found.add(each.name.value)
    return frozenset(found)


def _is_hashed(place: Place, value: cst.BaseExpression) -> bool:
    if isinstance(value, cst.Call):
        return place.qualified(value.func) in ("builtins.set", "builtins.frozenset", "builtins.dict")
    return isinstance(value, cst.Set | cst.SetComp | cst.Dict | cst.DictComp)


_HASHED = ("set", "frozenset", "dict", "abstractset", "mapping", "mutableset", "mutablemapping")

RECIPE = Recipe(
    id="membership-list",
    title="`x in list` in a loop: a set made once",
    level="guarded",
    rules=("list-hot-path", "gil-bound"),
    function="unseen",
    match=match,
    tip="lists against arrays",
    valid=(
        Example(
            code="""\
SEEN = frozenset(("a", "b"))


def f(ids):
    return [each for each in ids if each not in SEEN]
""",
        ),
        Example(
            code="""\
def f(ids, seen: set[int]):
    return [each for each in ids if each not in seen]
""",
        ),
        Example(
            code="""\
def f(ids, seen):
    known = set(seen)
    return [each for each in ids if each not in known]
""",
        ),
        Example(
            code="""\
def f(each, seen):
    return each in seen
""",
        ),
        Example(
            code="""\
def f(ids):
    kept = []
    for each in ids:
        if each not in kept:
            kept.append(each)
    return kept
""",
        ),
        Example(
            code="""\
def f(ids, seen):
    kept = []
    for each in ids:
        if each not in seen:
            kept.append(each)
            seen.append(each)
    return kept
""",
        ),
        Example(
            code="""\
def f(ids, seen):
    for each in ids:
        if each in seen:
            return each
    return None
""",
        ),
        Example(
            code="""\
def f(items, ids, wanted):
    return [item for i, item in enumerate(items) if ids[i] in wanted]
""",
            refused="expression",
        ),
        Example(
            code="""\
def f(items, seen):
    return [item for item in items if item.id not in seen]
""",
        ),
    ),
    invalid=(
        Example(
            code="""\
def liked(ids, likes):
    found = []
    for each in ids:
        if each not in likes:
            continue
        found.append(each)
    return found
""",
            becomes='''\
def _liked_fast(ids, likes):
    """The fast path of `liked`; NotImplemented where the original has to run."""
    if not (type(ids) is list and type(likes) is list and len(ids) * len(likes) >= 900):
        return NotImplemented
    try:
        if not set(map(type, ids)) | set(map(type, likes)) <= {int, float, str, bytes, bool}:
            raise TypeError("equality of other types is their own")
        known = set(likes)
        found = [item for item in ids if item in known]
    except Exception:
        return NotImplemented
    return found


def liked(ids, likes):
    _fast = _liked_fast(ids, likes)
    if _fast is NotImplemented:
        found = []
        for each in ids:
            if each not in likes:
                continue
            found.append(each)
    else:
        found = _fast
    return found
''',
        ),
        Example(
            code="""\
class Overlap:
    def share(self, other):
        common = 0
        for i in range(len(self.tags)):
            if self.tags[i] in other:
                common += 1
        return common / len(self.tags)
""",
            becomes='''\
def _share_fast(self, other):
    """The fast path of `share`; NotImplemented where the original has to run."""
    if not (type(self.tags) is list and type(other) is list and len(self.tags) * len(other) >= 900):
        return NotImplemented
    try:
        if not set(map(type, self.tags)) | set(map(type, other)) <= {int, float, str, bytes, bool}:
            raise TypeError("equality of other types is their own")
        known = set(other)
        common = sum(1 for item in self.tags if item in known)
    except Exception:
        return NotImplemented
    return common


class Overlap:
    def share(self, other):
        _fast = _share_fast(self, other)
        if _fast is NotImplemented:
            common = 0
            for i in range(len(self.tags)):
                if self.tags[i] in other:
                    common += 1
        else:
            common = _fast
        return common / len(self.tags)
''',
        ),
        Example(
            code="""\
BLOCKED = ["spam", "eggs"]


def blocked(words):
    return sum(1 for word in words if word in BLOCKED)  # with repetitions
""",
            becomes='''\
BLOCKED = ["spam", "eggs"]


def _members(words):
    """`sum(1 for word in words if word in BLOCKED)`, by a faster way where that gives the same."""
    if type(words) is list and type(BLOCKED) is list and len(words) * len(BLOCKED) >= 900:
        try:
            if not set(map(type, words)) | set(map(type, BLOCKED)) <= {int, float, str, bytes, bool}:
                raise TypeError("equality of other types is their own")
            known = set(BLOCKED)
            result = sum(1 for item in words if item in known)
        except Exception:
            pass
        else:
            return result
    return sum(1 for word in words if word in BLOCKED)


def blocked(words):
    return _members(words)  # with repetitions
''',
        ),
    ),
)
