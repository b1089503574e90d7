"""The container or pod that a process runs in."""

from __future__ import annotations

import re

from perftools.target.proc import Proc

# docker-ID.scope, cri-containerd-ID.scope, crio-ID.scope, libpod-ID.scope (systemd driver), or the bare ID (cgroupfs).
_ID = re.compile(r"(?:^|[-/:])([0-9a-f]{64})(?:\.scope)?(?:/|$)")
_HOST_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9.-]{0,252}")
_MARKS = (("/run/secrets/kubernetes.io", "pod"), ("/.dockerenv", "container"), ("/run/.containerenv", "container"))


def container(proc: Proc, pid: int) -> str | None:
    """Like "pod scoring-7c9", "container 0f3c…" (12 digits) or, from inside one, "container HOSTNAME"; None in none."""
    groups = proc.text(f"proc/{pid}/cgroup", 65536)
    found = re.findall(_ID, groups.replace("\n", "/"))
    if "kubepods" in groups:
        name = _host_name(proc, pid)
        return f"pod {name}" if name else f"pod with container {found[0][:12]}" if found else "pod"
    if found:
        return f"container {found[0][:12]}"
    for mark, kind in _MARKS:
        if proc.exists_inside(pid, mark):
            return f"{kind} {_host_name(proc, pid)}".rstrip()
    return None


def _host_name(proc: Proc, pid: int) -> str:
    """The host name that its /etc/hostname says: the pod's name in Kubernetes, the container's short id in Docker."""
    try:
        text = proc.read_inside(pid, "/etc/hostname", 256).decode(errors="replace").strip()
    except OSError:
        return ""
    return text if _HOST_NAME.fullmatch(text) else ""
