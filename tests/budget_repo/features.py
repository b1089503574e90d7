"""Scores of pairs of users."""

from __future__ import annotations

WIDTH = 40


def encode(user: int) -> list[float]:
    return [((user * factor) % 97) / 97 for factor in range(1, WIDTH)]


def product(left: list[float], right: list[float]) -> float:
    return sum(a * b for a, b in zip(left, right, strict=True))


def score(pairs: list[tuple[int, int]]) -> list[float]:
    return [product(encode(left), encode(right)) for left, right in pairs]
