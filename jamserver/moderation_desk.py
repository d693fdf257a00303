"""What moderation puts on the desk of one person: notices, their reports, their hidden posts; for moderators the queue,
the audit log and everything that is hidden or suspended."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from typing import Final

import msgspec

from jamserver import notices, standing
from jamserver.db import Connection, rows
from jamserver.moderation import served
from jamserver.objects import decode
from jamserver.posts import Actor
from jamtui.archive import rfc3339

REPORTS = 200  # of one's own
QUEUE = 500  # open reports, the oldest first
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
    sql = (
        "SELECT h.data FROM hidden h JOIN posts p ON p.id = h.post_id WHERE ?1 OR p.author_id = ?2 "
        "ORDER BY p.changed DESC LIMIT ?3"
    )
    found = rows(db, sql, (actor.moderates, actor.person_id, HIDDEN))
    return [decode(data)["post"] for (data,) in found] or None


def _queue(db: Connection, actor: Actor, now: datetime) -> object:
    """Not what is said of the moderator's own posts: another decides on those."""
    if not actor.moderates:
        return None
    sql = (
        "SELECT r.data, r.person_id FROM reports r JOIN posts p ON p.id = r.post_id "
        "WHERE r.state = 'open' AND p.author_id <> ? ORDER BY r.n LIMIT ?"
    )
    return [decode(data) | {"person_id": who} for data, who in rows(db, sql, (actor.person_id, QUEUE))]


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
    "audit": _audit,
    "suspensions": _suspensions,
}
