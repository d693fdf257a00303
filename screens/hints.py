"""Which keys the last line of the main screen does not offer: those that cannot do anything where one is."""

from __future__ import annotations

from screens.spot import Spot

_WRITING = frozenset(
    {"new-thread", "reply", "quote", "edit", "delete", "vote", "unvote", "tags", "discard"}
)  # actions that change the Jam: no hints for them where one only reads


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
