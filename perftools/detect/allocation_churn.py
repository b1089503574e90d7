"""allocation-churn: large temporaries made and thrown away again and again.

What it finds. A function of the service's that makes large arrays or frames which live only for a moment, at a cost
that is a noticeable part of the worker's CPU: the allocator has given their memory back to the kernel in between, and
each page of 4 KiB is handed out, cleared and touched for the first time again.

How. memray records every allocation of one worker for some seconds (`--memory`: it runs code in the target). Each is
charged to the user's line that caused it, by the same rules as samples of CPU. What is at least 128 KiB and is freed
within the span is a temporary; lines of one function are one cause. They are taken to cause the page faults that
the worker had in the window, before memray was in it: in proportion to their bytes, and at most one for each page. What
a fault costs is measured on the machine (1.4 µs on the virtual one where the limits were set, so that a GiB of fresh
pages costs 0.4 s). Temporaries beyond the caches cost the way to main memory too. The sum is no more than the samples
show for the function.

What it leaves alone. Temporaries whose memory is warm: malloc gives the same pages again, and then a new array costs
no more than one that is kept, at any size below 16 MiB (measured). Memory that is kept: `memory-growth` tells of that.
Objects of the interpreter up to 512 bytes, which come from its own pools and are not recorded.

What to do. Write into an array that is kept (`out=`), use operators in place, or work in chunks that fit the cache. For
frames: take the values out once, and compute on arrays. Or have malloc keep its memory.

Limits: `low`, `medium`, `high`: estimated share of the worker's CPU for each severity; `mib_per_s`: less than that is
no churn; `fewest`: temporaries that make a habit; `cache_mib`: mean size from which they are beyond the caches;
`traffic_s_per_gib`: what that costs for a GiB. `python -m perftools_benchmarks memory-attach --part churn` measures the
last two.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterator, Mapping, Sequence
from functools import cached_property
from typing import Literal

from perftools.causes import Evidence, where_of
from perftools.causes.allocated import Allocated, by_line
from perftools.detect.judging import SHARES, UNASKED, entry_of, fingerprint, idle, severity
from perftools.finding import Estimate, Finding, Measure, Ok, Where
from perftools.hot import Frame
from perftools.record import Allocations, Missing

id = "allocation-churn"
limits: Mapping[str, float] = {
    **SHARES, "mib_per_s": 50.0, "fewest": 20, "cache_mib": 16.0, "traffic_s_per_gib": 0.03,
}  # fmt: skip

Kind = Literal["pandas", "growing", "looped", "arrays"]
_MIB, _GIB, _PAGE = 1 << 20, 1 << 30, 4096
_MOSTLY = 0.5
"""Part of the bytes that decides the advice."""
_TOLD = 0.1
"""Part from which a library is named."""
_LINES = 4


class Churn:
    """The temporaries of one function."""

    def __init__(self, lines: Sequence[Allocated], seen: Allocations, limits: Mapping[str, float]) -> None:
        self.lines = sorted(lines, key=lambda line: -line.temporary_bytes)
        self._seen = seen
        self.temporaries = sum(line.temporaries for line in lines)
        self.temporary_bytes = sum(line.temporary_bytes for line in lines)
        self.per_s = self.temporary_bytes / seen.span_s
        self.mean_bytes = self.temporary_bytes / max(self.temporaries, 1)
        part = self.temporary_bytes / max(seen.temporary_bytes, 1)
        self.faults_per_s = min(seen.page_faults_per_s * part, self.per_s / _PAGE)
        beyond = self.mean_bytes >= limits["cache_mib"] * _MIB
        self.traffic_cores = self.per_s / _GIB * limits["traffic_s_per_gib"] if beyond else 0.0
        self.fault_cores = self.faults_per_s * seen.fault_us / 1e6
        self.share = min(1.0, _part(self.fault_cores, seen.undisturbed_cpus) + _part(self.traffic_cores, seen.cpus))
        """Of the worker's CPU."""

    @property
    def frame(self) -> Frame:
        """The line with most of them."""
        frame = self.lines[0].frame
        assert frame is not None
        return frame

    @cached_property
    def packages(self) -> Counter[str]:
        """Bytes by the library that they were made in, "" for none."""
        return sum((line.packages for line in self.lines), Counter[str]())

    @cached_property
    def kind(self) -> Kind:
        """What the advice is for."""
        total = sum(line.size_bytes for line in self.lines)
        if self.packages["pandas"] >= _MOSTLY * total:
            return "pandas"
        if sum(line.grown_bytes for line in self.lines) >= _MOSTLY * total:
            return "growing"
        return "looped" if sum(line.looped_bytes for line in self.lines) >= _MOSTLY * total else "arrays"


def _part(cores: float, of: float) -> float:
    return cores / of if of > 0 else 0.0


def detect(evidence: Evidence, limits: Mapping[str, float] = limits) -> Sequence[Finding] | Ok | Missing:
    """A finding for each function; Ok where temporaries are few, or cost little."""
    seen = evidence.audit.observations.allocations
    if isinstance(seen, Missing):
        return _not_checked(seen)
    if (missing := idle(evidence)) is not None:
        return missing
    found = [_finding(churn, seen, evidence, limits) for churn in churns(seen, evidence, limits)]
    findings = [finding for finding in found if finding is not None]
    if findings:
        return sorted(findings, key=lambda finding: -finding.rank)
    return Ok(
        rule=id,
        says=f"{seen.temporary_bytes / _MIB / seen.span_s:.0f} MiB/s of large temporaries in worker {seen.pid}, with "
        f"{seen.page_faults_per_s:.0f} page faults/s",
    )


