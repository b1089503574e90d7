"""How `serve` tells its workers what to be: through the environment, because uvicorn imports them by name."""

from __future__ import annotations

import json
import os
from typing import NamedTuple

VARIABLE = "PERFTOOLS_REFERENCE_SERVICE"


class Settings(NamedTuple):
    """What one worker needs to know."""

    form: str
    users: int
    dimensions: int
    features: int
    seed: int
    allow_tracing: bool
    master_pid: int
    ready_socket: str
    """Name of the abstract Unix datagram socket that waits for one message from each worker."""

    def to_environment(self) -> None:
        """Leave the settings to the processes that this one starts."""
        os.environ[VARIABLE] = json.dumps(self._asdict())

    @classmethod
    def from_environment(cls) -> Settings:
        """The settings that the starting process left."""
        return cls(**json.loads(os.environ[VARIABLE]))
