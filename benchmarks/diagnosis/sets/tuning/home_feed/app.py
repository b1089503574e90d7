"""Home feed: scores the fresh items for a user and decorates the first page."""
import random

import pandas as pd
from fastapi import FastAPI, HTTPException

from ranking import Interest, diversify

TOPICS = 36
app = FastAPI()


def load(seed=77):
    rnd = random.Random(seed)
    items = [{"id": i, "topics": [rnd.random() for _ in range(TOPICS)]} for i in range(900)]
    users = {u: Interest([rnd.expovariate(2) for _ in range(TOPICS)]) for u in range(400)}
    details = {
        i: {"title": f"story {i}", "author": f"author {i % 90}", "age_h": rnd.uniform(0, 72)} for i in range(900)
    }
    return items, users, details


ITEMS, USERS, DETAILS = load()


def page(chosen):
    frame = pd.DataFrame({"id": [i for i, _ in chosen], "score": [s for _, s in chosen]})
    frame["freshness"] = [2 ** (-DETAILS[i]["age_h"] / 24) for i in frame["id"]]
    frame["rank"] = frame["score"] * frame["freshness"]
    frame = frame.sort_values("rank", ascending=False)
    return [{**DETAILS[int(i)], "id": int(i), "rank": round(float(r), 4)} for i, r in zip(frame["id"], frame["rank"])]


@app.get("/feed/{user}")
def feed(user: int, limit: int = 20):
    if user not in USERS:
        raise HTTPException(404, "no such user")
    if not 1 <= limit <= 100:
        raise HTTPException(422, "limit is between 1 and 100")
    scored = USERS[user].mix(ITEMS)
    return {"user": user, "items": page(diversify(scored, limit))}


@app.get("/items/{item}")
def item(item: int):
    if item not in DETAILS:
        raise HTTPException(404, "no such item")
    return DETAILS[item]
