"""Risk figures of a portfolio for the trading desk."""
import json
from urllib.parse import parse_qs

import book
import figures

BOOKS = book.BOOKS


def answer(start_response, status, payload):
    data = json.dumps(payload).encode()
    start_response(status, [("Content-Type", "application/json"), ("Content-Length", str(len(data)))])
    return [data]


def summary(number, query):
    positions = BOOKS[number]
    limit = float(query.get("limit", ["250000"])[0])
    shock = float(query.get("shock", ["1.0"])[0])
    worst, breaches = figures.stress(book.BETA_VALUES[number], book.SCENARIOS, shock, limit)
    return {
        "book": number,
        "exposure": round(figures.exposure(positions), 2),
        "worst": round(worst, 2),
        "breaches": breaches,
    }


def application(environ, start_response):
    parts = environ["PATH_INFO"].strip("/").split("/")
    if parts == ["health"]:
        return answer(start_response, "200 OK", {"books": len(BOOKS)})
    if len(parts) != 2 or parts[0] != "books" or not parts[1].isdigit() or int(parts[1]) not in BOOKS:
        return answer(start_response, "404 Not Found", {"error": "no such book"})
    return answer(start_response, "200 OK", summary(int(parts[1]), parse_qs(environ["QUERY_STRING"])))
