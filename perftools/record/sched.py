"""How the service was scheduled, and under which limits."""

from __future__ import annotations

from perftools.record.part import LONGEST_S, Cost, Missing, Part, require


class ThreadSched(Part, frozen=True, kw_only=True):
    """How one thread was scheduled over the span; threads that never ran nor waited are left out.

    One born within the span counts from zero; one that ended, up to the last look at it. An id may come twice.
    """

    pid: int
    tid: int
    name: str
    """The kernel's name of the thread (comm)."""
    run_s: float
    """On a CPU."""
    wait_s: float
    """Runnable, waiting for a CPU (a quota's throttling is in it)."""
    voluntary: int
    """Context switches because it blocked."""
    involuntary: int
    """Context switches because another thread was given its CPU."""
    looks: int
    """At how many instants it is known whether it waited for the GIL; 0 where it could not be looked at."""
    gil_waits: int
    """At how many of these it did: it stood in a futex inside `_PyRuntime`."""


class ProcessSched(Part, frozen=True, kw_only=True):
    """One process of the service; those started within the span are among them."""

    pid: int
    cpu_s: float
    """By the process's clock: also of threads that were too short-lived to be seen."""
    threads: int
    """When it was last looked at."""
    rss_bytes: int
    libraries: tuple[str, ...]
    """Native thread pools that are mapped: "openblas", "mkl", "libgomp", "libomp", "libiomp5", "torch", …"""
    variables: dict[str, int]
    """Thread-count variables of its environment, the integers only: OMP_NUM_THREADS, …"""
    blocked: float
    """Threads in uninterruptible sleep (state D), mean over about one look a second."""
    looks: int = 0
    """At how many instants, regular in time, its threads were looked at: the sum of their `gil_waits`, divided by
    this, is how many waited for the GIL on average."""


class Cgroup(Part, frozen=True, kw_only=True):
    """What the tightest CPU quota did over the span (cpu.stat)."""

    path: str
    version: int
    """1 or 2."""
    quota: float
    """CPUs."""
    periods: int
    throttled_periods: int
    throttled_s: float
    """Summed over the CPUs on which the group was held back: may exceed the span."""


class Pressure(Part, frozen=True, kw_only=True):
    """Pressure stall information of the CPU: seconds in which some task waited for one."""

    source: str
    some_s: float


class Host(Part, frozen=True, kw_only=True):
    """The machine around the service."""

    cpus: int
    """Online."""
    busy_s: float
    """CPU seconds of everything that ran on the CPUs that the service may use, over the span."""
    stolen_s: float = 0.0
    """CPU seconds that the hypervisor gave to others meanwhile."""
    usable: int
    """CPUs that the service may use."""
    memory_bytes: int
    memory_available_bytes: int


class Sched(Part, frozen=True, kw_only=True, tag="sched"):
    """How the service was scheduled: who ran, who waited for what, and under which limits."""

    cost: Cost
    span_s: float
    threads: tuple[ThreadSched, ...]
    processes: tuple[ProcessSched, ...]
    host: Host
    cgroup: Cgroup | None
    """None where no quota is set, or its group does not tell what it did."""
    pressure: Pressure | None
    """None where the kernel gives none."""
    gil: Missing | None
    """Why waiting for the GIL was not looked at; None where it was."""


def check_sched(sched: Sched) -> None:
    """Raise msgspec.ValidationError where no kernel could have said so."""
    require(0 <= sched.span_s <= LONGEST_S, "sched: the span is out of range")
    for thread in sched.threads:
        in_range = 0 <= thread.run_s <= LONGEST_S and 0 <= thread.wait_s <= LONGEST_S
        require(in_range, "sched: seconds of a thread are out of range")
        require(0 <= thread.gil_waits <= thread.looks, "sched: more waits than looks")
    require(all(0 <= each.cpu_s <= LONGEST_S for each in sched.processes), "sched: CPU seconds are out of range")
