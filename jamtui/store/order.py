"""The order in which a thread is read: each reply under its parent, those of one parent as they arrived.

Of a thread of thousands, reading all posts and putting them in order takes most of a frame. So the order of the thread
that was asked for last is held, and posts that came since are put in their places. Which posts came is known by their
numbers, which only grow; whether older ones changed is told by the mirror (`threads.old`).
"""

from __future__ import annotations

from collections.abc import Sequence

import apsw
import msgspec
from msgspec import Struct
from msgspec.structs import replace

from jamtui.model import ThreadIndex

Placed = tuple[int, int | None, int]  # key, key of the parent, whether it is unread

_PLACED = msgspec.json.Decoder(list[Placed])
_KEYS = msgspec.json.Decoder(list[int])
_FEW = 64  # new posts; more are put in order with all others


class _Held(Struct, frozen=True):
    """An order, and what it is good for."""

    index: ThreadIndex
    thread: int
    rev: int  # of the thread's row, as it was then
    last: int  # the highest number of a post
    reader: tuple[object, ...]  # all that decides on what is unread, beside the mirror
    merged: int  # the change with which posts last went from one thread to another


class HeldOrder:
    """The stored posts of one thread, in order. Ask it within one transaction."""

    def __init__(self) -> None:
        self._held: _Held | None = None

    def index(self, db: apsw.Connection, thread_id: str, me: int, loud: str) -> ThreadIndex | None:
        """None when there is no such thread. ``me`` and ``loud`` as in `jamtui.store.counts.Counts.refresh`."""
        row = next(iter(db.execute(_THREAD, (thread_id,))), None)
        if row is None:
            return None
        thread, rev, old, last, reading, merged = (int(value) for value in row)
        held, reader = self._held, (me, loud, reading)
        index = None
        same = held is not None and (held.thread, held.merged) == (thread, merged)
        if held is not None and same and held.rev <= rev and held.last <= last:
            index = held.index
            if held.last < last:
                index = continued(index, placed(db, thread, me, loud, held.last))
            if index is not None and (reader != held.reader or old > held.rev):
                index = replace(index, unread=_unread(db, thread, me, loud))
        if index is None:
            index = depth_first(thread_id, placed(db, thread, me, loud))
        self._held = _Held(index, thread, rev, last, reader, merged)
        return index


_THREAD = """
SELECT t.n, t.rev, t.old, t.last, s.reading, coalesce((SELECT value FROM meta WHERE key = 'merged'), 0)
FROM posts p JOIN threads t ON t.n = p.thread, own.stamp s WHERE p.id = ?"""  # by any of its posts


def _what(loud: str) -> str:
    return f"p.gone = 0 AND p.author <> ?1 AND r.h IS NULL {loud}"


# In one piece: for each row by itself apsw would let go of Python's lock, and get it back when the network's thread
# gives it, ms later.


def placed(db: apsw.Connection, thread: int, me: int, loud: str, after: int = 0) -> list[Placed]:
    """Posts of a thread with numbers above ``after``, as they arrived."""
    sql = (
        f"SELECT json_group_array(json_array(p.n, p.parent, {_what(loud)}) ORDER BY p.n) "
        "FROM posts p LEFT JOIN own.read r ON r.h = p.h WHERE p.thread = ?2 AND p.n > ?3"
    )
    return _PLACED.decode(str(next(iter(db.execute(sql, (me, thread, after))))[0]))


def _unread(db: apsw.Connection, thread: int, me: int, loud: str) -> frozenset[int]:
    sql = (
        "SELECT json_group_array(p.n) FROM posts p LEFT JOIN own.read r ON r.h = p.h "
        f"WHERE p.thread = ?2 AND {_what(loud)}"
    )
    return frozenset(_KEYS.decode(str(next(iter(db.execute(sql, (me, thread))))[0])))


def depth_first(thread_id: str, rows: Sequence[Placed]) -> ThreadIndex:
    """(key, key of the parent or None, unread) in order of arrival → the reading order: each reply under its parent.

    A reply whose parent is not there (a broken archive) stands at depth 1 under the opener's level, after the others.
    """
    children: dict[int | None, list[int]] = {}
    known = {key for key, _, _ in rows}
    for key, parent, _ in rows:
        children.setdefault(parent if parent in known else None, []).append(key)
    keys: list[int] = []
    depths: list[int] = []
    parents: list[int] = []
    stack = [(key, 0, -1) for key in reversed(children.get(None, ()))]
    while stack:
        key, depth, parent_at = stack.pop()
        at = len(keys)
        keys.append(key)
        depths.append(depth if at == 0 or parent_at >= 0 else 1)
        parents.append(parent_at)
        if key in children:
            below = depths[at] + 1
            stack += [(child, below, at) for child in reversed(children[key])]
    return ThreadIndex(
        thread_id, tuple(keys), tuple(depths), tuple(parents), frozenset(key for key, _, unread in rows if unread)
    )


def continued(index: ThreadIndex, new: Sequence[Placed]) -> ThreadIndex | None:
    """The order with posts that came after all that are in it; None where it has to be made anew."""
    if not new:
        return index
    if len(new) > _FEW:
        return None
    keys, depths, parents = list(index.keys), list(index.depths), list(index.parents)
    for key, parent, _ in new:
        if parent not in keys:
            return None
        above = keys.index(parent)
        depth, at = depths[above] + 1, above + 1
        # Behind all that hangs on the parent; what hangs on nothing stands after the whole.
        while at < len(keys) and depths[at] >= depth and parents[at] >= 0:
            at += 1
        keys.insert(at, key)
        depths.insert(at, depth)
        parents = [one + 1 if one >= at else one for one in parents]
        parents.insert(at, above)
    unread = index.unread.union(key for key, _, is_unread in new if is_unread)
    return ThreadIndex(index.thread_id, tuple(keys), tuple(depths), tuple(parents), unread)
