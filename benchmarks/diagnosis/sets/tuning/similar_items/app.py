from __future__ import annotations

import hashlib
import json

from fastapi import FastAPI, HTTPException, Response

from catalog import Catalog

catalog = Catalog(2000)
app = FastAPI()


def candidates(number: int) -> list[int]:
    brand = catalog.items[number].brand
    same = [n for n, item in catalog.items.items() if item.brand == brand]
    return same + [n for n in range(number % 7, 2000, 23)]


def card(number: int) -> dict:
    item = catalog.items[number].as_dict()
    label = "; ".join(f"{key}={value}" for key, value in sorted(item.items()))
    item["label"] = label.upper()
    item["etag"] = hashlib.md5(label.encode()).hexdigest()
    return item


@app.get("/items/{number}/similar")
def similar(number: int, limit: int = 24) -> Response:
    if number not in catalog.items:
        raise HTTPException(404, "no such item")
    nearest = sorted(catalog.gaps(number, candidates(number)))[1 : limit + 1]
    body = {"item": card(number), "similar": [{**card(n), "gap": round(gap, 4)} for gap, n in nearest]}
    return Response(json.dumps(body, indent=1), media_type="application/json")


@app.get("/brands/{name}")
def brand(name: str) -> list[dict]:
    return [card(n) for n, item in catalog.items.items() if item.brand == name]
