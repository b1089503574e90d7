"""Dynamic batching: requests that come at about the same time become one batch; none waits longer than a bound."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable
from typing import TYPE_CHECKING

from . import TOP, Answer

if TYPE_CHECKING:
    from ..forms.batch import Batch, Peers


class Batcher:
    """Answers users against shared peers, inside one event loop.

    A batch is scored when it is full, at the latest `max_wait_s` after its first request. Scoring holds up the loop:
    it is CPU work, and the requests that come meanwhile are the next batch.
    """

    def __init__(
        self, scorer: Batch, peers: Peers, *, max_users: int = 64, max_wait_s: float = 0.001, k: int = TOP
    ) -> None:
        self.scorer, self.peers = scorer, peers
        self.max_users, self.max_wait_s, self.k = max_users, max_wait_s, k
        self._waiting: list[tuple[int, asyncio.Future[Answer]]] = []
        self._deadline: asyncio.TimerHandle | None = None

    def score(self, user: int) -> Awaitable[Answer]:
        """The best peers of `user`; awaiting it raises as `Scorer.score` does, and nobody else of the batch suffers."""
        loop = asyncio.get_running_loop()
        answer: asyncio.Future[Answer] = loop.create_future()
        try:
            self.scorer.check(user)
        except (TypeError, LookupError) as error:
            answer.set_exception(error)
            return answer
        self._waiting.append((user, answer))
        if len(self._waiting) >= self.max_users:
            self._flush()
        elif self._deadline is None:
            self._deadline = loop.call_later(self.max_wait_s, self._flush)
        return answer

    def _flush(self) -> None:
        if self._deadline is not None:
            self._deadline.cancel()
            self._deadline = None
        batch, self._waiting = self._waiting, []
        batch = [(user, answer) for user, answer in batch if not answer.done()]  # whoever gave up needs no score
        if not batch:
            return
        ids, scores = self.scorer.score_all([user for user, _ in batch], self.peers, self.k)
        for row, (_, answer) in enumerate(batch):
            answer.set_result(Answer(ids[row], scores[row]))
