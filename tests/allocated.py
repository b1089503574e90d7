"""Scenes in which memray was let into a worker: what each line allocated."""

from __future__ import annotations

from typing import Any

from msgspec.structs import replace

from perftools.record import Allocations, AllocationSite, Audit
from tests.scene import COST, Call, Scene

MIB = 1 << 20
SPAN_S = 5.0
NUMPY = ("_mean", "/opt/venv/lib/python3.11/site-packages/numpy/core/_methods.py", "118")
PANDAS = ("DataFrame.copy", "/opt/venv/lib/python3.11/site-packages/pandas/core/frame.py", "6810")


class Heap:
    """Add what stacks allocated, then take the audit."""

    def __init__(self, scene: Scene) -> None:
        self._scene = scene
        self._sites: list[AllocationSite] = []
        self._kept: list[AllocationSite] = []

    def temporary(self, per_s: float, size_bytes: float, *calls: Call, grown: bool = False) -> None:
        """So many a second of that size, made and given back by a stack (root first)."""
        count = round(per_s * SPAN_S)
        size = round(count * size_bytes)
        large = size_bytes >= 128 << 10
        self._sites.append(
            AllocationSite(
                stack=self._scene._stack(calls), allocations=count, size_bytes=size, temporaries=count if large else 0,
                temporary_bytes=size if large else 0, grown_bytes=size if grown else 0,
            )
        )  # fmt: skip

    def kept(self, count: int, size_bytes: int, *calls: Call) -> None:
        """So many of that size, made by a stack and kept."""
        site = AllocationSite(stack=self._scene._stack(calls), allocations=count, size_bytes=count * size_bytes)
        self._sites.append(site)
        self._kept.append(site)

    def allocations(self, **changes: Any) -> Allocations:
        def total(name: str) -> int:
            return sum(getattr(site, name) for site in self._sites)

        built = Allocations(
            cost=COST, pid=1, tool="memray 1.20.0", span_s=SPAN_S, attach_stall_ms=120.0, detach_stall_ms=90.0,
            cpus=0.5, undisturbed_cpus=0.5, page_faults_per_s=1000.0, fault_us=1.5, allocations=total("allocations"),
            size_bytes=total("size_bytes"),
            temporaries=total("temporaries"), temporary_bytes=total("temporary_bytes"),
            peak_bytes=sum(site.size_bytes for site in self._kept), frames=tuple(self._scene.frames),
            stacks=tuple(self._scene.stacks),
            churn=tuple(sorted(self._sites, key=lambda site: -site.size_bytes)), peak=tuple(self._kept),
            kept=tuple(self._kept),
        )  # fmt: skip
        return replace(built, **changes)

    def audit(self, **changes: Any) -> Audit:
        audit = self._scene.audit()
        return replace(audit, observations=replace(audit.observations, allocations=self.allocations(**changes)))
