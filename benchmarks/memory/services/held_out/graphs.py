"""Nodes that point at one another, with arrays in them: freed by the collector alone, every few seconds."""

import random
import time

import numpy as np


class Node:
    def __init__(self, size):
        self.data = np.zeros(size)
        self.next = self


def handle():
    nodes = [Node(2_000) for _ in range(12)]
    for one, other in zip(nodes, nodes[1:] + nodes[:1]):
        one.next = other
    return sum(node.data.sum() for node in nodes)


print("ready", flush=True)
while True:
    handle()
    [[] for _ in range(2_000)]
    time.sleep(random.expovariate(15))
