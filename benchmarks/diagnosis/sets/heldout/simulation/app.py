"""Call centre simulation: an event heap, a generator of its own, and helpers that mostly sleep."""
import heapq
import sys
import threading
import time

MASK = (1 << 64) - 1


class Lcg:
    def __init__(self, seed):
        self.state = seed & MASK

    def next(self):
        self.state = (self.state * 6364136223846793005 + 1442695040888963407) & MASK
        return self.state >> 33

    def exponential(self, mean):
        u = (self.next() + 1) / 2**31
        steps = 0
        while u < 0.5:
            u *= 2
            steps += 1
        return mean * (steps + 2 * (1 - u)) * 0.6931


class Centre:
    def __init__(self, agents, seed):
        self.rng = Lcg(seed)
        self.free = agents
        self.waiting = []
        self.events = []
        self.now = 0.0
        self.served = 0
        self.patience = {}

    def schedule(self, delay, kind, call):
        heapq.heappush(self.events, (self.now + delay, kind, call))

    def step(self):
        self.now, kind, call = heapq.heappop(self.events)
        if kind == "arrive":
            self.schedule(self.rng.exponential(1.0), "arrive", call + 1)
            self.patience[call] = self.now + self.rng.exponential(20)
            self.waiting.append(call)
        else:
            self.free += 1
            self.served += 1
        while self.free and self.waiting:
            call = self.waiting.pop(0)
            if self.patience.pop(call) >= self.now:
                self.free -= 1
                self.schedule(self.rng.exponential(4.7), "leave", call)

    def run(self, steps):
        self.schedule(0.0, "arrive", 0)
        for _ in range(steps):
            self.step()
        return self.served


def heartbeat(number):
    while True:
        time.sleep(3 + number / 10)


def main():
    for number in range(12):
        threading.Thread(target=heartbeat, args=(number,), daemon=True).start()
    sys.stdout.write("simulating\n")
    sys.stdout.flush()
    seed = 1
    while True:
        started = time.time()
        Centre(5, seed).run(13000)
        seed += 1
        time.sleep(max(0.0, 0.05 - (time.time() - started)))


if __name__ == "__main__":
    main()
