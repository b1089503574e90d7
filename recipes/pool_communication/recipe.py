"""Rows sent to a process pool and back: array code in the process itself."""

from __future__ import annotations

from perftools.rewrite.recipe import Recipe

RECIPE = Recipe(
    id="pool-communication",
    title="Rows sent through a process pool: array code in the process itself",
    level="advice",
    rules=(
        "list-hot-path",
        "gil-bound",
        "event-loop-blocked",
    ),
    function="norms",
    tip="the cost of multiprocessing",
)
