from __future__ import annotations

import random
from dataclasses import dataclass

CURRENCIES = ("EUR", "USD", "CHF", "JPY")
FX = {"EUR": 1.0, "USD": 0.92, "CHF": 1.04, "JPY": 0.0061}


@dataclass(frozen=True)
class Position:
    ticker: str
    currency: str
    quantity: int
    price: float
    fx: float
    beta: float


def _scenarios(count, seed=3):
    rnd = random.Random(seed)
    return [rnd.gauss(0.0, 0.012) for _ in range(count)]


SCENARIOS = _scenarios(2500)


def _open_books(count):
    books = {}
    for number in range(count):
        rnd = random.Random(number)
        positions = []
        for n in range(2400):
            currency = rnd.choice(CURRENCIES)
            positions.append(
                Position(
                    ticker="T%04d" % rnd.randrange(6000),
                    currency=currency,
                    quantity=rnd.randrange(-400, 900),
                    price=round(rnd.uniform(4, 300), 2),
                    fx=FX[currency],
                    beta=rnd.uniform(0.2, 1.9),
                )
            )
        books[number] = positions
    return books


BOOKS = _open_books(12)
BETA_VALUES = {
    number: sum(p.quantity * p.price * p.fx * p.beta for p in positions) for number, positions in BOOKS.items()
}
