"""The service under observation: its processes, and the CPUs that they share."""

from __future__ import annotations

from typing import Literal

from perftools.record.part import Part

Role = Literal["worker", "master", "helper"]


class Process(Part, frozen=True, kw_only=True):
    """One process of the service."""

    pid: int
    ns_pid: int
    """The pid inside its own pid namespace; equal to `pid` where there is none."""
    start_ticks: int
    """Start in clock ticks since boot (/proc/PID/stat field 22): with the pid, an identity that survives pid reuse."""
    role: Role
    python: str | None
    """Version as "3.11.7", or "3.11" where only the minor version could be had; None for what is no Python."""
    executable: str
    cmdline: tuple[str, ...]
    """Arguments; those that look like secrets are redacted."""
    uid: int
    threads: int


class Cpus(Part, frozen=True, kw_only=True):
    """How many CPUs the service may use at once."""

    effective: float
    source: str
    """The file or call that set the limit."""


class Target(Part, frozen=True, kw_only=True):
    """The service under observation: its processes, their roles, and the CPUs that they share."""

    root_pid: int
    asked: str
    """What the user named: "pid 4711", "port 8000", "name REGEX"."""
    processes: tuple[Process, ...]
    cpus: Cpus
    container: str | None = None
    user_paths: tuple[str, ...] = ()
    """Paths below site-packages that hold the user's own code (wheels installed from a folder, the distribution that
    owns the entry module), as the target sees them."""

    @property
    def workers(self) -> tuple[Process, ...]:
        """The processes that do the service's work, and are therefore sampled."""
        return tuple(process for process in self.processes if process.role == "worker")
