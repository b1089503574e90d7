def squared_distances(rows, query):
    found = []
    for row in rows:
        total = 0.0
        for x, y in zip(row, query):
            total += (x - y) * (x - y)
        found.append(total)
    return found
