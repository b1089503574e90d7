"""Prices parcels and prints their labels."""
from typing import List

from fastapi import FastAPI
from pydantic import BaseModel

import labels
import tariffs

app = FastAPI()


class Parcel(BaseModel):
    name: str
    street: str
    zone: int
    grams: int


class Shipment(BaseModel):
    customer: int
    parcels: List[Parcel]


@app.post("/shipments")
async def shipments(shipment: Shipment):
    priced = tariffs.price([parcel.model_dump() for parcel in shipment.parcels])
    sheet = [labels.render(shipment.customer, number, row) for number, row in enumerate(priced, 1)]
    return {"total": round(sum(row["price"] for row in priced), 2), "labels": sheet}
