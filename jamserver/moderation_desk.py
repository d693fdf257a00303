"""What moderation puts on the desk of one person: notices, their reports, their hidden posts; for moderators the queue,
the audit log and everything that is hidden or suspended."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from typing import Final

import msgspec

from jamserver import notices, standing
from jamserver.db import Connection, rows, value
from jamserver.moderation import served
from jamserver.objects import decode, encode
from jamserver.posts import Actor
from jamtui.archive import rfc3339

REPORTS = 200  # of one's own
QUEUE = 200  # posts that were reported
OF_POST = 5  # reports of one of them, the latest
AUDIT = 200
HIDDEN = 200


def _notices(db: Connection, actor: Actor, now: datetime) -> object:
    return notices.of(db, actor.person_id) or None


def _reports(db: Connection, actor: Actor, now: datetime) -> object:
    sql = "SELECT data FROM reports WHERE person_id = ? ORDER BY n DESC LIMIT ?"
    return [msgspec.Raw(bytes(data)) for (data,) in rows(db, sql, (actor.person_id, REPORTS))] or None


def _suspended(db: Connection, actor: Actor, now: datetime) -> object:
    found = standing.suspension(db, actor.person_id, now)
    return found.fields() if found is not None else None


def _hidden(db: Connection, actor: Actor, now: datetime) -> object:
    """Whole, and where they stand by now."""
    # CROSS has SQLite begin with what is hidden, which is little: it took all posts in order instead.
    sql = (
        "SELECT h.data, p.forum_id, p.thread_id, p.parent_id FROM hidden h CROSS JOIN posts p ON p.id = h.post_id "
        "WHERE ?1 OR p.author_id = ?2 ORDER BY p.changed DESC LIMIT ?3"
    )
    found = []
    for data, *place in rows(db, sql, (actor.moderates, actor.person_id, HIDDEN)):
        post = decode(data)["post"]
        if isinstance(post, dict):
            found.append(post | dict(zip(("forum_id", "thread_id", "parent_id"), place, strict=True)))
    return found or None


# Open reports but for those about the moderator's own posts: another decides on these. Each person has one of a post. A
# post comes the sooner the more people reported it; of those that as many reported, what is somebody's latest report of
# them (``own`` is 1) comes before anybody's second: one person with hundreds of them blinds nobody.
_MAY = "FROM reports r JOIN posts p ON p.id = r.post_id WHERE r.state = 'open' AND p.author_id <> ?1"
_OPEN = f"""
WITH open AS MATERIALIZED (SELECT r.n, r.post_id, r.person_id {_MAY}),
of_people AS (SELECT person_id, count(*) AS of_person FROM open GROUP BY person_id),
of_posts AS (SELECT post_id, count(*) AS people FROM open GROUP BY post_id)"""
_QUEUE = f"""{_OPEN}, ranked AS (
    SELECT post_id, people, n, row_number() OVER (PARTITION BY person_id, people ORDER BY n DESC) AS own
    FROM open JOIN of_posts USING (post_id)
), first AS (
    SELECT post_id, people, min(own) AS own, max(n) AS latest FROM ranked GROUP BY post_id
    ORDER BY people DESC, own, latest DESC LIMIT ?2
), placed AS (
    SELECT n, person_id, people, own, latest, row_number() OVER (PARTITION BY post_id ORDER BY n DESC) AS place
    FROM first JOIN open USING (post_id)
)
SELECT r.data, placed.person_id, people, of_person
FROM placed JOIN reports r USING (n) JOIN of_people ON of_people.person_id = placed.person_id WHERE place <= ?3
ORDER BY people DESC, own, latest DESC, place"""
_WAITING = f"""{_OPEN}
SELECT n, r.data, person_id, people, of_person FROM (SELECT * FROM open WHERE n > ?2 ORDER BY n LIMIT ?3)
JOIN reports r USING (n, post_id, person_id) JOIN of_people USING (person_id) JOIN of_posts USING (post_id)
ORDER BY n"""


def waiting(db: Connection, actor: Actor, after: int, limit: int) -> list[tuple[int, bytes]]:
    """All open reports that this moderator may decide on, the oldest first: (place, report as in the queue)."""
    return [
        (n, encode(decode(data) | {"person_id": who, "people": people, "of_person": of_person}))
        for n, data, who, people, of_person in rows(db, _WAITING, (actor.person_id, after, limit))
    ]


def _queue(db: Connection, actor: Actor, now: datetime) -> object:
    if not actor.moderates:
        return None
    return [
        decode(data) | {"person_id": who, "people": people, "of_person": of_person}
        for data, who, people, of_person in rows(db, _QUEUE, (actor.person_id, QUEUE, OF_POST))
    ]


def _queue_size(db: Connection, actor: Actor, now: datetime) -> object:
    """How many posts wait for a decision, where not all of them are listed."""
    if not actor.moderates:
        return None
    size: int = value(db, f"SELECT count(DISTINCT r.post_id) {_MAY}", (actor.person_id,))
    return size if size > QUEUE else None


def _audit(db: Connection, actor: Actor, now: datetime) -> object:
    """Of hosts what they did themselves."""
    if not actor.hosts:
        return None
    sql = "SELECT data, undone_by FROM moderation WHERE ?1 OR by_id = ?2 ORDER BY n DESC LIMIT ?3"
    found = rows(db, sql, (actor.moderates, actor.person_id, AUDIT))
    return [msgspec.Raw(served(bytes(data), undone_by)) for data, undone_by in found]


def _suspensions(db: Connection, actor: Actor, now: datetime) -> object:
    if not actor.moderates:
        return None
    sql = "SELECT person_id, until, reason FROM suspensions WHERE until > ? ORDER BY until"
    return [
        {"person_id": who, "until": rfc3339(standing.moment(until)), "reason": reason}
        for who, until, reason in rows(db, sql, (standing.ms(now),))
    ]


SECTIONS: Final[dict[str, Callable[[Connection, Actor, datetime], object]]] = {
    "notices": _notices,
    "reports": _reports,
    "hidden": _hidden,
    "suspended": _suspended,
    "queue": _queue,
    "queue_size": _queue_size,
    "audit": _audit,
    "suspensions": _suspensions,
}
