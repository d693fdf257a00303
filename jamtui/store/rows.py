"""Reading the mirror for people: the rows of `jamtui.model`, made harmless here and in `row_making`, nowhere later.

One connection reads: the mirror as ``main``, one's own store attached as ``own``. Nothing here writes, nothing waits
for the network. Counts are derived from what is there and what was read: `jamtui.store.counts`
holds them for as long as it runs, and counts each thread anew that was touched.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from datetime import UTC, datetime
from pathlib import Path

import apsw
import msgspec
from msgspec.structs import replace

from jamtui.archive import Forum, Jam, Person, Post
from jamtui.errors import NotFound, UsageError
from jamtui.model import ForumRow, JamRow, LinkRow, Me, PostRow, ThreadIndex, ThreadRow, titled
from jamtui.names import shown
from jamtui.safe_text import safe_body, safe_line, safe_name, safe_names
from jamtui.store import connection
from jamtui.store.connection import as_bytes, one_moment
from jamtui.store.counts import Counts
from jamtui.store.directory import Directory
from jamtui.store.links import Links
from jamtui.store.looks import HONEST, Looks
from jamtui.store.mentions import mentions
from jamtui.store.mirror import numbers
from jamtui.store.order import HeldOrder, Placed, continued, depth_first, placed
from jamtui.store.overlay import Overlay, featured_words
from jamtui.store.own import Queued
from jamtui.store.row_making import forum_row, jam_row, post_row, shown_kind, shown_role, shown_state
from jamtui.store.silence import Silence

_POST = msgspec.json.Decoder(Post)
_PERSON = msgspec.json.Decoder(Person)
_FORUM = msgspec.json.Decoder(Forum)
_JAM = msgspec.json.Decoder(Jam)
_RECORD = msgspec.json.Decoder(dict[str, object])

_POSTS = """
SELECT p.n, p.raw, p.up, a.raw, r.h IS NULL AND p.gone = 0 AND p.author <> ?1, s.post_id IS NOT NULL,
    v.post_id IS NOT NULL, p.author = ?1, r.version, a.n, {muted}
