"""Several workers, each with a thread for every CPU: one thread each."""

from __future__ import annotations

from perftools.rewrite.recipe import Recipe

RECIPE = Recipe(
    id="worker-threads",
    title="Workers that each start a thread for every CPU: one thread each",
    level="advice",
    rules=(
        "oversubscribed",
        "surplus-workers",
        "cpu-throttled",
    ),
    function="serve",
    tip="threads in several processes",
)
