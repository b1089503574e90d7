"""Decodes the bytes that heat meters send over a serial line, frame by frame (start, length, payload, CRC, stop)."""
import asyncio
import random
import struct
import time

START, ESCAPE, STOP = 0x68, 0x10, 0x16
PERIOD_S = 0.003


def crc16(data):
    crc = 0xFFFF
    for byte in data:
        crc ^= byte << 8
        for _ in range(8):
            crc = (crc << 1) ^ 0x1021 if crc & 0x8000 else crc << 1
            crc &= 0xFFFF
    return crc


def encode(meter, counters):
    payload = struct.pack("<I", meter) + b"".join(struct.pack("<I", counter) for counter in counters)
    body = payload + struct.pack(">H", crc16(payload))
    escaped = bytearray()
    for byte in body:
        if byte in (START, ESCAPE, STOP):
            escaped += bytes((ESCAPE, byte ^ 0x20))
        else:
            escaped.append(byte)
    return bytes((START,)) + bytes(escaped) + bytes((STOP,))


class Decoder:
    def __init__(self):
        self.state = "idle"
        self.buffer = bytearray()
        self.good = self.bad = 0
        self.last = {}

    def feed(self, data):
        for byte in data:
            if self.state == "idle":
                if byte == START:
                    self.state = "inside"
                    self.buffer.clear()
            elif self.state == "escaped":
                self.buffer.append(byte ^ 0x20)
                self.state = "inside"
            elif byte == ESCAPE:
                self.state = "escaped"
            elif byte == STOP:
                self.finish()
                self.state = "idle"
            else:
                self.buffer.append(byte)

    def finish(self):
        payload, tail = bytes(self.buffer[:-2]), self.buffer[-2:]
        if len(tail) == 2 and crc16(payload) == (tail[0] << 8 | tail[1]):
            meter, *counters = struct.unpack("<%dI" % (len(payload) // 4), payload)
            self.last[meter] = counters
            self.good += 1
        else:
            self.bad += 1


async def line(stream, writer_queue):
    due = time.monotonic()
    turn = 0
    while True:
        await writer_queue.put(stream[turn % len(stream)])
        turn += 1
        due = max(due + PERIOD_S, time.monotonic() - 1.0)
        await asyncio.sleep(max(0.0, due - time.monotonic()))


async def decode(queue):
    decoder = Decoder()
    chunks = 0
    while True:
        decoder.feed(await queue.get())
        chunks += 1
        if chunks % 500 == 0:
            print(chunks, "chunks", decoder.good, "good", decoder.bad, "bad")


async def main():
    source = random.Random(64)
    stream = [
        b"".join(encode(source.randrange(5000), [source.randrange(1 << 31) for _ in range(14)]) for _ in range(16))
        for _ in range(20)
    ]
    queue = asyncio.Queue(8)
    print("line is open")
    await asyncio.gather(line(stream, queue), decode(queue))


if __name__ == "__main__":
    asyncio.run(main())
