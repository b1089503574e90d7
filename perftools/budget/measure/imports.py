"""The time of an import in a fresh process, with its files in the page cache and its bytecode compiled."""

from __future__ import annotations

import re
from pathlib import Path, PurePath
from typing import Final, Literal

from perftools.budget.measure import process
from perftools.budget.measure.sides import Side, Sides
from perftools.budget.model import Budget, Unmeasurable

_IMPORT_S: Final = 300.0
_PROGRAM: Final = Path(__file__).with_name("inside") / "imported.py"
_MODULE: Final = re.compile(r"[^\W\d]\w*(?:\.[^\W\d]\w*)*")
_MOST_BYTES: Final = 100


class ImportMeter:
    """Measures the import of one module."""

    def __init__(self, sides: Sides, budget: Budget) -> None:
        """The target is a module ("features", "package.module") or its file. Raises Unmeasurable ("B-TARGET")."""
        self._sides = sides
        self._module = _module(budget.target)
        self._warm: set[str] = set()

    def sample(self, name: Literal["base", "head"], number: int) -> tuple[float, ...]:
        """Wall seconds of the import. Raises Unmeasurable."""
        side = self._sides.side(name)
        if name not in self._warm:
            self._import_s(side, number)  # compiles it, and reads it into the page cache
            self._warm.add(name)
        return (self._import_s(side, number),)

    def grew(self) -> tuple[str, ...]:
        """Nothing: `python -X importtime` tells which import."""
        return ()

    def _import_s(self, side: Side, number: int) -> float:
        out = self._sides.file(".txt")
        argv = [side.python, str(_PROGRAM), self._module, str(out)]
        try:
            ended = process.run(
                argv, folder=side.folder, environment=self._sides.variables(side, number), timeout_s=_IMPORT_S
            )
            if ended.status != 0:
                raise _failed(self._module, side, ended.last_words)
            with out.open("rb") as file:
                return float(file.read(_MOST_BYTES))
        except (OSError, ValueError) as error:
            raise _failed(self._module, side, str(error)) from error


def _failed(module: str, side: Side, reason: str) -> Unmeasurable:
    code = "B-RUN" if side.name == "head" else "B-BASE-RUN"
    return Unmeasurable(code, f"{module} cannot be imported by {side.title}: {reason}")


def _module(target: str) -> str:
    """The module of "package.module", "package.module:app" or "src/package/module.py"."""
    module = target.partition(":")[0]
    if module.endswith(".py"):
        parts = PurePath(module).with_suffix("").parts
        module = ".".join(parts[1:] if parts[0] == "src" else parts).removesuffix(".__init__")
    if not _MODULE.fullmatch(module):
        raise Unmeasurable("B-TARGET", f"{process.printable(target)} is no module to import")
    return module
