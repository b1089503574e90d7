"""Reading /proc and the files of another process, which may be anything."""

from __future__ import annotations

import os
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from perftools.target import python
from perftools.target.container import container
from perftools.target.proc import HOST, mappings
from tests.proctree import Tree


@pytest.fixture
def tree(tmp_path: Path) -> Tree:
    made = Tree(tmp_path)
    made.process(9, "/opt/py/bin/python app.py")
    made.write("proc/9/root/srv/app/settings.txt", "theirs")
    return made


def test_links_stay_inside_the_root_of_the_process(tree: Tree, tmp_path: Path) -> None:
    ours = tmp_path / "secret.txt"
    ours.write_text("ours")
    for name, aim in {
        "absolute": str(ours),
        "upwards": "../../../../../../secret.txt",
        "good": "/srv/app/settings.txt",
        "relative": "../app/./settings.txt",
        "folder": "/srv//app",
        "loop": "loop",
    }.items():
        tree.link(f"proc/9/root/srv/app/{name}", aim)
    for path in ("settings.txt", "good", "relative", "folder/settings.txt", "folder/../app/good"):
        assert tree.proc.read_inside(9, f"/srv/app/{path}", 100) == b"theirs"
    for path in ("absolute", "upwards", "loop", "folder", "none", "settings.txt/x"):
        with pytest.raises(OSError, match=r"symbolic link|not a regular|No such|Not a dir"):
            tree.proc.read_inside(9, f"/srv/app/{path}", 100)
    assert tree.proc.read_inside(9, "/../../srv/app/settings.txt", 3) == b"the"


def test_only_regular_files_are_opened(tree: Tree) -> None:
    os.mkfifo(tree.folder / "proc/9/root/srv/fifo")
    with pytest.raises(OSError, match="not a regular file"):
        tree.proc.read_inside(9, "/srv/fifo", 100)
    assert tree.proc.exists_inside(9, "/srv/fifo")
    assert tree.proc.list_inside(9, "/srv/fifo", 5) == []


def test_no_descriptor_is_left_open(tree: Tree) -> None:
    before = len(os.listdir("/proc/self/fd"))
    for path in ("/srv/app/settings.txt", "/srv/none/x", "/srv/app"):
        tree.proc.exists_inside(9, path)
        tree.proc.list_inside(9, path, 5)
    assert len(os.listdir("/proc/self/fd")) == before


def test_our_own_process() -> None:
    stat = HOST.stat(os.getpid())
    assert stat is not None
    assert (stat.pid, stat.parent, HOST.own_pid) == (os.getpid(), os.getppid(), os.getpid())
    assert stat.stack_start > 0
    assert HOST.executable(os.getpid()) == os.path.realpath("/proc/self/exe")
    assert HOST.read_inside(os.getpid(), __file__, 20).startswith(b'"""Reading /proc')


@given(st.text())
def test_any_maps_file_is_read(text: str) -> None:
    for mapping in mappings(text + "\n7f00-7f10 r-xp 00000000 08:01 12    /usr/lib/a b.so (deleted)"):
        last = mapping
    assert last == (0x7F00, 0x7F10, "r-xp", "/usr/lib/a b.so (deleted)")


@pytest.mark.parametrize("text", ["", "9 (x", "9 (a b) S", "9 (a) b) S x y z"])
def test_a_broken_stat_is_no_process(tree: Tree, text: str) -> None:
    tree.write("proc/9/stat", text)
    assert tree.proc.stat(9) is None


@pytest.mark.parametrize(
    ("content", "version"),
    [
        ("..\0" + "3.11.7\0", "3.11.7"),
        ("/opt/python-3.11.2\0..\0" + "3.11.14rc1\0..", "3.11.14rc1"),
        ("/opt/3.11.7\0", "3.11.7"),
        ("13.11.7\0 3.11.x 3.11.7 \0", "3.11"),
        ("x" * ((1 << 20) - 4) + "\0" + "3.11.9\0", "3.11.9"),
        ("", "3.11"),
    ],
)
def test_the_patch_version_in_the_interpreters_file(tree: Tree, content: str, version: str) -> None:
    tree.write("proc/9/root/opt/py/bin/python3.11", content)
    found = python.identify(tree.proc, 9)
    assert (found.version, found.minor) == ("3.11", (3, 11))
    assert python.full_version(tree.proc, 9, found) == version


def test_the_version_of_a_libpython_and_of_library_folders(tree: Tree) -> None:
    tree.process(9, "app", exe="/usr/bin/app")
    tree.write("proc/9/root/usr/lib/libpython3.9.so.1.0", "\0" + "3.9.18\0")
    tree.write("proc/9/maps", "7f00-7f10 r-xp 0 08:01 12 /usr/lib/libpython3.9.so.1.0\n")
    assert python.full_version(tree.proc, 9, python.identify(tree.proc, 9)) == "3.9.18"
    tree.process(9, "python", exe="/usr/bin/python")
    tree.write("proc/9/maps", "7f00-7f10 r-xp 0 08:01 12 /usr/lib/python3.8/lib-dynload/_json.so\n")
    assert python.identify(tree.proc, 9).version == "3.8"


@pytest.mark.parametrize(
    ("cgroup", "name", "expected"),
    [
        ("0::/system.slice/app.service\n", "host", None),
        (f"0::/system.slice/docker-{'0f' * 32}.scope\n", "host", "container 0f0f0f0f0f0f"),
        (f"3:cpu:/docker/{'0f' * 32}\n0::/\n", "host", "container 0f0f0f0f0f0f"),
        (
            f"0::/kubepods.slice/kubepods-pod1.slice/cri-containerd-{'0f' * 32}.scope\n",
            "scoring-7c9",
            "pod scoring-7c9",
        ),
        (f"0::/kubepods/pod1/{'0f' * 32}\n", "bad\x1bname", "pod with container 0f0f0f0f0f0f"),
    ],
)
def test_the_container(tree: Tree, cgroup: str, name: str, expected: str | None) -> None:
    tree.write("proc/9/cgroup", cgroup)
    tree.write("proc/9/root/etc/hostname", name + "\n")
    assert container(tree.proc, 9) == expected


def test_the_container_from_inside(tree: Tree) -> None:
    tree.write("proc/9/cgroup", "0::/\n")
    tree.write("proc/9/root/etc/hostname", "0f3cab12de34\n")
    assert container(tree.proc, 9) is None
    tree.write("proc/9/root/.dockerenv", "")
    assert container(tree.proc, 9) == "container 0f3cab12de34"
