"""Totals of a basket for the shop's dashboard."""
from typing import List

from fastapi import FastAPI
from pydantic import BaseModel, Field

from tables import Table

PRODUCTS = Table(
    [
        {"sku": n, "category": ["food", "toys", "books", "tools", "garden"][n % 5], "price": 1.5 + (n * 37 % 211) / 4}
        for n in range(120)
    ]
)

app = FastAPI(title="dashboard")


class Line(BaseModel):
    sku: int = Field(ge=0, lt=120)
    quantity: int = Field(gt=0)


class Basket(BaseModel):
    customer: int
    lines: List[Line]


@app.post("/baskets")
def basket(basket: Basket):
    lines = Table([line.model_dump() for line in basket.lines])
    priced = lines.joined(PRODUCTS, on="sku").with_product("amount", "quantity", "price")
    totals = priced.totals(by="category", of="amount")
    return {
        "customer": basket.customer,
        "categories": {name: round(amount, 2) for name, amount in totals.items()},
        "total": round(sum(totals.values()), 2),
    }


@app.get("/health")
def health():
    return {"products": len(PRODUCTS)}
