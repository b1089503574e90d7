"""Builds rows and text for each request, and lets go of all of it."""

import random
import time


def rows(count):
    return [{"id": at, "price": at * 1.1, "name": f"item {at}"} for at in range(count)]


def handle():
    table = rows(random.randrange(500, 20_000))
    return "\n".join(f"{row['id']},{row['price']},{row['name']}" for row in table)


print("ready", flush=True)
while True:
    handle()
    time.sleep(random.expovariate(12))
