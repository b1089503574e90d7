"""The text of hot functions, as the target sees it."""

from __future__ import annotations

import io
import os
import zipfile
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from msgspec.structs import replace

from perftools.collect import sources
from perftools.collect.sources import Sources
from perftools.source.extent import Outline
from tests import build
from tests.proctree import Tree

PID = 7
TEXT = "import a\n\ndef f(rows):\n    s = 0\n    return s\n"


class Machine:
    """A target that lives in `root`, and whose process table stands beside it."""

    def __init__(self, folder: Path) -> None:
        self.root = folder / "root"
        self.root.mkdir()
        self.tree = Tree(folder / "table")
        self.tree.link(f"proc/{PID}/root", str(self.root))
        self.tree.link(f"proc/{PID}/cwd", "/srv")
        (self.root / "srv").mkdir()

    def write(self, path: str, content: str | bytes = TEXT) -> Path:
        file = self.root / path.lstrip("/")
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_bytes(content.encode() if isinstance(content, str) else content)
        return file

    def sources(self) -> Sources:
        target = build.audit().target
        return Sources(replace(target, processes=(replace(target.processes[0], pid=PID),)))


@pytest.fixture
def machine(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Machine:
    made = Machine(tmp_path)
    monkeypatch.setattr(sources, "HOST", made.tree.proc)
    return made


def test_a_function_is_found_by_absolute_and_by_relative_path(machine: Machine) -> None:
    machine.write("/srv/app.py")
    for file in ("/srv/app.py", "app.py"):
        found = machine.sources().at(file, 4)
        assert found is not None
        assert (found.function, found.first_line, found.text) == ("f", 3, "def f(rows):\n    s = 0\n    return s")


@pytest.mark.parametrize("newline", ["\r\n", "\r"])
def test_every_kind_of_newline_and_a_byte_order_mark(machine: Machine, newline: str) -> None:
    machine.write(
        "/srv/app.py", "\ufeff" + "def f(rows):\n    s = '''\n'''\n    return s\n\nx = 1\n".replace("\n", newline)
    )
    found = machine.sources().at("/srv/app.py", 4)
    assert found is not None
    assert (found.function, found.first_line, found.text) == ("f", 1, "def f(rows):\n    s = '''\n'''\n    return s")


def test_links_are_followed_in_the_targets_root_only(machine: Machine, tmp_path: Path) -> None:
    outside = tmp_path / "secret.py"
    outside.write_text(TEXT)
    (machine.root / "srv/absolute.py").symlink_to(outside)
    (machine.root / "srv/climbing.py").symlink_to("../../../secret.py")
    (machine.root / "srv/inside.py").symlink_to("/opt/app.py")
    machine.write("/opt/app.py")
    read = machine.sources()
    assert read.at("/srv/absolute.py", 4) is None
    assert read.at("/srv/climbing.py", 4) is None
    assert read.at("/srv/../../../secret.py", 4) is None
    found = read.at("/srv/inside.py", 4)
    assert found is not None and found.file == "/srv/inside.py"


def test_only_regular_files_of_a_bounded_size_are_read(machine: Machine, monkeypatch: pytest.MonkeyPatch) -> None:
    os.mkfifo(machine.root / "srv/fifo.py")  # opening it to read would block
    (machine.root / "srv/folder.py").mkdir()
    machine.write("/srv/large.py", TEXT)
    monkeypatch.setattr(sources, "_LARGEST", len(TEXT) - 1)
    read = machine.sources()
    for name in ("fifo.py", "folder.py", "large.py", "none.py", "<string>", "nul\0.py", "\udcff.py"):
        assert read.at(f"/srv/{name}" if name[0] != "<" else name, 4) is None
    assert read.all() == ()


def test_each_of_many_files_is_read_and_scanned_once(machine: Machine, monkeypatch: pytest.MonkeyPatch) -> None:
    scanned = []

    class Counted(Outline):
        def __init__(self, text: str) -> None:
            scanned.append(text)
            super().__init__(text)

    monkeypatch.setattr(sources, "Outline", Counted)
    names = [f"/srv/app_{number}.py" for number in range(100)]
    for name in names:
        machine.write(name)
    read = machine.sources()
    found = {read.at(name, line) for _ in range(3) for line in (3, 4, 5) for name in names}
    assert len(scanned) == len(names)
    assert found == set(read.all()) and len(found) == len(names)


def test_there_is_an_end_to_the_files_that_are_read(machine: Machine, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sources, "_MOST_FILES", 2)
    for name in "abc":
        machine.write(f"/srv/{name}.py")
    read = machine.sources()
    assert [read.at(f"/srv/{name}.py", 4) is not None for name in "abc"] == [True, True, False]


def test_imports_of_a_module_are_kept(machine: Machine) -> None:
    text = "import os\nimport gc, re\n\ndef f():\n    from gc import collect\n    collect()\n\nx = 'import gc'\n"
    machine.write("/srv/app.py", text)
    read = machine.sources()
    for _ in range(2):
        read.importing("/srv/app.py", "gc")
        read.importing("/srv/none.py", "gc")
    assert [(source.function, source.first_line) for source in read.all()] == [("<module>", 2), ("f", 4)]


def archive(method: int = zipfile.ZIP_DEFLATED, content: str = TEXT) -> bytes:
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w", method) as made:
        made.writestr("pkg/app.py", content)
    return file.getvalue()


def test_a_member_of_a_zip_archive_is_read(machine: Machine) -> None:
    machine.write("/srv/app.zip", archive())
    found = machine.sources().at("/srv/app.zip/pkg/app.py", 4)
    assert found is not None and found.function == "f"
    assert machine.sources().at("/srv/app.zip/pkg/none.py", 4) is None


@pytest.mark.parametrize("method", [zipfile.ZIP_BZIP2, zipfile.ZIP_LZMA])
def test_what_python_cannot_import_is_not_unpacked(machine: Machine, method: int) -> None:
    machine.write("/srv/app.zip", archive(method))
    assert machine.sources().at("/srv/app.zip/pkg/app.py", 4) is None


def test_a_member_that_unpacks_to_too_much_is_not_read(machine: Machine, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sources, "_LARGEST", 10_000)
    machine.write("/srv/app.zip", archive(content=TEXT + "#" * 10_000))
    assert machine.sources().at("/srv/app.zip/pkg/app.py", 4) is None


def test_a_directory_longer_than_the_bound_is_not_read_into_memory(
    machine: Machine, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sources, "_LARGEST_DIRECTORY", 50)
    machine.write("/srv/app.zip", archive())
    assert machine.sources().at("/srv/app.zip/pkg/app.py", 4) is None


@settings(max_examples=200, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    method=st.sampled_from([zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED, zipfile.ZIP_LZMA]),
    changes=st.lists(st.tuples(st.integers(0, 400), st.integers(0, 255)), max_size=6),
    end=st.integers(0, 400),
)
def test_a_damaged_archive_is_no_source_and_no_error(
    machine: Machine, method: int, changes: list[tuple[int, int]], end: int
) -> None:
    content = bytearray(archive(method)[: end if end < 100 else None])
    for at, byte in changes:
        if at < len(content):
            content[at] = byte
    machine.write("/srv/app.zip", bytes(content))
    machine.sources().at("/srv/app.zip/pkg/app.py", 4)


def test_every_damaged_byte_of_an_archive(machine: Machine) -> None:
    whole = archive()
    for at in range(len(whole)):
        machine.write("/srv/app.zip", whole[:at] + bytes([whole[at] ^ 0xFF]) + whole[at + 1 :])
        machine.sources().at("/srv/app.zip/pkg/app.py", 4)


def test_the_imports_of_the_module_come_with_each_function():
    text = 'import os\nfrom a import (\n    b,\n    c,\n)\n\n\ndef f():\n    import late\n    return "import text"\n'
    assert Outline(text).imports(9) == [(1, 1), (2, 5)]
    assert Outline(text).imports(1) == [(1, 1)]
