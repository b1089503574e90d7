"""Audits in files, diagnosed again; where values are read."""

from __future__ import annotations

import json
import os
import stat
from pathlib import Path
from typing import Any

import pytest
from msgspec.structs import replace

from perftools import api, record
from perftools.collect.sources import Sources
from perftools.detect.judging import UNASKED
from perftools.errors import FileError, NoProcess, OutputUnwritable
from perftools.finding import TimeTable
from perftools.record import Samples
from perftools.report import document, failure
from tests import build
from tests.scene import FLOAT, Scene, list_of

APP = "/srv/app.py"
LIB = "/opt/venv/lib/python3.11/site-packages"


def scene() -> Scene:
    made = Scene()
    made.file(APP, "def dot(a, b):\n    s = 0.0\n    for x, y in zip(a, b):\n        s += x * y\n    return s\n")
    made.sample(300, ("dot", APP, "s += x"))
    made.saw(APP, "s += x", "dot", a=(list_of(FLOAT), 500))
    return made


def test_a_saved_audit_is_diagnosed_again_to_the_same_findings(tmp_path: Path) -> None:
    audit = scene().audit()
    path = tmp_path / "a.json"
    api.save(audit, str(path))
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert os.listdir(tmp_path) == ["a.json"]
    again = api.load(str(path))
    assert again == audit
    assert api.diagnose(again) == api.diagnose(audit)
    assert [finding.rule for finding in api.diagnose(again).findings] == ["list-hot-path"]


def test_without_source_no_text_is_kept_and_no_finding_is_made_of_guesses() -> None:
    bare = api.without_source(scene().audit())
    assert all(source.text == "" and source.function for source in bare.sources)
    diagnosis = api.diagnose(bare)
    assert not diagnosis.findings
    assert {each.missing.code for each in diagnosis.not_checked} == {"V-NOSOURCE", UNASKED}
    assert isinstance(diagnosis.time, TimeTable)
    assert diagnosis.time.lines[0].where.line == 4


