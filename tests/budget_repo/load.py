"""Loads the service: `python load.py PORT SECONDS`, one request after the other."""

from __future__ import annotations

import http.client
import json
import sys
import time

if __name__ == "__main__":
    port, seconds = int(sys.argv[1]), float(sys.argv[2])
    taken_s = []
    began = time.perf_counter()
    while time.perf_counter() - began < seconds:
        start = time.perf_counter()
        connection = http.client.HTTPConnection("127.0.0.1", port, timeout=10)
        connection.request("GET", "/score")
        connection.getresponse().read()
        connection.close()
        taken_s.append(time.perf_counter() - start)
    taken_s.sort()
    print("done")
    print(
        json.dumps(
            {
                "latency_p99_s": taken_s[len(taken_s) * 99 // 100],
                "throughput_per_s": len(taken_s) / seconds,
                "requests": len(taken_s),
            }
        )
    )
