import random

import pandas as pd

ROLES = ["nurse", "doctor", "porter", "cook", "cleaner"]


def build(people, seed=30):
    rnd = random.Random(seed)
    return pd.DataFrame({
        "person": [f"p{n:03d}" for n in range(people)],
        "ward": [f"w{n % 9}" for n in range(people)],
        "role": [rnd.choice(ROLES) for _ in range(people)],
        "hours": [rnd.randrange(8, 60) for _ in range(people)],
        "since": [rnd.randrange(1, 400) for _ in range(people)],
    })


class Roster:
    def __init__(self, people):
        self.table = build(people)

    def ward(self, name):
        staff = self.table[self.table["ward"] == name]
        staff = staff.sort_values(["role", "hours"], ascending=[True, False])
        return staff.to_dict("records")
