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
from datetime import datetime, timedelta
from typing import TYPE_CHECKING

from msgspec import Struct

from jamtui.archive import normal_tag, rfc3339
from jamtui.errors import NotFound, NotSignedIn, Refused, UsageError, sentence
from jamtui.model import (
    GONE,
    Changed,
    Draft,
    DraftKind,
    ForumRow,
    JamRow,
    Link,
    Me,
    OutboxRow,
    PersonRow,
    PostRow,
    SearchHit,
    Status,
    TagRow,
    ThreadIndex,
    ThreadRow,
    Undo,
)  # fmt: skip
from jamtui.paths import Home
from jamtui.reading import Reading
from jamtui.safe_text import safe_line
from jamtui.searching import Searching
from jamtui.session_ways import Ways
from jamtui.store import connection, mirror, opening, own, rows
from jamtui.store.activity import activity
from jamtui.store.marks import MarkStore
from jamtui.store.objects import Objects
from jamtui.store.overlay import Overlay
from jamtui.store.own import Dropped, Own, Payload, Queued, new_uuid7
from jamtui.store.pending import Pending
from jamtui.store.registry import KnownJam
from jamtui.store.silence import silence_of
from jamtui.sync.network import Network, NetworkState

if TYPE_CHECKING:
    from api_client.client import JamClient


ACTIVITY_AGE = timedelta(seconds=20)


class Limits(Struct, frozen=True):
    """How long things may be, in Unicode code points; ``tags`` is how many a post may have."""

    title: int = 200
    body: int = 20_000
    tag: int = 40
    tags: int = 12


