from dataclasses import dataclass
from typing import Dict, List


@dataclass
class Shelf:
    name: str
    sales: List[float]

    @property
    def mean(self) -> float:
        return sum(self.sales) / len(self.sales)


class Correlations:
    def __init__(self, shelves: List[Shelf]) -> None:
        self.shelves = shelves
        self.cache: Dict[str, str] = {}

    def between(self, one: Shelf, other: Shelf) -> float:
        m1, m2 = one.mean, other.mean
        deviations = [(a - m1, b - m2) for a, b in zip(one.sales, other.sales)]
        cov = sum(map(lambda pair: pair[0] * pair[1], deviations))
        v1 = sum(map(lambda pair: pair[0] ** 2, deviations))
        v2 = sum(map(lambda pair: pair[1] ** 2, deviations))
        return cov / (v1 * v2) ** 0.5 if v1 and v2 else 0.0

    def strongest(self, name: str) -> str:
        one = next(s for s in self.shelves if s.name == name)
        others = (s for s in self.shelves if s is not one)
        return max(others, key=lambda s: self.between(one, s)).name
