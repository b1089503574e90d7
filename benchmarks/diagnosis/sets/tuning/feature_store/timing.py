import functools
import time

SPENT = {}


def timed(function):
    @functools.wraps(function)
    def wrapper(*args, **kwargs):
        started = time.perf_counter()
        try:
            return function(*args, **kwargs)
        finally:
            calls, seconds = SPENT.get(function.__name__, (0, 0.0))
            SPENT[function.__name__] = (calls + 1, seconds + time.perf_counter() - started)

    return wrapper
