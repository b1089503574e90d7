"""numba's compiler, with a cache: what one process has compiled, in a second or more, the next ones load."""

from __future__ import annotations

import os
from collections.abc import Callable
from typing import Any

import numba

from . import tables


def njit(**options: Any) -> Callable[[Callable[..., Any]], Any]:
    """`numba.njit` without the GIL, kept in a folder that no other user can write to: what lies there is run.

    Nothing is kept where there can be no such folder.
    """
    if "NUMBA_CACHE_DIR" in os.environ:
        return numba.njit(nogil=True, cache=True, **options)  # type: ignore[no-any-return]
    try:
        folder = tables.private_folder(tables.private_folder(tables.default_folder()) / "compiled")
    except OSError:
        return numba.njit(nogil=True, **options)  # type: ignore[no-any-return]
    numba.config.CACHE_DIR = str(folder)  # type: ignore[attr-defined]  # it makes its settings when it is imported
    return numba.njit(nogil=True, cache=True, **options)  # type: ignore[no-any-return]
