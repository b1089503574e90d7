"""Budget pacing: takes delivery reports, answers with the throttle of each line item."""
from __future__ import annotations

import base64
import enum
import hmac
import json
from datetime import datetime, timedelta, timezone

from fastapi import FastAPI, HTTPException, Request

KEY = b"pacing-demo"
SLOTS = 96
START = datetime(2024, 3, 1, tzinfo=timezone.utc)


class Pace(str, enum.Enum):
    BEHIND = "behind"
    ON_TRACK = "on track"
    AHEAD = "ahead"


class Plan:
    def __init__(self, item: int) -> None:
        self.item = item
        self.curve = [1.0 + ((item * 7 + slot * 13) % 29) / 29 for slot in range(SLOTS)]

    def gap(self, delivered: list[float]) -> float:
        scale = (sum(delivered) or 1.0) / sum(self.curve)
        gap = 0.0
        for planned, actual in zip(self.curve, delivered):
            gap += abs(actual - planned * scale) / (planned * scale)
        return gap / SLOTS


PLANS = {item: Plan(item) for item in range(300)}
app = FastAPI()


def pace(gap: float) -> Pace:
    return Pace.ON_TRACK if gap < 0.4 else Pace.AHEAD if gap < 0.8 else Pace.BEHIND


def schedule(item: int, kind: Pace) -> list[dict]:
    out = []
    for step in range(6):
        at = START + timedelta(minutes=15 * (step + item % 90))
        out.append({"at": at.isoformat(), "label": f"{kind.value} / step {step:02d}", "item": f"li-{item:08x}"})
    return out


def signed(document: dict) -> dict:
    raw = json.dumps(document, sort_keys=True, indent=1).encode()
    document["signature"] = base64.b64encode(hmac.digest(KEY, raw, "sha512")).decode()
    return document


@app.post("/reports")
async def reports(request: Request) -> dict:
    try:
        report = json.loads(await request.body())
        lines = [(int(line["item"]), line["delivered"][:SLOTS]) for line in report["lines"]]
    except (ValueError, KeyError, TypeError) as problem:
        raise HTTPException(422, str(problem)) from None
    answers = []
    for item, delivered in lines:
        plan = PLANS.get(item)
        if plan is None:
            raise HTTPException(404, f"line item {item}")
        kind = pace(plan.gap(delivered))
        answers.append(signed({"item": item, "pace": kind.value, "schedule": schedule(item, kind)}))
    return {"source": report.get("source"), "lines": answers}
