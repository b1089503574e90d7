"""A street graph and the quickest way through it (A*)."""
import heapq
import math
import random


class City:
    FASTEST = 1.0

    def __init__(self, side, seed):
        rnd = random.Random(seed)
        self.side = side
        self.places = [(n % side + rnd.uniform(-0.3, 0.3), n // side + rnd.uniform(-0.3, 0.3)) for n in range(side * side)]
        self.roads = [[] for _ in self.places]
        for n in range(side * side):
            for other in ((n + 1) if (n + 1) % side else None, n + side if n + side < side * side else None):
                if other is not None and rnd.random() < 0.93:
                    length = math.dist(self.places[n], self.places[other])
                    self.roads[n].append((other, length / rnd.uniform(0.4, self.FASTEST)))
                    self.roads[other].append((n, length / rnd.uniform(0.4, self.FASTEST)))

    def route(self, start, goal):
        places = self.places
        end = places[goal]
        best = {start: 0.0}
        before = {}
        done = set()
        heap = [(math.dist(places[start], end), start)]
        while heap:
            _, node = heapq.heappop(heap)
            if node == goal:
                break
            if node in done:
                continue
            done.add(node)
            so_far = best[node]
            for other, minutes in self.roads[node]:
                cost = so_far + minutes
                if cost < best.get(other, math.inf):
                    best[other] = cost
                    before[other] = node
                    heapq.heappush(heap, (cost + math.dist(places[other], end) / self.FASTEST, other))
        else:
            raise ValueError("no way")
        nodes = [goal]
        while nodes[-1] != start:
            nodes.append(before[nodes[-1]])
        nodes.reverse()
        return best[goal], nodes

    def turns(self, nodes):
        steps = [b - a for a, b in zip(nodes, nodes[1:])]
        return sum(a != b for a, b in zip(steps, steps[1:]))
