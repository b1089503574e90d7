"""Classifies customer messages by intent."""
from typing import Annotated

from fastapi import FastAPI
from pydantic import BaseModel, Field

import scoring
import text

app = FastAPI()
vocabulary = text.Vocabulary(seed=41, intents=260)


class Batch(BaseModel):
    channel: str
    messages: Annotated[list[str], Field(max_length=64)]


class Answer(BaseModel):
    language: str
    masked: str
    intent: str
    probability: float


@app.post("/classify")
def classify(batch: Batch) -> list[Answer]:
    answers = []
    for message in batch.messages:
        masked = text.mask(message)
        pieces = text.pieces(masked)
        intent, probability = scoring.best(vocabulary.logits(pieces))
        answers.append(
            Answer(
                language=text.language(pieces),
                masked=masked,
                intent=vocabulary.names[intent],
                probability=round(probability, 4),
            )
        )
    return answers


@app.get("/health")
def health() -> dict[str, int]:
    return {"intents": len(vocabulary.names)}
