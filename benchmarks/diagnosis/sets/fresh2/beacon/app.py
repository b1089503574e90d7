"""Receives frames of trackers over a noisy serial line (byte stuffing, CRC-16) and keeps their last position."""
import asyncio
import random
import struct

from codec import Decoder, encode

LINES = 6
positions = {}
counts = {"good": 0, "bad": 0}


async def line(number, queue):
    rnd = random.Random(number)
    pool = []
    for _ in range(300):
        payload = struct.pack("<HiiBH", rnd.randrange(400), rnd.randrange(10**7), rnd.randrange(10**7), rnd.randrange(101), 0)
        frame = bytearray(encode(payload + rnd.randbytes(rnd.randrange(8, 40))))
        if rnd.random() < 0.05:
            frame[rnd.randrange(1, len(frame) - 1)] ^= 1 << rnd.randrange(8)
        pool.append(bytes(frame))
    while True:
        await queue.put((number, b"".join(rnd.choices(pool, k=120))))
        await asyncio.sleep(0.03)


async def receive(queue):
    decoders = [Decoder() for _ in range(LINES)]
    while True:
        number, chunk = await queue.get()
        decoder = decoders[number]
        for payload in decoder.feed(chunk):
            tracker, lat, lon, battery, _ = struct.unpack_from("<HiiBH", payload)
            positions[tracker] = (lat / 1e5, lon / 1e5, battery)
            counts["good"] += 1
        counts["bad"] += decoder.take_errors()


async def report():
    while True:
        await asyncio.sleep(1)
        print(len(positions), "trackers", counts, flush=True)


async def main():
    queue = asyncio.Queue(100)
    print("listening", flush=True)
    await asyncio.gather(receive(queue), report(), *(line(n, queue) for n in range(LINES)))


asyncio.run(main())
