"""From a pid, a port or a name to a service, and what is said where there is none."""

from __future__ import annotations

from pathlib import Path

import pytest

from perftools import errors, target
from tests.proctree import Tree

_TCP = "  sl  local_address rem_address   st tx_queue rx_queue tr tm->when retrnsmt   uid  timeout inode\n"
_TCP4 = (
    "   0: 0100007F:1F40 00000000:0000 {state} 00000000:00000000 00:00000000 00000000  1000        0 68888 1 0 100\n"
)
_TCP6 = (
    "   0: 00000000000000000000000000000000:1F40 00000000000000000000000000000000:0000 0A 00000000:00000000"
    " 00:00000000 00000000  1000        0 68889 1 0 100\n"
)


@pytest.fixture
def tree(tmp_path: Path) -> Tree:
    made = Tree(tmp_path)
    made.process(1, "init", parent=0, exe="/sbin/init")
    return made


def test_one_target_must_be_named(tree: Tree) -> None:
    for wrong in ({}, {"pid": 3, "name": "x"}):
        with pytest.raises(errors.UsageError):
            target.find(**wrong, proc=tree.proc)  # type: ignore[arg-type]
    with pytest.raises(errors.UsageError, match="regular expression"):
        target.find(name="(", proc=tree.proc)


def test_no_process_lists_those_that_there_are(tree: Tree) -> None:
    tree.unpack("gunicorn")
    tree.process(7, "/opt/py/bin/python app.py --password hunter2")
    with pytest.raises(errors.NoProcess, match="no process 4711") as caught:
        target.find(pid=4711, proc=tree.proc)
    listed = str(caught.value.looked_at["python processes you can see"])
    assert "7 python app.py --password ***" in listed
    assert "1338 python …/bin/gunicorn -w 2" in listed
    assert "1362" not in listed  # its worker: one line a service
    assert caught.value.commands == ("perf audit  # lists them",)


def test_a_pid_of_a_container_is_translated(tree: Tree) -> None:
    tree.process(48213, "python app.py", NSpid="48213 7")
    with pytest.raises(errors.WrongNamespace, match="pid 7 inside a container is 48213") as caught:
        target.find(pid=7, proc=tree.proc)
    assert caught.value.commands == ("perf audit 48213",)
    tree.process(48300, "nginx", exe="/usr/bin/nginx", NSpid="48300 7")
    tree.process(48301, "python b.py", NSpid="48301 2 7")
    with pytest.raises(errors.WrongNamespace, match="48213 or 48301") as caught:
        target.find(pid=7, proc=tree.proc)
    assert [command.split()[2] for command in caught.value.commands] == ["48213", "48301"]
    assert target.find(pid=48213, proc=tree.proc).processes[0].ns_pid == 7


def test_a_zombie_is_gone(tree: Tree) -> None:
    tree.process(9, "", state="Z", exe=None)
    with pytest.raises(errors.Gone):
        target.find(pid=9, proc=tree.proc)


def test_not_python(tree: Tree) -> None:
    tree.process(9, "nginx -g x", exe="/usr/sbin/nginx")
    for restrict in (False, True):
        with pytest.raises(errors.NotPython, match="pid 9 is /usr/sbin/nginx, not Python") as caught:
            target.find(pid=9, this_process=restrict, proc=tree.proc)
    assert caught.value.looked_at["command"] == "nginx -g x"


def test_python_inside_another_program(tree: Tree) -> None:
    tree.process(9, "uwsgi --ini app.ini", exe="/usr/bin/uwsgi")
    tree.write("proc/9/maps", "7f00-7f10 r-xp 00000000 08:01 12   /usr/lib/libpython3.9.so.1.0\n")
    found = target.find(pid=9, proc=tree.proc)
    assert (found.processes[0].python, found.processes[0].executable) == ("3.9", "/usr/bin/uwsgi")


