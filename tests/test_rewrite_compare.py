import math

import numpy as np
import pandas as pd
import pytest

from perftools.rewrite.compare import call, difference, tolerance
from perftools.rewrite.recipe import Stream


def differs(before, after, *args, bound=0.0) -> str:
    return difference(call(before, args), call(after, args), bound=bound)


class Weight(float):
    pass


@pytest.mark.parametrize(
    ("before", "after"),
    [
        (lambda x: 1, lambda x: 1.0),
        (lambda x: 1, lambda x: True),
        (lambda x: 0.0, lambda x: -0.0),
        (lambda x: 1.0, lambda x: np.float64(1.0)),
        (lambda x: 1.0, lambda x: Weight(1.0)),
        (lambda x: 1.0, lambda x: 1.0 + 2**-52),
        (lambda x: math.nan, lambda x: 1.0),
        (lambda x: [1], lambda x: (1,)),
        (lambda x: [1, 2], lambda x: [2, 1]),
        (lambda x: {"a": 1, "b": 2}, lambda x: {"b": 2, "a": 1}),
        (lambda x: x, lambda x: x[:]),
        (lambda x: [x[:]] * 2, lambda x: [x[:], x[:]]),
        (lambda x: x.append(1), lambda x: None),
        (lambda x: x[9], lambda x: {}[9]),
        (lambda x: x[9], lambda x: None),
        (lambda x: int("a"), lambda x: int("b")),
        (lambda x: np.zeros(2), lambda x: np.zeros(2, "f4")),
        (lambda x: np.zeros(2), lambda x: np.zeros((2, 1))),
        (lambda x: np.zeros((2, 3)), lambda x: np.zeros((3, 2)).T),
        (lambda x: np.zeros(2), lambda x: np.broadcast_to(0.0, 2)),
        (lambda x: np.array([math.nan]), lambda x: np.array([0.0])),
        (lambda x: np.log(np.zeros(1)), lambda x: np.array([-math.inf])),
        (lambda x: pd.Series([1, 2]), lambda x: pd.Series([1.0, 2.0])),
        (lambda x: pd.Series([1, 2]), lambda x: pd.Series([1, 2], index=[1, 2])),
        (lambda x: pd.Series([1], name="a"), lambda x: pd.Series([1])),
        (lambda x: pd.DataFrame({"a": [1], "b": [2]}), lambda x: pd.DataFrame({"b": [2], "a": [1]})),
    ],
)
def test_what_a_caller_could_notice_is_noticed(before, after):
    assert differs(before, after, [3])
    assert not differs(before, before, [3])
    assert not differs(after, after, [3])


def test_arrays_that_share_memory_with_an_argument():
    assert differs(lambda a: a[:2], lambda a: a[:2].copy(), np.arange(3.0))
    assert not differs(lambda a: a[:2], lambda a: a[:2], np.arange(3.0))


def test_how_far_an_iterator_was_consumed():
    assert differs(next, min, Stream([1, 2, 3]))
    assert not differs(sum, lambda it: sum(list(it)), Stream([1, 2, 3]))


def test_generators_are_compared_by_what_they_yield():
    assert not differs(lambda x: (i for i in x), lambda x: (i for i in list(x)), [1, 2])
    assert differs(lambda x: (i for i in x), lambda x: (i for i in x[:1]), [1, 2])


def test_each_call_gets_its_own_arguments():
    args = [[3]]
    assert call(lambda x: x.append(4), args).args == ([3, 4],)
    assert args == [[3]]


def test_a_reordered_sum_stays_within_its_bound():
    values = [0.1] * 1000
    bound = tolerance(len(values), sum(values))
    assert differs(sum, math.fsum, values)
    assert not differs(sum, math.fsum, values, bound=bound)
    assert differs(sum, lambda x: math.fsum(x) * (1 + 1e-9), values, bound=bound)
    assert tolerance(3, math.inf) == 0.0


def test_interrupts_are_no_outcome():
    def interrupted():
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        call(interrupted, [])
