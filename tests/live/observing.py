"""Observes the process that the command line names, for 6 s, in rounds of 1 s; what came of it on one line."""

from __future__ import annotations

import sys

from perftools.collect.samples import SamplesRecorder
from perftools.collect.threads import ThreadsRecorder
from perftools.collect.window import observe
from perftools.record import Samples
from tests.observed import target

service = target(int(sys.argv[1]))
observations, quality = observe(
    service,
    [SamplesRecorder(service), ThreadsRecorder(service)],
    window_s=6.0,
    exact=True,
    enough=lambda seen: False,
    after_round=lambda seen: sys.stderr.write("round\n"),
)
streams = observations.samples.streams if isinstance(observations.samples, Samples) else ()
sys.stdout.write(f"{quality.ended} {sum(len(stream.stacks) for stream in streams)}\n")
