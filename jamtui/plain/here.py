"""Which actions do something where one is, and with the row one is on: what the help of plain mode tells."""

from __future__ import annotations

from collections.abc import Callable

from jamtui.model import ForumRow, OutboxRow, PostRow, SearchHit, ThreadRow
from jamtui.notice import InboxRow
from jamtui.plain.markdown import spoken
from jamtui.session import Session
from screens.hints import idle, not_here
from screens.spot import Spot

# Actions without a handler here, and why; a test holds that every other one has its own.
NOT_NEEDED: dict[str, str] = {
    "said": "What is said stands above, and is never cut.",
    "shift-left": "Lines are never cut here: they wrap.",
    "shift-right": "Lines are never cut here: they wrap.",
    **dict.fromkeys(
        ("search-complete", "search-order", "search-older", "search-newer"),
        "It belongs to the search line of the full screen.",
    ),
}
_ONLY_SAID = {"theme", "put-away"}  # they say why there is nothing to do
_WITH_A_POST = {
    *("quote", "edit", "delete", "vote", "unvote", "tags", "save", "link", "copy", "copy-address", "connect"),
    *("connections", "kind", "idea-state", "feature", "unfeature", "report", "moderate", "toggle-read"),
    *("mute", "follow"),  # a #tag and an @person can be named anywhere
}
_WITH_ITS_TEXT = {"quote", "edit", "delete", "link", "connect", "feature", "report"}
_TO_HOST = {"idea-state", "feature", "unfeature"}
_TWO_LISTS = ("threads", "posts", "hits", "inbox")  # beside which a thread stands


def idle_here(
    session: Session,
    spot: Spot,
    row: object,
    *,
    rows: bool,
    post: Callable[[str], PostRow],
    folded: bool,
    undo: bool,
    drafted: bool,
) -> frozenset[str]:
    """Ids of actions that do nothing now. ``row``: the one that one is on, or the post; ``rows``: whether the list has
    any; ``post`` gives one by its id; ``folded``: whether the post hides replies; ``undo``: whether there is something
    to take back; ``drafted``: whether a draft belongs here."""
    row = row.post if isinstance(row, SearchHit) else row
    about = post_id(row)
    there = post(about) if about else None
    locked = there is not None and session.locked_for_me(there)
    out = set(NOT_NEEDED) | _ONLY_SAID
    out |= not_here(
        spot,
        idle(session),
        rows=rows,
        row=there or row,
        locked=locked,
        unread=bool(session.status().unread),
        hits=spot.kind == "hits",
    )
    if there is None:
        out |= _WITH_A_POST
    else:
        hosts = session.hosts(session.forum(there.forum_id))
        out |= _idle_with(there, locked=locked)
        out |= set() if hosts else _TO_HOST if there.mine else {*_TO_HOST, "kind"}
    out |= set() if session.hosts() else {"tag-curate", "tag-merge"}
    out |= {"sort"} if "sort-by" in out else set()
    out |= set() if spot.filter else {"filter-clear"}
    out |= set() if undo else {"undo"}
    out |= set() if drafted else {"discard"}
    if not spot.reading:
        out |= set() if spot.kind in _TWO_LISTS and rows else {"next-pane", "previous-pane"}
        out |= set() if rows and not isinstance(row, OutboxRow) else {"open", "unfold"}
    elif not folded:
        out.add("unfold")
    if isinstance(row, ForumRow) and not row.brief.strip():
        out.add("brief-fold")
    return frozenset(out)


def post_id(row: object) -> str:
    """The id of the post that an action is about; "" for rows that are none."""
    if isinstance(row, PostRow | ThreadRow):
        return row.id
    return row.post_id if isinstance(row, InboxRow) else ""


def _idle_with(post: PostRow, *, locked: bool) -> set[str]:
    """Of actions that are about a post, those that can do nothing to this one."""
    out = set(_WITH_ITS_TEXT) if post.gone else set()
    out |= set() if post.mine and not locked else {"edit", "delete"}
    out |= {"edit"} if post.key < 0 else set()
    out |= {"quote"} if locked else set()
    out |= {"vote"} if post.voted else {"unvote"}
    out |= set() if spoken(post.body).links else {"link"}
    out |= set() if post.links else {"connections"}
    out |= {"kind", "idea-state"} if post.parent_id else set()
    out |= set() if post.featured_for or post.featured else {"unfeature"}
    return out | ({"report"} if post.mine else set())
