"""How often functions are called, and how long they take."""
import functools
import time

_calls = {}


def timed(function):
    @functools.wraps(function)
    def wrapper(*args, **kwargs):
        began = time.perf_counter()
        try:
            return function(*args, **kwargs)
        finally:
            count, total = _calls.get(function.__name__, (0, 0.0))
            _calls[function.__name__] = count + 1, total + time.perf_counter() - began

    return wrapper


def table():
    return {name: "%d x %.2f ms" % (count, 1000 * total / count) for name, (count, total) in _calls.items()}
