import asyncio
import functools
import json
import math
import random
import sys


class Exam:
    def __init__(self, code, papers):
        self.code = code
        self.papers = papers

    def marks(self, question):
        return (paper["marks"][question] for paper in self.papers)


def traced(coroutine):
    @functools.wraps(coroutine)
    async def call(*args):
        call.count += 1
        return await coroutine(*args)

    call.count = 0
    return call


def generate(code, rng):
    ability = [rng.gauss(0, 1) for _ in range(420)]
    papers = []
    for n, a in enumerate(ability):
        marks = [max(0.0, min(10.0, 5 + 2 * a + rng.gauss(0, 2))) for _ in range(24)]
        papers.append({"candidate": f"{code}-{n:04d}", "marks": marks, "school": rng.choice("ABCDEF")})
    return Exam(code, papers)


@traced
async def standardise(exam):
    n = len(exam.papers)
    table = []
    for question in range(24):
        mean = sum(exam.marks(question)) / n
        var = sum((m - mean) ** 2 for m in exam.marks(question)) / n
        sd = math.sqrt(var) or 1.0
        table.append([(m - mean) / sd for m in exam.marks(question)])
        await asyncio.sleep(0)
    return table


@traced
async def rank(exam, table):
    totals = {}
    for i, paper in enumerate(exam.papers):
        totals[paper["candidate"]] = sum(column[i] for column in table)
    return sorted(totals, key=totals.get, reverse=True)


def certificate(exam, order):
    lines = [f"{place:>4}. {name}" for place, name in enumerate(order, 1)]
    return json.dumps({"exam": exam.code, "board": "\n".join(lines), "hash": hash(tuple(order)) & 0xFFFF})


async def examiner(inbox, outbox):
    while True:
        exam = await inbox.get()
        table = await standardise(exam)
        outbox[exam.code] = certificate(exam, await rank(exam, table))


async def office():
    rng = random.Random(1999)
    exams = [generate(f"E{n}", rng) for n in range(8)]
    inbox, outbox = asyncio.Queue(), {}
    examiners = [asyncio.create_task(examiner(inbox, outbox)) for _ in range(3)]
    print("office is open", flush=True)
    while not any(task.done() for task in examiners):
        for exam in rng.sample(exams, 2):
            await inbox.put(exam)
        await asyncio.sleep(0.014)


if __name__ == "__main__":
    sys.exit(asyncio.run(office()))
