"""What a command line says: the program that it starts, and its part in a tree of processes. Pure."""

from __future__ import annotations

import re
from typing import Literal, NamedTuple

_INTERPRETER = re.compile(r"(?:python|pypy|graalpy)(?:[23](?:\.\d+)?)?[a-z]{0,2}(?:-dbg)?")
_TITLES = ("gunicorn: ", "[celeryd: ", "ray::")  # what Python servers write over their arguments

# Interpreter options whose value may be the next argument: `python --help`, CPython 3.13.
_WITH_VALUE = "WX"
_LONG_WITH_VALUE = "--check-hash-based-pycs"

# CPython 3.6 to 3.14: Lib/multiprocessing/{spawn,resource_tracker,semaphore_tracker,forkserver}.py; billiard,
# multiprocess and joblib's loky are forks of it.
_MULTIPROCESSING = re.compile(
    r"from (?:multiprocessing|multiprocess|billiard|(?:joblib\.externals\.)?loky\.backend)\."
    r"(spawn|resource_tracker|semaphore_tracker|forkserver) import"
)
_LOKY_WORKER = re.compile(r"(?:joblib\.externals\.)?loky\.backend\.popen_loky_posix")

# Python programs that only start others.
_LAUNCHERS = frozenset({"supervisord", "circusd", "honcho", "torchrun", "torch.distributed.run"})

Part = Literal["spawned", "tracker", "forkserver"]


class Command(NamedTuple):
    """A Python command line, taken apart."""

    kind: Literal["script", "module", "code", "title", "none"]
    """"title": not a Python command line (an embedded interpreter, or a process that renamed itself)."""
    entry: str
    """The script's path, the module's name, the code of -c, or the title."""
    args: tuple[str, ...]
    """What follows the entry."""


def is_interpreter(path: str) -> bool:
    """Whether a file of this name is a Python interpreter: python3.11, python3.13t, pypy3."""
    return _INTERPRETER.fullmatch(path.rpartition("/")[2]) is not None


def is_python_title(title: str) -> bool:
    """Whether a Python server named itself so."""
    return title.startswith(_TITLES)


def parse(argv: tuple[str, ...]) -> Command:
    """Take a command line apart as the interpreter does."""
    if not argv or not is_interpreter(argv[0]):
        return Command("title", " ".join(argv), ())
    index = 1
    while index < len(argv):
        arg = argv[index]
        index += 1
        if not arg.startswith("-") or arg == "-":
            return Command("script", arg, argv[index:])
        if arg.startswith("--"):
            index += arg == _LONG_WITH_VALUE
            continue
        for position, letter in enumerate(arg[1:], start=2):
            if letter in "cm":
                values = (arg[position:], *argv[index:]) if arg[position:] else (*argv[index:], "")
                return Command("code" if letter == "c" else "module", values[0], tuple(filter(None, values[1:])))
            if letter in _WITH_VALUE:
                index += not arg[position:]
                break
    return Command("none", "", ())


def part(command: Command) -> Part | None:
    """What multiprocessing started the process for; None where it did not.

    A child forked by the fork server has the server's own command line.
    """
    if "--multiprocessing-fork" in command.args or (command.kind == "module" and _LOKY_WORKER.match(command.entry)):
        return "spawned"
    match = _MULTIPROCESSING.search(command.entry) if command.kind in ("code", "title") else None
    if match is None:
        return None
    return "spawned" if match[1] == "spawn" else "forkserver" if match[1] == "forkserver" else "tracker"


def name(command: Command) -> str:
    """The program's own name: "gunicorn" of bin/gunicorn, of -m gunicorn and of the title "gunicorn: master [app]"."""
    if command.kind == "module":
        return command.entry.removesuffix(".__main__")
    if command.kind == "script":
        return command.entry.rpartition("/")[2]
    return command.entry.partition(":")[0] if command.kind == "title" else ""


def is_launcher(command: Command) -> bool:
    """Whether the program only starts other programs (supervisord, torchrun)."""
    return name(command) in _LAUNCHERS


def same_entry(parent: Command, child: Command) -> bool:
    """Whether two command lines start the same program: a reloader, or workers that a program starts from itself.

    Two different subcommands (`manage.py migrate`, `manage.py serve`) are two programs.
    """
    if parent.kind == "none" or (parent.kind, parent.entry) != (child.kind, child.entry):
        return False
    subcommands = {command.args[0] for command in (parent, child) if command.args and command.args[0][:1] != "-"}
    return len(subcommands) < 2


def never_works(command: Command, environ: dict[str, str]) -> bool:
    """Whether this is the first process of a server that leaves all work to its children, if it has any.

    gunicorn, hypercorn and granian always; uvicorn and fastapi with several workers or a reloader (one worker runs in
    the first process itself: uvicorn/main.py, 0.30).
    """
    server = name(command)
    if server in ("gunicorn", "hypercorn", "granian") or server.startswith("gunicorn."):
        return True
    if server not in ("uvicorn", "fastapi"):
        return False
    text = " ".join(command.args)
    workers = re.search(r"(?:^| )--workers[ =](\d+)", text)
    count = workers[1] if workers else environ.get("WEB_CONCURRENCY", "")
    reloads = "--reload" in command.args or (server == "fastapi" and command.args[:1] == ("dev",))
    return reloads or (count.isdecimal() and int(count) > 1)
