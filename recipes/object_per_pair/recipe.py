"""An object for each pair of user and item: columns."""

from __future__ import annotations

from perftools.rewrite.recipe import Recipe

RECIPE = Recipe(
    id="object-per-pair",
    title="An object for each pair that is scored: columns",
    level="advice",
    rules=("list-hot-path", "gil-bound", "gc-pause"),
    function="best",
    tip="classes against dicts",
)
