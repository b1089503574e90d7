"""Bottles that go with a dish, by the profile of its flavours."""
import random
from typing import List, NamedTuple

from fastapi import FastAPI
from pydantic import BaseModel, Field

AXES = (
    "acid", "sugar", "tannin", "body", "alcohol", "oak", "fruit", "earth", "spice", "floral", "salt", "length",
)


class Bottle(NamedTuple):
    sku: str
    colour: str
    price: float
    profile: tuple


class Dish(BaseModel):
    name: str
    flavours: List[float] = Field(min_length=len(AXES), max_length=len(AXES))
    limit: int = 8
    budget: float = 60.0


def stock(count, seed=23):
    source = random.Random(seed)
    return [
        Bottle(
            "W%05d" % number,
            source.choice(("red", "white", "rosé", "orange")),
            round(source.uniform(6, 90), 2),
            tuple(source.random() for _ in AXES),
        )
        for number in range(count)
    ]


cellar = stock(3200)
app = FastAPI()


def label(bottle):
    strongest = sorted(zip(bottle.profile, AXES), reverse=True)[:3]
    return ", ".join(axis for _, axis in strongest)


@app.get("/health")
async def health():
    return {"bottles": len(cellar)}


@app.post("/pair")
async def pair(dish: Dish):
    target = dish.flavours
    affordable = [bottle for bottle in cellar if bottle.price <= dish.budget]
    ranked = sorted(affordable, key=lambda b: sum((have - want) ** 2 for have, want in zip(b.profile, target)))
    return {
        "dish": dish.name,
        "bottles": [
            {"sku": bottle.sku, "colour": bottle.colour, "price": bottle.price, "notes": label(bottle)}
            for bottle in ranked[: dish.limit]
        ],
    }
