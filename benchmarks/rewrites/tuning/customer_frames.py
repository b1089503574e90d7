"""Features of customers. Frames come from a database: nullable, mixed, duplicated index."""
import pandas as pd

_seen = []


def age_group(age):
    if age is None:
        return "unknown"
    if age < 18:
        return "minor"
    return "adult"


def groups(customers):
    return customers["age"].apply(age_group)


def full_name(customers):
    return customers.apply(lambda c: c["first"] + " " + c["last"], axis=1)


def balance(customers):
    # income may be missing
    return customers.apply(lambda c: c.income - c.spent, axis=1)


def risk(customers, threshold):
    def of(row):
        if row["income"] == 0:
            return 1.0
        return min(1.0, row["spent"] / row["income"])

    return customers.apply(of, axis=1)


def remembered(customers):
    """Each row is kept for the next request."""

    def note(row):
        _seen.append(row["id"])
        return len(_seen)

    del _seen[:]
    return customers.apply(note, axis=1)


def fix_negative(customers):
    for i in customers.index:
        if customers.loc[i, "spent"] < 0:
            customers.loc[i, "spent"] = 0.0
    return customers


def flags(customers):
    return customers["vip"].map(lambda v: 1 if v else 0).tolist()


def ratio(row):
    return row["spent"] / row["income"]


def ratios(customers):
    found = []
    for index, row in customers.iterrows():
        if row["income"] > 0:
            found.append(ratio(row))
    return found


def lookup(customers, wanted):
    out = []
    for each in wanted:
        out.append(customers[customers["id"] == each]["spent"].iloc[0])
    return out


def _customers(n, *, nullable=False, twice=False):
    frame = pd.DataFrame({
        "id": list(range(n)),
        "first": [f"F{i % 13}" for i in range(n)],
        "last": [f"L{i % 7}" for i in range(n)],
        "age": [(i * 7) % 90 for i in range(n)],
        "income": [float((i * 31) % 100) for i in range(n)],
        "spent": [float((i * 17) % 90) - 10 for i in range(n)],
        "vip": [i % 5 == 0 for i in range(n)],
    })
    if nullable:
        frame["income"] = frame["income"].astype("Float64").mask(frame["income"] > 90)
    if twice:
        frame.index = [i // 2 for i in range(n)]
    return frame


CALLS = [
    ("groups", lambda: (_customers(500),)),
    ("full_name", lambda: (_customers(300),)),
    ("balance", lambda: (_customers(300),)),
    ("balance", lambda: (_customers(300, nullable=True),)),
    ("balance", lambda: (_customers(300, twice=True),)),
    ("risk", lambda: (_customers(300)[["income", "spent"]], 0.5)),
    ("remembered", lambda: (_customers(200),)),
    ("fix_negative", lambda: (_customers(40),)),
    ("flags", lambda: (_customers(900),)),
    ("ratios", lambda: (_customers(300)[["income", "spent"]],)),
    ("ratios", lambda: (_customers(300),)),
    ("lookup", lambda: (_customers(300), [3, 77, 200, 11])),
]
