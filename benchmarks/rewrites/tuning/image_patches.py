"""Patches of grey images as nested loops."""
import numpy as np


def brighten(image, by):
    out = np.zeros(image.shape)
    for y in range(image.shape[0]):
        for x in range(image.shape[1]):
            out[y, x] = image[y, x] + by
    return out


def brighten_bytes(image, by):
    out = np.zeros_like(image)
    rows, columns = image.shape
    for y in range(rows):
        for x in range(columns):
            out[y][x] = min(255, image[y][x] + by)
    return out


def multiply(a, b):
    n, m, k = len(a), len(b[0]), len(b)
    c = np.zeros((n, m))
    for i in range(n):
        for j in range(m):
            for l in range(k):
                c[i, j] += a[i, l] * b[l, j]
    return c


def row_means(image):
    return [row.mean() for row in image]


def column_max(image):
    return np.array([max(image[:, j]) for j in range(image.shape[1])])


def brightest(image):
    best, where = -1.0, (0, 0)
    for y in range(image.shape[0]):
        for x in range(image.shape[1]):
            if image[y, x] > best:
                best = image[y, x]
                where = (y, x)
    return where


relu = np.vectorize(lambda v: v if v > 0 else 0.0)


def activated(image):
    return relu(image)


def softened(image):
    step = np.vectorize(lambda v: v * 0.5 + 0.1)
    return step(image)


def normalised(rows):
    out = []
    for row in rows:
        out.append(row / np.linalg.norm(row))
    return np.array(out)


def labels(scores):
    found = []
    for row in scores:
        found.append(int(np.argmax(row)))
    return found


def blurred(image):
    out = image.copy()
    for y in range(1, image.shape[0] - 1):
        for x in range(1, image.shape[1] - 1):
            out[y, x] = (image[y - 1, x] + image[y + 1, x] + image[y, x - 1] + image[y, x + 1]) / 4
    return out


def masked_sum(image, mask):
    s = 0.0
    for value, keep in zip(image.ravel(), mask.ravel()):
        if keep:
            s += value
    return s


def inside(a, edges):
    return np.array([np.sum((a >= lo) & (a < hi)) for lo, hi in zip(edges[:-1], edges[1:])])


def _image(h, w, seed=1):
    return np.random.default_rng(seed).random((h, w)) - 0.3


CALLS = [
    ("brighten", lambda: (_image(40, 50), 0.2)),
    ("brighten_bytes", lambda: ((_image(40, 50) * 200).astype(np.uint8), np.uint8(20))),
    ("multiply", lambda: (_image(12, 16), _image(16, 10, 2))),
    ("row_means", lambda: (_image(300, 40),)),
    ("column_max", lambda: (_image(40, 50),)),
    ("brightest", lambda: (_image(40, 50),)),
    ("activated", lambda: (_image(40, 50),)),
    ("softened", lambda: (_image(40, 50),)),
    ("normalised", lambda: (_image(300, 40),)),
    ("labels", lambda: (_image(300, 40),)),
    ("blurred", lambda: (_image(30, 40),)),
    ("masked_sum", lambda: (_image(40, 50), _image(40, 50, 2) > 0)),
    ("inside", lambda: (_image(1, 3000)[0], np.linspace(-0.3, 0.7, 11))),
]
