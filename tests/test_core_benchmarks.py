"""The commands `core`, `limit` and `service`: what is measured, what is made of it, and what stands in the page."""

from __future__ import annotations

import asyncio
import json
import os
import re
import subprocess
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pyperf
import pytest
from perftools_benchmarks import bodies, core, probe, report, requests
from perftools_benchmarks.core import tables, workload
from perftools_benchmarks.endtoend import drive, setups, suite
from perftools_benchmarks.endtoend import results as endtoend
from perftools_benchmarks.http import Address, loopback
from perftools_benchmarks.ladder import plan, results, timed
from perftools_benchmarks.ladder import suite as ladder
from perftools_benchmarks.ladder import tables as ladder_tables
from perftools_benchmarks.report import Aim

PEERS = [
    pytest.param(name, marks=pytest.mark.skipif(bool(form.missing()), reason=f"not installed: {form.missing()}"))
    for name, form in core.peers().items()
]
SCALE = plan.QUICK._replace(users=2000, sizes=(100, 1000), values=2, loops_values=2, value_s=0.002)


@pytest.fixture(scope="module")
def measured(tmp_path_factory: pytest.TempPathFactory) -> tuple[dict[str, Any], results.Ladder]:
    """The command's JSON for two forms, and what it was made from."""
    folder = tmp_path_factory.mktemp("ladder")
    patch = pytest.MonkeyPatch()
    with patch.context() as context:
        context.setenv("XDG_CACHE_HOME", str(folder))
        context.setattr(plan, "QUICK", SCALE)
        context.setattr(plan, "MLP", ("numpy",))
        context.setattr(ladder, "limits", lambda *_, **__: {"row_bytes": 384, "blas_core": "Zen", "sgemm_threads": 1})
        kept: list[results.Ladder] = []
        collect = results.collect
        context.setattr(results, "collect", lambda *given: kept.append(collect(*given)) or kept[0])
        wanted = [option for form in ("lists", "numpy") for option in ("--form", form)]
        files = ["--json", str(folder / "core.json"), "--pyperf", str(folder / "pyperf")]
        assert ladder.main(["--quick", *wanted, *files]) == 0
    document = json.loads((folder / "core.json").read_text())
    return {"document": document, "folder": folder / "pyperf"}, kept[0]


def test_the_file_has_every_form_the_probe_and_the_machine(measured: tuple[dict[str, Any], results.Ladder]) -> None:
    document = measured[0]["document"]
    assert document.keys() == {"forms", "probe", "machine"}
    rows = {(row["form"], row["n"]): row for row in document["forms"]}
    assert rows.keys() >= {("lists", 100), ("lists", 1000), ("numpy", 100), ("numpy", 1000), ("numpy/mlp", 1000)}
    for row in document["forms"]:
        assert row.keys() == {"form", "n", "median_us", "low_us", "high_us", "cpu_us"}
        assert 0 < row["low_us"] <= row["median_us"] <= row["high_us"]
        assert row["cpu_us"] > 0
    assert rows["lists", 1000]["median_us"] > 5 * rows["numpy", 1000]["median_us"]
    assert {"date", "machine", "numpy", "blas"} <= document["machine"].keys()
    if not core.forms()["native"].missing():
        assert document["probe"]["random_rows_us"]["1000"] > 0
        assert 0 < measured[1].shares["lists", 1000] < measured[1].shares["numpy", 1000]


def test_pyperf_compares_the_forms(measured: tuple[dict[str, Any], results.Ladder]) -> None:
    files = [str(measured[0]["folder"] / f"{form}.json") for form in ("lists", "numpy")]
    compared = subprocess.run(
        [sys.executable, "-m", "pyperf", "compare_to", "--table", *files], capture_output=True, text=True, check=True
    )
    assert re.search(r"N=1000 .*faster", compared.stdout), compared.stdout


