"""Reports, in sync endpoints: three sources are asked at once, in a pool of the service's own."""
import os
import urllib.request
from concurrent.futures import ThreadPoolExecutor, as_completed

from fastapi import FastAPI

app = FastAPI()
SOURCES = ThreadPoolExecutor(24)


def source(name: str) -> int:
    request = urllib.request.Request(f"http://127.0.0.1:{os.environ['PEER']}/{name}?delay=100")
    return urllib.request.urlopen(request, timeout=10).getcode()


@app.get("/report")
def report() -> dict[str, int]:
    asked = [SOURCES.submit(source, name) for name in ("sales", "stock", "staff")]
    return {"answers": sum(done.result() for done in as_completed(asked))}
