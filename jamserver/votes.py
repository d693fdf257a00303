"""Joins the votes for one post, and the ballots of one poll: a popular one costs a change every few seconds, not one a
vote."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Generic, TypeVar

from jamserver.log import Tx
from jamserver.writer import Writer

_MAX_REMEMBERED = 10_000  # posts; older ones whose period is over are forgotten

B = TypeVar("B")  # a ballot
A = TypeVar("A")  # what it answers


@dataclass(slots=True)
class _Joined(Generic[B, A]):
    answers: asyncio.Future[list[A]]
    ballots: list[B] = field(default_factory=list)


class VoteJoin(Generic[B, A]):
    """The first vote for a post is written at once; those of the following ``period`` seconds together at its end."""

    def __init__(
        self,
        writer: Writer,
        count: Callable[[Tx, str, list[B]], list[A]],
        period: float,
        now: Callable[[], float],
    ) -> None:
        """``count`` writes ballots for one post and answers each; ``now`` is the event loop's clock, in seconds."""
        self._writer = writer
        self._count = count
        self._period = period
        self._now = now
        self._written: dict[str, float] = {}  # post: when its tally was last written
        self._waiting: dict[str, _Joined[B, A]] = {}
        self._tasks: set[asyncio.Task[None]] = set()
        self._ending = asyncio.Event()

    async def cast(self, post_id: str, ballot: B) -> A:
        """What the vote answers, once it is on the disk."""
        joined = self._waiting.get(post_id)
        if joined is None:
            wait = self._written.get(post_id, -self._period) + self._period - self._now()
            if wait <= 0:
                return (await self._write(post_id, [ballot]))[0]
            joined = self._waiting[post_id] = _Joined(asyncio.get_running_loop().create_future())
            task = asyncio.create_task(self._later(post_id, joined, wait))
            self._tasks.add(task)
            task.add_done_callback(self._tasks.discard)
        joined.ballots.append(ballot)
        at = len(joined.ballots) - 1
        return (await asyncio.shield(joined.answers))[at]

    async def _later(self, post_id: str, joined: _Joined[B, A], wait: float) -> None:
        with contextlib.suppress(TimeoutError):  # the usual end of the period
            await asyncio.wait_for(self._ending.wait(), wait)
        del self._waiting[post_id]
        try:
            joined.answers.set_result(await self._write(post_id, joined.ballots))
        except Exception as error:  # noqa: BLE001  it belongs to those who voted
            joined.answers.set_exception(error)
            joined.answers.exception()  # seen: all of them may have hung up

    async def _write(self, post_id: str, ballots: list[B]) -> list[A]:
        if len(self._written) >= _MAX_REMEMBERED:
            over = self._now() - self._period
            self._written = {post: at for post, at in self._written.items() if at > over}
        self._written[post_id] = self._now()

        def job(tx: Tx) -> list[A]:
            return self._count(tx, post_id, ballots)

        try:
            return await self._writer.run(job)
        except BaseException:
            # Nothing was written, so nothing has to wait; and an id that is no post's may be any long text.
            self._written.pop(post_id, None)
            raise

    def end(self) -> None:
        """Ends all periods: what waits is written, and answered, now."""
        self._ending.set()

    async def close(self) -> None:
        """`end`, and waits until all is written."""
        self.end()
        if self._tasks:
            await asyncio.gather(*self._tasks)
