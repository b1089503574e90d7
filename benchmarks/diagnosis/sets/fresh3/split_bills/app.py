"""Splits the bills of a shared flat to the cent."""
from decimal import ROUND_HALF_EVEN, Decimal
from fractions import Fraction
from typing import List

from fastapi import FastAPI
from pydantic import BaseModel

app = FastAPI()
CENT = Decimal("0.01")
RATES = {"rent": Decimal("0"), "power": Decimal("0.19"), "food": Decimal("0.07"), "other": Decimal("0.19")}
TIERS = [(Decimal("50"), Decimal("0")), (Decimal("200"), Decimal("0.01")), (Decimal("100000"), Decimal("0.025"))]


class Bill(BaseModel):
    kind: str
    cents: int
    days: List[int]


class Month(BaseModel):
    flat: str
    bills: List[Bill]


def rebate(amount):
    left, total, floor = amount, Decimal(0), Decimal(0)
    for limit, rate in TIERS:
        part = min(left, limit - floor)
        if part <= 0:
            break
        total += part * rate
        left -= part
        floor = limit
    return total.quantize(CENT, ROUND_HALF_EVEN)


def shares(amount, days):
    """Cents for each person by the days at home; the largest remainders take what is left over."""
    cents = int(amount / CENT)
    whole = sum(days) or len(days)
    exact = [Fraction(cents * (day if sum(days) else 1), whole) for day in days]
    floors = [int(part) for part in exact]
    order = sorted(range(len(days)), key=lambda i: exact[i] - floors[i], reverse=True)
    for i in order[: cents - sum(floors)]:
        floors[i] += 1
    return floors


@app.post("/month")
async def month(wanted: Month):
    people = max((len(bill.days) for bill in wanted.bills), default=0)
    owed = [0] * people
    lines = []
    for bill in wanted.bills:
        gross = Decimal(bill.cents) * CENT
        rate = RATES.get(bill.kind, RATES["other"])
        net = (gross / (1 + rate)).quantize(CENT, ROUND_HALF_EVEN)
        due = gross - rebate(net)
        parts = shares(due, bill.days)
        for person, part in enumerate(parts):
            owed[person] += part
        lines.append({"kind": bill.kind, "net": str(net), "due": str(due), "parts": parts})
    return {"flat": wanted.flat, "owed": [str(cents * CENT) for cents in owed], "lines": lines}
