"""Start file of a captured command: waits for one module to be imported, and lets the program's own start file run.

Python imports it at start because its folder comes first on PYTHONPATH. `target` beside it holds "MODULE:FUNCTION".
"""

from __future__ import annotations

import os
import sys
from contextlib import suppress
from importlib.machinery import ModuleSpec, PathFinder
from importlib.util import module_from_spec, spec_from_file_location
from types import ModuleType
from typing import Any

_FOLDER = os.path.dirname(os.path.abspath(__file__))


class _Finder:
    """Finds the module as everyone else would, and has its function wrapped once the module has run."""

    def __init__(self, target: str) -> None:
        self.module, _, self.function = target.partition(":")

    def find_spec(self, name: str, path: Any = None, target: Any = None) -> ModuleSpec | None:
        if name != self.module:
            return None
        for finder in sys.meta_path:
            found = getattr(finder, "find_spec", None)
            spec: ModuleSpec | None = found(name, path, target) if found and finder is not self else None
            if spec is not None:
                self._follow(spec.loader)
                return spec
        return None

    def _follow(self, loader: Any) -> None:
        run = getattr(loader, "exec_module", None)
        if run is None:
            return

        def exec_module(module: ModuleType) -> None:
            run(module)
            self.wrap(module)

        with suppress(AttributeError):
            loader.exec_module = exec_module  # this loader loads this module only

    def wrap(self, module: ModuleType) -> None:
        with suppress(Exception):  # the program must run as if we were not there
            spec = spec_from_file_location("_perftools_hook", os.path.join(_FOLDER, "hook.py"))
            assert spec is not None
            assert spec.loader is not None
            hook = module_from_spec(spec)
            spec.loader.exec_module(hook)
            hook.wrap(module, self.function, os.path.join(_FOLDER, "calls"))


def _start() -> None:
    with open(os.path.join(_FOLDER, "target"), encoding="utf-8") as stream:
        finder = _Finder(stream.read())
    sys.meta_path.insert(0, finder)
    if finder.module in sys.modules:
        finder.wrap(sys.modules[finder.module])


def _chain() -> None:
    """Run the start file that would have been found without us, in our place."""
    sys.path[:] = [each for each in sys.path if os.path.abspath(each or os.curdir) != _FOLDER]
    spec = PathFinder.find_spec("sitecustomize", sys.path)
    if spec is not None and spec.loader is not None:
        module = module_from_spec(spec)
        sys.modules["sitecustomize"] = module
        spec.loader.exec_module(module)


with suppress(Exception):  # the program must run as if we were not there
    _start()
_chain()
