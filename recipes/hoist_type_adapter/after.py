from pydantic import BaseModel, TypeAdapter


class Candidate(BaseModel):
    id: int
    score: float


_ADAPTER = TypeAdapter(list[Candidate])


def scores(body):
    candidates = _ADAPTER.validate_json(body)
    return {candidate.id: candidate.score for candidate in candidates}
