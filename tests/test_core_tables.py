"""The packed table and its file; embeddings that are refreshed; batches; the probe's figures."""

from __future__ import annotations

import asyncio
import json
import os
import pickle
import stat
import threading
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from perftools_benchmarks import core, probe, requests
from perftools_benchmarks.core import models, tables, workload
from perftools_benchmarks.core.batching import Batcher
from perftools_benchmarks.forms.batch import Batch
from perftools_benchmarks.forms.cached import Cached
from perftools_benchmarks.forms.numpy import Numpy

MEMBERS = 9000  # more than a block, and no whole number of blocks
SMALL = tables.make(500)


def test_rows_are_packed_and_follow_from_the_seed_alone() -> None:
    table, again, other = tables.make(MEMBERS), tables.make(MEMBERS), tables.make(MEMBERS, seed=2)
    assert table.rows.shape == (MEMBERS, 96) and table.rows.strides == (384, 4)
    assert not table.rows[:, 84:].any()
    assert not table.rows.flags.writeable
    assert np.array_equal(table.features, again.features) and not np.array_equal(table.features, other.features)
    embeddings = np.empty_like(table.embeddings)
    models.Buffers(table.tower).run(np.array(table.features), out=embeddings)
    assert np.allclose(table.embeddings, embeddings, atol=1e-5)
    assert 0.5 < np.linalg.norm(table.embeddings, axis=1).mean() < 2
    assert tables.make(10, dimensions=128).rows.shape == (10, 160)
    assert np.array_equal(tables.make(100).features, table.features[:100])


def test_the_file_is_made_once_and_is_private(tmp_path: Path) -> None:
    folder = tmp_path / "tables"
    made = tables.shared(MEMBERS, folder=folder)
    assert made.file is not None
    before = made.file.stat()
    assert stat.S_IMODE(before.st_mode) == 0o600 and stat.S_IMODE(folder.stat().st_mode) == 0o700
    assert made.rows.ctypes.data % 64 == 0
    assert not made.rows.flags.writeable
    assert np.allclose(made.rows, tables.make(MEMBERS).rows, atol=1e-6)
    again = tables.shared(MEMBERS, head="mlp", folder=folder)
    assert (made.file.stat().st_ino, made.file.stat().st_mtime_ns) == (before.st_ino, before.st_mtime_ns)
    assert again.file == made.file and isinstance(again.head, models.Mlp)
    assert tables.shared(MEMBERS, seed=2, folder=folder).file != made.file


@pytest.mark.parametrize("damage", ["cut", "other shape", "other rows", "no table", "empty"])
def test_a_file_that_is_not_what_it_should_be_is_made_anew(tmp_path: Path, damage: str) -> None:
    good = tables.shared(MEMBERS, folder=tmp_path)
    file, expected = good.file, np.array(good.rows)
    assert file is not None
    if damage == "cut":
        os.truncate(file, file.stat().st_size - 4)
    elif damage == "other shape":
        np.save(file, expected[:-1])
    elif damage == "other rows":
        np.save(file, np.concatenate([expected[:-1], expected[-1:] + 1]))
    else:
        file.write_bytes(b"" if damage == "empty" else b"no table" * 1000)
    assert np.array_equal(tables.shared(MEMBERS, folder=tmp_path).rows, expected)
    assert [path.name for path in tmp_path.iterdir()] == [file.name]


def test_many_makers_at_once_leave_one_whole_file(tmp_path: Path) -> None:
    with ThreadPoolExecutor(4) as pool:
        made = list(pool.map(lambda _: tables.shared(MEMBERS, folder=tmp_path), range(4)))
    assert len(list(tmp_path.iterdir())) == 1
    assert all(np.array_equal(table.rows, made[0].rows) for table in made)


def test_a_failure_leaves_no_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(os, "replace", lambda *_: (_ for _ in ()).throw(OSError("disk full")))
    with pytest.raises(OSError, match="disk full"):
        tables.shared(100, folder=tmp_path)
    assert list(tmp_path.iterdir()) == []


