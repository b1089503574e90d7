"""Every command in the README, the docs and the handbook runs, or is held against the program that it is for.

Ours run with the service faked, in a folder that has the files they name; those of other programs (Docker, Kubernetes)
are linted: their verbs and options must be in that program's own help. Where it is not installed that is skipped.
"""

from __future__ import annotations

import os
import re
import shlex
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple, cast

import click
import pytest
import yaml

from perftools import cli, record
from tests.test_cli import run, stages  # noqa: F401 (fixtures)

ROOT = Path(__file__).parent.parent
PAGES = (ROOT / "README.md", *sorted((ROOT / "docs").glob("*.md")), *sorted((ROOT / "perftools/handbook").glob("*.md")))
OURS = re.compile(r"(?:\S*/)?(perf|perftools|perf-(?:audit|explain|recipes|budget|demo))$")
FENCE = re.compile(r"^```(?:sh|console)?\n(.*?)^```", re.MULTILINE | re.DOTALL)
ELSEWHERE = ("demo", "budget")
"""Verbs that other tests run: they start services and benchmarks of their own."""

CODE = (
    37 * "#\n"
    + """
def rank(query, vectors):
    total = 0.0
    for a, b in zip(query, vectors):
        total += a * b
    return total
"""
)
TEST = """
import numpy as np
from scoring.app import rank

def test_rank():
    assert rank(np.ones(2000), np.ones(2000)) == 2000.0
"""


class Documented(NamedTuple):
    """One command of one page."""

    page: str
    words: tuple[str, ...]

    def __str__(self) -> str:
        return f"{self.page}: {shlex.join(self.words)}"


def documented() -> Iterator[Documented]:
    for page in PAGES:
        for block in FENCE.findall(page.read_text(encoding="utf-8")):
            for line in block.replace("\\\n", " ").splitlines():
                command = line.removeprefix("$ ")
                try:
                    words = shlex.split(command, comments=True)
                except ValueError:
                    continue  # a report or a script, not a command
                if words and words[0] == "sudo":
                    words = words[1:]
                if words and (OURS.fullmatch(words[0]) or words[0] in ("docker", "kubectl")):
                    yield Documented(page.relative_to(ROOT).as_posix(), tuple(words))


ALL = sorted(set(documented()))
OF_OURS = [each for each in ALL if OURS.fullmatch(each.words[0])]
OF_OTHERS = [each for each in ALL if not OURS.fullmatch(each.words[0])]


def ours(words: tuple[str, ...]) -> list[str]:
    """The words after `perftools`; what another program would put in is a pid."""
    name = words[0].rpartition("/")[2]
    given = ["4711" if word.startswith("$(") else word for word in words[1:]]
    return [*([name.removeprefix("perf-")] if name.startswith("perf-") else []), *given]


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, stages) -> Path:  # noqa: F811
    """Where the files are that the commands name, and nothing else."""
    (tmp_path / "scoring").mkdir()
    (tmp_path / "tests").mkdir()
    (tmp_path / "scoring/__init__.py").touch()
    (tmp_path / "scoring/app.py").write_text(CODE)
    (tmp_path / "tests/test_app.py").write_text(TEST)
    for name in ("a.json", "audit.json"):
        (tmp_path / name).write_bytes(record.encode(stages.audit))
    for name in ("pyproject.toml", "other.toml"):
        (tmp_path / name).write_text("[tool.perftools]\n")
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path / "state"))
    monkeypatch.setenv("PYTHONPATH", os.pathsep.join([str(tmp_path), os.environ.get("PYTHONPATH", "")]))
    assert cli.main(["audit", "4711", "-q"]) == 0  # one is kept
    return tmp_path


def test_there_are_commands_of_every_kind() -> None:
    verbs = {ours(each.words)[0] for each in OF_OURS if len(ours(each.words)) > 0}
    assert {"audit", "explain", "recipes"} <= verbs
    assert {each.words[0] for each in OF_OTHERS} == {"docker", "kubectl"}


@pytest.mark.parametrize("command", OF_OURS, ids=str)
def test_a_command_of_ours_is_understood(command: Documented) -> None:
    """Its verb, options and arguments are those that the program has."""
    context: click.Context | None = None
    words, verb = ours(command.words), cast("click.Command", cli.perftools)
    while "--help" not in words:
        context = verb.make_context(verb.name or "perftools", list(words), parent=context)
        if not isinstance(verb, click.Group):
            return
        name, found, words = verb.resolve_command(context, [*context._protected_args, *context.args])
        assert found is not None, name
        verb = found


