"""Condition indicators of rolling bearings."""
import collections
import struct
import zlib

WINDOW = 32
HOP = 8
LEVELS = ((9.0e6, "critical"), (4.5e6, "warning"))


def energies(signal, window, hop):
    last = len(signal) - window
    start = 0
    while start <= last:
        yield sum(v * v for v in signal[start:start + window]) / window
        start += hop


class Monitor:
    def __init__(self, line):
        self.line = line
        self.streak = {}
        self.archive = collections.deque(maxlen=200)

    def classify(self, peak):
        for level, name in LEVELS:
            if peak >= level:
                return name
        return "normal"

    def feed(self, sensor, block):
        """An alarm when two blocks in a row are conspicuous."""
        self.archive.append((sensor, zlib.crc32(block), zlib.compress(block, 1)))
        signal = struct.unpack("<%dh" % (len(block) // 2), block)
        peak = 0.0
        for energy in energies(signal, WINDOW, HOP):
            if energy > peak:
                peak = energy
        level = self.classify(peak)
        before = self.streak.get(sensor)
        self.streak[sensor] = level
        if level != "normal" and before == level:
            return self.line, sensor, level
        return None
