"""Sound that arrives from machines in the open."""
import math
from dataclasses import dataclass


@dataclass(slots=True)
class Machine:
    name: str
    x: float
    y: float
    power_db: float


def received(machines, x, y):
    """Level in dB at a receiver: spherical spreading and absorption of the air."""
    energy = 0.0
    for machine in machines:
        distance = max(1.0, math.sqrt((machine.x - x) ** 2 + (machine.y - y) ** 2))
        level = machine.power_db - 11.0 - 20.0 * math.log10(distance) - 0.005 * distance
        energy += 10.0 ** (level / 10.0)
    return 10.0 * math.log10(energy) if energy > 0 else 0.0
