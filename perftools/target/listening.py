"""Who listens on a TCP port, of IPv4 or IPv6, in our network namespace."""

from __future__ import annotations

from perftools.target.proc import Proc

_LISTEN = "0A"  # TCP_LISTEN, include/net/tcp_states.h


def sockets(proc: Proc, port: int) -> dict[int, int]:
    """Inode of each socket that listens on `port`, with the uid of whoever opened it (/proc/net/tcp: proc(5))."""
    found: dict[int, int] = {}
    for table in ("proc/net/tcp", "proc/net/tcp6"):
        for line in proc.text(table, 8 << 20).splitlines()[1:]:
            fields = line.split()
            if len(fields) > 9 and fields[3] == _LISTEN and int(fields[1].rpartition(":")[2], 16) == port:
                found[int(fields[9])] = int(fields[7])
    return found
