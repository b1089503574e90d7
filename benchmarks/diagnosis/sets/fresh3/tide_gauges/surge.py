"""How far the water stands from where the table has it."""
import math


def residuals(heights, table, offset, drift):
    for i, height in enumerate(heights):
        yield height - table[i] - offset - drift * i


def assess(heights, table, offset, drift):
    count = 0
    total = squares = peak = 0.0
    for gap in residuals(heights, table, offset, drift):
        count += 1
        total += gap
        squares += gap * gap
        if abs(gap) > peak:
            peak = abs(gap)
    mean = total / count
    return {
        "mean": round(mean, 3),
        "spread": round(math.sqrt(max(0.0, squares / count - mean * mean)), 3),
        "peak": round(peak, 2),
    }
