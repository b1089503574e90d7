"""Every line traced to find the slow one: sampled."""

from __future__ import annotations

from perftools.rewrite.recipe import Recipe

RECIPE = Recipe(
    id="line-profile",
    title="Every line traced to find the slow one: sampled",
    level="advice",
    rules=(
        "list-hot-path",
        "pandas-hot-path",
    ),
    function="hottest",
    tip="line profiles",
)
