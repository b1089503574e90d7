"""tools/venv.sh: which Python it takes, what it says when it cannot go on, and that nothing half-made stays."""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent
PYTHON = """#!/bin/sh
case "$*" in *"-m pip"*) echo "ERROR: $PIP_SAYS"; {pip}; esac
exec {python} "$@"
"""
"""A Python whose pip does as it is told, without a network."""


class Checkout:
    """A folder with the script, and a PATH of our own."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder / "a checkout"
        self.bin = folder / "bin"
        self.pip = folder / "pip"
        self.environment = {"PATH": str(self.bin), "PYTHONPATH": str(folder), "PIP_SAYS": "no network"}
        (self.folder / "tools").mkdir(parents=True)
        for name in ("tools/venv.sh", "pyproject.toml", "setup.py"):
            shutil.copy(ROOT / name, self.folder / name)
        self.bin.mkdir()
        for tool in ("sh", "dirname", "cat", "cksum", "head", "grep", "sed", "mkdir", "rmdir", "rm", "sleep", "touch"):
            (self.bin / tool).symlink_to(shutil.which(tool) or pytest.skip(f"no {tool}"))
        self.has_pip("24.0")

    @property
    def made(self) -> Path:
        return self.folder / ".venv"

    def has_pip(self, version: str | None) -> None:
        self.pip.mkdir(exist_ok=True)
        (self.pip / "__init__.py").write_text("raise ImportError" if version is None else f"__version__ = {version!r}")

    def has_python(self, name: str, pip: str = "exit 0") -> Path:
        return self.script(name, PYTHON.format(python=sys.executable, pip=pip))

    def script(self, name: str, text: str) -> Path:
        (self.bin / name).write_text(text)
        (self.bin / name).chmod(0o755)
        return self.bin / name

    def start(self, extra: str = "demo", **environment: str) -> subprocess.Popen[str]:
        return subprocess.Popen(
            ["sh", "tools/venv.sh", extra],
            cwd=self.folder,
            env={**self.environment, **environment},
            stderr=subprocess.PIPE,
            text=True,
            start_new_session=True,
        )

    def set_up(self, extra: str = "demo", **environment: str) -> tuple[int, list[str]]:
        """Exit code, and what was said."""
        started = self.start(extra, **environment)
        said = started.communicate(timeout=60)[1]
        return started.returncode, said.splitlines()


@pytest.fixture
def checkout(tmp_path: Path) -> Checkout:
    return Checkout(tmp_path)


def test_the_first_python_that_works_is_taken(checkout):
    checkout.script("python3.11", "#!/bin/sh\necho 'pyenv: python3.11: command not found' >&2\nexit 127\n")
    taken = checkout.has_python("python3.12")
    checkout.has_python("python3")
    code, said = checkout.set_up()
    assert (code, len(said)) == (0, 1)
    assert f"with {taken};" in said[0]
    assert subprocess.run([checkout.made / "bin" / "python", "-c", ""], check=False).returncode == 0


def test_what_is_made_is_made_once_until_the_project_changes(checkout):
    checkout.has_python("python3")
    assert checkout.set_up("test")[0] == 0
    (checkout.made / "kept").touch()
    assert checkout.set_up("test") == checkout.set_up("demo") == (0, [])
    with (checkout.folder / "pyproject.toml").open("a") as project:
        project.write("# changed\n")
    assert checkout.set_up("demo")[0] == 0
    assert not (checkout.made / "kept").exists()


def test_a_second_extra_is_added_to_the_same_environment(checkout):
    checkout.has_python("python3")
    assert checkout.set_up("demo")[0] == 0
    (checkout.made / "kept").touch()
    code, said = checkout.set_up("test")
    assert (code, len(said), (checkout.made / "kept").exists()) == (0, 1, True)


def test_a_half_made_environment_is_made_again(checkout):
    checkout.has_python("python3")
    checkout.made.mkdir()
    (checkout.made / ".perftools").touch()
    (checkout.made / "half").touch()
    assert checkout.set_up()[0] == 0
    assert not (checkout.made / "half").exists()


def test_a_failure_of_pip_is_one_line_and_leaves_its_output(checkout):
    checkout.has_python("python3", pip="exit 1")
    code, said = checkout.set_up()
    assert (code, len(said)) == (1, 2)  # the first says what is being done
    assert "pip failed: no network" in said[1]
    assert str(checkout.folder / ".venv.log") in said[1]
    assert (checkout.folder / ".venv.log").read_text() == "ERROR: no network\n"
    assert not checkout.made.exists()


def test_an_interrupt_leaves_nothing_half_made(checkout):
    checkout.has_python("python3", pip="touch pip-runs; exec sleep 30")
    started = checkout.start()
    deadline = time.monotonic() + 30
    while not (checkout.folder / "pip-runs").exists() and time.monotonic() < deadline:
        time.sleep(0.02)
    os.killpg(started.pid, signal.SIGINT)
    started.communicate(timeout=30)
    assert started.returncode == 130
    assert not checkout.made.exists()


@pytest.mark.parametrize(
    ("pip", "says"), [(None, "has no pip: install it"), ("22.2.2", "is older than 22.3"), ("9.0", "is older than 22.3")]
)
def test_a_missing_or_old_pip_is_one_line(checkout, pip, says):
    checkout.has_python("python3")
    checkout.has_pip(pip)
    code, said = checkout.set_up()
    assert (code, len(said)) == (1, 1)
    assert says in said[0]
    assert not checkout.made.exists()


def test_without_a_python_one_line_says_what_to_do(checkout):
    checkout.script("python3", "#!/bin/sh\nexit 1\n")
    code, said = checkout.set_up()
    assert (code, len(said)) == (1, 1)
    assert "no working Python >= 3.11" in said[0]
    assert "PYTHON=" in said[0]


def test_python_overrides_and_is_judged_alone(checkout):
    checkout.has_python("python3")
    own = checkout.has_python("own")
    code, said = checkout.set_up(PYTHON=str(own))
    assert code == 0
    assert f"with {own};" in said[0]
    code, said = checkout.set_up(PYTHON="nonesuch", VENV="other")
    assert (code, len(said)) == (1, 1)
    assert "PYTHON=nonesuch" in said[0]


def test_a_folder_of_somebody_else_is_left_alone(checkout):
    checkout.has_python("python3")
    theirs = checkout.folder / "theirs"
    theirs.mkdir()
    (theirs / "thesis.tex").touch()
    code, said = checkout.set_up(VENV="theirs")
    assert (code, len(said)) == (1, 1)
    assert "was not made by this Makefile" in said[0]
    assert (theirs / "thesis.tex").exists()


def test_two_at_once_wait_for_each_other(checkout):
    checkout.has_python("python3", pip="echo run >>runs; sleep 0.5; exit 0")
    both = [checkout.start(), checkout.start()]
    said = [started.communicate(timeout=60)[1] for started in both]
    assert [started.returncode for started in both] == [0, 0]
    assert (checkout.folder / "runs").read_text() == "run\n"
    assert sum("waiting for another make" in words for words in said) == 1
