"""Announcements of hosts and moderators to everybody in the Jam.

They are kept with the records that the archive's format has no table for: in the change log, the snapshot and an export
they stand as ``announcement``, which programs that do not know the type keep.
"""

from __future__ import annotations

from collections.abc import Iterator

import msgspec

from jamserver import moderation, records
from jamserver.allowed import Act, require_allowed
from jamserver.db import Connection, value
from jamserver.log import Tx
from jamserver.objects import Fields, decode, encode
from jamserver.posts import Actor
from jamserver.problems import Problem, invalid
from jamserver.wire import Announcement, NewAnnouncement, clean_text
from jamtui.archive import rfc3339
from jamtui.event import HOSTS

TYPE = "announcement"
_DECODE = msgspec.json.Decoder(Announcement).decode


def listed(db: Connection, after: int, limit: int) -> Iterator[tuple[int, bytes]]:
    """(seq, object) of the announcements after ``seq``, oldest first.

    What an imported archive calls an announcement and is none of this form stays in the log and the archive, and is
    not listed.
    """
    yield from records.first(records.listed(db, TYPE, _DECODE, after), limit)


def make(tx: Tx, actor: Actor, new_id: str, new: NewAnnouncement) -> tuple[bytes, int, bool]:
    """(object, seq, whether it is new). The same text of the same person again answers what it made before.

    People are greeted before the Jam opens and thanked after it closed; only an archived one tells nothing new. Raises
    403, 409 ``id_taken``, 422.
    """
    if actor.role not in HOSTS:
        raise Problem("forbidden", "Hosts and moderators announce.")
    text = clean_text(new.body)
    if not text.strip():
        raise invalid("/body", "An announcement has a text.")
    there = records.find(tx.db, TYPE, new_id)
    if there is not None:
        known = decode(there)
        if known.get("author_id") == actor.person_id:
            if known.get("gone") is True:
                raise Problem("post_gone", "This announcement was withdrawn.")
            # Of one that was changed since, nobody knows what it said first: who made it has its id, and asks again.
            same = known.get("body") == text or "edited_at" in known
            if same and known.get("forum_id") == new.forum_id:
                return there, _seq(tx.db, new_id), False
        raise Problem("id_taken", "Another announcement has this id. Take a new one.")
    require_allowed(tx, actor, Act.ANNOUNCEMENTS)
    fields: Fields = {"id": new_id, "author_id": actor.person_id, "body": text, "created_at": rfc3339(tx.now)}
    if new.forum_id is not None:
        if not value(tx.db, "SELECT 1 FROM forums WHERE id = ?", (new.forum_id,)):
            raise invalid("/forum_id", "There is no such forum.")
        fields["forum_id"] = new.forum_id
    return *records.put(tx, TYPE, new_id, fields), True


def change(tx: Tx, actor: Actor, announcement_id: str, text: str) -> tuple[bytes, int]:
    """Another text, by who announced it, while they host: nobody puts words into another's mouth. The same text again
    is no error and no change. (object, the change that it became.)

    Raises 404, 403, 409 ``post_gone``, 422.
    """
    raw, fields = _found(tx.db, announcement_id)
    if not (actor.hosts and fields["author_id"] == actor.person_id):
        raise Problem("forbidden", "Who announced it changes an announcement.")
    text = clean_text(text)
    if not text.strip():
        raise invalid("/body", "An announcement has a text.")
    if fields.get("gone") is True:
        raise Problem("post_gone", "This announcement was withdrawn.")
    if fields.get("body") == text:
        return raw, _seq(tx.db, announcement_id)
    require_allowed(tx, actor, Act.ANNOUNCEMENTS)
    return records.put(tx, TYPE, announcement_id, fields | {"body": text, "edited_at": rfc3339(tx.now)})


def _found(db: Connection, announcement_id: str) -> tuple[bytes, Fields]:
    raw = records.find(db, TYPE, announcement_id)
    fields = decode(raw) if raw is not None else {}
    if raw is None or not isinstance(fields.get("author_id"), str):  # an archive may mean something else by it
        raise Problem("not_found", "There is no such announcement.")
    return raw, fields


def withdraw(tx: Tx, actor: Actor, announcement_id: str) -> tuple[bytes, int]:
    """Its frame stays, its text goes from everywhere. Who announced it does so while they host, moderators at any time;
    what is withdrawn already is no error. (object, the change that it became.)

    Raises 404, 403.
    """
    raw, fields = _found(tx.db, announcement_id)
    if not (actor.moderates or (actor.hosts and fields["author_id"] == actor.person_id)):
        raise Problem("forbidden", "Who announced it and moderators withdraw an announcement.")
    require_allowed(tx, actor, Act.REMOVAL if actor.moderates else Act.ANNOUNCEMENTS)
    if fields.get("gone") is True:
        return raw, _seq(tx.db, announcement_id)
    frame: Fields = {name: fields[name] for name in ("id", "author_id", "created_at", "forum_id") if name in fields}
    frame["gone"] = True
    tx.blank_record(TYPE, announcement_id, encode(frame))
    gone, seq = records.put(tx, TYPE, announcement_id, frame)
    moderation.log_record(tx, actor, "withdraw", fields["author_id"], announcement_id, seq)
    return gone, seq


def _seq(db: Connection, announcement_id: str) -> int:
    """The change that made it."""
    sql = "SELECT seq FROM others WHERE (type, id) = (?, ?) ORDER BY seq LIMIT 1"
    seq: int = value(db, sql, (TYPE, announcement_id))
    return seq
