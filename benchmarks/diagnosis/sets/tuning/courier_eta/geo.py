"""Distances on the sphere."""
import math

EARTH_RADIUS_KM = 6371.0088


def haversine_km(lat1, lon1, lat2, lon2):
    p1, p2 = math.radians(lat1), math.radians(lat2)
    dp = p2 - p1
    dl = math.radians(lon2 - lon1)
    a = math.sin(dp / 2) ** 2 + math.cos(p1) * math.cos(p2) * math.sin(dl / 2) ** 2
    return 2 * EARTH_RADIUS_KM * math.asin(math.sqrt(a))


def within(points, lat, lon, radius_km):
    """Indexes and distances of the points inside the radius, nearest first."""
    hits = []
    for idx, (plat, plon) in enumerate(points):
        d = haversine_km(lat, lon, plat, plon)
        if d <= radius_km:
            hits.append((d, idx))
    hits.sort()
    return hits


def bounding_box(lat, lon, radius_km):
    dlat = math.degrees(radius_km / EARTH_RADIUS_KM)
    dlon = dlat / max(0.01, math.cos(math.radians(lat)))
    return lat - dlat, lon - dlon, lat + dlat, lon + dlon
