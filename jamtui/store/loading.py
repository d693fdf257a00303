"""Loading a snapshot into the mirror: many posts at once, where `jamtui.store.mirror` folds single changes."""

from __future__ import annotations

import contextlib
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

from msgspec import Struct, field

from jamtui import archive
from jamtui.archive import Forum, Jam, Person, Post
from jamtui.model import Changed
from jamtui.store import bulk, columns, sums, tables
from jamtui.store.connection import explained, transaction

if TYPE_CHECKING:
    from concurrent.futures import Future, ThreadPoolExecutor

    from jamtui.store.mirror import Mirror

    _Row = tuple[object, ...]

BATCH = 8_000  # posts a transaction while a snapshot is loaded…
BATCH_BYTES = 3 << 20  # … or so many bytes of JSON, whichever is there first: two batches may be held in memory
_FIRST = 300  # … but the first one has few posts, so that something can be read at once
# While a snapshot is loaded the index only adds; it goes on merging its parts when changes come singly.
_MERGES = "INSERT INTO words(words, rank) VALUES ('automerge', ?), ('hashsize', ?)"
_LOADING_MERGES, _USUAL_MERGES = (0, 2 << 20), (0, 1 << 20)
_LOADING_CACHE = 8_000  # KiB of pages


class Loading:
    """Loads a snapshot into an empty mirror, in batches, the cursor last.

    A reader sees the posts as batches are committed; a load that is cut off has no cursor, and the next start clears it
    and begins again. A mirror that was whole is replaced in one transaction instead: whoever reads sees the old one
    until the new one is there, and keeps it when the load fails (`abandon`). Feed it lines, then call `finish`.

        loading = Loading(mirror, cursor)
        for line in lines: loading.feed(line)
        loading.finish(now)

    The write-ahead log has every page of the mirror then; SQLite folds it back after the next transaction, or when the
    last connection is closed, and not before a reader is told that the mirror is there.
    """

    def __init__(self, mirror: Mirror, cursor: str, *, beside: bool = False, lenient: bool = False) -> None:
        """``lenient``: a record that cannot be read is kept aside and counted (``unreadable``), and the others are
        loaded; else it ends the load. ``beside``: after the first batch a thread of its own writes the words and ends
        the transactions, while the next lines are decoded. Nobody else uses the mirror's connection until `finish` or
        `abandon` has returned."""
        self.mirror = mirror
        self._lenient = lenient
        self._writer = _writer() if beside else None
        self._writing: Future[None] | None = None
        self.cursor = cursor
        self._rev = columns.seq_of(cursor)
        self.records = 0
        self.unreadable = 0
        self._twice = False  # somebody came twice: what they looked like before has to go
        self._sum = 0  # of the posts that were written
        self._numbers = _Numbers()
        self._waiting = _Waiting()
        self._limit = _FIRST
        self._at_once = bool(mirror.cursor)  # a whole mirror is replaced: one transaction from here to `finish`
        self._pragmas: dict[str, object] = {}
        self._set("cache_size", -_LOADING_CACHE)
        self._set("wal_autocheckpoint", 0)  # each page would be written twice before it is complete
        try:
            with self._transaction():
                mirror.clear()
                mirror.db.execute(tables.DROP_INDEXES)
                mirror.db.execute(_MERGES, _LOADING_MERGES)
                self._n = mirror.next_n()
        except BaseException:
            self._end()
            raise

    @contextlib.contextmanager
    def _transaction(self, final: bool = False) -> Iterator[None]:
        db = self.mirror.db
        if not self._at_once:
            with transaction(db):
                yield
            return
        with explained(Path(db.filename), "mirror"):
            try:
                if not db.in_transaction:
                    db.execute("BEGIN IMMEDIATE")
                yield
                if final:
                    db.execute("COMMIT")
            except BaseException:
                if db.in_transaction:
                    db.execute("ROLLBACK")
                raise

    def abandon(self) -> None:
        """The load ends here: a mirror that was whole stays as it was. Does nothing after `finish`."""
        if self._writer is not None:
            self._writer.shutdown()  # what it writes now, it writes to its end
        if self._at_once and self.mirror.db.in_transaction:
            self.mirror.db.execute("ROLLBACK")
        self._end()

    def _set(self, name: str, value: int) -> None:
        db = self.mirror.db
        with explained(Path(db.filename), "mirror"):
            self._pragmas[name] = db.pragma(name)
            db.pragma(name, value)

    def _end(self) -> None:
        if not self._pragmas:
            return
        while self._pragmas:
            self.mirror.db.pragma(*self._pragmas.popitem())
        self._numbers, self._waiting = _Numbers(), _Waiting()
        give_back()

    def feed(self, line: bytes) -> bool:
        """Takes one line of the snapshot; True when a batch was committed and can be read. Raises `ArchiveError`."""
        if line.isspace() or not line:
            return False
        self.records += 1
        try:
            kind, raw, data = archive.parsed(line, self.records)
        except archive.ArchiveError:
            if not self._lenient:
                raise
            found = archive.object_in(line)
            if found is None:  # nothing in it says what it is; kept, nobody could ever take it back
                self.unreadable += 1
                return False
            return self._pass_over(*found)
        return self._take(kind, raw, data)

    def _pass_over(self, kind: str, raw: bytes) -> bool:
        self.unreadable += 1
        return self._take(f"unreadable {kind}", raw, None)

    def feed_record(self, record: archive.Record) -> bool:
        """The same for a line that was parsed already."""
        self.records += 1
        return self._take(record.type, record.raw, record.data)

    def _take(self, kind: str, raw: bytes, data: archive.Object | None) -> bool:
        waiting = self._waiting
        if isinstance(data, Post):
            self._post(data, raw)
        elif isinstance(data, Person):
            n = self._numbers.people.setdefault(data.id, len(self._numbers.people) + 1)
            self._twice = self._twice or n < len(self._numbers.people)
            waiting.people.append((n, data.id, data.handle, raw))
            waiting.looks += columns.looks(n, data)
        elif isinstance(data, Forum):
            n = self._numbers.forums.setdefault(data.id, len(self._numbers.forums) + 1)
            waiting.forums.append((n, data.id, data.slug, data.position, raw))
        elif isinstance(data, Jam):
            waiting.jam.append((raw,))
        else:
            waiting.others.append((kind, raw))
        waiting.size += len(raw)
        if len(waiting.posts) < self._limit and waiting.size < BATCH_BYTES:
            return False
        self._hand_over()
        return not self._at_once

    def _hand_over(self) -> None:
        """The batch that waits is written: the first one at once, since somebody waits for it."""
        batch = self._batch()
        self._written()
        begun = self._begun(batch)
        if self._writer is None or self._limit == _FIRST:
            self._ended(begun, batch)
        else:
            self._writing = self._writer.submit(self._ended, begun, batch)
        self._limit = BATCH

    def _written(self) -> None:
        """Returns when the last batch that was handed over is on the disk; raises what kept it from that."""
        if self._writing is not None:
            writing, self._writing = self._writing, None
            writing.result()

    def _batch(self) -> _Waiting:
        batch, self._waiting = self._waiting, _Waiting()
        # As they are now: the next lines go on counting in them.
        batch.threads = [(*self._numbers.threads[thread], self._rev) for thread in batch.touched]
        return batch

    def finish(self, now: str) -> Changed:
        """Commits the rest and the cursor. The mirror is whole from here on."""
        try:
            self._written()
            batch = self._batch()
            # "loaded" until `Mirror.tidy` is through.
            last = dict.fromkeys(("cursor", "people", "records"), self.cursor) | {"mirrored_at": now, "loaded": "1"}
            self._ended(self._begun(batch, final=True), batch, last)
        finally:
            self.abandon()
        return Changed(everything=True, status=True, unreadable=self.unreadable)

    def _begun(self, batch: _Waiting, final: bool = False) -> contextlib.ExitStack:
        """The transaction of a batch with its rows, their words excepted; `_ended` ends it."""
        db = self.mirror.db
        with contextlib.ExitStack() as stack:
            stack.enter_context(self._transaction(final))
            db.executemany("INSERT OR REPLACE INTO jam VALUES (1, ?)", batch.jam)
            db.executemany(f"INSERT INTO people VALUES (?, ?, ?, ?) {tables.PERSON_AGAIN}", batch.people)
            db.executemany(tables.INSERT_LOOK, batch.looks)
            db.executemany(f"INSERT INTO forums VALUES (?, ?, ?, ?, ?) {tables.FORUM_AGAIN}", batch.forums)
            db.executemany(tables.INSERT_POST, batch.posts)
            self._sum += sum(map(sums.of_post, batch.posts))
            db.executemany("INSERT OR IGNORE INTO tags VALUES (?, ?)", batch.tags)
            db.executemany(
                "INSERT OR REPLACE INTO threads(n, forum, replies, last, up, kind, stage, rev) "
                "VALUES (?, ?, ?, ?, ?, ?, ?, ?)",
                batch.threads,
            )
            db.executemany(tables.KEEP, [(kind, columns.id_in(raw), raw) for kind, raw in batch.others])
            return stack.pop_all()

    def _ended(self, begun: contextlib.ExitStack, batch: _Waiting, last: dict[str, str] | None = None) -> None:
        """The words of a batch, and its end; the last one has the facts that make the mirror whole."""
        db = self.mirror.db
        with begun:
            bulk.words(db, batch.words)
            if last is not None:
                db.execute(tables.MAKE_INDEXES)
                if self._twice:
                    tables.fill_looks(db)
                db.execute(_MERGES, _USUAL_MERGES)
                if next(iter(db.execute("SELECT count(*) FROM jam")))[0] == 0:
                    raise archive.ArchiveError("it has no jam record")
                self.mirror.set_meta("sum", sums.packed(self.cursor, self._sum + sums.small(db)))
                for key, value in last.items():
                    self.mirror.set_meta(key, value)

    def _post(self, data: Post, raw: bytes) -> None:
        known, waiting = self._numbers, self._waiting
        if data.id in known.posts:
            if self._lenient:
                self.unreadable += 1
                return
            raise archive.ArchiveError(f"a second post {data.id}", self.records)
        forum = known.forums.get(data.forum_id)
        author = known.people.get(data.author_id)
        n = self._n
        parent = thread = None
        if data.parent_id is None:
            thread = n
        elif (parent := known.posts.get(data.parent_id)) is not None:
            thread = known.posts.get(data.thread_id)
        if forum is None or author is None or thread is None or (thread != n and thread not in known.threads):
            self.unreadable += 1
            waiting.others.append(("unreadable post", raw))
            return
        self._n += 1
        known.posts[data.id] = n
        waiting.posts.append((n, *columns.of_post(data, raw, forum, thread, parent, author)))
        waiting.touched.add(thread)
        there = not data.gone
        if thread == n:
            known.threads[n] = [n, forum, 0, n, data.up, *columns.sort_of(data)]
        else:
            derived = known.threads[thread]
            derived[2] += there
            derived[3] = n
        if there:
            waiting.words.append((n, *columns.words(data)))
            if data.tags:
                waiting.tags.extend([(tag, n) for tag in data.tags])


