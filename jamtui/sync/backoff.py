"""How long to wait before the next try: exponential with full jitter, 1 s to 120 s, or what the server asks for.

Two minutes are for a server that has too much to do. Where none was reached (no network, nobody listens, a captive
portal answers), or a connection that was good is lost, who sits before it wants to be back: there, 20 s are the most.
"""

from __future__ import annotations

import random

SHORTEST = 1.0
LONGEST = 120.0
NEAR = 20.0  # the longest where no server was reached
_BRIEF = 10.0  # seconds; a connection that ends sooner counts as failed, even when it ended without an error
_STEADY = 60.0  # seconds that a connection must have lived for its loss to count as the first


class Backoff:
    """Counts failures. The same ``rng`` gives the same waits."""

    def __init__(self, rng: random.Random) -> None:
        self._rng = rng
        self.failures = 0

    def worked(self, seconds: float) -> None:
        """A connection lived that long; after a steady one the count begins anew."""
        if seconds >= _STEADY:
            self.failures = 0

    def ended(self, lived: float, asked: float | None = None, *, reached: bool = True) -> float:
        """Seconds to wait after a connection that lived so long and ended without an error.

        Never none: this may be how a server or a proxy ends every stream. ``asked`` and ``reached`` as in `next`.
        """
        self.worked(lived)
        if self.failures or lived < _BRIEF:
            return self.next(asked, reached=reached)
        return max(asked or 0.0, SHORTEST + self._rng.random())

    def reset(self) -> None:
        self.failures = 0

    def next(self, asked: float | None = None, *, reached: bool = True) -> float:
        """Seconds to wait now. ``asked`` is Retry-After, already capped by the client at 15 minutes; ``reached``: the
        server heard of the try and did not take it, as far as can be known."""
        self.failures += 1
        ceiling = min(LONGEST if reached else NEAR, 2.0 ** min(self.failures, 10))
        return max(asked or 0.0, SHORTEST + self._rng.random() * (ceiling - SHORTEST))
