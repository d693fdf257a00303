"""What stands on the main screen: its parts, and what they show of where one is.

Left a list (forums, threads of a forum, posts of a place, the outbox), right what it is about (a card or a thread); on
narrow terminals one of the two. The screen keeps *where one is* (`Spot`) and reads everything else from the session.
"""

from __future__ import annotations

import contextlib
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from textual.app import App, ComposeResult
from textual.containers import Horizontal, Vertical, VerticalScroll
from textual.content import Content
from textual.geometry import Size
from textual.message import Message
from textual.timer import Timer

from jamtui.actions import BY_ID, Where
from jamtui.errors import JamError, NotFound, sentence
from jamtui.keys import AS_DELIVERED, Keymap, hints
from jamtui.lately import Undos
from jamtui.model import ForumRow, PersonRow, Status, titled
from jamtui.session import Session
from jamtui.ways import HotRow
from screens.hints import Facts, idle, not_here
from screens.hits import Hits
from screens.rail import Rail
from screens.spot import Spot
from widgets.banner import Banner
from widgets.bindings import rebind
from widgets.card import Card
from widgets.chart import HEIGHT, activity_chart
from widgets.compositor import SparingScreen
from widgets.forum_head import ForumHead
from widgets.lists import ForumList, OutboxList, PostList, ThreadList
from widgets.pane_head import PaneHead
from widgets.row_list import RowList
from widgets.rows import Ages, age, clock_time, count, forum_card, one_line, outbox_card
from widgets.status_line import HintLine, StatusLine, Tabs
from widgets.thread_reader import ThreadReader

CHART_LINES = HEIGHT + 5  # of a chart below a text, with what stands between them
AROUND = 4  # lines above and below a list that fills the screen
CARD_LINES = 8  # of a card below a list that is longer, with its head
SOON = 0.02  # seconds; a timer may come a little early
PLACES = ("forums", "live", "mentions", "saved", "outbox")


def _classes_for(app: App[Any]) -> Iterator[str]:
    """The classes that Textual gives a screen for the size of the terminal."""
    width, height = app.size
    for size, steps in ((width, app.HORIZONTAL_BREAKPOINTS), (height, app.VERTICAL_BREAKPOINTS)):
        yield from [name for least, name in steps or () if size >= least][-1:]


