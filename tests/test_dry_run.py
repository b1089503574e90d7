"""`perf audit --dry-run`: what would be read, and that it is not."""

from __future__ import annotations

import errno
import json

import jsonschema
import pytest

import perftools
from perftools import errors
from perftools.collect import plan as plans
from perftools.collect.gc import perf_events
from perftools.record import Missing, Observations
from perftools.report import schema
from tests import build
from tests.test_cli import run, stages

__all__ = ["run", "stages"]


def test_it_covers_every_collector_that_runs_unasked():
    unasked = set(Observations.__struct_fields__) - {"extra", "allocations"}
    assert {reading.id for reading in plans.plan(build.target())} == unasked | {"sources"}


def test_it_prints_calls_rights_and_costs_and_watches_nothing(run, stages, monkeypatch):
    monkeypatch.delattr(perftools.api, "audit")
    code, stdout, stderr = run("audit", "--port", "8000", "--dry-run")
    assert (code, stderr) == (0, "")
    assert stdout.startswith("pid 4711   gunicorn: master [scoring:app]   2 workers: 4712, 4713\n")
    text = " ".join(stdout.split())
    for said in (
        "process_vm_readv",
        "perf_event_open",
        "smaps_rollup",
        "py-spy record --nonblocking",
        "All of it: up to 1",
    ):
        assert said in text
    assert stdout.rstrip().splitlines()[-1].endswith(" audit --port 8000")
    assert stages.asked["port"] == 8000


def test_it_ends_as_the_audit_would_before_its_window(run, stages, monkeypatch):
    def refuse(target):
        raise errors.NoRight("cannot read the memory of pid 4712")

    monkeypatch.setattr("perftools.target.preflight", refuse)
    code, stdout, stderr = run("audit", "4711", "--dry-run")
    assert (code, stdout) == (3, "")
    assert "E-PTRACE" in stderr
    assert run("audit", "4711", "--dry-run", "--only", "nonsense")[0] == 2


def test_memory_is_said_to_change_the_service_and_whether_it_could(run, monkeypatch):
    monkeypatch.setattr(plans.recording, "planned", lambda target: Missing(code="E-DEBUGGER", reason="no gdb"))
    code, stdout, stderr = run("audit", "4711", "--dry-run", "--memory")
    assert (code, stderr) == (0, "")
    text = " ".join(stdout.split())
    assert "neither stop nor change the service, but for --memory, which does both." in text
    assert "memray in its environment: no: no gdb" in text
    assert stdout.rstrip().endswith(" audit 4711 --memory")


def test_it_is_a_document_too(run):
    code, stdout, _ = run("audit", "4711", "--dry-run", "--json")
    assert code == 0
    told = json.loads(stdout)
    jsonschema.Draft202012Validator(json.loads(schema.shipped("plan-1.json"))).validate(told)
    assert told["target"]["root_pid"] == 4711
    assert all(read["had"].startswith(("yes", "no")) for read in told["reads"])


@pytest.mark.parametrize(
    ("refusal", "says"),
    [(None, "a watchpoint: yes"), (errno.EACCES, "a watchpoint: no, "), (errno.ENOENT, "breakpoints")],
)
def test_the_watchpoint_is_tried_on_ourselves(monkeypatch, refusal, says):
    def open_event(attributes, tid, cpu):
        assert tid == 0  # ourselves
        if refusal is not None:
            raise OSError(refusal, "refused")
        import os

        return os.open(os.devnull, os.O_RDONLY)

    monkeypatch.setattr(perf_events, "open_event", open_event)
    gc = next(reading for reading in plans.plan(build.target()) if reading.id == "gc")
    assert says in gc.had
