"""Which keys and places the main screen does not offer: those that can do nothing where one is, or for who reads."""

from __future__ import annotations

from jamtui.session import Session
from screens.spot import Spot

_WRITING = frozenset(
    {"new-thread", "reply", "quote", "edit", "delete", "vote", "unvote", "tags", "discard"}
)  # actions that change the Jam: no hints for them where one only reads


_ABOUT_ONESELF = frozenset(
    {"mentions", "outbox", "profile", "tag-curate", "tag-merge"}
)  # places that have nothing for who has no name in the Jam


def idle(session: Session) -> frozenset[str]:
    """Ids of actions that can do nothing for this reader, wherever one is: they say why when their key is pressed."""
    return (_WRITING if session.refusal() else frozenset()) | (_ABOUT_ONESELF if session.me.guest else frozenset())


def not_here(spot: Spot, *, may_write: bool, rows: bool) -> set[str]:
    """Ids of actions. ``may_write``: whether this person may write now; ``rows``: whether the list has any."""
    out = set() if may_write else set(_WRITING)
    if spot.reading:
        out.add("open")
    elif spot.kind in ("forums", "people"):
        out |= {"reply", "vote", "tags"}
    elif not rows:
        out |= {"open", "retry", "reopen", "drop", "reply", "vote", "tags"}
    return out