def test_a_batch_is_timed_whole_and_in_parts_beside_sgemm(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(probe, "SGEMM_SIZE", 128)
    task = plan.Task(plan.BATCH, "linear", [500], 1000, 2, 0.002, os.getpid())
    subjects = timed.batch_subjects(tables.make(1000), [500])
    suites = {
        plan.BATCH: pyperf.BenchmarkSuite([each for subject in subjects for each in timed.measure(subject, task)])
    }
    ladder_ = results.collect(suites, {})
    parts = [plan.BATCH + part for part in ("", plan.PRODUCT, plan.TOP_K)]
    assert [(timing.form, timing.n) for timing in ladder_.timings] == [(part, 500) for part in parts]
    assert 0 < ladder_.shares[plan.BATCH + plan.PRODUCT, 500] < 4
    assert ladder_.limit_us == {}  # sgemm is no probe of rows
    text = ladder_tables.text(ladder_, results.aims(ladder_), {"date": "today"}, {})
    assert re.search(r"product +[\d.]+ +[\d.]+ to [\d.]+ +[\d.]+ +[\d.]+ %", text)


def test_a_wrong_form_is_not_timed() -> None:
    class Wrong(core.Scorer):
        def score(self, user: int, ids: core.Ids, k: int = core.TOP) -> core.Answer:
            answer = core.forms()["numpy"].prepare(table).score(user, ids, k)
            return core.Answer(answer.ids, np.asarray(answer.scores) + np.float32(1e-3))

    for head in ("linear", "mlp"):
        table = tables.make(300, head=head)
        request = workload.Request(3, np.arange(50), list(range(50)))
        timed.check(table, request, core.forms()["numpy"].prepare(table))
        with pytest.raises(AssertionError):
            timed.check(table, request, Wrong())


def test_a_process_that_fails_is_reported(monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]) -> None:
    monkeypatch.setattr(ladder, "environment", lambda: dict(os.environ))
    suites, failures = ladder.run([plan.Task("no such form", "linear", [10], 100, 1, 0.001, os.getpid())])
    assert (suites, failures) == ({}, ["no such form"])
    assert "failed: no such form" in capfd.readouterr().err


def test_rounds_lie_apart_and_slow_forms_get_fewer() -> None:
    tasks = [task for task in plan.tasks(plan.FULL, ["lists", "numpy", plan.BATCH], 1) if task.head == "linear"]
    assert [task.form for task in tasks][:6] == ["lists", "numpy", plan.BATCH] * 2
    counts = {form: sum(task.form == form for task in tasks) for form in ("lists", "numpy")}
    assert counts == {"lists": plan.FULL.loops_rounds, "numpy": plan.FULL.rounds}
    for head, size, part in (("linear", 100, ""), ("mlp", 1000, ""), ("linear", 10_000, plan.PRODUCT)):
        assert plan.parse(plan.benchmark(head, size) + part) == (size, head, part)


@pytest.mark.parametrize("name", PEERS)
def test_peers_score_the_same(name: str) -> None:
    ids = np.random.default_rng(1).permutation(500)[:300]
    for head in ("linear", "mlp"):
        table = tables.make(500, head=head)
        try:
            peer = core.peers()[name].prepare(table)
        except TypeError:
            assert head == "mlp" and name not in plan.MLP
            continue
        for size in (300, 2):
            found = peer.score(3, ids[:size]).pairs()
            exact = core.forms()["numpy"].prepare(table).score(3, ids[:size]).pairs()
            assert [member for member, _ in found] == [member for member, _ in exact]
            assert found == [(member, pytest.approx(score, abs=core.TOLERANCE)) for member, score in exact]
        with pytest.raises(core.UnknownMember):
            peer.score(3, np.array([500]))


def test_an_aim_is_met_missed_or_not_measured() -> None:
    assert [Aim("x", value, 40, "x").verdict for value in (40.0, 39.9, None)] == ["met", "not met", "not measured"]
    assert [Aim("x", value, 3, " ms", at_most=True).verdict for value in (3.0, 3.1)] == ["met", "not met"]
    assert Aim("p99", 1.25, 3, " ms", at_most=True).cells() == ["p99", "<= 3 ms", "1.25 ms", "met"]


def test_aims_are_computed_from_ratios_of_the_run() -> None:
    def timing(form: str, n: int, us: float) -> results.Timing:
        return results.Timing(form, n, us, us, us, us)

    times = {"lists": 5000.0, "pandas_apply": 30_000.0, "numpy": 100.0, "no_cache": 300.0, "cached": 100.0}
    timings = [timing(form, 1000, us) for form, us in times.items()]
    timings += [timing(plan.BATCH + part, 10_000, us) for part, us in ((plan.PRODUCT, 30.0), (plan.TOP_K, 10.0))]
    shares = {("numpy", 1000): 0.5, ("native", 1000): 0.6, (plan.BATCH + plan.PRODUCT, 10_000): 0.61}
    judged = results.aims(results.Ladder(timings, shares, {1000: 50.0}, {}))
    assert [aim.value for aim in judged] == [50, None, 60, None, 50, 300, 3, 61, 25]
    assert [aim.verdict for aim in judged] == [
        "met", "not measured", "not met", "not measured", "met", "not met", "not met", "met", "met",
    ]  # fmt: skip


