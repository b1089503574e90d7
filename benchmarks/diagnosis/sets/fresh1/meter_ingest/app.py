"""Ingests telegrams of heat meters: checks, decodes and stores them, and bills the day of one meter now and then."""
import asyncio
import base64
import hmac
import json
import random
import sqlite3

from billing import day_cost

KEY = b"gateway-17"
METERS = 60


def make_telegrams(count):
    rnd = random.Random(404)
    telegrams = []
    for n in range(count):
        payload = json.dumps({
            "meter": "M%03d" % rnd.randrange(METERS),
            "seq": n,
            "readings": [{"t": 60 * k, "kwh": round(rnd.uniform(0.0, 2.5), 4), "flags": rnd.choice(["", "E", "LO"])}
                         for k in range(24)],
            "firmware": ".".join(str(rnd.randrange(9)) for _ in range(3)),
        })
        body = base64.b64encode(payload.encode())
        telegrams.append(body + b"." + hmac.new(KEY, body, "sha256").hexdigest().encode())
    return telegrams


def decode(telegram):
    body, _, mac = telegram.rpartition(b".")
    if not hmac.compare_digest(hmac.new(KEY, body, "sha256").hexdigest().encode(), mac):
        raise ValueError("bad signature")
    document = json.loads(base64.b64decode(body))
    if not document["meter"].startswith("M"):
        raise ValueError("unknown meter")
    return document


class Store:
    def __init__(self):
        self.db = sqlite3.connect(":memory:")
        self.db.execute("create table reading (meter text, t integer, kwh real, flags text, primary key (meter, t))")

    def save(self, document):
        with self.db:
            self.db.executemany(
                "insert or replace into reading values (?, ?, ?, ?)",
                [(document["meter"], r["t"], r["kwh"], r["flags"] or None) for r in document["readings"]],
            )

    def day(self, meter):
        rows = self.db.execute("select t, kwh, flags from reading where meter = ? order by t", (meter,))
        return rows.fetchall()


async def gateway(inbox):
    telegrams = make_telegrams(400)
    n = 0
    while True:
        for _ in range(32):
            await inbox.put(telegrams[n % len(telegrams)])
            n += 1
        await asyncio.sleep(0.006)


async def consumer(inbox, store, bills):
    received = 0
    while True:
        document = decode(await inbox.get())
        store.save(document)
        received += 1
        if received % 150 == 0:
            bills[document["meter"]] = day_cost(store.day(document["meter"]))


async def main():
    inbox = asyncio.Queue(maxsize=64)
    store, bills = Store(), {}
    print("listening", flush=True)
    await asyncio.gather(gateway(inbox), consumer(inbox, store, bills))


if __name__ == "__main__":
    asyncio.run(main())
