"""Where one is in plain mode, and what is said about it. The handlers of the actions are built on this.

One is on a row of a list (forums, threads, posts of a place, hits, what waits) or on a post of a thread. Places are
kept on the disk under the names that the full screen uses, so one finds one's place again in either.
"""

from __future__ import annotations

import contextlib
import json
import os
from collections.abc import Callable, Mapping, Sequence
from typing import TYPE_CHECKING

from msgspec.structs import replace

from jamtui.errors import JamError, NotFound, UsageError, sentence
from jamtui.keys import AS_DELIVERED, Keymap
from jamtui.lately import Undos
from jamtui.model import ForumRow, OutboxRow, PersonRow, PostRow, SearchHit, ThreadRow
from jamtui.notice import InboxRow, wanted
from jamtui.notify import settings
from jamtui.plain import words
from jamtui.plain.console import Console
from jamtui.plain.markdown import lines_of, spoken
from jamtui.plain.news import News
from jamtui.plain.notifying import Notices
from jamtui.plain.thread import Thread
from jamtui.plain.wrap import wrap
from jamtui.safe_text import safe_line
from jamtui.session import Session
from jamtui.ways import HotRow, Plan, chips
from screens.spot import Spot, empty_words, keys_of

if TYPE_CHECKING:
    from jamtui.config import Entry
    from screens.doors import Doors

_TITLES = {
    "live": "New posts",
    "mentions": "Posts for you",
    "inbox": "Inbox",
    "saved": "Saved posts",
    "followed": "Posts in what you follow",
    "featured": "Featured posts",
    "outbox": "Outbox",
    "all": "All forums",
    "hot": "Hot now",
    "people": "People",
}
_EMPTY = {
    "forums": "There is no forum yet.",
    "inbox": "Nothing is for you here. {follow} follows a thread, :follow #tag a tag, :follow @person a person.",
    "plan": "Nothing unread fits into this time: all read, or the posts are longer.",
    "people": "Nobody is here yet.",
    "outbox": "Nothing waits: all that you wrote has arrived.",
}

WAYS = ("all", "hot", "people", "person", "plan", "unanswered")
TRAIL = 20  # steps back that are remembered

Row = ForumRow | ThreadRow | PostRow | PersonRow | OutboxRow | SearchHit | InboxRow


