"""Burn-down charts of the teams, as JSON over WSGI."""
import json
import os
from socketserver import ThreadingMixIn
from urllib.parse import parse_qs
from wsgiref.simple_server import WSGIRequestHandler, WSGIServer, make_server

import charts
import tracker

store = tracker.Store(teams=6, sprints=8)


class Server(ThreadingMixIn, WSGIServer):
    daemon_threads = True


class Quiet(WSGIRequestHandler):
    def log_message(self, *args):
        pass


def chart(query):
    sprint = int(query["sprint"][0])
    tickets = charts.gather(store, sprint)
    return {"sprint": sprint, "tickets": len(tickets), "left": charts.burndown(tickets, tracker.DAYS)}


def teams(query):
    return {"teams": list(store.teams)}


ROUTES = {"/chart": chart, "/teams": teams}


def application(environ, start_response):
    view = ROUTES.get(environ["PATH_INFO"])
    try:
        if view is None:
            raise LookupError("no such page")
        status, document = "200 OK", view(parse_qs(environ["QUERY_STRING"]))
    except (LookupError, ValueError) as error:
        status, document = "404 Not Found", {"error": str(error)}
    body = json.dumps(document).encode()
    start_response(status, [("Content-Type", "application/json"), ("Content-Length", str(len(body)))])
    return [body]


if __name__ == "__main__":
    make_server("127.0.0.1", int(os.environ["PORT"]), application, Server, Quiet).serve_forever()