def churns(seen: Allocations, evidence: Evidence, limits: Mapping[str, float]) -> list[Churn]:
    """Functions with enough large temporaries to be weighed, most bytes first."""
    functions: dict[tuple[str, str], list[Allocated]] = defaultdict(list)
    for line in by_line(seen.churn, evidence.allocation_charges):
        if line.frame is not None and line.temporaries:
            where = where_of(line.frame, evidence.code)
            functions[where.file, where.function].append(line)
    found = [Churn(lines, seen, limits) for lines in functions.values()]
    least = limits["mib_per_s"] * _MIB
    enough = [each for each in found if each.per_s >= least and each.temporaries >= limits["fewest"]]
    return sorted(enough, key=lambda each: -each.temporary_bytes)


def _not_checked(missing: Missing) -> Missing:
    if missing.code == "E-ABSENT":
        return Missing(
            code=UNASKED, reason="allocations were not recorded", remedy="add --memory (runs code in the target)"
        )
    return Missing(code=missing.code, reason=f"allocations: {missing.reason}", remedy=missing.remedy)


def _finding(churn: Churn, seen: Allocations, evidence: Evidence, limits: Mapping[str, float]) -> Finding | None:
    where = where_of(churn.frame, evidence.code)
    sampled = _sampled(where, seen.pid, evidence)
    share = churn.share if sampled is None else min(churn.share, sampled.high)
    found = severity(share, limits)
    if found is None:
        return None
    routes = sum((line.routes for line in churn.lines), Counter[Frame]())
    rate = f"{churn.per_s / _MIB:.0f} MiB/s of large temporaries"
    return Finding(
        rule=id,
        severity=found,
        title=f"{rate}, about {100 * share:.0f} % of the CPU of worker {seen.pid}",
        where=where,
        share=None,
        evidence=tuple(_rows(churn, seen, sampled)),
        facts=(),
        heat=tuple(
            (line.frame.line, line.temporary_bytes / churn.temporary_bytes)
            for line in churn.lines[:_LINES]
            if line.frame is not None
        ),
        why=_why(churn),
        todo=_todo(churn),
        fingerprint=fingerprint(id, where, evidence.code),
        entry=entry_of(routes, where, evidence.code),
        rank=share,
    )


def _rows(churn: Churn, seen: Allocations, sampled: Estimate | None) -> Iterator[Measure | str]:
    n = churn.temporaries
    yield _counted("temporaries", n / seen.span_s, "a second", n)
    yield _counted("mean size", churn.mean_bytes / _MIB, "MiB", n)
    yield _counted("of all that the worker allocated", 100 * churn.temporary_bytes / max(seen.size_bytes, 1), "%", n)
    yield _counted("page faults of the worker in the window", seen.page_faults_per_s, "a second", 1)
    yield _counted("CPU for a page fault, measured here", seen.fault_us, "µs", 1)
    if sampled is not None:
        yield Measure(label="samples that pass through the function", estimate=sampled)
    total = sum(churn.packages.values())
    inside = [name for name, size in churn.packages.most_common(3) if name and size >= _TOLD * total]
    if inside:
        yield f"made inside {', '.join(inside)}"
    yield f"by {seen.tool} over {seen.span_s:.1f} s"


def _counted(label: str, value: float, unit: str, n: int) -> Measure:
    return Measure(label=label, estimate=Estimate(value=value, low=value, high=value, unit=unit, n=n, counted=True))


def _sampled(where: Where, pid: int, evidence: Evidence) -> Estimate | None:
    """The share of the worker's samples that pass through the function; None without samples of the worker."""
    profile = evidence.profile
    if profile is None or pid not in profile.pids:
        return None
    name = where.function.rpartition(".")[2]
    members = [
        index
        for index, stack in enumerate(profile.stacks)
        if any(frame.file == where.file and (frame.name == name or frame.name.startswith("<")) for frame in stack)
    ]
    return profile.estimate(members, pid)


def _why(churn: Churn) -> str:
    why = {
        "pandas": "Most pandas operations copy: each makes frames that live until the next one.",
        "growing": "Something grows piece by piece, and is moved into larger memory again and again.",
        "looped": "Each pass of the loop makes new arrays and throws those of the last one away.",
        "arrays": "Each step makes a whole new array; the next one reads it, and it is thrown away.",
    }[churn.kind]
    if churn.fault_cores > 0:
        why += (
            f" Its memory went back to the kernel in between, which clears each page before it gives it out again: "
            f"{churn.faults_per_s:.0f} page faults a second take {100 * churn.fault_cores:.0f} % of a core."
        )
    if churn.traffic_cores > 0:
        why += " Arrays of that size are beyond the caches: they are written to main memory and read from it."
    return why


def _todo(churn: Churn) -> str:
    line = churn.frame.line
    advice = {
        "pandas": "Take the columns out once with to_numpy() and compute on arrays; where frames stay, select columns "
        "before rows, and chain fewer operations.",
        "growing": f"Make it in its full size once before line {line} fills it, or collect the pieces and join them "
        "once.",
        "looped": f"Make the arrays of line {line} once, before the loop, and write into them: out=, += and np.copyto.",
        "arrays": f"Keep an array for each thread, and let line {line} write into it: out= of numpy's functions, "
        "operators in place (+=, *=). With many steps, go through the rows in chunks of about 256 KiB, which stay in "
        "the cache from step to step.",
    }[churn.kind]
    if churn.fault_cores > churn.traffic_cores and churn.mean_bytes < 32 * _MIB:  # beyond, malloc(3) always maps anew
        advice += (
            " Without a change of the code: MALLOC_MMAP_THRESHOLD_=33554432 and MALLOC_TRIM_THRESHOLD_=1073741824 in "
            "the service's environment have glibc keep freed memory, at the price of a higher RSS."
        )
    return advice
