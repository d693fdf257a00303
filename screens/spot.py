"""Where one is in the main screen, and the reader that knows whether one reads or only looks."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Literal

from widgets.thread_reader import ThreadReader


@dataclass(frozen=True, slots=True)
class Spot:
    """Where one is. ``forum`` "" is the list of forums, ``thread`` "" none; ``reading``: the thread has the keys."""

    place: str = "forums"
    forum: str = ""
    thread: str = ""
    reading: bool = False
    sort: str = "active"
    filter: str = ""  # what the threads are narrowed to, as typed
    about: str = ""  # the id of the person whose page this is
    back: str = ""  # the place that a page was opened from

    @property
    def kind(self) -> Literal["forums", "threads", "posts", "outbox", "people"]:
        """What kind of rows the list at the left has."""
        if self.place == "forums":
            return "threads" if self.forum else "forums"
        if self.place in ("all", "hot"):
            return "threads"
        if self.place == "people":
            return "people"
        return "outbox" if self.place == "outbox" else "posts"

    @property
    def list_name(self) -> str:
        """The name under which the cursor of the list is kept."""
        return f"forum:{self.forum}" if self.forum and self.kind == "threads" else f"list:{self.place}{self.about}"


class Reader(ThreadReader):
    """The thread of this screen. While it only previews what the list stands on, nothing in it counts as read."""

    previewing = True
    mark: Callable[[frozenset[int]], None] = staticmethod(lambda keys: None)

    def _report_seen(self) -> None:
        if not self.previewing:
            super()._report_seen()

    def tell_seen(self, keys: frozenset[int]) -> None:
        """On the disk at once: what was read stays read, however the program ends. The message comes after it."""
        self.mark(keys)
        super().tell_seen(keys)
