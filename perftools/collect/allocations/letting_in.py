"""`memray attach` and `memray detach`, with a script of ours for gdb: `safe_point.gdb` says why.

python -P -m perftools.collect.allocations.letting_in attach|detach OPTION… PID
"""

from __future__ import annotations

import sys
from pathlib import Path

SCRIPT = Path(__file__).with_name("safe_point.gdb")


def main(arguments: list[str]) -> int:
    """Run memray's command; its exit code."""
    from memray import commands
    from memray.commands import attach

    if not hasattr(attach, "GDB_SCRIPT"):
        print("this memray takes its script for gdb from elsewhere", file=sys.stderr)  # noqa: T201 (for the keeper)
        return 1
    attach.GDB_SCRIPT = SCRIPT
    return commands.main(arguments)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
