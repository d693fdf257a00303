"""Where one is, for the full screen and for plain mode: no screen library is known here."""

from __future__ import annotations

from typing import Literal

from msgspec import Struct

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
