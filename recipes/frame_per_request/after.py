import numpy as np
import pandas as pd


def _first(keys, k):
    """Places of the first k in the order of several keys, equal ones as they stand."""
    few = np.arange(len(keys[0]))
    if 0 < k < len(few):
        few = np.flatnonzero(~(keys[0] > np.partition(keys[0], k - 1)[k - 1]))
    return few[np.lexsort([key[few] for key in reversed(keys)])][:k]


class Ranking:
    """Scores places against what a user likes."""

    def __init__(self, places=2000, dimensions=32, traits=12):
        random = np.random.default_rng(1)
        self.traits = [f"trait {number}" for number in range(traits)]
        self.weights = random.standard_normal(traits).tolist()
        self.hidden = random.standard_normal((traits + 1, 8))
        self.output = random.standard_normal(8)
        self.places = [
            {
                "id": place,
                "taste": random.standard_normal(dimensions),
                "price": float(random.uniform(5, 50)),
                **dict(zip(self.traits, random.standard_normal(traits).tolist())),
            }
            for place in range(places)
        ]
        self._places_taste = np.array([row["taste"] for row in self.places])
        self._places_price = np.array([row["price"] for row in self.places])
        self._places_id = np.array([row["id"] for row in self.places])
        self._places_traits = np.array([[row[name] for name in self.traits] for row in self.places])

    def best(self, user, ids, k, budget):
        taste = self.places[user]["taste"]

        rows = np.array(ids, dtype=np.intp)
        match = self._places_taste.take(rows, axis=0) @ taste - self._places_price[rows] / budget
        if k > 50:
            score = match + self._places_traits.take(rows, axis=0) @ np.array(self.weights)
        else:
            values = np.column_stack([match, self._places_traits.take(rows, axis=0)])
            values = np.maximum(values @ self.hidden, 0)
            score = values @ self.output
        order = _first([-score, self._places_id[rows]], k)
        best = {"id": self._places_id[rows[order]], "score": score[order]}
        return list(zip(best["id"].tolist(), best["score"].tolist()))


RANKING = Ranking()


def ranked(user, ids, k, budget):
    return RANKING.best(user, ids, k, budget)
