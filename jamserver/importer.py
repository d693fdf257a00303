"""Archives into the database and out of it. An object's JSON is kept as it came, fields that nobody knows included."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from datetime import timedelta
from typing import BinaryIO

import msgspec

from jamserver import ideas, objects, polls, posts, snapshot, tags
from jamserver.db import Connection, row, rows, value
from jamserver.log import Tx
from jamtui import archive
from jamtui.archive import ArchiveError, Forum, Jam, Person, Post, Record
from jamtui.errors import JamError


class HoldsAJam(JamError):
    """The database has a Jam that an import would destroy (exit 1)."""


def import_records(tx: Tx, records: Iterable[Record], reopen: timedelta | None = None) -> Counter[str]:
    """Puts an archive into a database whose Jam is still empty; one change an object, in the file's order.

    People who were added before (`jamserver person add`) stay, behind those of the archive; who is in it, too, keeps
    the role of before: their tokens and passwords stay good, and are not to become a moderator's because of a file.
    With ``reopen`` the Jam is open from now for that long. Returns how many records of each type. Raises `HoldsAJam`,
    `ArchiveError`.
    """
    _make_room(tx.db)
    earlier = [data for (data,) in rows(tx.db, "SELECT data FROM people ORDER BY seq")]
    tx.db.execute("DELETE FROM changes; DELETE FROM people; DELETE FROM jam; UPDATE log SET seq = 0, mark = '0'")
    counts: Counter[str] = Counter()
    for record in archive.check(records):
        counts[record.type] += 1
        # White space between tokens goes: a carriage return there would tear an event of the stream.
        raw = msgspec.json.format(record.raw, indent=-1)
        _insert(tx, record, raw, reopen)
        tx.changes.clear()  # they are in the log; nobody streams this transaction
    for data in earlier:
        _add_earlier(tx, data)
    tags.came(tx)
    polls.came(tx)
    tx.changes.clear()
    return counts


def _make_room(db: Connection) -> None:
    found = value(db, "SELECT count(*) FROM posts")
    forums = value(db, "SELECT count(*) FROM forums")
    others = value(db, "SELECT count(*) FROM others")
    if found or forums or others:
        count, kind = next(pair for pair in ((found, "post"), (forums, "forum"), (others, "record")) if pair[0])
        what = f"{count:,} {kind}{'' if count == 1 else 's'}"
        raise HoldsAJam(
            f"the database already holds a Jam with {what}",
            "Import into a new file (--db FILE), or export this Jam and move its file away first",
        )


def _insert(tx: Tx, record: Record, raw: bytes, reopen: timedelta | None) -> None:
    data = record.data
    if isinstance(data, Jam):
        if reopen is not None:
            raw = objects.encode(objects.reopened(objects.decode(raw), tx.now, tx.now + reopen))
        seq = tx.append("jam", data.id, raw)
        tx.db.execute("INSERT INTO jam VALUES (1, ?, ?, ?)", (seq, data.id, raw))
    elif isinstance(data, Person):
        objects.insert_person(tx, {"id": data.id, "handle": data.handle, "role": data.role}, raw)
    elif isinstance(data, Forum):
        objects.insert_forum(tx, {"id": data.id, "slug": data.slug, "position": data.position}, raw)
    elif isinstance(data, Post):
        posts.insert(tx, msgspec.structs.asdict(data), raw, None)
        tags = [(tag, data.id, "") for tag in dict.fromkeys(data.tags)]
        tx.db.executemany("INSERT INTO post_tags VALUES (?, ?, ?)", tags)
    else:
        known = objects.decode(raw).get("id")
        record_id = known if isinstance(known, str) else ""
        seq = tx.append(record.type, record_id, raw)
        tx.db.execute("INSERT INTO others VALUES (?, ?, ?, ?)", (seq, record.type, raw, record_id))
        if record.type == ideas.LINK:
            ideas.note_link(tx.db, record_id, raw)


def _add_earlier(tx: Tx, raw: bytes) -> None:
    """A person who was here before the import, unless the archive has the same one."""
    person = msgspec.json.decode(raw, type=Person)
    same = row(tx.db, "SELECT role FROM people WHERE id = ?", (person.id,))
    if same is not None:
        if same[0] != person.role:
            objects.set_role(tx, person.id, person.role)
        return
    if value(tx.db, "SELECT 1 FROM people WHERE handle = ?", (person.handle,)):
        raise ArchiveError(
            f"it has a person {person.handle}, and so has the database",
            hint="Import into a new file (--db FILE), then: jamserver person token HANDLE",
        )
    objects.insert_person(tx, {"id": person.id, "handle": person.handle, "role": person.role}, raw)


def export(db: Connection, out: BinaryIO) -> int:
    """Writes the Jam as an archive, in one state of the database. Returns the number of records."""
    return archive.write(out, snapshot.records(db))
