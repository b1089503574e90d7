"""Mixtures of normal populations."""
import math
from collections import namedtuple

from timing import timed

Component = namedtuple("Component", "weight mean scale")
ROOT = math.sqrt(2 * math.pi)

POPULATIONS = {
    "young": (Component(0.7, 260.0, 25.0), Component(0.3, 330.0, 50.0)),
    "old": (Component(0.6, 330.0, 40.0), Component(0.4, 420.0, 80.0)),
    "tired": (Component(0.5, 400.0, 60.0), Component(0.5, 600.0, 120.0)),
}


def contributions(sample, components):
    for x in sample:
        density = 0.0
        for weight, mean, scale in components:
            z = (x - mean) / scale
            density += weight / (scale * ROOT) * math.exp(-0.5 * z * z)
        yield math.log(density + 1e-300)


@timed
def loglik(sample, components):
    return sum(contributions(sample, components))
