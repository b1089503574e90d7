"""The experiment about budgets: its variants, its draws and its tables."""

from __future__ import annotations

import random
from pathlib import Path

import pytest
from perftools_benchmarks.budgets import recording, replay, tables
from perftools_benchmarks.budgets.live import Trial
from perftools_benchmarks.budgets.recording import BASE, Process, Recording

from perftools.budget.model import Pair


@pytest.fixture(scope="module")
def recorded() -> Recording:
    """Processes that differ by 2 %, and counts that hardly do."""
    chooser = random.Random(1)

    def process(blocks: int) -> Process:
        own = blocks * chooser.gauss(1, 0.02)
        rounds = [own * (1 + abs(chooser.gauss(0, 0.01))) for _ in range(10)]
        return Process(cpu_s=rounds, wall_s=rounds, import_s=chooser.gauss(1, 0.02), peak_bytes=1e7)

    variants = recording.variants()
    cycles = [{name: process(blocks) for name, blocks in variants.items()} for _ in range(80)]
    counts = {name: [1e6 * blocks + chooser.random() for _ in range(2)] for name, blocks in variants.items()}
    return Recording("python", "quiet", 7, cycles, 96.0, counts, 0.5)


def test_variants_do_so_much_more_of_the_same() -> None:
    assert recording.variants() == {BASE: 100, "0": 100, "2": 102, "5": 105, "10": 110, "20": 120}
    process = recording.timed("python", 1, 2)
    assert len(process.cpu_s) == len(process.wall_s) == recording.ROUNDS
    assert min(process.cpu_s) > 0 and process.peak_bytes > 1e6


def test_recordings_are_kept_as_they_are(recorded: Recording, tmp_path: Path) -> None:
    recording.save([recorded], tmp_path / "raw.json")
    assert recording.loaded(tmp_path / "raw.json") == [recorded]


def test_pairs_are_of_one_cycle_and_of_one_half(recorded: Recording) -> None:
    expected = [Pair(tuple(each[BASE].cpu_s), tuple(each["10"].cpu_s)) for each in recorded.cycles]
    drawn = {}
    for half in replay.HALVES:
        pool = replay.pool(recorded, "cpu_time", 10, half)
        assert pool is not None
        draw = pool(random.Random(1))
        drawn[half] = [draw() for _ in range(40)]
    assert set(drawn["tuning"]) == set(expected[:40]) and set(drawn["held out"]) == set(expected[40:])
    assert drawn["tuning"] != expected[:40]
    assert replay.pool(recorded._replace(counts={}), "instructions", 10, "tuning") is None


def test_what_the_rule_finds_is_counted_and_said(
    recorded: Recording, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    results = tables.Results(
        rates=list(replay.rates(recorded, unchanged=20, changed=10)),
        floors=list(replay.floors(recorded, unchanged=5, changed=5)),
        noise=[found for metric in replay.TIMED if (found := replay.noise(recorded, metric, sets=20))],
        counted={"python, quiet": (12, replay.spread_of_counts(recorded) or 0.0)},
        live=[Trial(0, "pass", 0.0, 8, 9.0, (), ""), Trial(20, "broken", 0.2, 16, 20.0, ("scoring.call +20 %",), "")],
        loads=[0.5],
    )
    by_truth = {change: [rate for rate in results.rates if rate.change == change] for change in (0, 2, 20)}
    assert all(rate.broken == 0 for rate in by_truth[0])
    assert all(rate.broken == rate.trials == 10 for rate in by_truth[20] if rate.metric != "wall_time")
    assert all((rate.broken == 10) == (rate.metric == "instructions") for rate in by_truth[2])
    met = {aim.what: aim.verdict for aim in tables.aims(results)}
    assert met["same code called broken, of 1,000"] == met["20 % slower caught, CPU time"] == "met"
    assert met["live checks that agree"] == "met"

    page = tmp_path / "README.md"
    page.write_text("before\n<!-- generated: begin -->\n<!-- generated: end -->\nafter\n", encoding="utf-8")
    monkeypatch.setattr(tables, "PAGE", page)
    tables.write_docs(results)
    assert "| python, quiet, cpu_time | 5 % | tuning | 20 | 0 |" in page.read_text(encoding="utf-8")
    assert "python, quiet, cpu_time" in tables.text(results)
    assert tables.document(results)["live"][1]["grew"] == ("scoring.call +20 %",)
