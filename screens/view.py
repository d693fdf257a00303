"""The main screen, reading half: going somewhere, keeping the place, and what changes meanwhile."""

from __future__ import annotations

import asyncio
import contextlib
import json
from collections.abc import Sequence
from time import monotonic
from typing import Any

from msgspec.structs import asdict, replace
from textual import on
from textual.app import ComposeResult

from jamtui.actions import SORTS, Where
from jamtui.errors import NotFound
from jamtui.mod_rows import ThreadFacts
from jamtui.model import Changed, PostRow, ThreadIndex, ThreadRow
from jamtui.notice import InboxRow
from screens.messages import HitsFound, JamChanged
from screens.panes import PLACES, Panes
from screens.rail import RailList
from screens.spot import Spot, empty_words, keys_of
from widgets.bindings import bindings, rebind
from widgets.lists import ForumList
from widgets.row_list import RowList
from widgets.rows import count, one_line
from widgets.thread_reader import ThreadReader

PREVIEW_AFTER = 0.06  # seconds the cursor of a list must rest before the thread beside it is drawn
KEEP_AFTER = 0.1  # seconds from a move to when it is kept; it is on the disk as long after
BESIDE = 0.2  # seconds between two looks at what others changed in a list beside a thread that is read
LOOK = 1.0  # seconds between looks at what another jamtui wrote
TICK = 20.0  # seconds between looks at the clock for ages and the time left
_THREADED = ("threads", "posts", "inbox")  # kinds of lists beside which a thread stands


