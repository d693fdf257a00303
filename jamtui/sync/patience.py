"""The wait for the next try: what a server asked for stands, and what ends the rest of it may not do so all the time.

A person's key, a write, the end of a sleep and another network are reasons to try before it is time. Each is one when
it comes now and then. A key that is held down, a network that comes and goes, a script that writes a hundred posts
would make of a wait one try a second, by each client of a server that has just come back.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence

from jamtui.sync import backoff

FREE = 3  # tries before their time that begin at once …
CALM = 60.0  # … until there was none for so many seconds


class Patience:
    """Belongs to the network's loop; `tired` and `waits_for_server` may be asked from elsewhere.

    ``clock`` gives seconds that go on while the machine sleeps, which timers do not: whoever notices a sleep sets
    ``slept``.
    """

    def __init__(self, clock: Callable[[], float]) -> None:
        self._clock = clock
        self._hurried = 0  # tries that began before their time
        self._last = -CALM  # when the last of them did
        self._asked_until = 0.0
        self.slept = asyncio.Event()

    @property
    def tired(self) -> bool:
        """Whether there were so many tries before their time that the next has to wait."""
        return self._hurried >= FREE and self._clock() - self._last < CALM

    @property
    def waits_for_server(self) -> bool:
        """Whether it is the server that asked for this wait: then nothing ends it."""
        return self._clock() < self._asked_until

    def hurry(self) -> float:
        """Something wants a try before its time: seconds until it may begin. The fourth waits for two, each after it
        for twice as long as the one before, up to the longest wait for a server that is not reached."""
        now = self._clock()
        if now - self._last >= CALM:
            self._hurried = 0
        after = 2.0 ** (self._hurried - FREE + 1)
        at = now if self._hurried < FREE else max(now, self._last + min(backoff.NEAR, backoff.SHORTEST * after))
        self._hurried += 1
        self._last = at
        return at - now

    async def wait(
        self,
        seconds: float,
        ends: Sequence[asyncio.Event],
        asked: float = 0.0,
        tell: Callable[[float], None] | None = None,
    ) -> None:
        """Waits for ``seconds``, less when one of ``ends`` is set; for ``asked`` of them, the server's, in any case.

        ``tell`` is called with the seconds that are left when they have become less.
        """
        begin = self._clock()
        until, least = begin + seconds, begin + asked
        self._asked_until = least
        left: Sequence[asyncio.Event] = ends
        while (now := self._clock()) < until:
            self.slept.clear()
            if not await any_of(*left, self.slept, within=until - now):
                return  # of time; a clock that stands still is no reason to wait on
            if any(end.is_set() for end in left):
                left = ()
                now = self._clock()
                sooner = least if now < least else now + self.hurry()
                if now < sooner < until and tell is not None:
                    tell(sooner - now)
                until = min(until, sooner)


async def any_of(*events: asyncio.Event, within: float) -> bool:
    """Whether one of the events is set before so many seconds have passed."""
    waits = [asyncio.create_task(event.wait()) for event in events]
    try:
        done, _ = await asyncio.wait(waits, timeout=within, return_when=asyncio.FIRST_COMPLETED)
        return bool(done)
    finally:
        for one in waits:
            one.cancel()
