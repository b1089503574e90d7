"""Functions of a row as expressions over columns: each spelling against pandas' own apply."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import pytest

from perftools.rewrite.catalogue import folders
from perftools.rewrite.compare import call, difference
from perftools.rewrite.rewriting import rewrite

pd = pytest.importorskip("pandas")

VALUES = (0.0, -0.0, 1.0, -1.5, 2.25, 1e6, math.nan, math.inf)

TAKEN = (
    "row['a'] + 2 * row['b'] - 1",
    "-(row['a'] - row['b']) / 3",
    "row['a'] - (row['b'] - (1 - row['a']))",
    "row['a'] / row['b'] if row['b'] != 0 else 0.5",
    "1.0 if row['a'] > row['b'] else row['a'] if row['b'] < 0 else -row['b']",
    "0 if row['a'] > 1 else 1 if 0 <= row['a'] <= 1 else 2",
    "row['a'] > 0 and not row['b'] > 0 or row['a'] == row['b']",
    "'x' if row['a'] > 0 or row['b'] > 0 else ''",
    "True if row['a'] < LIMIT else row['b'] >= rate",
    "abs(row['a']) * max(row['b'], 0.0) + min(1.0, row['a'])",
    "max(0, row['a']) * row['b']",
    "float(row['a']) * (RATE + rate)",
    "(row['a'] if row['b'] > 0 else 0) * 2.0 + row['a']",
    "math.sqrt(row['a']) if row['a'] >= 0 else 0.0",
    "row.a * row.get('b')",
)
REFUSED = {
    "row['a'] if row['b'] > 0 else 0": "mixed-types",
    "max(0, row['a'])": "mixed-types",
    "row['a'] and row['b']": "condition",
    "row['a'] ** 2": "expression",
    "row['a'] // 2": "expression",
    "1.5": "no-columns",
    "round(row['a'])": "call",
    "len(row) * row['a']": "row-whole",
    "row['a'] * 99999999999999999999": "expression",
}
MODULE = """\
import math

LIMIT = 2
RATE = 0.25


def f(df, rate):
    return df.apply(lambda row: {}, axis=1)
"""


def _function(text: str) -> Any:
    namespace: dict[str, Any] = {}
    exec(compile(text, "module", "exec"), namespace)
    return namespace["f"]


def _rewritten(body: str) -> Any:
    return rewrite(MODULE.format(body), folders(["apply-rows"]))


def _frames() -> list[Any]:
    pairs = [(a, b) for a in VALUES for b in VALUES]
    whole = pd.DataFrame(pairs, columns=["a", "b"])
    finite = whole[np.isfinite(whole).all(axis=1)]
    numbers = np.random.default_rng(3).uniform(-3.0, 3.0, (60, 2)).round(1)
    ordinary = pd.DataFrame(numbers, columns=["a", "b"])
    return [
        whole,
        finite,
        ordinary,
        ordinary.assign(name="x"),
        ordinary.assign(b=range(60)),
        ordinary[:1],
        ordinary[:0],
    ]


@pytest.mark.parametrize("body", TAKEN)
def test_a_spelling_gives_what_apply_gives(body: str) -> None:
    outcome = _rewritten(body)
    assert len(outcome.taken) == 1, outcome.refused
    before = _function(MODULE.format(body))
    marked = outcome.after.replace("result = pd.Series", "HITS.append(1)\n                result = pd.Series")
    after = _function(f"HITS = []\n{marked}\nf.hits = HITS\n")
    for frame in _frames():
        assert not difference(call(before, (frame, 0.5)), call(after, (frame, 0.5))), frame
    assert after.hits


@pytest.mark.parametrize(("body", "code"), REFUSED.items())
def test_what_may_differ_is_refused(body: str, code: str) -> None:
    outcome = _rewritten(body)
    assert not outcome.taken
    assert [refused.code for refused in outcome.refused] == [code]