def test_tables_go_between_the_markers_of_the_page(
    tmp_path: Path, measured: tuple[dict[str, Any], results.Ladder]
) -> None:
    page = tmp_path / "page.md"
    page.write_text("before\n\n<!-- core: begin -->\n\nold\n\n<!-- core: end -->\n\nafter\n")
    missing = {"faiss": ["faiss"]}
    parts = list(ladder_tables._parts(measured[1], results.aims(measured[1]), missing, report.markdown))
    for _ in range(2):  # once more changes nothing
        report.write("core", ["2026", *parts], page)
    text = page.read_text()
    assert text.startswith("before\n\n<!-- core: begin -->\n\n2026\n\nN = 100, linear head")
    assert text.endswith("faiss: not installed (faiss)\n\n<!-- core: end -->\n\nafter\n")
    assert "old" not in text and "| numpy |" in text and "| --- | ---: |" in text
    with pytest.raises(ValueError, match="service"):
        report.write("service", [], page)
    for section in ("core", "service"):
        assert f"<!-- {section}: begin -->" in report.PAGE.read_text()


@pytest.mark.parametrize("payload", ["JSON", "raw", "objects", "no-op"])
def test_requests_of_every_payload_are_answered(payload: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(setups, "MESSAGES", 3)
    monkeypatch.setattr(setups, "OBJECTS", 3)
    monkeypatch.setattr(setups, "CANDIDATES", 40)
    scorer = core.forms()["numpy"].prepare(tables.make(100))
    for message in setups.messages(Address("127.0.0.1", 1), payload, 100):
        head, _, body = message.partition(b"\r\n\r\n")
        method, path, *_ = head.decode().split(" ")
        kind = re.search(r"Content-Type: (\S+)", head.decode())
        assert kind is not None
        codec = bodies.codec("pydantic" if payload == "objects" else "fast")
        assert requests.answer(scorer, method, path, kind[1], body, codec).status == 200


def test_a_server_is_saturated_and_loaded_and_its_cpu_read(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(setups, "MESSAGES", 8)
    cpu = min(os.sched_getaffinity(0))
    plan_ = suite.Plan(users=2000, saturate_s=0.2, open_s=0.3, fuzzed=10)
    row = suite.generator(plan_, cpu, fastest=1000)
    assert row.saturated.rate > 200 and row.saturated.errors == 0
    assert 0 < row.saturated.cpu_us < 1e6 / row.saturated.rate * 1.5
    assert row.loaded.lost == 0 and row.loaded.rate == 200
    assert row.loaded.p50_ms <= row.loaded.p99_ms
    assert "(the generator on a no-op server)" in endtoend.cells(row)


def test_a_server_that_hangs_up_under_load_is_an_error() -> None:
    async def scenario() -> None:
        def hang_up(_: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
            writer.close()

        async with await asyncio.start_server(hang_up, "127.0.0.1", 0) as server:
            address = Address(*server.sockets[0].getsockname())
            await drive.saturate(address, os.getpid(), [b"x"], seconds=0.2)

    with pytest.raises(ConnectionResetError):
        asyncio.run(scenario())


def test_a_server_that_does_not_start_is_an_error() -> None:
    with pytest.raises(RuntimeError, match="does not start: broken"):  # noqa: SIM117  # what is raised on entry
        with suite.running([sys.executable, "-c", "raise SystemExit('broken')"], min(os.sched_getaffinity(0))):
            pass


def test_the_end_to_end_aims_are_computed_from_the_run() -> None:
    def row(name: str, payload: str, rate: float, cpu_us: float = 100.0, p99_ms: float = 1.0) -> endtoend.Row:
        return endtoend.Row(
            name, payload, drive.Saturated(rate, cpu_us, 0), drive.Loaded(rate / 5, 0.5, p99_ms, cpu_us, 0)
        )

    before = [
        row(f"{form}, {setups.BEFORE}", "objects", rate) for form, rate in (("lists", 100.0), ("pandas_apply", 30.0))
    ]
    rows = [*before, row("numpy", "no-op", 20_000, 30), row("numpy", "JSON", 5000, 200, p99_ms=4)]
    found = endtoend.EndToEnd(rows, row("generator", "JSON", 10_000), 60.0, None, {})
    judged = {aim.what: aim for aim in endtoend.aims(found)}
    assert [aim.value for aim in judged.values()] == [50, pytest.approx(5000 / 30), 45, 4, None, 2, 0]
    assert [aim.met for aim in judged.values()] == [True, True, False, False, False, True, True]
    assert loopback("http://127.0.0.1:80") == Address("127.0.0.1", 80)
