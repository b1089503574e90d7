"""Radar tracker: one constant-velocity filter per target, fed by a socket pair."""
import json
import random
import socket
import threading
import time


class Track:
    def __init__(self, ident, x):
        self.ident = ident
        self.x = x
        self.v = 0.0
        self.p00, self.p01, self.p11 = 100.0, 0.0, 25.0

    def follow(self, measurements, dt, q, r):
        residuals = []
        for z in measurements:
            self.x = self.x + dt * self.v
            p00 = self.p00 + dt * (2 * self.p01 + dt * self.p11) + q
            p01 = self.p01 + dt * self.p11
            p11 = self.p11 + q
            s = p00 + r
            k0, k1 = p00 / s, p01 / s
            y = z - self.x
            self.x = self.x + k0 * y
            self.v = self.v + k1 * y
            self.p00, self.p01, self.p11 = (1 - k0) * p00, (1 - k0) * p01, p11 - k1 * p01
            residuals.append(y)
        return residuals[-1]


def radar(sock):
    rng = random.Random(3)
    sweeps = []
    for n in range(60):
        z, v, out = rng.uniform(0, 1000), rng.uniform(-3, 3), []
        for _ in range(300):
            z += v
            out.append(round(z + rng.gauss(0, 4), 3))
        sweeps.append(json.dumps([n, out]).encode() + b"\n")
    while True:
        for sweep in sweeps:
            sock.sendall(sweep)
            time.sleep(0.0004)


def serve(sock):
    tracks, lost = {}, 0
    with sock.makefile("rb") as lines:
        for line in lines:
            ident, measurements = json.loads(line)
            track = tracks.get(ident)
            if track is None:
                track = tracks[ident] = Track(ident, measurements[0])
            if abs(track.follow(measurements, 1.0, 0.01, 16.0)) > 60:
                lost += 1
    return lost


if __name__ == "__main__":
    left, right = socket.socketpair()
    threading.Thread(target=radar, args=(left,), daemon=True).start()
    print("tracking", flush=True)
    serve(right)
