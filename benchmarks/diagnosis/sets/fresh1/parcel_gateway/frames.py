"""0x7e, escaped payload and checksum, 0x7e: as in HDLC."""

FLAG, ESCAPE = 0x7E, 0x7D


def fcs16(data):
    crc = 0xFFFF
    for byte in data:
        crc ^= byte
        for _ in range(8):
            crc = (crc >> 1) ^ 0x8408 if crc & 1 else crc >> 1
    return crc ^ 0xFFFF


def encode(payload):
    body = payload + fcs16(payload).to_bytes(2, "little")
    escaped = body.replace(b"\x7d", b"\x7d\x5d").replace(b"\x7e", b"\x7d\x5e")
    return b"\x7e" + escaped + b"\x7e"


class Decoder:
    def __init__(self):
        self.state = "idle"
        self.buffer = bytearray()
        self.bad = 0

    def feed(self, data):
        for byte in data:
            if byte == FLAG:
                if len(self.buffer) > 2:
                    payload = bytes(self.buffer[:-2])
                    if fcs16(payload) == int.from_bytes(self.buffer[-2:], "little"):
                        yield payload
                    else:
                        self.bad += 1
                self.buffer.clear()
                self.state = "frame"
            elif self.state == "escape":
                self.buffer.append(byte ^ 0x20)
                self.state = "frame"
            elif byte == ESCAPE:
                self.state = "escape"
            elif self.state == "frame":
                self.buffer.append(byte)
