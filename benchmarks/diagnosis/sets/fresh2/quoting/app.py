"""Quotes for instalment loans: the plan to the cent, with the effective rate."""
import os
from decimal import ROUND_HALF_EVEN, Decimal
from fractions import Fraction

from flask import Flask, jsonify, request

import surcharge

CENT = Decimal("0.01")
app = Flask(__name__)


def cents(amount):
    return amount.quantize(CENT, rounding=ROUND_HALF_EVEN)


def annuity(principal, monthly, months):
    growth = (1 + monthly) ** months
    return cents(principal * monthly * growth / (growth - 1))


def plan(principal, yearly, months):
    """The payments; interest is rounded each month, the last payment takes up what the rounding left over."""
    monthly = yearly / 12
    payment = annuity(principal, monthly, months)
    left = principal
    rows = []
    for month in range(1, months + 1):
        interest = cents(left * monthly)
        due = payment if month < months else left + interest
        left = left + interest - due
        rows.append((month, due, interest, left))
    return rows


def effective(yearly):
    rate = (1 + Fraction(yearly) / 12) ** 12 - 1
    return round(float(rate) * 100, 3)


@app.route("/quote")
def quote():
    principal = Decimal(request.args["principal"])
    months = int(request.args["months"])
    yearly = Decimal(request.args["rate"]) / 100
    extras = surcharge.total(principal, months, request.args.get("segment", "b"))
    rows = plan(principal + extras, yearly, months)
    return jsonify(
        extras=str(extras),
        effective=effective(yearly),
        interest=str(sum(row[2] for row in rows)),
        paid=str(sum(row[1] for row in rows)),
        plan=[{"month": m, "due": str(d), "interest": str(i), "left": str(left)} for m, d, i, left in rows],
    )


if __name__ == "__main__":
    app.run("127.0.0.1", int(os.environ["PORT"]), threaded=True)
