"""Which photos of the catalogue look like this one?"""
from __future__ import annotations

import asyncio
import random
import string
from collections import namedtuple
from contextlib import asynccontextmanager

from fastapi import FastAPI, HTTPException, Query
from pydantic import BaseModel

Photo = namedtuple("Photo", "ident title licence signature")

LICENCES = ("cc0", "cc-by", "editorial", "all-rights")
SIGNATURE_LENGTH = 32


class Match(BaseModel):
    ident: str
    title: str
    licence: str
    score: float


class Catalogue:
    def __init__(self) -> None:
        self.photos: dict[str, Photo] = {}
        self.by_licence: dict[str, list[Photo]] = {licence: [] for licence in LICENCES}

    def add(self, photo: Photo) -> None:
        self.photos[photo.ident] = photo
        self.by_licence[photo.licence].append(photo)

    def within(self, licences: list[str]) -> list[Photo]:
        return [photo for licence in licences for photo in self.by_licence[licence]]


catalogue = Catalogue()


@asynccontextmanager
async def lifespan(app: FastAPI):
    rnd = random.Random(2024)
    for number in range(1200):
        catalogue.add(
            Photo(
                f"p{number:05d}",
                "".join(rnd.choices(string.ascii_lowercase, k=9)).title(),
                rnd.choice(LICENCES),
                tuple(rnd.random() for _ in range(SIGNATURE_LENGTH)),
            )
        )
    yield


app = FastAPI(lifespan=lifespan)


@app.get("/photos/{number}/similar", response_model=list[Match])
async def similar(number: int, licence: str = "cc0", limit: int = Query(10, le=50)) -> list[Match]:
    wanted = catalogue.photos.get(f"p{number:05d}")
    if wanted is None:
        raise HTTPException(404, "no such photo")
    if licence not in LICENCES:
        raise HTTPException(422, "no such licence")
    pool = catalogue.within([licence])
    await asyncio.sleep(0)
    target = wanted.signature
    ranked = sorted(pool, key=lambda photo: sum((a - b) ** 2 for a, b in zip(photo.signature, target)))
    return [
        Match(ident=photo.ident, title=photo.title, licence=photo.licence, score=round(1.0 / (1 + rank), 3))
        for rank, photo in enumerate(ranked[:limit])
    ]


@app.get("/photos/{number}")
async def photo(number: int) -> dict:
    found = catalogue.photos.get(f"p{number:05d}")
    if found is None:
        raise HTTPException(404, "no such photo")
    return {"ident": found.ident, "title": found.title, "licence": found.licence}
