"""What a recipe says of a function's loops: those of its form, rewritten for what their containers are."""

from __future__ import annotations

from collections.abc import Callable, Iterator

from perftools.rewrite.loops.emit import Emission, emit
from perftools.rewrite.loops.ir import Dim, Root, Value
from perftools.rewrite.loops.kinds import ARRAYS, RANK, Kind, assumed, of_type
from perftools.rewrite.loops.understood import NotUnderstood, Understood
from perftools.rewrite.place import Place
from perftools.rewrite.recipe import Refusal, Rewrite


def offers(
    place: Place, wanted: Callable[[Value], bool], reason: str, *, helper: str = ""
) -> Iterator[Rewrite | Refusal]:
    """A rewrite, or why there is none, for each loop whose only result is of the form wanted.

    Loops that are not understood at all are no recipe's: the engine names them once.
    """
    for found in place.loops():
        asked = place.line is None or _spans(found, place.line)
        if asked and isinstance(found, Understood) and found.result is not None and wanted(found.result):
            yield _offer(found, reason, helper)


def _offer(found: Understood, reason: str, helper: str) -> Rewrite | Refusal:
    """For what is known of the containers; where nothing is, for lists, and for arrays where lists do not pay."""
    refusal: Refusal | None = None
    for containers in ("lists", "arrays"):
        kinds = assumed(found, containers)
        emission = emit(found, kinds)
        if isinstance(emission, Emission):
            if other := _other(found, kinds, emission):
                return other
            rewrite = emission.rewrite(found, reason, helper=helper, variant=_variant(kinds))
            return rewrite._replace(sized=_sized(found))
        refusal = refusal or emission
    assert refusal is not None
    return refusal


def _other(found: Understood, kinds: dict[str, Kind], emission: Emission) -> Refusal | None:
    """Where what was seen of a container is known to fail the guards: such a fast path would never run."""
    for path, kind in kinds.items():
        known = found.place.kind(path)
        if known is None or RANK[kind] == 0:
            continue
        floats = f"_f8({path})" in emission.body or f"_f8x2({path})" in emission.body
        if kind in ARRAYS:
            fits = known.name == "ndarray" and (not known.dtype or of_type(known, RANK[kind]) is not None)
        else:
            fits = known.name == "list" and not (floats and known.items and of_type(known, RANK[kind]) is None)
        if not fits:
            return Refusal(found.loop, "other-types", f"`{path}` is {known}, which no fast path takes")
    return None


def _spans(found: Understood | NotUnderstood, line: int) -> bool:
    nodes = found.nodes if isinstance(found, Understood) else (found.loop,)
    module = found.place.module if isinstance(found, Understood) else None
    return module is not None and module.span(nodes[0]).start.line <= line <= module.span(nodes[-1]).end.line


def _sized(found: Understood) -> str:
    """What the outermost loop runs over."""
    count = found.spaces[found.loops[0]].count if found.loops else None
    return count.of.path if isinstance(count, Dim) and isinstance(count.of, Root) else ""


def _variant(kinds: dict[str, Kind]) -> str:
    """Of the timings: "arrays" where no list has to be converted in each call, else "lists"."""
    containers = [kind for kind in kinds.values() if RANK[kind] > 0]
    return "arrays" if all(kind in ARRAYS for kind in containers) else "lists"
