"""A model called for each item: once for all of them."""

from __future__ import annotations

from perftools.rewrite.recipe import Recipe

RECIPE = Recipe(
    id="batch-requests",
    title="A model called for each item: once for all of them",
    level="advice",
    rules=(
        "list-hot-path",
        "gil-bound",
    ),
    function="predicted",
)