FROM posts p JOIN people a ON a.n = p.author
LEFT JOIN own.read r ON r.h = p.h
LEFT JOIN own.saved s ON s.post_id = p.id
LEFT JOIN own.my_votes v ON v.post_id = p.id
WHERE p.n IN (SELECT value FROM json_each(?2))
"""
_THREADS = """
SELECT t.n, p.raw, p.up, a.raw, t.replies, l.created, s.post_id IS NOT NULL, v.post_id IS NOT NULL, a.n
FROM threads t JOIN posts p ON p.n = t.n JOIN people a ON a.n = p.author JOIN posts l ON l.n = t.last
LEFT JOIN own.saved s ON s.post_id = p.id
LEFT JOIN own.my_votes v ON v.post_id = p.id
WHERE t.n IN (SELECT value FROM json_each(?))
"""
_UNREAD = """
FROM posts p LEFT JOIN own.read r ON r.h = p.h WHERE p.gone = 0 AND p.author <> ?1 AND r.h IS NULL
"""
SORTS = {
    "active": "last DESC",
    "new": "n DESC",
    "votes": "up DESC, n DESC",
    "replies": "replies DESC, n DESC",
    "state": "stage DESC, up DESC, n DESC",  # ideas, those that came furthest first; then all else
    "unanswered": "replies, n",  # nobody answered yet, the longest waiting first; then by ever more replies
}


def connect(mirror: Path, own: Path) -> apsw.Connection:
    """A reading connection over both files, which exist. It refuses to write."""
    db = connection.reading(mirror)
    db.set_busy_timeout(5_000)
    connection.attach(db, own, "own")
    db.execute("PRAGMA query_only=ON; PRAGMA temp_store=MEMORY")
    return db


class Rows(Directory):
    """Rows for screens and commands. ``me`` is who reads; ``overlay`` is replaced whenever the outbox changes."""

    def __init__(self, db: apsw.Connection, me: Me) -> None:
        self.db = db
        self.me = me
        self.overlay = Overlay()
        self.silence = Silence()
        self.looks = Looks(db)
        self.here = ""  # the id of the thread that is open, for searches in it
        self._my_n: int | None = None
        self._counts = Counts()
        self._order = HeldOrder()
        self._forum_rows: dict[bytes, ForumRow] = {}  # without counts, by their JSON
        self._records: dict[str, list[dict[str, object]]] = {}
        self._jam: tuple[bytes, str, bool, JamRow] | None = None
        self._my_self: tuple[str, str] | None = None  # role and name
        self._records_of = ""  # the cursor of their last change
        self._titles: dict[str, str] | None = None
        self._tags = None
        self._version = -1  # of the mirror, for `renew`
        self._links = Links(db)

    @property
    def _unread(self) -> str:
        return f"{_UNREAD} {self.silence.loud('p')} "

    def my_n(self) -> int:
        """The reader's number in the mirror; 0 for guests and while the mirror does not know them."""
        if not self._my_n and self.me.person_id:
            row = next(iter(self.db.execute("SELECT n FROM people WHERE id = ?", (self.me.person_id,))), None)
            self._my_n = int(row[0]) if row else 0
        return self._my_n or 0

    def my_role(self) -> str:
        """The reader's role as the Jam has it by now; that of the sign-in while the mirror does not know them."""
        return self._myself()[0]

    def my_name(self) -> str:
        """The same of the name, which people change. Not harmless."""
        return self._myself()[1]

    def _myself(self) -> tuple[str, str]:
        if self._my_self is None:
            row = next(iter(self.db.execute("SELECT raw FROM people WHERE n = ?", (self.my_n(),))), None)
            me = _PERSON.decode(as_bytes(row[0])) if row else self.me
            self._my_self = me.role, me.name
        return self._my_self

    def forget_numbers(self) -> None:
        """After the mirror changed."""
        row = next(iter(self.db.execute("SELECT value FROM meta WHERE key = 'records'")), None)
        if (since := str(row[0]) if row else "") != self._records_of:
            self._records.clear()
            self._links.forget()
            self._records_of = since
        self._my_n = self._my_self = self._titles = self._tags = None
        self.looks.forget()

    def renew(self) -> None:
        """Before each question of a thread that is told of no change: what is held of a mirror that changed since the
        last one is forgotten."""
        if (now := connection.data_version(self.db)) != self._version:
            self.forget_numbers()
            self._version = now

    def records(self, kind: str) -> list[dict[str, object]]:
        """Records of a type that is no jam, person, forum or post, as they came, the first made first: announcement,
        tag, link, poll. Not harmless. Those that were taken away are left out."""
        if kind in self._records:
            return self._records[kind]
        rows = self.db.execute("SELECT raw FROM others WHERE type = ? ORDER BY n", (kind,))
        decoded = (_RECORD.decode(as_bytes(raw)) for (raw,) in rows)
        found = [record for record in decoded if record.get("gone") is not True]
        if kind != "link":  # there are thousands of them, and few who want all
            self._records[kind] = found
        return found

    @property
    def records_of(self) -> str:
        """Another text whenever any record changed."""
        return self._records_of

    def link_records(self, post_ids: Iterable[str]) -> list[bytes]:
        """Records of links that begin or end at these posts, as `records` has them but not decoded."""
        return self._links.records(post_ids)

    def placed(self, waiting: Sequence[Queued]) -> list[Queued]:
        """Rows of the outbox with replies where what they answer now stands: its thread may have been moved or merged
        since they were written."""
        answered = [row.payload.parent_id for row in waiting if row.kind == "post" and row.payload.parent_id]
        if not answered:
            return list(waiting)
        sql = (
            "SELECT p.id, o.id, f.id FROM posts p JOIN posts o ON o.n = p.thread JOIN forums f ON f.n = p.forum "
            "WHERE p.id IN (SELECT value FROM json_each(?))"
        )
        places = {str(one): (str(thread), str(forum)) for one, thread, forum in self.db.execute(
            sql, (json.dumps(answered),)
        )}  # fmt: skip
        moved: dict[str, tuple[str, str]] = {}  # threads in which replies answer replies that wait
        for row in waiting:
            place = places.get(row.payload.parent_id or "")
            if row.kind == "post" and place is not None and place != (row.thread_id, row.forum_id):
                moved[row.thread_id] = place
        if not moved:
            return list(waiting)
        return [
            replace(row, thread_id=place[0], forum_id=place[1])
            if row.kind == "post" and row.payload.parent_id
            and (place := places.get(row.payload.parent_id) or moved.get(row.thread_id))
            else row
            for row in waiting
        ]  # fmt: skip

    def thread_of(self, post_id: str) -> str:
        """The id of the opener of the post's thread; ``post_id`` where there is no such post."""
        sql = "SELECT o.id FROM posts p JOIN posts o ON o.n = p.thread WHERE p.id = ?"
        row = next(iter(self.db.execute(sql, (post_id,))), None)
        return str(row[0]) if row is not None else post_id

    def threads_of(self, keys: Sequence[int]) -> set[int]:
        """Keys of the openers of the threads that posts are in."""
        sql = "SELECT DISTINCT thread FROM posts WHERE n IN (SELECT value FROM json_each(?))"
        return set(numbers(self.db.execute(sql, (_list(keys),))))

    def has(self, post_id: str) -> bool:
        return bool(next(iter(self.db.execute("SELECT EXISTS (SELECT 1 FROM posts WHERE id = ?)", (post_id,))))[0])

    # -- the Jam and its forums

    def jam(self, where: str, local: bool) -> JamRow | None:
        """None while the mirror is empty. The same object as long as nothing of it changed."""
        row = next(iter(self.db.execute("SELECT raw FROM jam")), None)
        if row is None:
            return None
        raw = as_bytes(row[0])
        if self._jam is None or self._jam[:3] != (raw, where, local):
            self._jam = raw, where, local, jam_row(_JAM.decode(raw), where, local)
        return self._jam[3]

    def jam_object(self) -> dict[str, object]:
        """As it came. Raises `NotFound` while the mirror is empty."""
        for (raw,) in self.db.execute("SELECT raw FROM jam"):
            return _RECORD.decode(as_bytes(raw))
        raise NotFound("the mirror is still empty", "Run jamtui sync when the server can be reached.")

    def count(self, marked: Collection[int] | None = None) -> None:
        """Counts anew what `forums` tells; ``marked`` as in `Counts.refresh`."""
        self._counts.refresh(self.db, self.my_n(), self.silence.loud("p"), marked)

    def forums(self) -> list[ForumRow]:
        """With the counts of the last `count`."""
        rows, before, self._forum_rows = [], self._forum_rows, {}
        for n, raw in self.db.execute("SELECT n, raw FROM forums ORDER BY position, n"):
            row = before.get(as_bytes(raw)) or forum_row(_FORUM.decode(as_bytes(raw)))
            self._forum_rows[as_bytes(raw)] = row
            threads, posts, unread = self._counts.of_forum(int(n))
            row = replace(row, threads=threads, posts=posts, unread=unread)
            if (waiting := self.overlay.briefs.get(row.id)) is not None:
                row = replace(row, brief=safe_body(str(waiting.payload.data.get("brief", ""))), send=waiting.shown)
            rows.append(row)
        return rows

    def confirmed_forums(self) -> list[Forum]:
        """The forums as the server has them, without the outbox, their texts as they came."""
        return [
            _FORUM.decode(as_bytes(raw)) for (raw,) in self.db.execute("SELECT raw FROM forums ORDER BY position, n")
        ]

    def forum_titles(self) -> Mapping[str, str]:
        """Titles of the forums by id, without the counts that `forums` derives."""
        if self._titles is None:
            found = (_FORUM.decode(as_bytes(raw)) for (raw,) in self.db.execute("SELECT raw FROM forums"))
            self._titles = {forum.id: safe_name(forum.title) for forum in found}
        return self._titles

    def forum_n(self, forum_id: str) -> int:
        """The number of a forum; 0 when there is none."""
        row = next(iter(self.db.execute("SELECT n FROM forums WHERE id = ?", (forum_id,))), None)
        return int(row[0]) if row else 0

    # -- threads

    def thread_keys(self, forum_id: str, sort: str = "active") -> list[int]:
        """Keys of the openers of a forum, sorted by one of `SORTS`; one's own that wait in the outbox first, and last
        what the list of ``unanswered`` leaves out: replies to what was taken back may be unread, too."""
        if sort not in SORTS:
            raise UsageError(f"no such order: {safe_line(sort)}", f"Use one of: {', '.join(SORTS)}.")
        gone = "n IN (SELECT n FROM posts WHERE gone = 1 AND forum = ?1 AND thread = n), "
        order = f"{gone if sort == 'unanswered' else ''}{SORTS[sort]}"
        stored = self.db.execute(f"SELECT n FROM threads WHERE forum = ?1 ORDER BY {order}", (self.forum_n(forum_id),))
        return self.overlay.threads(forum_id) + numbers(stored)

    def threads(self, keys: Sequence[int]) -> list[ThreadRow]:
        """The rows of ``keys`` in their order; those that are gone are left out."""
        found: dict[int, ThreadRow] = {}
        stored = [key for key in keys if key > 0]
        if stored:
            if not self._counts.counted:
                self.count()
            rows = list(self.db.execute(_THREADS, (_list(stored),)))
            people = {int(who): _PERSON.decode(as_bytes(person)) for person, who in {(row[3], row[8]) for row in rows}}
            looks = self.looks.of(people)
            for n, raw, up, _, replies, last, saved, voted, who in rows:
                post, author = _POST.decode(as_bytes(raw)), people[int(who)]
                now, difference = self.overlay.vote_of(post.id, bool(voted))
                waiting = len(self.overlay.by_thread.get(post.id, ()))
                look = HONEST if author.id == self.me.person_id else looks[int(who)]
                found[int(n)] = ThreadRow(
                    int(n), post.id, post.forum_id, titled(safe_name(post.title or ""), post.gone), shown(author.name),
                    shown(author.handle), shown_role(author), author.id, int(replies) + waiting,
                    int(up) + difference, now, safe_names(post.tags), post.created_at,
                    _time(last), self._counts.unread_of(int(n)), bool(saved), post.gone,
                    muted=int(n) in self.silence.threads, followed=int(n) in self.silence.followed,
                    alike=look.alike, namesake=look.namesake, locked=post.locked,
                    kind=shown_kind(post), idea_state=shown_state(post), featured=featured_words(post.featured),
                )  # fmt: skip
                found[int(n)] = self.overlay.sorted(found[int(n)])
        for key in keys:
            if key < 0 and (row := self.overlay.row_of(key, self._me())) is not None:
                found[key] = ThreadRow(
                    key, row.id, row.forum_id, row.title, row.author, row.handle, row.role, row.author_id,
                    len(self.overlay.by_thread.get(row.id, ())) - 1, row.up, row.voted, row.tags, row.created_at,
                    row.created_at, 0, False, "", row.send, kind=row.kind, idea_state=row.idea_state,
                    featured=row.featured_for,
                )  # fmt: skip
        return [found[key] for key in keys if key in found]

    def _me(self) -> tuple[str, str, str, str]:
        return self.me.person_id, self.me.handle, self.my_name(), self.my_role()

    def thread_index(self, thread_id: str) -> ThreadIndex:
        """The order of a thread. Raises `NotFound`."""
        me, loud = self.my_n(), self.silence.loud("p")
        with one_moment(self.db):
            thread_id = self.thread_of(thread_id)  # it may have been merged
            stored = self._order.index(self.db, thread_id, me, loud)
            rows: list[Placed] = []
            numbers_of: dict[str, int] = {}
            for waiting in self.overlay.by_thread.get(thread_id, ()):
                parent: int | None = None
                if waiting.payload.parent_id is not None:
                    parent = numbers_of.get(waiting.payload.parent_id) or self._post_n(waiting.payload.parent_id)
                numbers_of[waiting.post_id] = -waiting.n
                rows.append((-waiting.n, parent, 0))
            index = continued(stored, rows) if stored is not None else None
            if index is not None:
                return index
            if stored is not None:
                rows = placed(self.db, stored.keys[0], me, loud) + rows
        if not rows:
            raise NotFound(f"no thread {thread_id[:13]}", "It may not be mirrored yet: run jamtui sync.")
        return depth_first(thread_id, rows)

    def _post_n(self, post_id: str) -> int | None:
        row = next(iter(self.db.execute("SELECT n FROM posts WHERE id = ?", (post_id,))), None)
        return int(row[0]) if row else None

    # -- posts

    def posts(self, keys: Sequence[int]) -> list[PostRow]:
        """The rows of ``keys`` in their order; those that are gone are left out."""
        found: dict[int, PostRow] = {}
        stored = [key for key in keys if key > 0]
        if stored:
            sql = _POSTS.format(muted=self.silence.muted("p"))
            rows = list(self.db.execute(sql, (self.my_n(), _list(stored))))
            people = {int(who): _PERSON.decode(as_bytes(person)) for person, who in {(row[3], row[9]) for row in rows}}
            looks = self.looks.of(people)
            for n, raw, up, _, unread, saved, voted, mine, read, who, muted in rows:
                look = HONEST if mine else looks[int(who)]
                row = post_row(
                    int(n), _POST.decode(as_bytes(raw)), int(up), people[int(who)], look,
                    bool(unread and not muted), bool(saved), bool(mine),
                )  # fmt: skip
                if muted or (read and row.version > int(read)):
                    changed = bool(read and row.version > int(read)) and not row.gone
                    row = replace(row, muted=bool(muted), changed=changed)
                found[int(n)] = self.overlay.patched(row, bool(voted))
        for key in keys:
            if key < 0 and (row_of := self.overlay.row_of(key, self._me())) is not None:
                found[key] = row_of
        if links := self.links([row.id for row in found.values()]):
            for key, one in found.items():
                if one.id in links and not one.gone:
                    found[key] = replace(one, links=links[one.id])
        return [found[key] for key in keys if key in found]

    def links(self, post_ids: Sequence[str], most: int | None = None) -> dict[str, tuple[LinkRow, ...]]:
        """How posts stand to others, by their ids, in both directions; those without a link are left out."""
        more = {} if most is None else {"most": most}
        return self._links.of(post_ids, self.overlay.links, self.me.person_id, self._waiting_title, **more)

    def _waiting_title(self, post_id: str) -> str | None:
        for row in self.overlay.posts.values():
            if row.post_id == post_id:
                return " ".join(safe_line(row.payload.title or row.payload.body[:400], 120).split())
        return None

    def featured_keys(self) -> list[int]:
        """Posts that hosts feature, the newest first."""
        return numbers(self.db.execute("SELECT n FROM posts WHERE featured = 1 AND gone = 0 ORDER BY n DESC"))

    def stages(self) -> list[tuple[int, int, int]]:
        """(forum, stage, ideas): how many ideas of each forum are how far, by the mirror's numbers."""
        sql = "SELECT forum, stage, count(*) FROM threads WHERE stage > 0 GROUP BY forum, stage"
        return [(int(forum), int(stage), int(ideas)) for forum, stage, ideas in self.db.execute(sql)]

    def key(self, post_id: str) -> int | None:
        """The key of a post by its id, confirmed or waiting; None when there is none."""
        n = self._post_n(post_id)
        if n is None:
            return next((key for key, row in self.overlay.posts.items() if row.post_id == post_id), None)
        return n

    def keys(self, post_ids: Collection[str]) -> list[int]:
        """The keys of posts that are confirmed, in no order."""
        sql = "SELECT n FROM posts WHERE id IN (SELECT value FROM json_each(?))"
        return numbers(self.db.execute(sql, (json.dumps(list(post_ids)),)))

    def post(self, name: str) -> PostRow:
        """By id, or by the first characters of one (6 or more). Raises `NotFound`, `UsageError` when several fit."""
        name = name.strip().lower()
        key = self.key(name)
        if key is None and len(name) >= 6:
            keys = numbers(
                self.db.execute("SELECT n FROM posts WHERE id >= ?1 AND id < ?1 || '~' LIMIT 2", (name,))
            ) + [k for k, row in self.overlay.posts.items() if row.post_id.startswith(name)]
            if len(keys) > 1:
                raise UsageError(f"several posts begin with {safe_line(name)}", "Give more characters of the id.")
            key = keys[0] if keys else None
        rows = self.posts([key]) if key is not None else []
        if not rows:
            raise NotFound(
                f"no post {safe_line(name)}",
                "Posts are named by their id: see jamtui threads FORUM --json.",
            )
        return rows[0]

    def as_confirmed(self, post_id: str) -> Post | None:
        """A post as the server has it, without the outbox, its texts as they came."""
        row = next(iter(self.db.execute("SELECT raw FROM posts WHERE id = ?", (post_id,))), None)
        return _POST.decode(as_bytes(row[0])) if row is not None else None

    def live_keys(self, limit: int) -> list[int]:
        """Posts of all forums, the newest first, one's own waiting ones before them."""
        stored = self.db.execute("SELECT n FROM posts WHERE gone = 0 ORDER BY n DESC LIMIT ?", (limit,))
        return list(reversed(self.overlay.posts)) + numbers(stored)

    def mention_keys(self) -> list[int]:
        """Posts by others that answer the reader's or name @handle, the newest first."""
        mine = self.my_n()
        if not mine:
            return []
        answers = numbers(
            self.db.execute(
                "SELECT p.n FROM posts q JOIN posts p ON p.parent = q.n WHERE q.author = ?1 AND p.author <> ?1 "
                "AND p.gone = 0",
                (mine,),
            )
        )
        named = mentions(self.db, self.me.handle, "AND p.author <> ?", (mine,))
        return sorted({*answers, *named}, reverse=True)

    def followed_keys(self, limit: int) -> list[int]:
        """Posts by others in what is followed and not muted, the newest first."""
        heard = self.silence.heard("p")
        if heard == "0":
            return []
        sql = f"SELECT n FROM posts p WHERE gone = 0 AND author <> ? AND {heard} {self.silence.loud('p')} "
        return numbers(self.db.execute(f"{sql} ORDER BY n DESC LIMIT ?", (self.my_n(), limit)))

    def newest(self, before: datetime) -> int:
        """The time of the newest post from before then, in milliseconds since 1970; 0: there is none."""
        sql = "SELECT coalesce(max(created), 0) FROM posts WHERE created < ?"
        return int(next(iter(self.db.execute(sql, (int(before.timestamp() * 1000),))))[0])

    def saved_keys(self) -> list[int]:
        return numbers(
            self.db.execute("SELECT p.n FROM own.saved s JOIN posts p ON p.id = s.post_id ORDER BY s.at DESC")
        )

    # -- unread

    def unread_hashes(self, forum_id: str | None, thread_id: str | None) -> list[int]:
        """What reading state is kept by, of all unread posts of a thread, of a forum, or of the Jam."""
        where, values = "", [self.my_n()]
        if thread_id is not None:
            where, values = "AND p.thread = ?2", [self.my_n(), self._post_n(thread_id) or 0]
        elif forum_id is not None:
            where, values = "AND p.forum = ?2", [self.my_n(), self.forum_n(forum_id)]
        return numbers(self.db.execute(f"SELECT p.h {self._unread} {where}", values))

    def unread_hashes_of(self, posts: Sequence[int], threads: Sequence[int]) -> list[int]:
        """The same, of posts and of whole threads by their keys."""
        where = "AND (p.n IN (SELECT value FROM json_each(?2)) OR p.thread IN (SELECT value FROM json_each(?3)))"
        return numbers(
            self.db.execute(f"SELECT p.h {self._unread} {where}", (self.my_n(), _list(posts), _list(threads)))
        )

    def hashes(self, keys: Sequence[int]) -> list[int]:
        return numbers(
            self.db.execute("SELECT h FROM posts WHERE n IN (SELECT value FROM json_each(?))", (_list(keys),))
        )

    def read_versions(self, keys: Sequence[int]) -> list[tuple[int, int]]:
        """(what reading state is kept by, version that was read) of those of the posts that were read."""
        sql = (
            "SELECT r.h, r.version FROM own.read r JOIN posts p ON p.h = r.h "
            "WHERE p.n IN (SELECT value FROM json_each(?))"
        )
        return [(int(h), int(version)) for h, version in self.db.execute(sql, (_list(keys),))]

    def versions(self, keys: Sequence[int]) -> list[tuple[int, int]]:
        """(what reading state is kept by, version) of posts."""
        sql = (
            "SELECT h, coalesce(CAST(raw AS TEXT) ->> '$.version', 1) FROM posts "
            "WHERE n IN (SELECT value FROM json_each(?))"
        )
        return [(int(h), int(version)) for h, version in self.db.execute(sql, (_list(keys),))]

    def next_unread(
        self, forum_id: str, thread_id: str, order_of: Callable[[str], str], passed: Collection[str] = ()
    ) -> tuple[str, str] | None:
        """(forum, thread) of the next thread that has unread posts, in the order of the lists, wrapping round.
        ``order_of`` tells the order in which a forum is shown, by its id."""
        forums = [str(row[0]) for row in self.db.execute("SELECT id FROM forums ORDER BY position, n")]
        start = forums.index(forum_id) if forum_id in forums else 0
        here = self._post_n(thread_id) if thread_id else None
        skipped = {self._post_n(one) for one in passed}
        for step in range(len(forums) + 1):
            forum = forums[(start + step) % len(forums)]
            unread = set(
                numbers(
                    self.db.execute(
                        f"SELECT DISTINCT p.thread {self._unread} AND p.forum = ?2", (self.my_n(), self.forum_n(forum))
                    )
                )
            )
            unread -= skipped
            listed = self.thread_keys(forum, order_of(forum)) if unread else []
            keys = [key for key in listed if key in unread or key == here]
            if here in keys:
                at = keys.index(here)
                keys = keys[at + 1 :] if step == 0 else keys[:at]
            if keys:
                row = next(iter(self.db.execute("SELECT id FROM posts WHERE n = ?", (keys[0],))))
                return forum, str(row[0])
        return None


def forum_named(name: str, forums: Sequence[ForumRow]) -> ForumRow:
    """By slug or id. Raises `NotFound`, naming those there are."""
    for row in forums:
        if name in (row.id, row.slug):
            return row
    import difflib  # seldom needed, and not before the first frame

    slugs = [row.slug for row in forums]
    near = difflib.get_close_matches(name.casefold(), slugs, 1)
    hint = f"Did you mean {near[0]}?" if near else f"Forums of this Jam: {', '.join(slugs)}."
    raise NotFound(f"no forum {safe_line(name)}", hint if slugs else "Run jamtui sync.")


def _list(keys: Sequence[int]) -> str:
    return "[" + ",".join(map(str, keys)) + "]"


def _time(ms: object) -> datetime:
    return datetime.fromtimestamp(int(str(ms)) / 1000, UTC)
