"""How posts stand to each other: links, which the mirror has as records, with those that wait in the outbox over them.

Links are read once for as long as no record changes, and held by both ends; the titles at their other ends are read for
the posts that are drawn.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Sequence

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
        self._held: dict[str, list[_Side]] | None = None

    def forget(self) -> None:
        """Reads them anew when they are asked for next."""
        self._held = None

    def _stored(self) -> dict[str, list[_Side]]:
        if self._held is None:
            self._held = {}
            for (raw,) in self._db.execute("SELECT raw FROM others WHERE type = 'link' ORDER BY n"):
                try:
                    link = _LINK.decode(as_bytes(raw))
                except msgspec.DecodeError:  # of an archive that calls something else so
                    continue
                if not link.gone and link.kind in LINKS and link.from_id != link.to_id:
                    for here, there, out in ((link.from_id, link.to_id, True), (link.to_id, link.from_id, False)):
                        side = _Side(link.kind, out, there, link.author_id)
                        self._held.setdefault(here, []).append(side)
        return self._held

    def of(
        self,
        post_ids: Iterable[str],
        waiting: Sequence[Queued],
        me: str,
        title_of: Callable[[str], str | None],
        most: int = SHOWN,
    ) -> dict[str, tuple[LinkRow, ...]]:
        """Links of posts by the post's id, those that have none left out; of one post at most ``most``.

        ``waiting`` are the acts of the outbox that make links and take them away; ``title_of`` is the title of a post
        that only the outbox has.
        """
        stored = self._stored()
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
