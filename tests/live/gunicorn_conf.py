"""gunicorn as the tests run it: it ends with them, and says when a worker has its tables."""

import os
from typing import Any

from perftools_benchmarks import prctl

control_socket_disable = True  # it would be made in the home folder

prctl.end_with(os.getppid())


def post_worker_init(worker: Any) -> None:
    worker.log.info("worker ready")
