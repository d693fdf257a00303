"""The main screen, reading half: panes, places, what is shown where, and how one moves through it.

Left a list (forums, threads of a forum, posts of a place, the outbox), right what it is about (a card or a thread); on
narrow terminals one of the two. The screen keeps *where one is* (`Spot`) and reads everything else from the session.
"""

from __future__ import annotations

import contextlib
import json
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from msgspec.structs import asdict, replace
from textual import on
from textual.app import App, ComposeResult
from textual.containers import Horizontal, Vertical, VerticalScroll
from textual.content import Content
from textual.geometry import Size
from textual.message import Message
from textual.screen import Screen
from textual.timer import Timer

from jamtui.actions import AS_DELIVERED, SORTS, Keymap, Where, hints
from jamtui.errors import JamError, NotFound, UsageError, sentence
from jamtui.model import Changed, ForumRow, OutboxRow, PersonRow, PostRow, ThreadRow
from jamtui.session import Session
from jamtui.ways import HotRow
from screens.hints import not_here
from screens.hits import Hits
from screens.messages import HitsFound, JamChanged
from screens.rail import Rail, RailList
from screens.spot import Spot
from widgets.banner import Banner
from widgets.bindings import bindings, rebind
from widgets.card import Card
from widgets.lists import ForumList, OutboxList, PostList, ThreadList
from widgets.pane_head import PaneHead
from widgets.row_list import RowList
from widgets.rows import Ages, age, clock_time, count, forum_card, one_line, outbox_card
from widgets.status_line import HintLine, StatusLine, Tabs
from widgets.thread_reader import ThreadReader
from widgets.way_lists import HotList, PeopleList

PLACES = ("forums", "live", "mentions", "saved", "outbox")
PREVIEW_AFTER = 0.06  # seconds the cursor of a list must rest before the thread beside it is drawn
LOOK = 1.0  # seconds between looks at what another jamtui wrote
TICK = 20.0  # seconds between looks at the clock for ages and the time left
_EMPTY = {
    "live": "Nothing was posted yet.",
    "mentions": "Nobody answered you or named you yet.",
    "followed": "Nothing there yet.\n{follow} follows a thread, :follow #tag a tag, :follow @person a person.",
    "saved": "Nothing saved yet.\n{save} keeps a post here.",
}
_LISTS: dict[str, type[RowList[Any, Any]]] = {
    "forums": ForumList,
    "threads": ThreadList,
    "posts": PostList,
    "outbox": OutboxList,
    "hot": HotList,
    "people": PeopleList,
}


def _classes_for(app: App[Any]) -> Iterator[str]:
    """The classes that Textual gives a screen for the size of the terminal."""
    width, height = app.size
    for size, steps in ((width, app.HORIZONTAL_BREAKPOINTS), (height, app.VERTICAL_BREAKPOINTS)):
        yield from [name for least, name in steps or () if size >= least][-1:]


