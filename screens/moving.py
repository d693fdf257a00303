"""The main screen, reading half: opening rows, reading on to what is unread, going through the places and back."""

from __future__ import annotations

from msgspec.structs import replace
from textual import on

from jamtui.actions import SORTS
from jamtui.errors import UsageError
from jamtui.model import ForumRow, OutboxRow, PostRow, ThreadRow
from screens.spot import Spot
from screens.view import View
from widgets.row_list import RowList
from widgets.status_line import Tabs


def thread_of(row: ThreadRow | PostRow) -> str:
    return row.id if isinstance(row, ThreadRow) else row.thread_id


class Moving(View, part=True):
    """Mixed into `screens.jam.JamScreen`, over `View`."""

    @on(RowList.Opened)
    def opened(self, message: RowList.Opened) -> None:
        if message.row_list is self.list_now:
            with self.in_words():
                self.open_row()

    @on(Tabs.Chosen)
    def place_clicked(self, message: Tabs.Chosen) -> None:
        self.to_place(message.place)

    # -- opening and reading on

    def open_row(self) -> None:
        """Opens what is under the cursor of the list."""
        row = self.list_now.cursor_row
        if isinstance(row, ForumRow):
            self.go(replace(self.spot, forum=row.id, thread="", reading=False))
        elif isinstance(row, ThreadRow):
            self.go(replace(self.spot, thread=row.id, reading=True), unread=bool(row.unread))
        elif isinstance(row, PostRow):
            self.go(replace(self.spot, thread=row.thread_id, reading=True), post=row.id)
        elif isinstance(row, OutboxRow):
            self.open_post(row.post_id)

    def open_post(self, post_id: str) -> None:
        """Goes to a post in its forum and thread, wherever one was."""
        post = self.session.post(post_id)
        spot = replace(self.spot, place="forums", forum=post.forum_id, thread=post.thread_id, reading=True)
        self.go(spot, post=post.id)
        key = self.session.key(post.thread_id)
        if key is not None:
            self.list_now.go_to(key)

    def open_next_unread(self) -> bool:
        """The next thread with something unread, in this forum or a later one; False when all is read."""
        self._list_unlisted()
        spot, row = self.spot, self.list_now.cursor_row
        forum, thread = spot.forum, spot.thread
        if spot.kind == "forums":
            forum, thread = (row.id if row is not None else ""), ""
        elif not spot.reading and isinstance(row, ThreadRow | PostRow):
            if row.unread:
                self.open_row()
                return True
            forum, thread = row.forum_id, row.id if isinstance(row, ThreadRow) else ""
        if spot.kind == "posts":
            if self._next_in_list():
                return True
            if spot.reading:
                forum = self.session.post(thread).forum_id
        self._passed |= {thread} if self.session.explore else set()
        found = self.session.next_unread(forum, thread, self._passed)
        if found is None:
            return False
        self.go(replace(spot, place="forums", forum=found[0], thread=found[1], reading=True), unread=True)
        if found[0] != forum:
            self.say(f"On in {self._forum_title(found[0])}", "fact")
        key = self.session.key(found[1])
        if key is not None:
            self.list_now.go_to(key)
        return True

    def open_beside(self, direction: int) -> bool:
        """From the thread that is read to the next one of the list, or the one before; False at its end."""
        rows, here = self.list_now, self.spot.thread
        at = rows.cursor_index
        ahead = range(at + 1, len(rows.keys)) if direction > 0 else range(at - 1, -1, -1)
        fetch = self.session.threads if self.spot.kind == "threads" else self.session.posts
        for start in range(0, len(ahead), 128):
            window = [rows.keys[index] for index in ahead[start : start + 128]]
            row = next((one for one in fetch(window) if thread_of(one) != here), None)
            if row is not None:
                self.forget_hits()
                rows.go_to(row.key)
                self.open_row()
                return True
        return False

    def nothing_unread(self) -> str:
        """What is said when reading on finds nothing more. The post under the cursor may not be read to its end."""
        key = self.reader.cursor_key if self.spot.reading else None
        here = self.session.posts([key]) if key is not None else []
        return "Nothing else is unread" if any(row.unread for row in here) else "All read"

    def _next_in_list(self) -> bool:
        """Reading on from a post of a list of posts: the next one there, below or above, that is unread."""
        rows = self.list_now
        at, keys = rows.cursor_index, list(rows.keys)
        order = keys[at + 1 :] + keys[: max(at, 0)]
        for start in range(0, len(order), 128):
            window = self.session.posts(order[start : start + 128])
            row = next((one for one in window if one.unread and one.thread_id not in self._passed), None)
            if row is not None:
                self._passed |= {row.thread_id} if self.session.explore else set()
                rows.go_to(row.key)
                self.open_row()
                return True
        return False

    def to_place(self, place: str) -> None:
        """One of the six places. Going to where one is goes to its root."""
        self.forget_hits()
        forum = "" if place == "forums" else self.spot.forum
        if place != "forums" and self.spot.place == "forums":
            self.session.set_place("forum", self.spot.forum)
        self.go(Spot(place, forum, sort=self.spot.sort))

    def back(self) -> bool:
        """One step out; False at the root."""
        spot = self.spot
        if self.hits is not None:
            self.back_to_search()
        elif spot.reading:
            self.go(replace(spot, reading=False))
        elif spot.kind == "threads":
            self.go(replace(spot, forum="", thread="", reading=False))
        elif spot.place != "forums":
            self.go(replace(spot, place="forums", forum="", thread="", reading=False))
        else:
            return False
        return True

    def sort_by(self, order: str) -> None:
        if order not in SORTS:
            raise UsageError("no such order", f"One of: {', '.join(SORTS)}.")
        self.session.keep_order(self.spot.forum, order)
        self.go(replace(self.spot, sort=order))
