from typing import Dict, List

from fastapi import FastAPI
from pydantic import BaseModel

from forest import Forest

NAMES = ["pulse", "pressure", "oxygen", "temperature", "pain", "age"]
forest = Forest(2718, 250, 9, NAMES)
app = FastAPI(docs_url=None)


class Patient(BaseModel):
    pulse: float
    pressure: float
    oxygen: float
    temperature: float
    pain: float
    age: float


class Ward(BaseModel):
    patients: List[Patient]


@app.get("/model")
async def model() -> Dict[str, int]:
    return {"trees": len(forest.trees), "deepest": max(map(forest.depth, forest.trees[:20]))}


@app.post("/triage")
async def triage(ward: Ward) -> Dict[str, List]:
    answers = []
    for number, patient in enumerate(ward.patients):
        word, votes = forest.vote(patient.model_dump())
        answers.append({"patient": number, "triage": word, "votes": votes})
    order = sorted(answers, key=lambda a: (-a["votes"]["urgent"], a["patient"]))
    return {"patients": order}
