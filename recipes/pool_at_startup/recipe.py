"""A process pool made for every request: one at the start."""

from __future__ import annotations

from perftools.rewrite.recipe import Recipe

RECIPE = Recipe(
    id="pool-at-startup",
    title="A process pool made in every request: one, made at the start",
    level="advice",
    rules=(
        "list-hot-path",
        "oversubscribed",
        "event-loop-blocked",
    ),
    function="norms",
    tip="the cost of multiprocessing",
)
