"""How posts stand to each other: links, which the mirror has as records, with those that wait in the outbox over them.

Which posts a link joins is held, in 16 bytes a link, for as long as no record changes; the links themselves and the
titles at their other ends are read for the posts that are drawn.
"""

from __future__ import annotations

import contextlib
import json
from array import array
from bisect import bisect_left
from collections.abc import Callable, Collection, Iterable, Iterator, Sequence
from itertools import islice

import apsw
import msgspec
from msgspec import Struct

from jamtui.archive import GONE as GONE_STATES
from jamtui.archive import LINKS
from jamtui.model import GONE, LinkRow
from jamtui.safe_text import safe_line, safe_name
from jamtui.store.connection import as_bytes
from jamtui.store.own import Queued

SHOWN = 40  # links of one post that are read with it; a list of all reads the others
_TITLE = 120  # characters


class _Link(msgspec.Struct):
    from_id: str
    kind: str
    to_id: str
    author_id: str = ""
    gone: bool = False


class _Post(msgspec.Struct):
    title: str | None = None
    body: str = ""
    state: str | None = None


class _Side(Struct, frozen=True):
    """A link as one of its posts has it."""

    kind: str
    out: bool
    other: str
    author_id: str
    waits: bool = False


_LINK = msgspec.json.Decoder(_Link)
_POST = msgspec.json.Decoder(_Post)


class Links:
    """For one reading connection. ``forget`` when a record changed."""

    def __init__(self, db: apsw.Connection) -> None:
        self._db = db
        self._held: array[int] | None = None  # both ends of each link, sorted, as `_place` has them

    def forget(self) -> None:
        """Looks for them anew when they are asked for next."""
        self._held = None

    def _ends(self) -> array[int]:
        if self._held is None:
            found: list[int] = []
            for n, link, _ in _links(self._db.execute("SELECT n, raw FROM others WHERE type = 'link'")):
                found += [_place(end, link.kind) | n for end in {link.from_id, link.to_id}]
            self._held = array("q", sorted(found))
        return self._held

    def _read(self, numbers: Collection[int]) -> Iterator[tuple[int, _Link, bytes]]:
        """Links by their numbers, the first made first, those left out that are gone since one looked for them."""
        sql = "SELECT n, raw FROM others WHERE n IN (SELECT value FROM json_each(?)) AND type = 'link' ORDER BY n"
        return _links(self._db.execute(sql, (json.dumps(list(numbers)),)))

    def records(self, post_ids: Iterable[str]) -> list[bytes]:
        """The links that begin or end at these posts as they came, the first made first. Not harmless."""
        ends, found, wanted = self._ends(), set[int](), set(post_ids)
        for post_id in wanted if ends else ():
            found.update(number for kinds in _KINDS for number in _numbers(ends, post_id, kinds))
        read = self._read(found) if found else ()
        return [raw for _, link, raw in read if link.from_id in wanted or link.to_id in wanted]

    def _sides(self, post_ids: Sequence[str], most: int) -> dict[str, list[_Side]]:
        """Links of posts as each has them, those of no kind that is known left out; of one post at most ``most``."""
        ends, wanted = self._ends(), dict[str, list[int]]()
        for post_id in post_ids if ends else ():
            if numbers := list(islice(_numbers(ends, post_id, LINKS), most)):
                wanted[post_id] = numbers
        if not wanted:
            return {}
        read = self._read({number for numbers in wanted.values() for number in numbers})
        links = {n: link for n, link, _ in read}
        found: dict[str, list[_Side]] = {}
        for post_id, numbers in wanted.items():
            for link in (links[number] for number in numbers if number in links):
                if link.from_id != link.to_id and post_id in (link.from_id, link.to_id):
                    out = link.from_id == post_id
                    side = _Side(link.kind, out, link.to_id if out else link.from_id, link.author_id)
                    found.setdefault(post_id, []).append(side)
        return found

    def of(
        self,
        post_ids: Sequence[str],
        waiting: Sequence[Queued],
        me: str,
        title_of: Callable[[str], str | None],
        most: int = SHOWN,
    ) -> dict[str, tuple[LinkRow, ...]]:
        """Links of posts by the post's id, those that have none left out; of one post at most ``most``.

        ``waiting`` are the acts of the outbox that make links and take them away; ``title_of`` is the title of a post
        that only the outbox has.
        """
        stored = self._sides(post_ids, most + len(waiting))  # which may take so many of them away
        if not stored and not waiting:
            return {}
        found: dict[str, list[_Side]] = {}
        for post_id in post_ids:
            sides = _over(stored.get(post_id, ()), post_id, waiting, me)[:most]
            if sides:
                found[post_id] = sides
        titles = self._titles({side.other for sides in found.values() for side in sides}) if found else {}
        return {
            post_id: tuple(self._row(side, titles, title_of, me) for side in sides) for post_id, sides in found.items()
        }

    def _titles(self, post_ids: Iterable[str]) -> dict[str, tuple[str, bool]]:
        """(title or why there is none, whether the post is gone) of posts that are mirrored."""
        sql = "SELECT id, raw FROM posts WHERE id IN (SELECT value FROM json_each(?))"
        found: dict[str, tuple[str, bool]] = {}
        for post_id, raw in self._db.execute(sql, (json.dumps(list(post_ids)),)):
            post = _POST.decode(as_bytes(raw))
            if post.state in GONE_STATES:
                found[str(post_id)] = (f"a post that was {GONE[post.state]}", True)
            else:
                title = safe_name(post.title) if post.title else safe_line(" ".join(post.body[:400].split()), _TITLE)
                found[str(post_id)] = (" ".join(title.split()) or "(no title)", False)
        return found

    @staticmethod
    def _row(
        side: _Side, titles: dict[str, tuple[str, bool]], title_of: Callable[[str], str | None], me: str
    ) -> LinkRow:
        title, gone = titles.get(side.other, ("", True))
        if not title:
            waiting = title_of(side.other)
            title, gone = (waiting, False) if waiting is not None else ("a post that is not here", True)
        mine = bool(me) and side.author_id == me
        return LinkRow(side.kind, side.out, side.other, title, gone, mine, side.author_id, side.waits)


