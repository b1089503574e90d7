"""Batches as they come: rows of several lengths, values missing, generators."""


def row_sums(rows):
    return [sum(row) for row in rows]


def scores(rows, weights):
    """A row may be shorter than the weights; then the rest counts nothing."""
    result = []
    for row in rows:
        s = 0.0
        for value, weight in zip(row, weights):
            s += value * weight
        result.append(s)
    return result


def scores_of_known(rows, weights):
    result = []
    for row in rows:
        s = 0.0
        for value, weight in zip(row, weights):
            if value is None:
                continue
            s += value * weight
        result.append(s)
    return result


def filled(values, default):
    return [default if v is None else v for v in values]


def mean_of_known(values):
    total = count = 0
    for v in values:
        if v is not None:
            total += v
            count += 1
    return total / count if count else None


def column(rows, j):
    return [row[j] for row in rows]


def column_sums(rows):
    sums = [0.0] * len(rows[0])
    for row in rows:
        for j, value in enumerate(row):
            sums[j] += value
    return sums


def transposed(rows):
    return [list(column) for column in zip(*rows)]


def padded(rows, width, fill=0.0):
    for row in rows:
        while len(row) < width:
            row.append(fill)  # in place
    return rows


def drop_short(rows, width):
    for row in rows:
        if len(row) < width:
            rows.remove(row)  # skips the next one: a bug that callers got used to
    return rows


def streamed(rows, weights, enough):
    """Reads no more rows than it needs."""
    total = 0.0
    for row in rows:
        total += sum(a * b for a, b in zip(row, weights))
        if total >= enough:
            break
    return total


def _rows(n, d=32, ragged=False, gaps=False):
    rows = [[((i * 31 + j * 17) % 101) / 101 for j in range(d)] for i in range(n)]
    if ragged:
        rows[n // 2] = rows[n // 2][:5]
    if gaps:
        for row in rows[::9]:
            row[d // 2] = None
    return rows


CALLS = [
    ("row_sums", lambda: (_rows(300),)),
    ("row_sums", lambda: (_rows(300, ragged=True),)),
    ("scores", lambda: (_rows(300), _rows(1)[0])),
    ("scores", lambda: (_rows(300, ragged=True), _rows(1)[0])),
    ("scores", lambda: (_rows(300), _rows(1, 20)[0])),
    ("scores_of_known", lambda: (_rows(300, gaps=True), _rows(1)[0])),
    ("filled", lambda: ([None, 1.5, 2.0] * 300, 0.0)),
    ("mean_of_known", lambda: ([None, 1.5, 2.0] * 300,)),
    ("column", lambda: (_rows(500), 3)),
    ("column_sums", lambda: (_rows(300),)),
    ("transposed", lambda: (_rows(100, ragged=True),)),
    ("padded", lambda: (_rows(50, ragged=True), 40)),
    ("drop_short", lambda: (_rows(50, ragged=True), 32)),
    ("streamed", lambda: (iter(_rows(200)), _rows(1)[0], 300.0)),
    ("streamed", lambda: (_rows(200), _rows(1)[0], 300.0)),
]
