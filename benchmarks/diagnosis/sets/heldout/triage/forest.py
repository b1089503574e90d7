import random


def grow(rng, depth, names):
    if depth == 0 or rng.random() < 0.05:
        return {"leaf": rng.random()}
    return {
        "test": rng.choice(names),
        "below": rng.uniform(-1, 1),
        "left": grow(rng, depth - 1, names),
        "right": grow(rng, depth - 1, names),
    }


class Forest:
    def __init__(self, seed, trees, depth, names):
        rng = random.Random(seed)
        self.trees = [grow(rng, depth, names) for _ in range(trees)]

    def vote(self, patient):
        votes = {"urgent": 0, "soon": 0, "later": 0}
        for tree in self.trees:
            node = tree
            while "leaf" not in node:
                node = node["left"] if patient[node["test"]] < node["below"] else node["right"]
            leaf = node["leaf"]
            votes["urgent" if leaf > 0.7 else "soon" if leaf > 0.3 else "later"] += 1
        return max(votes, key=votes.get), votes

    def depth(self, node):
        if "leaf" in node:
            return 0
        return 1 + max(self.depth(node["left"]), self.depth(node["right"]))
