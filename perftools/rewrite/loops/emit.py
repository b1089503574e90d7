"""A region in closed form as a fast path: guards, statements, and what must be imported."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import NamedTuple

from perftools.rewrite.loops import membership, profit, results, shapes
from perftools.rewrite.loops.arrays import Emitter
from perftools.rewrite.loops.ir import Const, Dim, Root, Value
from perftools.rewrite.loops.kinds import FLOATS, LISTS, RANK, ROWS, Kind
from perftools.rewrite.loops.refusals import Unclear
from perftools.rewrite.loops.understood import Understood
from perftools.rewrite.recipe import Fast, Guard, Refusal, Rewrite


class Emission(NamedTuple):
    """A fast path for one region and one choice of kinds."""

    guards: tuple[Guard, ...]
    body: str
    imports: tuple[str, ...]
    module_level: str
    results: tuple[str, ...]
    """Names that the body binds; "result" for an expression, "return" where it returns."""
    after: tuple[Guard, ...] = ()
    may_raise: bool = True

    @property
    def fast(self) -> Fast:
        return Fast(self.guards, self.body, self.after, self.may_raise)

    def rewrite(self, understood: Understood, reason: str, *, helper: str = "", variant: str = "") -> Rewrite:
        """The edit that a recipe yields."""
        return Rewrite(
            nodes=understood.nodes, reason=reason, fast=self.fast, imports=self.imports,
            module_level=self.module_level, helper=helper, variant=variant,
        )  # fmt: skip


def emit(understood: Understood, kinds: Mapping[str, Kind]) -> Emission | Refusal:
    """The fast path for containers and scalars of these kinds, or why there is none."""
    try:
        return _emitted(understood, dict(kinds))
    except Unclear as problem:
        if problem.code == "mixed-types" and "real" in kinds.values():
            return emit(understood, {path: "float" if kind == "real" else kind for path, kind in kinds.items()})
        return Refusal(understood.loop, problem.code, problem.reason)


def _emitted(understood: Understood, kinds: dict[str, Kind]) -> Emission:
    if all(shapes.is_membership(value) for value in understood.results.values()):
        own, text = membership.fast_path(understood)
        return Emission(own, text, (), "", tuple(understood.results))
    _check_kinds(understood, kinds)
    emitter = Emitter(understood, kinds)
    texts = {name: results.result(emitter, value) for name, value in understood.results.items()}
    size = profit.size_guard(emitter)
    guards = [guard for path in understood.roots for guard in _kind_guards(path, kinds[path])]
    lengths, checks = _lengths(emitter)
    guards += [Guard(each, "lengths that differ") for each in lengths]
    guards += _least(emitter, size)
    body = [line for _, line in emitter.conversions.values()]
    body += [f'if {each.replace("==", "!=")}:\n    raise ValueError("lengths differ")' for each in checks]
    lines, texts = _inlined(emitter.lines, texts)
    body += lines
    again = {path.partition(".")[0] for path in understood.roots} & texts.keys()
    if again and len(texts) > 1:  # a name that is read and written: all at once
        body.append(f"{', '.join(texts)} = {', '.join(f'({text})' for text in texts.values())}")
    else:
        body += [f"return {text}" if name == "return" else f"{name} = {text}" for name, text in texts.items()]
    converted = {kinds[path] for path in emitter.conversions}
    helpers = [text for kind, text in (("list", FLOATS), ("rows", ROWS)) if kind in converted]
    imports = ["import numpy as np", *(["import marshal"] if helpers else [])]
    return Emission(
        guards=tuple(dict.fromkeys(guards)),
        body="\n".join(body),
        imports=tuple(sorted(imports)),
        module_level="\n\n".join(helpers),
        results=tuple(texts),
    )


def _inlined(lines: list[str], texts: dict[str, str]) -> tuple[list[str], dict[str, str]]:
    """A result that was given a name of its own and is used nowhere else needs none."""
    lines = list(lines)
    for result, text in texts.items():
        made = f"{text} = "
        users = sum(bool(re.search(rf"\b{re.escape(text)}\b", each)) for each in [*lines, *texts.values()])
        if text.isidentifier() and users == 2 and lines and lines[-1].startswith(made) and "\n" not in lines[-1]:
            texts = {**texts, result: lines.pop().removeprefix(made)}
            continue
        inside = re.fullmatch(r"(float|list)\((\w+)\)|(\w+)\.tolist\(\)", text)
        if inside is None:
            continue
        name = inside[2] or inside[3]
        if not lines or not lines[-1].startswith(f"{name} = ") or "\n" in lines[-1]:
            continue
        if sum(bool(re.search(rf"\b{name}\b", each)) for each in [*lines, *texts.values()]) == 2:
            value = lines.pop().removeprefix(f"{name} = ")
            simple = re.fullmatch(r"[\w.]+(\([^()]*\))?", value)
            whole = value if simple or inside[1] else f"({value})"
            texts = {**texts, result: f"{inside[1]}({value})" if inside[1] else f"{whole}.tolist()"}
    return lines, texts


def _check_kinds(understood: Understood, kinds: Mapping[str, Kind]) -> None:
    for path, need in understood.roots.items():
        kind = kinds.get(path)
        if kind is None or RANK[kind] < need.rank:
            raise Unclear(None, "kind", path, "known")
        if need.whole and kind != "int":
            raise Unclear(None, "loop-bound", path)
        if need.box:
            raise Unclear(None, "kind", path, "a container of numbers")
        if RANK[kind] > need.rank:
            raise Unclear(None, "row-as-value", path)
        if need.array and kind in LISTS:
            raise Unclear(None, "kind", path, "an array")
        if path in understood.sized and RANK[kind] != 1:
            raise Unclear(None, "kind", path, "one-dimensional")


def _kind_guards(path: str, kind: Kind) -> list[Guard]:
    match kind:
        case "list" | "rows":
            return [Guard(f"type({path}) is list", "tuples, iterators, subclasses, arrays")]
        case "vector" | "matrix":
            return [
                Guard(f"type({path}) is np.ndarray", "lists, subclasses"),
                Guard(f'{path}.dtype.char == "d"', "float32, integers, objects"),
                Guard(f"{path}.ndim == {RANK[kind]}", "other dimensions"),
            ]
        case "float":
            return [Guard(f"type({path}) is float", "ints, float32, None")]
        case "real":
            return [Guard(f"type({path}) in (float, np.float64)", "ints, float32, None")]
        case "int":
            return [Guard(f"type({path}) is int", "floats, bools"), Guard(f"abs({path}) < 2**40", "huge ints")]


def _lengths(emitter: Emitter) -> tuple[list[str], list[str]]:
    """Lengths that must be equal, as guards where they cost nothing, else as checks after the conversions."""
    guards: dict[str, None] = {}
    checks: dict[str, None] = {}
    for one, other in emitter.equal:
        a, b = emitter.count(one), emitter.count(other)
        if a == b:
            continue
        converted = any(_needs_conversion(emitter, each) for each in (one, other))
        (checks if converted else guards)[f"{a} == {b}"] = None
    return list(guards), list(checks)


def _needs_conversion(emitter: Emitter, value: Value) -> bool:
    return isinstance(value, Dim) and value.axis == 1 and emitter.kinds[value.of.path] in LISTS


def _least(emitter: Emitter, size: profit.Size | None) -> list[Guard]:
    """The size below which the loop is as fast, and the loops that must run at least once."""
    guards: list[Guard] = []
    for loop in emitter.least:
        count = emitter.understood.spaces[loop].count
        if size is not None and count == emitter.understood.spaces[size.loop].count:
            continue
        if _needs_conversion(emitter, count):
            continue  # a row of no elements is not converted
        if isinstance(count, Const):
            continue
        guards.append(Guard(f"{emitter.count(count)} > 0", "a loop that never runs leaves what was there before"))
    if size is not None:
        spaces = emitter.understood.spaces
        matters = any(spaces[loop].count == spaces[size.loop].count for loop in emitter.least)
        why = "empty: what was there before; and slower below" if matters else "slower below"
        guards.append(Guard(size.test, why, speed=not matters))
    return guards


_ = Root
