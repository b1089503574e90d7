"""gc.collect() in a request: none, or between requests."""

from __future__ import annotations

from perftools.rewrite.recipe import Recipe

RECIPE = Recipe(
    id="gc-off-path",
    title="gc.collect() in every request: none, or between requests",
    level="advice",
    rules=("explicit-gc-collect", "gc-pause"),
    function="serve",
    tip="tune when GC runs",
)