def _links(rows: apsw.Cursor) -> Iterator[tuple[int, _Link, bytes]]:
    for n, stored in rows:
        raw = as_bytes(stored)
        with contextlib.suppress(msgspec.DecodeError):  # of an archive that calls something else so
            link = _LINK.decode(raw)
            if not link.gone:
                yield int(n), link, raw


_KINDS = (LINKS, ())  # known kinds, and all others
_PLACES = 1 << 33


def _place(post_id: str, kind: str) -> int:
    """Where in a sorted array the links of a post begin that are of a known kind, or of none. The lower bits are for
    the number of one; that another post may have the same place shows when the link is read."""
    return (hash(post_id) & (1 << 30) - 1) * _PLACES | (0 if kind in LINKS else _PLACES // 2)


def _numbers(ends: array[int], post_id: str, kinds: Sequence[str]) -> Iterator[int]:
    begin = _place(post_id, kinds[0] if kinds else "")
    for at in range(bisect_left(ends, begin), bisect_left(ends, begin + _PLACES // 2)):
        yield ends[at] - begin


def ends(row: Queued) -> tuple[str, str, str]:
    """(from, kind, to) of an act that makes a link or takes it away."""
    path = row.payload.path
    return (path[1], path[3], path[4]) if len(path) == 5 else ("", "", "")


def _over(stored: Sequence[_Side], post_id: str, waiting: Sequence[Queued], me: str) -> list[_Side]:
    sides = list(stored)
    for row in waiting:
        from_id, kind, to_id = ends(row)
        if row.state == "refused" or post_id not in (from_id, to_id):
            continue
        out = from_id == post_id
        other = to_id if out else from_id
        there = [side for side in sides if (side.kind, side.out, side.other) == (kind, out, other)]
        if row.kind == "disconnect":
            sides = [side for side in sides if side not in there]
        elif not there:
            sides.append(_Side(kind, out, other, me, waits=True))
    return sides