class View(Panes, part=True):
    """Where one is, and how it stays right. `screens.moving` opens rows and reads on."""

    BINDINGS = bindings(Where.JAM)
    _landed = False  # the cursor of the list went to another row, and nothing is done about it yet
    _seen_posts: frozenset[int] = frozenset()  # what was read, and is not shown as read yet
    places: tuple[str, ...] = ("inbox", *PLACES, "followed", "featured")  # that one comes back to at the next start
    _unlisted: Changed | None = None  # what others changed since the list was read
    _list_read = 0.0  # when that was, by the clock that is never set
    _keeping: asyncio.TimerHandle | None = None  # until what moved is kept
    _moved_it = ""  # the thread that the reader merged or took apart last
    _answered = ""  # the post that is being answered
    _stood: ThreadFacts | None = None  # how what is read or answered stood when it was looked at last
    _left = False  # the program ends: what moves from here on is the lists that go

    def compose(self) -> ComposeResult:
        self.spot = self._remembered()
        yield from super().compose()

    def on_mount(self) -> None:
        for node in self.query("*"):
            rebind(node, self.keymap)
        self._fill_list()
        self.reader.on_moved = self._keep_soon
        self.reader.previewing = not self.spot.reading
        if self.spot.thread:
            self._fill_thread(self.spot.thread)
        self._clear_where_empty()
        self._arrange()
        self.call_after_refresh(self._show_activity)  # not before the first frame: it counts posts
        self.session.hours_news()  # how it stands now is no news
        if not self._frozen:
            self.set_interval(TICK, self._tick, name="clock")
            self.set_interval(LOOK, self.look, name="look")

    def _remembered(self) -> Spot:
        """The last spot, as far as it still is there."""
        kept = self.session.place("spot")
        try:
            spot = Spot(**json.loads(kept)) if kept else Spot()
            if spot.place not in self.places:
                return self._in_its_forum(spot.thread) if spot.reading else Spot()
            if spot.sort not in SORTS:
                return Spot()
            if spot.forum:
                self.session.forum(spot.forum)
            if spot.thread:
                self.session.post(spot.thread)
                spot = replace(spot, thread=self.session.thread_of(spot.thread))
        except (ValueError, TypeError, NotFound):  # written by another version, or gone since
            return Spot()
        return spot

    def _in_its_forum(self, thread_id: str) -> Spot:
        """A thread that was read in a list that is for now only. Raises `NotFound`."""
        forum = self.session.post(thread_id).forum_id
        spot = Spot("forums", forum, thread_id, True, self.session.order_of(forum))
        self.session.set_place(spot.list_name, thread_id)
        return spot

    def look(self) -> None:
        """Shows what another jamtui on this mirror marked or brought."""
        if self.session.changed_elsewhere():
            self.reload()

    def _show_activity(self) -> None:
        rows = self.list_now
        if isinstance(rows, ForumList):
            rows.show_activity(self.session.activity())
            self._draw_card()

    def _tell_hours(self) -> None:
        if news := self.session.hours_news():
            self.say(news, "fact", lasting=self.writing)  # who writes looks elsewhere, and the next key is near

    def _tick(self) -> None:
        self._tell_hours()
        self._show_activity()
        self._refresh_lines()
        self.list_now.redraw()
        self.reader.redraw()

    # -- going somewhere

    def go(self, spot: Spot, *, post: str = "", unread: bool = False) -> None:
        """Goes there. ``post`` is the post to go to; ``unread`` goes to the first unread one; else the place kept."""
        if spot.forum != self.spot.forum and spot.sort == self.spot.sort:
            spot = replace(spot, sort=self.session.order_of(spot.forum))
        self._keep_place()
        self._list_unlisted()
        if spot.thread and (thread := self.session.thread_of(spot.thread)) != spot.thread:  # it was merged
            spot, post = replace(spot, thread=thread), post or self._post_in(spot.thread)
        before, self.spot = self.spot, spot
        self._stop_resting()
        if before.reading:
            if not spot.reading or spot.thread != before.thread:
                self.reader.leave()
            self.reader.previewing = True  # what it showed is told; what was only previewed is not seen by opening it
        if replace(before, thread="", reading=False) != replace(spot, thread="", reading=False):
            self._fill_list()
        if spot.thread and (spot.thread != self._shown or post or unread):
            self._fill_thread(spot.thread, post, unread=unread)
        self._clear_where_empty()
        self.reader.previewing = not spot.reading
        self._arrange()
        self._keep_spot()
        if spot.kind == "forums" and before.kind != "forums":
            self.call_after_refresh(self._show_activity)
        if before.reading and not spot.reading:
            self.call_later(self.reload)  # the list beside it tells what was read

    def _post_in(self, thread_id: str) -> str:
        """The post at which one was in a thread that stands in another now."""
        return self.session.place(f"thread:{thread_id}").partition(":")[0] or thread_id

    def _keep_spot(self) -> None:
        self.session.set_place("spot", json.dumps(asdict(self.spot)))

    def _fill_list(self) -> None:
        """Reads the keys of the list anew and puts its cursor where it was left."""
        rows, keys = self.list_now, self._keys()
        kept = self.session.place(self.spot.list_name)
        cursor: str | int | None = kept
        if kept and self.spot.kind in ("threads", "posts"):
            cursor = self.session.key(kept)
        above = self.session.place(f"above:{self.spot.list_name}")
        rows.set_rows(keys, cursor=cursor or None, above=int(above) if above.isdecimal() else None)
        words = empty_words(self.session, self.spot) or ("Nothing here yet." if self.spot.kind == "posts" else "")
        if words:
            rows.empty = self.keymap.fill(words)

    def _keys(self) -> Sequence[str] | Sequence[int]:
        return keys_of(self.session, self.spot)

    def _fill_thread(self, thread_id: str, post: str = "", *, unread: bool = False) -> None:
        index = self.session.thread_index(thread_id)
        self._shown = thread_id
        self._arrived = 0
        key = self.session.key(post) if post else None
        if key is None and unread:
            key = next((one for one in index.keys if one in index.unread), None)
        line = 0
        if key is None:
            kept, _, at = self.session.place(f"thread:{thread_id}").partition(":")
            key = self.session.key(kept) if kept else None
            line = int(at) if key is not None and at.removeprefix("-").isdecimal() else 0  # negative: above the post
        self.reader.set_thread(index, cursor=key, line=line, words=self.sought())
        self._stood = None
        self.call_later(self._tell_meanwhile)  # from how it stands now on

    def _clear_where_empty(self) -> None:
        """Beside a list without rows no thread stands: it would be one of another list."""
        spot = self.spot
        if spot.reading or self.writing or self.list_now.keys or spot.kind not in _THREADED:
            return
        self.spot = replace(spot, thread="")
        self._shown = ""
        self.reader.set_thread(ThreadIndex("", (), (), (), frozenset()))

    def _keep_soon(self) -> None:
        """Something moved: a moment later it is kept where, however the program ends then."""
        if self._keeping is None and not self._left:
            self._keeping = asyncio.get_running_loop().call_later(KEEP_AFTER, self._keep_now)

    def _keep_now(self) -> None:
        self._keeping = None
        with self.in_words():
            self._keep_place()

    def _keep_place(self) -> None:
        """Where one is in the list, and in the thread while it is read."""
        rows = self.list_now
        row = rows.cursor_row
        if row is not None:
            self.session.set_place(self.spot.list_name, row.id)
            self.session.set_place(f"above:{self.spot.list_name}", str(rows.rows_above))
        post = self.reader.cursor_row
        if self.spot.reading and self._shown and post is not None:
            self.session.set_place(f"thread:{self._shown}", f"{post.id}:{self.reader.cursor_line}")

    def _keep_no_more(self) -> None:
        if self._keeping is not None:
            self._keeping.cancel()
            self._keeping = None

    def on_unmount(self) -> None:
        self._keep_no_more()

    def leave(self) -> None:
        """Keeps where one was; called before the program ends."""
        self._keep_no_more()  # the lists go before the screen does: later there is nothing left to keep
        self._left = True
        self._keep_place()
        if self.spot.reading:
            self.reader.leave()
        self._keep_spot()

    # -- what others and we ourselves changed

    @on(JamChanged)
    def jam_changed(self, message: JamChanged) -> None:
        changed = message.changed
        if changed.everything:
            self._titles = {}
        if changed.sent:
            self._tell_sent(changed.sent)
        if changed.everything or changed.records:
            self._tell_hours()  # an organiser may have changed them
        with self.session.at_once():
            if changed == Changed(status=True):
                self._refresh_lines()
            elif changed.everything or changed.outbox or changed.reading:
                self.reload()
            elif self.spot.reading and not self._frozen and monotonic() < self._list_read + BESIDE:
                # Nobody moves in it: while posts arrive by the hundred, it has a few frames a second.
                if self._unlisted is None:
                    self.set_timer(BESIDE, self._list_unlisted, name="list")
                self._unlisted = changed if self._unlisted is None else self._unlisted | changed
                if self._reload_thread(changed):
                    self._refresh_right_head()
                self._refresh_status()
            else:
                self.reload(changed)

    def _list_unlisted(self) -> None:
        """Before somebody looks at the list, or soon after what others changed in it."""
        if self._unlisted is not None:
            with self.in_words(), self.session.at_once():
                self._reload_list(self._unlisted)
                self._refresh_lines()

    @on(HitsFound)
    def answered_anew(self, message: HitsFound) -> None:
        self.hits_found(message.found)

    def _tell_sent(self, ids: frozenset[str]) -> None:
        """Says what went out after it had waited: nobody notices a counter that vanishes."""
        words = count(len(ids), "write", "writes")
        if len(ids) == 1:
            with contextlib.suppress(NotFound):
                post = self.session.post(next(iter(ids)))
                words = one_line(post.title) or one_line(post.body[:200])
        self.say(f"Sent: {words}", lasting=True)

    def reload(self, changed: Changed | None = None) -> None:
        """Reads again what is seen, of it only what ``changed``. Nothing moves: list and reader stay on their rows."""
        self.ask_anew()
        listed = changed if changed is None or self._unlisted is None else changed | self._unlisted
        self._reload_list(listed)
        self._reload_thread(changed)
        self._refresh_lines()

    def _touched(self, changed: Changed | None) -> Any:
        if changed is not None and self.spot.kind in ("threads", "posts"):
            return self.session.keys(changed.threads | changed.posts)
        return None

    def _reload_list(self, changed: Changed | None) -> None:
        self._unlisted, self._list_read = None, monotonic()
        rows = self.list_now
        before = rows.cursor_row
        keys = self._keys()
        now: Any = rows.cursor_key
        if isinstance(before, ThreadRow | PostRow):
            # It has another key when it left the outbox, and when the mirror was fetched anew.
            now = self.session.key(before.id)
        rows.update_rows(keys, self._touched(changed), cursor=now)
        self._clear_where_empty()
        if self._carded() is not self.has_class("-card"):
            self._arrange()
        else:
            self._fit_list()
        self._draw_card()

    def _reload_thread(self, changed: Changed | None) -> bool:
        """Whether it was touched."""
        here = changed is None or self._shown in changed.threads
        if not self._shown or not here or self.spot.kind not in _THREADED:
            return False
        row = self.reader.cursor_row
        if (thread := self.session.thread_of(self._shown)) != self._shown:
            self._go_with(self.session.thread_of(row.id) if row is not None else thread, "was merged into another")
            return True
        if row is not None and row.key > 0 and (self.spot.reading or self.writing):  # not what waits in the outbox
            thread = self.session.thread_of(row.id)
            if thread != self._shown and self.session.key(row.id) is not None:
                self._go_with(thread, "is apart again")
                return True
        try:
            index = self.session.thread_index(self._shown)
        except NotFound:
            self._shown = ""
            self.go(replace(self.spot, thread="", reading=False))
        else:
            self._arrived += self.reader.update_thread(index, self._touched(changed))
            self._tell_meanwhile()
        return True

    def _go_with(self, thread: str, what: str) -> None:
        """The post where one is stands in another thread now: that one is shown, with the post on its line."""
        self.spot = replace(self.spot, thread=thread)
        known, self._moved_it = self._moved_it == self._shown, ""
        self._shown, self._arrived = thread, 0
        self.reader.update_thread(self.session.thread_index(thread))
        self._keep_spot()
        if (self.spot.reading or self.writing) and not known:  # that one did it, and how to take it back, is said
            self.say(f"This thread {what}: you are where you were", "fact", lasting=True)

    def _tell_meanwhile(self) -> None:
        """Says what others did to the thread that is read, or to the post that is answered."""
        there = self._shown if self.spot.reading or self.writing else ""
        before, self._stood = self._stood, self.session.thread_facts(there, self._answered) if there else None
        if told := self.session.meanwhile(before, self._stood):
            self.say(told, "warning", "your text is kept" if self.writing else "", lasting=True)

    # -- events of the panes

    @on(RowList.Highlighted)
    def highlighted(self, message: RowList.Highlighted) -> None:
        if message.row_list is not self.list_now:
            return
        if not self._landed:
            self._landed = True
            self.after_frame(self._land)
        if self.spot.kind != "threads":  # what stands above threads goes with the forum and the thread beside
            self._refresh_heads()

    def _land(self) -> None:
        """The cursor of the list is on another row: what has time until that is seen."""
        self._landed = False
        self._refresh_hints()
        self._draw_card()
        self._stop_resting()
        if self.spot.kind == "inbox":
            self._arrange()  # a card, or a thread
        if self.wide and not self.spot.reading and self.spot.kind in _THREADED:
            self._resting = self.set_timer(PREVIEW_AFTER, self._preview, name="preview")

    def _stop_resting(self) -> None:
        if self._resting is not None:
            self._resting.stop()
            self._resting = None

    def _preview(self) -> None:
        """Draws the thread under the cursor beside the list, without reading it."""
        self._resting = None
        if self.spot.reading or self.writing:
            return
        row = self.list_now.cursor_row
        if isinstance(row, ThreadRow):
            self._preview_of(row.id, "")
        elif isinstance(row, PostRow):
            self._preview_of(row.thread_id, row.id)
        elif isinstance(row, InboxRow) and row.thread_id:
            self._preview_of(row.thread_id, row.post_id)

    def _preview_of(self, thread_id: str, post: str) -> None:
        with contextlib.suppress(NotFound):  # it went away while the cursor rested
            self.spot = replace(self.spot, thread=thread_id)
            if thread_id != self._shown or post:
                self._fill_thread(thread_id, post)
            self._arrange()

    @on(RailList.Clicked)
    def forum_clicked(self, message: RailList.Clicked) -> None:
        if message.forum_id != self.spot.forum:
            self.go(replace(self.spot, forum=message.forum_id, thread="", reading=False))

    @on(ThreadReader.Seen)
    def seen(self, message: ThreadReader.Seen) -> None:
        """Posts were read (`ThreadReader.mark`). They stay marked as new in the thread until one comes back to it; in
        the list beside it they are read at once."""
        if not self._seen_posts:
            self.after_frame(self._show_seen)
        self._seen_posts |= message.keys

    def _show_seen(self) -> None:
        keys, self._seen_posts = self._seen_posts, frozenset()
        rows, kind = self.list_now, self.spot.kind
        if kind == "posts":
            rows.refresh_rows(keys)
        elif kind == "inbox":
            rows.refresh_rows([f"thread:{self._shown}"])
        elif kind == "threads" and (opener := self.session.key(self._shown)) is not None:
            rows.refresh_rows([opener])
        self._refresh_lines()

    @on(ThreadReader.Moved)
    def moved(self) -> None:
        self.after_frame(self._refresh_hints)
        if self._arrived:
            self._arrived = 0
            self._refresh_right_head()

    def on_resize(self) -> None:
        if self._arranged_for != self.app.size:
            self.call_after_refresh(self._arrange)
