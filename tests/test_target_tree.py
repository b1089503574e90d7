"""Which processes are one service, and what each of them does there."""

from __future__ import annotations

from pathlib import Path

import pytest

from perftools import errors, target
from perftools.record import Target
from tests.proctree import Tree

SHELL = "/bin/bash"


@pytest.fixture
def tree(tmp_path: Path) -> Tree:
    return Tree(tmp_path)


def roles(found: Target) -> dict[int, str]:
    return {process.pid: process.role for process in found.processes}


@pytest.mark.parametrize(
    ("recording", "expected"),
    [
        ("gunicorn", {1338: "master", 1362: "worker", 1366: "worker"}),
        ("uvicorn", {1339: "master", 1363: "helper", 1364: "worker", 1365: "worker"}),
        ("spawn", {1341: "master", 1349: "helper", 1350: "worker", 1351: "worker"}),
        ("forkserver", {1342: "master", 1355: "helper", 1356: "helper", 1357: "worker", 1358: "worker"}),
    ],
)
def test_every_process_leads_to_the_whole_service(tree: Tree, recording: str, expected: dict[int, str]) -> None:
    tree.process(1336, "bash start.sh", exe=SHELL)
    tree.unpack(recording)
    for pid in (1336, *expected):
        found = target.find(pid=pid, proc=tree.proc)
        assert roles(found) == expected
        assert found.root_pid == min(expected)
        assert found.asked == f"pid {pid}"


def test_a_thread_id_leads_to_its_process(tree: Tree) -> None:
    tree.process(40, "python app.py")
    tree.write("proc/44/status", "Name:\tpython\nTgid:\t40\nPid:\t44\n")
    (tree.folder / "proc/44").rename(tree.folder / "proc/hidden")  # /proc lists no threads, and finds them by name
    assert [process.pid for process in target.find(pid=40, proc=tree.proc).processes] == [40]
    (tree.folder / "proc/hidden").rename(tree.folder / "proc/44")
    assert target.find(pid=44, proc=tree.proc).root_pid == 40


def test_this_process_alone(tree: Tree) -> None:
    tree.unpack("gunicorn")
    assert roles(target.find(pid=1338, this_process=True, proc=tree.proc)) == {1338: "worker"}
    assert roles(target.find(pid=1362, this_process=True, proc=tree.proc)) == {1362: "worker"}


def test_a_fork_that_renamed_itself_is_still_one(tree: Tree) -> None:
    tree.process(10, "python serve.py", stack=7000, cpu_ticks=50)
    tree.process(11, "scorer: worker 1", parent=10, stack=7000, cpu_ticks=50)
    assert roles(target.find(pid=11, proc=tree.proc)) == {10: "worker", 11: "worker"}


def test_a_server_that_renames_its_processes(tree: Tree) -> None:
    tree.process(10, "gunicorn: master [shop.wsgi:app]", stack=7000, cpu_ticks=500)
    tree.process(11, "gunicorn: worker [shop.wsgi:app]", parent=10, stack=7000)
    assert roles(target.find(pid=11, proc=tree.proc)) == {10: "master", 11: "worker"}


@pytest.mark.parametrize(
    "above", ["python -m pytest tests", "python /usr/bin/supervisord -n", "python -m ipykernel_launcher -f k.json"]
)
def test_a_program_that_started_the_service_is_no_part_of_it(tree: Tree, above: str) -> None:
    tree.process(20, above, cpu_ticks=900)
    tree.process(21, "python app.py", parent=20)
    tree.process(22, "python app.py", parent=21)
    assert roles(target.find(pid=22, proc=tree.proc)).keys() == {21, 22}


def test_another_subcommand_is_another_program(tree: Tree) -> None:
    tree.process(20, "python -m shop bench --rate 5")
    tree.process(21, "python -m shop serve", parent=20)
    assert roles(target.find(pid=21, proc=tree.proc)).keys() == {21}


def test_a_child_of_another_interpreter_is_another_program(tree: Tree) -> None:
    tree.process(20, "python app.py")
    tree.process(21, "python app.py", parent=20, exe="/opt/other/bin/python3.12")
    assert roles(target.find(pid=20, proc=tree.proc)).keys() == {20}


@pytest.mark.parametrize(
    "launcher", ["sh -c python,app.py", "env A=1 python app.py", "tini -- python app.py", "uv run app.py", "make serve"]
)
def test_a_launcher_leads_to_its_python_child(tree: Tree, launcher: str) -> None:
    tree.process(30, launcher, exe="/usr/bin/" + launcher.split(maxsplit=1)[0])
    tree.process(31, "sh -c x", parent=30, exe="/bin/dash")
    tree.process(32, "python app.py", parent=31)
    found = target.find(pid=30, proc=tree.proc)
    assert (found.root_pid, roles(found)) == (32, {32: "worker"})


def test_several_services_below_a_launcher_are_listed(tree: Tree) -> None:
    tree.process(5, "python /usr/bin/supervisord -n", exe="/usr/bin/python3.11")
    tree.process(33, "python three.py", parent=5)
    tree.process(34, "python four.py", parent=5)
    tree.process(29, "bash", exe=SHELL)
    tree.process(35, "python five.py", parent=29)
    tree.process(36, "python six.py --token hunter2", parent=29)
    for pid, services in ((29, (35, 36)), (5, (33, 34))):
        with pytest.raises(errors.NotPython, match="2 Python services") as caught:
            target.find(pid=pid, proc=tree.proc)
        assert [command.split("  #")[0] for command in caught.value.commands] == [f"perf audit {s}" for s in services]
        assert "hunter2" not in str(caught.value.commands)


def test_one_worker_of_uvicorn_with_a_pool_works_itself(tree: Tree) -> None:
    tree.process(10, "python -m uvicorn app:app", cpu_ticks=300)
    tree.process(11, "python -c from,multiprocessing.spawn".replace(",", " "), parent=10)
    tree.write("proc/11/cmdline", "python\\0-c\\0from multiprocessing.spawn import spawn_main; spawn_main(1)\\0")
    assert roles(target.find(pid=10, proc=tree.proc)) == {10: "worker", 11: "worker"}
    tree.write("proc/10/environ", "WEB_CONCURRENCY=2\\0")
    assert roles(target.find(pid=10, proc=tree.proc)) == {10: "master", 11: "worker"}


def test_a_parent_of_workers_is_a_worker_unless_it_did_nothing(tree: Tree) -> None:
    tree.process(10, "python batch.py", stack=9, cpu_ticks=40)
    tree.process(11, "python batch.py", parent=10, stack=9, cpu_ticks=1000)
    assert roles(target.find(pid=10, proc=tree.proc))[10] == "master"
    tree.write("proc/10/task/10/stat", "10 (a) R 1\n")
    assert roles(target.find(pid=10, proc=tree.proc))[10] == "worker"
    tree.write("proc/10/task/10/stat", "10 (a) S 1\n")
    tree.process(10, "python batch.py", stack=9, cpu_ticks=60)
    assert roles(target.find(pid=10, proc=tree.proc))[10] == "worker"


def test_a_loop_of_parents_ends(tree: Tree) -> None:
    tree.process(10, "python app.py", parent=11)
    tree.process(11, "python app.py", parent=10)
    assert roles(target.find(pid=10, proc=tree.proc)).keys() == {10, 11}
    tree.process(20, "sh", parent=21, exe=SHELL)
    tree.process(21, "sh", parent=20, exe=SHELL)
    with pytest.raises(errors.NotPython):
        target.find(pid=20, proc=tree.proc)
