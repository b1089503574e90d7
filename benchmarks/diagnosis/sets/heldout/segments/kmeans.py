def squared(p, q):
    acc = 0.0
    for i in range(len(p)):
        diff = p[i] - q[i]
        acc += diff * diff
    return acc


def assign(points, centres):
    labels = []
    for p in points:
        best, where = None, 0
        for c, centre in enumerate(centres):
            d = squared(p, centre)
            if best is None or d < best:
                best, where = d, c
        labels.append(where)
    return labels


def recentre(points, labels, k):
    width = len(points[0])
    sums = [[0.0] * width for _ in range(k)]
    sizes = [0] * k
    for p, label in zip(points, labels):
        sizes[label] += 1
        target = sums[label]
        for i, x in enumerate(p):
            target[i] += x
    return [[s / size for s in row] if size else points[n] for n, (row, size) in enumerate(zip(sums, sizes))]
