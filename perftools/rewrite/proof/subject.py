"""What is proved: the function of before.py, and the same function as a recipe rewrites it."""

from __future__ import annotations

import linecache
import textwrap
from collections.abc import Callable, Iterator, Sequence
from functools import cached_property
from itertools import count
from typing import Any, NamedTuple

from perftools.rewrite import edit
from perftools.rewrite.catalogue import Folder
from perftools.rewrite.compare import Called, call, difference, tolerance
from perftools.rewrite.kinds import kind
from perftools.rewrite.module import Module
from perftools.rewrite.place import Place
from perftools.rewrite.recipe import Fast, Guard, Refusal, Rewrite
from perftools.rewrite.rewriting import Known, places

_numbers = count(1)


class NoRewrite(Exception):
    """The recipe does not rewrite what it should."""


class Mutant(NamedTuple):
    """The rewrite with one of its guards taken out."""

    guard: Guard
    function: Callable[..., Any]
    bare: tuple[Callable[..., Any], Callable[..., Any]] | None = None
    """Where there is a net: the rewrite without the net, with this guard and without it."""


class Case(NamedTuple):
    """A call that a hazard's name stands for, and what the original does with it."""

    name: str
    args: tuple[Any, ...]
    before: Called
    bound: float


class Subject:
    """One variant of a recipe: before.py's function, its rewrite, and the arguments to try them with."""

    def __init__(self, folder: Folder, variant: str) -> None:
        """Raises NoRewrite where the recipe does not rewrite its own before.py."""
        self.folder = folder
        self.variant = variant
        self.name = folder.recipe.function
        self.hits = 0
        """Calls in which the fast path ran; whatever has no guard always runs."""
        text = folder.text("before.py")
        self.before = self._function(text, "before")
        if folder.recipe.match is None:
            self.after = self._function(folder.text("after.py"), "after")
            self.text = folder.text("after.py")
            self.rewrite: Rewrite | None = None
            return
        self._place, self.rewrite = self._match(text)
        self.text = edit.edited(self._place, self.rewrite)
        self.after = self._function(self._edited(self.rewrite, counting=True), "after")

    def mutants(self) -> Iterator[Mutant]:
        """One for each guard that an answer depends on, and for the net under what may raise."""
        rewrite = self.rewrite
        if rewrite is None or rewrite.fast is None:
            return
        fast = rewrite.fast
        bare = fast._replace(may_raise=False)
        netless = self._mutated(bare) if fast.may_raise else None
        for at, guard in enumerate(fast.guards):
            if not guard.speed:
                others = fast.guards[:at] + fast.guards[at + 1 :]
                both = (netless, self._mutated(bare._replace(guards=others))) if netless is not None else None
                yield Mutant(guard, self._mutated(fast._replace(guards=others)), both)
        for at, guard in enumerate(fast.after):
            yield Mutant(guard, self._mutated(fast._replace(after=fast.after[:at] + fast.after[at + 1 :])))
        if fast.may_raise:
            net = Guard("try", "what the fast path raises means: run the original")
            yield Mutant(net, self._mutated(fast._replace(may_raise=False)))

    def unlike(self, args: Sequence[Any], function: Callable[..., Any] | None = None) -> str:
        """What a caller would notice, in words; "" where nothing."""
        return self.unlike_case(self._case("", tuple(args)), function)

    def unlike_case(self, case: Case, function: Callable[..., Any] | None = None) -> str:
        """As `unlike`, of a case whose original was run before."""
        return difference(case.before, call(function or self.after, case.args), bound=case.bound)

    @cached_property
    def hazards(self) -> Sequence[Case]:
        inputs: Any = self.folder.inputs
        return [self._case(name, args) for name, make in inputs.HAZARDS.items() for args in make()]

    def _case(self, name: str, args: tuple[Any, ...]) -> Case:
        before = call(self.before, args)
        return Case(name, args, before, self._bound(args) if before.error is None else 0.0)

    def _bound(self, args: Sequence[Any]) -> float:
        inputs: Any = self.folder.inputs
        if inputs.SAME != "sum":
            return 0.0
        try:
            return tolerance(*inputs.terms(*args))
        except Exception:  # noqa: BLE001 (arguments that have no sum: compare exactly)
            return 0.0

    def _match(self, text: str) -> tuple[Place, Rewrite]:
        facts = getattr(self.folder.inputs, "FACTS", {}).get(self.variant, {})
        known = Known({name: kind(each) for name, each in facts.items()})
        match = self.folder.recipe.match
        assert match is not None
        refusals: list[Refusal] = []
        for place in places(Module(text), known=known):
            for found in match(place):
                if isinstance(found, Rewrite):
                    return place, found
                refusals.append(found)
        why = f": {refusals[0].code}, {refusals[0].reason}" if refusals else ""
        raise NoRewrite(f"before.py is not rewritten{f' for {self.variant}' if self.variant else ''}{why}")

    def _mutated(self, fast: Fast) -> Callable[..., Any]:
        assert self.rewrite is not None
        return self._function(self._edited(self.rewrite._replace(fast=fast), counting=False), "mutant")

    def _edited(self, rewrite: Rewrite, *, counting: bool) -> str:
        if rewrite.fast is not None and counting:
            rewrite = rewrite._replace(
                fast=rewrite.fast._replace(body=f"__hit__()\n{textwrap.dedent(rewrite.fast.body)}")
            )
        return edit.edited(self._place, rewrite)

    def _function(self, text: str, label: str) -> Callable[..., Any]:
        name = f"<{self.folder.id} {label} {next(_numbers)}>"
        linecache.cache[name] = (len(text), None, text.splitlines(keepends=True), name)
        namespace: dict[str, Any] = {"__name__": f"{self.folder.package}.{label}", "__hit__": self._hit}
        exec(compile(text, name, "exec"), namespace)  # noqa: S102 (a recipe of ours, or of a plugin that is installed)
        function: Callable[..., Any] = namespace[self.name]
        return function

    def _hit(self) -> None:
        self.hits += 1
