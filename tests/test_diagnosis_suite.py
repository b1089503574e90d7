"""The labelled suite itself: labels fit their sources, judgements and sums are right, the load is as asked for."""

from __future__ import annotations

import ast
import contextlib
import http.server
import json
import os
import random
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from perftools_benchmarks.diagnosis import interpreters, judge, labels, load, service, tables

SOURCE = """\
def score(rows, weights):
    total = 0.0
    while rows:
        for weight in weights:
            total += sum(
                weight * x
                for x in rows.pop()
            )
    return total


class Table:
    def build(self):
        def inner(values):
            return sorted(values, key=lambda value: -value)
        return inner
"""


def case_at(folder: Path, label: str) -> labels.Case:
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "app.py").write_text(SOURCE)
    (folder / "label.toml").write_text(label)
    return labels.read(folder)


FAULTY = """
kind = "faulty"
note = "n"
[[cause]]
rule = "list-hot-path"
function = "score"
marker = "for weight in weights:"
also = [{ function = "Table.build.inner", marker = "return sorted(" }]
[[cause]]
rule = "pandas-hot-path"
function = "Table.build.inner"
marker = "def inner"
"""


def finding(rule: str, line: int, end_line: int | None = None, function: str = "score", **other: Any) -> dict[str, Any]:
    where = {"file": "/srv/app/app.py", "line": line, "end_line": end_line, "function": function}
    return {"rule": rule, "severity": "high", "where": where, "share": {"value": 0.5}, **other}


@pytest.fixture
def faulty(tmp_path: Path) -> labels.Case:
    return case_at(tmp_path / "set" / "case", FAULTY.replace('marker = "def inner"', 'marker = "return sorted(values"'))


# Labels


def test_every_case_is_read_and_every_set_is_as_large_as_promised() -> None:
    for name in ("tuning", "heldout"):
        kinds = [case.kind for case in labels.cases([name])]
        assert kinds.count("faulty") >= 12, name
        assert kinds.count("healthy") >= 8, name


def test_the_cases_cover_several_pythons_and_ways_to_run() -> None:
    cases = labels.cases()
    assert {"3.9", "3.10", "3.11", "3.12", "3.13"} <= {case.python for case in cases}
    assert any("gunicorn" in case.command for case in cases)
    assert any("uvicorn" in case.command for case in cases)
    assert any(case.load is None for case in cases)


@pytest.mark.parametrize("case", labels.cases(), ids=lambda case: f"{case.set}/{case.name}")
def test_a_case_fits_its_version_and_its_needs(case: labels.Case) -> None:
    assert set(case.needs) <= set(interpreters.REQUIREMENTS)
    feature_version = tuple(int(part) for part in (case.python or "3.11").split("."))[:2]
    for path in case.folder.glob("**/*.py"):
        text = path.read_text(encoding="utf-8")
        ast.parse(text, feature_version=min(feature_version, sys.version_info[:2]))
        assert "hot path" not in text.lower() and "perftools" not in text.lower()
    if case.load is not None:
        assert load.requests(case.load.path, case.load.body)


def test_a_marker_marks_the_loop_that_begins_there(faulty: labels.Case) -> None:
    place = faulty.causes[0].places[0]
    assert (place.first_line, place.end_line, place.endless) == (4, 8, (3,))


def test_a_marker_inside_a_long_statement_marks_the_statement(tmp_path: Path) -> None:
    (tmp_path / "app.py").write_text(SOURCE)
    place = labels.place(tmp_path, {"marker": "for x in rows.pop()", "function": "score"})
    assert (place.line, place.first_line, place.end_line) == (7, 5, 8)


@pytest.mark.parametrize(
    ("old", "new", "says"),
    [
        ("for weight in weights:", "weight", "stands"),
        ('function = "score"', 'function = "Table"', "stands in score"),
        ('kind = "faulty"', 'kind = "healthy"', "healthy one has none"),
        ("pandas-hot-path", "gc", "unknown rule"),
        ('note = "n"', "", "note"),
    ],
)
def test_a_label_that_contradicts_its_source_is_refused(tmp_path: Path, old: str, new: str, says: str) -> None:
    good = FAULTY.replace('marker = "def inner"', 'marker = "return sorted(values"')
    with pytest.raises(labels.LabelError, match=says):
        case_at(tmp_path / "case", good.replace(old, new))


# Judgement