def test_a_folder_that_others_may_write_to_is_refused(tmp_path: Path) -> None:
    (tmp_path / "open").mkdir()
    (tmp_path / "open").chmod(0o777)
    (tmp_path / "link").symlink_to(tmp_path)
    for name in ("open", "link"):
        with pytest.raises(PermissionError):
            tables.shared(100, folder=tmp_path / name)


def test_a_mapped_table_is_pickled_as_the_name_of_its_file(tmp_path: Path) -> None:
    table = tables.shared(MEMBERS, folder=tmp_path)
    pickled = pickle.dumps(table)
    assert len(pickled) < table.rows.nbytes / 10
    assert np.array_equal(pickle.loads(pickled).rows, table.rows)
    assert np.array_equal(pickle.loads(pickle.dumps(SMALL)).rows, SMALL.rows)


def test_a_refresh_is_seen_all_at_once(tmp_path: Path) -> None:
    everyone = np.arange(len(SMALL.rows))
    changed = np.array(SMALL.features[::-1])
    with Cached(SMALL) as cached:
        old = cached.score(3, everyone).pairs()
        assert old == Numpy(SMALL).score(3, everyone).pairs()
        cached.features[:] = changed
        assert cached.score(3, everyone).pairs() == old
        seen: list[object] = []
        done = threading.Event()

        def ask() -> None:
            while not done.is_set():
                seen.append(cached.score(3, everyone).pairs())

        asking = threading.Thread(target=ask)
        asking.start()
        try:
            assert cached.refresh(core_share=0.5)
        finally:
            done.set()
            asking.join()
        new = Numpy(tables.pack(changed, SMALL.tower, SMALL.head)).score(3, everyone).pairs()
        assert cached.score(3, everyone).pairs() == new != old
        assert all(answer in (old, new) for answer in seen)


def test_the_background_thread_refreshes_and_ends() -> None:
    everyone = np.arange(len(SMALL.rows))
    cached = Cached(SMALL)
    old = cached.score(3, everyone).pairs()
    cached.features[:] = SMALL.features[::-1]
    cached.start(every_s=0.001)
    waiting = threading.Event()
    for _ in range(2000):
        if cached.score(3, everyone).pairs() != old:
            break
        waiting.wait(0.005)
    else:
        pytest.fail("not refreshed")
    cached.close()
    assert "embedding-refresh" not in {thread.name for thread in threading.enumerate()}


def test_a_refresh_that_fails_is_said_and_tried_again_and_old_scores_stay(capsys: pytest.CaptureFixture[str]) -> None:
    everyone, right = np.arange(len(SMALL.rows)), np.array(SMALL.features[::-1])
    with Cached(SMALL) as cached:
        old = cached.score(3, everyone).pairs()
        cached.features = right[:10]
        cached.start(every_s=0.001)
        until(lambda: cached.problem() is not None)
        assert "not refreshed" in str(cached.problem()) and "ValueError" in str(cached.problem())
        refused = requests.answer(cached, "GET", "/ready", "", b"")
        assert (refused.status, b"not refreshed" in refused.body) == (503, True)
        assert requests.answer(cached, "GET", "/health", "", b"").status == 200
        assert cached.score(3, everyone).pairs() == old
        cached.features = right
        until(lambda: cached.problem() is None and cached.score(3, everyone).pairs() != old)
        assert requests.answer(cached, "GET", "/ready", "", b"").status == 200
    assert "features of the shape" in capsys.readouterr().err


def test_rows_in_a_file_are_followed(tmp_path: Path) -> None:
    everyone, file = np.arange(len(SMALL.rows)), tmp_path / "rows.npy"
    changed = tables.pack(np.array(SMALL.features[::-1]), SMALL.tower, SMALL.head)
    with Cached(SMALL) as cached:
        old = cached.score(3, everyone).pairs()
        cached.follow(file, every_s=0.001)
        tables.write(file, changed.rows)
        until(lambda: cached.score(3, everyone).pairs() != old)
        assert cached.score(3, everyone).pairs() == Numpy(changed).score(3, everyone).pairs()
        tables.write(file, changed.rows[:10])
        until(lambda: cached.problem() is not None)
        assert cached.score(3, everyone).pairs() == Numpy(changed).score(3, everyone).pairs()


