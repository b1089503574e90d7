"""The pair-scoring core: every form gives one answer, refuses the same, and may be shared by threads."""

from __future__ import annotations

import itertools
import sys
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from perftools_benchmarks import core
from perftools_benchmarks.core import models, tables, topk

FORMS = [
    pytest.param(name, marks=pytest.mark.skipif(bool(form.missing()), reason=f"not installed: {form.missing()}"))
    for name, form in core.forms().items()
]
SLOW = {"pandas_apply", "pandas", "process_pool", "dicts", "lists"}
"""Some milliseconds a request."""
MEMBERS = 400
KINDS = 12
"""Different members of a table of ties."""


def ties(head: str, seed: int) -> tables.Table:
    """Whole numbers, whose sums are exact in every order and precision, and many members that are alike."""
    random = np.random.default_rng(seed)

    def mlp(*widths: int) -> models.Mlp:
        sizes = itertools.pairwise(widths)
        layers = [(random.integers(-1, 2, (wide, high)), random.integers(-1, 2, high)) for wide, high in sizes]
        return models.Mlp(tuple(models.Layer(w.astype(np.float32), b.astype(np.float32)) for w, b in layers))

    features = random.integers(-1, 2, (KINDS, 20))[random.integers(KINDS, size=MEMBERS)].astype(np.float32)
    linear = models.Linear(random.integers(-2, 3, 20).astype(np.float32))
    return tables.pack(features, mlp(20, 4, 64), linear if head == "linear" else mlp(21, 4, 3, 1))


def exact_scores(table: tables.Table, user: int) -> list[float]:
    """Of all members, in float64 and by the definition."""
    embeddings, features = table.embeddings.astype(float), table.features.astype(float)
    match = embeddings @ embeddings[user]
    if isinstance(table.head, models.Linear):
        return list((match + features @ table.head.weights).tolist())
    values = np.column_stack([match, features])
    for number, layer in enumerate(table.head.layers, start=1):
        values = values @ layer.weights.astype(float) + layer.biases
        if number < len(table.head.layers):
            values = np.maximum(values, 0)
    return list(values[:, 0].tolist())


TABLES = {
    "ties, linear": ties("linear", 1),
    "ties, mlp": ties("mlp", 2),
    "real, linear": tables.make(MEMBERS, head="linear"),
    "real, mlp": tables.make(MEMBERS, head="mlp"),
}
EXACT = {name: [exact_scores(table, user) for user in range(MEMBERS)] for name, table in TABLES.items()}
Scorers = dict[tuple[str, str], core.Scorer]


@pytest.fixture(scope="module")
def scorers() -> Iterator[Scorers]:
    """Every form over every table."""
    forms = [form for form in core.forms().values() if not form.missing()]
    made = {(form.name, name): form.prepare(table) for form in forms for name, table in TABLES.items()}
    yield made
    for scorer in made.values():
        scorer.close()


members = st.integers(0, MEMBERS - 1)
candidates = st.lists(members, max_size=60) | st.builds(
    lambda seed, count: np.random.default_rng(seed).integers(MEMBERS, size=count).tolist(),
    st.integers(0, 1000),
    st.sampled_from([1, 19, 20, 21, 255, 256, 257, 1023, 1024, 1025, 2500]),  # around the blocks of the fast forms
)


@pytest.mark.parametrize("form", FORMS)
@pytest.mark.parametrize("name", TABLES)
def test_every_form_gives_the_exact_best_and_decides_ties_by_the_smaller_id(
    scorers: Scorers, form: str, name: str
) -> None:
    scorer, tied = scorers[form, name], name.startswith("ties")

    @given(members, candidates if form != "pandas_apply" else st.lists(members, max_size=60), st.integers(1, 30))
    @settings(max_examples=6 if form in SLOW else 30, deadline=None)
    def agrees(user: int, ids: list[int], k: int) -> None:
        exact = EXACT[name][user]
        best = sorted(ids, key=lambda member: (-exact[member], member))[:k]
        for given_ids in (ids, np.array(ids, dtype=np.int64)):
            answer = scorer.score(user, given_ids, k).pairs()
            if tied:
                assert answer == [(member, exact[member]) for member in best]
            assert len(answer) == len(best)
            for (member, score), expected in zip(answer, best, strict=True):
                assert type(member) is int and type(score) is float and member in ids
                assert score == pytest.approx(exact[member], abs=core.TOLERANCE / 2, rel=0)
                assert score == pytest.approx(exact[expected], abs=core.TOLERANCE / 2, rel=0)  # only near ties move

    agrees()


def test_the_tables_of_ties_have_ties_at_the_cut() -> None:
    for name in ("ties, linear", "ties, mlp"):
        ranked = [sorted(scores, reverse=True) for scores in EXACT[name]]
        assert any(scores[core.TOP - 1] == scores[core.TOP] for scores in ranked)
        assert len({scores[0] for scores in ranked}) > 1


