"""How a worker under uvicorn is told what to be: through the environment, because uvicorn imports it by name."""

from __future__ import annotations

import json
import os
from typing import NamedTuple

VARIABLE = "PERFTOOLS_REFERENCE_SERVICE"


class Settings(NamedTuple):
    """What one worker needs to know; as JSON in the environment, where what is left out has these defaults."""

    form: str = "lists"
    users: int = 20_000
    dimensions: int = 64
    features: int = 20
    seed: int = 1
    codec: str = "fast"
    """One of `bodies.CODECS`."""
    freeze: bool = True
    """What a worker holds after it has warmed up is never looked at by its garbage collector again."""
    refreshed: str | None = None
    """Where another process leaves the rows of the table, made anew; the form must be "cached"."""
    allow_tracing: bool = False
    master_pid: int | None = None
    """The worker ends with this process, unless it is the process."""
    ready_socket: str | None = None
    """Name of the abstract Unix datagram socket that waits for one message from each worker."""

    def to_environment(self) -> None:
        """Leave the settings to the processes that this one starts."""
        os.environ[VARIABLE] = json.dumps(self._asdict())

    @classmethod
    def from_environment(cls) -> Settings:
        """The settings that the starting process left."""
        return cls(**json.loads(os.environ.get(VARIABLE, "{}")))
