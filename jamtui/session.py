"""The facade that screens and commands call: one Jam, read from the mirror, written through the outbox.

A `Session` knows no Textual. Its reading methods touch local files only and answer in microseconds to a few
milliseconds; its writing methods return as soon as the outbox row is on the disk. The network runs in a thread of
its own (`jamtui.sync.network`) that is started by `Session.start` and tells what changed through a callback.
"""

from __future__ import annotations

import contextlib
import os
import random
from collections.abc import Callable, Collection, Generator, Iterator, Sequence
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING
from urllib.parse import quote

import msgspec

from jamtui.errors import NotFound, UsageError
from jamtui.handing_over import HandingOver
from jamtui.hosting import Hosting
from jamtui.ideas import Ideas
from jamtui.lately import Messages
from jamtui.model import (
    Changed,
    ForumRow,
    JamRow,
    Limits,
    Link,
    Marks,
    Me,
    PersonRow,
    PostRow,
    SearchHit,
    Status,
    TagRow,
    ThreadIndex,
    ThreadRow,
    Undo,
)  # fmt: skip
from jamtui.moderating import Moderating
from jamtui.noticing import Noticing
from jamtui.paths import Home
from jamtui.profiles import Profiles
from jamtui.reading import Reading
from jamtui.reports import write_report
from jamtui.safe_text import safe_line
from jamtui.session_ways import Ways
from jamtui.store import connection, mirror, opening, own, rows
from jamtui.store.activity import activity
from jamtui.store.marks import MarkStore
from jamtui.store.objects import Objects
from jamtui.store.overlay import Overlay
from jamtui.store.own import Own, Queued
from jamtui.store.places import Places
from jamtui.store.registry import KnownJam
from jamtui.store.silence import silence_of
from jamtui.sync.asked import Asked
from jamtui.sync.holder import Holder, told_of
from jamtui.sync.network import Network, NetworkState
from jamtui.tagging import Tagging
from jamtui.timing import Timing

if TYPE_CHECKING:
    from api_client.client import JamClient
    from jamtui.searching import Searching


_READ_ONLY = "the folder of the mirror cannot be written, so nothing is fetched or sent"
ACTIVITY_AGE = timedelta(seconds=20)


