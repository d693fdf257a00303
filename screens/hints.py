"""Which keys and places the main screen does not offer: those that can do nothing where one is, or for who reads."""

from __future__ import annotations

from time import monotonic

from jamtui.event import PHASED, Act, things
from jamtui.model import OutboxRow, PostRow, ThreadRow
from jamtui.notice import InboxRow
from jamtui.session import Session
from jamtui.store.own import TEXTS
from screens.spot import Spot

# Actions that change the Jam: no hints for them where they are not taken. A draft can be discarded at any time.
ACTS = {
    "new-thread": Act.THREADS,
    "reply": Act.REPLIES,
    "quote": Act.REPLIES,
    "edit": Act.EDITS,
    "delete": Act.EDITS,
    "vote": Act.VOTES,
    "unvote": Act.VOTES,
    "tags": Act.TAGS,
    "connect": Act.LINKS,
}
KEPT = 1.0  # seconds
_HOSTING = frozenset({"brief", "brief-history", "announce", "poll", "unanswered", "hand-over"})  # what only hosts do
# What hosts do longer than others write.
_OF_HOSTS = {"poll": Act.POLLS, "tag-curate": Act.STEERING, "tag-merge": Act.STEERING}
_ABOUT_ONESELF = frozenset(
    {"mentions", "outbox", "profile", "my-data", "delete-account", "tag-curate", "tag-merge"}
)  # places that have nothing for who has no name in the Jam
_ENTERING = frozenset({"sign-in"})
_MODERATING = frozenset({"moderate", "audit"})  # for hosts and moderators alone


def idle(session: Session) -> frozenset[str]:
    """Ids of actions that can do nothing for this reader now, wherever one is: they say why when one tries."""
    everything = bool(session.refusal())  # a guest, an archive, a Jam that takes nothing now
    stood = session.standing()
    hours = stood.refused if stood is not None else {}
    refused = {action for action, act in ACTS.items() if everything or act in hours}
    return (
        frozenset(
            refused
            | {action for action, act in _OF_HOSTS.items() if act in hours}
            | ({"discard"} if session.only_reads() else set())
        )
        | (_ABOUT_ONESELF if session.me.guest else frozenset())
        | (frozenset() if not session.known.local and (session.me.guest or session.signed_out) else _ENTERING)
        | (frozenset() if session.hosts() else _MODERATING | _HOSTING)
    )


def why_idle(session: Session) -> str:
    """Why `idle` has what it has, in a sentence without a full stop; "" when it has nothing."""
    refused = [found for act in PHASED if (found := session.refused(act)) is not None and found.phase is not None]
    if session.refusal() or not refused or refused[0].phase is None:
        return session.refusal()
    return f"The phase “{refused[0].phase.title}” does not take {things([one.act for one in refused])}"


class Facts:
    """What hints ask of a session beside the row under the cursor: looked at once for the keys that only move it. The
    screen drops them with all that changes; what nobody tells, such as the time, counts within `KEPT` seconds."""

    def __init__(self, session: Session) -> None:
        self._session = session
        self._until = monotonic() + KEPT
        self._locked: dict[str, bool] = {}  # by the thread
        self.idle = idle(session)
        self.unread = any(row.unread for row in session.forums())

    @property
    def hold(self) -> bool:
        """Whether they are still to be gone by."""
        return monotonic() < self._until

    def locked(self, row: object) -> bool:
        """Whether nothing may be written in the thread that the row is, or is in."""
        if isinstance(row, ThreadRow):
            return row.locked and self._session.locked_for_me(row)
        if not isinstance(row, PostRow):
            return False
        if row.thread_id not in self._locked:
            self._locked[row.thread_id] = self._session.locked_for_me(row)
        return self._locked[row.thread_id]


def not_here(
    spot: Spot,
    idle: frozenset[str],
    *,
    rows: bool,
    row: object = None,
    locked: bool = False,
    unread: bool = True,
    hits: bool = False,
) -> set[str]:
    """Ids of actions. ``idle``: those that can do nothing anywhere; ``rows``: whether the list has any, and ``row`` the
    one under the cursor, of the list or the thread; ``locked``: nothing may be written in its thread; ``unread``:
    whether anything is; ``hits``: those of a search are gone through."""
    out = set(idle)
    if not spot.reading and not rows:
        out |= {"open", "retry", "reopen", "drop", "next"}
    has_post = isinstance(row, ThreadRow | PostRow) or (isinstance(row, InboxRow) and bool(row.post_id))
    gone = isinstance(row, ThreadRow | PostRow) and bool(row.gone)
    if not has_post or gone:
        out |= {"reply", "vote", "tags"}
    if isinstance(row, ThreadRow | PostRow) and row.voted:
        out.add("vote")
    if locked:
        out |= {"reply", "tags"}
    if not (spot.forum if spot.kind == "threads" else spot.kind == "forums" and rows):
        out.add("new-thread")
    sorted_elsewhere = spot.kind not in ("forums", "threads") or spot.place in ("hot", "unanswered")
    if sorted_elsewhere:
        out |= {"sort-by"} if spot.kind == "inbox" else {"sort-by", "filter"}
    if spot.kind == "outbox":
        out.add("read-on")
    if spot.kind in ("people", "outbox") or (not unread and not hits and spot.place != "plan"):
        out.add("next")
    if spot.kind == "forums" and not hits:
        out.add("back")
    if isinstance(row, OutboxRow):
        out |= _not_with(row)
    return out


def _not_with(row: OutboxRow) -> set[str]:
    """Of a row of the outbox: an act has no text to change, and mostly no post to open."""
    out = set() if row.kind in TEXTS else {"reopen"}
    return out if row.post_id or row.code == "version_conflict" else out | {"open"}
