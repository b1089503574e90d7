"""Ctrl-C while observing: the first one ends the window, the second one the program."""

from __future__ import annotations

import signal
import threading
from collections.abc import Callable
from types import FrameType, TracebackType
from typing import Self


class Interrupts:
    """Counts Ctrl-C instead of dying of it; the second one raises KeyboardInterrupt.

    Left alone where SIGINT is ignored (nohup, a background job of sh) or where we are not in the main thread.
    """

    def __init__(self) -> None:
        self.count = 0
        self._before: Callable[[int, FrameType | None], object] | int | None = None

    def __enter__(self) -> Self:
        in_main = threading.current_thread() is threading.main_thread()
        if in_main and signal.getsignal(signal.SIGINT) not in (signal.SIG_IGN, None):
            self._before = signal.signal(signal.SIGINT, self._handle)
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._before is not None:
            signal.signal(signal.SIGINT, self._before)

    def _handle(self, number: int, frame: FrameType | None) -> None:  # noqa: ARG002 (the interface)
        self.count += 1
        if self.count > 1:
            raise KeyboardInterrupt