@pytest.mark.parametrize(
    ("found", "is_right"),
    [
        (finding("list-hot-path", 4, 8), True),
        (finding("list-hot-path", 5, 8), True),  # begins inside the marked loop
        (finding("list-hot-path", 1, 9), True),  # holds it
        (finding("list-hot-path", 3, 8), False),  # the while loop around it
        (finding("list-hot-path", 2), False),
        (finding("list-hot-path", 4, 8, "other"), False),
        (finding("list-hot-path", 15, None, "Table.build.<locals>.inner"), True),  # another place of the same cause
        (finding("list-hot-path", 4) | {"where": None}, False),
        (finding("pandas-hot-path", 4, 8), False),
    ],
)
def test_a_finding_is_right_at_the_place_of_its_cause(
    faulty: labels.Case, found: dict[str, Any], is_right: bool
) -> None:
    assert judge.is_right(found, faulty.causes[0], "/srv/app") is is_right


@pytest.mark.parametrize(("file", "expected"), [("app.py", True), ("./app.py", True), ("/srv/app/lib/app.py", False)])
def test_the_file_may_be_relative_as_the_target_knows_it(faulty: labels.Case, file: str, expected: bool) -> None:
    found = finding("list-hot-path", 4, 8)
    found["where"]["file"] = file
    assert judge.is_right(found, faulty.causes[0], "/srv/app") is expected


def test_one_finding_a_cause_and_the_order_counts(faulty: labels.Case) -> None:
    pandas = finding("pandas-hot-path", 15, 15, "Table.build.inner")
    twice = [finding("list-hot-path", 2), finding("list-hot-path", 4), finding("list-hot-path", 5), pandas]
    outcome = judge.judge(faulty, {"findings": twice}, "/srv/app")
    assert (outcome.right, outcome.wrong, outcome.first_right) == (2, 2, False)
    assert [text.startswith("WRONG") for text in outcome.findings] == [True, False, True, False]


def test_an_optional_cause_counts_neither_way(tmp_path: Path) -> None:
    label = FAULTY.replace('marker = "def inner"', 'marker = "return sorted(values"\noptional = true')
    case = case_at(tmp_path / "set" / "case", label)
    main, lesser = finding("list-hot-path", 4), finding("pandas-hot-path", 15, 15, "Table.build.inner")
    silent, told = (judge.judge(case, {"findings": found}, "/srv/app") for found in ([main], [main, lesser]))
    assert (silent.causes, silent.right, silent.wrong) == (told.causes, told.right, told.wrong) == (1, 1, 0)
    assert (
        judge.judge(case, {"findings": [lesser, main]}, "/srv/app").first_right is False
    )  # the lesser one is not first


def test_info_and_other_rules_are_no_alarm(tmp_path: Path) -> None:
    healthy = case_at(tmp_path / "set" / "case", 'kind = "healthy"\nnote = "n"\n')
    quiet = [finding("list-hot-path", 4) | {"severity": "info"}, finding("gc-pauses", 4)]
    assert judge.judge(healthy, {"findings": quiet}, "/srv/app").alarm is None
    loud = [finding("list-hot-path", 4) | {"severity": "low"}, finding("list-hot-path", 5) | {"severity": "medium"}]
    assert judge.judge(healthy, {"findings": [*quiet, *loud]}, "/srv/app").alarm == "medium"


def test_the_totals(faulty: labels.Case, tmp_path: Path) -> None:
    healthy = case_at(tmp_path / "set" / "quiet", 'kind = "healthy"\nnote = "n"\n')
    right, wrong = finding("list-hot-path", 4), finding("list-hot-path", 2) | {"severity": "low"}
    skipped = judge.Outcome("c", "set", "faulty", causes=5, skipped="no Python 3.4 found")
    figures = judge.total(
        [
            judge.judge(faulty, {"findings": [right, wrong]}, "/srv/app"),
            judge.judge(faulty, {"error": {"code": "E-GONE", "message": "ended"}}, "/srv/app"),
            judge.judge(healthy, {"findings": [wrong]}, "/srv/app"),
            judge.judge(healthy, {"findings": []}, "/srv/app"),
            judge.judge(healthy, {"error": {"code": "E-GONE", "message": "ended"}}, "/srv/app"),
            skipped,
        ]
    )
    assert (figures.causes, figures.right, figures.recall) == (4, 1, 0.25)  # what was not judged was not found
    assert (figures.wrong, figures.precision) == (2, pytest.approx(1 / 3))
    assert (figures.first_right, figures.first_judged) == (1, 1)
    assert (figures.healthy, figures.healthy_alarms, figures.healthy_medium) == (2, 1, 0)
    assert (figures.skipped, figures.failed) == (1, 2)


def test_the_tables_state_the_figures_and_the_machine(faulty: labels.Case) -> None:
    outcomes = [
        judge.judge(faulty, {"findings": [finding("list-hot-path", 4)]}, "/srv/app"),
        judge.Outcome("c", "other", "healthy", skipped="no Python 3.4 found"),
    ]
    text = tables.text(outcomes)
    assert "recall 0.50 (1/2)" in text and "skipped 1" in text and "app.py:4 score 50%" in text
    table = tables.markdown(outcomes)
    assert "| recall | n/a | 0.50 (1/2) | 0.50 (1/2) |" in table and "python" in table
    assert len({line.count("|") for line in table.splitlines() if line.startswith("|")}) == 1


