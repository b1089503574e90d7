from functools import reduce
from operator import add


def exposure(positions):
    """Gross value of the positions, in euros."""
    return reduce(add, map(lambda p: abs(p.quantity) * p.price * p.fx, positions), 0.0)


def stress(sensitivity, scenarios, shock, limit):
    """The worst result of all scenarios, and how many of them lose more than the limit."""
    worst = 0.0
    breaches = 0
    for move in scenarios:
        move = move * shock
        result = sensitivity * (move - 0.5 * move * move)
        if result < worst:
            worst = result
        if -result > limit:
            breaches += 1
    return worst, breaches
