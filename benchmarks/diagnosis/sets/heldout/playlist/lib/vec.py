from math import sqrt
from operator import mul


def dot(u, v):
    return sum(map(mul, u, v))


def length(u):
    return sqrt(dot(u, u))


def cosine(u, v):
    d = length(u) * length(v)
    return dot(u, v) / d if d else 0.0
