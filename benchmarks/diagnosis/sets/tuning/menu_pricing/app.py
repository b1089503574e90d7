"""Prices a basket: discounts by category, taxes by region."""
from __future__ import annotations

import pandas as pd
from fastapi import FastAPI, HTTPException
from pydantic import BaseModel, Field

app = FastAPI(title="menu pricing")

CATALOGUE = {f"sku{i}": {"category": f"cat{i % 12}", "net": 1.5 + (i * 37 % 400) / 25} for i in range(800)}
TAXES = pd.DataFrame({"category": [f"cat{i}" for i in range(12)], "tax": [0.07 if i % 3 else 0.19 for i in range(12)]})
DISCOUNT_FROM = 20.0
DISCOUNT = 0.05


class Line(BaseModel):
    sku: int
    quantity: int = Field(gt=0, le=50)


class Basket(BaseModel):
    customer: int
    lines: list[Line]


class PriceList:
    def __init__(self, catalogue: dict) -> None:
        self.catalogue = catalogue

    def lookup(self, number: int) -> dict:
        try:
            return self.catalogue[f"sku{number}"]
        except KeyError:
            raise HTTPException(422, f"no such product: {number}") from None


prices = PriceList(CATALOGUE)


def subtotal(rows: list[dict]) -> dict:
    basket = pd.DataFrame(rows)
    basket["amount"] = basket["net"] * basket["quantity"]
    basket = basket.merge(TAXES, on="category", how="left")
    per_category = basket.groupby("category", as_index=False).agg({"amount": "sum", "tax": "first"})
    per_category.loc[per_category["amount"] > DISCOUNT_FROM, "amount"] *= 1 - DISCOUNT
    per_category["gross"] = per_category["amount"] * (1 + per_category["tax"])
    return {
        "net": round(float(per_category["amount"].sum()), 2),
        "gross": round(float(per_category["gross"].sum()), 2),
        "categories": len(per_category),
    }


@app.post("/price")
def price(basket: Basket) -> dict:
    if not basket.lines:
        raise HTTPException(422, "the basket is empty")
    rows = []
    for line in basket.lines:
        product = prices.lookup(line.sku)
        rows.append({"sku": line.sku, "quantity": line.quantity, **product})
    return {"customer": basket.customer, **subtotal(rows)}


@app.get("/products/{number}")
def product(number: int) -> dict:
    return prices.lookup(number)
