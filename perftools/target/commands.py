"""The commands that errors tell the user to type."""

from __future__ import annotations

import os
import shlex
import sys
import sysconfig


def audit(pid: int | None = None) -> str:
    """Audit one process; without a pid, list those that can be seen."""
    return "perf audit" if pid is None else f"perf audit {pid}"


def audit_as_root(what: int | str) -> str:
    """Audit a pid, or what an option names, as root."""
    return f"sudo {perftools()} audit {what}"


def audit_in_container(pid: int, container: str) -> str:
    """The same inside a container ("pod NAME", "container ID") with the right to trace, without a restart of it.

    `kubectl debug --profile=general` adds SYS_PTRACE to its ephemeral container, whose image must have perftools
    (kubernetes.io, "Debug Running Pods"); `exec --privileged` of Docker and Podman gives all capabilities.
    """
    kind, _, name = container.rpartition(" ")
    if kind == "pod":
        return (
            f"kubectl debug -it {shlex.quote(name)} --target=CONTAINER --profile=general --image=IMAGE"
            f" -- perftools audit {pid}"
        )
    engine = "podman" if os.path.exists("/run/.containerenv") else "docker"
    return f"{engine} exec -it --privileged {shlex.quote(name or 'CONTAINER')} {perftools()} audit {pid}"


def perftools() -> str:
    """Our program by its absolute path: under sudo `perf` is another one, and PATH does not have our environment."""
    for path in (os.path.join(sysconfig.get_path("scripts"), "perftools"), os.path.abspath(sys.argv[0])):
        if os.path.basename(path) == "perftools" and os.access(path, os.X_OK):
            return shlex.quote(path)
    return f"{shlex.quote(sys.executable)} -m perftools"
