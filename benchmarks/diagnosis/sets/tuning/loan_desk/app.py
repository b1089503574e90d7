"""Pre-checks loan applications against the rate table and the customer's register entry."""
import hashlib
import json
import os
import re
from string import Template

import pandas as pd
from flask import Flask, request

RATES = pd.DataFrame(
    {
        "months": [12, 24, 36, 48, 60, 72, 84, 96, 108, 120],
        "rate": [3.2, 3.5, 3.9, 4.2, 4.4, 4.7, 4.9, 5.3, 5.8, 6.1],
        "fee": [50, 60, 60, 80, 80, 100, 100, 120, 120, 150],
    }
).set_index("months")
IBAN = re.compile(r"^[A-Z]{2}\d{2}(?: ?[A-Z0-9]{4}){3,7}$")
LETTER = Template("Dear $name,\nfor $amount over $months months you would pay $monthly a month ($rate %, fee $fee).\n")
NUMERALS = {c: str(ord(c) - 55) for c in "ABCDEFGHIJKLMNOPQRSTUVWXYZ"}

app = Flask(__name__)


def iban_ok(iban):
    compact = iban.replace(" ", "")
    if not IBAN.match(compact):
        return False
    digits = "".join(NUMERALS.get(c, c) for c in compact[4:] + compact[:4])
    return int(digits) % 97 in range(97)


def monthly(amount, rate, months):
    r = rate / 1200
    return amount * r / (1 - (1 + r) ** -months)


def offers(amount):
    table = []
    for months in RATES.index:
        rate = RATES.loc[months, "rate"]
        fee = RATES.loc[months, "fee"]
        table.append((int(months), float(rate), int(fee), round(monthly(amount, rate, months), 2)))
    return table


def letters(name, amount, table):
    return [
        LETTER.substitute(name=name, amount=amount, months=m, rate=rate, fee=fee, monthly=pay)
        for m, rate, fee, pay in table
    ]


def reference(application):
    digest = json.dumps(application, sort_keys=True).encode()
    for _ in range(900):
        digest = hashlib.sha256(digest).digest()
    return digest.hex()[:16]


@app.post("/applications")
def apply_for_loan():
    application = request.get_json(force=True)
    if not isinstance(application.get("amount"), (int, float)):
        return {"error": "amount is a number"}, 422
    checks = [iban_ok(iban) for iban in application.get("accounts", [])]
    table = offers(application["amount"])
    return {
        "reference": reference(application),
        "accounts_ok": checks,
        "letters": letters(application.get("name", ""), application["amount"], table),
    }


if __name__ == "__main__":
    app.run("127.0.0.1", int(os.environ["PORT"]))
