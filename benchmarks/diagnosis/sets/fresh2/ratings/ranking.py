"""Pure functions from a model to suggestions."""
import operator
from functools import reduce
from heapq import nlargest
from itertools import starmap


def agreement(left, right):
    return reduce(operator.add, map(operator.mul, left, right), 0.0)


def expected(model, person, film):
    return model.mean + person.bias + film.bias + agreement(person.factors, film.factors)


def top(model, number, accepts, limit):
    person = model.people[number]
    scored = ((expected(model, person, film), film) for film in filter(accepts, model.films))
    return nlargest(limit, scored, key=operator.itemgetter(0))


def clamp(low, high, value):
    return max(low, min(high, value))


def explain(film, score):
    stars = clamp(1.0, 5.0, score)
    pairs = (("film", film.number), ("title", film.title), ("genres", sorted(film.genres)), ("stars", round(stars, 1)))
    return dict(starmap(lambda key, value: (key, value), pairs))
