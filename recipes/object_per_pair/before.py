class Pair:
    def __init__(self, user, item, score):
        self.user = user
        self.item = item
        self.score = score

    def __lt__(self, other):
        return self.score < other.score


def best(user, items, scores, count):
    pairs = [Pair(user, item, score) for item, score in zip(items, scores)]
    pairs.sort(reverse=True)
    return [{"item": pair.item, "score": pair.score} for pair in pairs[:count]]
