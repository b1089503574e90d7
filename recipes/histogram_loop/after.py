import numpy as np

def _histogram_fast(bins, shares):
    """The fast path of `histogram`; NotImplemented where the original has to run."""
    if not (
        type(bins) is int
        and abs(bins) < 2**40
        and type(shares) is np.ndarray
        and shares.dtype.char == "d"
        and shares.ndim == 1
        and len(shares) >= 96
    ):
        return NotImplemented
    try:
        with np.errstate(divide="raise", over="raise", invalid="raise"):
            values = shares * bins
            if not (np.abs(values) < 2.0**62).all():
                raise ValueError("no such int")
            places = values.astype(np.int64).astype(np.intp)
            if places.min() < 0 or places.max() >= bins:
                raise ValueError("out of range")
            counts = np.bincount(places, minlength=bins).tolist()
    except Exception:
        return NotImplemented
    return counts


def histogram(shares, bins):
    _fast = _histogram_fast(bins, shares)
    if _fast is NotImplemented:
        counts = [0] * bins
        for share in shares:
            counts[int(share * bins)] += 1
    else:
        counts = _fast
    return counts
