"""Allocation of customer orders to lots (first expired, first out)."""
from copy import deepcopy
from dataclasses import dataclass, field
import random


class OutOfStock(Exception):
    def __init__(self, order_id, short):
        super().__init__(f"order {order_id}: {short} short")
        self.order_id = order_id


@dataclass
class Lot:
    sku: int
    expiry: int
    qty: int
    history: list = field(default_factory=list)


@dataclass
class Warehouse:
    lots: list[Lot]
    shipped: int = 0

    def allocate(self, orders):
        """orders: [(order id, sku, qty)] -> [(order id, lot number, qty)].

        Orders before the one that cannot be filled stay booked; that one is booked as far as stock went.
        """
        picks = []
        for order_id, sku, qty in orders:
            candidates = [i for i, lot in enumerate(self.lots) if lot.sku == sku and lot.qty > 0]
            candidates.sort(key=lambda i: self.lots[i].expiry)
            for i in candidates:
                if qty == 0:
                    break
                lot = self.lots[i]
                take = min(qty, lot.qty)
                lot.qty -= take
                lot.history.append(order_id)
                qty -= take
                self.shipped += take
                picks.append((order_id, i, take))
            if qty > 0:
                raise OutOfStock(order_id, qty)
        return picks

    def stock_by_sku(self, skus):
        return [sum(lot.qty for lot in self.lots if lot.sku == s) for s in skus]


def what_if(warehouse, scenarios):
    """Units shipped in each scenario, on a copy; None where stock runs out."""
    results = []
    for orders in scenarios:
        trial = deepcopy(warehouse)
        try:
            trial.allocate(orders)
            results.append(trial.shipped)
        except OutOfStock: results.append(None)
    return results


def plan_grid(skus, days, arrivals, base=None):
    """Arrivals per sku and day. Skus without arrivals of their own share one row with each other."""
    idle = base if base is not None else [0] * days
    grid = [idle] * len(skus)
    for sku, day, qty in arrivals:
        row = skus.index(sku)
        if grid[row] is idle and qty > 0:
            grid[row] = list(idle)
        grid[row][day] += qty       # negative corrections of idle skus go to the shared row
    return grid


def cover_days(stock, demand):
    """For each day: days of demand that the stock of that day covers; stops at the first stock-out."""
    out = []
    left = stock
    for i, d in enumerate(demand):
        left -= d
        if left <= 0: break
        s, n = left, 0
        for x in demand[i + 1:]:
            if x > s: break
            s -= x
            n += 1
        out.append(n)
    return out


def _warehouse(lots, skus, seed):
    r = random.Random(seed)
    return Warehouse([Lot(r.randrange(skus), r.randrange(30), r.randrange(0, 60)) for _ in range(lots)])


def _orders(n, skus, seed, most=8):
    r = random.Random(seed)
    return [(f"o{i}", r.randrange(skus), r.randrange(0, most)) for i in range(n)]


def _arrivals(n, skus, days, seed):
    r = random.Random(seed)
    return [(r.choice(skus[: len(skus) // 2]) if (q := r.randrange(-2, 40)) > 0 else r.choice(skus), r.randrange(days), q)
            for _ in range(n)]


CALLS = [
    ("Warehouse.allocate", lambda: (_warehouse(500, 50, 1), _orders(700, 50, 2))),
    ("Warehouse.allocate", lambda: (_warehouse(300, 20, 3), _orders(900, 20, 4, 60))),
    ("Warehouse.allocate", lambda: (_warehouse(5, 2, 5), [])),
    ("Warehouse.stock_by_sku", lambda: (_warehouse(600, 40, 6), list(range(60)))),
    ("what_if", lambda: (_warehouse(60, 10, 7), [_orders(20, 10, s, 40) for s in range(20)])),
    ("plan_grid", lambda: (list(range(500, 700)), 28, _arrivals(3000, list(range(500, 700)), 28, 8))),
    ("plan_grid", lambda: (["a", "b", "c"], 3, [("a", 0, 0), ("b", 1, 5), ("c", 1, -1), ("a", 2, -2), ("b", 2, -4)], [1, 1, 1])),
    ("plan_grid", lambda: (["a"], 3, [("a", 0, 2), ("zz", 1, 2)])),
    ("cover_days", lambda: (9000, [random.Random(9).randrange(1, 12)] * 200 + list(range(40)) * 10)),
    ("cover_days", lambda: (0, [1, 2])),
]
