"""A point cloud: x, y and z in three flat arrays of doubles."""
from array import array
from random import Random


class Cloud:
    def __init__(self, xs, ys, zs):
        self.xs = array("d", xs)
        self.ys = array("d", ys)
        self.zs = array("d", zs)

    def __len__(self):
        return len(self.xs)

    @classmethod
    def scan(cls, seed, points):
        rng = Random(seed)
        xs = [rng.uniform(-20, 20) for _ in range(points)]
        ys = [rng.uniform(-20, 20) for _ in range(points)]
        zs = [rng.expovariate(1.5) for _ in range(points)]
        return cls(xs, ys, zs)

    def shifted(self, dx, dy, dz):
        moved = Cloud((), (), ())
        for n in range(len(self)):
            moved.xs.append(self.xs[n] + dx)
            moved.ys.append(self.ys[n] + dy)
            moved.zs.append(self.zs[n] + dz)
        return moved

    def ground(self, cell):
        """Lowest z of each cell of the grid."""
        low = {}
        for x, y, z in zip(self.xs, self.ys, self.zs):
            key = int(x // cell), int(y // cell)
            if z < low.get(key, 1e9):
                low[key] = z
        return low
