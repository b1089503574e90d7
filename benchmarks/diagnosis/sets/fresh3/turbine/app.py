"""Expected energy of a wind farm from ten-minute means; threads take turbines from a queue."""
import queue
import threading
import time

import numpy as np

CUT_IN, CUT_OUT = 3.0, 25.0
TURBINES = 30
PERIOD_S = 0.004


def power_curve():
    speeds = np.arange(0.0, 30.0, 0.5)
    power = 2300.0 / (1.0 + np.exp(-(speeds - 9.0) / 1.4))
    power[speeds < CUT_IN] = 0.0
    power[speeds > CUT_OUT] = 0.0
    return power


CURVE = power_curve()


def recordings(seed=3):
    source = np.random.default_rng(seed)
    for number in range(TURBINES):
        wind = source.weibull(2.1, size=4032) * source.uniform(7, 10)
        density = source.normal(1.225, 0.02, size=4032)
        yield number, wind, density


def expected_mwh(wind, density):
    energy = 0.0
    standstill = 0
    for i in range(wind.shape[0]):
        if wind[i] < CUT_IN or wind[i] > CUT_OUT:
            standstill += 1
            continue
        step = min(int(wind[i] * 2.0), len(CURVE) - 1)
        energy += CURVE[step] * density[i] / 1.225 / 6.0
    return energy / 1000.0, standstill


class Ledger:
    def __init__(self):
        self._lock = threading.Lock()
        self._mwh = {}

    def book(self, turbine, mwh, standstill):
        with self._lock:
            self._mwh[turbine] = (mwh, standstill)

    def total(self):
        with self._lock:
            return sum(mwh for mwh, _ in self._mwh.values())


def work(tasks, ledger):
    while True:
        turbine, wind, density = tasks.get()
        mwh, standstill = expected_mwh(wind, density)
        ledger.book(turbine, mwh, standstill)
        tasks.task_done()


def main():
    tasks = queue.Queue(maxsize=4)
    ledger = Ledger()
    for _ in range(2):
        threading.Thread(target=work, args=(tasks, ledger), daemon=True).start()
    farm = list(recordings())
    print("farm of", len(farm), "turbines")
    turn = 0
    while True:
        tasks.put(farm[turn % len(farm)])
        turn += 1
        if turn % 1000 == 0:
            print("%.1f MWh" % ledger.total())
        time.sleep(PERIOD_S)


if __name__ == "__main__":
    main()