class Session(Ways, Reading):
    """One Jam for one reader. Make it with `open_session`; `close` it in the end.

    ``clock`` gives the time shown and written; a demo may freeze it. ``explore`` never marks anything as read.
    """

    def __init__(
        self,
        jam: KnownJam,
        *,
        clock: Callable[[], datetime],
        rng: random.Random,
        new_client: Callable[[], JamClient] | None,
        explore: bool = False,
    ) -> None:
        self.known = jam
        self.explore = explore
        entry = jam.entry
        self.limits = Limits(entry.title_limit, entry.body_limit, entry.tag_limit, entry.tags_limit)
        self._clock = clock
        self._rng = rng
        self._new_client = new_client
        self._network: Network | None = None
        self.set_aside = opening.prepare(jam, clock())
        self._own_db = connection.connect(jam.own, own.SCHEMA)
        self._own = Own(self._own_db)
        self._marks = MarkStore(self._own_db)
        self._places: dict[str, str] = {}  # of this run, while exploring
        self._rows = rows.Rows(rows.connect(jam.mirror, jam.own), jam.me)
        self.searching = Searching(jam, self.counted_from, self._fresh, self._marks)
        self._seen = (-1, -1)
        self._stamp = (-1, -1)
        self._marked: set[int] | None = None  # threads in which was marked since counting; None: not known
        self._forums: list[ForumRow] = []
        self._activity: tuple[datetime, dict[str, tuple[int, ...]]] | None = None

    # -- facts

    @property
    def me(self) -> Me:
        return self.known.me

    @property
    def jam(self) -> JamRow:
        """Raises `NotFound` while the mirror is empty."""
        row = self._rows.jam(self.known.where, self.known.local)
        if row is None:
            raise NotFound(
                f"the mirror of {safe_line(self.known.title)} is still empty",
                "Run jamtui sync when the server can be reached.",
            )
        return row

    @property
    def mirrored(self) -> bool:
        """Whether there is something to read."""
        return self._rows.jam("", False) is not None

    def now(self) -> datetime:
        return self._clock()

    def counted_from(self) -> datetime:
        """The time from which ``2h`` and ``today`` count back: now, or the Jam's end when it is over."""
        row = self._rows.jam("", False)
        return self.now() if row is None else min(self.now(), row.closes_at)

    def status(self) -> Status:
        state = self._network.state if self._network else NetworkState()
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
        )

    def _meta(self, key: str) -> str:
        return mirror.Mirror(self._rows.db).meta(key)

    def refusal(self) -> str:
        """Why nothing can be written here, in words; "" when one can write."""
        if self.known.local:
            return "This is an archive file: it can be read, not written"
        if self.me.guest:
            return "You read as a guest: sign in to write (jamtui login)"
        row = self._rows.jam("", False)
        if row is not None and self.now() >= row.closes_at:
            return f"The Jam closed on {row.closes_at.astimezone():%d %B %Y at %H:%M}; it can still be read"
        if row is not None and self.now() < row.opens_at:
            return f"The Jam opens on {row.opens_at.astimezone():%d %B %Y at %H:%M}"
        return ""

    def address(self, post_id: str) -> str:
        """The post's address on the server; of a file, the file's name and the post's id."""
        origin = self.known.origin
        return f"{origin}/api/v1/posts/{post_id}" if origin else f"{self.known.entry.file}#{post_id}"

    # -- reading

    def _fresh(self) -> rows.Rows:
        """The rows, with the outbox laid over them as it is now, whoever changed it.

        The reading connection writes nothing, so its data versions change with every commit of anybody.
        """
        db = self._rows.db
        seen = (connection.data_version(db, "own"), connection.data_version(db))
        if seen != self._seen:
            stamp = self._own.stamp()
            if seen[1] == self._seen[1] and stamp == self._stamp:
                self._seen = seen  # a cursor moved, a draft was saved: nothing looks otherwise
                return self._rows
            marked = self._marked if stamp[1] == self._stamp[1] else None
            self._stamp, self._marked = stamp, set()
            if seen[1] != self._seen[1]:
                self._rows.forget_numbers()
            self._rows.silence = silence_of(db, self.muted(), self.followed())
            self._rows.overlay = Overlay.of(self._own.outbox(), self._rows.has)
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
            row = self._rows.jam("", False)
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

    def tags(self) -> list[TagRow]:
        return self._fresh().tags()

    def people(self) -> list[PersonRow]:
        return self._fresh().people()

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

    # -- drafts

    def draft(self, kind: DraftKind, target: str) -> Draft | None:
        return self._own.draft(kind, target)

    def edit_draft(self, post_id: str) -> Draft:
        """What a change of one's own post begins with: the draft of it that there is, else the post as it was written,
        not as it is shown."""
        post = self.post(post_id)
        if found := self._own.draft(DraftKind.EDIT, post.id):
            return found
        title, body = self.written(post)
        return Draft(DraftKind.EDIT, post.id, title, body, base_version=post.version)

    def written(self, post: PostRow) -> tuple[str, str]:
        """Title and body of a post as they were written, not made harmless: to be changed, never to be shown."""
        for _, found in self.stored().posts([post.key]):
            return str(found.get("title") or ""), str(found.get("body") or "")
        return post.title, post.body

    def drafts(self) -> list[Draft]:
        return self._own.drafts()

    def save_draft(self, draft: Draft) -> None:
        self._own.save_draft(draft, self.now())

    def discard_draft(self, kind: DraftKind, target: str) -> Undo:
        draft = self._own.draft(kind, target)
        if draft is None:
            return Undo("there was no draft", ("nothing",))
        self._own.save_draft(Draft(kind, target), self.now())
        return Undo("draft discarded", ("draft", draft))

    # -- writing

    def send(self, draft: Draft) -> str:
        """The draft becomes an outbox row. Raises `JamError` when it cannot be sent as it is, and keeps the draft."""
        self._own.save_draft(draft, self.now())
        self._check_may_write()
        title, body = draft.title.strip(), draft.body.strip()
        self._check_text(draft.kind, title, body)
        tags = self._tags(draft.tags)
        now = self.now()
        written_at = rfc3339(now)
        if draft.kind is DraftKind.THREAD:
            forum = self.forum(draft.target)
            post_id = new_uuid7(now, self._rng)
            payload = Payload(None, title, body, tags, written_at=written_at)
            return self._enqueue(post_id, "post", post_id, post_id, forum.id, payload, draft)
        target = self.post(draft.target)
        if target.gone:
            code = "post_gone" if draft.kind is DraftKind.EDIT else "parent_gone"
            raise Refused("the post is gone", f"It was {GONE[target.gone]}; your text is kept as a draft.", code)
        if draft.kind is DraftKind.REPLY:
            post_id = new_uuid7(now, self._rng)
            payload = Payload(target.id, "", body, tags, written_at=written_at)
            return self._enqueue(post_id, "post", post_id, target.thread_id, target.forum_id, payload, draft)
        return self._send_edit(draft, target, title, body)

    def _send_edit(self, draft: Draft, target: PostRow, title: str, body: str) -> str:
        self._check_own(target)
        pending = [row for row in self._own.outbox("WHERE post_id = ?", (target.id,)) if row.state != "refused"]
        if target.key < 0:
            raise UsageError("this post is not sent yet", "Take it back from the outbox to change it.")
        ahead = sum(row.kind == "edit" for row in pending)
        version = (draft.base_version or target.version) + ahead
        payload = Payload(target.parent_id, title, body, base_version=version)
        return self._enqueue(
            new_uuid7(self.now(), self._rng), "edit", target.id, target.thread_id, target.forum_id, payload, draft
        )

    def _enqueue(
        self,
        outbox_id: str,
        kind: str,
        post_id: str,
        thread_id: str,
        forum_id: str,
        payload: Payload,
        draft: Draft | None = None,
    ) -> str:
        self._own.enqueue(outbox_id, kind, post_id, thread_id, forum_id, payload, self.now(), instead_of=draft)
        if self._network is not None:
            self._network.wake()
        return outbox_id

    def _check_may_write(self) -> None:
        if reason := self.refusal():
            if self.me.guest and not self.known.local:
                raise NotSignedIn("you read as a guest", "Sign in to write: jamtui login URL --handle NAME.")
            if self.known.local:  # no Jam said so, hence no code
                raise Refused(reason)
            raise Refused(reason, "Your text is kept as a draft.", "jam_closed")

    def _check_text(self, kind: DraftKind, title: str, body: str) -> None:
        limits = self.limits
        if not body:
            raise UsageError("there is no text to send", "Write something first.")
        if kind is DraftKind.THREAD and not title:
            raise UsageError("a new thread needs a title", "Give it one line that says what it is about.")
        if len(title) > limits.title:
            raise UsageError(
                f"the title is {len(title) - limits.title:,} characters too long", f"The limit is {limits.title:,}."
            )
        if len(body) > limits.body:
            raise UsageError(
                f"the text is {len(body) - limits.body:,} characters too long",
                f"The limit is {limits.body:,}; the draft is kept.",
            )

    def _tags(self, given: Sequence[str]) -> tuple[str, ...]:
        tags = tuple(dict.fromkeys(map(self._tag, given)))
        if len(tags) > self.limits.tags:
            raise UsageError(f"{len(tags)} tags are too many", f"The limit is {self.limits.tags}.")
        return tags

    def _tag(self, given: str) -> str:
        """As the Jam keeps it. Raises `UsageError` for what it would refuse."""
        try:
            tag = normal_tag(given)
            if len(tag) > self.limits.tag:
                raise ValueError(f"a tag has at most {self.limits.tag} characters")
        except ValueError as error:
            raise UsageError(f"not a tag: {safe_line(given)[:60]}", f"{sentence(str(error))}.") from None
        return tag

    def _check_own(self, target: PostRow) -> None:
        if not target.mine:
            raise Refused("this post is somebody else's", "You can change and take back your own posts.", "forbidden")

    def delete(self, post_id: str) -> str | Undo:
        """The id of the row that asks for it, or, for a post that was not sent, what takes that back again."""
        target = self.post(post_id)
        self._check_own(target)
        if target.key < 0:
            dropped = self._own.drop(self._rows.overlay.posts[target.key].id)
            if dropped is not None:
                return _undo("taken back", dropped)
            target = self.post(post_id)  # the Jam has it, though the mirror may not show it yet
        self._check_may_write()
        edits = sum(
            row.kind == "edit" for row in self._own.outbox("WHERE post_id = ? AND state <> 'refused'", (target.id,))
        )
        return self._change("delete", target, Payload(base_version=max(1, target.version) + edits))

    def tag(self, post_id: str, tag: str) -> str:
        return self._tagging("tag", post_id, tag)

    def untag(self, post_id: str, tag: str) -> str:
        return self._tagging("untag", post_id, tag)

    def _tagging(self, kind: str, post_id: str, tag: str) -> str:
        self._check_may_write()
        return self._change(kind, self.post(post_id), Payload(tag=self._tag(tag)))

    def vote(self, post_id: str) -> str:
        self._check_may_write()
        return self._change("vote", self.post(post_id), Payload())

    def unvote(self, post_id: str) -> str:
        self._check_may_write()
        return self._change("unvote", self.post(post_id), Payload())

    def _change(self, kind: str, target: PostRow, payload: Payload) -> str:
        if target.gone:
            raise Refused("the post is gone", f"It was {GONE[target.gone]}.", "post_gone")
        outbox_id = new_uuid7(self.now(), self._rng)
        return self._enqueue(outbox_id, kind, target.id, target.thread_id, target.forum_id, payload)

    # -- the outbox

    def outbox(self) -> list[OutboxRow]:
        return [self._outbox_row(row) for row in self._own.outbox()]

    def _outbox_row(self, row: Queued) -> OutboxRow:
        return OutboxRow(
            row.id, row.kind, row.shown, safe_line(row.reason), safe_line(self._summary(row))[:200], row.post_id,
            row.thread_id, row.forum_id, row.created, row.attempts, row.next_try,
        )  # fmt: skip

    def _summary(self, row: Queued) -> str:
        if row.kind in ("post", "edit"):
            return row.payload.title or " ".join(row.payload.body.split())
        with contextlib.suppress(NotFound):
            target = self.post(row.post_id)
            about = target.title or " ".join(target.body.split())[:80]
            return f"{row.payload.tag}: {about}" if row.payload.tag else about
        return row.payload.tag or row.post_id

    def waiting(self, name: str) -> Queued:
        """A row by its id, or by the first characters of one (6 or more). Raises `NotFound`, `UsageError` when several
        fit."""
        name = name.strip().lower()
        found = self._own.one(name)
        fits = [found] if found is not None else []
        if not fits and len(name) >= 6:
            fits = [row for row in self._own.outbox() if row.id.startswith(name)]
        if len(fits) > 1:
            raise UsageError(f"several rows begin with {safe_line(name)}", "Give more characters of the id.")
        if not fits:
            raise NotFound(f"nothing in the outbox is called {safe_line(name)}", "jamtui outbox lists what waits.")
        return fits[0]

    def retry(self, outbox_id: str) -> None:
        self._own.retry(self.waiting(outbox_id).id)
        if self._network is not None:
            self._network.wake()

    def reopen(self, outbox_id: str) -> Draft:
        """A queued or refused post or edit becomes a draft again. Raises `UsageError` for anything else."""
        row = self.waiting(outbox_id)
        if row.kind not in ("post", "edit") or row.state == "sent":
            raise UsageError("only posts and edits that were not sent can be changed", "Drop it, or let it be sent.")
        payload = row.payload
        tags = Pending("", "", payload.tags)
        if row.kind == "post":  # a tag that was put on it meanwhile is one of its tags
            tags.fold(self._own.outbox("WHERE post_id = ? AND kind IN ('tag', 'untag')", (row.post_id,)))
        if row.kind == "edit":
            draft = Draft(DraftKind.EDIT, row.post_id, payload.title, payload.body, (), payload.base_version)
        elif payload.parent_id is None:
            draft = Draft(DraftKind.THREAD, row.forum_id, payload.title, payload.body, tags.tags)
        else:
            draft = Draft(DraftKind.REPLY, payload.parent_id, "", payload.body, tags.tags)
        self._keep_what_is_there(draft)
        self._drop(row, draft)
        return draft

    def _keep_what_is_there(self, instead: Draft) -> None:
        """A draft that is written already at a place is never overwritten by another. Raises `UsageError`."""
        there = self._own.draft(instead.kind, instead.target)
        if there is not None and (there.title, there.body) not in (("", ""), (instead.title, instead.body)):
            hint = "Send it or throw it away first; nothing was changed."
            raise UsageError("there is another draft at that place", hint)

    def drop(self, outbox_id: str) -> Undo:
        """Raises `UsageError` for what has been sent."""
        row = self.waiting(outbox_id)
        return _undo(f"{row.kind} dropped from the outbox", self._drop(row))

    def _drop(self, row: Queued, draft: Draft | None = None) -> Dropped:
        dropped = self._own.drop(row.id, draft, self.now())
        if dropped is None:
            raise UsageError("this was sent already", "It leaves the outbox by itself; change or take back the post.")
        return dropped

    def undo(self, what: Undo) -> None:
        """Takes back what returned ``what``."""
        if self.undo_reading(what.token):
            return
        match what.token:
            case ("draft", Draft() as draft):
                self._keep_what_is_there(draft)
                self._own.save_draft(draft, self.now())
            case ("outbox", Dropped() as dropped):
                self._own.put_back(dropped)
            case _:
                return

    # -- the network

    def start(self, on_change: Callable[[Changed], None]) -> None:
        """Starts the network's thread; ``on_change`` is called from it. Does nothing for archive files."""
        if self.known.local or self._new_client is None or self._network is not None:
            return
        self._network = Network(self.known, self._new_client, now=self._clock, rng=self._rng, notify=on_change)
        self._network.start()

    def reconnect(self) -> None:
        """Tries now, instead of at the next time due."""
        if self._network is not None:
            self._network.wake()

    def close(self) -> None:
        if self._network is not None:
            self._network.stop()
            self._network = None
        self.searching.close()
        self._rows.db.close()
        self._own_db.close()


def _undo(what: str, dropped: Dropped) -> Undo:
    if dropped.answers:
        kept = "your answer to it is" if dropped.answers == 1 else f"your {dropped.answers} answers to it are"
        what = f"{what}; {kept} kept in the outbox"
    return Undo(what, ("outbox", dropped))


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

        return client_for(home, jam, environ)

    return Session(jam, clock=clock, rng=rng, new_client=None if jam.local else new_client, explore=explore)
