"""Monthly statements of a toll operator."""
from typing import List

from fastapi import FastAPI
from pydantic import BaseModel

from frames import Table

app = FastAPI()
TARIFF = Table.of(
    {"category": category, "per_km": 0.04 + 0.03 * category, "vat": 0.19 if category < 4 else 0.07}
    for category in range(1, 7)
)


class Passage(BaseModel):
    plaza: str
    category: int
    km: float


class Statement(BaseModel):
    account: int
    passages: List[Passage]


@app.get("/tariff")
def tariff():
    return TARIFF.records()


@app.post("/statements")
def statement(wanted: Statement):
    passages = Table.of(passage.model_dump() for passage in wanted.passages)
    priced = passages.joined(TARIFF, "category")
    priced.derive("net", "km", "per_km")
    priced.derive("tax", "net", "vat")
    sums = priced.summed("plaza", ["km", "net", "tax"]).ordered("net")
    lines = sums.records()
    return {
        "account": wanted.account,
        "lines": [{**line, "net": round(line["net"], 2), "tax": round(line["tax"], 2)} for line in lines],
        "total": round(sum(line["net"] + line["tax"] for line in lines), 2),
    }
