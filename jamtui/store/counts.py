"""How many posts there are and how many of them are unread, of each thread and of each forum, counted in the mirror.

Counting all of 46,000 posts takes longer than a frame. So the counts of threads are held, and when something changed
those threads are counted anew which it touched: nothing is ever added to a count because a post came. What touched
them is told by the mirror (`threads.rev`) and by whoever marks posts as read; when that is not known, all are counted.
Of a thread in which nothing changed but that posts came (`threads.old`), the count of the posts that were there is
still right; only those with higher numbers are counted.
"""

from __future__ import annotations

import json
from array import array
from bisect import bisect_left
from collections.abc import Collection

import apsw
import msgspec

from jamtui.store.connection import one_moment
from jamtui.store.mirror import Mirror, seq_of

MANY = 500  # touched threads from which on all are counted at once

# Threads, forums, posts, unread of all threads, each in one piece: apsw takes Python's lock for each row.
_ALL = """
SELECT json_group_array(n), json_group_array(forum), json_group_array(posts), json_group_array(unread) FROM (
    SELECT t.n AS n, t.forum AS forum, count(p.n) AS posts,
        coalesce(sum(p.author <> ?1 AND r.h IS NULL {loud}), 0) AS unread
    FROM threads t LEFT JOIN posts p ON p.thread = t.n AND p.gone = 0 LEFT JOIN own.read r ON r.h = p.h
    GROUP BY t.n ORDER BY t.n)"""
_NUMBERS = msgspec.json.Decoder(list[int])
# (thread, forum, posts, unread) of threads, each from a number on.
_SOME = """
SELECT json_group_array(json_array(n, forum, posts, unread)) FROM (
    SELECT t.n AS n, t.forum AS forum, count(p.n) AS posts,
        coalesce(sum(p.author <> ?1 AND r.h IS NULL {loud}), 0) AS unread
    FROM json_each(?2) j JOIN threads t ON t.n = j.value ->> 0
    LEFT JOIN posts p ON p.thread = t.n AND p.n > j.value ->> 1 AND p.gone = 0
    LEFT JOIN own.read r ON r.h = p.h
    GROUP BY t.n)"""
_SOME_ROWS = msgspec.json.Decoder(list[tuple[int, int, int, int]])


class Counts:
    """Counts of a mirror as one reader has to see them. `refresh` before asking."""

    def __init__(self) -> None:
        self._counted: tuple[object, ...] = ()  # what the counts are good for: reader, number of the load, last merge
        self._cursor = ""
        self._last = 0  # no post that is counted has a higher number
        # Of each thread, side by side and in the order of their numbers: thousands of them, in a few bytes each.
        self._threads, self._forums = array("q"), array("q")
        self._posts, self._unread = array("q"), array("q")
        self._of_forums: dict[int, list[int]] = {}

    def of_forum(self, forum: int) -> tuple[int, int, int]:
        """(threads, posts, unread posts) of a forum by its number in the mirror."""
        threads, posts, unread = self._of_forums.get(forum, (0, 0, 0))
        return threads, posts, unread

    @property
    def counted(self) -> bool:
        """Whether anything was counted yet."""
        return bool(self._counted)

    def unread_of(self, thread: int) -> int:
        """Unread posts of a thread by its number in the mirror."""
        at = self._at(thread)
        return self._unread[at] if at is not None else 0

    def refresh(self, db: apsw.Connection, me: int, loud: str, marked: Collection[int] | None) -> None:
        """Counts what changed since the last time.

        ``me`` is the reader's number, ``loud`` the condition of `jamtui.store.silence.Silence` on what is not muted.
        ``marked`` are the threads in which the reader marked something since then; None: anything may be.
        """
        mirror = Mirror(db)
        with one_moment(db):
            cursor, counted = mirror.cursor, (me, mirror.meta("n_base"), mirror.meta("merged"))
            before, self._cursor = self._cursor, cursor
            last, self._last = self._last, mirror.next_n() - 1
            if marked is not None and counted == self._counted and cursor and seq_of(cursor) >= seq_of(before) > 0:
                begin = dict.fromkeys(marked, 0)  # of each thread the number after which its posts are counted
                if cursor != before:
                    sql = "SELECT n, old > ?1 FROM threads WHERE rev > ?1"
                    for n, changed in db.execute(sql, (seq_of(before),)):
                        if changed:
                            begin[n] = 0
                        else:
                            begin.setdefault(n, last)
                if len(begin) <= MANY:
                    self._some(db, me, loud, begin)
                    return
            self._counted = counted
            self._all(db, me, loud)

    def _all(self, db: apsw.Connection, me: int, loud: str) -> None:
        row = next(iter(db.execute(_ALL.format(loud=loud), (me,))))
        columns = [array("q", _NUMBERS.decode(str(column))) for column in row]
        self._threads, self._forums, self._posts, self._unread = columns
        held: dict[int, list[int]] = {forum: [0, 0, 0] for forum in set(self._forums)}
        for forum, posts, unread in zip(self._forums, self._posts, self._unread, strict=True):
            of_forum = held[forum]
            of_forum[0] += 1
            of_forum[1] += posts
            of_forum[2] += unread
        self._of_forums = held

    def _some(self, db: apsw.Connection, me: int, loud: str, begin: dict[int, int]) -> None:
        """Counts in these threads the posts with higher numbers than those given, to what is held of the others."""
        if begin:
            row = next(iter(db.execute(_SOME.format(loud=loud), (me, json.dumps(sorted(begin.items()))))))
            for n, forum, posts, unread in _SOME_ROWS.decode(str(row[0])):
                at = self._at(n) if begin[n] else None
                if at is not None:
                    posts, unread = posts + self._posts[at], unread + self._unread[at]
                self._put(n, forum, posts, unread)

    def _at(self, thread: int) -> int | None:
        """Where a thread stands in the columns; None when it is not held."""
        at = bisect_left(self._threads, thread)
        return at if at < len(self._threads) and self._threads[at] == thread else None

    def _put(self, n: int, forum: int, posts: int, unread: int) -> None:
        """The thread is in this forum and has these counts; what was held of it goes."""
        at = bisect_left(self._threads, n) if self._threads and n <= self._threads[-1] else len(self._threads)
        if at < len(self._threads) and self._threads[at] == n:
            self._change(self._forums[at], -1, -self._posts[at], -self._unread[at])
        else:
            for column in (self._threads, self._forums, self._posts, self._unread):
                column.insert(at, 0)
        self._threads[at], self._forums[at], self._posts[at], self._unread[at] = n, forum, posts, unread
        self._change(forum, 1, posts, unread)

    def _change(self, forum: int, threads: int, posts: int, unread: int) -> None:
        held = self._of_forums.setdefault(forum, [0, 0, 0])
        held[0] += threads
        held[1] += posts
        held[2] += unread
