"""Full collections that walk over all that a service has loaded: freeze it."""

from __future__ import annotations

from perftools.rewrite.recipe import Recipe

RECIPE = Recipe(
    id="gc-freeze",
    title="Full collections walk over all that a service has loaded: freeze it",
    level="advice",
    rules=("gc-pause",),
    function="serve",
    tip="tune when GC runs",
)
