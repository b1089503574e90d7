"""Shortest paths on a road grid: A* with a heap."""
import heapq
import json
import random

SIDE = 120


class Grid:
    def __init__(self, side, seed=21):
        rnd = random.Random(seed)
        self.side = side
        self.cost = [[rnd.uniform(1, 6) for _ in range(side)] for _ in range(side)]
        self.closed = {(rnd.randrange(side), rnd.randrange(side)) for _ in range(side * side // 12)}

    def neighbours(self, node):
        x, y = node
        for nx, ny in ((x + 1, y), (x - 1, y), (x, y + 1), (x, y - 1)):
            if 0 <= nx < self.side and 0 <= ny < self.side and (nx, ny) not in self.closed:
                yield (nx, ny), self.cost[ny][nx]

    def shortest(self, start, goal):
        frontier = [(0.0, 0.0, start)]
        best = {start: 0.0}
        parent = {}
        while frontier:
            _, so_far, node = heapq.heappop(frontier)
            if node == goal:
                return so_far, self.trace(parent, goal)
            if so_far > best[node]:
                continue
            for other, step in self.neighbours(node):
                cost = so_far + step
                if cost < best.get(other, 1e18):
                    best[other] = cost
                    parent[other] = node
                    ahead = abs(other[0] - goal[0]) + abs(other[1] - goal[1])
                    heapq.heappush(frontier, (cost + ahead, cost, other))
        return None, []

    @staticmethod
    def trace(parent, node):
        path = [node]
        while node in parent:
            node = parent[node]
            path.append(node)
        return path[::-1]


grid = Grid(SIDE)


async def app(scope, receive, send):
    if scope["type"] != "http":
        return
    parts = scope["path"].strip("/").split("/")
    status = 200
    try:
        x1, y1, x2, y2 = (min(SIDE - 1, max(0, int(p))) for p in parts[1:5])
        cost, path = grid.shortest((x1, y1), (x2, y2))
        document = {"cost": cost, "hops": len(path), "path": path[:200]}
    except ValueError:
        status, document = 400, {"error": "/route/x1/y1/x2/y2"}
    body = json.dumps(document).encode()
    await send({"type": "http.response.start", "status": status, "headers": [(b"content-length", b"%d" % len(body))]})
    await send({"type": "http.response.body", "body": body})
