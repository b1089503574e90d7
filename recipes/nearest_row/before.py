import math


def nearest(xs, ys, x, y):
    best = math.inf
    at = -1
    for i in range(len(xs)):
        dx = xs[i] - x
        dy = ys[i] - y
        distance = math.sqrt(dx * dx + dy * dy)
        if distance < best:
            best = distance
            at = i
    return at