@pytest.mark.parametrize("content", [b"", b"{", b"[]", b'{"schema": "perftools.audit/2"}', b"\xff\xfe", b"\0" * 100])
def test_files_that_are_no_audits_are_refused(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "a.json"
    path.write_bytes(content)
    with pytest.raises(FileError):
        api.load(str(path))


def deep(levels: int) -> dict[str, Any]:
    kind: dict[str, Any] = {"name": "float"}
    for _ in range(levels):
        kind = {"name": "list", "items": [kind]}
    return kind


SAMPLES, VALUES = ("observations", "samples"), ("observations", "values")
TYPE = (*VALUES, "sites", 0, "seen", 0, "type")


@pytest.mark.parametrize(
    ("path", "value"),
    [
        ((*SAMPLES, "stacks", 0, 0), 1),
        ((*SAMPLES, "stacks", 0, 0), -1),
        ((*SAMPLES, "streams", 0, "stacks", 0), 1),
        ((*SAMPLES, "streams", 0, "stacks", 0), -1),
        ((*SAMPLES, "streams", 0, "pid"), 2),
        ((*SAMPLES, "rate_hz"), 0),
        ((*SAMPLES, "rate_hz"), -100),
        ((*SAMPLES, "runs", 0, "duration_s"), -1),
        ((*SAMPLES, "runs", 0, "ticks"), -1),
        (("observations", "threads", "times", 0, "run_s"), 1e308),
        (("observations", "threads", "rounds", 0, "cpu_s"), -1),
        (TYPE, deep(16)),
        (TYPE, deep(250)),
    ],
)
def test_files_that_say_what_no_audit_can_are_refused(tmp_path: Path, path: tuple[str | int, ...], value: Any) -> None:
    content = json.loads(record.encode(scene().audit()))
    inner = content
    for key in path[:-1]:
        inner = inner[key]
    inner[path[-1]] = value
    file = tmp_path / "a.json"
    file.write_text(json.dumps(content))
    with pytest.raises(FileError):
        api.load(str(file))


@pytest.mark.parametrize("levels", [900, 100_000])
def test_files_that_are_nested_beyond_any_reader_are_refused(tmp_path: Path, levels: int) -> None:
    before, _, after = record.encode(scene().audit()).decode().partition('"type": {')
    nested = '"type": {"name": "list", "items": [{' + '"name": "list", "items": [{' * levels
    file = tmp_path / "a.json"
    file.write_text(before + nested + '"name": "float"' + "}]" * (levels + 1) + "," + after)
    with pytest.raises(FileError, match="nested too deep"):
        api.load(str(file))


def test_types_as_deep_as_a_walk_goes_are_read(tmp_path: Path) -> None:
    content = json.loads(record.encode(scene().audit()))
    content["observations"]["values"]["sites"][0]["seen"][0]["type"] = deep(15)
    (tmp_path / "a.json").write_text(json.dumps(content))
    assert api.diagnose(api.load(str(tmp_path / "a.json")))


def test_a_file_that_is_not_there_is_an_error_of_ours(tmp_path: Path) -> None:
    with pytest.raises(FileError):
        api.load(str(tmp_path / "none.json"))
    with pytest.raises(OutputUnwritable):
        api.save(scene().audit(), str(tmp_path / "none" / "a.json"))


def test_a_report_is_told_from_an_audit_and_the_command_that_saves_one_is_named(tmp_path: Path) -> None:
    path = tmp_path / "report.json"
    path.write_bytes(document.render(build.audit(), build.diagnosis()))
    with pytest.raises(FileError, match=r"is a report \(perftools.report/1\), not the audit behind it") as caught:
        api.load(str(path))
    assert caught.value.commands == ("perf audit 4711 -o audit.json  # saves the audit",)
    path.write_bytes(failure.document(NoProcess("no process 4711")))
    with pytest.raises(FileError, match="is a report") as caught:
        api.load(str(path))
    assert caught.value.commands == ("perf audit  # lists the services",)
    path.write_text('{"schema": "perftools.audit/1"}')
    with pytest.raises(FileError, match=r"is no audit of schema perftools\.audit/1"):
        api.load(str(path))


def test_an_old_file_is_replaced_in_one_step_and_a_link_is_not_followed(tmp_path: Path) -> None:
    elsewhere = tmp_path / "elsewhere"
    elsewhere.write_text("untouched")
    path = tmp_path / "a.json"
    path.symlink_to(elsewhere)
    api.save(scene().audit(), str(path))
    assert elsewhere.read_text() == "untouched"
    assert not path.is_symlink()


def test_values_are_read_in_loops_near_the_leaf_and_below_pandas(tmp_path: Path) -> None:
    app = str(tmp_path / "app.py")
    made = Scene()
    made.file(
        app,
        """
        def serve():
            for request in requests:
                    handle(request)

        def handle(request):
            total = 0.0
            for x in request.xs:
                total += scale(x)
            frame = build(total)
            return frame.sum()

        def scale(x):
            return x * 2.0
        """,
    )
    Path(app).write_text(made.files[app])
    server = ("run", f"{LIB}/uvicorn/main.py", "3")
    made.sample(
        50,
        ("serve", app, "        handle(request)"),
        server,
        ("handle", app, "total += scale"),
        ("scale", app, "return x"),
    )
    made.sample(
        50, server, ("handle", app, "frame = build"), ("DataFrame.__init__", f"{LIB}/pandas/core/frame.py", "9")
    )
    made.sample(50, server, ("handle", app, "return frame"), ("dumps", f"{LIB}/ujson/dump.py", "9"))
    audit = made.audit()
    samples = audit.observations.samples
    assert isinstance(samples, Samples)
    (process,) = audit.target.processes
    target = replace(audit.target, processes=(replace(process, pid=os.getpid()),))
    found = {(each.first_line, "frame" in each.paths) for each in api.watches(samples, target, Sources(target))}
    assert found == {(5, True), (12, False)}
