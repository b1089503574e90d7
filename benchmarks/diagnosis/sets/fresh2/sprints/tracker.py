"""Tickets of the teams, as exported by the tracker every night."""
import random

import pandas as pd

DAYS = 14


class Store:
    def __init__(self, teams, sprints, seed=31):
        rnd = random.Random(seed)
        self.teams = ["team-%s" % letter for letter in "abcdefgh"[:teams]]
        self._exports = {(team, sprint): self._export(rnd) for team in self.teams for sprint in range(sprints)}

    @staticmethod
    def _export(rnd):
        rows = [
            {"ticket": rnd.randint(1000, 9999), "points": rnd.choice([1, 2, 3, 5, 8]), "done_on": rnd.randint(1, DAYS + 4)}
            for _ in range(rnd.randint(10, 16))
        ]
        return pd.DataFrame(rows)

    def export(self, team, sprint):
        return self._exports[team, sprint]
