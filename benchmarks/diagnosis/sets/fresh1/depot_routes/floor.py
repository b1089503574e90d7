from __future__ import annotations

import heapq
import random

WALL = 0


class NoWay(Exception):
    pass


class Floor:
    def __init__(self, cost: list[list[int]]):
        self.cost = cost
        self.rows = len(cost)
        self.columns = len(cost[0])

    @classmethod
    def random(cls, rows, columns, seed):
        rnd = random.Random(seed)
        return cls([[rnd.choices((WALL, 1, 2, 5), (18, 60, 15, 7))[0] for _ in range(columns)] for _ in range(rows)])

    def free(self, number):
        """The numbered cell, or the next one that is no wall."""
        cells = self.rows * self.columns
        while self.cost[number % cells // self.columns][number % self.columns] == WALL:
            number += 1
        return number % cells // self.columns, number % self.columns

    def neighbours(self, cell):
        row, column = cell
        for r, c in ((row - 1, column), (row + 1, column), (row, column - 1), (row, column + 1)):
            if 0 <= r < self.rows and 0 <= c < self.columns and self.cost[r][c] != WALL:
                yield r, c

    def route(self, start, goal):
        def ahead(cell):
            return abs(cell[0] - goal[0]) + abs(cell[1] - goal[1])

        spent = {start: 0}
        before = {}
        frontier = [(ahead(start), start)]
        while frontier:
            _, cell = heapq.heappop(frontier)
            if cell == goal:
                break
            here = spent[cell]
            for following in self.neighbours(cell):
                total = here + self.cost[following[0]][following[1]]
                if total < spent.get(following, 1 << 30):
                    spent[following] = total
                    before[following] = cell
                    heapq.heappush(frontier, (total + ahead(following), following))
        else:
            raise NoWay
        cells = [goal]
        while cells[-1] != start:
            cells.append(before[cells[-1]])
        return spent[goal], cells[::-1]
