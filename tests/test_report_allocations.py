"""What both reports say of allocations."""

from __future__ import annotations

import json

import pytest

from perftools.detect.diagnose import diagnose
from perftools.record import Audit
from perftools.report import document, terminal
from tests.allocated import MIB, PANDAS, Heap
from tests.scene import Scene

APP = "/srv/app/scoring/app.py"
TEXT = "def handle(rows):\n    scores = rows * 2.0\n    recent.append(scores[:10])\n    return scores\n"


def audit(**changes: object) -> Audit:
    scene = Scene()
    scene.file(APP, TEXT)
    scene.sample(800, ("handle", APP, "scores ="))
    heap = Heap(scene)
    heap.temporary(100, 8 * MIB, ("handle", APP, "scores ="), PANDAS)
    heap.kept(5000, 640, ("handle", APP, "recent."))
    heap.temporary(50, MIB, ("run", "/opt/venv/lib/python3.11/site-packages/uvicorn/server.py", "70"))
    return heap.audit(**{"page_faults_per_s": 150_000.0, **changes})


def text(seen: Audit, width: int = 100) -> str:
    return terminal.render(seen, diagnose(seen), width=width, colour=False)


def section(seen: Audit, width: int = 100) -> list[str]:
    lines = text(seen, width).splitlines()
    start = next(at for at, line in enumerate(lines) if line.startswith("ALLOCATIONS"))
    end = next(at for at in range(start, len(lines)) if lines[at].startswith("GARBAGE"))
    return lines[start:end]


def test_the_section_names_lines_holders_and_what_it_cost() -> None:
    lines = section(audit())
    assert lines[0] == "ALLOCATIONS [1] of worker 1, for 5 s after the window"
    said = " ".join(" ".join(lines).split())
    assert "851 MiB/s in 1 150 allocations/s; 100 % of it in large temporaries, 5.7 MiB each" in said
    assert "in the window before, 150 000 page faults/s" in said
    (row,) = [line for line in lines if "(pandas)" in line]
    assert row.split() == [
        "800", "94", "%", "100", "8", "MiB", "scoring/app.py:2", "handle()", "(pandas)"
    ]  # fmt: skip
    assert any(line.endswith("no line of your own") for line in lines)
    assert "3.1 MiB of what was allocated meanwhile were alive at once, held by: 3.1 MiB scoring/app.py:3" in said
    assert "the worker stood still for 120 ms to let it in and 90 ms to let it out" in said
    assert "it runs untraced and untracked" in said


def test_the_head_says_what_was_stopped_and_the_finding_stands_first() -> None:
    lines = text(audit()).splitlines()
    assert "then memray stopped pid 1 for 210 ms" in " ".join(lines[:4])
    assert "nothing stopped" not in text(audit())
    assert lines[5].startswith("VERDICT  800 MiB/s of large temporaries")


def test_a_worker_that_is_not_left_as_it_was_is_said() -> None:
    lines = section(audit(left="it is stopped (state T)"))
    assert "afterwards it is stopped (state T)" in " ".join(" ".join(lines).split())


@pytest.mark.parametrize("width", [40, 60, 80])
def test_no_line_is_wider_than_the_page(width: int) -> None:
    lines = section(audit(), width)
    assert max(map(len, lines)) <= width
    assert any("app.py:2" in line for line in lines)


def test_the_document_has_them_by_line() -> None:
    seen = json.loads(document.render(audit(), diagnose(audit())))["observations"]
    allocations = seen["allocations"]
    assert (allocations["type"], allocations["pid"], allocations["attach_stall_ms"]) == ("allocations", 1, 120.0)
    first, second = allocations["churn"][:2]
    assert (first["where"]["line"], first["inside"], first["temporaries"]) == (2, "pandas", 500)
    assert second["where"] is None
    assert [each["where"]["line"] for each in allocations["peak"]] == [3]
    assert "allocations" in [observer["id"] for observer in seen["observers"]]


def test_not_asked_for_it_has_no_section_and_the_option_is_named() -> None:
    scene = Scene()
    scene.file(APP, TEXT)
    scene.sample(800, ("handle", APP, "scores ="))
    said = text(scene.audit())
    assert "ALLOCATIONS" not in said
    assert "add --memory (runs code in the target)" in said
    assert "allocation-churn were not checked" not in said and "allocation-churn was not checked" not in said
