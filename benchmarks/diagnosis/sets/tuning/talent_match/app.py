"""Ranks candidates for a job opening by the similarity of their profile vectors."""
import json
import random
import time
from dataclasses import dataclass, field

DIMENSIONS = 64
SKILLS = ["python", "sql", "kubernetes", "sales", "design", "finance", "legal", "german", "french"]


@dataclass
class Candidate:
    id: int
    name: str
    vector: list
    skills: set = field(default_factory=set)
    last_active: float = 0.0


class Directory:
    def __init__(self, count: int) -> None:
        rnd = random.Random(3)
        now = time.time()
        self.candidates = [
            Candidate(
                id=i,
                name=f"candidate {i}",
                vector=[rnd.gauss(0, 1) for _ in range(DIMENSIONS)],
                skills=set(rnd.sample(SKILLS, 3)),
                last_active=now - rnd.randrange(90 * 86400),
            )
            for i in range(count)
        ]
        self.openings = {i: [rnd.gauss(0, 1) for _ in range(DIMENSIONS)] for i in range(300)}

    def shortlist(self, skill):
        return [c for c in self.candidates if skill in c.skills]


directory = Directory(14000)


def similarity(a, b):
    return sum(x * y for x, y in zip(a, b))


def rank(opening, skill, limit):
    target = directory.openings[opening]
    people = directory.shortlist(skill)
    best = sorted(people, key=lambda person: similarity(person.vector, target), reverse=True)[:limit]
    return [{"id": c.id, "name": c.name, "skills": sorted(c.skills)} for c in best]


async def read_body(receive):
    body = b""
    while True:
        message = await receive()
        body += message.get("body", b"")
        if not message.get("more_body"):
            return body


async def app(scope, receive, send):
    if scope["type"] != "http":
        return
    status, document = 200, None
    try:
        question = json.loads(await read_body(receive))
        document = rank(int(question["opening"]), question["skill"], int(question.get("limit", 20)))
    except (ValueError, KeyError, TypeError) as error:
        status, document = 400, {"error": repr(error)}
    payload = json.dumps(document).encode()
    headers = [(b"content-type", b"application/json"), (b"content-length", str(len(payload)).encode())]
    await send({"type": "http.response.start", "status": status, "headers": headers})
    await send({"type": "http.response.body", "body": payload})
