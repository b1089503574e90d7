"""Fees on top of a loan."""
from decimal import Decimal

STEPS = [(1000, "19.90"), (5000, "49.00"), (10000, "79.00"), (25000, "119.00"), (50000, "149.00"), (10**9, "199.00")]
SEGMENT = {"a": Decimal("0.002"), "b": Decimal("0.004"), "c": Decimal("0.009")}


def arrangement(principal):
    for limit, fee in STEPS:
        if principal <= limit:
            return Decimal(fee)
    raise ValueError("too large")


def total(principal, months, segment):
    fees = [arrangement(principal), principal * SEGMENT[segment]]
    if months > 60:
        fees.append(Decimal(months - 60) * Decimal("1.25"))
    return sum(fees).quantize(Decimal("0.01"))