# Load


def test_generators_fill_paths_and_bodies_the_same_way_each_time() -> None:
    path, body = "/{choice a b}/{int 3 3}", '{"rows": ["$repeat 4", {"x": "$float 0 1"}], "name": "$word", "n": 5}'
    sent = load.requests(path, body)
    assert sent == load.requests(path, body)
    assert {url for url, _ in sent} == {"/a/3", "/b/3"}
    document = json.loads(sent[0][1] or b"")
    assert len(document["rows"]) == 4 and len({row["x"] for row in document["rows"]}) == 4
    assert document["n"] == 5 and not document["name"].startswith("$")


def test_an_unknown_generator_is_refused() -> None:
    with pytest.raises(ValueError, match="gaussian"):
        load.fill(["$gaussian 0 1"], random.Random(1))


@contextlib.contextmanager
def answering(status: int) -> Iterator[tuple[int, list[float]]]:
    arrivals: list[float] = []

    class Handler(http.server.BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            arrivals.append(time.monotonic())
            self.send_response(status)
            self.send_header("Content-Length", "0")
            self.end_headers()

        def log_message(self, *args: object) -> None:
            pass

    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        thread = threading.Thread(target=server.serve_forever, args=(0.02,))
        thread.start()
        try:
            yield server.server_address[1], arrivals
        finally:
            server.shutdown()
            thread.join()


def test_the_load_keeps_its_rate_and_counts() -> None:
    with answering(200) as (port, arrivals), service.loaded(labels.Load("/", rate=100), port) as finish:
        while len(arrivals) < 60:
            time.sleep(0.02)
        counts = finish()
    assert counts["failed"] == 0 and counts["sent"] >= 60
    seconds = arrivals[59] - arrivals[0]
    assert seconds > 0.5  # never faster than asked for: 59 intervals of 10 ms


def test_the_load_reports_what_failed() -> None:
    with answering(503) as (port, arrivals), service.loaded(labels.Load("/", rate=200), port) as finish:
        while not arrivals:
            time.sleep(0.02)
        counts = finish()
    assert counts["failed"] == counts["sent"] > 0 and "503" in counts["problem"]


# Running


FORKING = """
import multiprocessing, os, time
multiprocessing.get_context("fork").Process(target=time.sleep, args=(60,)).start()
print("ready", sorted(os.listdir()), flush=True)
end = time.monotonic() + 60
while time.monotonic() < end:
    sum(range(10000))
"""


def is_running(pid: int) -> bool:
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] not in "ZX"
    except OSError:
        return False


def test_a_case_runs_without_its_label_and_leaves_nothing_behind(tmp_path: Path) -> None:
    case = case_at(tmp_path / "set" / "case", 'kind = "healthy"\nnote = "n"\n')
    (case.folder / "app.py").write_text(FORKING)
    with service.running(case, sys.executable, warm_up_s=0.3) as run:
        assert (run.root / "app.py").exists() and not (run.root / "label.toml").exists()
        assert run.cpu_s() > 0.05
        children = Path(f"/proc/{run.pid}/task/{run.pid}/children").read_text().split()
        assert children
        assert run.load() == {}
    assert not run.root.exists()
    assert not [pid for pid in [run.pid, *map(int, children)] if is_running(pid)]


def test_a_case_that_ends_at_once_says_what_it_printed(tmp_path: Path) -> None:
    case = case_at(tmp_path / "set" / "case", 'kind = "healthy"\nnote = "n"\n')
    (case.folder / "app.py").write_text("raise SystemExit('no such table')")
    with pytest.raises(service.NotServing, match="no such table"), service.running(case, sys.executable, 0.1):
        pass


def test_the_tools_own_python_serves_where_nothing_is_asked_for(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv(interpreters.OVERRIDE, raising=False)
    assert interpreters.find(None, ()) == sys.executable


def test_an_environment_named_by_the_user_comes_first(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    subprocess.run([sys.executable, "-m", "venv", "--without-pip", tmp_path / "own"], check=True)
    monkeypatch.setenv(interpreters.OVERRIDE, f"{tmp_path / 'missing'},{tmp_path / 'own'}")
    assert interpreters.find(None, ()) == str(tmp_path / "own" / "bin" / "python")


def test_a_missing_interpreter_is_said(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", os.defpath)
    with pytest.raises(interpreters.Unavailable, match=r"no Python 2\.3"):
        interpreters.find("2.3", ())
    with pytest.raises(interpreters.Unavailable, match="torch"):
        interpreters.find(None, ["torch"])
