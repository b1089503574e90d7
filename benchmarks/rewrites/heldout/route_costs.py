"""Cost matrices for the van routing solver."""
import numpy as np
import logging

logger = logging.getLogger(__name__)

SPEED_KMH = 42.0
TOLL_ZONES = {3, 7, 11}


class CostModel:
    """Prices a leg between two depots; all matrices are in cents."""

    def __init__(self, per_km=38.0, per_hour=1950.0, toll=450.0):
        self.per_km, self.per_hour, self.toll = per_km, per_hour, toll
        self.detour = 1.32

    def matrix(self, xy, zones):
        size = len(xy)
        out = np.zeros((size, size))
        for i in range(size):
            for j in range(size):
                if i == j:
                    continue
                dx = xy[i][0] - xy[j][0]
                dy = xy[i][1] - xy[j][1]
                km = (dx * dx + dy * dy) ** 0.5 * self.detour
                cost = km * self.per_km + km / SPEED_KMH * self.per_hour
                if zones[j] in TOLL_ZONES:
                    cost += self.toll
                out[i][j] = cost
        return out

    def tour_cost(self, matrix, tour):
        total = 0.0
        for k in range(len(tour) - 1):
            total = total + matrix[tour[k], tour[k + 1]]
        return float(total)


def load_profile(stops, capacity):
    """Load on the van after each stop, in per cent of its capacity. stops: array of (pickup, drop) kilos."""
    profile = np.empty(0)
    for i in range(len(stops)):
        load = np.sum(stops[: i + 1, 0]) - np.sum(stops[: i + 1, 1])
        profile = np.append(profile, 100.0 * load / capacity)
    return profile


def late_stops(eta, window_open, window_close):
    late = []
    idx = 0
    while idx < len(eta):
        if eta[idx] > window_close[idx]:
            late.append((idx, float(eta[idx] - window_close[idx])))
        elif eta[idx] < window_open[idx]:
            late.append((idx, float(eta[idx] - window_open[idx])))
        idx += 1
    return late


def savings(matrix, depot=0, limit=50):
    """Clarke-Wright savings of all pairs, the `limit` largest."""
    m = len(matrix)
    pairs = []
    for a in range(m):
        for b in range(a + 1, m):
            if a != depot and b != depot:
                pairs.append((matrix[a, depot] + matrix[depot, b] - matrix[a, b], a, b))
    pairs = sorted(pairs, reverse=True)
    return [(a, b) for s, a, b in pairs[:limit] if s > 0]


def _xy(count, seed):
    return np.random.default_rng(seed).uniform(0, 60, (count, 2))


def _zones(count, seed):
    return np.random.default_rng(seed).integers(0, 12, count)


def _cost(count, seed):
    p = _xy(count, seed)
    return np.hypot(p[:, None, 0] - p[None, :, 0], p[:, None, 1] - p[None, :, 1])


def _windows(count, seed):
    g = np.random.default_rng(seed)
    lo = g.integers(480, 900, count).astype(float)
    return g.uniform(450, 1100, count), lo, lo + g.integers(30, 240, count)


CALLS = [
    ("CostModel.matrix", lambda: (CostModel(), _xy(100, 1), _zones(100, 2))),
    ("CostModel.matrix", lambda: (CostModel(toll=0.0), _xy(60, 3).tolist(), _zones(60, 4).tolist())),
    ("CostModel.matrix", lambda: (CostModel(), [], [])),
    ("CostModel.tour_cost", lambda: (CostModel(), _cost(200, 5), list(np.random.default_rng(6).permutation(200)) * 10)),
    ("CostModel.tour_cost", lambda: (CostModel(), _cost(5, 5), [3])),
    ("load_profile", lambda: (np.random.default_rng(7).integers(0, 80, (1000, 2)), 900)),
    ("load_profile", lambda: (np.zeros((0, 2)), 900)),
    ("late_stops", lambda: _windows(5000, 8)),
    ("late_stops", lambda: ([], [], [])),
    ("savings", lambda: (_cost(150, 9),)),
    ("savings", lambda: (_cost(3, 10), 1, 5)),
]
