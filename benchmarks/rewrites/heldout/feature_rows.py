"""Turns raw profile events into feature rows for the churn model (called once per request batch)."""
import copy
import json
import random
from datetime import datetime

SCHEMA = {
    "version": 4,
    "defaults": {"plan": "free", "visits": 0, "spend": 0.0, "days_since": 999, "country": "??"},
    "plans": ["free", "basic", "plus", "team", "enterprise"],
    "limits": {"visits": [0, 500], "spend": [0.0, 2000.0]},
}

FEATURES = ["plan", "visits", "spend", "days_since"]


def parse_date(s):
    return datetime.strptime(s, "%Y-%m-%d")


def clip(value, bounds):
    return max(bounds[0], min(bounds[1], value))


def build_row(event, schema, today):
    row = copy.deepcopy(schema["defaults"])
    row.update(json.loads(json.dumps(event.get("profile", {}))))
    if "last_seen" in event:
        row["days_since"] = (parse_date(today) - parse_date(event["last_seen"])).days
    for name, bounds in schema["limits"].items():
        row[name] = clip(row[name], bounds)
    row["plan"] = schema["plans"].index(row["plan"]) if row["plan"] in schema["plans"] else -1
    return row


def build_rows(events, today="2024-06-30"):
    """Feature rows plus column means, ready for the scaler."""
    rows = []
    for event in events:
        schema = copy.deepcopy(SCHEMA)
        row = build_row(event, schema, today)
        rows.append([float(row[f]) for f in FEATURES])
    means = []
    for c in range(len(FEATURES)):
        column = [r[c] for r in rows]
        means.append(sum(column) / len(column) if column else 0.0)
    return {"rows": rows, "means": means}


def distinct_profiles(events):
    """Profiles without repetitions (key order does not matter), in order of appearance."""
    seen, out = [], []
    for e in events:
        key = json.dumps(e.get("profile", {}), sort_keys=True)
        if key in seen:
            continue
        seen.append(key)
        out.append(e["profile"] if "profile" in e else {})
    return out


def one_hot(values, categories):
    return [[1 if v == c else 0 for c in categories] for v in values]


def standardise(rows):
    """z-scores by column; constant columns become 0."""
    out = []
    for r in rows:
        new = []
        for j, x in enumerate(r):
            col = [q[j] for q in rows]
            mu = sum(col) / len(col)
            sd = (sum([(v - mu) ** 2 for v in col]) / len(col)) ** 0.5
            new.append((x - mu) / sd if sd else 0.0)
        out.append(new)
    return out


def _events(n, seed):
    rng = random.Random(seed)
    for k in range(n):
        e = {"user": k}
        if rng.random() < 0.9:
            e["profile"] = {"plan": rng.choice(SCHEMA["plans"] + ["legacy"]), "visits": rng.randrange(700)}
            if rng.random() < 0.5:
                e["profile"]["spend"] = round(rng.expovariate(0.002), 2)
        if rng.random() < 0.8:
            e["last_seen"] = f"2024-{rng.randrange(1, 7):02d}-{rng.randrange(1, 29):02d}"
        yield e


def _matrix(rows, cols, seed):
    rng = random.Random(seed)
    return [[rng.gauss(5, 2) for _ in range(cols - 1)] + [3] for _ in range(rows)]


CALLS = [
    ("build_rows", lambda: (list(_events(600, 1)),)),
    ("build_rows", lambda: (list(_events(20, 2)), "2024-07-15")),
    ("build_rows", lambda: ([],)),
    ("build_rows", lambda: ([{"user": 1, "last_seen": "2024-02-30"}],)),
    ("distinct_profiles", lambda: (list(_events(1500, 3)),)),
    ("distinct_profiles", lambda: ([{"profile": {"a": 1, "b": 2}}, {"profile": {"b": 2, "a": 1}}, {}],)),
    ("one_hot", lambda: ([random.Random(4).choice("abcdef") for _ in range(900)], list("abcdefgh"))),
    ("one_hot", lambda: ([None, 1, True, 1.0, "a"], [True, "a", None])),
    ("standardise", lambda: (_matrix(160, 6, 5),)),
    ("standardise", lambda: (_matrix(1, 3, 6),)),
    ("standardise", lambda: ([],)),
]
