"""What a restored server has lost of one's own: known before its new snapshot comes, and sent again after it.

A server that was restored from a backup has another log (410). What it has now counts for the mirror; but somebody who
wrote a post and saw it confirmed does not expect it to be gone, nor a text that was taken back to be there again. So
before the mirror is replaced, one's own posts, what was taken back, and one's votes are put into one's own store
(`remember`); once the new mirror is whole, each that it does not have goes into the outbox (`settle`), with the id that
it had, so that nothing is doubled. Killed between the two, the next run goes on.

Of another Jam at the same address nothing is sent: that one never had these posts.
"""

from __future__ import annotations

import json
import uuid
from collections.abc import Iterator
from datetime import datetime

import apsw
import msgspec
from msgspec import Struct

from jamtui import archive
from jamtui.archive import Post
from jamtui.store.connection import as_bytes, transaction
from jamtui.store.mirror import Mirror
from jamtui.store.own import Own, Payload

_UNDONE = {"vote": "unvote", "edit": "delete"}  # what makes a write needless that would be sent again

REASON = "The server was restored from a backup that does not have it"


class Again(Struct):
    """How many of one's own writes are sent again, by what they are."""

    posts: int = 0
    edits: int = 0
    deletions: int = 0
    votes: int = 0

    def words(self) -> str:
        """For people; "" when there is nothing to tell."""
        parts = [
            f"{number} {one if number == 1 else several}"
            for number, one, several in (
                (self.posts, "post", "posts"),
                (self.edits, "edit", "edits"),
                (self.deletions, "deletion", "deletions"),
                (self.votes, "vote", "votes"),
            )
            if number
        ]
        if not parts:
            return ""
        listed = " and ".join([", ".join(parts[:-1]), parts[-1]] if len(parts) > 1 else parts)
        return f"The server was restored from a backup that does not have {listed} of yours: sending again"


def remember(mirror: Mirror, own: Own, person_id: str, votes: frozenset[str]) -> None:
    """Puts one's own posts and votes aside, before another log takes the mirror's place. Once more does no harm."""
    db = mirror.db
    jam = _jam_id(db)
    if not jam or not person_id:
        return
    mine = "SELECT n, 'post', raw FROM posts WHERE author = (SELECT n FROM people WHERE id = ?) ORDER BY n"
    rows = [(0, "jam", jam), *db.execute(mine, (person_id,))]
    rows += [(-number, "vote", post_id) for number, post_id in enumerate(sorted(votes), 1)]
    with transaction(own.db):
        own.db.executemany("INSERT OR IGNORE INTO rescued VALUES (?, ?, ?)", rows)


def pending(own: Own) -> bool:
    """Whether something waits for `settle`."""
    return bool(next(iter(own.db.execute("SELECT EXISTS (SELECT 1 FROM rescued)")))[0])


def settle(mirror: Mirror, own: Own, now: datetime, votes: frozenset[str]) -> Again:
    """Puts into the outbox what the mirror, whole again, does not have; ``votes`` are those that the server knows."""
    again = Again()
    rows = list(own.db.execute("SELECT n, what, raw FROM rescued ORDER BY n"))
    same = any(what == "jam" and _text(raw) == _jam_id(mirror.db) for _, what, raw in rows)
    waiting = {(row.kind, row.post_id) for row in own.outbox()}
    # Asked for since: a vote that is to be withdrawn is not cast again, a post that is to be taken back not changed.
    undone = {(row.kind, row.post_id) for row in own.outbox("WHERE state <> 'refused'")}
    with own.changing():
        before = [row.id for row in own.outbox()]
        for _, what, raw in rows if same else ():
            for kind, post, payload in _writes(mirror.db, str(what), raw, votes):
                if (kind, post.id) in waiting or (_UNDONE.get(kind), post.id) in undone:
                    continue
                outbox_id = post.id if kind == "post" else _id(f"{kind} {post.id} {mirror.cursor}")
                own.insert(outbox_id, kind, post.id, post.thread_id, post.forum_id, payload, now, reason=REASON)
                again.posts += kind == "post"
                again.edits += kind == "edit"
                again.deletions += kind == "delete"
                again.votes += kind == "vote"
        own.put_last(before)
        own.db.execute("DELETE FROM rescued")
    return again


def _id(what: str) -> str:
    """The id of a row: the same for the same write, so that it is asked for once."""
    return str(uuid.uuid5(uuid.NAMESPACE_OID, what))


Write = tuple[str, Post, Payload]


def _writes(db: apsw.Connection, what: str, raw: object, votes: frozenset[str]) -> Iterator[Write]:
    if what == "post":
        yield from _post(db, raw)
    elif what == "vote":
        yield from _vote(db, _text(raw), votes)


def _post(db: apsw.Connection, raw: object) -> Iterator[Write]:
    """The writes that bring back one post as it was."""
    was = _decoded(raw)
    if was is None or was.state == "removed":
        return  # a moderator's word is not ours to repeat, nor to undo
    now = _there(db, was.id)
    if was.gone:
        if now is not None and not now.gone:
            yield "delete", now, Payload(base_version=max(1, now.version))
        return
    if now is None:
        written = was.written_at or was.created_at
        written = written if isinstance(written, str) else archive.rfc3339(written)
        yield "post", was, Payload(was.parent_id, was.title or "", was.body, tuple(was.tags), written_at=written)
    elif not now.gone and was.version > now.version and (was.title, was.body) != (now.title, now.body):
        yield "edit", now, Payload(now.parent_id, was.title or "", was.body, base_version=max(1, now.version))


def _vote(db: apsw.Connection, post_id: str, votes: frozenset[str]) -> Iterator[Write]:
    now = _there(db, post_id)
    if post_id not in votes and now is not None and not now.gone:
        yield "vote", now, Payload()


def _there(db: apsw.Connection, post_id: str) -> Post | None:
    for (raw,) in db.execute("SELECT raw FROM posts WHERE id = ?", (post_id,)):
        return _decoded(raw)
    return None


def _decoded(raw: object) -> Post | None:
    try:
        data = archive.decode("post", as_bytes(raw))
    except (msgspec.DecodeError, ValueError):
        return None
    return data if isinstance(data, Post) else None


def _jam_id(db: apsw.Connection) -> str:
    for (raw,) in db.execute("SELECT raw FROM jam"):
        return str(json.loads(_text(raw)).get("id") or "")
    return ""


def _text(raw: object) -> str:
    return raw.decode("utf-8", "replace") if isinstance(raw, bytes) else str(raw)