def give_back() -> None:
    """The memory that a load had goes back to the system: glibc keeps half of it else, to the end of the program."""
    import ctypes  # not for a start that loads nothing

    trim = getattr(ctypes.CDLL(None), "malloc_trim", None) if sys.platform == "linux" else None
    if trim is not None:
        trim(0)


def _writer() -> ThreadPoolExecutor:
    from concurrent.futures import ThreadPoolExecutor  # not for a start that loads nothing

    return ThreadPoolExecutor(1, "jamtui-load")


class _Numbers(Struct):
    """What a load has given to ids so far; of threads their derived row: n, forum, replies, last, up, kind, stage."""

    people: dict[str, int] = field(default_factory=dict)
    forums: dict[str, int] = field(default_factory=dict)
    posts: dict[str, int] = field(default_factory=dict)
    threads: dict[int, list[int]] = field(default_factory=dict)


class _Waiting(Struct):
    """Rows of the next batch, and how many bytes of JSON they came from."""

    size: int = 0
    jam: list[tuple[bytes]] = field(default_factory=list)
    people: list[_Row] = field(default_factory=list)
    looks: list[tuple[str, int, int]] = field(default_factory=list)
    forums: list[_Row] = field(default_factory=list)
    posts: list[_Row] = field(default_factory=list)
    words: list[tuple[int, str, str, str]] = field(default_factory=list)
    tags: list[_Row] = field(default_factory=list)
    touched: set[int] = field(default_factory=set)
    threads: list[_Row] = field(default_factory=list)
    others: list[tuple[str, bytes]] = field(default_factory=list)
