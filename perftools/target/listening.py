"""Who listens on which TCP port, of IPv4 or IPv6."""

from __future__ import annotations

from collections.abc import Iterator
from typing import NamedTuple

from perftools.target.proc import Proc

_LISTEN = "0A"  # TCP_LISTEN, include/net/tcp_states.h


class Listener(NamedTuple):
    """A socket that listens."""

    inode: int
    port: int
    uid: int
    """Of whoever opened it."""


def listeners(proc: Proc, net: str = "proc/net") -> Iterator[Listener]:
    """The sockets that listen, of our network namespace or of that of `proc/PID/net` (/proc/net/tcp: proc(5))."""
    for table in ("tcp", "tcp6"):
        for line in proc.text(f"{net}/{table}", 8 << 20).splitlines()[1:]:
            fields = line.split()
            if len(fields) > 9 and fields[3] == _LISTEN:
                yield Listener(int(fields[9]), int(fields[1].rpartition(":")[2], 16), int(fields[7]))


def sockets(proc: Proc, port: int) -> dict[int, int]:
    """Inode of each socket that listens on `port`, with the uid of whoever opened it."""
    return {each.inode: each.uid for each in listeners(proc) if each.port == port}
