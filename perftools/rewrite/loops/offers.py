"""What a recipe says of a function's loops: those of its form, rewritten for what their containers are."""

from __future__ import annotations

from collections.abc import Callable, Iterator

from perftools.rewrite.loops.emit import Emission, emit
from perftools.rewrite.loops.ir import Value
from perftools.rewrite.loops.kinds import ARRAYS, RANK, Kind, assumed
from perftools.rewrite.loops.understood import Understood
from perftools.rewrite.place import Place
from perftools.rewrite.recipe import Refusal, Rewrite


def offers(
    place: Place, wanted: Callable[[Value], bool], reason: str, *, helper: str = ""
) -> Iterator[Rewrite | Refusal]:
    """A rewrite, or why there is none, for each loop whose only result is of the form wanted.

    Loops that are not understood at all are no recipe's: the engine names them once.
    """
    for found in place.loops():
        if isinstance(found, Understood) and found.result is not None and wanted(found.result):
            yield _offer(found, reason, helper)


def _offer(found: Understood, reason: str, helper: str) -> Rewrite | Refusal:
    """For what is known of the containers; where nothing is, for lists, and for arrays where lists do not pay."""
    refusal: Refusal | None = None
    for containers in ("lists", "arrays"):
        kinds = assumed(found, containers)
        emission = emit(found, kinds)
        if isinstance(emission, Emission):
            return emission.rewrite(found, reason, helper=helper, variant=_variant(kinds))
        refusal = refusal or emission
    assert refusal is not None
    return refusal


def _variant(kinds: dict[str, Kind]) -> str:
    """Of the timings: "arrays" where no list has to be converted in each call, else "lists"."""
    containers = [kind for kind in kinds.values() if RANK[kind] > 0]
    return "arrays" if all(kind in ARRAYS for kind in containers) else "lists"
