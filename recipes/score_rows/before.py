def dot(left, right):
    total = 0.0
    for a, b in zip(left, right):
        total += a * b
    return total


def scores(rows, user):
    return [dot(user, row) for row in rows]
