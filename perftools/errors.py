"""The errors that end a command, one code each: what happened, what was looked at, the one command that helps.

    PerftoolsError            exit code
    ├── UsageError       E-USAGE       2
    ├── FileError        E-FILE        2
    └── CannotObserve                  3
        ├── NoProcess        E-NOPID
        ├── NotPython        E-NOTPYTHON
        ├── NoRight          E-PTRACE
        ├── Stopped          E-STOPPED
        ├── Traced           E-TRACED
        ├── WrongNamespace   E-PIDNS
        ├── UnknownVersion   E-VERSION
        ├── Gone             E-GONE
        ├── ToolBroken       E-TOOL
        └── OutputUnwritable E-OUTPUT  2

An idle service (E-IDLE, exit code 4) is a result, not an error: the report is printed.
"""

from __future__ import annotations

from collections.abc import Mapping


class PerftoolsError(Exception):
    """An error that the user is told of, in the same form everywhere."""

    code = "E-INTERNAL"
    exit_code = 3

    def __init__(
        self, message: str, *, looked_at: Mapping[str, str | int | float] | None = None, commands: tuple[str, ...] = ()
    ) -> None:
        """`message`: what happened; `looked_at`: the values that decided it; `commands`: what to type, best first."""
        super().__init__(message)
        self.message = message
        self.looked_at = dict(looked_at or {})
        self.commands = commands


class UsageError(PerftoolsError):
    """The command line does not say what to do."""

    code = "E-USAGE"
    exit_code = 2


class FileError(PerftoolsError):
    """A file given to us is not what it should be."""

    code = "E-FILE"
    exit_code = 2


class OutputUnwritable(PerftoolsError):
    """The output cannot be written; found out before the window, not after it."""

    code = "E-OUTPUT"
    exit_code = 2


class CannotObserve(PerftoolsError):
    """The target cannot be observed."""


class NoProcess(CannotObserve):
    """No such process, port or name."""

    code = "E-NOPID"


class NotPython(CannotObserve):
    """The process runs no CPython, or several services that must be told apart."""

    code = "E-NOTPYTHON"


class NoRight(CannotObserve):
    """The kernel does not let us read the target's memory."""

    code = "E-PTRACE"


class Stopped(CannotObserve):
    """The target is stopped (state T) and would give no sample."""

    code = "E-STOPPED"


class Traced(CannotObserve):
    """A debugger holds the target."""

    code = "E-TRACED"


class WrongNamespace(CannotObserve):
    """The pid is one of another pid namespace."""

    code = "E-PIDNS"


class UnknownVersion(CannotObserve):
    """The sampler cannot read this CPython."""

    code = "E-VERSION"


class Gone(CannotObserve):
    """The target ended in the window, before there was enough evidence."""

    code = "E-GONE"


class ToolBroken(CannotObserve):
    """A tool that we run is missing or broken."""

    code = "E-TOOL"
