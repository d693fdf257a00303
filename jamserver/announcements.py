"""Announcements of hosts and moderators to everybody in the Jam.

They are kept with the records that the archive's format has no table for: in the change log, the snapshot and an export
they stand as ``announcement``, which programs that do not know the type keep.
"""

from __future__ import annotations

from collections.abc import Iterator

import msgspec

from jamserver import records
from jamserver.allowed import Act, require_allowed
from jamserver.db import Connection, value
from jamserver.log import Tx
from jamserver.objects import Fields
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
    yield from records.first(_known(db, after), limit)


def _known(db: Connection, after: int) -> Iterator[tuple[int, bytes, Announcement]]:
    return records.listed(db, TYPE, _DECODE, after)


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
    for seq, data, there in _known(tx.db, 0):
        if there.id == new_id:
            if (there.author_id, there.body, there.forum_id or None) == (actor.person_id, text, new.forum_id):
                return data, seq, False
            raise Problem("id_taken", "Another announcement has this id. Take a new one.")
    require_allowed(tx, actor, Act.ANNOUNCEMENTS)
    fields: Fields = {"id": new_id, "author_id": actor.person_id, "body": text, "created_at": rfc3339(tx.now)}
    if new.forum_id is not None:
        if not value(tx.db, "SELECT 1 FROM forums WHERE id = ?", (new.forum_id,)):
            raise invalid("/forum_id", "There is no such forum.")
        fields["forum_id"] = new.forum_id
    return *records.put(tx, TYPE, new_id, fields), True
