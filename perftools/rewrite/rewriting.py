"""Recipes applied to a file's text: what was taken, what was refused and why. Nothing is written here."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from typing import NamedTuple

import libcst as cst

from perftools.record import Type
from perftools.rewrite import edit
from perftools.rewrite.catalogue import Folder
from perftools.rewrite.edit import Plan, Unfit
from perftools.rewrite.loops.understood import NotUnderstood
from perftools.rewrite.module import Definition, Module
from perftools.rewrite.place import Place
from perftools.rewrite.recipe import Decision, Level, Recipe, Refusal, Rewrite
from perftools.rewrite.timings import Speedup, Timings, at_size, rows_of
from perftools.source.syntax import walk

LEVELS: tuple[Level, ...] = ("auto", "guarded", "assisted")
"""From the safest on; advice edits nothing."""
_MOST_PASSES = 5


class Known(NamedTuple):
    """What is known of a file's names, from an audit's facts or recorded calls."""

    facts: Mapping[str, Type] = {}
    size: int | None = None
    """How many elements the code works on, where no single container's length is asked for."""
    sizes: Mapping[str, tuple[int, ...]] = {}
    """Of containers, by nesting depth."""

    def size_for(self, sized: str) -> int | None:
        """The length of one container, or the size in general."""
        known = self.sizes.get(sized)
        return known[0] if known else self.size


class Taken(NamedTuple):
    """One edit."""

    recipe: str
    level: Level
    function: str
    line: int
    end_line: int
    reason: str
    decisions: tuple[Decision, ...]
    speedup: Speedup | None
    """At the observed size; None where the size is unknown or nothing was timed."""
    size: int | None
    rewrite: Rewrite


class Refused(NamedTuple):
    """One place that was left alone."""

    recipe: str
    function: str
    line: int
    code: str
    reason: str


class Outcome(NamedTuple):
    """What became of a file."""

    before: str
    after: str
    taken: tuple[Taken, ...]
    refused: tuple[Refused, ...]


TimingsOf = Callable[[Folder], Timings | None]


def rewrite(
    text: str,
    folders: Sequence[Folder],
    *,
    level: Level = "guarded",
    line: int | None = None,
    function: str = "",
    known: Known = Known(),  # noqa: B008 (immutable)
    timings_of: TimingsOf | None = None,
) -> Outcome:
    """Apply recipes to a module's text, up to a level; only to what spans the line, or is in the function, if given.

    `timings_of` decides what is fast enough to be offered; without it everything that matches is taken. Lines are those
    of the text given. Raises cst.ParserSyntaxError.
    """
    current, taken, refused = text, [], []
    for number in range(_MOST_PASSES):
        found = _Pass(Module(current), level, line if number == 0 else None, known, timings_of)
        found.function = function
        found.run(folders if number == 0 or line is None else ())
        if number == 0:
            refused = found.refused
        if not found.plans:
            break
        current = edit.carried_out(found.module, found.plans)
        taken += found.taken
        if line is not None:
            break  # lines have moved
    return Outcome(text, current, tuple(taken), tuple(refused))


def places(module: Module, *, line: int | None = None, known: Known = Known()) -> Iterator[Place]:  # noqa: B008
    """The functions of a module, or those around a line, innermost last; then the module level."""
    around: list[Definition | None] = [
        each for each in module.definitions if line is None or _spans(module, each.node, line)
    ]
    for definition in [*around, None]:
        yield Place(module, definition, facts=known.facts, line=line, size=known.size)


class _Offer(NamedTuple):
    """A rewrite that could be made."""

    folder: Folder
    rewrite: Rewrite
    line: int
    plan: Plan
    speedup: Speedup | None


