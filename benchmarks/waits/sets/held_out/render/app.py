"""Pages, rendered by a pool of threads for handlers that wait for them: CPU-bound all the same."""
import os
from concurrent.futures import ThreadPoolExecutor
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

RENDERERS = ThreadPoolExecutor(3)
ITEMS = [{"name": f"item {n}", "price": n / 7} for n in range(400)]


def page(title):
    rows = []
    for item in ITEMS * 8:
        rows.append("<li>" + item["name"].title() + " " + format(item["price"], ".2f") + "</li>")
    return "<ul>" + "".join(rows) + "</ul>" + title


class Handler(BaseHTTPRequestHandler):
    def do_GET(self):
        body = RENDERERS.submit(page, self.path).result().encode()
        self.send_response(200)
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *args):
        pass


if __name__ == "__main__":
    ThreadingHTTPServer(("127.0.0.1", int(os.environ["PORT"])), Handler).serve_forever()
