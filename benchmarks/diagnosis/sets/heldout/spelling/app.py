import http.server
import os
import json
import itertools

SYLLABLES = ["ba", "co", "din", "er", "fal", "gu", "ha", "is", "jo", "ka", "lem", "mor", "ni", "ost"]
LEXICON = {}
for parts in itertools.product(SYLLABLES, repeat=3):
    word = "".join(parts)
    LEXICON.setdefault((word[0], len(word)), []).append(word)


def edits(a, b, limit):
    previous = list(range(len(b) + 1))
    for i, ca in enumerate(a, 1):
        current = [i]
        for j, cb in enumerate(b, 1):
            if ca == cb:
                current.append(previous[j - 1])
            else:
                current.append(1 + min(previous[j - 1], previous[j], current[j - 1]))
        if min(current) > limit:
            return limit + 1
        previous = current
    return previous[-1]


def suggest(word, limit=3):
    near = []
    for length in range(len(word) - 1, len(word) + 2):
        for other in LEXICON.get((word[:1], length), ()):
            d = edits(word, other, limit)
            if d <= limit:
                near.append((d, other))
    return [other for _, other in sorted(near)[:8]]


class Speller(http.server.BaseHTTPRequestHandler):
    def do_GET(self):
        words = [w for w in self.path.strip("/").split("+") if w.isalpha()]
        answer = json.dumps({w: suggest(w) for w in words}).encode()
        self.send_response(200 if words else 400)
        self.send_header("Content-Length", str(len(answer)))
        self.end_headers()
        self.wfile.write(answer)

    def log_message(self, *args):
        pass


if __name__ == "__main__":
    server = http.server.HTTPServer(("127.0.0.1", int(os.environ["PORT"])), Speller)
    server.serve_forever()
