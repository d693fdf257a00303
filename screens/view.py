"""The main screen, reading half: panes, places, what is shown where, and how one moves through it.

Left a list (forums, threads of a forum, posts of a place, the outbox), right what it is about (a card or a thread); on
narrow terminals one of the two. The screen keeps *where one is* (`Spot`) and reads everything else from the session.
"""

from __future__ import annotations

import contextlib
import json
from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass, replace
from typing import Any, Literal

from textual import on
from textual.app import ComposeResult
from textual.containers import Horizontal, Vertical, VerticalScroll
from textual.content import Content
from textual.message import Message
from textual.screen import Screen
from textual.timer import Timer
from textual.widgets import Static

from jamtui.actions import AS_DELIVERED, SORTS, Keymap, Where, hints
from jamtui.errors import JamError, NotFound, UsageError
from jamtui.model import Changed, ForumRow, PostRow, SearchHit, ThreadRow
from jamtui.session import Session
from screens.messages import JamChanged
from widgets.bindings import bindings, rebind
from widgets.lists import ForumList, OutboxList, PostList, ThreadList
from widgets.pane_head import PaneHead
from widgets.row_list import RowList
from widgets.rows import count, forum_card, one_line, outbox_card
from widgets.status_line import HintLine, StatusLine, Tabs
from widgets.thread_reader import ThreadReader

PLACES = ("forums", "live", "mentions", "saved", "outbox")
PREVIEW_AFTER = 0.06  # seconds the cursor of a list must rest before the thread beside it is drawn
TICK = 20.0  # seconds between looks at the clock for ages and the time left
_EMPTY = {
    "live": "Nothing was posted yet.",
    "mentions": "Nobody answered you or named you yet.",
    "saved": "Nothing saved yet.\n{save} keeps a post here.",
}
_WRITING = frozenset(
    {"new-thread", "reply", "quote", "edit", "delete", "vote", "unvote", "tags", "discard"}
)  # actions that change the Jam: no hints for them where one only reads


@dataclass(frozen=True, slots=True)
class Spot:
    """Where one is. ``forum`` "" is the list of forums, ``thread`` "" none; ``reading``: the thread has the keys."""

    place: str = "forums"
    forum: str = ""
    thread: str = ""
    reading: bool = False
    sort: str = "active"

    @property
    def kind(self) -> Literal["forums", "threads", "posts", "outbox"]:
        """Which list stands at the left."""
        if self.place == "forums":
            return "threads" if self.forum else "forums"
        return "outbox" if self.place == "outbox" else "posts"

    @property
    def list_name(self) -> str:
        """The name under which the cursor of the list is kept."""
        return f"forum:{self.forum}" if self.kind == "threads" else f"list:{self.place}"


class Reader(ThreadReader):
    """The thread of this screen. While it only previews what the list stands on, nothing in it counts as read."""

    previewing = True

    def _report_seen(self) -> None:
        if not self.previewing:
            super()._report_seen()


