"""Locked threads, and who hosts a forum: they and moderators may write where nobody else may."""

from __future__ import annotations

from typing import Protocol

from jamserver.db import Connection, row, value
from jamserver.log import Tx
from jamserver.objects import decode
from jamserver.problems import Problem


class Acting(Protocol):
    """Who writes (`jamserver.posts.Actor`)."""

    @property
    def person_id(self) -> str: ...

    @property
    def moderates(self) -> bool: ...

    @property
    def hosts(self) -> bool: ...


def hosts_forum(db: Connection, actor: Acting, forum_id: str) -> bool:
    """Whether the actor is a moderator, or a host of this forum; one that names no hosts is every host's."""
    if actor.moderates or not actor.hosts:
        return actor.moderates
    data = value(db, "SELECT data FROM forums WHERE id = ?", (forum_id,))
    named = decode(data).get("host_ids") if data is not None else ()
    return not named or (isinstance(named, list) and actor.person_id in named)


def require_host(db: Connection, actor: Acting, forum_id: str) -> None:
    """Raises 403 ``forbidden`` for everybody but moderators and hosts of the forum."""
    if not hosts_forum(db, actor, forum_id):
        raise Problem("forbidden", "Hosts do this in the forums that they host; moderators anywhere.")


def require_unlocked(tx: Tx, actor: Acting, thread_id: str) -> None:
    """Raises 403 ``post_locked`` for everybody but moderators and hosts of the forum."""
    found = row(tx.db, "SELECT forum_id, data FROM posts WHERE id = ?", (thread_id,))
    if found is None or b'"locked":true' not in found[1] or decode(found[1]).get("locked") is not True:
        return
    if not hosts_forum(tx.db, actor, found[0]):
        raise Problem("post_locked", "The thread is locked: nothing is written in it any more.")
