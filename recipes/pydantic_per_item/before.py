import json

from pydantic import BaseModel


class Candidate(BaseModel):
    id: int
    score: float
    tags: list[str] = []


def scores(body):
    candidates = [Candidate(**item) for item in json.loads(body)]
    return {candidate.id: candidate.score for candidate in candidates}
