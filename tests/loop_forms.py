"""Functions whose only loop has a fast path, and how they are to be called."""

from __future__ import annotations

import re
from typing import Literal, NamedTuple

Containers = Literal["lists", "arrays"]


class Form(NamedTuple):
    """A function f, and its arguments."""

    text: str
    arguments: str
    """A letter each: v vector, m matrix (its rows as long as the vectors), w a vector as long as the matrix, n as many
    names, f float, i int."""
    kinds: tuple[Containers, ...]
    rounds: bool
    """It sums in another order; otherwise it must be bit-equal."""
    size: int = 200
    scale: int = 1
    """How many terms there are for each element."""
    width: int = 30


_TEXTS = """
### dot: vv arrays rounds
def f(u, v):
    t = 0.0
    for a, b in zip(u, v):
        t += a * b
    return t

### dot from 1.5: vv arrays rounds
def f(u, v):
    t = 1.5
    for i in range(len(u)):
        t -= u[i] * v[i]
    return t

### sum of np.dot: mv arrays rounds
def f(X, q):
    t = 0.0
    for row in X:
        t += np.dot(row, q)
    return t

### norm: v arrays rounds
def f(xs):
    return sum(x**2 for x in xs)

### weighted: vvv arrays rounds
def f(w, u, v):
    return sum(a * b * c for a, b, c in zip(w, u, v))

### distance: vv arrays rounds
def f(u, v):
    return math.sqrt(sum((a - b) * (a - b) for a, b in zip(u, v)))

### conditional sum: vf arrays rounds
def f(xs, t):
    s = 0.0
    for x in xs:
        if x > t:
            s += x
    return s

### sum or nothing: v arrays rounds
def f(xs):
    s = 0.0
    for x in xs:
        s += x if x > 0.5 else 0.0
    return s

### three at once: vv arrays+lists rounds
def f(u, v):
    d = 0.0
    a = 0.0
    b = 0.0
    for x, y in zip(u, v):
        d += x * y
        a += x * x
        b += y * y
    return d, a, b

### scores: vm arrays+lists rounds
def f(q, rows):
    return [sum(a * b for a, b in zip(q, row)) for row in rows]

### scaled scores: vmf arrays+lists rounds
def f(q, rows, w):
    out = []
    for i in range(len(rows)):
        s = 0.0
        for k in range(len(q)):
            s += rows[i][k] * q[k] * w
        out.append(s + 1.0)
    return out

### cosines: vm arrays+lists rounds
def cosine(a, b):
    d = na = nb = 0.0
    for x, y in zip(a, b):
        d += x * y
        na += x * x
        nb += y**2
    if na == 0 or nb == 0:
        return 0.0
    return d / (math.sqrt(na) * nb**0.5)


def f(q, rows):
    return [cosine(q, row) for row in rows]

### distances: vm arrays+lists rounds
def f(q, rows):
    out = []
    for row in rows:
        s = 0.0
        for a, b in zip(q, row):
            s += (a - b) ** 2
        out.append(s ** 0.5)
    return out

### nearest: vm arrays+lists exact
def f(q, rows):
    best = float('inf')
    at = -1
    for i in range(len(rows)):
        s = 0.0
        for k in range(len(q)):
            d = rows[i][k] - q[k]
            s += d * d
        if s < best:
            best = s
            at = i
    return at, best

### nearest by power: vm arrays+lists exact
def f(q, rows):
    def_ = None
    at = None
    for i, row in enumerate(rows):
        s = 0.0
        for a, b in zip(row, q):
            s += (a - b) ** 2
        if def_ is None or s <= def_:
            def_ = s
            at = i
    return at, def_

### pairwise: m arrays+lists rounds size=24 width=8
def f(X):
    n = len(X)
    D = [[0.0] * n for _ in range(n)]
    for i in range(n):
        for j in range(n):
            s = 0.0
            for k in range(len(X[0])):
                s += (X[i][k] - X[j][k]) ** 2
            D[i][j] = math.sqrt(s)
    return D

### pairs: vv arrays+lists rounds size=60 scale=60
def f(u, v):
    return sum(abs(a - b) for a in u for b in v)

### matmul: mm arrays+lists rounds size=24 width=24
def f(A, B):
    n, m = len(A), len(B[0])
    C = [[0.0] * m for _ in range(n)]
    for i in range(n):
        for k in range(len(B)):
            for j in range(m):
                C[i][j] += A[i][k] * B[k][j]
    return C

### column means: m arrays+lists rounds
def f(X):
    out = [0.0] * len(X[0])
    for row in X:
        for j in range(len(row)):
            out[j] += row[j]
    return out

### elementwise: vf arrays+lists exact size=500
def f(xs, a):
    return [a * x + x / 3.0 - 1 for x in xs]

### standardise: vff arrays+lists exact size=500
def f(xs, m, s):
    return [abs(x - m) / s if x > m else (x - m) / s for x in xs]

### array out: v arrays exact
def f(xs):
    out = np.zeros(len(xs))
    for i in range(len(xs)):
        out[i] = math.sqrt(abs(xs[i]))
    return out

### clipped into an empty array: vff arrays exact
def f(xs, a, b):
    out = np.empty(len(xs))
    for i, x in enumerate(xs):
        if x < a:
            out[i] = a
        elif x > b:
            out[i] = b
        else:
            out[i] = x
    return out

### some cells of zeros: vff arrays exact
def f(xs, a, b):
    out = np.zeros(len(xs), dtype=float)
    for i in range(len(xs)):
        if xs[i] < a:
            out[i] += xs[i] * 2.0
        elif xs[i] > b:
            out[i] = i
    return out

### differences: v arrays exact
def f(xs):
    return [xs[i + 1] - xs[i] for i in range(len(xs) - 1)]

### maximum: v arrays exact
def f(xs):
    m = xs[0]
    for x in xs[1:]:
        if x > m:
            m = x
    return m

### minimum of squares: v arrays exact
def f(xs):
    return min(x * x for x in xs)

### maximum from -1: v arrays exact
def f(xs):
    m = -1.0
    for x in xs:
        m = max(m, x)
    return m

### argmax: v arrays exact
def f(xs):
    at = 0
    for i in range(1, len(xs)):
        if xs[i] > xs[at]:
            at = i
    return at

### last argmin: vv arrays exact
def f(xs, ys):
    best = None
    y = None
    for a, b in zip(xs, ys):
        if best is None or a <= best:
            best = a
            y = b
    return y, best

### argmax by key: v arrays exact
def f(xs):
    return max(range(len(xs)), key=lambda i: xs[i])

### count: vf arrays exact
def f(xs, t):
    return sum(1 for x in xs if x > t or x < -t)

### count of all kinds: v arrays exact
def f(xs):
    n = 0
    for x in xs:
        if not x:
            continue
        n += 1
    return n

### filter: vf arrays exact
def f(xs, t):
    return [x * 2.0 for x in xs if not x <= t]

### places: vf arrays exact
def f(xs, t):
    return [i for i, x in enumerate(xs, 1) if x == t or x > t]

### rows above: vm arrays+lists exact
def f(q, rows):
    out = []
    for i in range(len(rows)):
        s = 0.0
        for a, b in zip(q, rows[i]):
            s += a * b
        if s > 0.1:
            out.append(i)
    return out

### any left to run: vf arrays exact
def f(xs, t):
    found = False
    for x in xs:
        if x > t:
            found = True
    return found

### drawdown: v arrays exact
def f(xs):
    out = []
    m = 0.5
    for x in xs:
        m = max(m, x)
        out.append(x - m)
    return out

### running sum: v arrays exact
def f(xs):
    out = []
    s = 0.0
    for x in xs:
        s += x
        out.append(s)
    return out

### histogram: v arrays exact
def f(xs):
    h = [0] * 20
    for x in xs:
        h[int(x * x)] += 1
    return h

### weighted histogram: vv arrays exact
def f(xs, ws):
    h = np.zeros(20)
    for x, w in zip(xs, ws):
        h[int(x * x)] += w
    return h

### top by key: vi arrays+lists exact size=1000
def f(scores, k):
    return sorted(range(len(scores)), key=lambda i: scores[i], reverse=True)[:k]

### largest: vi arrays+lists exact size=1000
def f(scores, k):
    return heapq.nlargest(k, range(len(scores)), key=scores.__getitem__)

### smallest values: vi arrays exact size=1000
def f(xs, k):
    return sorted(xs)[:k]

### nearest few: vmi arrays exact size=1000
def f(q, rows, k):
    return sorted([i for i in range(len(rows))], key=lambda i: sum_of(q, rows[i]))[:k]


def sum_of(u, v):
    s = 0.0
    for a, b in zip(u, v):
        s += (a - b) * (a - b)
    return s

### in: vv lists exact size=40
def f(xs, box):
    return [x for x in xs if x in box]

### not in: vv lists exact size=40
def f(xs, box):
    out = []
    for i in range(len(xs)):
        if xs[i] not in box:
            out.append(i)
    return out

### how many are in: vv lists exact size=40
def f(xs, box):
    n = 0
    for x in xs:
        if x not in box:
            continue
        n += 1
    return n

### best row: vm arrays+lists exact
def f(q, items):
    best, most = None, -1.0
    for item in items:
        s = 0.0
        for a, b in zip(q, item):
            s += a * b
        if s > most:
            best, most = item, s
    return best

### rows kept: vm arrays+lists exact
def f(q, rows):
    out = []
    for i in range(len(rows)):
        s = 0.0
        for a, b in zip(q, rows[i]):
            s += a * b
        if s > 0.1:
            out.append(rows[i])
    return out

### names kept: nvm lists exact
def f(names, q, rows):
    out = []
    for name, row in zip(names, rows):
        s = 0.0
        for a, b in zip(q, row):
            s += a * b
        if s > 0.1:
            out.append(name)
    return out

### moving mean: v arrays+lists exact size=500
def f(xs):
    out = []
    for i in range(len(xs) - 2):
        out.append((xs[i] + xs[i + 1] + xs[i + 2]) / 3)
    return out

### variance: v arrays+lists rounds size=500
def f(xs):
    mean = sum(xs) / len(xs)
    s = 0.0
    for x in xs:
        s += (x - mean) ** 2
    return s / len(xs)

### transposed: m arrays+lists exact
def f(A):
    n, m = len(A), len(A[0])
    T = [[0.0] * n for _ in range(m)]
    for i in range(n):
        for j in range(m):
            T[j][i] = A[i][j]
    return T

### loss: mvw arrays+lists rounds
def f(X, w, y):
    loss = 0.0
    for i in range(len(X)):
        p = 0.0
        for j in range(len(w)):
            p += X[i][j] * w[j]
        loss += (p - y[i]) ** 2
    return loss / len(X)
"""


def _forms() -> dict[str, Form]:
    found: dict[str, Form] = {}
    for part in _TEXTS.split("### ")[1:]:
        head, text = part.split("\n", 1)
        name, words = head.split(": ")
        arguments, containers, how, *options = words.split()
        kinds = tuple(each for each in ("arrays", "lists") if each in containers)
        numbers = {key: int(value) for key, value in re.findall(r"(\w+)=(\d+)", " ".join(options))}
        found[name] = Form(text.strip() + "\n", arguments, kinds, how == "rounds", **numbers)
    return found


FORMS = _forms()
