"""The same item encoded in every request: once for each version of the model."""

from __future__ import annotations

from perftools.rewrite.recipe import Recipe

RECIPE = Recipe(
    id="embedding-cache",
    title="The same items encoded in every request: once for each version of the model",
    level="advice",
    rules=(
        "list-hot-path",
        "gil-bound",
    ),
    function="scores",
)
