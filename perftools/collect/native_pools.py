"""Thread pools below Python: which libraries that have one are mapped, and what the environment says of their size."""

from __future__ import annotations

import re

from perftools.target.proc import HOST, Proc

# Wheels carry them renamed: libgomp-a34b3233.so.1, libopenblas64_p-r0-0cf96a72.3.23.dev.so,
# libscipy_openblas64_-8fb3d286.so. Debian's OpenBLAS and BLIS are called libblas.so.3, in a folder of their own.
_LIBRARY = re.compile(
    rb"/(?:(?P<openblas>lib(?:scipy_)?openblas|openblas-(?:pthread|openmp)/lib)"
    rb"|(?P<mkl>libmkl_)"
    rb"|(?P<blis>libblis|blis-(?:pthread|openmp)/lib)"
    rb"|(?P<libgomp>libgomp)"
    rb"|(?P<libiomp5>libiomp5)"
    rb"|(?P<libomp>libomp(?=[-.\d]))"
    rb"|(?P<torch>libtorch_cpu))"
    rb"[^/\n]*\.so\b[^/\n]*$",
    re.MULTILINE,
)
VARIABLES = (
    "OMP_NUM_THREADS",
    "OMP_THREAD_LIMIT",
    "OPENBLAS_NUM_THREADS",
    "GOTO_NUM_THREADS",
    "MKL_NUM_THREADS",
    "BLIS_NUM_THREADS",
    "NUMEXPR_NUM_THREADS",
    "NUMEXPR_MAX_THREADS",
)
_NUMBER = re.compile(r"[0-9]{1,6}")


def libraries(pid: int, proc: Proc = HOST) -> tuple[str, ...]:
    """The native thread pools that a process has mapped ("openblas", "mkl", "libgomp", …), sorted.

    A pool may be mapped and never used. Raises OSError (PermissionError without the right to trace it).
    """
    maps = proc.read(f"proc/{pid}/maps", 4 << 20)
    return tuple(sorted({match.lastgroup for match in _LIBRARY.finditer(maps) if match.lastgroup}))


def variables(pid: int, proc: Proc = HOST) -> dict[str, int]:
    """The thread-count variables with which a process was started, the integers only; none where we may not read them.

    What it set itself, later, is not there.
    """
    environment = proc.environ(pid)
    found = {name: environment.get(name, "").strip() for name in VARIABLES}
    return {name: int(value) for name, value in found.items() if _NUMBER.fullmatch(value)}
