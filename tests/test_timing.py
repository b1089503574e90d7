"""Timings: the statistics on given numbers, the machine's cache, one real run, and the pages."""

from __future__ import annotations

import json
from collections import Counter
from pathlib import Path

import msgspec
import pytest

from perftools.rewrite import cache, pages, timing, timings
from perftools.rewrite.catalogue import Folder, folders
from perftools.rewrite.recipe import Recipe
from perftools.rewrite.timings import Machine, Timing, Timings

ONCE = timing.QUICK._replace(budget_s=0.0, fewest=2)

BEFORE = "def total(n):\n    found = 0\n    for each in range(n):\n        found += each\n    return found\n"
AFTER = "def total(n):\n    return n * (n - 1) // 2\n"
INPUTS = """
from hypothesis import strategies as st
SIZES = (300, 3000, 30000)
SAME = "exact"
VARIANTS = {"int": lambda n: (n,)}
ordinary = st.tuples(st.integers(0, 9))
HAZARDS = {}
"""


@pytest.fixture(autouse=True)
def _own_cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))


def made(root: Path, monkeypatch: pytest.MonkeyPatch, *, after: str = AFTER, inputs: str = INPUTS) -> Folder:
    """A recipe of a package that only this test knows: advice, so that after.py stands for itself."""
    package = f"timed_{root.name}"
    path = root / package / "closed_form"
    path.mkdir(parents=True)
    (root / package / "__init__.py").touch()
    recipe = Recipe(id="closed-form", title="A sum in closed form", level="advice", rules=(), function="total")
    for name, text in {"recipe": "", "before": BEFORE, "after": after, "inputs": inputs}.items():
        (path / f"{name}.py").write_text(text)
    monkeypatch.syspath_prepend(root)
    monkeypatch.setenv("PYTHONPATH", str(root), prepend=":")
    return Folder(f"{package}.closed_form", path, recipe)


def taken(*rows: Timing, recipe: str = "closed-form", python: str | None = None) -> Timings:
    machine = cache.machine()
    machine = msgspec.structs.replace(machine, python=python or machine.python)
    return Timings(schema=timings.SCHEMA, recipe=recipe, machine=machine, date="2024-06-07", rows=rows)


def row(n: int, speedup: float, low: float = 2.0) -> Timing:
    return Timing(
        variant="int", n=n, before_us=1.0, after_us=1.0 / speedup, speedup=speedup, low=low, high=9.0, pairs=6
    )


def test_the_speed_up_is_the_median_of_the_pairs_ratios() -> None:
    found = timing.row("list", 10, [2e-6, 4e-6, 6e-6, 90e-6, 8e-6], [1e-6, 2e-6, 2e-6, 1e-6, 4e-6])
    assert (found.speedup, found.before_us, found.after_us, found.pairs) == (2.0, 6.0, 2.0, 5)
    assert (found.low, found.high) == (2.0, 90.0)


def test_a_noise_that_both_of_a_pair_share_does_not_widen_the_interval() -> None:
    noise = [1.0, 3.0, 1.5, 2.5, 1.2, 9.0]
    found = timing.row("list", 10, [each * 3e-3 for each in noise], [each * 1e-3 for each in noise])
    assert found.speedup == found.low == found.high == 3.0


def test_the_interval_covers_the_truth_in_about_95_of_100_runs() -> None:
    import numpy as np

    drawn = np.random.default_rng(3)
    covered = 0
    for _ in range(60):
        before, after = 2.0 * drawn.lognormal(0, 0.1, 20), drawn.lognormal(0, 0.1, 20)
        found = timing.row("list", 10, before, after)  # type: ignore[arg-type]
        covered += found.low <= 2.0 <= found.high
    assert 51 <= covered <= 60


@pytest.mark.parametrize(("speedup", "low", "faster"), [(1.11, 1.01, True), (1.09, 1.05, False), (3.0, 1.0, False)])
def test_faster_is_a_tenth_and_an_interval_above_one(speedup: float, low: float, faster: bool) -> None:
    assert row(10, speedup, low).faster is faster


def test_each_side_goes_first_equally_often_after_every_two_pairs() -> None:
    orders = timing._orders(40)
    assert all(Counter(pair[0] for pair in orders[:end]) == {"before": end / 2, "after": end / 2}
               for end in range(2, 41, 2))  # fmt: skip
    assert len({orders[at] for at in range(0, 40, 2)}) == 2


