"""What one caller may ask in a time: failed sign-ins, writes, and hashing that would fill the memory."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Callable
from typing import TypeVar

from jamserver import accounts
from jamserver.problems import later

T = TypeVar("T")

_MAX_KEYS = 10_000

# The hash of a random text that nobody kept, with the parameters of `accounts.HASHER`: what a password is compared
# with when the handle is nobody's, so that the time tells nothing.
_NOBODY = "$argon2id$v=19$m=19456,t=2,p=1$DOwGYIf/fsGW2yGzkdpEOg$9V6CP7djRRI0/TwC5PzjonlMiZVM0wuIsjGmy8hfCgg"


class Tries:
    """At most ``limit`` tries for a key in ``period`` seconds. ``words`` tell who has none left."""

    def __init__(self, now: Callable[[], float], limit: int, period: float, words: str) -> None:
        self._now = now
        self._limit = limit
        self._period = period
        self._words = words
        self._tries: dict[str, list[float]] = {}
        self._room = _MAX_KEYS  # keys from which on those that are over are looked for

    def begin(self, *keys: str) -> None:
        """Counts a try for each key before its outcome is known, so that many at once do not pass together.

        Raises 429 when one of them has no try left.
        """
        over = self._now() - self._period
        if len(self._tries) > self._room:
            self._tries = {key: times for key, times in self._tries.items() if times and times[-1] > over}
            self._room = max(_MAX_KEYS, 2 * len(self._tries))  # not at each try of a Jam that has more people
        recent = {key: [at for at in self._tries.get(key, ()) if at > over] for key in keys}
        for times in recent.values():
            if len(times) >= self._limit:
                raise later("rate_limited", self._words, times[0] - over)
        for key, times in recent.items():
            self._tries[key] = [*times, self._now()]

    def succeeded(self, *keys: str) -> None:
        """Takes back the last try of each key: what succeeded is not to count."""
        for key in keys:
            times = self._tries.get(key)
            if times:
                times.pop()


class Day:
    """What each person made the file grow by in the last 24 hours: so many writes, and so many bytes of changes and of
    answers that are kept.

    A change holds its whole object, so a tag on a long post, put and taken off again without end, fills the disk and
    the line of every reader sooner than it is noticed by its number. It is counted where it happens, in the writing
    thread, so that neither many at once nor somebody who hangs up pass it by; votes and ballots, of which many are one
    change, when they are answered.
    """

    HOURS = 24

    def __init__(self, now: Callable[[], float], writes: int, size: int, words: str) -> None:
        self._now = now
        self._writes = writes
        self._size = size
        self._words = words
        self._grown: dict[str, dict[int, tuple[int, int]]] = {}  # person: hour: (writes, bytes)
        self._looked = 0  # the hour in which it was last looked for those whose day is over
        self._lock = threading.Lock()

    def begin(self, person: str, times: int = 1) -> None:
        """Raises 429 when nothing is left for this person, who may do so many times as much as others."""
        with self._lock:
            hours = self._recent(person)
        if sum(count for count, _ in hours.values()) >= self._writes * times or (
            sum(size for _, size in hours.values()) >= self._size * times
        ):
            raise later("rate_limited", self._words, (min(hours) + self.HOURS) * 3_600 - self._now())

    def add(self, person: str, size: int, count: int = 1) -> None:
        """Counts a write that was made; with -1 and what was counted, takes it back."""
        with self._lock:
            hour, hours = int(self._now() // 3_600), self._recent(person)
            if hour != self._looked:  # once: in a Jam of 100,000 people this takes as long as hundreds of writes
                self._looked = hour
                self._grown = {one: of for one in self._grown if (of := self._recent(one))}
            writes, before = hours.get(hour, (0, 0))
            self._grown[person] = hours | {hour: (writes + count, before + size)}

    def _recent(self, person: str) -> dict[int, tuple[int, int]]:
        over = int(self._now() // 3_600) - self.HOURS
        return {hour: grown for hour, grown in self._grown.get(person, {}).items() if hour > over}


class Hashing:
    """Argon2 in threads: two at a time (19 MiB each), and not more waiting than can be served in a few seconds."""

    def __init__(self, at_once: int = 2, waiting: int = 32) -> None:
        self._slots = asyncio.Semaphore(at_once)
        self._room = at_once + waiting
        self._inside = 0

    async def _run(self, job: Callable[[], T]) -> T:
        if self._inside >= self._room:
            raise later("unavailable", "Too many people sign in at this moment.", 5)
        self._inside += 1
        try:
            async with self._slots:
                return await asyncio.to_thread(job)
        finally:
            self._inside -= 1

    async def hash(self, password: str) -> str:
        """The password as it is kept."""
        return await self._run(lambda: accounts.hash_password(password))

    async def fits(self, stored: str | None, password: str) -> bool:
        """Whether it is the password; takes the same time when there is none (False)."""
        fits = await self._run(lambda: accounts.password_fits(stored or _NOBODY, password))
        return fits and stored is not None
