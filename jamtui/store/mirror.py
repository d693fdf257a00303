"""The mirror: the Jam's confirmed objects as the server has them, folded up to a cursor.

Objects keep the JSON that came (``raw``), so that a field which this version does not know survives a mirror and an
export. Beside it stand the few columns that lists, counts and joins need. Tables hold numbers (``n``) instead of ids:
``posts.n`` is the *key* of `jamtui.model`, grows in the order in which the server's log created the posts, and is never
used again, not even by a mirror that is fetched anew.

Every change of objects happens in `apply` or `Loading`, in one transaction with the cursor.
"""

from __future__ import annotations

import contextlib
from collections.abc import Iterable, Sequence
from pathlib import Path

import apsw
import msgspec
from msgspec import Struct, field

from jamtui import archive
from jamtui.archive import SAID_OF_PEOPLE, Forum, Jam, Person, Post
from jamtui.model import Changed
from jamtui.store import columns, sums, tables
from jamtui.store.columns import hash_of as hash_of
from jamtui.store.columns import seq_of as seq_of
from jamtui.store.columns import words_of as words_of
from jamtui.store.connection import BUSY_MS, explained, transaction
from jamtui.store.loading import BATCH_BYTES as BATCH_BYTES
from jamtui.store.loading import Loading as Loading
from jamtui.store.tables import SCHEMA as SCHEMA

_TIDY = 64  # pages of the full text that are merged at once
START = "0-0"  # the cursor before everything
_WORDED = ("announcement", "brief", "poll")  # records in which somebody wrote a text: it goes when they are taken away


class _Frame(Struct):
    gone: object = None


class _Tally(Struct):
    """What one transaction touched, by id, collected for `Changed` and for the derived thread rows."""

    everything: bool = False
    people: bool = False  # somebody came, or is called otherwise
    forums: set[str] = field(default_factory=set)
    threads: dict[int, str] = field(default_factory=dict)
    older: set[int] = field(default_factory=set)  # those of them in which a post changed that was there before
    posts: set[str] = field(default_factory=set)
    new: int = 0
    numbers: dict[tuple[str, str], int] = field(default_factory=dict)  # table and id to n, which stays what it is
    next_n: int = 0
    sum: int = 0  # by how much `jamtui.store.sums` is another
    erased: bool = False  # a text was taken back
    unreadable: int = 0
    records: bool = False
    merged: bool = False  # posts went from one thread to another
    openers: dict[int, tuple[int, int]] = field(default_factory=dict)  # what threads are: `columns.sort_of`

    def changed(self) -> Changed:
        return Changed(
            everything=self.everything,
            forums=frozenset(self.forums),
            threads=frozenset(self.threads.values()),
            posts=frozenset(self.posts),
            new_posts=self.new,
            status=True,
            unreadable=self.unreadable,
            records=self.records,
        )