class View(Hits, Screen[None]):
    """Panes and places. `screens.jam.JamScreen` adds what changes the Jam."""

    BINDINGS = bindings(Where.JAM)
    places: tuple[str, ...] = (*PLACES, "followed")  # that one comes back to at the next start

    def __init__(
        self, session: Session, *, frozen: bool = False, keymap: Keymap = AS_DELIVERED, editor: str = "",
        absolute_times: bool = False,
    ) -> None:  # fmt: skip
        """``frozen``: the clock stands, so nothing is repainted for the sake of time; ``editor``: the command behind
        Ctrl-O, "" for $VISUAL or $EDITOR; ``absolute_times``: "14:05" instead of "5 min"."""
        super().__init__()
        self.keymap = keymap
        self.editor = editor
        self.session = session
        self.spot = Spot()
        self._frozen = frozen
        self.ages: Ages = clock_time if absolute_times else age
        self._resting: Timer | None = None
        self._arranged_for = Size()
        self._shown = ""  # the thread in the reader
        self._arrived = 0  # posts that came into it where they cannot be seen
        self._titles: dict[str, str] = {}  # of forums, by id
        self._passed: set[str] = set()  # threads that Space went through while exploring, where nothing is marked

    # -- parts

    def compose(self) -> ComposeResult:
        self.spot = self._remembered()
        # What goes with the size and the spot is there before anything has a style: a class that comes later styles
        # everything anew.
        self.add_class(*_classes_for(self.app), *(name for name, on in self._spot_classes().items() if on))
        session = self.session
        who = "reading only" if session.refusal() else f"as {session.me.name or session.me.handle}"
        yield StatusLine(session.jam, session.status(), session.now(), who)
        yield Tabs([(self.keymap.name(place), place) for place in (*PLACES, "followed")], self.spot.place)
        with Horizontal(id="panes"):
            with Vertical(id="left"):
                yield PaneHead(id="left-head")
                yield Banner()
                yield ForumList(session.forums)
                yield ThreadList(session.threads, session.now, opens=self.keymap.name("new-thread"), ages=self.ages)
                yield PostList(session.posts, session.now, self._forum_title, self.ages)
                yield OutboxList(session.outbox, session.now, self.ages)
                yield HotList(session.threads, self.hot_rows, self._forum_title)
                yield PeopleList(self.people_rows)
            with Vertical(id="right"):
                yield PaneHead(id="right-head")
                with VerticalScroll(id="card", can_focus=False):
                    yield Card()
                reader = ThreadReader(session.posts, session.now, ages=self.ages)
                reader.mark, reader.find_key = (lambda keys: session.mark_read(keys)), session.key
                yield reader
            yield Rail(session.forums)  # docked at the left: the lists stay the first of their kind
        yield HintLine()

    def on_mount(self) -> None:
        for node in self.query("*"):
            rebind(node, self.keymap)
        self._fill_list()
        self.reader.previewing = not self.spot.reading
        if self.spot.thread:
            self._fill_thread(self.spot.thread)
        self._arrange()
        self.call_after_refresh(self._show_activity)  # not before the first frame: it counts posts
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
        except (ValueError, TypeError, NotFound):  # written by another version, or gone since
            return Spot()
        return spot

    def _in_its_forum(self, thread_id: str) -> Spot:
        """A thread that was read in a list that is for now only. Raises `NotFound`."""
        forum = self.session.post(thread_id).forum_id
        spot = Spot("forums", forum, thread_id, True, self.session.place(f"sort:{forum}") or "active")
        self.session.set_place(spot.list_name, thread_id)
        return spot

    def look(self) -> None:
        """Shows what another jamtui on this mirror marked or brought."""
        if self.session.changed_elsewhere():
            self.reload()

    def _show_activity(self) -> None:
        if self.query_one(ForumList).display:
            self.query_one(ForumList).show_activity(self.session.activity())

    def _tick(self) -> None:
        self._show_activity()
        self._refresh_lines()
        self.list_now.redraw()
        self.reader.redraw()

    @property
    def list_now(self) -> RowList[Any, Any]:
        """The list at the left."""
        return self.query_one(_LISTS["hot" if self.spot.place == "hot" else self.spot.kind])

    def hot_rows(self) -> Mapping[int, HotRow]:
        """Of the list of hot threads; `screens.ways` has them."""
        return {}

    def people_rows(self, keys: Sequence[str]) -> Sequence[PersonRow]:
        """Of the list of people; `screens.ways` has them."""
        return []

    @property
    def reader(self) -> ThreadReader:
        return self.query_one(ThreadReader)

    @property
    def wide(self) -> bool:
        """Whether list and thread stand side by side."""
        return self.app.size.width >= 100

    @property
    def three_panes(self) -> bool:
        """Whether the forums have a pane of their own beside threads and thread."""
        return self.app.size.width >= 150

    @property
    def writing(self) -> bool:
        """Whether the composer is open."""
        right = self.query_one_optional("#right")
        return right is not None and any(child.id == "composer" for child in right.children)

    # -- going somewhere

    def go(self, spot: Spot, *, post: str = "", unread: bool = False) -> None:
        """Goes there. ``post`` is the post to go to; ``unread`` goes to the first unread one; else the place kept."""
        if spot.forum != self.spot.forum and spot.sort == self.spot.sort:
            spot = replace(spot, sort=self.session.place(f"sort:{spot.forum}") or "active")
        before, self.spot = self.spot, spot
        self._stop_resting()
        if before.reading:
            self._keep_reader_place()
            self.reader.leave()
            self.reader.previewing = True  # what it showed is told; what was only previewed is not seen by opening it
        if replace(before, thread="", reading=False) != replace(spot, thread="", reading=False):
            self._fill_list()
        if spot.thread and (spot.thread != self._shown or post or unread):
            self._fill_thread(spot.thread, post, unread=unread)
        self.reader.previewing = not spot.reading
        self._arrange()
        self._keep_spot()
        if before.reading and not spot.reading:
            self.call_later(self.reload)  # the list beside it tells what was read

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
            rows.empty = _EMPTY.get(self.spot.place, "Nothing here yet.").format(
                save=self.keymap.name("save"), follow=self.keymap.name("follow")
            )

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
        if spot.place == "followed":
            return session.followed_keys()
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
            line = int(at) if key is not None and at.removeprefix("-").isdecimal() else 0  # negative: above the post
        self.reader.set_thread(index, cursor=key, line=line, words=self.sought())
        if unread and len(index) > 1 and (first := len(index.unread)):
            self.say(f"{first:,} unread of {len(index):,} posts" if first < len(index) else f"{first:,} unread posts")

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
            self.reader.leave()
        self._keep_spot()

    # -- what is shown

    def _spot_classes(self) -> dict[str, bool]:
        """What `jam.tcss` asks about the spot."""
        kind = self.spot.kind
        card = kind in ("forums", "outbox", "people")
        return {"-reading": self.spot.reading or self.writing, "-card": card, "-forums": kind == "forums"}

    def _arrange(self) -> None:
        """Shows what belongs to the spot, gives the keys to the right pane, and says so in heads and hints."""
        spot = self.spot
        card = self._spot_classes()["-card"]
        for rows in _LISTS.values():
            self.query_one(rows).display = self.list_now is self.query_one(rows)
        self.query_one("#card").display = card
        self.reader.display = not card and not self.has_class("-new-thread")
        # In one go: each change of a class of the screen styles everything on it anew.
        self.update_classes(self._spot_classes())
        self._arranged_for = self.app.size
        self.query_one(Rail).display = self.three_panes and spot.kind == "threads"
        self._draw_card()
        self._refresh_lines()
        if not self.writing and not self.query("#command-line"):  # whoever types keeps the keys
            (self.reader if spot.reading else self.list_now).focus()

    def _draw_card(self) -> None:
        row = self.list_now.cursor_row
        card = self.query_one(Card)
        if self.spot.kind == "forums" and row is not None:
            card.show(lambda width: forum_card(row, width))
        elif self.spot.kind == "outbox" and row is not None:
            card.show(lambda _: outbox_card(row, self.session.now()))
        else:
            card.show(lambda _: Content(""))

    def _refresh_lines(self) -> None:
        """The status line, the tabs, the heads of the panes, the hints."""
        session, spot = self.session, self.spot
        status = session.status()
        self.query_one(StatusLine).show(status, session.now())
        follows = spot.place == "followed" or session.followed()
        hidden = frozenset() if follows else frozenset(["followed"])
        self.query_one(Tabs).show(spot.place, {"outbox": status.queued + status.refused}, hidden)
        left, right = self._left_head()
        self.query_one("#left-head", PaneHead).show(left, right, active=not spot.reading and not self.writing)
        left, right = self._right_head()
        self.query_one("#right-head", PaneHead).show(left, right, active=spot.reading and not self.writing)
        where = Where.COMPOSER if self.writing else Where.OUTBOX if spot.kind == "outbox" else Where.JAM
        out = () if self.writing else not_here(spot, may_write=not session.refusal(), rows=bool(self.list_now.keys))
        key = "" if self.writing else self.keymap.name("help")  # the composer has keys of its own
        self.query_one(HintLine).set_hints(hints(where, {*out, "help"}, self.keymap), (key, "help") if key else None)
        rail = self.query_one(Rail)
        if rail.display:
            rail.show(spot.forum, session.activity())

    def _left_head(self) -> tuple[Content, Content]:
        spot, rows = self.spot, self.list_now
        if spot.kind == "threads":
            forum = self.session.forum(spot.forum)
            order = "" if spot.sort == "active" else f"by {spot.sort}  "
            return (
                Content(forum.title),
                Content(f"{order}{count(len(rows.keys), 'thread', 'threads')}"),
            )
        title = {"forums": "Forums", "live": "New posts", "mentions": "Mentions", "saved": "Saved",
                 "followed": "Followed", "outbox": "Outbox"}  # fmt: skip
        above = rows.top_index if spot.place == "live" else 0
        return Content(title[spot.place]), Content(f"↑ {above:,} newer" if above else f"{len(rows.keys):,}")

    def _right_head(self) -> tuple[Content, Content]:
        if self.spot.kind == "forums":
            return Content("What it is about"), Content("")
        if self.spot.kind == "outbox":
            return Content("What waits"), Content("")
        if self.has_class("-new-thread"):
            return Content("What you write"), Content("")
        if not self._shown:
            return Content("No thread"), Content("")
        with contextlib.suppress(NotFound):
            opener = self.session.post(self._shown)
            title = one_line(opener.title) or "(taken back)"
            if self.hits is not None:
                return Content(title), Content(self.hit_figures())
            return Content(title), Content(self._thread_figures())
        return Content("This thread is gone"), Content("")

    def _thread_figures(self) -> str:
        index = self.reader.index
        if self._arrived:
            return f"↓ {self._arrived:,} new · {count(len(index), 'post', 'posts')}"
        if len(index.unread) == len(index):
            return count(len(index), "new post", "new posts")
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
        if changed.sent:
            self._tell_sent(changed.sent)
        if changed == Changed(status=True):
            self._refresh_lines()
        elif changed.everything or changed.outbox or changed.reading:
            self.reload()
        else:
            self.reload(changed)

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
        self.say(f"Sent: {words}")

    def reload(self, changed: Changed | None = None) -> None:
        """Reads again what is seen, of it only what ``changed``. Nothing moves: list and reader stay on their rows."""
        self.ask_anew()
        rows = self.list_now
        before = rows.cursor_row
        keys = self._keys()
        now: Any = rows.cursor_key
        if isinstance(before, ThreadRow | PostRow):
            # It has another key when it left the outbox, and when the mirror was fetched anew.
            now = self.session.key(before.id)
        touched: Any = None
        if changed is not None and self.spot.kind in ("threads", "posts"):
            touched = self.session.keys(changed.threads | changed.posts)
        rows.update_rows(keys, touched, cursor=now)
        here = changed is None or self._shown in changed.threads
        if self._shown and here and self.spot.kind in ("threads", "posts"):
            try:
                index = self.session.thread_index(self._shown)
            except NotFound:
                self._shown = ""
                self.go(replace(self.spot, thread="", reading=False))
                return
            self._arrived += self.reader.update_thread(index, touched)
        self._draw_card()
        self._refresh_lines()

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

    @on(RailList.Clicked)
    def forum_clicked(self, message: RailList.Clicked) -> None:
        if message.forum_id != self.spot.forum:
            self.go(replace(self.spot, forum=message.forum_id, thread="", reading=False))

    @on(ThreadReader.Seen)
    def seen(self, message: ThreadReader.Seen) -> None:
        """Posts were read (`ThreadReader.mark`). They stay marked as new in the thread until one comes back to it."""
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
        if self._arranged_for != self.app.size:
            self.call_after_refresh(self._arrange)

    # -- telling

    def say(self, text: str, severity: str = "", tail: str = "") -> None:
        """One harmless line about what was done, in place of the hints; ``tail`` is never cut off."""
        self.query_one(HintLine).say(text, severity, tail)

    def complain(self, error: JamError) -> None:
        self.say(f"{sentence(error.title)}{f'. {error.hint}' if error.hint else ''}", "error")

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
        found = self.session.next_unread(forum, thread, spot.sort, self._passed)
        if found is None:
            return False
        self.go(replace(spot, place="forums", forum=found[0], thread=found[1], reading=True), unread=True)
        if found[0] != forum:
            self.say(f"On in {self._forum_title(found[0])}")
        key = self.session.key(found[1])
        if key is not None:
            self.list_now.go_to(key)
        return True

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
        """One of the five places. Going to where one is goes to its root."""
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
        self.session.set_place(f"sort:{self.spot.forum}", order)
        self.go(replace(self.spot, sort=order))
