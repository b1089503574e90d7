"""Repayment schedules to the cent."""
import json
import os
from dataclasses import dataclass
from decimal import ROUND_HALF_EVEN, Decimal, localcontext
from fractions import Fraction
from urllib.parse import parse_qsl
from wsgiref.simple_server import WSGIRequestHandler, make_server

CENT = Decimal("0.01")


@dataclass
class Instalment:
    month: int
    interest: Decimal
    principal: Decimal
    balance: Decimal


def annuity(amount, rate, months):
    if rate == 0:
        return (amount / months).quantize(CENT)
    growth = (1 + rate) ** months
    return (amount * rate * growth / (growth - 1)).quantize(CENT, ROUND_HALF_EVEN)


def schedule(amount, yearly_percent, months, extra):
    with localcontext() as context:
        context.prec = 34
        rate = yearly_percent / 1200
        payment = annuity(amount, rate, months)
        balance = amount
        rows = []
        for month in range(1, months + 1):
            interest = (balance * rate).quantize(CENT, ROUND_HALF_EVEN)
            principal = min(balance, payment - interest + (extra if month % 12 == 0 else 0))
            balance -= principal
            rows.append(Instalment(month, interest, principal, balance))
            if not balance:
                break
        return payment, rows


def yearly(rows):
    years = {}
    for row in rows:
        year = (row.month - 1) // 12 + 1
        interest, principal = years.get(year, (Decimal(0), Decimal(0)))
        years[year] = interest + row.interest, principal + row.principal
    return [{"year": year, "interest": str(i), "principal": str(p)} for year, (i, p) in years.items()]


def share_of_interest(rows):
    interest = sum(row.interest for row in rows)
    total = interest + sum(row.principal for row in rows)
    return Fraction(interest) / Fraction(total)


def application(environ, start_response):
    query = dict(parse_qsl(environ["QUERY_STRING"]))
    if environ["PATH_INFO"] != "/schedule":
        start_response("404 Not Found", [("Content-Length", "0")])
        return [b""]
    extra = Decimal(query.get("extra", "0"))
    offers = []
    for yearly_extra in sorted({Decimal(0), extra, 2 * extra}):
        payment, rows = schedule(
            Decimal(query["amount"]),
            Decimal(query.get("percent", "3.9")),
            int(query.get("months", "240")),
            yearly_extra,
        )
        share = share_of_interest(rows).limit_denominator(1000)
        offers.append({
            "extra": str(yearly_extra),
            "payment": str(payment),
            "months": len(rows),
            "interest_share": "%d/%d" % (share.numerator, share.denominator),
            "years": yearly(rows),
            "last": str(rows[-1].interest + rows[-1].principal),
        })
    data = json.dumps({"offers": offers}).encode()
    start_response("200 OK", [("Content-Type", "application/json"), ("Content-Length", str(len(data)))])
    return [data]


class Quiet(WSGIRequestHandler):
    def log_message(self, *args):
        pass


if __name__ == "__main__":
    make_server("127.0.0.1", int(os.environ["PORT"]), application, handler_class=Quiet).serve_forever()
