"""The busiest threads, where a process has several: what each did with its time."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence

from perftools.record import Audit, Missing
from perftools.report.page import Column, Page
from perftools.report.sched_summary import BusyThread, busy_threads
from perftools.report.words import GLUE, clean, count, mean, plural, rough

THREADS = 8
INDENT = 4
DEEP = 6
TABLE = 60
"""Below this width a table would leave no room for names."""


def write(page: Page, audit: Audit) -> None:
    """Nothing where each process has one busy thread: its worker's row says all."""
    threads = busy_threads(audit)
    if max(Counter(thread.pid for thread in threads).values(), default=0) < 2:
        return
    page.blank()
    one = len({thread.pid for thread in threads}) == 1
    whose = f" of pid{GLUE}{threads[0].pid}" if one else ""
    shown, looked = threads[:THREADS], any(thread.gil_waiting is not None for thread in threads)
    by_looks = f"; GIL wait by {plural(_looks(audit), 'look')}" if looked else ""
    page.write(("THREADS", "bold"), whose, (f", shares of the window{by_looks}", "dim"), hang=INDENT)
    heads = ["on CPU", "CPU wait", "GIL wait"] if looked else ["on CPU", "CPU wait"]
    if page.width >= TABLE:
        before = [] if one else [Column("pid", "right")]
        columns = [*before, *(Column(head, "right") for head in heads), Column("thread")]
        rows = [[str(each.pid), *_shares(each)[: len(heads)], clean(each.name)] for each in shown]
        page.table(columns, [row[1:] if one else row for row in rows], indent=INDENT)
    else:
        for thread in shown:
            page.cut(clean(thread.name), "" if one else f", pid {thread.pid}", indent=INDENT)
            shares = [
                f"{head.replace(' ', GLUE)}{GLUE}{said}"
                for head, said in zip(heads, _shares(thread), strict=False)
                if said
            ]
            page.write(", ".join(shares), indent=DEEP, hang=DEEP)
    if len(threads) > THREADS:
        page.write((_rest(threads[THREADS:]), "dim"), indent=INDENT, hang=INDENT)


def _looks(audit: Audit) -> int:
    """At how many instants a process was looked at for who waits for its GIL, at most."""
    sched = audit.observations.sched
    return 0 if isinstance(sched, Missing) else max(process.looks for process in sched.processes)


def _shares(thread: BusyThread) -> tuple[str, str, str]:
    gil = "n/a" if thread.gil_waiting is None else rough(thread.gil_waiting)
    return rough(thread.running), rough(thread.cpu_waiting), gil


def _rest(threads: Sequence[BusyThread]) -> str:
    """What the other busy threads did together."""
    said = f"and {count(len(threads))} more busy threads: on average {mean(sum(each.running for each in threads))} run"
    said += f", {mean(sum(each.cpu_waiting for each in threads))} wait for a CPU"
    waiters = [each.gil_waiting for each in threads if each.gil_waiting is not None]
    return f"{said}, {mean(sum(waiters))} for the GIL" if waiters else said
