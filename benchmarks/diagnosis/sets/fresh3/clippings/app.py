"""Press clippings: cleans an article's text, finds names in it, files it under topics. Bare ASGI."""
import functools
import html
import json
import random
import re
import time
import zlib

SIZE = 256
TOPICS = (
    "harbour", "energy", "health", "schools", "transport", "culture", "housing", "budget",
    "courts", "police", "weather", "football", "fashion", "science",
)
source = random.Random(8)
WEIGHTS = {topic: [source.gauss(0, 1) for _ in range(SIZE)] for topic in TOPICS}
COUNTS = {}
SENTENCE = re.compile(r"[^.!?]+[.!?]?")
WORD = re.compile(r"[^\W\d_]+", re.UNICODE)
STOP = {"the", "and", "of", "in", "a", "to"}


def measured(function):
    @functools.wraps(function)
    def wrapper(*args, **kwargs):
        began = time.perf_counter()
        try:
            return function(*args, **kwargs)
        finally:
            calls, spent = COUNTS.get(function.__name__, (0, 0.0))
            COUNTS[function.__name__] = (calls + 1, spent + time.perf_counter() - began)

    return wrapper


@measured
def clean(text):
    text = html.unescape(re.sub(r"<[^>]+>", " ", text))
    sentences = [re.sub(r"\s+", " ", found.group()).strip() for found in SENTENCE.finditer(text)]
    return [sentence[:1].upper() + sentence[1:] for sentence in sentences if sentence]


@measured
def names(sentences):
    counts = {}
    for sentence in sentences:
        for word in WORD.findall(sentence):
            key = word.casefold()
            if key not in STOP:
                counts[key] = counts.get(key, 0) + 1
    return counts


def vector(counts):
    slots = [0.0] * SIZE
    for word, count in counts.items():
        slots[zlib.crc32(word.encode()) % SIZE] += count
    return slots


@measured
def file_under(slots):
    scores = {}
    for topic, weights in WEIGHTS.items():
        scores[topic] = sum(weight * slot for weight, slot in zip(weights, slots))
    return sorted(scores, key=scores.get, reverse=True)[:3]


def excerpt(sentences, counts):
    marked = []
    for sentence in sentences[:12]:
        marked.append(WORD.sub(lambda m: "<b>%s</b>" % m[0] if counts.get(m[0].casefold(), 0) > 9 else m[0], sentence))
    return " … ".join(html.escape(part, quote=False) for part in marked)


async def app(scope, receive, send):
    if scope["type"] != "http":
        return
    body = b""
    more = True
    while more:
        message = await receive()
        body += message.get("body", b"")
        more = message.get("more_body", False)
    status = 200
    try:
        document = json.loads(body)
        sentences = clean(". ".join(document["paragraphs"]))
        counts = names(sentences)
        result = {"topics": file_under(vector(counts)), "names": counts, "excerpt": excerpt(sentences, counts)}
    except (ValueError, KeyError, TypeError) as error:
        status, result = 400, {"error": repr(error)}
    await send({"type": "http.response.start", "status": status, "headers": [(b"content-type", b"application/json")]})
    await send({"type": "http.response.body", "body": json.dumps(result).encode()})