class Session(Timing, Ways, Reading, Hosting, HandingOver, Noticing, Moderating, Ideas, Tagging, Profiles):
    """One Jam for one reader. Make it with `open_session`; `close` it in the end.

    ``clock`` gives the time shown and written; a demo may freeze it. ``explore`` never marks anything as read.
    ``report`` writes down an error of our own in the network's thread, and says where.
    ``told`` is what became of damaged files, in words; ``said`` what was told lately on the screen.
    ``signs_in`` is what a guest types to sign in: a command, unless the screen has a way of its own.
    """

    def __init__(
        self,
        jam: KnownJam,
        *,
        clock: Callable[[], datetime],
        rng: random.Random,
        new_client: Callable[[], JamClient] | None,
        explore: bool = False,
        report: Callable[[BaseException], str] | None = None,
    ) -> None:
        self.known = jam
        self._report = report
        entry = jam.entry
        self.limits = Limits(entry.title_limit, entry.body_limit, entry.tag_limit, entry.tags_limit)
        self._clock = clock
        self._rng = rng
        self._new_client = new_client
        self._network: Network | None = None
        self._opened = opening.open_store(jam, clock())
        try:
            self._own_db = connection.connect(jam.own, own.SCHEMA)
        except BaseException:
            self._opened.close()
            raise
        self.set_aside = self._opened.set_aside
        self.told = self._opened.told
        self.said = Messages()
        self.signs_in = f"jamtui login {jam.origin}"
        self.read_only = self._opened.read_only
        self.explore = explore or self.read_only  # what was read cannot be kept
        self._own = Own(self._own_db)
        self._marks = MarkStore(self._own_db)
        self._places = Places(lambda: connection.connect(jam.own, own.SCHEMA), self._marks)
        self._desk: tuple[int, dict[str, object]] = -1, {}  # the stamp it was read at, and it
        self._explored: dict[str, str] = {}  # places of this run, while exploring
        self._rows = rows.Rows(rows.connect(jam.mirror, jam.own), jam.me)
        self._searching: Searching | None = None
        self._steady = False  # within `at_once`; then also what was asked of the mirror since it began:
        self._facts: dict[str, str] = {}
        self._jam_held: tuple[()] | tuple[JamRow | None] = ()
        self._mine: tuple[Marks, Marks, list[Queued]] | None = None  # muted, followed, outbox, as of the stamp
        self._seen = (-1, -1)
        self._stamp = (-1, -1)
        self._marked: set[int] | None = None  # threads in which was marked since counting; None: not known
        self._forums: list[ForumRow] = []
        self._activity: tuple[datetime, dict[str, tuple[int, ...]]] | None = None

    # -- facts

    @property
    def searching(self) -> Searching:
        if self._searching is None:
            from jamtui.searching import Searching  # not for a start

            self._searching = Searching(self.known, self.counted_from, self._fresh, self._marks)
        return self._searching

    @property
    def me(self) -> Me:
        return self.known.me

    @property
    def jam(self) -> JamRow:
        """Raises `NotFound` while the mirror is empty."""
        row = self._jam_row()
        if row is None:
            raise NotFound(
                f"the mirror of {safe_line(self.known.title)} is still empty",
                "Run jamtui sync when the server can be reached.",
            )
        return row

    @property
    def mirrored(self) -> bool:
        """Whether there is something to read."""
        return self._jam_row() is not None

    def now(self) -> datetime:
        return self._clock()

    def status(self) -> Status:
        state = self._network.state if self._network else NetworkState(detail=_READ_ONLY if self.read_only else "")
        waiting = self._own.outbox("WHERE state <> 'sent'")
        at = self._meta("mirrored_at")
        return Status(
            link=Link.LOCAL if self.known.local else state.link,
            detail=safe_line(state.detail),
            mirrored_at=datetime.fromisoformat(at) if at else None,
            queued=sum(row.state == "queued" for row in waiting),
            refused=sum(row.state == "refused" for row in waiting),
            unread=sum(row.unread for row in self.forums()),
            progress=state.progress,
            elsewhere=state.elsewhere,
            exploring=self.explore,
            why=safe_line(state.why),
            next_try=state.next_try,
            not_before=state.not_before,
            silent=state.silent,
            for_me=self.for_me(),
            reported=self.waiting_reports(),
        )

    def _meta(self, key: str) -> str:
        if not self._steady:
            return mirror.Mirror(self._rows.db).meta(key)
        if key not in self._facts:
            self._facts[key] = mirror.Mirror(self._rows.db).meta(key)
        return self._facts[key]

    def _jam_row(self) -> JamRow | None:
        if not self._steady:
            return self._rows.jam(self.known.where, self.known.local)
        if not self._jam_held:
            self._jam_held = (self._rows.jam(self.known.where, self.known.local),)
        return self._jam_held[0]

    def need_name(self, what: str) -> None:
        """Raises `UsageError` where nothing can be about the reader or by them: in an archive, and for guests."""
        if self.me.guest:
            raise UsageError(f"no {what} here", f"{self.refusal()}.")

    def address(self, post_id: str) -> str:
        """The post's address on the server; of a file, the file's name and the post's id. One line, whatever an archive
        calls its posts: pasted into a shell it is no command."""
        origin = self.known.origin
        if origin:
            return f"{origin}/api/v1/posts/{quote(post_id, safe='')}"
        return safe_line(f"{self.known.entry.file}#{quote(post_id, safe='')}")

    # -- reading

    @contextlib.contextmanager
    def at_once(self) -> Iterator[None]:
        """All that is read inside is of one moment, and is looked for once: a frame asks for a dozen things."""
        if self._steady:
            yield
            return
        with connection.one_moment(self._rows.db):
            self._fresh()
            self._steady = True
            try:
                yield
            finally:
                self._steady = False
                self._facts.clear()
                self._jam_held = ()

    def _fresh(self) -> rows.Rows:
        """The rows, with the outbox laid over them as it is now, whoever changed it.

        The reading connection writes nothing, so its data versions change with every commit of anybody.
        """
        if self._steady:
            return self._rows
        db = self._rows.db
        seen = (connection.data_version(db, "own"), connection.data_version(db))
        if seen != self._seen:
            stamp = self._own.stamp()
            if seen[1] == self._seen[1] and stamp == self._stamp:
                self._seen = seen  # a cursor moved, a draft was saved: nothing looks otherwise
                return self._rows
            marked = self._marked if stamp[1] == self._stamp[1] else None
            if stamp != self._stamp or self._mine is None:
                self._mine = self.muted(), self.followed(), self._own.outbox()
            muted, followed, outbox = self._mine
            self._stamp, self._marked = stamp, set()
            if seen[1] != self._seen[1]:
                self._rows.forget_numbers()
            with connection.one_moment(db):
                self._rows.silence = silence_of(db, muted, followed, lambda: self._rows.merged_tags)
                self._rows.overlay = Overlay.of(self._rows.placed(outbox), self._rows.has)
                self._rows.count(marked)
                self._forums = self._rows.forums()
            self._seen = seen
        return self._rows

    @contextlib.contextmanager
    def _marking(self, threads: Callable[[], Collection[int]]) -> Iterator[None]:
        """Around marks in these threads alone: then nothing else is counted anew."""
        before = self._own.stamp()
        yield
        after = self._own.stamp()
        if self._marked is not None and before[1] == self._stamp[1] and after[1] == before[1] + 1:
            self._marked |= set(threads())
            self._stamp = (self._stamp[0], after[1])

    def _connect(self) -> rows.Rows:
        return rows.Rows(rows.connect(self.known.mirror, self.known.own), self.me)

    def readable(self) -> rows.Rows:
        """The rows as they now are, for what looks through them by itself."""
        return self._fresh()

    def changed_elsewhere(self) -> bool:
        """Whether rows may look otherwise since they were last read, and nobody will tell; costs microseconds."""
        if self._network is not None and self._network.state.link in (Link.LIVE, Link.READER):
            return False  # its thread looks, too
        db, stamp = self._rows.db, self._stamp
        seen = (connection.data_version(db, "own"), connection.data_version(db))
        return seen != self._seen and (seen[1] != self._seen[1] or self._own.stamp() != stamp)

    def forums(self) -> list[ForumRow]:
        self._fresh()
        return self._forums

    def activity(self) -> dict[str, tuple[int, ...]]:
        """Posts of each forum, by its id, in equal stretches of the time from the Jam's opening to now (or its end).

        Counted again when the mirror changed, every `ACTIVITY_AGE` at most: it is for a glance, not for figures.
        """
        now = self.now()
        stale = self._activity is None or abs(now - self._activity[0]) >= ACTIVITY_AGE
        if stale or self._activity is None:
            row = self._jam_row()
            counted = activity(self._rows.db, row.opens_at, min(now, row.closes_at)) if row is not None else {}
            self._activity = now, counted
        return self._activity[1]

    def forum(self, name: str) -> ForumRow:
        return rows.forum_named(name, self.forums())

    def threads(self, keys: Sequence[int]) -> list[ThreadRow]:
        return self._fresh().threads(keys)

    def thread_index(self, thread_id: str) -> ThreadIndex:
        return self._fresh().thread_index(thread_id)

    def posts(self, keys: Sequence[int]) -> list[PostRow]:
        return self._fresh().posts(keys)

    def post(self, post_id: str) -> PostRow:
        return self._fresh().post(post_id)

    def key(self, post_id: str) -> int | None:
        """The key of a post by its id: it changes when a post leaves the outbox, and when a mirror is fetched anew."""
        return self._fresh().key(post_id)

    def thread_of(self, post_id: str) -> str:
        """The id of the thread that a post is in, which changes when threads are merged or split; the same id for what
        is not there."""
        return self._fresh().thread_of(post_id)

    def keys(self, post_ids: Collection[str]) -> list[int]:
        """The keys of posts that are in the mirror, in no order."""
        return self._fresh().keys(post_ids)

    def live_keys(self, limit: int = 5_000) -> list[int]:
        return self._fresh().live_keys(limit)

    def mention_keys(self) -> list[int]:
        return self._fresh().mention_keys()

    def followed_keys(self, limit: int = 5_000) -> list[int]:
        return self._fresh().followed_keys(limit)

    def saved_keys(self) -> list[int]:
        return self._fresh().saved_keys()

    def records(self, kind: str) -> list[dict[str, object]]:
        """Announcements, links, polls, curated tags as they came, the first made first. Not harmless."""
        return self._fresh().records(kind)

    def desk(self) -> dict[str, object]:
        """What only the reader may see, as it came (`jamserver.desk`): names of sections to what they hold. Not
        harmless; empty for guests and before it came first."""
        stamp = self._own.stamp()[0]  # it is asked for in every frame, and seldom another
        if stamp != self._desk[0]:
            self._desk = stamp, msgspec.json.decode(self._own.desk()[0], type=dict[str, object])
        return self._desk[1]

    def look_at_desk(self) -> None:
        """Fetches it now: somebody looks at it."""
        if self._network is not None:
            self._network.look()

    def tags(self) -> list[TagRow]:
        return self._fresh().tags()

    def people(self) -> list[PersonRow]:
        return self._fresh().people()

    def marked(self, people: Sequence[PersonRow]) -> list[PersonRow]:
        """Rows of `people` with whom they look like: for those that are shown."""
        return self._fresh().marked(people)

    def next_unread(self, forum_id: str, thread_id: str, passed: Collection[str] = ()) -> tuple[str, str] | None:
        """(forum, thread) of the next thread with something unread that is not in ``passed``; None for none. Each
        forum is gone through in the order in which it is shown."""
        return self._fresh().next_unread(forum_id, thread_id, self.order_of, passed)

    def search(self, query: str, limit: int = 200) -> list[SearchHit]:
        """Hits, best first; see `jamtui.searching` for what can be asked, and for searching as one types."""
        return self.searching.search(query, limit)[0]

    def export(self) -> Generator[tuple[str, bytes], None, None]:
        """The mirror's objects as (type, JSON bytes), in the order of an archive, as of one moment. Close it when
        leaving early."""
        self._rows.db.execute("BEGIN")
        try:
            yield from mirror.objects(self._rows.db)
        finally:
            self._rows.db.execute("ROLLBACK")

    def stored(self) -> Objects:
        """The objects as they came, for programs, with the outbox laid over them."""
        loud = self._fresh().silence.loud
        return Objects(self._rows.db, self.me.person_id, self.me.handle, self._own.outbox(), loud)

    def undo(self, what: Undo) -> None:
        """Takes back what returned ``what``."""
        undone = (
            self.undo_reading(what.token)
            or self.undo_notice(what.token)
            or self.undo_tagging(what.token)
            or self.undo_profile(what.token)
            or self.undo_shift(what.token)
            or self.undo_ideas(what.token)
        )
        if not undone:
            self.undo_writing(what.token)

    # -- the network

    def start(self, on_change: Callable[[Changed], None]) -> None:
        """Starts the network's thread; ``on_change`` is called from it. Does nothing for archive files."""
        if self.known.local or self._new_client is None or self._network is not None or self.read_only:
            return
        self._network = Network(
            self.known, self._new_client, now=self._clock, rng=self._rng, notify=on_change, report=self._report
        )
        self._network.start()

    def rest(self) -> bool:
        """Lets the network go until `start`; False when there was none."""
        network, self._network = self._network, None
        if network is not None:
            network.stop()
        return network is not None

    def _wake(self, *, at_once: bool = False) -> None:
        """``at_once``: a person asks for it."""
        if self._network is not None:
            self._network.wake()
            if at_once and self._network.state.link is not Link.LIVE:
                self._network.reconnect()

    def _connection(self) -> tuple[Link | None, datetime | None]:
        state = self._network.state if self._network is not None else None
        if state is None or state.link is Link.READER:
            holder = Holder(self.known.lock)
            if not holder.held():
                return None, None
            told = told_of(holder.told())
            return told.link or Link.CONNECTING, told.again  # a command that sends tells nothing
        return state.link, state.next_try

    def _not_before(self) -> datetime | None:
        """Until when the server asked to be left alone, whoever it told that."""
        state = self._network.state if self._network is not None else None
        return state.not_before if state is not None else Asked(self.known.folder, self.now).until()

    @property
    def link(self) -> Link:
        """The connection alone: less work than `status`."""
        if self.known.local:
            return Link.LOCAL
        return self._network.state.link if self._network is not None else NetworkState().link

    @property
    def signed_out(self) -> bool:
        """Whether the server does not take the sign-in any more, of this process or of the one that is connected."""
        state = self._network.state if self._network is not None else NetworkState()
        return Link.SIGNED_OUT in (state.link, state.elsewhere)

    def reconnect(self) -> str:
        """Tries now, instead of at the next time due; what that does, in words. `UsageError` for a file."""
        if self.known.local:
            raise UsageError("an archive file has no server", "What is in it is all there is.")
        return self._network.reconnect() if self._network is not None else "Nothing is connected yet"

    def suspect(self) -> None:
        """An error that nobody foresaw: it may be that a file is damaged, so the next start looks them through."""
        self._opened.seal.suspect()

    def giving_up(self) -> contextlib.AbstractContextManager[None]:
        """Inside, who signs in may take the folder of this guest: the mirror, and what was read and saved. Another
        session is opened on it then, and this one closed."""
        return self._opened.seal.let_go()

    def close(self) -> None:
        self.rest()
        if self._searching is not None:
            self._searching.close()
        if self._likeness is not None:
            self._likeness.close()
        try:
            self._places.close()
        finally:
            self._rows.db.close()
            self._own_db.close()
            self._opened.close()


def open_session(
    home: Home,
    jam: KnownJam,
    *,
    clock: Callable[[], datetime],
    rng: random.Random,
    explore: bool = False,
    environ: dict[str, str] | None = None,
) -> Session:
    """A session on a Jam that this machine knows. No network and no keyring is touched before `Session.start`."""
    environ = dict(os.environ) if environ is None else environ

    def new_client() -> JamClient:
        from jamtui.sync.sign_in import client_for

        return client_for(home, jam, environ, now=clock)

    def report(error: BaseException) -> str:
        return write_report(home.logs, error, datetime.now(UTC))

    client = None if jam.local else new_client
    return Session(jam, clock=clock, rng=rng, new_client=client, explore=explore, report=report)
