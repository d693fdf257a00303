"""What moderators and hosts did to the thread that is read, or to the post that is answered, in a line for the reader.

Pure: the main screen keeps what `facts` gave last, and says what `words` makes of the difference.
"""

from __future__ import annotations

from msgspec import Struct

from jamtui.errors import NotFound
from jamtui.model import GONE
from jamtui.session import Session


class Facts(Struct, frozen=True):
    """How a thread stands, and the post in it that is answered ("" for none)."""

    thread: str
    forum: str
    locked: bool
    answered: str = ""
    gone: str = ""  # why the answered post is no longer there


def facts(session: Session, thread: str, answered: str) -> Facts | None:
    """None when the thread is not there."""
    try:
        opener = session.post(thread)
        gone = session.post(answered).gone if answered else ""
    except NotFound:
        return None
    return Facts(thread, opener.forum_id, opener.locked, answered, gone)


def words(session: Session, before: Facts | None, after: Facts | None) -> str:
    """What happened, as far as it makes a difference to who reads or writes there; "" for nothing of the kind."""
    if before is None or after is None or before.thread != after.thread:
        return ""
    told = []
    if after.locked and not before.locked:
        told.append("This thread is locked now: it takes no more replies")
    if before.locked and not after.locked:
        told.append("This thread takes replies again")
    if after.forum != before.forum:
        told.append(f"This thread was moved to {session.forum(after.forum).title}")
    if after.gone and before.answered == after.answered and not before.gone:
        told.append(f"What you answer was {GONE[after.gone]}")
    return ". ".join(told)
