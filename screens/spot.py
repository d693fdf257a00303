"""Where one is, for the full screen and for plain mode: no screen library is known here.

What a list holds, and what is said where it holds nothing, is decided here for both.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Literal

from msgspec import Struct

from jamtui.event import Act

if TYPE_CHECKING:
    from jamtui.session import Session

Kind = Literal["forums", "threads", "posts", "people", "outbox", "hits", "inbox"]
# Of places; all others have posts.
_KINDS: dict[str, Kind] = {
    "people": "people",
    "outbox": "outbox",
    "hits": "hits",
    "inbox": "inbox",
    "all": "threads",
    "hot": "threads",
    "unanswered": "threads",
}
# By place; with names of actions in braces where their keys belong.
_EMPTY = {
    "live": "Nothing was posted yet.",
    "mentions": "Nobody answered you or named you yet.",
    "followed": "Nothing there yet.\n{follow} follows a thread, :follow #tag a tag, :follow @person a person.",
    "featured": "Nothing is featured yet.\nHosts feature what is worth everybody's time, and say why.",
    "saved": "Nothing saved yet.\n{save} keeps a post here.",
    "hot": "No threads here yet.",
    "unanswered": "Everything in your forums has an answer.",
}


class Spot(Struct, frozen=True):
    """Where one is. ``forum`` "" is the list of forums, ``thread`` "" none; ``reading``: the thread has the keys."""

    place: str = "forums"
    forum: str = ""
    thread: str = ""
    reading: bool = False
    sort: str = "active"
    filter: str = ""  # what the threads are narrowed to, as typed
    about: str = ""  # the id of the person whose page this is; what the inbox is narrowed to
    back: str = ""  # the place that a page was opened from

    @property
    def kind(self) -> Kind:
        """What kind of rows the list has. ``hits`` are a list of plain mode alone."""
        if self.place == "forums":
            return "threads" if self.forum else "forums"
        return _KINDS.get(self.place, "posts")

    @property
    def list_name(self) -> str:
        """The name under which the cursor of the list is kept."""
        return f"forum:{self.forum}" if self.forum and self.kind == "threads" else f"list:{self.place}{self.about}"


def keys_of(session: Session, spot: Spot) -> Sequence[str] | Sequence[int]:
    """The keys of the list, read anew; ids where its rows are no posts. Of lists that whoever shows them holds (people,
    hot, plan, hits, inbox) there are none."""
    if spot.kind == "forums":
        return [row.id for row in session.forums()]
    if spot.kind == "outbox":
        return [row.id for row in session.outbox()]
    match spot.place:
        case "forums" | "all":
            return session.thread_keys(spot.forum or None, spot.sort, session.filter(spot.filter))
        case "unanswered":
            return session.unanswered_keys()
        case "live":
            return session.live_keys()
        case "mentions":
            return session.mention_keys()
        case "followed":
            return session.followed_keys()
        case "featured":
            return session.featured_keys()
        case "saved":
            return session.saved_keys()
        case "person":
            return session.person(spot.about).keys
    return ()


def empty_words(session: Session, spot: Spot) -> str:
    """What is said where a list of threads or posts has no row; "" where whoever shows it has words of its own."""
    if spot.kind == "threads" and spot.filter:
        return "Nothing fits.\n{filter} changes the filter, {filter-clear} clears it."
    if spot.place in ("forums", "all") and spot.kind == "threads":
        first = "" if session.refusal(Act.THREADS) else "\n{new-thread} opens the first."
        return f"No threads here yet.{first}"
    return _EMPTY.get(spot.place, "")
