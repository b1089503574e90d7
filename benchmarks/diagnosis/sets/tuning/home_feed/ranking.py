import math


class Interest:
    """How much a user likes each topic, as a decayed sum over past views."""

    def __init__(self, topics):
        self.topics = topics

    def mix(self, items):
        scored = []
        for item in items:
            strength = 0.0
            length = 0.0
            for topic, weight in zip(self.topics, item["topics"]):
                strength += topic * weight
                length += weight * weight
            scored.append((strength / math.sqrt(length or 1.0), item["id"]))
        return scored


def diversify(scored, limit):
    taken, seen = [], set()
    for score, item in sorted(scored, reverse=True):
        bucket = item % 17
        if bucket in seen and len(seen) < 12:
            continue
        seen.add(bucket)
        taken.append((item, score))
        if len(taken) == limit:
            break
    return taken
