"""Allocations of the busiest worker, recorded by memray after the window: what was asked for, said, done and measured.

After the window, not in it: a worker is slower while memray is in it (`benchmarks/memory_attach`), and nothing else
that an audit tells must be told of a worker in that state.
"""

from __future__ import annotations

import time
from collections import defaultdict
from collections.abc import Callable, Mapping
from typing import NamedTuple

from perftools.collect.allocations import faults, reading
from perftools.collect.allocations.faults import Usage
from perftools.collect.allocations.keeper import SPARE_S
from perftools.collect.allocations.orders import Report, Summary
from perftools.collect.allocations.preflight import Plan, plan
from perftools.collect.allocations.visit import Visit
from perftools.collect.interrupts import Interrupts
from perftools.record import Allocations, Cost, Missing, Observations, Process, Quality, Target, Threads
from perftools.target import redact
from perftools.target.proc import HOST

LONG_S = 20.0
"""An errand that takes longer is told of, and not ended."""
_STEP_S = 0.05

Tell = Callable[[str], None]


def foretell(target: Target, tell: Tell) -> Mapping[int, Usage]:
    """Say already before the window what stands in the way of memray. Touches nothing.

    And what each worker has used up to now: `after_window` tells from it what they used while memray was not in them.
    """
    found = planned(target)
    if isinstance(found, Missing):
        tell(f"{_impossible(found)} It is tried again after the window.")
    return {worker.pid: used for worker in target.workers if (used := faults.usage(worker.pid)) is not None}


def _impossible(why: Missing) -> str:
    return f"--memory is not possible now: {why.reason}{f' ({why.remedy})' if why.remedy else ''}."


def planned(target: Target) -> Plan | Missing:
    """How memray could be let into the worker that is busiest up to now, or why not. Touches nothing."""
    return plan(busiest(target, Missing(code="E-ABSENT", reason="nothing was recorded yet")))


def after_window(
    target: Target,
    seen: Observations,
    quality: Quality,
    tell: Tell,
    *,
    span_s: float,
    before: Mapping[int, Usage],
) -> Allocations | Missing:
    """As `record`, where the window left a worker at work; else why not."""
    if quality.ended == "gone":
        return Missing(code="E-GONE", reason="the service ended in the window")
    if quality.ended == "interrupted":
        return Missing(code="E-ASKED", reason="the window was ended by Ctrl-C, and memray was not let in")
    if not quality.loaded:
        return Missing(
            code="E-IDLE",
            reason="idle: memray gets in when the worker allocates memory, and would see nothing",
            remedy="send it requests",
        )
    found = record(target, seen, tell, span_s=span_s, before=before)
    if isinstance(found, Missing):
        tell(f"--memory: {found.reason}")
    return found


def record(
    target: Target, seen: Observations, tell: Tell, *, span_s: float, before: Mapping[int, Usage]
) -> Allocations | Missing:
    """Let memray into the worker that was busiest in the window, for `span_s`, and take it out again.

    `seen` is what the window saw, `before` what `foretell` gave at its start. `tell` is told, in sentences, what is
    about to be done to the worker, and what takes long. Ctrl-C ends the tracking and not the errands of the debugger; a
    second one raises KeyboardInterrupt, and memray is then taken out without us.
    """
    found = plan(busiest(target, seen.threads))
    if isinstance(found, Missing):
        return found
    pid = found.worker.pid
    undisturbed = _undisturbed(before.get(pid), faults.usage(pid))
    tell(
        f"--memory: memray {found.memray} is let into worker {pid} ({redact.title(found.worker.cmdline)}) for "
        f"{span_s:g} s. Its code runs inside; gdb stops the worker for about 0.1 to 0.5 s to let it in, "
        "and as long to let it out, longer where CPUs are short. In between the worker is slower, and memray may print "
        "on its stderr."
    )
    with Visit(found, span_s) as visit, Interrupts() as interrupts:
        report = _checked(found, _wait(visit, interrupts, tell), visit)
        if isinstance(report, Missing):
            return report
        tell(f"--memory: {told(found, report)}")
        summary, cpu_s = reading.read(visit.capture, found.uid, found.gid)
        if isinstance(summary, Missing):
            return summary
        return recorded(found, report, summary, undisturbed, cpu_s)


def busiest(target: Target, threads: Threads | Missing) -> Process:
    """The worker with the most CPU time: in the window, or in its life where that is not known."""
    used_s: dict[int, float] = defaultdict(float)
    for part in () if isinstance(threads, Missing) else threads.rounds:
        used_s[part.pid] += part.cpu_s
    if not any(used_s[worker.pid] for worker in target.workers):
        for worker in target.workers:
            stat = HOST.stat(worker.pid)
            used_s[worker.pid] = stat.cpu_ticks if stat is not None else -1
    return max(target.workers, key=lambda worker: used_s[worker.pid])


class Undisturbed(NamedTuple):
    """A worker in the window, before memray was in it."""

    cpus: float
    page_faults_per_s: float


