"""From logits to probabilities."""
import math


def probabilities(logits: list[float], temperature: float = 1.3) -> list[float]:
    highest = max(logits)
    exps = [math.exp((z - highest) / temperature) for z in logits]
    total = sum(exps)
    return [e / total for e in exps]


def best(logits: list[float]) -> tuple[int, float]:
    shares = probabilities(logits)
    share = max(shares)
    return shares.index(share), share
