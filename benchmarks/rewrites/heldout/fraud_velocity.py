from collections import defaultdict
from datetime import datetime, timedelta
from typing import Dict, List, NamedTuple, Optional
import itertools
import random


class Txn(NamedTuple):
    card: str
    at: datetime
    cents: int
    mcc: int
    country: str


WINDOW = timedelta(hours=1)
RISKY_MCC = [5967, 7995, 4829, 6051, 5933, 7273]
WEIGHTS = {"velocity": 0.5, "amount": 0.3, "mcc": 0.2}


def velocity(txns: List[Txn]) -> List[int]:
    """How many earlier transactions of the same card lie within the last hour (list is in time order)."""
    counts = []
    for i, txn in enumerate(txns):
        n = 0
        for other in txns[:i]:
            if other.card == txn.card and txn.at - other.at <= WINDOW:
                n = n + 1
        counts.append(n)
    return counts


def amount_zscores(txns: List[Txn]) -> List[float]:
    """Standard score of each amount against all amounts of its card; 0.0 where there is no spread."""
    by_card: Dict[str, List[int]] = defaultdict(list)
    for t in txns:
        by_card[t.card].append(t.cents)
    scores = []
    for t in txns:
        amounts = by_card[t.card]
        mean = sum(amounts) / len(amounts)
        var = sum((a - mean) ** 2 for a in amounts) / len(amounts)
        scores.append((t.cents - mean) / var ** 0.5 if var > 0 else 0.0)
    return scores


def impossible_travel(txns: List[Txn], minutes: int = 30) -> List[tuple]:
    """Pairs of positions: same card, two countries, too close in time."""
    hits = []
    for (i, a), (j, b) in itertools.combinations(enumerate(txns), 2):
        if a.card != b.card: continue
        if a.country == b.country: continue
        if abs((b.at - a.at).total_seconds()) > minutes * 60:
            continue
        hits.append((i, j))
    return hits


def risk(txns: List[Txn], cap: Optional[float] = 1.0) -> Dict[int, float]:
    vel = velocity(txns)
    z = amount_zscores(txns)
    out = {}
    for idx in range(len(txns)):
        r = WEIGHTS["velocity"] * min(vel[idx], 10) / 10
        r += WEIGHTS["amount"] * min(abs(z[idx]), 3) / 3
        r += WEIGHTS["mcc"] * (txns[idx].mcc in RISKY_MCC)
        if cap is not None:
            r = min(r, cap)
        out[idx] = round(r, 6)
    return out


def _txns(n, cards, seed):
    rng = random.Random(seed)
    at = datetime(2024, 3, 1, 8)
    out = []
    for _ in range(n):
        at = at + timedelta(seconds=rng.randrange(0, 60))
        out.append(Txn(f"c{rng.randrange(cards)}", at, rng.randrange(100, 90000), rng.choice([5411, 5812, 5967, 7995]),
                       rng.choice(["GB", "GB", "GB", "FR", "BR"])))
    return out


CALLS = [
    ("velocity", lambda: (_txns(800, 40, 1),)),
    ("velocity", lambda: (_txns(60, 2, 2),)),
    ("velocity", lambda: ([],)),
    ("amount_zscores", lambda: (_txns(1500, 60, 3),)),
    ("amount_zscores", lambda: (_txns(5, 5, 4),)),
    ("impossible_travel", lambda: (_txns(500, 30, 5),)),
    ("impossible_travel", lambda: (_txns(200, 10, 6), 5)),
    ("risk", lambda: (_txns(700, 35, 7),)),
    ("risk", lambda: (_txns(50, 3, 8), None)),
]
