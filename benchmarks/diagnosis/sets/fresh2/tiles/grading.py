"""Sharpness of a tile: the variance of its Laplacian."""


def laplacian_moments(tile):
    height, width = tile.shape
    total = 0
    squares = 0
    for y in range(1, height - 1):
        for x in range(1, width - 1):
            v = 4 * tile[y, x] - tile[y - 1, x] - tile[y + 1, x] - tile[y, x - 1] - tile[y, x + 1]
            total += v
            squares += v * v
    return int(total), int(squares), (height - 2) * (width - 2)


def grade(job):
    number, top, left, tile = job
    total, squares, count = laplacian_moments(tile)
    mean = total / count
    return (number, top, left), squares / count - mean * mean