class _Pass:
    """One look at the whole text."""

    def __init__(
        self, module: Module, level: Level, line: int | None, known: Known, timings_of: TimingsOf | None
    ) -> None:
        self.module = module
        self.plans: list[Plan] = []
        self.taken: list[Taken] = []
        self.refused: list[Refused] = []
        self.function = ""
        self._levels = LEVELS[: LEVELS.index(level) + 1]
        self._line = line
        self._known = known
        self._timings_of = timings_of

    def run(self, folders: Sequence[Folder]) -> None:
        """The safest rewrite of each place is taken; of those of one level the fastest."""
        for place in places(self.module, line=self._line, known=self._known):
            if self.function and self.function != place.name:
                continue
            offered: list[tuple[float, str, _Offer]] = []
            for folder in folders:
                if folder.recipe.match is None:
                    continue
                for found in folder.recipe.match(place):
                    offer = self._offer(place, folder, found)
                    if offer is not None:
                        speedup = offer.speedup.value if offer.speedup is not None else 0.0
                        offered.append((_rank(folder.recipe.level) - min(speedup, 1e6) / 1e7, folder.id, offer))
            for *_, offer in sorted(offered, key=lambda each: each[:2]):
                self._take(place, offer)
            if len(folders) > 1:
                self._note_loops(place)

    def _note_loops(self, place: Place) -> None:
        """Loops that are not understood are no single recipe's to refuse."""
        for found in place.loops():
            taken = any(plan.first < found.line <= plan.last + 1 for plan in self.plans)
            if isinstance(found, NotUnderstood) and not taken and not is_fallback(place, found.loop):
                self.refused.append(Refused("loops", place.name, place.line_of(found.node), found.code, found.reason))

    def _offer(self, place: Place, folder: Folder, found: Rewrite | Refusal) -> _Offer | None:
        if isinstance(found, Refusal):
            self._refuse(folder.recipe, place, place.line_of(found.node), found.code, found.reason)
            return None
        first = place.line_of(found.nodes[0])
        if is_fallback(place, found.nodes[0]):
            self._refuse(folder.recipe, place, first, "already-guarded", "the original behind a fast path")
            return None
        if folder.recipe.level not in self._levels:
            reason = f"an {folder.recipe.level} rewrite: --level {folder.recipe.level} shows it"
            self._refuse(folder.recipe, place, first, "level", reason)
            return None
        speedup, problem = self._profit(folder, found)
        if problem is None:
            try:
                return _Offer(folder, found, first, edit.plan(place, found), speedup)
            except Unfit as unfit:
                problem = unfit
        self._refuse(folder.recipe, place, first, problem.code, problem.reason)
        return None

    def _take(self, place: Place, offer: _Offer) -> None:
        plan, recipe = offer.plan, offer.folder.recipe
        if any(plan.first <= other.last and other.first <= plan.last for other in self.plans):
            self._refuse(recipe, place, offer.line, "overlap", "another recipe rewrites these lines")
            return
        self.plans.append(plan)
        self.taken.append(
            Taken(
                recipe=recipe.id,
                level=recipe.level,
                function=place.name,
                line=offer.line,
                end_line=plan.last + 1,
                reason=offer.rewrite.reason,
                decisions=offer.rewrite.decisions,
                speedup=offer.speedup,
                size=self._known.size_for(offer.rewrite.sized),
                rewrite=offer.rewrite,
            )
        )

    def _profit(self, folder: Folder, found: Rewrite) -> tuple[Speedup | None, Unfit | None]:
        """The speed-up at the observed size, and why the rewrite is not offered (None where it is)."""
        if self._timings_of is None:
            return None, None
        timings = self._timings_of(folder)
        rows = rows_of(timings, found.variant) if timings is not None else []
        if timings is None or not rows:
            return None, Unfit("not-timed", f"it was never timed: perf recipes time {folder.id}")
        size = self._known.size_for(found.sized)
        if size is not None:
            speedup = at_size(timings, found.variant, size)
            if speedup is None:
                return None, Unfit("not-timed", f"not timed near the observed size of {size}")
            if not speedup.faster:
                return None, Unfit("not-faster", f"{speedup.value:.2g}x at the observed size of {size}")
            return speedup, None
        guarded = found.fast is not None and any(guard.speed for guard in found.fast.guards)
        slow = next((row for row in rows if not row.faster), None)
        if guarded or slow is None:
            return None, None
        why = f"the size is unknown, and it is {slow.speedup:.2g}x at a size of {slow.n}: say --size"
        return None, Unfit("not-faster", why)

    def _refuse(self, recipe: Recipe, place: Place, line: int, code: str, reason: str) -> None:
        refused = Refused(recipe.id, place.name, line, code, reason)
        if refused not in self.refused:
            self.refused.append(refused)


def is_fallback(place: Place, node: cst.CSTNode) -> bool:
    """Does a fast path stand before this statement already? Then it is the original that was kept."""
    child = node
    for around in place.module.ancestors(node):
        if isinstance(around, cst.If) and _is_guard(place, around, child):
            return True
        if isinstance(around, cst.IndentedBlock | cst.Module) and _follows_guard(place, around.body, child):
            return True
        if isinstance(around, cst.FunctionDef):
            break
        child = around
    return False


def _is_guard(place: Place, branch: cst.If, child: cst.CSTNode) -> bool:
    if child is branch.orelse:
        return _checks_type(branch.test)
    return child is branch.body and place.code(branch.test).endswith("is NotImplemented")


def _follows_guard(place: Place, body: Iterable[cst.CSTNode], child: cst.CSTNode) -> bool:
    """Does `if GUARD: … return` precede it in its block?"""
    for statement in body:
        if statement is child:
            return False
        if isinstance(statement, cst.If) and statement.orelse is None:
            returns = any(isinstance(each, cst.Return) for each in walk(statement.body, scopes=False))
            held = place.code(statement.test).endswith("is not NotImplemented")
            if returns and (held or _checks_type(statement.test)):
                return True
    return False


def _checks_type(test: cst.BaseExpression) -> bool:
    """Is one of the conjuncts `type(x) is T`? Engineers write isinstance; the engine writes this."""
    if isinstance(test, cst.BooleanOperation) and isinstance(test.operator, cst.And):
        return _checks_type(test.left) or _checks_type(test.right)
    return (
        isinstance(test, cst.Comparison)
        and isinstance(test.left, cst.Call)
        and isinstance(test.left.func, cst.Name)
        and test.left.func.value == "type"
        and isinstance(test.comparisons[-1].operator, cst.Is)
    )


def _rank(level: Level) -> int:
    return LEVELS.index(level) if level in LEVELS else len(LEVELS)


def _spans(module: Module, node: cst.CSTNode, line: int) -> bool:
    span = module.span(node)
    return span.start.line <= line <= span.end.line
