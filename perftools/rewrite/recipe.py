"""What a recipe is: all of ours that a recipe imports, but for `perftools.rewrite.loops` where it rewrites loops.

A recipe is a folder of `recipes/` (or of a third party's package, entry point group `perftools.recipes`):

    recipe.py      RECIPE = Recipe(...): what it answers, how it matches, its examples
    before.py      the slow form, runnable; defines the function that RECIPE.function names
    after.py       the fast form, the same function
    inputs.py      SIZES, VARIANTS, ordinary, HAZARDS, SAME: see `Inputs`
    README.md      the page for people
    timings.json   written by `perf recipes time`

The engine turns the folder into tests, timings and documentation: a recipe contains no test of its own.
"""

from __future__ import annotations

import importlib.util
import shutil
import subprocess
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Literal, NamedTuple, Protocol

if TYPE_CHECKING:
    import libcst as cst
    from hypothesis.strategies import SearchStrategy

    from perftools.rewrite.place import Place

Level = Literal["auto", "guarded", "assisted", "advice"]
"""auto: equivalent by documentation or exactly. guarded: a fast path behind cheap checks, the original as fallback.
assisted: a diff, and what the engineer has to decide. advice: no edit."""

Tolerance = Literal["exact", "sum"]
"""exact: equal in type, value and order. sum: floats within c·n·eps·Σ|terms|, everything else exact."""


class Guard(NamedTuple):
    """One clause that must hold for the fast path to run."""

    code: str
    """A Python expression over names of the function."""
    why: str
    """What would go wrong without it: a hazard's name, or words."""
    speed: bool = False
    """It only keeps the fast path away from sizes at which it is slower: no answer depends on it."""


class Fast(NamedTuple):
    """A fast path that the engine puts before the original, which stays as it is."""

    guards: tuple[Guard, ...]
    body: str
    """Statements. They leave the same names behind as the original, or return."""
    after: tuple[Guard, ...] = ()
    """Checks of what the body computed; where one fails, the original runs. Empty where the body returns."""
    may_raise: bool = False
    """What the body raises means: run the original. It is wrapped in try, and in np.errstate where it uses numpy."""


class Decision(NamedTuple):
    """What the engineer has to decide before an assisted rewrite is right."""

    id: str
    question: str
    preset: str
    """The answer that the diff assumes."""


class Rewrite(NamedTuple):
    """An edit: `nodes` are replaced, which are statements that follow one another in one block, or one expression.

    Of an expression, the fast path's body binds `result`, and the whole becomes a function that the place calls.
    """

    nodes: tuple[cst.CSTNode, ...]
    reason: str
    """One line: what it does, for the diff."""
    fast: Fast | None = None
    """Guarded: a fast path before the nodes."""
    replacement: str | None = None
    """Auto and assisted: the statements that take the nodes' place, "" to remove them."""
    imports: tuple[str, ...] = ()
    """"import numpy as np", "from itertools import chain": added where missing, under these very names."""
    module_level: str = ""
    """Statements to put at module level before the function (a constant, a helper)."""
    helper: str = ""
    """What that function should be called: "_top_k"."""
    variant: str = ""
    """Which of the recipe's timings stands for it."""
    sized: str = ""
    """The name whose length is the n of those timings; "": the longest of all that is worked on."""
    decisions: tuple[Decision, ...] = ()


class Refusal(NamedTuple):
    """Why something that looks like the recipe's pattern is left alone."""

    node: cst.CSTNode
    code: str
    """Stable, kebab-case: "carried-value", "iterator", "not-faster"."""
    reason: str


@dataclass(frozen=True, kw_only=True)
class Example:
    """A module's text before, and what the recipe makes of it."""

    code: str
    becomes: str | None = None
    """INVALID: the text after. VALID: None."""
    refused: str | None = None
    """VALID: the code of the refusal; None where the recipe has nothing to say."""
    facts: Mapping[str, str] = field(default_factory=dict)
    """What is known of names ("ndarray[f8, C]", "list[float]"); "score.rows" for the name in one function."""
    size: int | None = None


class Match(Protocol):
    """Finds a recipe's pattern in one function (or at module level)."""

    def __call__(self, place: Place) -> Iterable[Rewrite | Refusal]:
        """In the order of the source; nothing for what is not of its kind."""


@dataclass(frozen=True, kw_only=True)
class Recipe:
    """One recipe."""

    id: str
    """Kebab-case; its folder is the same in snake_case."""
    title: str
    level: Level
    rules: tuple[str, ...]
    """The rules whose findings it answers."""
    function: str
    """In before.py and after.py."""
    valid: tuple[Example, ...] = ()
    """What it must leave alone, at least five."""
    invalid: tuple[Example, ...] = ()
    """What it rewrites, and into what."""
    match: Match | None = None
    """None for advice."""
    tip: str = ""
    """Which well-known piece of advice on serving models in Python it stands for."""
    needs: tuple[str, ...] = ()
    """Modules and programs that its files use and perftools does not require: "orjson", "python3.13"."""

    @property
    def lacks(self) -> str:
        """The first of these that is not installed; "" where all are there."""
        return next((name for name in self.needs if not _is_there(name)), "")


def _is_there(name: str) -> bool:
    if name.startswith("python3."):
        path = shutil.which(name)  # which may be a shim that has nothing behind it
        return path is not None and subprocess.run([path, "-Ic", ""], capture_output=True, check=False).returncode == 0
    return importlib.util.find_spec(name) is not None


class Inputs(Protocol):
    """What a recipe's inputs.py defines."""

    SIZES: Sequence[int]
    """Three sizes for the timings, the losing one among them where there is one."""
    VARIANTS: Mapping[str, Callable[[int], tuple[Any, ...]]]
    """For each variant: arguments of the function at a size, ordinary and seeded; the first is the stock one."""
    ordinary: SearchStrategy[tuple[Any, ...]]
    """Arguments of every kind, hazards included."""
    HAZARDS: Mapping[str, Callable[[], Sequence[tuple[Any, ...]]]]
    """By name: arguments that break a careless rewrite, large enough for the fast path, one spot changed."""
    SAME: Tolerance
    # where needed: `terms` (TermsOf), and FACTS: {variant: {name: type}}, what is known when that variant is emitted;
    # CLOCK = "wall" where other processes do the work, whose CPU time cannot be seen: the time that passes is measured


class TermsOf(Protocol):
    """`terms` of inputs.py, where SAME is "sum"."""

    def __call__(self, *args: Any) -> tuple[int, float]:
        """How many terms the longest sum has at these arguments, and the largest Σ|terms| of any."""


class Stream:
    """Stands for an iterator among the arguments of inputs.py: each call gets a fresh one over the same items.

    How far it was consumed is compared as well.
    """

    def __init__(self, items: Iterable[Any]) -> None:
        self.items = list(items)

    def __repr__(self) -> str:
        return f"Stream({self.items!r})"