class Mirror:
    """Writes the mirror over one connection. Reading for people is in `jamtui.store.rows`."""

    def __init__(self, db: apsw.Connection) -> None:
        self.db = db
        self._to_erase = False

    # -- what is known about it

    def meta(self, key: str) -> str:
        """A fact kept beside the objects; "" when it was never set."""
        row = next(iter(self.db.execute("SELECT value FROM meta WHERE key = ?", (key,))), None)
        return str(row[0]) if row else ""

    def set_meta(self, key: str, value: str) -> None:
        self.db.execute("INSERT OR REPLACE INTO meta VALUES (?, ?)", (key, value))

    @property
    def cursor(self) -> str:
        """The last change applied, as ``SEQ-MARK``; "" when there is no whole mirror yet."""
        return self.meta("cursor")

    def has(self, post_id: str) -> bool:
        """Whether the mirror has the post, be it one that this version cannot read."""
        sql = "SELECT EXISTS (SELECT 1 FROM posts WHERE id = ?1) OR EXISTS (SELECT 1 FROM others WHERE id = ?1)"
        return bool(next(iter(self.db.execute(sql, (post_id,))))[0])

    def post(self, post_id: str) -> Post | None:
        """A post as the server has it."""
        row = next(iter(self.db.execute("SELECT raw FROM posts WHERE id = ?", (post_id,))), None)
        found = archive.decode("post", bytes(row[0])) if row is not None else None
        return found if isinstance(found, Post) else None

    # -- one change after another

    def apply(self, changes: Iterable[tuple[str, bytes]], cursor: str, now: str = "") -> Changed:
        """Folds (type, object bytes) pairs in their order and sets the cursor, in one transaction.

        ``now`` (RFC 3339) becomes the time at which the mirror was up to date. A change whose object cannot be read is
        kept in ``others`` under its type, so that nothing stops the ones behind it.
        """
        tally = _Tally()
        with transaction(self.db):
            for kind, raw in changes:
                self._fold(kind, raw, tally)
            self._derive(tally, seq_of(cursor))
            self.set_meta("sum", sums.packed(cursor, sums.unpacked(self.meta("sum")) + tally.sum))
            self.set_meta("cursor", cursor)
            if tally.records:
                self.set_meta("records", cursor)  # since when they are as they are
            if tally.people:
                self.set_meta("people", cursor)  # since when everybody is called as they are
            if now:
                self.set_meta("mirrored_at", now)
        if tally.erased or self._to_erase:
            self.erase()
        return tally.changed()

    def erase(self) -> None:
        """Folds the log back and empties it: a text that was taken back stands in it still. While a reader is in the
        way, it stays until the next change or quiet moment."""
        self._to_erase = True
        self.db.set_busy_timeout(0)  # no change waits for a long read
        try:
            with explained(Path(self.db.filename), "mirror"), contextlib.suppress(apsw.BusyError, apsw.LockedError):
                self.db.wal_checkpoint(mode=apsw.SQLITE_CHECKPOINT_TRUNCATE)
                self._to_erase = False
        finally:
            self.db.set_busy_timeout(BUSY_MS)

    def touch(self, now: str) -> None:
        """Notes that the mirror is up to date, when there was nothing to apply."""
        self.note("mirrored_at", now)

    def note(self, key: str, value: str) -> None:
        """Keeps a fact beside the objects."""
        with transaction(self.db):
            self.set_meta(key, value)

    def tidy(self) -> bool:
        """Merges parts of the full text, a few ms of it; False when there was nothing to merge. For quiet times.

        A load leaves parts that single changes would drag along with each merge: they become one (a negative number).
        """
        loaded = bool(self.meta("loaded"))
        with transaction(self.db):
            before = self.db.total_changes()
            self.db.execute("INSERT INTO words(words, rank) VALUES ('merge', ?)", (-_TIDY if loaded else _TIDY,))
            merged = self.db.total_changes() - before >= 2  # so SQLite documents it
            if loaded and not merged:
                self.db.execute("DELETE FROM meta WHERE key = 'loaded'")
        if self._to_erase:
            self.erase()
        return merged

    def _fold(self, kind: str, raw: bytes, tally: _Tally) -> None:
        if kind == "votes":
            self._fold_votes(raw, tally)
            return
        if kind == "unreadable":  # so the client names what does not say what it is
            self._pass_over("change", raw, tally)
            return
        try:
            data = archive.decode(kind, raw)
        except (msgspec.DecodeError, ValueError):
            raw = archive.mend_surrogates(raw)
            try:
                data = archive.decode(kind, raw)
            except (msgspec.DecodeError, ValueError):
                self._pass_over(kind, raw, tally)
                return
        match data:
            case Post():
                self._fold_post(data, raw, tally)
            case Person():
                self._fold_person(data, raw, tally)
            case Forum():
                sql = f"INSERT INTO forums(id, slug, position, raw) VALUES (?, ?, ?, ?) {tables.FORUM_AGAIN}"
                tally.sum += self._put("forums", data.id, sql, (data.id, data.slug, data.position, raw))
                tally.forums.add(data.id)
            case Jam():
                tally.sum += self._put("jam", 1, "INSERT OR REPLACE INTO jam VALUES (1, ?)", (raw,))
                tally.everything = True
            case _:
                tally.sum += self.keep(kind, raw)
                tally.records = True
                if kind == "link":
                    self._touch_ends(raw, tally)
                elif kind in _WORDED and msgspec.json.decode(raw, type=_Frame).gone is True:
                    tally.erased = True

    def _touch_ends(self, raw: bytes, tally: _Tally) -> None:
        """Both posts of a link look otherwise."""
        with contextlib.suppress(msgspec.DecodeError):
            link = _ENDS.decode(raw)
            self._touch_posts((link.from_id, link.to_id), tally)

    def _touch_posts(self, post_ids: Iterable[str], tally: _Tally) -> None:
        sql = "SELECT t.n, t.id FROM posts p JOIN posts t ON t.n = p.thread WHERE p.id = ?"
        for post_id in post_ids:
            for thread, thread_id in list(self.db.execute(sql, (post_id,))):
                tally.posts.add(post_id)
                tally.threads[int(thread)] = str(thread_id)

    def _touch_linked(self, post_id: str, tally: _Tally) -> None:
        """What a post is called stands under those that have a link with it."""
        sql = "SELECT raw FROM others WHERE type = 'link' AND instr(id, ?)"
        for (raw,) in list(self.db.execute(sql, (post_id,))):
            self._touch_ends(bytes(raw), tally)

    def _pass_over(self, kind: str, raw: bytes, tally: _Tally) -> None:
        tally.unreadable += 1
        tally.sum += self.keep(f"unreadable {kind}", raw)

    def _put(self, table: str, key: object, sql: str, values: Sequence[object]) -> int:
        """One row of a small table, with the id or number ``key``; by how much that changes the sum."""
        before = sums.of_one(self.db, table, key)
        self.db.execute(sql, tuple(values))
        return sums.of_one(self.db, table, key) - before

    def _fold_votes(self, raw: bytes, tally: _Tally) -> None:
        try:
            votes = _VOTES.decode(raw)
        except (msgspec.DecodeError, UnicodeDecodeError):
            self._pass_over("votes", raw, tally)
            return
        row = next(iter(self.db.execute(f"SELECT {sums.POST} FROM posts WHERE id = ?", (votes.post_id,))), None)
        if row is not None:
            n, thread = int(row[0]), int(row[4])
            self.db.execute("UPDATE posts SET up = ? WHERE n = ?", (votes.up, n))
            tally.sum += sums.of_post((*row[:8], votes.up, *row[9:])) - sums.of_post(row)
            opener = next(iter(self.db.execute("SELECT id FROM posts WHERE n = ?", (thread,))))
            tally.posts.add(votes.post_id)
            tally.threads[thread] = str(opener[0])

    def _fold_person(self, data: Person, raw: bytes, tally: _Tally) -> None:
        for n, before in list(self.db.execute("SELECT n, raw FROM people WHERE id = ?", (data.id,))):
            old = archive.decode("person", bytes(before))
            if isinstance(old, Person):
                sql = "DELETE FROM looks WHERE (key, rank, n) = (?, ?, ?)"
                self.db.executemany(sql, columns.looks(int(n), old))
                tally.erased = tally.erased or _took_back(old, data)
        sql = f"INSERT INTO people(id, handle, raw) VALUES (?, ?, ?) {tables.PERSON_AGAIN} RETURNING n"
        sum_before = sums.of_one(self.db, "people", data.id)
        n = int(next(iter(self.db.execute(sql, (data.id, data.handle, raw))))[0])
        tally.sum += sums.of_one(self.db, "people", data.id) - sum_before
        self.db.executemany(tables.INSERT_LOOK, columns.looks(n, data))
        tally.people = True
        if data.state == "left":  # of the profile nothing is to be left either
            tally.erased = True
            self._forget_unreadable("person", data.id, tally)
        tally.everything = tally.everything or self._renames(data)

    def _renames(self, data: Person) -> bool:
        """Whether the person has posts: then names on many rows may have changed."""
        sql = "SELECT EXISTS (SELECT 1 FROM posts WHERE author = (SELECT n FROM people WHERE id = ?))"
        return bool(next(iter(self.db.execute(sql, (data.id,))))[0])

    def _number(self, table: str, object_id: str, tally: _Tally) -> int | None:
        known = tally.numbers.get((table, object_id))
        if known is not None:
            return known
        row = next(iter(self.db.execute(f"SELECT n FROM {table} WHERE id = ?", (object_id,))), None)
        if row is None:
            return None
        tally.numbers[table, object_id] = number = int(row[0])
        return number

    def _fold_post(self, data: Post, raw: bytes, tally: _Tally) -> None:
        forum = self._number("forums", data.forum_id, tally)
        author = self._number("people", data.author_id, tally)
        parent = self._number("posts", data.parent_id, tally) if data.parent_id else None
        if forum is None or author is None or (data.parent_id and parent is None):
            self._pass_over("post", raw, tally)
            return
        old = next(iter(self.db.execute(f"SELECT {sums.POST} FROM posts WHERE id = ?", (data.id,))), None)
        if old is None:
            tally.next_n = n = tally.next_n + 1 if tally.next_n else self.next_n()
            thread = n if parent is None else self._number("posts", data.thread_id, tally)
            if thread is None:
                self._pass_over("post", raw, tally)
                return
            row = (n, *columns.of_post(data, raw, forum, thread, parent, author))
            self.db.execute(tables.INSERT_POST, row)
            tally.new += 1
        else:
            n, thread = int(old[0]), int(old[4])
            tally.older.add(thread)
            tally.sum -= sums.of_post(old)
            tally.erased = tally.erased or (bool(data.gone) and not old[9])
            before = archive.decode("post", bytes(old[10]))
            self._forget_words(n, before)
            if isinstance(before, Post) and (before.gone, before.title) != (data.gone, data.title):
                self._touch_linked(data.id, tally)
            there = self._place(n, data, parent)
            if there is not None and (there != thread or parent != old[5]):
                tally.threads[thread] = self._id_of(thread)  # it leaves this one
                thread = there
                tally.older.add(thread)
                tally.merged = True
                self.db.execute(tables.PLACE_POST, (thread, parent, n))
            else:
                parent = old[5]
            row = (n, *columns.of_post(data, raw, forum, thread, parent, author))
            self.db.execute(tables.UPDATE_POST, (row[3], *row[6:], n))
        tally.sum += sums.of_post(row)
        if parent is None:
            tally.openers[n] = columns.sort_of(data)
        if data.gone:
            self._forget_unreadable("post", data.id, tally)
        self._index_words(n, data)
        tally.posts.add(data.id)
        tally.forums.add(data.forum_id)
        tally.threads[thread] = data.thread_id

    def _place(self, n: int, data: Post, parent: int | None) -> int | None:
        """The thread that a post stands in now: threads are merged, and split again. None when it is not known."""
        if parent is None or data.parent_id is None:
            return n if data.thread_id == data.id else None
        row = next(iter(self.db.execute("SELECT n FROM posts WHERE id = ?", (data.thread_id,))), None)
        return int(row[0]) if row is not None else None

    def _id_of(self, n: int) -> str:
        return str(next(iter(self.db.execute("SELECT id FROM posts WHERE n = ?", (n,))))[0])

    def _forget_unreadable(self, kind: str, object_id: str, tally: _Tally) -> None:
        """A text that was taken back may stand in what could not be read when it came."""
        sql = "SELECT n FROM others WHERE type = ? AND id = ?"
        for (n,) in list(self.db.execute(sql, (f"unreadable {kind}", object_id))):
            tally.sum -= sums.of_one(self.db, "others", n)
            tally.erased = True
            self.db.execute("DELETE FROM others WHERE n = ?", (n,))

    def next_n(self) -> int:
        """The key of the next post that is new."""
        row = next(iter(self.db.execute("SELECT max(n) FROM posts")))
        return max(int(row[0] or 0), int(self.meta("n_base") or 0)) + 1

    def _index_words(self, n: int, data: Post) -> None:
        if data.gone:
            return
        self.db.execute(tables.INSERT_WORDS, (n, *columns.words(data)))
        self.db.executemany("INSERT OR IGNORE INTO tags VALUES (?, ?)", [(tag, n) for tag in data.tags])

    def _forget_words(self, n: int, data: archive.Object | None) -> None:
        """To forget a row, the index needs the very words that it was given; they come from the old object."""
        if not isinstance(data, Post) or data.gone:
            return
        self.db.execute(
            "INSERT INTO words(words, rowid, title, body, tags) VALUES ('delete', ?, ?, ?, ?)",
            (n, *columns.words(data)),
        )
        self.db.executemany("DELETE FROM tags WHERE name = ? AND post = ?", [(tag, n) for tag in data.tags])
        # A word that a post loses and gets again in one go only hides the old places where it gets it many times (128
        # bytes of places: FTS5 of SQLite 3.54 takes the first byte of their length for the whole). When the new ones
        # left, those came back, with the removed text. So what goes is gone from the disk before others come.
        self.db.execute("INSERT INTO words(words) VALUES ('flush')")

    def keep(self, kind: str, raw: bytes) -> int:
        """An object of a type that this version does not know, or could not place: kept as it came. Returns by how much
        that changes the sum."""
        known, found = columns.id_in(raw), None
        if known is not None:
            found = next(iter(self.db.execute("SELECT n FROM others WHERE type = ? AND id = ?", (kind, known))), None)
        before = sums.of_one(self.db, "others", found[0]) if found is not None else 0
        self.db.execute(tables.KEEP, (kind, known, raw))
        return sums.of_one(self.db, "others", found[0] if found is not None else self.db.last_insert_rowid()) - before

    def _derive(self, tally: _Tally, rev: int) -> None:
        """Thread rows are counted from the posts, never incremented, so that they cannot drift."""
        rows = [(n, rev, rev if n in tally.older else None) for n in tally.threads]
        self.db.executemany(tables.DERIVE, rows)
        self.db.executemany(tables.DERIVE_MORE, [(n,) for n in tally.threads])
        if tally.merged:
            self.db.executemany(tables.MERGED_AWAY, [(n,) for n in tally.threads])
            self.set_meta("merged", str(rev))
        self.db.executemany(tables.SORT_THREAD, [(*sort, n) for n, sort in tally.openers.items()])

    # -- all at once

    def clear(self) -> None:
        """Forgets all objects and the cursor, inside the caller's transaction. Keys already used are not used again."""
        base = self.next_n() - 1
        for table in ("jam", "people", "looks", "forums", "posts", "threads", "tags", "others", "meta"):
            self.db.execute(f"DELETE FROM {table}")
        self.db.execute("INSERT INTO words(words) VALUES ('delete-all')")
        self.set_meta("n_base", str(base))


