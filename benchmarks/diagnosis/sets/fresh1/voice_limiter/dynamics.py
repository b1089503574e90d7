import array
import math


class Limiter:
    def __init__(self, rate, ceiling, attack_ms=2.0, release_ms=80.0):
        self.ceiling = ceiling
        self.attack = math.exp(-1000.0 / (rate * attack_ms))
        self.release = math.exp(-1000.0 / (rate * release_ms))
        self.envelope = 0.0
        self.gain = 1.0

    def process(self, samples):
        out = array.array("h", bytes(2 * len(samples)))
        envelope, gain = self.envelope, self.gain
        for n, x in enumerate(samples):
            level = abs(x)
            if level > envelope:
                envelope = self.attack * (envelope - level) + level
            else:
                envelope = self.release * (envelope - level) + level
            wanted = self.ceiling / envelope if envelope > self.ceiling else 1.0
            if wanted < gain:
                gain = wanted
            else:
                gain += (wanted - gain) * 0.002
            out[n] = int(x * gain)
        self.envelope, self.gain = envelope, gain
        return out
