"""Serves latency percentiles of the services that report here."""
import http.server
import json
import os
import random
import threading

from pipeline import corrected, histogram, percentile, valid

SERVICES = ("gateway", "ranking", "profile", "billing", "media", "search")


class Store:
    def __init__(self, per_service):
        rnd = random.Random(31)
        self.samples = {
            name: [rnd.lognormvariate(2 + i / 4, 0.8) for _ in range(per_service)] for i, name in enumerate(SERVICES)
        }
        self.overhead = {name: 0.2 for name in SERVICES}
        self.lock = threading.Lock()

    def percentiles(self, name):
        with self.lock:
            samples = self.samples[name]
        counts = histogram(corrected(valid(samples), self.overhead[name]))
        return {f"p{q}": round(percentile(counts, q / 100), 3) for q in (50, 90, 95, 99)}


store = Store(42000)


class Handler(http.server.BaseHTTPRequestHandler):
    def do_GET(self):
        name = self.path.strip("/")
        if name == "":
            status, document = 200, {"services": SERVICES}
        elif name in store.samples:
            status, document = 200, {"service": name, **store.percentiles(name)}
        else:
            status, document = 404, {"error": f"unknown service {name}"}
        body = json.dumps(document).encode()
        self.send_response(status)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, format, *args):
        return None


def main():
    address = ("127.0.0.1", int(os.environ["PORT"]))
    with http.server.ThreadingHTTPServer(address, Handler) as server:
        server.serve_forever()


if __name__ == "__main__":
    main()
