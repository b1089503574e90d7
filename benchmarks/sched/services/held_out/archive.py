"""Compresses a document: C code that releases the GIL."""

import zlib

from perftools_benchmarks.sched.ready import ready

DOCUMENT = b"".join(b"%d;%d\n" % (line, line * line % 7919) for line in range(30_000))


def app(environ, start_response):
    packed = zlib.compress(DOCUMENT, 1)
    start_response("200 OK", [("Content-Length", str(len(packed)))])
    return [packed]


ready()
