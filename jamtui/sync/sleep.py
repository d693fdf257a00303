"""Notices that the machine slept, or that this process was stopped: whatever was connected then is likely dead.

A timer that was set before a sleep goes on where it stood, so that nothing is noticed by waiting: a half-open
connection would be believed for 45 seconds after the lid was opened, and a long wait for the next try go on as if no
time had passed. Clocks differ, though: some go on during a sleep, the one that timers follow does not.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence

ASLEEP = 5.0  # seconds that clocks differ when the machine slept; less is no reason to leave a connection
STOPPED = 30.0  # seconds that a look comes too late when the process was stopped; a busy machine is late, too


def clocks() -> list[Callable[[], float]]:
    """Clocks in seconds that go on while the machine sleeps. The wall clock alone knows of a virtual machine that
    stood still; when somebody sets it, one connection is made anew, which does no harm."""
    found: list[Callable[[], float]] = [time.time]
    if hasattr(time, "CLOCK_BOOTTIME"):  # Linux
        found.append(lambda: time.clock_gettime(time.CLOCK_BOOTTIME))
    return found


class SleepWatch:
    """Ask it now and then (`slept`), at most ``every`` seconds apart as timers have it."""

    def __init__(
        self,
        every: float,
        going_on: Sequence[Callable[[], float]] | None = None,
        timers: Callable[[], float] = time.monotonic,
    ) -> None:
        self._every = every
        self._clocks = [timers, *(clocks() if going_on is None else going_on)]
        self._last = [clock() for clock in self._clocks]
        self._asleep = 0.0  # seconds in which timers stood still

    def clock(self) -> float:
        """Seconds that go on in a sleep, as far as one was noticed."""
        return self._clocks[0]() + self._asleep

    def slept(self) -> float:
        """Seconds of absence since it was asked last; 0 when there was none to speak of."""
        now = [clock() for clock in self._clocks]
        passed = [after - before for after, before in zip(now, self._last, strict=True)]
        self._last = now
        # Stopped (Ctrl-Z, SIGSTOP): timers went on, but nobody looked. Asleep: they stood while the others went on.
        late = passed[0] - self._every
        asleep = max((one - passed[0] for one in passed[1:]), default=0.0)
        asleep = asleep if asleep >= ASLEEP else 0.0
        self._asleep += asleep
        return max(late if late >= STOPPED else 0.0, asleep)