def _wait(visit: Visit, interrupts: Interrupts, tell: Tell) -> Report | None:
    """Until the keeper has ended, however long that takes."""
    stage, since_s, asked = "", time.monotonic(), 0
    while not visit.step():
        report, now_s = visit.report, time.monotonic()
        if report is not None and report.stage != stage:
            stage, since_s = report.stage, now_s
        if stage in ("attaching", "detaching") and now_s - since_s > LONG_S:
            since_s = float("inf")
            tell(
                f"--memory: {stage} takes more than {LONG_S:.0f} s: the debugger waits until the worker allocates "
                "memory, as it does for a request. It is not ended half-way: that can leave a process stopped."
            )
        if interrupts.count > asked:
            asked = interrupts.count
            visit.let_go()
            tell(
                "--memory: memray is taken out now; this must not be cut short. Ctrl-C again leaves it to do so alone."
            )
        time.sleep(_STEP_S)
    return visit.report


def _checked(found: Plan, report: Report | None, visit: Visit) -> Report | Missing:
    """The keeper's last report, where something was tracked; else why not."""
    pid = found.worker.pid
    if report is None:
        reason = f"memray's keeper ended before it did anything: {visit.last_words()}"
        return Missing(code="E-MEMRAY", reason=reason)
    if report.stage != "ended":
        return Missing(
            code="E-MEMRAY",
            reason=f"memray's keeper was ended from outside; memray leaves worker {pid} by itself in "
            f"{visit.span_s + SPARE_S:.0f} s at the latest",
        )
    state = f"afterwards {report.left}" if report.left else "the worker runs on"
    if report.failed:
        reason = f"memray could not be let into worker {pid}, or out: {report.failed}; {state}"
        return Missing(code="E-MEMRAY", reason=reason)
    if report.span_s <= 0 or visit.capture < 0:
        return Missing(code="E-MEMRAY", reason=f"memray was not in worker {pid} long enough; {state}")
    return report


def told(found: Plan, report: Report) -> str:
    """How it went, in words."""
    halts = [1000 * halt.stopped_s if halt is not None else 0.0 for halt in (report.attach, report.detach)]
    state = "now it runs untraced and untracked" if not report.left else f"now {report.left}"
    return (
        f"worker {found.worker.pid} stood still for {halts[0]:.0f} ms to let memray in, and for {halts[1]:.0f} ms to "
        f"let it out; {state}."
    )


def _undisturbed(first: Usage | None, last: Usage | None) -> Undisturbed:
    if first is None or last is None or last.at_s <= first.at_s:
        return Undisturbed(0.0, 0.0)
    span_s = last.at_s - first.at_s
    return Undisturbed((last.cpu_s - first.cpu_s) / span_s, (last.page_faults - first.page_faults) / span_s)


def recorded(
    found: Plan, report: Report, summary: Summary, undisturbed: Undisturbed, reading_cpu_s: float
) -> Allocations:
    """The record of it."""
    attach, detach = report.attach, report.detach
    longest_s = report.span_s + sum(halt.duration_s for halt in (attach, detach) if halt is not None)
    span_s = summary.span_s if report.span_s - 0.1 <= summary.span_s <= longest_s + 1.0 else report.span_s
    part = summary.read / summary.records if summary.records > summary.read else 1.0
    complete = "every allocation that did not come from pymalloc's pools"
    if part < 1.0:
        complete += f", of the first {100 * part:.0f} % of the time: there were {summary.records} records"
    if report.cut:
        complete += f"; tracking ended early: {_CUTS[report.cut]}"
    halts = [halt for halt in (attach, detach) if halt is not None]
    return Allocations(
        cost=Cost(
            method=f"memray {found.memray}, let in and out by gdb",
            cpu_s=report.spent_s + reading_cpu_s,
            lost=max(0, summary.records - summary.read),
            max_gap_ms=1000 * max((halt.max_gap_s for halt in halts), default=0.0),
            complete=complete,
        ),
        pid=found.worker.pid,
        tool=f"memray {found.memray}",
        span_s=span_s * part,
        attach_stall_ms=1000 * attach.stopped_s if attach is not None else 0.0,
        detach_stall_ms=1000 * detach.stopped_s if detach is not None else 0.0,
        cpus=report.cpu_s / report.span_s,
        undisturbed_cpus=undisturbed.cpus,
        page_faults_per_s=undisturbed.page_faults_per_s,
        fault_us=faults.fault_us(),
        allocations=summary.allocations,
        size_bytes=summary.size_bytes,
        temporaries=summary.temporaries,
        temporary_bytes=summary.temporary_bytes,
        peak_bytes=summary.peak_bytes,
        frames=summary.frames,
        stacks=summary.stacks,
        churn=summary.churn,
        peak=summary.peak,
        kept=summary.kept,
        left=report.left,
    )


_CUTS = {"asked": "as asked", "large": "the capture file was full", "gone": "the worker ended"}
