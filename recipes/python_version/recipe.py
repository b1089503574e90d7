"""The same pure Python code by an older and a newer interpreter."""

from __future__ import annotations

from perftools.rewrite.recipe import Recipe

RECIPE = Recipe(
    id="python-version",
    title="Pure Python code on an old interpreter: the same code on a newer one",
    level="advice",
    rules=(
        "list-hot-path",
        "gil-bound",
    ),
    function="score",
    tip="the Python version",
    needs=(
        "python3.9",
        "python3.13",
    ),
)
