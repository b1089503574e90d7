import numpy as np

def _strongest_fast(samples):
    """The fast path of `strongest`; NotImplemented where the original has to run."""
    if not (
        type(samples) is np.ndarray
        and samples.dtype.char == "d"
        and samples.ndim == 1
        and len(samples) >= 96
    ):
        return NotImplemented
    try:
        with np.errstate(divide="raise", over="raise", invalid="raise"):
            keys = samples * samples
            best_at = int(keys.argmax())
            if keys[best_at] != keys[best_at]:
                raise ValueError("NaN")
            if samples[0] * samples[0] != samples[0] * samples[0]:
                raise ValueError("NaN")
            best = keys[best_at] if keys[best_at] > samples[0] * samples[0] else samples[0] * samples[0]
    except Exception:
        return NotImplemented
    return best


def strongest(samples):
    _fast = _strongest_fast(samples)
    if _fast is NotImplemented:
        best = samples[0] * samples[0]
        for sample in samples:
            power = sample * sample
            if power > best:
                best = power
    else:
        best = _fast
    return best
