"""The factorised model, as the training job leaves it."""
import random
from array import array
from typing import Dict, List, NamedTuple

GENRES = ("drama", "comedy", "thriller", "western", "documentary")


class Film(NamedTuple):
    number: int
    title: str
    genres: frozenset
    bias: float
    factors: array


class Person(NamedTuple):
    bias: float
    factors: array


class Model(NamedTuple):
    mean: float
    films: List[Film]
    people: Dict[int, Person]


def load_model(films: int, people: int, rank: int, seed: int = 23) -> Model:
    rnd = random.Random(seed)

    def factors() -> array:
        return array("d", (rnd.gauss(0, 0.3) for _ in range(rank)))

    return Model(
        3.4,
        [
            Film(n, "Film %d" % n, frozenset(rnd.sample(GENRES, 2)), rnd.gauss(0, 0.4), factors())
            for n in range(films)
        ],
        {n: Person(rnd.gauss(0, 0.2), factors()) for n in range(people)},
    )
