"""Times an import: `python imported.py MODULE OUT`; OUT gets the wall time of it in seconds.

All that the interpreter needed to start is imported already, and not counted.
"""

from __future__ import annotations

import importlib
import os
import sys
import time

from perftools_bytecode import keep_apart  # type: ignore[import-not-found]  # beside this script


def main() -> None:
    module, out = sys.argv[1:]
    sys.argv = [module]
    sys.path[0] = os.getcwd()
    keep_apart()
    start = time.perf_counter()
    importlib.import_module(module)
    seconds = time.perf_counter() - start
    with open(out, "w", encoding="ascii") as file:
        file.write(repr(seconds))


if __name__ == "__main__":
    main()
