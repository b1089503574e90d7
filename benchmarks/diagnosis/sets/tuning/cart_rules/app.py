"""Checks out carts: vouchers, shipping and taxes in exact decimals."""
from decimal import ROUND_HALF_UP, Decimal

from fastapi import FastAPI, HTTPException
from pydantic import BaseModel

CENT = Decimal("0.01")
TAX = {"food": Decimal("0.07"), "book": Decimal("0.07"), "other": Decimal("0.19")}
TIERS = [(Decimal(50), Decimal("4.90")), (Decimal(100), Decimal("2.90")), (Decimal(10**6), Decimal(0))]

app = FastAPI()


class Position(BaseModel):
    price: float
    quantity: int
    kind: str = "other"


class Cart(BaseModel):
    positions: list[Position]
    voucher: str = ""


def cents(value: Decimal) -> Decimal:
    return value.quantize(CENT, rounding=ROUND_HALF_UP)


def shipping(total: Decimal) -> Decimal:
    for limit, price in TIERS:
        if total < limit:
            return price
    return Decimal(0)


def voucher_share(code: str) -> Decimal:
    if code.startswith("vip"):
        return Decimal("0.10")
    if len(code) == 5:
        return Decimal("0.03")
    return Decimal(0)


def installments(total: Decimal) -> dict:
    plans = {}
    for months in (3, 6, 9, 12, 18, 24):
        rest, paid = total, Decimal(0)
        rate = cents(total / months)
        for _ in range(months):
            interest = cents(rest * Decimal("0.004"))
            rest = rest + interest - rate
            paid += rate
        plans[months] = str(cents(paid + max(rest, Decimal(0))))
    return plans


@app.post("/checkout")
async def checkout(cart: Cart) -> dict:
    if not cart.positions:
        raise HTTPException(422, "empty cart")
    net = tax = Decimal(0)
    for position in cart.positions:
        amount = Decimal(str(position.price)) * position.quantity
        net += amount
        tax += cents(amount * TAX.get(position.kind, TAX["other"]))
    rebate = cents(net * voucher_share(cart.voucher))
    ship = shipping(net - rebate)
    total = cents(net - rebate + tax + ship)
    return {"total": str(total), "tax": str(tax), "shipping": str(ship), "plans": installments(total)}
