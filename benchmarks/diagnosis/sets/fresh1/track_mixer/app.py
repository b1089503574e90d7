"""Mixes the tracks of a conference into blocks of 16-bit sound, one block for each room in turn."""
import asyncio
import math
import random
import zlib
from array import array

RATE = 16000
BLOCK = 640


class Track:
    def __init__(self, speaker, pitch, gain):
        self.speaker = speaker
        self.gain = gain
        self.samples = array("h", (
            int(9000 * math.sin(2 * math.pi * pitch * n / RATE) + random.gauss(0, 400)) for n in range(RATE)
        ))
        self.at = 0

    def read(self, count):
        block = self.samples[self.at:self.at + count]
        if len(block) < count:
            rest = count - len(block)
            block += self.samples[:rest]
            self.at = rest
        else:
            self.at += count
        return block


class Room:
    def __init__(self, name, tracks):
        self.name = name
        self.tracks = tracks
        self.sequence = 0
        self.listeners = {track.speaker for track in tracks}

    def packet(self, payload):
        self.sequence = (self.sequence + 1) & 0xFFFF
        body = payload.tobytes()
        return self.sequence.to_bytes(2, "big") + zlib.crc32(body).to_bytes(4, "big") + zlib.compress(body, 1)


def mix(blocks, gains, size):
    out = array("h", bytes(2 * size))
    i = 0
    while i < size:
        v = 0.0
        for k in range(len(blocks)):
            v += blocks[k][i] * gains[k]
        if v > 32767.0:
            v = 32767.0
        elif v < -32768.0:
            v = -32768.0
        out[i] = int(v)
        i += 1
    return out


async def serve_room(room, outbox):
    while True:
        blocks = [track.read(BLOCK) for track in room.tracks]
        mixed = mix(blocks, [track.gain for track in room.tracks], BLOCK)
        packet = room.packet(mixed)
        for listener in sorted(room.listeners):
            await outbox.put((listener, packet))
        await asyncio.sleep(BLOCK / RATE)


async def deliver(outbox, sent):
    while True:
        listener, packet = await outbox.get()
        sent[listener] = sent.get(listener, 0) + len(packet)
        outbox.task_done()


async def main():
    random.seed(5)
    outbox = asyncio.Queue(maxsize=256)
    sent = {}
    rooms = [
        Room("room-%d" % r, [Track("r%ds%d" % (r, s), 110 + 40 * s + 7 * r, 0.3 + 0.1 * s) for s in range(5)])
        for r in range(22)
    ]
    print("mixing", len(rooms), "rooms", flush=True)
    await asyncio.gather(deliver(outbox, sent), *(serve_room(room, outbox) for room in rooms))


if __name__ == "__main__":
    asyncio.run(main())
