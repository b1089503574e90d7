"""Digests access logs: tokenises lines, counts words and status codes, keeps the top talkers."""
import collections
import queue
import random
import re
import threading
import time

LINE = re.compile(r'(?P<ip>\S+) - (?P<user>\S+) \[(?P<when>[^\]]+)\] "(?P<verb>\w+) (?P<path>\S+)" (?P<code>\d{3})')
WORD = re.compile(r"[a-z]{3,}")
STOP = {"the", "and", "for", "api", "www"}


def fake_lines(rnd, count):
    paths = ["/api/v1/orders", "/search?q=red+shoes", "/static/app.js", "/cart/checkout", "/help/returns-and-refunds"]
    out = []
    for _ in range(count):
        ip = ".".join(str(rnd.randrange(256)) for _ in range(4))
        path = rnd.choice(paths) + "/" + str(rnd.randrange(10**5))
        out.append('%s - u%d [12/Mar/2024:10:%02d] "GET %s" %d' % (
            ip, rnd.randrange(500), rnd.randrange(60), path, rnd.choice([200, 200, 200, 304, 404, 500])))
    return out


class Digest:
    def __init__(self):
        self.words = collections.Counter()
        self.codes = {}
        self.users = collections.defaultdict(int)
        self.bad = 0

    def feed(self, lines):
        for line in lines:
            match = LINE.match(line)
            if match is None:
                self.bad += 1
                continue
            self.codes[match["code"]] = self.codes.get(match["code"], 0) + 1
            self.users[match["user"]] += 1
            for word in WORD.findall(match["path"].lower()):
                if word not in STOP:
                    self.words[word] += 1

    def summary(self):
        top = sorted(self.users.items(), key=lambda pair: pair[1], reverse=True)[:5]
        return ", ".join("%s=%d" % pair for pair in top)


def reader(inbox):
    rnd = random.Random(12)
    chunks = [fake_lines(rnd, 1500) for _ in range(10)]
    while True:
        inbox.put(rnd.choice(chunks))
        time.sleep(0.012)


if __name__ == "__main__":
    inbox = queue.Queue(20)
    threading.Thread(target=reader, args=(inbox,), daemon=True).start()
    digest = Digest()
    print("digesting", flush=True)
    handled = 0
    while True:
        digest.feed(inbox.get())
        handled += 1
        if handled % 200 == 0:
            print(digest.summary(), flush=True)
