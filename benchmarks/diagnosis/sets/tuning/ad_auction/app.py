"""Second-price auction over the campaigns that match an ad slot."""
import asyncio
import math
import random
from typing import List

from fastapi import FastAPI, HTTPException
from pydantic import BaseModel

app = FastAPI()
RNG = random.Random(23)
N_CAMPAIGNS = 4200
N_SIGNALS = 40


class Slot(BaseModel):
    slot: str
    floor: float = 0.05
    signals: List[float]


class Inventory:
    def __init__(self):
        self.bids = [RNG.uniform(0.02, 2.5) for _ in range(N_CAMPAIGNS)]
        self.quality = [RNG.uniform(0.3, 1.0) for _ in range(N_CAMPAIGNS)]
        self.weights = {
            c: [RNG.gauss(0, 0.4) for _ in range(N_SIGNALS)] for c in range(N_CAMPAIGNS)
        }
        self.budget_left = [RNG.uniform(10, 5000) for _ in range(N_CAMPAIGNS)]
        self.wins = 0


inventory = Inventory()


def squash(x: float) -> float:
    return 1.0 / (1.0 + math.exp(-max(-30.0, min(30.0, x))))


async def click_rates(signals: List[float]) -> List[float]:
    width = range(N_SIGNALS)
    return [
        squash(sum([row[k] * signals[k] for k in width]) - 2.0)
        for row in inventory.weights.values()
    ]


async def publish(slot: str, winner: int, price: float) -> None:
    inventory.budget_left[winner] -= price / 1000
    inventory.wins += 1
    await asyncio.sleep(0)


@app.post("/auction")
async def auction(slot: Slot):
    if len(slot.signals) != N_SIGNALS:
        raise HTTPException(422, f"{N_SIGNALS} signals are needed")
    rates = await click_rates(slot.signals)
    offers = [
        (rates[c] * inventory.bids[c] * inventory.quality[c], c)
        for c in range(N_CAMPAIGNS)
        if inventory.budget_left[c] > 0
    ]
    offers.sort(reverse=True)
    (first, winner), (second, _) = offers[0], offers[1]
    price = max(slot.floor, 1000 * second / (rates[winner] * inventory.quality[winner]))
    await publish(slot.slot, winner, price)
    return {"slot": slot.slot, "campaign": winner, "cpm": round(price, 4), "rank": round(first, 6)}


@app.get("/stats")
async def stats():
    return {"wins": inventory.wins}
