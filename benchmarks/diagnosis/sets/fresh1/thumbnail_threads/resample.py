import numpy as np


def shrink(image, shape):
    """Bilinear, to unsigned bytes."""
    rows, cols = shape
    height, width = image.shape
    ry = (height - 1) / (rows - 1)
    rx = (width - 1) / (cols - 1)
    out = np.empty(shape, dtype=np.uint8)
    for r in range(rows):
        y = r * ry
        y0 = min(int(y), height - 2)
        fy = y - y0
        for c in range(cols):
            x = c * rx
            x0 = min(int(x), width - 2)
            fx = x - x0
            top = image[y0, x0] * (1 - fx) + image[y0, x0 + 1] * fx
            bottom = image[y0 + 1, x0] * (1 - fx) + image[y0 + 1, x0 + 1] * fx
            out[r, c] = int(top * (1 - fy) + bottom * fy)
    return out
