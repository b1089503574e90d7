"""Where the tasks of real asyncio programs wait, on every CPython here: the line and function of each."""

from __future__ import annotations

import contextlib
import re
import socket
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import NamedTuple

import pytest

from perftools.remote import interpreter, tasks
from perftools.remote.code import Codes
from perftools.remote.interpreter import Runtime
from perftools.remote.memory import Unreadable
from perftools.remote.tasks import Task
from tests.live.services import line_of, running
from tests.pythons import python_with, readable_pythons

pytestmark = pytest.mark.live

TARGET = Path(__file__).with_name("tasks_target.py")
APP = Path(__file__).with_name("waiting_app.py")
PATIENCE_S = 20.0


class Wait(NamedTuple):
    """Where a task waits."""

    line: int
    function: str
    waiting_on: str


def marked() -> dict[str, Wait]:
    """What the target's comments say, by the task's name."""
    found, function = {}, ""
    for number, line in enumerate(TARGET.read_text().splitlines(), 1):
        if match := re.match(r" *(?:async )?def (\w+)", line):
            function = match.group(1)
        if match := re.search(r"# ([\w-]+):(?: (\w+))?$", line):
            found[match.group(1)] = Wait(number, function, match.group(2) or "")
    return found


MARKED = marked()


@contextlib.contextmanager
def target(python: str, *arguments: str) -> Iterator[tuple[Runtime, list[str]]]:
    """The program on a CPython, waiting; the names of its tasks."""
    process = subprocess.Popen([python, str(TARGET), *arguments], stdout=subprocess.PIPE, text=True)
    try:
        assert process.stdout
        ready, *names = process.stdout.readline().split()
        assert ready == "ready"
        time.sleep(0.05)
        yield interpreter.attach(process.pid), names
    finally:
        process.kill()
        process.communicate()


def all_tasks(runtime: Runtime, codes: Codes) -> list[dict[str, Task]]:
    """The tasks of each thread that has any, by name."""
    threads = list(interpreter.threads(runtime))
    by_thread = [{task.name: task for task in tasks.tasks(runtime, thread, codes)} for thread in threads]
    return sorted((found for found in by_thread if found), key=len)


def wait_of(task: Task, file: str = str(TARGET)) -> Wait:
    """Where a task waits in a file: the innermost frame there."""
    frame = next(frame for frame in task.stack if frame.code.file == file)
    return Wait(frame.line, frame.code.function.rpartition(".")[2], task.waiting_on)


def assert_waits(found: Mapping[str, Task], names: list[str], version: tuple[int, int, int]) -> None:
    assert len(names) >= 17
    expected = {name: MARKED[name] for name in names}
    if version < (3, 12, 0):  # until then wait_for makes a task of what it waits for
        expected["limited"] = expected["limited"]._replace(waiting_on="wait_for")
    assert {name: wait_of(found[name]) for name in names} == expected
    (unnamed,) = (task for task in found.values() if task.stack[-1].code.function == "unnamed")
    assert wait_of(unnamed) == MARKED["Task-"]
    assert re.fullmatch(r"Task-\d+", unnamed.name)
    for name in names:  # down to the task's own coroutine
        assert found[name].stack[-1].code.function.rpartition(".")[2] == name
    assert len(found["deep"].stack) == 42
    assert not any(task.name == "finished" for task in found.values())


@pytest.mark.parametrize("version", list(readable_pythons()), ids=lambda version: f"{version[0]}.{version[1]}")
def test_every_task_waits_where_it_does(version: tuple[int, int]) -> None:
    with target(readable_pythons()[version]) as (runtime, names):
        elsewhere, found = all_tasks(runtime, Codes())
    assert_waits(found, names, runtime.version)
    (task,) = (task for task in elsewhere.values() if task.stack[-1].code.function == "elsewhere")
    assert len(elsewhere) == 1
    assert wait_of(task) == MARKED["elsewhere"]


