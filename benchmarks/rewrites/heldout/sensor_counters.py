'''Decoder for the vibration loggers: 16-bit counters, 8-bit levels, float32 waveforms.'''
import numpy as np


WRAP = 1 << 16
GAIN = np.float32(0.1)


def increments(counter: np.ndarray) -> np.ndarray:
    """Counter differences; the counter wraps, and so does uint16 arithmetic."""
    out = np.zeros(len(counter), dtype=counter.dtype)
    with np.errstate(over="ignore"):
        for i in range(1, len(counter)):
            out[i] = counter[i] - counter[i - 1]
    return out


def checksum(frame):
    acc = np.uint8(0)
    with np.errstate(over='ignore'):
        for b in frame:
            acc = acc + b
    return acc


def level_sum(levels):
    # plain ints on purpose, levels are uint8
    total = 0
    for x in levels:
        total += int(x)
    return total


def rms(wave):
    """Root mean square, accumulated in single precision like the firmware does."""
    acc = np.float32(0)
    for v in wave:
        acc += v * v
    return (acc / np.float32(len(wave))) ** 0.5


def detrend(buf, width):
    """Subtract the local mean, window after window. Windows overlap by half and are changed in place."""
    step = width // 2
    for start in range(0, len(buf) - width + 1, step):
        win = buf[start:start + width]
        win -= win.mean()
    return buf


def smooth(signal, keep=0.8):
    out = signal.copy()
    for i in range(1, len(out)):
        out[i] = keep * out[i - 1] + (1 - keep) * out[i]
    return out


def mirror(rows):
    """Make the matrix symmetric: the lower triangle is overwritten by the upper one."""
    for i in range(rows.shape[0]):
        rows[:, i] = rows[i]
    return rows


def scaled(levels):
    result = []
    for x in levels:
        result.append(x * GAIN)
    return result


def shift_levels(levels, by):
    """Add `by` to every level, in the levels' own type, saturating nothing."""
    out = np.empty_like(levels)
    for k, x in enumerate(levels):
        out[k] = (int(x) + by) % 256
    return out


def _g(seed): return np.random.default_rng(seed)


def _counter(n, seed):
    return (np.cumsum(_g(seed).integers(0, 9000, n)) % WRAP).astype(np.uint16)


def _wave(n, seed, dtype=np.float32):
    return (_g(seed).normal(0, 3, n)).astype(dtype)


CALLS = [
    ("increments", lambda: (_counter(4000, 1),)),
    ("increments", lambda: (_counter(500, 2).astype(np.int64),)),
    ("increments", lambda: (np.array([], dtype=np.uint16),)),
    ("checksum", lambda: (_g(3).integers(0, 256, 5000).astype(np.uint8),)),
    ("checksum", lambda: (_g(3).integers(0, 256, 50).astype(np.int64),)),
    ("checksum", lambda: (np.array([], dtype=np.uint8),)),
    ("level_sum", lambda: (_g(4).integers(0, 256, 5000).astype(np.uint8),)),
    ("level_sum", lambda: (np.full(6, 2**63 - 1),)),
    ("rms", lambda: (_wave(5000, 5),)),
    ("rms", lambda: (_wave(900, 6, np.float64),)),
    ("rms", lambda: (np.full(5000, 0.1, dtype=np.float32),)),
    ("detrend", lambda: (_wave(4000, 7), 16)),
    ("detrend", lambda: (_wave(4001, 8, np.float64)[::2], 50)),
    ("smooth", lambda: (_wave(4000, 9),)),
    ("smooth", lambda: (_g(10).integers(0, 100, 600),)),
    ("mirror", lambda: (_g(11).random((200, 200)),)),
    ("mirror", lambda: (_g(12).integers(0, 9, (3, 3)),)),
    ("scaled", lambda: (_wave(1500, 13),)),
    ("scaled", lambda: ([1, 2.5, 3],)),
    ("shift_levels", lambda: (_g(14).integers(0, 256, 3000).astype(np.uint8), 700)),
    ("shift_levels", lambda: (np.array([250, 3], dtype=np.uint8), -300)),
]
