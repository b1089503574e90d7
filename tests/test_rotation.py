from __future__ import annotations

from collections import Counter
from collections.abc import Callable

import pytest

from perftools.collect.recorder import Kind
from perftools.collect.rotation import LEAST_HZ, RATES_HZ, Rotation, Turn, Worker

BUDGET = 0.06
BOTH: frozenset[Kind] = frozenset(["active", "gil"])


def window(
    workers: dict[int, Worker],
    price_s: Callable[[Turn], float],
    *,
    rounds: int = 10,
    cpu: dict[int, float] | None = None,
) -> tuple[list[list[Turn]], float]:
    """The turns of a window of 2 s rounds, and the cores that they cost; `cpu`: the cores that each worker uses."""
    rotation, planned, spent_s = Rotation(workers, BUDGET), [], 0.0
    for number in range(rounds):
        used_s = {pid: number * 2.0 * (cpu or {}).get(pid, 1.0) for pid in workers}
        turns = rotation.plan("gil" if number % 4 == 3 else "active", 2.0, used_s)
        for turn in turns:
            ticks = turn.rate_hz * 2 - 1
            cost_s = 0.012 + ticks * price_s(turn)
            if cost_s > turn.cpu_limit_s:  # ended by the guard
                cost_s, ticks = turn.cpu_limit_s, round((turn.cpu_limit_s - 0.012) / price_s(turn))
            spent_s += cost_s
            rotation.paid(turn, ticks, cost_s)
        planned.append(turns)
    return planned, spent_s / (2.0 * rounds)


def price(threads: int) -> Callable[[Turn], float]:
    return lambda turn: 0.00015 + 0.00008 * threads if turn.kind == "active" else 0.00014


def test_one_small_process_is_sampled_in_every_round_at_the_full_rate() -> None:
    planned, cores = window({1: Worker(BOTH, 4)}, price(4))
    assert [[turn.kind for turn in turns] for turns in planned[:4]] == [["active"], ["active"], ["active"], ["gil"]]
    assert {turn.rate_hz for turns in planned for turn in turns} == {RATES_HZ[0]}
    assert cores <= BUDGET


@pytest.mark.parametrize("off", [0.5, 1.0, 3.0])
def test_eight_workers_take_turns_within_the_budget_whatever_the_price_turns_out_to_be(off: float) -> None:
    true_price = price(5)
    planned, cores = window({pid: Worker(BOTH, 5) for pid in range(1, 9)}, lambda turn: off * true_price(turn))
    turns = Counter((turn.pid, turn.kind) for turns in planned for turn in turns)
    assert cores <= BUDGET * 1.15
    assert all(planned), "no round goes by without a run"
    if off <= 1:
        assert {pid for pid, kind in turns if kind == "active"} == set(range(1, 9))


def test_whoever_uses_the_cpu_is_sampled_most_and_nobody_is_left_out() -> None:
    workers = {pid: Worker(BOTH, 5) for pid in range(1, 9)}
    planned, _ = window(workers, price(5), cpu={pid: 1.0 if pid == 5 else 0.01 for pid in workers}, rounds=20)
    turns = Counter(turn.pid for turns in planned for turn in turns if turn.kind == "active")
    assert turns.most_common(1)[0][0] == 5
    assert set(turns) == set(workers)


def test_a_process_of_many_threads_is_sampled_less_often_rather_than_not_at_all() -> None:
    planned, cores = window({1: Worker(BOTH, 47)}, price(47))
    assert [len(turns) for turns in planned] == [1] * 10
    assert {turn.rate_hz for turns in planned for turn in turns if turn.kind == "active"} <= {LEAST_HZ, RATES_HZ[-1]}
    assert cores < 0.15


def test_where_all_stacks_are_far_too_dear_the_holder_of_the_gil_is_seen() -> None:
    planned, cores = window({1: Worker(BOTH, 600)}, price(600))
    assert all(planned)
    assert "gil" in {turn.kind for turns in planned[:3] for turn in turns}
    assert cores < 0.2


def test_native_threads_that_py_spy_does_not_see_cost_only_the_first_round() -> None:
    planned, _ = window({1: Worker(BOTH, 160)}, price(3))
    assert planned[0][0].rate_hz < RATES_HZ[0] or planned[0][0].kind == "gil"
    assert (planned[2][0].rate_hz, planned[2][0].kind) == (RATES_HZ[0], "active")


def test_a_runaway_is_ended_early_and_not_repeated_at_that_rate() -> None:
    planned, cores = window({1: Worker(BOTH, 4)}, lambda turn: 0.02 if turn.kind == "active" else 0.0002)
    assert planned[0][0].cpu_limit_s < 0.6 * 2.0
    assert {(turn.rate_hz, turn.kind) for turn in planned[1]} != {(planned[0][0].rate_hz, "active")}
    assert cores < 0.15


def test_old_targets_get_gil_runs_only_and_the_dead_none() -> None:
    rotation = Rotation({1: Worker(frozenset(["gil"]), 4), 2: Worker(BOTH, 4)}, BUDGET)
    turns = rotation.plan("active", 2.0, {1: 0.0})
    assert [(turn.pid, turn.kind) for turn in turns] == [(1, "gil")]
    assert rotation.plan("active", 2.0, {}) == []
