"""How many posts there are and how many of them are unread, of each thread and of each forum, counted in the mirror.

Counting all of 46,000 posts takes longer than a frame. So the counts of threads are held, and when something changed
those threads are counted anew which it touched: nothing is ever added to a count because a post came. What touched
them is told by the mirror (`threads.rev`) and by whoever marks posts as read; when that is not known, all are counted.
"""

from __future__ import annotations

import json
from array import array
from bisect import bisect_left
from collections.abc import Collection, Iterable, Sequence

import apsw

from jamtui.store.mirror import Mirror, seq_of

MANY = 500  # touched threads from which on all are counted at once

_WHAT = "p.thread, count(*), sum(p.author <> ?1 AND r.h IS NULL {loud})"
_FROM = "FROM posts p LEFT JOIN own.read r ON r.h = p.h WHERE p.gone = 0"
_SOME = "IN (SELECT value FROM json_each(?2))"


class Counts:
    """Counts of a mirror as one reader has to see them. `refresh` before asking."""

    def __init__(self) -> None:
        self._counted: tuple[object, ...] = ()  # what the counts are good for: reader, and number of the load
        self._cursor = ""
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
        at = bisect_left(self._threads, thread)
        return self._unread[at] if at < len(self._threads) and self._threads[at] == thread else 0

    def refresh(self, db: apsw.Connection, me: int, loud: str, marked: Collection[int] | None) -> None:
        """Counts what changed since the last time.

        ``me`` is the reader's number, ``loud`` the condition of `jamtui.store.silence.Silence` on what is not muted.
        ``marked`` are the threads in which the reader marked something since then; None: anything may be.
        """
        mirror = Mirror(db)
        cursor, counted = (
            mirror.cursor,
            (me, mirror.meta("n_base")),
        )  # before counting: what comes meanwhile is counted twice
        before, self._cursor = self._cursor, cursor
        if marked is not None and counted == self._counted and cursor and seq_of(cursor) >= seq_of(before) > 0:
            touched = set(marked)
            if cursor != before:
                found = db.execute("SELECT n FROM threads WHERE rev > ?", (seq_of(before),))
                touched.update(n for (n,) in found)
            if len(touched) <= MANY:
                self._some(db, me, loud, sorted(touched))
                return
        self._counted = counted
        self._all(db, me, loud)

    def _all(self, db: apsw.Connection, me: int, loud: str) -> None:
        sql = f"SELECT {_WHAT.format(loud=loud)} {_FROM} GROUP BY p.thread ORDER BY p.thread"
        counts: dict[int, tuple[int, int]] = {n: (posts, unread) for n, posts, unread in db.execute(sql, (me,))}
        self._threads, self._forums = array("q"), array("q")
        self._posts, self._unread = array("q"), array("q")
        self._of_forums = {}
        self._put(db.execute("SELECT n, forum FROM threads ORDER BY n"), counts)

    def _some(self, db: apsw.Connection, me: int, loud: str, threads: Sequence[int]) -> None:
        if threads:
            these = json.dumps(threads)
            sql = f"SELECT {_WHAT.format(loud=loud)} {_FROM} AND p.thread {_SOME} GROUP BY p.thread"
            counts: dict[int, tuple[int, int]] = {
                n: (posts, unread) for n, posts, unread in db.execute(sql, (me, these))
            }
            forums = db.execute("SELECT n, forum FROM threads WHERE n IN (SELECT value FROM json_each(?))", (these,))
            self._put(forums, counts)

    def _put(self, forums: Iterable[tuple[int, int]], counts: dict[int, tuple[int, int]]) -> None:
        """These threads are in these forums and have these counts; what was held of them goes."""
        for n, forum in forums:
            at = bisect_left(self._threads, n) if self._threads and n <= self._threads[-1] else len(self._threads)
            if at < len(self._threads) and self._threads[at] == n:
                self._change(self._forums[at], -1, -self._posts[at], -self._unread[at])
            else:
                for column in (self._threads, self._forums, self._posts, self._unread):
                    column.insert(at, 0)
            self._threads[at], self._forums[at] = n, forum
            self._posts[at], self._unread[at] = counts.get(n, (0, 0))
            self._change(forum, 1, self._posts[at], self._unread[at])

    def _change(self, forum: int, threads: int, posts: int, unread: int) -> None:
        held = self._of_forums.setdefault(forum, [0, 0, 0])
        held[0] += threads
        held[1] += posts
        held[2] += unread
