"""The demo where it cannot run: each reason is said, with a command that helps. For the rest see live/."""

from __future__ import annotations

import contextlib
import os
import sys
from collections.abc import Iterator

import psutil
import pytest

from perftools import cli, demo, target
from perftools.errors import NoRight, ToolBroken


def children() -> set[int]:
    """Of this process, those included that have ended and were not waited for."""
    return {child.pid for child in psutil.Process().children()}


def test_without_a_server_the_command_that_installs_it_is_said(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("importlib.util.find_spec", lambda name: None)
    with pytest.raises(ToolBroken) as caught, demo.service_under_load(seconds=1):
        pass
    assert "uvicorn" in caught.value.message
    assert caught.value.commands[0].startswith("pip install '.[demo]'")


def test_a_service_that_does_not_start_says_why_and_leaves_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    code = "import sys; sys.exit('Traceback\\nno more memory')"
    monkeypatch.setattr(demo, "_BENCHMARKS", (sys.executable, "-c", code))
    before = children()
    with pytest.raises(ToolBroken, match="no more memory"), demo.service_under_load(seconds=1):
        pass
    assert children() == before


def test_a_service_that_never_gets_ready_is_given_up(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(demo, "_BENCHMARKS", (sys.executable, "-c", "import time; time.sleep(60)"))
    monkeypatch.setattr(demo, "_PATIENCE_S", 0.2)
    before = children()
    with pytest.raises(ToolBroken, match="said nothing"), demo.service_under_load(seconds=1):
        pass
    assert children() == before


def test_where_tracing_is_refused_the_demo_is_what_to_run_again(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    @contextlib.contextmanager
    def service_under_load(*, seconds: float) -> Iterator[demo.Subject]:
        yield demo.Subject(os.getpid(), 60.0)

    def refused(**_: object) -> None:
        commands = (f"sudo /opt/venv/bin/perftools audit {os.getpid()}",)
        raise NoRight("cannot read the memory of the service", looked_at={"ptrace_scope": 3}, commands=commands)

    monkeypatch.setattr(demo, "service_under_load", service_under_load)
    monkeypatch.setattr(target, "find", refused)
    assert cli.main(["demo"]) == 3
    said = capsys.readouterr().err
    assert "error E-PTRACE: cannot read the memory of the service" in said
    assert "ptrace_scope 3" in said
    assert "sudo /opt/venv/bin/perftools demo\n" in said
