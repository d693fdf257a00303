"""What happened in a Jam since some moment, read from the mirror for a digest. Nothing is marked."""

from __future__ import annotations

from datetime import UTC, datetime

import msgspec
from msgspec import Struct

from jamtui.archive import IDEA_STATES, Post
from jamtui.model import PostRow, titled
from jamtui.safe_text import safe_line, safe_name
from jamtui.store.rows import Rows

MOST = 50  # of each section
_POST = msgspec.json.Decoder(Post)


class Featured(Struct, frozen=True):
    """A post that a host thinks worth everybody's time."""

    post: PostRow
    thread: str  # its title
    by: str
    reason: str
    at: datetime


class Moved(Struct, frozen=True):
    """An idea that is in another state; ``before`` is "" where that is not known."""

    post: PostRow
    state: str
    before: str


class Busy(Struct, frozen=True):
    """What came into a forum."""

    forum_id: str
    title: str
    posts: int
    threads: int
    people: int
    unread: int  # of all its posts, by the reader


def featured(rows: Rows, since: datetime) -> list[Featured]:
    """What was featured since then, the latest first."""
    found: list[tuple[datetime, int, dict[str, object]]] = []
    for n, raw in rows.db.execute("SELECT n, raw FROM posts WHERE featured = 1 AND gone = 0"):
        mark = _POST.decode(bytes(raw)).featured
        at = _time(mark.get("at")) if isinstance(mark, dict) else None
        if isinstance(mark, dict) and at is not None and at >= since:
            found.append((at, int(n), mark))
    found.sort(key=lambda one: one[:2], reverse=True)
    posts = {row.key: row for row in rows.posts([n for _, n, _ in found[:MOST]])}
    people = rows.persons({str(mark.get("by")) for _, _, mark in found[:MOST]})
    return [
        Featured(
            posts[n], _title(rows, posts[n].thread_id),
            people[str(mark.get("by"))].name if str(mark.get("by")) in people else "",
            safe_line(str(mark.get("reason") or ""), 300), at,
        )
        for at, n, mark in found[:MOST]
        if n in posts
    ]  # fmt: skip


def states(rows: Rows) -> dict[str, str]:
    """The ideas that are further than new, by id: those of the mirror as it now is."""
    found = {}
    sql = "SELECT p.id, p.raw FROM threads t JOIN posts p ON p.n = t.n WHERE p.gone = 0"
    for post_id, raw in rows.db.execute(f"{sql} AND instr(CAST(p.raw AS TEXT), '\"idea_state\"') > 0"):
        state = _POST.decode(bytes(raw)).idea_state
        if state in IDEA_STATES[1:]:
            found[str(post_id)] = str(state)
    return found


def moved(rows: Rows, before: dict[str, str] | None, since: datetime) -> list[Moved]:
    """Ideas whose state is another than ``before``; where that is not known, those further than new in which somebody
    wrote since. The furthest first."""
    now = states(rows)
    if before is not None:
        ids = [one for one in {*now, *before} if now.get(one, "new") != before.get(one, "new")]
    else:
        sql = "SELECT o.id FROM threads t JOIN posts o ON o.n = t.n JOIN posts l ON l.n = t.last WHERE l.created >= ?"
        lately = {str(one) for (one,) in rows.db.execute(sql, (_ms(since),))}
        ids = [one for one in now if one in lately]
    made = [
        Moved(row, now.get(row.id, "new"), before.get(row.id, "new") if before is not None else "")
        for row in rows.posts(rows.keys(ids))
        if not row.gone
    ]
    made.sort(key=lambda one: (IDEA_STATES.index(one.state), one.post.up), reverse=True)
    return made[:MOST]


def busy(rows: Rows, since: datetime, unread: dict[str, int]) -> list[Busy]:
    """The forums in which anything came, the busiest first."""
    sql = (
        "SELECT f.id, count(*), sum(p.thread = p.n), count(DISTINCT p.author) FROM posts p JOIN forums f "
        "ON f.n = p.forum WHERE p.gone = 0 AND p.created >= ? GROUP BY f.n ORDER BY 2 DESC, f.position"
    )
    titles = rows.forum_titles()
    return [
        Busy(str(one), titles.get(str(one), ""), int(posts), int(threads), int(people), unread.get(str(one), 0))
        for one, posts, threads, people in rows.db.execute(sql, (_ms(since),))
    ]


def _title(rows: Rows, thread_id: str) -> str:
    opener = rows.as_confirmed(thread_id)
    return titled(safe_name(opener.title or ""), opener.gone) if opener is not None else ""


def _time(text: object) -> datetime | None:
    try:
        moment = datetime.fromisoformat(str(text))
    except ValueError:
        return None
    return moment if moment.tzinfo else moment.replace(tzinfo=UTC)


def _ms(moment: datetime) -> int:
    return int(moment.timestamp() * 1000)
