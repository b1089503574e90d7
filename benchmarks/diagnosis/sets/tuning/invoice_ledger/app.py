"""Appends invoices to a tamper-evident ledger: check digits, a rolling checksum, a hash chain."""
import collections
import hashlib
import itertools
import json
import random
import time

POLY = 0xEDB88320


def crc_table():
    table = []
    for n in range(256):
        for _ in range(8):
            n = (n >> 1) ^ POLY if n & 1 else n >> 1
        table.append(n)
    return table


TABLE = crc_table()


def crc32(data):
    crc = 0xFFFFFFFF
    for byte in data:
        crc = TABLE[(crc ^ byte) & 0xFF] ^ (crc >> 8)
    return crc ^ 0xFFFFFFFF


def luhn(number):
    total = 0
    for position, digit in enumerate(reversed(str(number))):
        d = int(digit)
        if position % 2 == 0:
            d *= 2
            if d > 9:
                d -= 9
        total += d
    return (10 - total % 10) % 10


class Ledger:
    def __init__(self):
        self.entries = collections.deque(maxlen=5000)
        self.head = b"\0" * 32

    def append(self, invoice):
        invoice["check"] = luhn(invoice["number"])
        raw = json.dumps(invoice, sort_keys=True).encode()
        self.head = hashlib.sha256(self.head + raw).digest()
        self.entries.append((crc32(raw), self.head))

    def verify(self, last):
        tail = list(itertools.islice(reversed(self.entries), last))
        return all(len(head) == 32 and 0 <= crc < 2**32 for crc, head in tail)


def invoices():
    rnd = random.Random(55)
    for number in itertools.count(100_000):
        yield {
            "number": number,
            "customer": f"customer-{rnd.randrange(900)}",
            "cents": rnd.randrange(100, 10**6),
            "lines": [f"item {rnd.randrange(10**4)}" for _ in range(12)],
        }


def main():
    ledger, stream = Ledger(), invoices()
    print("ledger open", flush=True)
    while True:
        began = time.monotonic()
        for invoice in itertools.islice(stream, 220):
            ledger.append(invoice)
        if not ledger.verify(50):
            raise SystemExit("ledger is broken")
        time.sleep(max(0.0, 0.03 - (time.monotonic() - began)))


if __name__ == "__main__":
    main()