UNKNOWN: list[tuple[int, Any]] = [
    (MEMBERS, [1]),
    (-1, [1]),
    (10**30, [1]),
    (MEMBERS, []),
    (1, [MEMBERS]),
    (1, [2, -1]),
    (1, [0] * 300 + [-1]),
    (1, [2**63]),
    (1, [2**64 + 1]),
    (1, [-(10**30)]),
    (1, np.array([MEMBERS])),
    (1, np.array([-1], dtype=np.int8)),
    (1, np.array([5, 2**64 - 1], dtype=np.uint64)),
]
NO_ID: list[tuple[Any, Any]] = [
    (True, [1]),
    (1.0, [1]),
    ("1", [1]),
    (None, [1]),
    (1, [1, True]),
    (1, [1, 2.0]),
    (1, [1, "2"]),
    (1, [1, None]),
    (1, [[1]]),
    (1, [-1, 1.5]),
    (1, "12"),
    (1, None),
    (1, {1: 2}),
    (1, np.array([1.0])),
    (1, np.array([True])),
    (1, np.array([[1]])),
    (1, np.array(1)),
    (1, np.array(["1"])),
    (1, np.array([1], dtype=object)),
]


@pytest.mark.parametrize("form", FORMS)
def test_bad_ids_raise_the_same_everywhere_and_give_no_score(scorers: Scorers, form: str) -> None:
    for name in ("real, linear", "real, mlp"):
        scorer = scorers[form, name]
        before = scorer.score(3, [5, 4, 5]).pairs()
        for user, ids in UNKNOWN:
            with pytest.raises(core.UnknownMember):
                scorer.score(user, ids)
        for user, ids in NO_ID:
            with pytest.raises(core.NotAnId):
                scorer.score(user, ids)
        assert scorer.score(3, [5, 4, 5]).pairs() == before


@pytest.mark.parametrize("form", FORMS)
def test_arrays_of_every_whole_type_and_stride_will_do(scorers: Scorers, form: str) -> None:
    scorer = scorers[form, "ties, linear"]
    ids = [5, 9, 101, 5]
    expected = scorer.score(3, ids).pairs()
    for kind in ("int8", "uint8", "int32", ">i4", ">i8", "uint64"):
        assert scorer.score(3, np.array(ids, dtype=kind)).pairs() == expected
    assert scorer.score(3, np.array([[member, 0] for member in ids])[:, 0]).pairs() == expected
    frozen = np.array(ids)
    frozen.flags.writeable = False
    assert scorer.score(3, frozen).pairs() == expected


@pytest.mark.parametrize("form", FORMS)
@pytest.mark.parametrize("head", ["linear", "mlp"])
def test_threads_that_share_a_scorer_get_their_own_answers(scorers: Scorers, form: str, head: str) -> None:
    scorer = scorers[form, f"real, {head}"]
    random = np.random.default_rng(3)
    sizes = (1, 20, 50) if form in SLOW else (1, 20, 300, 1500)
    asked = [(int(random.integers(MEMBERS)), random.integers(MEMBERS, size=size).tolist()) for size in sizes * 6]
    alone = [scorer.score(user, ids).pairs() for user, ids in asked]
    interval = sys.getswitchinterval()
    sys.setswitchinterval(1e-5)
    try:
        with ThreadPoolExecutor(4) as pool:
            together = list(
                pool.map(lambda request: scorer.score(*request).pairs(), asked * (1 if form in SLOW else 4))
            )
    finally:
        sys.setswitchinterval(interval)
    assert together == alone * (len(together) // len(alone))


@given(st.data(), st.integers(1, 5), st.integers(0, 150), st.integers(1, 40), st.integers(1, 4))
@settings(max_examples=100, deadline=None)
def test_the_best_of_each_user_are_the_best_by_sorting(
    data: st.DataObject, users: int, count: int, k: int, values: int
) -> None:
    random = np.random.default_rng(data.draw(st.integers(0, 10_000)))
    ids = random.integers(1000, size=count)
    scores = np.full((users, topk.padded(count)), -np.inf, dtype=np.float32)
    scores[:, :count] = random.integers(values, size=(users, count)) * (1 - 2 * random.integers(2))
    best_ids, best = topk.best_of_each(ids, scores, k)
    for row in range(users):
        order = np.lexsort((ids, -scores[row, :count]))[:k]
        assert best_ids[row].tolist() == ids[order].tolist()
        assert best[row].tolist() == scores[row, order].tolist()
        assert topk.best(ids, scores[row, :count], k).pairs() == list(
            zip(best_ids[row].tolist(), best[row].tolist(), strict=True)
        )