class View(Thread):
    """The state of the conversation. Nothing is written here: `flush` tells what was gathered."""

    def __init__(
        self,
        session: Session,
        console: Console,
        *,
        edit: Callable[[str], str],
        browse: Callable[[str], object],
        absolute_times: bool = False,
        keymap: Keymap = AS_DELIVERED,
        again: Callable[[], Doors] | None = None,
        environ: Mapping[str, str] = os.environ,
        notify: Sequence[Entry] = (),
    ) -> None:
        """``edit`` lets the person change a text in an editor, ``browse`` opens a URL; both have the terminal then.
        ``absolute_times`` tells hours and days instead of ages; ``again`` gives the doors by which one signs in again,
        if that can be. ``environ`` says whether there is a browser."""
        super().__init__(session, console, keymap, words.clock_time if absolute_times else words.ago)
        self.edit = edit
        self.browse = browse
        self.again = again
        if again is not None:
            session.signs_in = ":sign-in"
        self.environ = environ
        self.notices = Notices(session, console, settings(notify)[0], environ)
        self.news = News(console.wake, keymap)
        self.keys: Sequence[int] | Sequence[str] = ()
        self.at = 0
        self.hits: list[SearchHit] = []
        self.query = ""
        self.totals: dict[str, int] = {}  # how many hits there are, by their query
        self.plan: Plan | None = None
        self._hot: dict[int, HotRow] = {}
        self._people: dict[str, PersonRow] = {}
        self.undos = Undos()
        self._before_search: Spot | None = None
        self._trail: list[tuple[Spot, str, list[SearchHit]]] = []  # where one went into the ways from
        self._passed: set[str] = set()  # threads that Space went through while exploring, where nothing is marked
        self._briefs: set[str] = set()  # forums whose brief was told

    # -- telling

    def complain(self, error: JamError) -> None:
        title = error.title.rstrip(".")
        self.message(f"{sentence(title)}.{f' {error.hint}' if error.hint else ''}", "error")

    def message(self, text: str, kind: str = "") -> None:
        """Says something besides rows and posts, which can be heard again."""
        self.session.said.add(self.session.now(), text, kind)
        self.say(text)

    def news_lines(self) -> list[str]:
        """What came meanwhile, as lines."""
        told = self.news.lines()
        for text in told:
            self.session.said.add(self.session.now(), text, "fact")
        return [line for text in told for line in wrap(text, self.console.columns)]

    def flush(self) -> None:
        """Tells what was gathered."""
        said, item, self._said, self._item = self._said, self._item, [], []
        self.console.tell([*self.news_lines(), *said], item)

    # -- asking

    def asked(self, question: str, complete: Callable[[str], Sequence[str]] | None = None) -> str:
        """What is typed; "" when it was left, by Escape also behind what was typed already."""
        self.flush()
        typed = self.console.line(question, complete=complete)
        return "" if typed.key == "escape" else typed.text.strip()

    def number(self, question: str, count: int, least: int = 1) -> int | None:
        """A number from ``least`` to ``count`` that is typed; None when it was left, and for anything else, of which it
        says that it is not there."""
        answer = self.asked(question)
        if answer.isdecimal() and len(answer) < 9 and least <= int(answer) <= count:
            return int(answer)
        if answer:
            self.say(f"There is no {words.one_line(safe_line(answer), 20)} here.")
        return None

    # -- rows

    def fill(self) -> None:
        """Reads the keys of the list anew and puts its cursor where it was left."""
        kept = self.session.place(self.spot.list_name)
        self.keys = self._keys()
        wanted: int | str | None = kept
        if kept and self.spot.kind in ("threads", "posts"):
            wanted = self.session.key(kept)
        self.at = _find(self.keys, wanted)

    def _keys(self) -> Sequence[int] | Sequence[str]:
        if self.spot.place == "hot":
            self._hot = {row.thread.key: row for row in self.session.hot()}
            return list(self._hot)
        if self.spot.kind == "people":
            self._people = {row.id: row for row in self.session.people()}
            return list(self._people)
        if self.spot.kind == "hits":
            return [hit.post.id for hit in self.hits]
        if self.spot.place == "plan":
            return [step.post.key for step in self.plan.steps] if self.plan else []
        return keys_of(self.session, self.spot)

    def rows(self, start: int, stop: int) -> list[Row]:
        """Rows of the list, as they now are."""
        keys = self.keys[max(0, start) : max(0, stop)]
        match self.spot.kind:
            case "forums":
                forums = {row.id: row for row in self.session.forums()}
                return [forums[str(key)] for key in keys if key in forums]
            case "people":
                return list(self.session.marked([self._people[str(key)] for key in keys if key in self._people]))
            case "outbox":
                waiting = {row.id: row for row in self.session.outbox()}
                return [waiting[str(key)] for key in keys if key in waiting]
            case "hits":
                return list(self.hits[max(0, start) : max(0, stop)])
            case "inbox":
                return list(self.session.inbox_rows([str(key) for key in keys]))
            case "threads":
                return list(self.session.threads([int(key) for key in keys]))
        return list(self.session.posts([int(key) for key in keys]))

    @property
    def row(self) -> Row | None:
        """The row one is on, or the post."""
        if self.spot.reading:
            return self.post
        return next(iter(self.rows(self.at, self.at + 1)), None)

    def row_words(self, row: Row, index: int) -> str:
        now, total = self.session.now(), len(self.keys)
        match row:
            case ForumRow():
                return words.forum(row, index, total)
            case ThreadRow():
                hot = self._hot.get(row.key) if self.spot.place == "hot" else None
                return words.thread(row, now, index, total, self.ages, hot)
            case PersonRow():
                return words.person(row, index, total)
            case OutboxRow():
                return words.waiting(row, now, index, total, self.ages)
            case SearchHit():
                return words.hit(row, now, index, total, self.ages)
            case InboxRow():
                return words.inbox(row, self.forum_title(row.forum_id), now, index, total, self.ages)
        return words.listed(row, self.forum_title(row.forum_id), now, index, total, self.ages)

    def forum_title(self, forum_id: str) -> str:
        return next((row.title for row in self.session.forums() if row.id == forum_id), "")

    def show(self) -> None:
        """The row or the post one is on becomes what is told last."""
        if self.spot.reading:
            self.show_post()
        else:
            self.show_rows(self.at, self.at + 1)

    def show_rows(self, start: int, stop: int) -> None:
        self._item = []
        for offset, row in enumerate(self.rows(start, stop)):
            lines = wrap(self.row_words(row, start + offset), self.console.columns)
            if self._item and len(self._item) + len(lines) > self.console.page:
                break
            self._item += lines
        self._keep_row()
        if not self._item:
            place = self.spot.place if self.spot.kind == "posts" else self.spot.kind
            told = empty_words(self.session, self.spot).replace("\n", " ") or _EMPTY.get(place, "Nothing is here.")
            self._item = wrap(self.with_keys(told), self.console.columns)

    def _keep_row(self) -> None:
        row = self.row
        if isinstance(row, ForumRow | ThreadRow | PostRow | PersonRow | InboxRow) and not self.spot.reading:
            self.session.set_place(self.spot.list_name, row.id)

    # -- going somewhere

    def go(self, spot: Spot, *, post: str = "", unread: bool = False, quiet: bool = False) -> None:
        """Goes there and says what is there. ``post`` is the post to go to, ``unread`` goes to the first unread one,
        else to where one was. ``quiet`` leaves out the words about the list or the thread."""
        if self.spot.reading and not (spot.reading and spot.thread == self.spot.thread):
            self.leave_post()
        if spot.forum != self.spot.forum and spot.sort == self.spot.sort:
            spot = replace(spot, sort=self.session.order_of(spot.forum))
        if spot.thread and (thread := self.session.thread_of(spot.thread)) != spot.thread:  # it was merged
            post = post or self.session.place(f"thread:{spot.thread}").partition(":")[0] or spot.thread
            spot = replace(spot, thread=thread)
        before, self.spot = self.spot, spot
        if replace(before, thread="", reading=False) != replace(spot, thread="", reading=False) or not self.keys:
            self.fill()
        if spot.reading:
            self._enter_thread(post, unread=unread, quiet=quiet)
        else:
            self.post_key = 0
            if not quiet:
                self.say(self.list_words())
                self._tell_brief()
            self.show()
        self.keep_spot()

    def list_words(self) -> str:
        """What the list is."""
        spot, total = self.spot, len(self.keys)
        if spot.kind == "forums":
            return f"{words.count(total, 'forum')}."
        if spot.kind == "hits":
            there = self.totals.get(self.query, total)
            if there > total:
                return f"The best {total:,} of {there:,} hits for {self.query}. More words find fewer."
            return f"{words.count(total, 'hit')} for {self.query}."
        if spot.place == "person":
            page = self.session.person(spot.about)
            return words.person_page(page, self.session.person_more(page.person.id), self.session.now(), self.ages)
        if spot.place == "plan" and self.plan is not None:
            return (
                f"{words.plan(self.plan)} {self.with_keys('{read-on}')} begins."
                if self.plan.steps
                else words.plan(self.plan)
            )
        narrowed = f", only {' and '.join(chips(spot.filter))}" if spot.filter else ""
        if spot.place == "unanswered":
            waits = self.session.threads([int(key) for key in self.keys[:1]])
            longest = f", the longest {self.ages(waits[0].created_at, self.session.counted_from())}" if waits else ""
            return f"Waiting for an answer: {words.count(total, 'thread')}{longest}."
        if spot.place == "all":
            order = "" if spot.sort == "active" else f", by {spot.sort}"
            return f"{_TITLES['all']}: {words.count(total, 'thread')}{order}{narrowed}."
        if spot.kind != "threads" or spot.place == "hot":
            return f"{_TITLES.get(spot.place, spot.place.capitalize())}: {total:,}."
        forum = self.session.forum(spot.forum)
        order = "" if spot.sort == "active" else f", by {spot.sort}"
        return f"{forum.title}: {words.count(total, 'thread')}{order}{narrowed}, {forum.unread:,} unread."

    def _tell_brief(self) -> None:
        """What a forum is about, when it is entered for the first time in this run."""
        if not self.spot.forum or self.spot.kind != "threads" or self.spot.forum in self._briefs:
            return
        self._briefs.add(self.spot.forum)
        brief = lines_of(spoken(self.session.forum(self.spot.forum).brief), self.console.columns)
        self._said += brief[: max(3, self.console.page - 4)]

    def keep_spot(self) -> None:
        """On the disk, beside what the full screen keeps there of its own."""
        if self.spot.place == "hits":
            return
        try:
            kept = json.loads(self.session.place("spot") or "{}")
        except ValueError:
            kept = {}
        mine = {
            "place": self.spot.place, "forum": self.spot.forum, "thread": self.spot.thread,
            "reading": self.spot.reading, "sort": self.spot.sort,
            "filter": self.spot.filter, "about": self.spot.about, "back": self.spot.back,
        }  # fmt: skip
        self.session.set_place("spot", json.dumps({**(kept if isinstance(kept, dict) else {}), **mine}))

    def remembered(self) -> Spot:
        """The last spot, as far as it still is there."""
        try:
            kept = json.loads(self.session.place("spot") or "{}")
            spot = Spot(
                str(kept.get("place", "forums")), str(kept.get("forum", "")), str(kept.get("thread", "")),
                bool(kept.get("reading")), str(kept.get("sort", "active")),
                str(kept.get("filter", "")), str(kept.get("about", "")), str(kept.get("back", "")),
            )  # fmt: skip
            if spot.forum:
                self.session.forum(spot.forum)
            self.session.filter(spot.filter)
            if spot.place == "inbox":
                wanted(spot.about)
            if spot.place == "person":
                self.session.person(spot.about)
            post = self.session.post(spot.thread) if spot.thread else None
        except (ValueError, TypeError, AttributeError, NotFound, UsageError):  # of another version, or gone since
            return Spot()
        spot = replace(spot, reading=spot.reading and post is not None)
        if spot.place in ("forums", "person") or spot.place in _TITLES:
            return spot
        # A plan is for now; the thread that was read in it is kept.
        return Spot("forums", post.forum_id, post.id, True) if spot.reading and post is not None else Spot()

    # -- what others and one's own actions changed

    def reload(self) -> int:
        """Reads again what is there. One stays on one's row and post; how many posts came into the thread."""
        if not self.spot.reading:
            row = self.row
            here = self.keys[self.at] if self.at < len(self.keys) else None
            self.keys = self._keys()
            if isinstance(here, int) and here < 0 and isinstance(row, ThreadRow | PostRow):
                here = self.session.key(row.id)
            self.at = _find(self.keys, here, self.at)
            return 0
        before = frozenset(self.index.keys)
        there = self.session.key(self._post_id) or 0  # negative: it waits in the outbox
        thread = self.session.thread_of(self._post_id if there > 0 else self.spot.thread)
        if thread != self.spot.thread:
            apart = self.session.thread_of(self.spot.thread) == self.spot.thread
            what = "is apart again" if apart else "was merged into another"
            self.say(f"This thread {what}. You are at the same post, in {'its own' if apart else 'that one'}.")
            self.spot = replace(self.spot, thread=thread)
            before = frozenset()
        try:
            self.index = self.session.thread_index(self.spot.thread)
        except NotFound:
            self.say("This thread is gone.")
            self.go(replace(self.spot, thread="", reading=False))
            return 0
        if self.post_key not in self.index.keys:
            key = self.session.key(self._post_id)  # it has another one when it left the outbox
            self.post_key = key if key is not None and key in self.index.keys else self.index.keys[0]
        return len(frozenset(key for key in self.index.keys if key > 0) - before) if before else 0

    def search_for(self, query: str, hits: list[SearchHit]) -> None:
        """The hits become the list."""
        if self.spot.place != "hits":
            self._before_search = self.spot
        self.query, self.hits, self.keys = query, hits, ()
        self.session.set_place("list:hits", "")
        self.go(Spot("hits", sort=self.spot.sort))

    def back(self) -> bool:
        """One step out; False at the root."""
        spot = self.spot
        if spot.reading:
            self.go(replace(spot, reading=False))
        elif spot.kind == "hits":
            self.hits = []
            self.go(self._before_search or Spot())
        elif spot.filter and spot.place == "forums":
            self.go(replace(spot, filter="", thread=""))
        elif spot.place == "forums" and spot.forum:
            self.go(replace(spot, forum="", thread=""))
        elif spot.place != "forums":
            self.go(self._came_from() or Spot(spot.back or "forums", sort=spot.sort))
        else:
            return False
        return True

    def enter(self, spot: Spot) -> None:
        """Goes to one of the ways through the Jam, from which `back` comes back to where one is now."""
        if (spot.place, spot.about) != (self.spot.place, self.spot.about):
            self._trail = [*self._trail[1 - TRAIL :], (self.spot, self.query, self.hits)]
            if self.spot.kind == "hits" and self.keys:
                self.session.set_place(self.spot.list_name, str(self.keys[self.at]))
        self.hits = []
        self.go(spot)

    def _came_from(self) -> Spot | None:
        """Where one went into this way from, as far as it still is there."""
        if self.spot.place not in WAYS or not self._trail:
            return None
        spot, self.query, self.hits = self._trail.pop()
        if spot.reading:
            with contextlib.suppress(NotFound):
                self.session.thread_index(spot.thread)
                return spot
        return replace(spot, thread="", reading=False)

    def open_post(self, post_id: str) -> None:
        """Goes to a post in its forum and thread, wherever one was."""
        post = self.session.post(post_id)
        keeps = self.spot.place == "hits"
        spot = Spot("hits" if keeps else "forums", "" if keeps else post.forum_id, post.thread_id, True, self.spot.sort)
        self.go(spot, post=post.id)
        if not keeps:
            key = self.session.key(post.thread_id)
            self.at = _find(self.keys, key, self.at)

    def need_post(self) -> PostRow:
        """The post that an action is about. Raises `UsageError` where there is none."""
        row = self.row
        if isinstance(row, SearchHit):
            return self.session.post(row.post.id)
        if isinstance(row, PostRow | ThreadRow):
            return self.session.post(row.id)
        if isinstance(row, InboxRow) and row.post_id:
            return self.session.post(row.post_id)
        raise UsageError("no post is chosen here", "Open a forum, then a thread.")


def _find(keys: Sequence[int] | Sequence[str], wanted: int | str | None, otherwise: int = 0) -> int:
    """Where ``wanted`` stands, else the nearest place to ``otherwise``."""
    for at, key in enumerate(keys):
        if key == wanted:
            return at
    return max(0, min(otherwise, len(keys) - 1))