@pytest.mark.parametrize("version", [min(readable_pythons()), max(readable_pythons())], ids=str)
def test_where_asyncio_is_python_alone(version: tuple[int, int]) -> None:
    with target(readable_pythons()[version], "--python") as (runtime, names):
        _, found = all_tasks(runtime, Codes())
    assert_waits(found, names, runtime.version)


@pytest.mark.parametrize("version", list(readable_pythons()), ids=lambda version: f"{version[0]}.{version[1]}")
def test_the_running_task_and_one_that_has_not_begun(version: tuple[int, int]) -> None:
    with target(readable_pythons()[version], "--blocked") as (runtime, _):
        _, found = all_tasks(runtime, Codes())
    assert wait_of(found["blocked"]) == MARKED["blocked"]
    assert [frame.code.function for frame in found["blocked"].stack] == ["compute", "blocked"]
    begun = found["not_begun"]
    assert [(frame.code.function, frame.line) for frame in begun.stack] == [
        ("not_begun", line_of(str(TARGET), "async def not_begun"))
    ]
    assert begun.waiting_on == ""


def test_tasks_are_read_while_they_run() -> None:
    """Whatever moves is right or left out, never mixed up."""
    lines = [line_of(str(TARGET), statement) for statement in ("await step()", "await asyncio.sleep(0.0005)")]
    with target(sys.executable, "--restless") as (runtime, _):
        codes, seen = Codes(), 0
        for _ in range(60):
            for found in all_tasks(runtime, codes):
                for task in found.values():
                    own = [frame for frame in task.stack if frame.code.file == str(TARGET)]
                    if own and own[-1].code.function == "restless":
                        assert [frame.code.function for frame in own[:-1]] in ([], ["step"])
                        assert own[-1].line in (lines[:1] if len(own) == 2 else lines)
                        seen += len(own) == 2
    assert seen > 60


def test_what_it_costs() -> None:
    with target(sys.executable, "--many", "100") as (runtime, _):
        codes = Codes()
        (thread,) = (each for each in interpreter.threads(runtime) if list(tasks.tasks(runtime, each, codes)))
        calls, began_s = runtime.memory.calls, time.thread_time()
        for _ in range(5):
            assert len(list(tasks.tasks(runtime, thread, codes))) == 101
    assert (runtime.memory.calls - calls) / 5 < 150
    assert (time.thread_time() - began_s) / 5 < 0.2


SERVING = python_with("uvicorn", "fastapi")


FEW = dict.fromkeys([*SERVING[:1], *SERVING[-1:], *python_with("uvicorn", "fastapi", "uvloop")[:1]])


@pytest.mark.parametrize("python", FEW or [""])
def test_a_handler_that_awaits(python: str) -> None:
    if not python:
        pytest.skip("no CPython here has uvicorn and fastapi")
    command = [python, "-m", "uvicorn", "--app-dir", str(APP.parent), "--port", "0", "waiting_app:app"]
    with (
        running(command, ready=r"running on http://127.0.0.1:(?P<port>\d+) ") as (process, said),
        socket.create_connection(("127.0.0.1", int(said["port"]))) as client,
    ):
        client.sendall(b"GET /slow HTTP/1.1\r\nHost: localhost\r\n\r\n")
        runtime, codes = interpreter.attach(process.pid), Codes()
        end_s = time.monotonic() + PATIENCE_S
        waits: list[Wait] = []
        while not waits and time.monotonic() < end_s:
            with contextlib.suppress(Unreadable):
                waits = [
                    wait_of(task, str(APP))
                    for found in all_tasks(runtime, codes)
                    for task in found.values()
                    if task.waiting_on and any(frame.code.function == "slow" for frame in task.stack)
                ]
            time.sleep(0.05)
        process.kill()  # asked to end, it would wait for its handler
    assert waits == [Wait(line_of(str(APP), "await reader.readline()"), "fetch", "StreamReader")]
