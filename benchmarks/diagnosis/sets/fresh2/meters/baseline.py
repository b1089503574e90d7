"""What a feeder usually draws."""
import statistics


class Baseline(object):
    def __init__(self, capacity):
        self.capacity = capacity
        self._values = []

    def add(self, value):
        self._values.append(value)
        if len(self._values) > self.capacity:
            del self._values[0]

    def is_warm(self):
        return len(self._values) >= self.capacity // 2

    def deviation_of(self, value):
        """How many standard deviations the value is away from the usual."""
        if not self.is_warm():
            return 0.0
        centre = statistics.fmean(self._values)
        spread = statistics.pstdev(self._values, centre)
        if spread == 0.0:
            return 0.0
        return abs(value - centre) / spread