def _took_back(old: Person, new: Person) -> bool:
    """Whether a profile does not say any more what it said."""
    return any((said := getattr(old, name)) and said != getattr(new, name) for name in SAID_OF_PEOPLE)


class _Votes(msgspec.Struct):
    post_id: str
    up: archive.Count


class _Ends(msgspec.Struct):
    from_id: str
    to_id: str


_VOTES = msgspec.json.Decoder(_Votes)
_ENDS = msgspec.json.Decoder(_Ends)


def objects(db: apsw.Connection) -> Iterable[tuple[str, bytes]]:
    """All objects of the mirror as (type, bytes) in the order of an archive: jam, people, forums, posts, others.

    Votes that came as tallies are put into the posts' JSON; else the bytes are those that came.
    """
    for (raw,) in db.execute("SELECT raw FROM jam"):
        yield "jam", bytes(raw)
    for (raw,) in db.execute("SELECT raw FROM people ORDER BY n"):
        yield "person", bytes(raw)
    for (raw,) in db.execute("SELECT raw FROM forums ORDER BY n"):
        yield "forum", bytes(raw)
    for up, raw in db.execute("SELECT up, raw FROM posts ORDER BY n"):
        yield "post", with_votes(bytes(raw), int(up))
    for kind, raw in db.execute("SELECT type, raw FROM others WHERE type NOT LIKE 'unreadable %' ORDER BY n"):
        yield str(kind), bytes(raw)


def with_votes(raw: bytes, up: int) -> bytes:
    """A post's bytes with the tally ``up``; the same bytes when they already say so. Other counts are kept."""
    data = _VOTES_OF.decode(raw)
    if data.votes.get("up", 0) == up:
        return raw
    whole = msgspec.json.decode(raw)
    whole["votes"] = {**(whole.get("votes") or {}), "up": up}
    return msgspec.json.encode(whole)


class _VotesOf(msgspec.Struct):
    votes: dict[str, int] = msgspec.field(default_factory=dict)


_VOTES_OF = msgspec.json.Decoder(_VotesOf)


def numbers(rows: Iterable[Sequence[object]]) -> list[int]:
    """The first column of rows, as integers."""
    return [int(row[0]) for row in rows]  # type: ignore[call-overload]
