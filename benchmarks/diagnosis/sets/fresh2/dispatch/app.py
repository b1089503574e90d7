"""Routes for tow trucks on a city's street graph."""
import json
import os
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from urllib.parse import parse_qs, urlparse

from streets import City

city = City(side=70, seed=4)


def answer(path):
    url = urlparse(path)
    query = {key: int(values[0]) for key, values in parse_qs(url.query).items()}
    match url.path:
        case "/route":
            minutes, nodes = city.route(query["from"], query["to"])
            return 200, {"minutes": round(minutes, 1), "turns": city.turns(nodes), "nodes": nodes}
        case "/size":
            return 200, {"nodes": len(city.roads)}
        case _:
            return 404, {"error": "no such page"}


class Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def do_GET(self):
        try:
            status, document = answer(self.path)
        except (KeyError, ValueError) as error:
            status, document = 400, {"error": repr(error)}
        body = json.dumps(document).encode()
        self.send_response(status)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *args):
        pass


if __name__ == "__main__":
    ThreadingHTTPServer(("127.0.0.1", int(os.environ["PORT"])), Handler).serve_forever()
