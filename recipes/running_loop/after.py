import numpy as np

def _running_totals_fast(amounts):
    """The fast path of `running_totals`; NotImplemented where the original has to run."""
    if not (
        type(amounts) is np.ndarray
        and amounts.dtype.char == "d"
        and amounts.ndim == 1
        and len(amounts) >= 150
    ):
        return NotImplemented
    try:
        with np.errstate(divide="raise", over="raise", invalid="raise"):
            totals = list(np.add.accumulate(np.concatenate(((0.0,), amounts)))[1:])
    except Exception:
        return NotImplemented
    return totals


def running_totals(amounts):
    _fast = _running_totals_fast(amounts)
    if _fast is NotImplemented:
        totals = []
        total = 0.0
        for i in range(len(amounts)):
            total += amounts[i]
            totals.append(total)
    else:
        totals = _fast
    return totals
