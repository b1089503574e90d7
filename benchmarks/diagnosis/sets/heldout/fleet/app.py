import hashlib
import itertools
import json
import multiprocessing as mp
import time
import zlib

from trips import consumption, recorded

VEHICLES = range(100, 124)


def archive(document: dict) -> str:
    """compress, sign, forget"""
    text = json.dumps(document, indent=2, sort_keys=True)
    packed = b"".join(zlib.compress((text * 40).encode(), level) for level in (6, 9))
    return hashlib.blake2b(packed).hexdigest()


tracks = {}


def job(vehicle: int):
    if vehicle not in tracks:
        tracks[vehicle] = recorded(vehicle)
    table = consumption(tracks[vehicle])
    document = {"vehicle": vehicle, "trips": table.to_dict("list")}
    return vehicle, archive(document), float(table["litres"].mean())


def main() -> None:
    ctx = mp.get_context("spawn")
    with ctx.Pool(processes=2) as pool:
        pool.map(job, VEHICLES, chunksize=1)
        print("both processes know the fleet", flush=True)
        cycle = itertools.cycle(VEHICLES)
        thirsty = set()
        while True:
            t0 = time.perf_counter()
            batch = list(itertools.islice(cycle, 8))
            for vehicle, signature, litres in pool.imap_unordered(job, batch):
                (thirsty.add if litres > 9 else thirsty.discard)(vehicle)
            rest = 0.12 - (time.perf_counter() - t0)
            time.sleep(max(rest, 0.005))


if __name__ == "__main__":
    main()
