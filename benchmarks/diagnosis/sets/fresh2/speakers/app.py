"""Who is speaking? Levels of the channels of a conference, a worker on one event loop."""
import asyncio
import json
import math
import random
from array import array

RATE = 16000
FRAME = 640


class Channel:
    def __init__(self, name: str, seed: int) -> None:
        self.name = name
        self.level_db = -90.0
        self.peak = 0
        self.crossings = 0
        self.frames = 0
        self._talking = seed % 5 == 0
        rnd = random.Random(seed)
        tone = [9000 * math.sin(2 * math.pi * (110 + 3 * seed) * n / RATE) for n in range(FRAME * 4)]
        self._speech = array("h", [int(s + rnd.gauss(0, 600)) for s in tone]).tobytes()
        self._hiss = array("h", [int(rnd.gauss(0, 90)) for _ in range(FRAME * 4)]).tobytes()
        self._at = 0

    def receive(self) -> bytes:
        buffer = self._speech if self._talking else self._hiss
        self._at = (self._at + 2 * FRAME) % len(buffer)
        return buffer[self._at:self._at + 2 * FRAME]


async def capture(channel: Channel, inbox: asyncio.Queue) -> None:
    loop = asyncio.get_running_loop()
    due = loop.time()
    while True:
        await inbox.put((channel, channel.receive()))
        due += FRAME / RATE
        await asyncio.sleep(max(0.0, due - loop.time()))


async def meter(inbox: asyncio.Queue) -> None:
    while True:
        channel, payload = await inbox.get()
        samples = array("h")
        samples.frombytes(payload)
        energy = peak = crossings = 0
        i = 1
        while i < len(samples):
            s = samples[i]
            energy += s * s
            if s > peak:
                peak = s
            if (s < 0) != (samples[i - 1] < 0):
                crossings += 1
            i += 1
        mean_square = energy / max(1, i - 1)
        channel.level_db = 10 * math.log10(mean_square / 32768.0**2 + 1e-9)
        channel.peak, channel.crossings = peak, crossings
        channel.frames += 1
        inbox.task_done()


async def publish(channels: list[Channel]) -> None:
    while True:
        await asyncio.sleep(0.25)
        speaking = [c for c in channels if c.level_db > -30 and c.crossings < 200]
        speaking.sort(key=lambda c: c.level_db, reverse=True)
        state = {"speaking": [c.name for c in speaking[:3]], "frames": sum(c.frames for c in channels)}
        print(json.dumps(state), flush=True)


async def main() -> None:
    channels = [Channel(f"seat-{n}", n) for n in range(84)]
    inbox: asyncio.Queue = asyncio.Queue(maxsize=300)
    async with asyncio.TaskGroup() as group:
        for channel in channels:
            group.create_task(capture(channel, inbox))
        group.create_task(meter(inbox))
        group.create_task(publish(channels))


asyncio.run(main())