@pytest.mark.parametrize(("table", "line", "inode"), [("tcp", _TCP4, 68888), ("tcp6", _TCP6, 68889)])
def test_the_process_that_listens(tree: Tree, table: str, line: str, inode: int) -> None:
    tree.process(40, "python app.py", stack=5)
    tree.process(41, "python app.py", parent=40, stack=5)
    tree.write(f"proc/net/{table}", _TCP + line.format(state="0A"))
    tree.link("proc/41/fd/3", f"socket:[{inode}]")
    found = target.find(port=8000, proc=tree.proc)
    assert (found.root_pid, found.asked) == (40, "port 8000")
    with pytest.raises(errors.NoProcess, match="TCP port 8001"):
        target.find(port=8001, proc=tree.proc)


def test_a_connection_is_no_listener(tree: Tree) -> None:
    tree.process(40, "python app.py")
    tree.link("proc/40/fd/3", "socket:[68888]")
    tree.write("proc/net/tcp", _TCP + _TCP4.format(state="01"))
    with pytest.raises(errors.NoProcess):
        target.find(port=8000, proc=tree.proc)


def test_a_listener_that_we_may_not_see(tree: Tree) -> None:
    tree.process(40, "python app.py")
    tree.write("proc/net/tcp", _TCP + _TCP4.format(state="0A"))
    with pytest.raises(errors.NoRight, match="uid 1000 listens on TCP port 8000") as caught:
        target.find(port=8000, proc=tree.proc)
    assert caught.value.commands[0].startswith("sudo /")
    assert caught.value.commands[0].endswith(" audit --port 8000")


def test_a_proxy_that_listens_is_not_python(tree: Tree) -> None:
    tree.process(40, "docker-proxy -x", exe="/usr/bin/docker-proxy")
    tree.link("proc/40/fd/3", "socket:[68888]")
    tree.write("proc/net/tcp", _TCP + _TCP4.format(state="0A"))
    with pytest.raises(errors.NotPython, match="docker-proxy"):
        target.find(port=8000, proc=tree.proc)


def test_a_name_searches_python_command_lines(tree: Tree) -> None:
    tree.unpack("gunicorn")
    tree.process(50, "vim wsgi:app", exe="/usr/bin/vim")
    tree.process(51, "python other.py")
    found = target.find(name=r"wsgi:\w+", proc=tree.proc)
    assert (found.root_pid, len(found.processes), found.asked) == (1338, 3, r"name wsgi:\w+")
    with pytest.raises(errors.NotPython, match="2 Python services"):
        target.find(name="py", proc=tree.proc)
    with pytest.raises(errors.NoProcess, match="matches 'vim'"):
        target.find(name="vim", proc=tree.proc)


def test_we_and_our_parents_are_not_meant(tree: Tree) -> None:
    tree.process(60, "python -m pytest -k scoring")
    tree.process(61, "python perftools audit --name scoring", parent=60)
    tree.link("proc/self", "61")
    with pytest.raises(errors.NoProcess):
        target.find(name="scoring", proc=tree.proc)
    tree.process(62, "python scoring.py", parent=60)
    assert target.find(name="scoring", proc=tree.proc).root_pid == 62


def test_what_is_recorded_of_a_process(tree: Tree) -> None:
    tree.process(40, "/opt/py/bin/python app.py --token hunter2", Uid="5 6 6 6", Threads="12", NSpid="40")
    tree.link("proc/40/exe", "/opt/py/bin/python3.11 (deleted)")
    (process,) = target.find(pid=40, proc=tree.proc).processes
    assert (process.uid, process.threads, process.start_ticks) == (6, 12, 1040)
    assert (process.python, process.executable) == ("3.11", "/opt/py/bin/python3.11")
    assert process.cmdline == ("/opt/py/bin/python", "app.py", "--token", "***")


def test_alive(tree: Tree) -> None:
    tree.process(40, "python app.py")
    (process,) = target.find(pid=40, proc=tree.proc).processes
    assert target.alive(process, proc=tree.proc)
    tree.process(40, "python app.py", state="Z")
    assert not target.alive(process, proc=tree.proc)
    tree.write("proc/40/stat", (tree.folder / "proc/40/stat").read_text().replace("1040", "2040").replace(" Z ", " S "))
    assert not target.alive(process, proc=tree.proc)
