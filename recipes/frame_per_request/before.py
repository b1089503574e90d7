import numpy as np
import pandas as pd


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

    def best(self, user, ids, k, budget):
        taste = self.places[user]["taste"]

        def score_place(place):
            match = taste @ place["taste"] - place["price"] / budget
            if k > 50:
                return float(match + sum(place[trait] * weight for trait, weight in zip(self.traits, self.weights)))
            values = np.array([match, *(place[trait] for trait in self.traits)])
            values = np.maximum(values @ self.hidden, 0)
            return float(values @ self.output)

        frame = pd.DataFrame([self.places[place] for place in ids])
        frame["score"] = frame.apply(score_place, axis=1)
        best = frame.sort_values(["score", "id"], ascending=[False, True]).head(k)
        return list(zip(best["id"].tolist(), best["score"].tolist()))


RANKING = Ranking()


def ranked(user, ids, k, budget):
    return RANKING.best(user, ids, k, budget)
