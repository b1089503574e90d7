"""Local alignment with affine gaps (Gotoh)."""
from dataclasses import dataclass


@dataclass(frozen=True)
class Scoring:
    match: int
    mismatch: int
    opening: int
    extending: int


@dataclass(frozen=True)
class Alignment:
    score: int
    end_left: int
    end_right: int


def align(left: str, right: str, scoring: Scoring) -> Alignment:
    width = len(right) + 1
    best_row = [0] * width
    gap_row = [scoring.opening] * width
    best, end_left, end_right = 0, 0, 0
    for i, a in enumerate(left, 1):
        diagonal = 0
        current = 0
        gap = scoring.opening
        for j, b in enumerate(right, 1):
            gap_row[j] = max(best_row[j] + scoring.opening, gap_row[j] + scoring.extending)
            gap = max(current + scoring.opening, gap + scoring.extending)
            current = max(0, diagonal + (scoring.match if a == b else scoring.mismatch), gap, gap_row[j])
            diagonal, best_row[j] = best_row[j], current
            if current > best:
                best, end_left, end_right = current, i, j
    return Alignment(best, end_left, end_right)
