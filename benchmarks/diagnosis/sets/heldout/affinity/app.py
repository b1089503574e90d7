import random
import socketserver
import os
import threading
from http import HTTPStatus
from http.server import BaseHTTPRequestHandler
from string import Formatter

from model import Correlations, Shelf

PAGE = """<html><head><title>{title}</title></head><body><h1>{title}</h1><table>{rows}</table></body></html>"""
ROW = "<tr class='{css}'><td>{name}</td><td>{value:.2f}</td></tr>"


def seeded(count: int, weeks: int) -> list:
    rng = random.Random(6502)
    trend = [rng.uniform(0.8, 1.2) for _ in range(weeks)]
    return [Shelf(f"shelf-{n}", [rng.uniform(10, 80) * t for t in trend]) for n in range(count)]


class Shop(socketserver.ThreadingMixIn, socketserver.TCPServer):
    daemon_threads = True
    allow_reuse_address = True

    def __init__(self, address, handler) -> None:
        super().__init__(address, handler)
        self.correlations = Correlations(seeded(24, 208))
        self.hits = 0
        self.guard = threading.Lock()


class Pages(BaseHTTPRequestHandler):
    server: Shop

    def do_GET(self) -> None:
        with self.server.guard:
            self.server.hits += 1
        name = self.path.rpartition("/")[2]
        if not any(s.name == name for s in self.server.correlations.shelves):
            self.send_error(HTTPStatus.NOT_FOUND)
            return
        partner = self.server.correlations.strongest(name)
        self.page(f"{name} sells with {partner}")

    def page(self, title: str) -> None:
        formatter = Formatter()
        rows = []
        for s in self.server.correlations.shelves:
            for week, value in enumerate(s.sales[-6:]):
                rows.append(formatter.format(ROW, css="even" if week % 2 else "odd", name=s.name, value=value))
        body = PAGE.format(title=title, rows="".join(rows)).encode()
        self.send_response(HTTPStatus.OK)
        self.send_header("Content-Type", "text/html")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, format: str, *args: object) -> None:
        pass


if __name__ == "__main__":
    with Shop(("127.0.0.1", int(os.environ["PORT"])), Pages) as shop:
        shop.serve_forever()
