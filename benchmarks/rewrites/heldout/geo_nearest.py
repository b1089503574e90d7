# -*- coding: utf-8 -*-
# Store locator: nearest stores, delivery zones, heat map cells.
from math import radians, sin, cos, asin, sqrt, floor
import random

EARTH_KM = 6371.0088


def haversine(lat1, lon1, lat2, lon2):
    """Great-circle distance in km."""
    phi1, phi2 = radians(lat1), radians(lat2)
    dphi = phi2 - phi1
    dlmb = radians(lon2) - radians(lon1)
    h = sin(dphi / 2) ** 2 + cos(phi1) * cos(phi2) * sin(dlmb / 2) ** 2
    return 2 * EARTH_KM * asin(sqrt(h))


class Locator(object):
    def __init__(self, stores):
        self.stores = stores            # [{"id":…, "lat":…, "lon":…, "open": bool}]
        self.queries = 0

    def nearest(self, lat, lon, k=5, only_open=False):
        self.queries += 1
        found = []
        for store in self.stores:
            if only_open and not store["open"]:
                continue
            found.append((haversine(lat, lon, store["lat"], store["lon"]), store["id"]))
        found.sort()
        return [{"store": id, "km": round(km, 3)} for km, id in found[:k]]

    def assign(self, points):
        """Nearest store of every customer point, or None without stores."""
        result = []
        for lat, lon in points:
            best_id = None
            best_km = float("inf")
            for store in self.stores:
                km = haversine(lat, lon, store["lat"], store["lon"])
                if km < best_km:
                    best_km = km
                    best_id = store["id"]
            result.append(best_id)
        return result


def within(points, centre, radius_km):
    return [i for i, p in enumerate(points) if haversine(centre[0], centre[1], p[0], p[1]) <= radius_km]


def heat_cells(points, size=0.01):
    """Count points per grid cell -> sorted list of (row, col, count)."""
    cells = [(int(floor(lat / size)), int(floor(lon / size))) for lat, lon in points]
    return sorted([(r, c, cells.count((r, c))) for r, c in set(cells)])


def in_polygon(points, polygon):
    """Ray casting, one bool per point."""
    flags = []
    for y, x in points:
        inside = False
        j = len(polygon) - 1
        for i in range(len(polygon)):
            yi, xi = polygon[i]
            yj, xj = polygon[j]
            if (yi > y) != (yj > y) and x < (xj - xi) * (y - yi) / (yj - yi) + xi:
                inside = not inside
            j = i
        flags.append(inside)
    return flags


def _points(n, seed):
    r = random.Random(seed)
    return [(r.uniform(51.3, 51.7), r.uniform(-0.5, 0.3)) for _ in range(n)]


def _stores(n, seed):
    r = random.Random(seed)
    return [{"id": 100 + i, "lat": lat, "lon": lon, "open": r.random() < 0.6} for i, (lat, lon) in enumerate(_points(n, seed + 1))]


_ZONE = [(51.4, -0.3), (51.6, -0.25), (51.65, 0.1), (51.5, 0.0), (51.42, 0.2)]

CALLS = [
    ("Locator.nearest", lambda: (Locator(_stores(3000, 1)), 51.5, -0.12)),
    ("Locator.nearest", lambda: (Locator(_stores(500, 2)), 51.45, 0.0, 20, True)),
    ("Locator.nearest", lambda: (Locator([]), 51.45, 0.0)),
    ("Locator.assign", lambda: (Locator(_stores(60, 3)), _points(500, 4))),
    ("Locator.assign", lambda: (Locator([]), _points(5, 5))),
    ("within", lambda: (_points(4000, 6), (51.5, -0.1), 7.5)),
    ("within", lambda: ([], (51.5, -0.1), 7.5)),
    ("heat_cells", lambda: (_points(900, 7),)),
    ("heat_cells", lambda: (_points(300, 10), 0.1)),
    ("heat_cells", lambda: ([(51.5, -0.0), (51.5, 0.0), (51.509, -0.001)],)),
    ("in_polygon", lambda: (_points(3000, 8), _ZONE)),
    ("in_polygon", lambda: (_points(10, 9), [])),
]
