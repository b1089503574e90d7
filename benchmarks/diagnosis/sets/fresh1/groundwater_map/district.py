"""Observation wells of a district."""
import random
import zlib

ALERTS = ((1.5, "flooding"), (3.0, "watch"))


class Well:
    __slots__ = ("code", "x", "y", "level", "trust")

    def __init__(self, code, x, y, level, trust):
        self.code = code
        self.x = x
        self.y = y
        self.level = level
        self.trust = trust

    def __repr__(self):
        return "<Well %s>" % self.code


class District:
    def __init__(self, name, wells, smoothing=25.0):
        self.name = name
        self.wells = wells
        self.smoothing = smoothing

    def level_at(self, x, y):
        """Metres below the surface."""
        eps = self.smoothing ** 2
        total = 0.0
        norm = 0.0
        for well in self.wells:
            dx = well.x - x
            dy = well.y - y
            w = well.trust / (dx * dx + dy * dy + eps)
            total += w * well.level
            norm += w
        return total / norm

    def alert_for(self, level):
        for limit, label in ALERTS:
            if level < limit:
                return label
        return None


def load_district(name, wells):
    rnd = random.Random(zlib.crc32(name.encode()))
    return District(
        name,
        [
            Well(
                "%s-%04d" % (name.upper(), n),
                rnd.uniform(0, 20000),
                rnd.uniform(0, 14000),
                rnd.gauss(4.2, 1.1),
                rnd.choice((0.4, 0.8, 1.0)),
            )
            for n in range(wells)
        ],
    )
