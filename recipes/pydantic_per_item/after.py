import json

from pydantic import BaseModel
from pydantic import TypeAdapter


class Candidate(BaseModel):
    id: int
    score: float
    tags: list[str] = []


_CANDIDATES = TypeAdapter(list[Candidate])


def scores(body):
    candidates = _CANDIDATES.validate_json(body)
    return {candidate.id: candidate.score for candidate in candidates}
