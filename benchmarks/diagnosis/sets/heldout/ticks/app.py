from __future__ import annotations

import asyncio
import math
import random
from concurrent.futures import ThreadPoolExecutor
from typing import AsyncIterator, NamedTuple

SYMBOLS = ["AAA", "BBB", "CCC", "DDD", "EEE", "FFF", "GGG", "HHH"]


class Tick(NamedTuple):
    symbol: str
    price: float
    size: int


class Book:
    """The last prices of one symbol."""

    depth = 1600

    def __init__(self, symbol: str) -> None:
        self.symbol = symbol
        self.prices: list[float] = []
        self.sizes: list[int] = []
        self.alerts = 0

    def push(self, tick: Tick) -> None:
        self.prices.append(tick.price)
        self.sizes.append(tick.size)
        if len(self.prices) > self.depth:
            del self.prices[: -self.depth]
            del self.sizes[: -self.depth]


def volatility(prices: list[float], span: int) -> list[float]:
    returns = [math.log(b / a) for a, b in zip(prices, prices[1:])]
    result = []
    for end in range(span, len(returns) + 1):
        window = returns[end - span : end]
        centre = sum(window) / span
        result.append(math.sqrt(sum((r - centre) ** 2 for r in window) / (span - 1)))
    return result


def signals(book: Book) -> dict[str, float]:
    vol = volatility(book.prices, 20)
    traded = sum(book.sizes)
    vwap = sum(p * s for p, s in zip(book.prices, book.sizes)) / traded
    return {"vwap": vwap, "vol": vol[-1], "vol_max": max(vol)}


async def market(speed: float) -> AsyncIterator[Tick]:
    rng = random.Random(7)
    level = {s: rng.uniform(20, 200) for s in SYMBOLS}
    while True:
        for _ in range(40):
            s = rng.choice(SYMBOLS)
            level[s] *= 1 + rng.gauss(0, 0.0004)
            yield Tick(s, level[s], rng.randint(1, 500))
        await asyncio.sleep(speed)


async def analyse(books: dict[str, Book], pool: ThreadPoolExecutor, out: dict[str, dict[str, float]]) -> None:
    loop = asyncio.get_running_loop()
    while True:
        for symbol, book in books.items():
            if len(book.prices) > 100:
                out[symbol] = await loop.run_in_executor(pool, signals, book)
                if out[symbol]["vol"] > 0.9 * out[symbol]["vol_max"]:
                    book.alerts += 1
        await asyncio.sleep(0.03)


async def run() -> None:
    books = {s: Book(s) for s in SYMBOLS}
    latest: dict[str, dict[str, float]] = {}
    with ThreadPoolExecutor(2, thread_name_prefix="analysis") as pool:
        task = asyncio.create_task(analyse(books, pool, latest))
        count = 0
        async for tick in market(0.003):
            books[tick.symbol].push(tick)
            count += 1
            if count == 12000:
                print("books are filled", flush=True)
        await task


if __name__ == "__main__":
    asyncio.run(run())
