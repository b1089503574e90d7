"""The state of a grid, changed in place by many functions that share it."""
import numpy as np


def decay(state, factor):
    for i in range(len(state)):
        state[i] = state[i] * factor
    return state


def decayed(state, factor):
    state = state.copy()
    for i in range(len(state)):
        state[i] *= factor
    return state


def diffuse(state):
    """Uses values that this very loop has set."""
    for i in range(1, len(state)):
        state[i] = (state[i] + state[i - 1]) / 2
    return state


def diffuse_from(old, new):
    # `new` may be the same array as `old`
    for i in range(1, len(old) - 1):
        new[i] = (old[i - 1] + old[i] + old[i + 1]) / 3
    return new


def reverse(state):
    for i in range(len(state)):
        state[i] = state[len(state) - 1 - i]
    return state


def add(left, right):
    for i in range(len(left)):
        left[i] += right[i]


def normalise(state):
    total = 0.0
    for v in state:
        total += v
    if total == 0:
        return state
    for i, v in enumerate(state):
        state[i] = v / total
    return state


def fresh(n):
    rows = [[0.0] * 4] * n  # one row, n times
    for i in range(n):
        rows[i][i % 4] += 1.0
    return rows


def histories(states, seen=[]):
    for s in states:
        seen.append(float(s))
    return seen


def threshold(state, mask, limit):
    for i in range(state.shape[0]):
        if mask[i] and state[i] > limit:
            state[i] = limit
    return state


class Grid:
    def __init__(self, cells):
        self.cells = cells
        self.energy = 0.0

    def step(self):
        for i in range(len(self.cells)):
            self.energy += self.cells[i] * self.cells[i]
        return self.energy

    def scaled(self, by):
        cells = self.cells
        out = np.empty_like(cells)
        for i in range(len(cells)):
            out[i] = cells[i] / by
        self.cells = out
        return out


def _state(n, seed=8):
    return np.random.default_rng(seed).random(n)


def _same(n):
    state = _state(n)
    return state, state


CALLS = [
    ("decay", lambda: (_state(1000), 0.9)),
    ("decayed", lambda: (_state(1000), 0.9)),
    ("diffuse", lambda: (_state(500),)),
    ("diffuse_from", lambda: (_state(500), np.zeros(500))),
    ("diffuse_from", lambda: _same(500)),
    ("reverse", lambda: (_state(500),)),
    ("add", lambda: (_state(1000), _state(1000, 9))),
    ("add", lambda: _same(1000)),
    ("add", lambda: (np.arange(1000), _state(1000, 9))),
    ("normalise", lambda: (_state(1000),)),
    ("normalise", lambda: (np.zeros(1000),)),
    ("fresh", lambda: (50,)),
    ("histories", lambda: (_state(10), [])),
    ("threshold", lambda: (_state(1000), _state(1000, 3) > 0.5, 0.7)),
    ("Grid.step", lambda: (Grid(_state(1000)),)),
    ("Grid.scaled", lambda: (Grid(_state(1000)), 3.0)),
    ("Grid.scaled", lambda: (Grid(_state(1000)), 0.0)),
]
