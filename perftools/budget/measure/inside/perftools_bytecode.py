"""Where the bytecode of the checkout under measurement is kept: not in it. Named as no module of a project is."""

from __future__ import annotations

import importlib._bootstrap_external as external
import os
import sys
from typing import Any

VARIABLE = "PERFTOOLS_BUDGET_BYTECODE"


def keep_apart() -> None:
    """Keep the bytecode of modules below the current folder in the folder that the variable names.

    Both sides then find theirs, and a checkout stays as it is. Installed libraries have theirs already, which the
    variable PYTHONPYCACHEPREFIX would hide. The import system asks `cache_from_source` of its own module for the path
    (SourceLoader.get_code, Lib/importlib/_bootstrap_external.py, CPython 3.9 to 3.14).
    """
    into = os.environ.get(VARIABLE)
    if not into:
        return
    checkout = os.path.join(os.getcwd(), "")
    usual = external.cache_from_source

    def cache_from_source(path: str, *args: Any, **options: Any) -> str:
        found: str = usual(path, *args, **options)
        if not path.startswith(checkout) or "site-packages" in path:
            return found
        return os.path.join(into, os.path.dirname(path)[1:], os.path.basename(found))

    external.cache_from_source = cache_from_source  # type: ignore[assignment]  # overloads for what is deprecated
    sys.dont_write_bytecode = False  # the variable is set, for processes that this one may start