def test_a_real_run_at_three_sizes(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    folder = made(tmp_path, monkeypatch)
    said: list[str] = []
    found = timing.measure(folder, effort=ONCE, progress=said.append)
    assert [each.n for each in found.rows] == [300, 3000, 30000]
    assert all(each.faster and each.low <= each.speedup <= each.high for each in found.rows)
    assert found.rows[2].speedup > 10 * found.rows[0].speedup > 10
    assert len(said) == 3
    cache.keep(folder, found)
    assert cache.timings_of(folder) == found


def test_what_does_not_agree_is_not_timed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    folder = made(tmp_path, monkeypatch, after=AFTER.replace("n - 1", "n + 1"))
    with pytest.raises(timing.TimingFailed, match=r"before and after differ: int at 300: the result"):
        timing.measure(folder, effort=ONCE)


def test_arguments_that_are_changed_or_consumed_are_fresh_in_each_call(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    inputs = INPUTS.replace('{"int": lambda n: (n,)}', '{"list": lambda n: (list(range(n)),)}')
    folder = made(tmp_path, monkeypatch, after="def total(n):\n    found = sum(n)\n    n.clear()\n    return found\n",
                  inputs=inputs)  # fmt: skip
    loop = "def total(n):\n    found = 0\n    while n:\n        found += n.pop()\n    return found\n"
    (folder.path / "before.py").write_text(loop)
    found = timing.measure(folder, effort=ONCE, sizes=(2000,))
    assert found.rows[0].before_us > 10


def test_the_cache_is_preferred_and_a_size_timed_anew_replaces_the_old_one(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = made(tmp_path, monkeypatch)
    assert cache.timings_of(folder) is None
    (folder.path / "timings.json").write_bytes(timings.encode(taken(row(1, 5.0), python="3.1.0")))
    assert cache.timings_of(folder) == folder.shipped
    cache.keep(folder, taken(row(10, 2.0), row(20, 2.0)))
    cache.keep(folder, taken(row(20, 4.0), row(5, 3.0)))
    found = cache.timings_of(folder)
    assert found is not None and sorted((each.n, each.speedup) for each in found.rows) == [(5, 3), (10, 2), (20, 4)]
    path = tmp_path / "cache" / "perftools" / "timings" / "closed-form.json"
    assert path.stat().st_mode & 0o777 == 0o600


@pytest.mark.parametrize("why", ["another Python", "another machine", "another recipe", "a broken file"])
def test_a_cache_that_is_not_of_here_and_now_is_none(why: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    folder = made(tmp_path, monkeypatch)
    cache.keep(folder, taken(row(10, 2.0), python="3.9.1" if why == "another Python" else None))
    if why == "another machine":
        monkeypatch.setattr(cache, "machine", lambda: Machine(cpu="Z80", cpus=1, python="3.11.0", packages={}))
    elif why == "another recipe":
        (folder.path / "before.py").write_text(BEFORE + "# changed\n")
    elif why == "a broken file":
        (tmp_path / "cache" / "perftools" / "timings" / "closed-form.json").write_bytes(b"{")
    assert cache.timings_of(folder) is None


def test_a_page_says_what_timings_json_says(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    folder = made(tmp_path, monkeypatch)
    page, index = folder.path / "README.md", folder.path.parent / "README.md"
    page.write_text("# A sum\n\n<!-- timings -->\n<!-- /timings -->\n\nThe end.\n")
    index.write_text("<!-- recipes -->\n<!-- /recipes -->\n")
    rows = row(10, 0.5, 0.4), row(100_000, 1234.5)
    (folder.path / "timings.json").write_bytes(timings.encode(taken(*rows)))
    assert pages.stale([folder]) == [page, index]
    assert pages.write([folder]) == [page, index]
    assert pages.stale([folder]) == []
    assert page.read_text().endswith("<!-- /timings -->\n\nThe end.\n")
    assert "| 100,000 | 1.00 µs | 0.000810 µs | **1,230x** | 2.00–9.00 |" in page.read_text()
    assert "| 10 | 1.00 µs | 2.00 µs | 0.500x |" in page.read_text()
    assert (
        "| [closed-form](closed_form/README.md) | advice | A sum in closed form | 0.500–1,230x |" in index.read_text()
    )


def test_a_page_without_markers_is_an_error(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    folder = made(tmp_path, monkeypatch)
    (folder.path / "README.md").write_text("# A sum\n")
    (folder.path / "timings.json").write_bytes(timings.encode(taken(row(10, 2.0))))
    with pytest.raises(ValueError, match="has no <!-- timings -->"):
        pages.write([folder])


def test_the_pages_of_our_recipes_are_up_to_date() -> None:
    assert [path.parent.name for path in pages.stale(folders())] == [], "perf recipes time --pages"


def test_time_prints_one_document(capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> None:
    from perftools.cli import main

    monkeypatch.setattr(timing, "measure", lambda folder, **_: taken(row(10, 2.0), recipe=folder.id))
    assert main(["recipes", "time", "argsort-top-k", "--json"]) == 0
    (document,) = json.loads(capsys.readouterr().out)["timings"]
    assert (document["recipe"], document["rows"][0]["faster"]) == ("argsort-top-k", True)
    assert main(["recipes", "time"]) == 2
