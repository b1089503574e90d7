"""What a thread that sleeps is doing, by the number of its system call in /proc/PID/task/TID/syscall (proc(5))."""

from __future__ import annotations

import os
from typing import Final

_TEXT: Final = {
    # arch/x86/entry/syscalls/syscall_64.tbl
    "x86_64": "read 0 write 1 poll 7 ioctl 16 pread64 17 pwrite64 18 readv 19 writev 20 select 23 pause 34 "
    "nanosleep 35 connect 42 accept 43 sendto 44 recvfrom 45 sendmsg 46 recvmsg 47 wait4 61 fcntl 72 flock 73 fsync 74 "
    "fdatasync 75 rt_sigtimedwait 128 rt_sigsuspend 130 futex 202 clock_nanosleep 230 epoll_wait 232 waitid 247 "
    "openat 257 pselect6 270 ppoll 271 epoll_pwait 281 accept4 288 recvmmsg 299",
    # scripts/syscall.tbl
    "aarch64": "epoll_pwait 22 fcntl 25 ioctl 29 flock 32 openat 56 read 63 write 64 readv 65 writev 66 pread64 67 "
    "pwrite64 68 pselect6 72 ppoll 73 fsync 82 fdatasync 83 waitid 95 futex 98 nanosleep 101 clock_nanosleep 115 "
    "rt_sigsuspend 133 rt_sigtimedwait 137 accept 202 connect 203 sendto 206 recvfrom 207 sendmsg 211 recvmsg 212 "
    "accept4 242 recvmmsg 243 wait4 260",
}
_SINCE_5_0: Final = "io_uring_enter 426 epoll_pwait2 441 futex_waitv 449 futex 455"
"""The same numbers on every machine: since Linux 5.0 tables are kept alike. futex_wait(2) is a futex to us."""


def names(machine: str | None = None) -> dict[bytes, str]:
    """Names of the system calls that wait, by the number as the file has it; none for machines that are not known."""
    text = _TEXT.get(machine or os.uname().machine)
    words = f"{text} {_SINCE_5_0}".split() if text else []
    return {number.encode(): name for name, number in zip(words[::2], words[1::2], strict=True)}


def name(syscall: bytes, known: dict[bytes, str]) -> str:
    """The name of the call that the file's text tells of; "" for one that is not known, and outside of any."""
    return known.get(syscall.split(b" ", 1)[0].strip(), "")
