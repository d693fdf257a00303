"""How far this machine's clock is from the server's, as it was last heard: kept beside the mirror.

The hours of a Jam are meant by the server's clock. A laptop whose clock is an hour off would close the Jam to its
person an hour early, and say so.
"""

from __future__ import annotations

from datetime import datetime, timedelta

CLOCK = "clock"  # in the mirror's ``meta``: seconds ahead, and when that was heard by this machine's clock
_KEPT = timedelta(days=1)  # a clock may be put right meanwhile
_LEAST = timedelta(seconds=30)  # the Date of an answer has whole seconds, and was on its way


def clock_error(kept: str, now: datetime) -> timedelta:
    """How far ahead this machine's clock is; zero while that is not known, or too little to tell."""
    seconds, _, at = kept.partition(" ")
    try:
        error, heard = timedelta(seconds=int(seconds)), datetime.fromisoformat(at)
        # Heard by a clock that was put right since: what it told of itself is over.
        fresh = abs(now - heard) < _KEPT
    except (ValueError, OverflowError, TypeError):
        return timedelta(0)
    return error if fresh and abs(error) >= _LEAST else timedelta(0)
