"""Item features and the similarity used by the carousel."""
from __future__ import annotations

import random
from typing import Iterator

WIDTH = 20


class Item:
    def __init__(self, number: int, rnd: random.Random) -> None:
        self.number = number
        self.title = f"Item {number}"
        self.brand = f"Brand {number % 40}"
        self.price = round(rnd.uniform(3, 400), 2)
        self.facts = {f"fact{n}": rnd.choice(["yes", "no", "unknown"]) for n in range(12)}

    def as_dict(self) -> dict:
        return {"number": self.number, "title": self.title, "brand": self.brand, "price": self.price, **self.facts}


class Catalog:
    def __init__(self, count: int, seed: int = 15) -> None:
        rnd = random.Random(seed)
        self.items = {n: Item(n, rnd) for n in range(count)}
        self.rows: dict[int, list[float]] = {n: [rnd.random() for _ in range(WIDTH)] for n in range(count)}

    def gaps(self, number: int, candidates: list[int]) -> Iterator[tuple[float, int]]:
        mine = self.rows[number]
        for other in candidates:
            row = self.rows[other]
            gap = 0.0
            for k in range(WIDTH):
                gap += (mine[k] - row[k]) ** 2
            yield gap, other
