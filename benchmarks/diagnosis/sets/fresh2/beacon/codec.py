"""Frames: 0x7E, stuffed payload and CRC-16/CCITT, 0x7E."""

FLAG, ESCAPE, FLIP = 0x7E, 0x7D, 0x20
TABLE = []
for value in range(256):
    crc = value << 8
    for _ in range(8):
        crc = (crc << 1) ^ 0x1021 if crc & 0x8000 else crc << 1
    TABLE.append(crc & 0xFFFF)


def crc16(data, crc=0xFFFF):
    for byte in data:
        crc = ((crc << 8) & 0xFFFF) ^ TABLE[(crc >> 8) ^ byte]
    return crc


def encode(payload):
    out = [FLAG]
    for byte in payload + crc16(payload).to_bytes(2, "big"):
        if byte in (FLAG, ESCAPE):
            out += (ESCAPE, byte ^ FLIP)
        else:
            out.append(byte)
    out.append(FLAG)
    return bytes(out)


class Decoder:
    IDLE, DATA, ESCAPED = range(3)

    def __init__(self):
        self.state = self.IDLE
        self.buffer = bytearray()
        self.errors = 0

    def feed(self, chunk):
        frames = []
        for byte in chunk:
            if self.state == self.ESCAPED:
                self.buffer.append(byte ^ FLIP)
                self.state = self.DATA
            elif byte == FLAG:
                if len(self.buffer) > 2:
                    if crc16(self.buffer) == 0:
                        frames.append(bytes(self.buffer[:-2]))
                    else:
                        self.errors += 1
                self.buffer.clear()
                self.state = self.DATA
            elif self.state == self.DATA:
                if byte == ESCAPE:
                    self.state = self.ESCAPED
                else:
                    self.buffer.append(byte)
        return frames

    def take_errors(self):
        errors, self.errors = self.errors, 0
        return errors