class Panes(Hits, SparingScreen[None], part=True):
    """Parts and what they show. `screens.view.View` goes somewhere with them."""

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
        self._facts: Facts | None = None  # what hints were made of; None when something may have changed since
        self._hinted: tuple[object, ...] | None = None  # what the last line was made of
        self._counting: Timer | None = None  # down to the next try to connect
        self._arranged_for = Size()
        self._lists: dict[str, RowList[Any, Any]] = {}  # those that were shown so far, by their kind
        self._fitted: dict[str, int] = {}  # lines of lists that are as high as their rows, by their kind
        self._shown = ""  # the thread in the reader
        self._arrived = 0  # posts that came into it where they cannot be seen
        self._titles: dict[str, str] = {}  # of forums, by id
        self._undos = Undos()
        self._passed: set[str] = set()  # threads that Space went through while exploring, where nothing is marked

    # -- parts

    def compose(self) -> ComposeResult:
        # What goes with the size and the spot is there before anything has a style: a class that comes later styles
        # everything anew.
        self.add_class(*_classes_for(self.app), *(name for name, on in self._spot_classes().items() if on))
        session = self.session
        key = self.keymap.name("reconnect")
        yield StatusLine(session.jam, session.status(), session.now(), self._who(), key, session.event_now())
        yield Tabs([(self.keymap.name(place), place) for place in ("inbox", *PLACES, "followed")], self.spot.place)
        with Horizontal(id="panes"):
            with Vertical(id="left"):
                yield PaneHead(id="left-head")
                yield Banner()
                yield ForumHead()
                for kind in dict.fromkeys(("forums", self._kind)):  # Esc leads to the forums from everywhere
                    yield self._make_list(kind)
            with Vertical(id="right"):
                yield PaneHead(id="right-head")
                with VerticalScroll(id="card", can_focus=False):
                    yield Card()
                reader = ThreadReader(session.posts, session.now, ages=self.ages)
                reader.mark, reader.find_key = (lambda keys: session.mark_read(keys)), session.key
                yield reader
            yield Rail(session.forums)
        yield HintLine()

    @property
    def list_now(self) -> RowList[Any, Any]:
        """The list at the left."""
        return self._list(self._kind)

    @property
    def _kind(self) -> str:
        return "hot" if self.spot.place == "hot" else self.spot.kind

    def _list(self, kind: str) -> RowList[Any, Any]:
        """Each list is made when it is shown first: a start has time for one."""
        if kind not in self._lists:
            rows = self._make_list(kind)
            rebind(rows, self.keymap)
            self.query_one("#left").mount(rows)
        return self._lists[kind]

    def _make_list(self, kind: str) -> RowList[Any, Any]:
        rows = self._lists[kind] = self._new_list(kind)
        rows.on_moved = self._keep_soon
        return rows

    def _new_list(self, kind: str) -> RowList[Any, Any]:
        session = self.session
        if kind == "forums":
            return ForumList(session.forums)
        if kind == "threads":
            opens = self.keymap.name("new-thread")
            return ThreadList(session.threads, session.now, opens=opens, ages=self.ages)
        if kind == "posts":
            return PostList(session.posts, session.now, self._forum_title, self.ages)
        if kind == "outbox":
            return OutboxList(session.outbox, session.now, self.ages)
        if kind == "inbox":
            from widgets.inbox_list import InboxList

            return InboxList(session.inbox_rows, session.now, self._forum_title, self.ages)
        from widgets.way_lists import HotList, PeopleList

        if kind == "hot":
            return HotList(session.threads, self.hot_rows, self._forum_title)
        return PeopleList(self.people_rows)

    def _keep_soon(self) -> None:
        """Something moved in a list; `screens.view` keeps where."""

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

    # -- what is shown

    def _spot_classes(self) -> dict[str, bool]:
        """What `jam.tcss` asks about the spot."""
        kind = self.spot.kind
        return {"-reading": self.spot.reading or self.writing, "-card": self._carded(), "-forums": kind == "forums"}

    def _carded(self) -> bool:
        """Whether a card stands beside the list, and no thread. Below an empty list there is none."""
        there = self._lists.get(self._kind)
        return self.spot.kind in ("forums", "outbox", "people") and (self.wide or there is None or bool(there.keys))

    def _arrange(self) -> None:
        """Shows what belongs to the spot, gives the keys to the right pane, and says so in heads and hints."""
        spot = self.spot
        card = self._spot_classes()["-card"]
        now = self.list_now
        for rows in self._lists.values():
            rows.display = rows is now
        self.query_one("#card").display = card
        self.reader.display = not card and not self.has_class("-new-thread")
        # In one go: each change of a class of the screen styles everything on it anew.
        self.update_classes(self._spot_classes())
        self._arranged_for = self.app.size
        self._fit_list()
        self.query_one(Rail).display = self.three_panes and spot.kind == "threads"
        self._draw_card()
        self._refresh_lines()
        if not self.writing and not self.query("#command-line"):  # whoever types keeps the keys
            (self.reader if spot.reading else self.list_now).focus()

    def _fit_list(self) -> None:
        """Above a card a list is as high as its rows, as far as the card keeps some lines: no row is cut."""
        rows, lines = self.list_now, 0
        if self._carded() and not self.wide and self.has_class("-tall"):
            room, many = self.app.size.height - AROUND, len(rows.keys)
            card = min(CARD_LINES, 2 * (room + 1) // 5)  # on a low terminal the list is what one needs
            lines = min(many, (room - card) // 2) * 2
            if isinstance(rows, ForumList) and 5 * 3 * many <= 3 * room:
                lines = 3 * many  # with a line between them
        if self._fitted.get(self._kind, 0) != lines:
            self._fitted[self._kind] = lines
            rows.styles.height = lines or "1fr"

    def _draw_card(self) -> None:
        row = self.list_now.cursor_row
        card = self.query_one(Card)
        if self.spot.kind == "forums" and row is not None:
            card.show(lambda width: self._forum_card(row, width))
        elif self.spot.kind == "outbox" and row is not None:
            card.show(lambda _: outbox_card(row, self.session.now()))
        else:
            card.show(lambda _: Content(""))

    def _forum_card(self, row: ForumRow, width: int) -> Content:
        """What a forum is about; below it, where there is room, how busy it was."""
        rows = self._lists.get("forums")
        text, counts = forum_card(row, width), rows.active.get(row.id, ()) if isinstance(rows, ForumList) else ()
        room = self.query_one("#card").size.height - 2
        if not counts or text.get_height({}, width) + CHART_LINES > room:
            return text
        jam = self.session.jam
        chart = activity_chart(counts, jam.opens_at, min(self.session.now(), jam.closes_at), width)
        return Content.assemble(text, "\n\n\n", chart) if chart.plain else text

    def _refresh_lines(self) -> None:
        """The status line, the tabs, the heads of the panes, the hints."""
        with self.session.at_once():
            session, spot = self.session, self.spot
            self._facts = None
            status = self._refresh_status()
            follows = spot.place == "followed" or session.followed()
            hidden = (idle(session) - {spot.place}) | (frozenset() if follows else frozenset(["followed"]))
            self.query_one(Tabs).show(
                spot.place, {"outbox": status.queued + status.refused, "inbox": status.for_me}, hidden
            )
            self._refresh_heads()
            rail = self.query_one(Rail)
            if rail.display:
                rail.show(spot.forum, session.activity())

    def _refresh_status(self) -> Status:
        session = self.session
        status = session.status()
        self.query_one(StatusLine).show(session.jam, status, session.now(), self._who(), session.event_now())
        self._count_down()
        return status

    def _count_down(self) -> None:
        """Lets the status line say how long it is until the next try, woken when it says something else: once a second
        at most, and never while there is a connection."""
        if self._counting is not None:
            self._counting.stop()
            self._counting = None
        left = None if self._frozen else self.query_one(StatusLine).count_down(self.session.now())
        if left is not None:
            self._counting = self.set_timer(max(left, SOON), self._count_down, name="count down")

    def _who(self) -> str:
        return self.session.who_words()

    def _refresh_heads(self) -> None:
        """What can change with the cursor of a list: the heads of the panes, the hints."""
        spot = self.spot
        left, right = self._left_head()
        self.query_one("#left-head", PaneHead).show(left, right, active=not spot.reading and not self.writing)
        self._refresh_right_head()
        self._refresh_hints()

    def _refresh_hints(self) -> None:
        """The keys that do something here and now: they go with the row under the cursor, too."""
        if self.writing:
            self._hinted = None
            self.query_one(HintLine).set_hints(hints(Where.COMPOSER, self.idle_in_composer(), self.keymap))
            return
        spot, facts = self.spot, self._facts
        if facts is None or not facts.hold:
            with self.session.at_once():
                facts = self._facts = Facts(self.session)
        row = self.reader.cursor_row if spot.reading else self.list_now.cursor_row
        out = not_here(
            spot,
            facts.idle,
            rows=bool(self.list_now.keys),
            row=row,
            locked=facts.locked(row),
            unread=facts.unread,
            hits=self.hits is not None,
        )
        # What is needed less: a post is seldom unfolded, and a list of threads is gone through for what is in them.
        out |= {"open"} if spot.reading else {"vote", "tags"} if spot.kind == "threads" else set()
        where = Where.OUTBOX if spot.kind == "outbox" else Where.JAM
        on = "next hit" if self.hits is not None else "next in plan" if spot.place == "plan" else ""
        if (hinted := (where, out, on, self.keymap)) == self._hinted:
            return  # for most rows the same keys do something
        self._hinted = hinted
        help_ = self.keymap.name("help")
        named = hints(where, {*out, "help"}, self.keymap)
        if on:
            named = [(key, on if label == BY_ID["next"].label else label) for key, label in named]
        self.query_one(HintLine).set_hints(named, (help_, "help"))

    def idle_in_composer(self) -> frozenset[str]:
        """Ids of actions that do nothing with what is being written; `screens.writing` has it."""
        return frozenset()

    def _refresh_right_head(self) -> None:
        left, right = self._right_head()
        self.query_one("#right-head", PaneHead).show(left, right, active=self.spot.reading and not self.writing)

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
                 "followed": "Followed", "featured": "Featured", "outbox": "Outbox"}  # fmt: skip
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
            title = one_line(titled(opener.title, opener.gone)) or "(no title)"
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

    # -- telling

    def say(self, text: str, severity: str = "", tail: str = "", *, lasting: bool = False) -> None:
        """One harmless line about what was done, in place of the hints; see `HintLine.say`."""
        self.session.said.add(self.session.now(), text, severity)
        line = self.query_one(HintLine)
        line.whole = self.keymap.name("said" if self.writing else "messages")
        line.say(text, severity, tail, lasting=lasting)

    @property
    def spoken(self) -> int:
        """How many of these lines there were."""
        return self.query_one(HintLine).spoken

    def key_done(self, spoken: int) -> None:
        """A key did something: what was said before it (``spoken``) is read, and gives way to the hints."""
        self.query_one(HintLine).key_done(spoken)

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
