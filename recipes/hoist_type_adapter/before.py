from pydantic import BaseModel, TypeAdapter


class Candidate(BaseModel):
    id: int
    score: float


def scores(body):
    candidates = TypeAdapter(list[Candidate]).validate_json(body)
    return {candidate.id: candidate.score for candidate in candidates}