class View(Screen[None]):
    """Panes and places. `screens.jam.JamScreen` adds what changes the Jam."""

    BINDINGS = bindings(Where.JAM)

    def __init__(
        self, session: Session, *, frozen: bool = False, keymap: Keymap = AS_DELIVERED, editor: str = ""
    ) -> None:
        """``frozen``: the clock stands, so nothing is repainted for the sake of time; ``editor``: the command behind
        Ctrl-O, "" for $VISUAL or $EDITOR."""
        super().__init__()
        self.keymap = keymap
        self.editor = editor
        self.session = session
        self.spot = Spot()
        self._frozen = frozen
        self._hits: list[SearchHit] = []
        self._hit = 0
        self._query = ""
        self._resting: Timer | None = None
        self._shown = ""  # the thread in the reader
        self._arrived = 0  # posts that came into it where they cannot be seen
        self._titles: dict[str, str] = {}  # of forums, by id

    # -- parts

    def compose(self) -> ComposeResult:
        session = self.session
        who = "reading only" if session.refusal() else f"as {session.me.name or session.me.handle}"
        yield StatusLine(session.jam, session.status(), session.now(), who)
        yield Tabs([(self.keymap.name(place), place) for place in PLACES], self.spot.place)
        with Horizontal(id="panes"):
            with Vertical(id="left"):
                yield PaneHead(id="left-head")
                yield ForumList(session.forums)
                yield ThreadList(session.threads, session.now, opens=self.keymap.name("new-thread"))
                yield PostList(session.posts, session.now, self._forum_title)
                yield OutboxList(session.outbox, session.now)
            with Vertical(id="right"):
                yield PaneHead(id="right-head")
                with VerticalScroll(id="card", can_focus=False):
                    yield Static(id="card-text")
                yield Reader(session.posts, session.now)
        yield HintLine()

    def on_mount(self) -> None:
        for node in self.query("*"):
            rebind(node, self.keymap)
        self.spot = self._remembered()
        self._fill_list()
        if self.spot.thread:
            self._fill_thread(self.spot.thread)
        self._arrange()
        if not self._frozen:
            self.set_interval(TICK, self._tick, name="clock")

    def _remembered(self) -> Spot:
        """The last spot, as far as it still is there."""
        kept = self.session.place("spot")
        try:
            spot = Spot(**json.loads(kept)) if kept else Spot()
            if spot.forum:
                self.session.forum(spot.forum)
            if spot.thread:
                self.session.post(spot.thread)
        except (ValueError, TypeError, NotFound):  # written by another version, or gone since
            return Spot()
        return spot

    def _tick(self) -> None:
        self._refresh_lines()
        self.list_now.redraw()

    @property
    def list_now(self) -> RowList[Any, Any]:
        """The list at the left."""
        kinds: dict[str, type[RowList[Any, Any]]] = {
            "forums": ForumList,
            "threads": ThreadList,
            "posts": PostList,
            "outbox": OutboxList,
        }
        return self.query_one(kinds[self.spot.kind])

    @property
    def reader(self) -> Reader:
        return self.query_one(Reader)

    @property
    def wide(self) -> bool:
        """Whether list and thread stand side by side."""
        return self.app.size.width >= 100

    @property
    def writing(self) -> bool:
        """Whether the composer is open."""
        return bool(self.query("#composer"))

    # -- going somewhere

    def go(self, spot: Spot, *, post: str = "", unread: bool = False) -> None:
        """Goes there. ``post`` is the post to go to; ``unread`` goes to the first unread one; else the place kept."""
        before, self.spot = self.spot, spot
        self._stop_resting()
        if before.reading:
            self._keep_reader_place()
            self.reader.leave()
        self.reader.previewing = not spot.reading
        if (before.list_name, before.kind, before.sort) != (spot.list_name, spot.kind, spot.sort):
            self._fill_list()
        if spot.thread and (spot.thread != self._shown or post or unread):
            self._fill_thread(spot.thread, post, unread=unread)
        self._arrange()
        self._keep_spot()

    def _keep_spot(self) -> None:
        self.session.set_place("spot", json.dumps(asdict(self.spot)))

    def _fill_list(self) -> None:
        """Reads the keys of the list anew and puts its cursor where it was left."""
        rows, keys = self.list_now, self._keys()
        kept = self.session.place(self.spot.list_name)
        cursor: str | int | None = kept
        if kept and self.spot.kind in ("threads", "posts"):
            cursor = self.session.key(kept)
        rows.set_rows(keys, cursor=cursor or None)
        if self.spot.kind == "posts":
            rows.empty = _EMPTY[self.spot.place].format(save=self.keymap.name("save"))

    def _keys(self) -> Sequence[str] | Sequence[int]:
        spot, session = self.spot, self.session
        if spot.kind == "forums":
            return [row.id for row in session.forums()]
        if spot.kind == "outbox":
            return [row.id for row in session.outbox()]
        if spot.kind == "threads":
            return session.thread_keys(spot.forum, spot.sort)
        if spot.place == "live":
            return session.live_keys()
        return session.mention_keys() if spot.place == "mentions" else session.saved_keys()

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
            line = int(at) if key is not None and at.isdecimal() else 0
        self.reader.set_thread(index, cursor=key, line=line, words=self._sought())

    def _sought(self) -> list[str]:
        """The words of the search that is shown, to be marked in the text."""
        hot = (text for hit in self._hits for text, marked in hit.snippet if marked)
        return list(dict.fromkeys(hot))[:20]

    def _keep_reader_place(self) -> None:
        row = self.reader.cursor_row
        if self._shown and row is not None:
            self.session.set_place(f"thread:{self._shown}", f"{row.id}:{self.reader.cursor_line}")

    def _keep_list_place(self, key: object) -> None:
        rows = self.list_now
        row = rows.cursor_row
        if row is not None and rows.cursor_key == key:
            self.session.set_place(self.spot.list_name, row.id)

    def leave(self) -> None:
        """Puts on the disk where one was; called before the program ends."""
        if self.spot.reading:
            self._keep_reader_place()
        self._keep_spot()

    # -- what is shown

    def _arrange(self) -> None:
        """Shows what belongs to the spot, gives the keys to the right pane, and says so in heads and hints."""
        spot = self.spot
        card = spot.kind in ("forums", "outbox")
        for kind, rows in (("forums", ForumList), ("threads", ThreadList), ("posts", PostList), ("outbox", OutboxList)):
            self.query_one(rows).display = kind == spot.kind
        self.query_one("#card").display = card
        self.reader.display = not card and not self.has_class("-new-thread")
        self.set_class(spot.reading or self.writing, "-reading")
        self.set_class(card, "-card")
        self._draw_card()
        self._refresh_lines()
        if not self.writing:
            (self.reader if spot.reading else self.list_now).focus()

    def _draw_card(self) -> None:
        row = self.list_now.cursor_row
        text = Content("")
        if self.spot.kind == "forums" and row is not None:
            text = forum_card(row, min(76, self.query_one("#card").content_size.width or 60))
        elif self.spot.kind == "outbox" and row is not None:
            text = outbox_card(row, self.session.now())
        self.query_one("#card-text", Static).update(text)

    def _refresh_lines(self) -> None:
        """The status line, the tabs, the heads of the panes, the hints."""
        session, spot = self.session, self.spot
        status = session.status()
        self.query_one(StatusLine).show(status, session.now())
        self.query_one(Tabs).show(spot.place, {"outbox": status.queued + status.refused})
        left, right = self._left_head()
        self.query_one("#left-head", PaneHead).show(left, right, active=not spot.reading and not self.writing)
        left, right = self._right_head()
        self.query_one("#right-head", PaneHead).show(left, right, active=spot.reading and not self.writing)
        self.query_one(HintLine).set_hints(self._hints())

    def _hints(self) -> list[tuple[str, str]]:
        """What helps here: nothing that cannot be done on this pane, and nothing to write where one only reads."""
        if self.writing:
            return hints(Where.COMPOSER, keymap=self.keymap)
        spot = self.spot
        out = set(_WRITING if self.session.refusal() else ())
        if spot.reading:
            out.add("open")
        elif spot.kind == "forums":
            out |= {"reply", "vote", "tags"}
        elif not self.list_now.keys:
            out |= {"open", "retry", "reopen", "drop", "reply", "vote", "tags"}
        return hints(Where.OUTBOX if spot.kind == "outbox" else Where.JAM, out, self.keymap)

    def _left_head(self) -> tuple[Content, Content]:
        spot, rows = self.spot, self.list_now
        if spot.kind == "threads":
            forum = self.session.forum(spot.forum)
            order = "" if spot.sort == "active" else f"by {spot.sort}  "
            return (
                Content(forum.title),
                Content(f"{order}{count(len(rows.keys), 'thread', 'threads')}"),
            )
        title = {"forums": "Forums", "live": "New posts", "mentions": "Mentions", "saved": "Saved", "outbox": "Outbox"}
        above = rows.top_index if spot.place == "live" else 0
        return Content(title[spot.place]), Content(f"↑ {above:,} newer" if above else f"{len(rows.keys):,}")

    def _right_head(self) -> tuple[Content, Content]:
        if self.spot.kind == "forums":
            return Content("What it is about"), Content("")
        if self.spot.kind == "outbox":
            return Content("What waits"), Content("")
        if not self._shown:
            return Content("No thread"), Content("")
        with contextlib.suppress(NotFound):
            opener = self.session.post(self._shown)
            title = one_line(opener.title) or "(taken back)"
            if self._hits:
                return Content(title), Content(f"hit {self._hit + 1} of {len(self._hits)}")
            return Content(title), Content(self._thread_figures())
        return Content("This thread is gone"), Content("")

    def _thread_figures(self) -> str:
        index = self.reader.index
        if self._arrived:
            return f"↓ {self._arrived:,} new · {count(len(index), 'post', 'posts')}"
        new = f"{len(index.unread):,} new · " if index.unread else ""
        return f"{new}{count(len(index), 'post', 'posts')}"

    def _forum_title(self, forum_id: str) -> str:
        if forum_id not in self._titles:
            self._titles = {row.id: row.title for row in self.session.forums()}
        return self._titles.get(forum_id, "")

    # -- what others and we ourselves changed

    @on(JamChanged)
    def jam_changed(self, message: JamChanged) -> None:
        changed = message.changed
        if changed.everything:
            self._titles = {}
        if changed != Changed(status=True):
            self.reload()
        else:
            self._refresh_lines()

    def reload(self) -> None:
        """Reads again what is seen. Nothing moves: list and reader stay on their rows."""
        rows = self.list_now
        before = rows.cursor_row
        rows.update_rows(self._keys())
        if before is not None and isinstance(before, ThreadRow | PostRow) and before.key < 0:
            self._follow_sent(rows, before.id)
        if self._shown and self.spot.kind in ("threads", "posts"):
            try:
                index = self.session.thread_index(self._shown)
            except NotFound:
                self._shown = ""
                self.go(replace(self.spot, thread="", reading=False))
                return
            post = self.reader.cursor_row
            self.reader.update_thread(index)
            if post is not None and post.key < 0 and (key := self.session.key(post.id)) is not None:
                self.reader.go_to(key)
        self._draw_card()
        self._refresh_lines()

    def _follow_sent(self, rows: RowList[Any, Any], post_id: str) -> None:
        """A row that left the outbox has another key from then on; the cursor goes with it."""
        key = self.session.key(post_id)
        if key is not None and rows.cursor_key != key:
            rows.go_to(key)

    # -- events of the panes

    @on(RowList.Highlighted)
    def highlighted(self, message: RowList.Highlighted) -> None:
        if message.row_list is not self.list_now:
            return
        self._keep_list_place(message.key)
        self._draw_card()
        self._stop_resting()
        if self.wide and not self.spot.reading and self.spot.kind in ("threads", "posts"):
            self._resting = self.set_timer(PREVIEW_AFTER, self._preview, name="preview")
        self._refresh_lines()

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

    def _preview_of(self, thread_id: str, post: str) -> None:
        with contextlib.suppress(NotFound):  # it went away while the cursor rested
            self.spot = replace(self.spot, thread=thread_id)
            if thread_id != self._shown or post:
                self._fill_thread(thread_id, post)
            self._arrange()

    @on(RowList.Opened)
    def opened(self, message: RowList.Opened) -> None:
        if message.row_list is self.list_now:
            with self.in_words():
                self.open_row()

    @on(ThreadReader.Seen)
    def seen(self, message: ThreadReader.Seen) -> None:
        """Posts were read. They stay marked as new in the thread until one comes back to it."""
        self.session.mark_read(message.keys)
        self._refresh_lines()

    @on(ThreadReader.NewBelow)
    def arrived(self, message: ThreadReader.NewBelow) -> None:
        self._arrived += message.count
        self._refresh_lines()

    @on(ThreadReader.Moved)
    def moved(self) -> None:
        if self._arrived:
            self._arrived = 0
            self._refresh_lines()

    @on(Tabs.Chosen)
    def place_clicked(self, message: Tabs.Chosen) -> None:
        self.to_place(message.place)

    def on_resize(self) -> None:
        self.call_after_refresh(self._arrange)

    # -- telling

    def say(self, text: str, severity: str = "") -> None:
        """One harmless line about what was done, in place of the hints."""
        self.query_one(HintLine).say(text, severity)

    def complain(self, error: JamError) -> None:
        self.say(f"{error.title[:1].upper()}{error.title[1:]}{f'. {error.hint}' if error.hint else ''}", "error")

    @contextlib.contextmanager
    def in_words(self) -> Iterator[None]:
        """What fails inside is told in words, in place."""
        try:
            yield
        except JamError as error:
            self.complain(error)

    async def _dispatch_message(self, message: Message) -> None:
        """A handler that fails on what may happen to anybody (a full disk, a post that went away) ends nothing."""
        with self.in_words():
            await super()._dispatch_message(message)

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
        spot = self.spot
        forum, thread = spot.forum, spot.thread
        if spot.kind == "forums":
            row = self.list_now.cursor_row
            forum, thread = (row.id if row is not None else ""), ""
        elif not spot.reading and (row := self.list_now.cursor_row) is not None:
            forum, thread = row.forum_id, ""
            if isinstance(row, ThreadRow) and not row.unread:
                thread = row.id
            elif isinstance(row, ThreadRow | PostRow) and row.unread:
                self.open_row()
                return True
        elif spot.kind == "posts":
            forum = self.session.post(thread).forum_id
        found = self.session.next_unread(forum, thread)
        if found is None:
            return False
        if found[0] != forum:
            self.say(f"On in {self._forum_title(found[0])}")
        self.go(replace(spot, place="forums", forum=found[0], thread=found[1], reading=True), unread=True)
        key = self.session.key(found[1])
        if key is not None:
            self.list_now.go_to(key)
        return True

    def to_place(self, place: str) -> None:
        """One of the five places. Going to where one is goes to its root."""
        self._hits = []
        forum = "" if place == "forums" else self.spot.forum
        if place != "forums" and self.spot.place == "forums":
            self.session.set_place("forum", self.spot.forum)
        self.go(replace(self.spot, place=place, forum=forum, thread="", reading=False))

    def back(self) -> bool:
        """One step out; False at the root."""
        spot = self.spot
        if self._hits:
            self._hits = []
            self.reader.words = ()
            self._refresh_lines()
        elif spot.reading:
            self.go(replace(spot, reading=False))
            self.call_later(self.reload)
        elif spot.kind == "threads":
            self.go(replace(spot, forum="", thread="", reading=False))
        elif spot.place != "forums":
            self.go(replace(spot, place="forums", forum="", thread="", reading=False))
        else:
            return False
        return True

    def show_hits(self, query: str, hits: list[SearchHit], at: int) -> None:
        """Goes to a hit; from then on n and p go through the others."""
        self._query, self._hits, self._hit = query, hits, at
        self.open_post(hits[at].post.id)
        self._refresh_lines()

    def sort_by(self, order: str) -> None:
        if order not in SORTS:
            raise UsageError("no such order", f"One of: {', '.join(SORTS)}.")
        self.go(replace(self.spot, sort=order))
