"""`perf`: ours or Linux perf's, in processes of their own with a PATH made for the test."""

from __future__ import annotations

import os
import re
import shutil
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from perftools import shim

ROOT = Path(shim.__file__).parent.parent


def script(folder: Path, text: str) -> Path:
    folder.mkdir(exist_ok=True)
    path = folder / "perf"
    path.write_text(text)
    path.chmod(0o755)
    return path


def shim_in(folder: Path) -> Path:
    """As an installer writes it."""
    return script(
        folder,
        f"#!{sys.executable}\nimport sys\nsys.path.insert(0, {str(ROOT)!r})\n"
        "from perftools.shim import main\nsys.exit(main())\n",
    )


def real_in(folder: Path) -> Path:
    """Says what it was given, and ends with 7."""
    return script(folder, '#!/bin/sh\necho "real:$#:$*"\n[ "$1" = cat ] && /bin/cat\necho "to stderr" >&2\nexit 7\n')


def perf(path: Path, *arguments: str, folders: list[Path], **options) -> subprocess.CompletedProcess[str]:
    environment = {**os.environ, "PATH": os.pathsep.join(map(str, folders))}
    environment.pop(shim.SKIPPED, None)
    return subprocess.run(
        [path, *arguments], env=environment, capture_output=True, text=True, check=False, timeout=30, **options
    )


@pytest.fixture
def ours(tmp_path):
    return shim_in(tmp_path / "ours")


@pytest.fixture
def real(tmp_path):
    return real_in(tmp_path / "real")


@pytest.mark.parametrize("verb", shim.VERBS)
def test_our_verbs_are_ours(ours, real, verb):
    done = perf(ours, verb, "--help", folders=[ours.parent, real.parent])
    assert done.returncode == 0
    assert done.stdout.startswith(f"Usage: perf {verb} ")


@pytest.mark.parametrize(
    "arguments", [(), ("--help",), ("--version",), ("stat", "-e", "task clock", "--", "a b", ""), ("auditor",)]
)
def test_everything_else_is_the_real_perf_s(ours, real, arguments):
    folders = [ours.parent, real.parent]
    done = perf(ours, *arguments, folders=folders)
    direct = perf(real, *arguments, folders=folders)
    assert (done.returncode, done.stdout, done.stderr) == (7, direct.stdout, "to stderr\n")
    assert done.stdout.startswith(f"real:{len(arguments)}:")


def test_stdin_passes_through(ours, real):
    done = perf(ours, "cat", folders=[ours.parent, real.parent], input="one\ntwo\n")
    assert done.stdout == "real:1:cat\none\ntwo\n"


def test_two_environments_that_each_hold_a_shim(tmp_path, ours, real):
    second = shim_in(tmp_path / "second")
    done = perf(ours, "stat", folders=[ours.parent, second.parent, real.parent])
    assert (done.returncode, done.stdout) == (7, "real:1:stat\n")
    done = perf(second, "stat", folders=[ours.parent, second.parent, real.parent])
    assert (done.returncode, done.stdout) == (7, "real:1:stat\n")
    done = perf(ours, "stat", folders=[ours.parent, second.parent])
    assert done.returncode == 127


def test_symlinks_to_the_script_and_to_its_folder_are_no_other_perf(tmp_path, ours, real):
    (tmp_path / "local").mkdir()
    (tmp_path / "local" / "perf").symlink_to(ours)
    (tmp_path / "alias").symlink_to(ours.parent)
    folders = [tmp_path / "local", tmp_path / "alias", ours.parent]
    for path in (ours, tmp_path / "local" / "perf", tmp_path / "alias" / "perf"):
        assert perf(path, "stat", folders=folders).returncode == 127
        assert perf(path, "stat", folders=[*folders, real.parent]).returncode == 7


def test_without_another_perf_there_is_one_line_and_127(ours):
    done = perf(ours, "stat", "true", folders=[ours.parent])
    assert (done.returncode, done.stdout) == (127, "")
    listed = ", ".join(shim.VERBS)
    assert done.stderr == f"perf: no other perf on PATH for 'stat'; ours are: {listed}\n"


def test_without_another_perf_help_and_version_are_ours(ours):
    assert "perftools" in perf(ours, "--version", folders=[ours.parent]).stdout
    assert "Usage: perf " in perf(ours, "--help", folders=[ours.parent]).stdout
    assert "Usage: perf " in perf(ours, folders=[ours.parent]).stderr


def test_what_cannot_be_run_is_passed_over(tmp_path, ours, real):
    broken = script(tmp_path / "broken", "#!/no/such/interpreter\n")
    unreadable = script(tmp_path / "unreadable", "#!/bin/sh\n")
    unreadable.chmod(0o644)
    (tmp_path / "directory" / "perf").mkdir(parents=True)
    folders = [ours.parent, broken.parent, unreadable.parent, tmp_path / "directory", tmp_path / "none", real.parent]
    assert perf(ours, "stat", folders=folders).returncode == 7


def test_the_real_perf_dies_of_sigpipe_as_ever(tmp_path, ours):
    endless = script(tmp_path / "endless", "#!/bin/sh\nwhile :; do echo line; done\n")
    environment = {**os.environ, "PATH": f"{ours.parent}:{endless.parent}:{os.environ['PATH']}"}
    with subprocess.Popen([ours, "script"], env=environment, stdout=subprocess.PIPE, stderr=subprocess.PIPE) as child:
        assert child.stdout
        child.stdout.readline()
        child.stdout.close()
        assert child.wait(30) == -signal.SIGPIPE


def installed_perf() -> str | None:
    """Linux perf, if it is there for this kernel and not only as a wrapper."""
    path = shutil.which("perf", path="/usr/bin:/usr/local/bin:/bin")
    works = path and subprocess.run([path, "--version"], capture_output=True, check=False).returncode == 0
    return path if works else None


@pytest.mark.skipif(installed_perf() is None, reason="Linux perf is not installed")
@pytest.mark.parametrize("command", [["nonsense"], ["--version"], ["stat", "-e", "no-such-event", "true"]])
def test_linux_perf_says_the_same_as_without_us(ours, command):
    path = Path(installed_perf() or "")
    through, direct = (perf(start, *command, folders=[ours.parent, path.parent]) for start in (ours, path))
    assert through.returncode == direct.returncode
    for had, wanted in ((through.stdout, direct.stdout), (through.stderr, direct.stderr)):
        assert without_numbers(had) == without_numbers(wanted)


def without_numbers(text: str) -> list[str]:
    """Words: the counts of two runs differ, and so do the widths of their columns."""
    return re.sub(r"[\d.,]+", "0", text).split()


def test_tab_completion_of_perf_is_ours_and_says_nothing_of_linux_perf_s_verbs(ours, real):
    def offered(line: str) -> str:
        words = {"_PERF_COMPLETE": "bash_complete", "COMP_WORDS": line, "COMP_CWORD": str(line.count(" "))}
        environment = {**os.environ, **words, "PATH": os.pathsep.join(map(str, [ours.parent, real.parent]))}
        done = subprocess.run([ours], env=environment, capture_output=True, text=True, check=False, timeout=30)
        assert done.stderr == ""
        return done.stdout

    assert offered("perf au") == "plain,audit\n"
    assert "plain,gc-pause\n" in offered("perf explain gc-p")
    assert offered("perf stat ") == ""
