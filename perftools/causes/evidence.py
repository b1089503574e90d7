"""What the rules judge: an Audit, and what follows from it once for all of them."""

from __future__ import annotations

from functools import cached_property

from perftools.causes.allocated import charges
from perftools.causes.charge import Charge, charge
from perftools.causes.code import Code
from perftools.causes.groups import LibraryGroup, LoopGroup, gather
from perftools.causes.triggers import Trigger, triggers
from perftools.hot import Profile, profile, without_collections
from perftools.record import Audit, Gc, Missing, Values


class Evidence:
    """An Audit with its profile and charges, each computed when a rule first asks for it."""

    def __init__(self, audit: Audit) -> None:
        self.audit = audit

    @property
    def values(self) -> Values | Missing:
        """What the walks saw."""
        return self.audit.observations.values

    @cached_property
    def code(self) -> Code:
        """The sources, by file and line."""
        return Code(self.audit.sources, self.audit.observations.values)

    @property
    def gc(self) -> Gc | Missing:
        """Garbage collections."""
        return self.audit.observations.gc

    @cached_property
    def profile(self) -> Profile | None:
        """CPU seconds by stack, collections apart from the lines they began in; None where no stacks could be had."""
        samples = self.audit.observations.samples
        if isinstance(samples, Missing):
            return None
        seen = profile(
            samples, self.audit.observations.threads, self.audit.target.user_paths, waits_at=self.code.waits_at
        )
        return seen if isinstance(self.gc, Missing) else without_collections(seen, self.gc)

    @cached_property
    def charges(self) -> tuple[Charge | None, ...]:
        """What each stack of the profile is charged to; None for those that are not busy."""
        if self.profile is None:
            return ()
        return tuple(
            charge(stack, self.code) if weight > 0 else None
            for stack, weight in zip(self.profile.stacks, self.profile.weight, strict=True)
        )

    @cached_property
    def triggers(self) -> tuple[Trigger, ...]:
        """Where collections began, for each stack of `gc`."""
        return () if isinstance(self.gc, Missing) else triggers(self.gc, self.code, self.audit.target.user_paths)

    @cached_property
    def allocation_charges(self) -> tuple[Charge, ...]:
        """What each stack of `allocations` is charged to."""
        seen = self.audit.observations.allocations
        return () if isinstance(seen, Missing) else charges(seen, self.code, self.audit.target.user_paths)

    @cached_property
    def _groups(self) -> tuple[list[LoopGroup], list[LibraryGroup]]:
        return gather(self.profile, self.charges, self.code) if self.profile is not None else ([], [])

    @property
    def loops(self) -> list[LoopGroup]:
        """Loops by weight."""
        return self._groups[0]

    @property
    def libraries(self) -> list[LibraryGroup]:
        """Library uses by function and package, by weight."""
        return self._groups[1]