def until(holds: Callable[[], bool]) -> None:
    deadline = time.monotonic() + 20
    while not holds():
        assert time.monotonic() < deadline
        time.sleep(0.002)


@pytest.mark.parametrize("head", ["linear", "mlp"])
def test_a_batch_answers_as_its_users_alone(head: str) -> None:
    table = tables.make(500, head=head)
    batch, alone = Batch(table), Numpy(table)
    for count in (1, 19, 20, 100, 1000):
        ids = np.random.default_rng(count).integers(500, size=count)
        peers = batch.peers(ids)
        for users in ([7], [1, 499, 1, 0], list(range(70))):
            best_ids, scores = batch.score_all(users, peers)
            assert best_ids.shape == scores.shape == (len(users), min(core.TOP, count))
            for row, user in enumerate(users):
                expected = alone.score(user, ids)
                assert np.allclose(scores[row], expected.scores, atol=core.TOLERANCE)
                near = np.abs(np.diff(expected.scores)) < core.TOLERANCE
                assert near.any() or best_ids[row, :-1].tolist() == expected.ids[:-1].tolist()  # type: ignore[union-attr]
    for bad in ([-1], [500], [True]):
        with pytest.raises((core.UnknownMember, core.NotAnId)):
            batch.score_all(bad, peers)


def test_requests_of_a_moment_are_one_batch_and_none_waits_long(monkeypatch: pytest.MonkeyPatch) -> None:
    batch = Batch(SMALL)
    peers = batch.peers(list(range(100)))
    sizes: list[int] = []
    score_all = batch.score_all

    def counted(users: list[int], *rest: Any) -> Any:
        sizes.append(len(users))
        return score_all(users, *rest)

    monkeypatch.setattr(batch, "score_all", counted)

    async def ask() -> None:
        batcher = Batcher(batch, peers, max_users=8, max_wait_s=0.01)
        answers = await asyncio.gather(*(batcher.score(user) for user in (*range(18), -1)), return_exceptions=True)
        assert isinstance(answers.pop(), core.UnknownMember)
        assert sizes == [8, 8, 2]
        for user, answer in enumerate(answers):
            assert isinstance(answer, core.Answer)
            assert answer.pairs()[0] == pytest.approx(Numpy(SMALL).score(user, peers.ids).pairs()[0])
        given_up = asyncio.ensure_future(batcher.score(1))
        given_up.cancel()
        assert (await batcher.score(2)).pairs()[0] == pytest.approx(answers[2].pairs()[0])  # type: ignore[union-attr]
        assert sizes == [8, 8, 2, 1]

    asyncio.run(ask())


def test_requests_to_time_do_not_fit_into_a_cache() -> None:
    asked = workload.requests(10**6, 20_000, seed=4)
    assert len(asked) * 20_000 * 384 >= workload.FOOTPRINT_BYTES * 0.9
    assert asked[0].numbers == asked[0].ids.tolist() != asked[1].numbers
    assert [each.user for each in workload.requests(10**6, 20_000, seed=4)] == [each.user for each in asked]
    assert len(workload.requests(1000, 100)) == 40


def test_the_limits_are_measured_or_said_to_be_missing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    monkeypatch.setattr(workload, "SIZES", (100,))
    monkeypatch.setattr(workload, "FOOTPRINT_BYTES", 1 << 20)
    monkeypatch.setattr(probe, "SGEMM_SIZE", 256)
    monkeypatch.delenv("OPENBLAS_CORETYPE", raising=False)
    saved = tmp_path / "limits.json"
    assert probe.main(["--users", "2000", "--quick", "--json", str(saved)]) == 0
    limits = json.loads(saved.read_text())
    assert limits["sgemm_gflops"] > 0
    if probe.compiled():
        assert limits["random_rows_us"]["100"] > 0 and limits["stream_gb_s"] > 0
        assert probe.random_rows()(np.ones((10, 96), np.float32), np.arange(10)) == 60
        assert probe.random_rows()(np.ones((10, 160), np.float32), np.arange(10)) == 100
    monkeypatch.setattr(probe, "compiled", lambda: False)
    assert probe.main(["--users", "2000", "--quick"]) == 0
    assert "not measured" in capsys.readouterr().out
