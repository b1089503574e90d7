"""Circular orbits, and who meets whom."""
import math

MU = 398600.4418


def propagate(sat, t):
    n = math.sqrt(MU / sat["a"] ** 3)
    u = sat["phase"] + n * t
    cu, su = math.cos(u), math.sin(u)
    co, so = math.cos(sat["raan"]), math.sin(sat["raan"])
    ci = math.cos(sat["inc"])
    return {
        "name": sat["name"],
        "x": sat["a"] * (co * cu - so * su * ci),
        "y": sat["a"] * (so * cu + co * su * ci),
        "z": sat["a"] * su * math.sin(sat["inc"]),
    }


def close_pairs(states, limit_km):
    """(i, j, km) of the pairs nearer than the limit."""
    limit_sq = limit_km * limit_km
    found = []
    for i in range(len(states)):
        one = states[i]
        for j in range(i + 1, len(states)):
            other = states[j]
            d_sq = (
                (one["x"] - other["x"]) ** 2
                + (one["y"] - other["y"]) ** 2
                + (one["z"] - other["z"]) ** 2
            )
            if d_sq < limit_sq:
                found.append((i, j, math.sqrt(d_sq)))
    found.sort(key=lambda event: event[2])
    return found