@pytest.mark.parametrize("page", sorted({each.page for each in OF_OURS}))
def test_the_commands_of_a_page_run_one_after_the_other(page: str, folder: Path, monkeypatch, capsys) -> None:
    for command in dict.fromkeys(each for each in documented() if each.page == page and OURS.fullmatch(each.words[0])):
        words = ours(command.words)
        if words[0] in ELSEWHERE:
            continue
        if words[0] == "recipes":
            done = subprocess.run(
                [sys.executable, "-m", "perftools", *words], capture_output=True, text=True, timeout=60, check=False
            )
            code, said = done.returncode, done.stdout + done.stderr
        else:
            code = cli.main(words)
            said = "".join(capsys.readouterr())
        unnamed = words[0] == "audit" and all(word.startswith("--dry") for word in words[1:])  # it lists the services
        assert code in ({2} if unnamed else {0, 1}), f"{command}: {said}"


@pytest.mark.parametrize("command", OF_OTHERS, ids=str)
def test_a_command_of_another_program_has_verbs_and_options_that_it_knows(command: Documented) -> None:
    program, verb, *words = command.words
    if shutil.which(program) is None:
        pytest.skip(f"{program} is not installed")
    words = words[: words.index("--")] if "--" in words else words
    done = subprocess.run([program, verb, "--help"], capture_output=True, text=True, timeout=30, check=False)
    said = done.stdout + done.stderr
    assert done.returncode == 0 and "Usage" in said
    for word in words:
        if word.startswith("--"):
            assert re.search(rf"^\s+(?:-\w, )?{re.escape(word.partition('=')[0])}\b", said, re.MULTILINE), word
        elif re.fullmatch(r"-[a-z]+", word):
            assert all(re.search(rf"^\s+-{letter}, ", said, re.MULTILINE) for letter in word[1:]), word


def test_what_runs_inside_a_container_is_understood_too() -> None:
    inner = [each.words[each.words.index("--") + 1 :] for each in OF_OTHERS if "--" in each.words]
    inner += [
        each.words[each.words.index("scoring") + 1 :] for each in OF_OTHERS if each.words[:2] == ("docker", "exec")
    ]
    assert len(inner) >= 5
    for words in inner:
        test_a_command_of_ours_is_understood(Documented("docs/containers.md", words))


def test_the_documents_for_kubernetes_are_what_it_takes() -> None:
    """By the fields of the API reference (kubernetes.io, Pod v1), as far as they are used here."""
    pod = yaml.safe_load((ROOT / "docs/containers/sidecar.yaml").read_text())
    assert (pod["apiVersion"], pod["kind"], sorted(pod)) == ("v1", "Pod", ["apiVersion", "kind", "metadata", "spec"])
    assert pod["spec"].keys() == {"shareProcessNamespace", "containers"} and pod["spec"]["shareProcessNamespace"]
    profile = yaml.safe_load((ROOT / "docs/containers/debug-profile.yaml").read_text())
    for container in (*pod["spec"]["containers"], profile):
        assert container.keys() <= {"name", "image", "command", "securityContext", "resources"}
        security = container.get("securityContext", {})
        assert security.keys() <= {"runAsUser", "capabilities"}
        assert security.get("capabilities", {}).keys() <= {"add", "drop"}
    assert [each["name"] for each in pod["spec"]["containers"]] == ["app", "perftools"]
    assert "SYS_PTRACE" in profile["securityContext"]["capabilities"]["add"]


def test_the_image_installs_the_tool_and_nothing_else() -> None:
    lines = (ROOT / "docs/containers/Dockerfile").read_text().replace("\\\n", " ").splitlines()
    steps = [line.split(maxsplit=1) for line in lines if line and not line.startswith("#")]
    assert [step[0] for step in steps] == ["FROM", "COPY", "RUN", "ENV", "ENTRYPOINT", "CMD"]
    assert re.fullmatch(r"python:3\.(\d+)-slim", steps[0][1])
    assert subprocess.run(["sh", "-n", "-c", steps[2][1]], check=False).returncode == 0


def test_the_scripts_of_the_docs_are_shell() -> None:
    for page in PAGES:
        for block in re.findall(r"^```sh\n(.*?)^```", page.read_text(encoding="utf-8"), re.MULTILINE | re.DOTALL):
            done = subprocess.run(["sh", "-n", "-c", block], capture_output=True, text=True, check=False)
            assert done.returncode == 0, (page.name, block, done.stderr)
