"""Jam, people and forums: as rows, as JSON, and the few ways to change them."""

from __future__ import annotations

import functools
import hashlib
import unicodedata
import uuid
from datetime import datetime, timedelta

import msgspec

from jamserver.db import Connection, row, rows, value
from jamserver.log import Tx
from jamserver.problems import Problem, invalid
from jamserver.wire import MAX_HANDLE
from jamtui.archive import SAID_OF_PEOPLE, Jam, rfc3339

NEW_JAM_HOURS = 72

Fields = dict[str, object]


def encode(fields: Fields) -> bytes:
    return msgspec.json.encode(fields)


def decode(raw: bytes) -> Fields:
    return msgspec.json.decode(raw, type=Fields)


@functools.lru_cache(maxsize=4)
def _jam(raw: bytes) -> Jam:
    return msgspec.json.decode(raw, type=Jam)


def jam_json(db: Connection) -> bytes | None:
    """The Jam's object, None in a database without one."""
    found: bytes | None = value(db, "SELECT data FROM jam")
    return found


def jam(db: Connection) -> Jam:
    """The Jam of this server."""
    raw = jam_json(db)
    if raw is None:
        raise Problem("unavailable", "This server has no Jam.", headers={"Retry-After": "60"})
    return _jam(raw)


def put_jam(tx: Tx, fields: Fields) -> int:
    """Writes the Jam's object, the first time or anew."""
    data = encode(fields)
    seq = tx.append("jam", str(fields["id"]), data)
    tx.db.execute(
        "INSERT INTO jam VALUES (1, ?, ?, ?) ON CONFLICT DO UPDATE SET id = excluded.id, data = excluded.data",
        (seq, str(fields["id"]), data),
    )
    return seq


def found_jam(tx: Tx, new_id: uuid.UUID) -> bool:
    """Gives an empty database its Jam, open from now. False when it has one."""
    if jam_json(tx.db) is not None:
        return False
    put_jam(
        tx,
        {
            "format": 1,
            "id": str(new_id),
            "slug": "new-jam",
            "title": "New Jam",
            "summary": "",
            "opens_at": rfc3339(tx.now),
            "closes_at": rfc3339(tx.now + timedelta(hours=NEW_JAM_HOURS)),
        },
    )
    return True


def change_jam(tx: Tx, changes: Fields) -> bytes:
    """Overwrites fields of the Jam; those not named stay, and nothing is written when nothing is otherwise. Returns the
    object."""
    before = decode(jam_json(tx.db) or b"{}")
    fields = before | changes
    if fields != before:
        check_jam(fields)
        put_jam(tx, fields)
    return encode(fields)


def check_jam(fields: Fields) -> None:
    """Raises 422 for hours that cannot be."""
    opens, closes = (datetime.fromisoformat(str(fields[name])) for name in ("opens_at", "closes_at"))
    if closes <= opens:
        raise invalid("/closes_at", "A Jam closes after it opens.")
    archived = fields.get("archived_at")
    if archived is not None and datetime.fromisoformat(str(archived)) < closes:
        raise invalid("/archived_at", "A Jam is archived after it closed.")


def reopened(fields: Fields, opens: datetime, closes: datetime) -> Fields:
    """The Jam with other hours: not archived, its phases at the same places in its time."""
    before = msgspec.json.decode(encode(fields), type=Jam)
    was = before.closes_at - before.opens_at
    phases = []
    for phase in fields.get("phases") or ():  # type: ignore[attr-defined]  # a list, as the decoding has shown
        share = (datetime.fromisoformat(phase["starts_at"]) - before.opens_at) / was if was else 0.0
        starts = opens + min(max(share, 0.0), 1.0) * (closes - opens)
        phases.append(phase | {"starts_at": rfc3339(starts)})
    found = fields | {"opens_at": rfc3339(opens), "closes_at": rfc3339(closes)}
    found.pop("archived_at", None)
    return found | ({"phases": phases} if phases else {})


# Alphabets whose letters look alike (Unicode TS 39): a handle keeps to one of them.
_ALIKE = ("LATIN", "CYRILLIC", "GREEK", "ARMENIAN", "CHEROKEE", "COPTIC")


def mixes_alphabets(text: str) -> bool:
    """Whether there are letters of several alphabets that look alike: a false ``admin`` with one of Cyrillic."""
    found = {unicodedata.name(letter, "").partition(" ")[0] for letter in text if letter.isalpha()}
    return len(found.intersection(_ALIKE)) > 1


def handle_digest(handle: str) -> bytes:
    """By what a handle is kept that nobody is to get: not the word itself."""
    return hashlib.sha256(b"handle " + unicodedata.normalize("NFC", handle).casefold().encode()).digest()


def identity_digest(issuer: str, subject: str) -> bytes:
    """The same for who somebody is for an issuer, who is not to come back at once as a new person."""
    return hashlib.sha256(b"identity " + msgspec.json.encode([issuer, subject])).digest()


def new_handle(db: Connection, text: str, now: datetime | None = None) -> str:
    """A free handle as it is kept: NFC, lower case; letters and digits of any script, ``.``, ``_`` and ``-``.

    Raises 422 for what cannot be one, 409 ``handle_taken`` when somebody has it, in whatever case, or had it and left
    not long before ``now``.
    """
    handle = unicodedata.normalize("NFC", text).lower()
    plain = handle.replace(".", "").replace("_", "").replace("-", "")
    if not (plain.isalnum() and handle[0].isalnum() and len(handle) <= MAX_HANDLE):
        raise invalid(
            "/handle",
            f"A handle has 1 to {MAX_HANDLE} letters, digits, dots, underscores and hyphens, a letter or digit first.",
        )
    if mixes_alphabets(handle):
        raise invalid("/handle", "A handle has letters of one alphabet: Latin, Cyrillic or Greek, not several of them.")
    if value(db, "SELECT 1 FROM people WHERE folded = ? OR handle = ?", (handle.casefold(), handle)):
        raise Problem("handle_taken", f"Somebody has the handle {handle}.")
    until = value(db, "SELECT until FROM left_handles WHERE digest = ?", (handle_digest(handle),))
    if until is not None and (now is None or until > now.timestamp() * 1000):
        raise Problem("handle_taken", f"The handle {handle} was somebody's who left; nobody else gets it for a while.")
    return handle


def add_person(
    tx: Tx,
    new_id: uuid.UUID,
    handle: str,
    *,
    name: str = "",
    role: str = "participant",
    org: str = "",
    country: str = "",
) -> str:
    """A new person; ``handle`` comes from `new_handle`. Returns the id."""
    fields: Fields = {"id": str(new_id), "handle": handle, "name": name or handle, "role": role}
    if org:
        fields["org"] = org
    if country:
        fields["country"] = country
    insert_person(tx, fields, encode(fields))
    return str(new_id)


def insert_person(tx: Tx, fields: Fields, data: bytes) -> None:
    """Writes a person as given."""
    handle = str(fields["handle"])
    seq = tx.append("person", str(fields["id"]), data)
    tx.db.execute(
        "INSERT INTO people VALUES (?, ?, ?, ?, ?, ?)",
        (str(fields["id"]), seq, handle, handle.casefold(), str(fields.get("role", "participant")), data),
    )


def put_person(tx: Tx, person_id: str, before: Fields, fields: Fields) -> tuple[bytes, int]:
    """Writes a profile. What it does not say any more goes from its earlier changes, too: nobody is to find an address
    or a name that somebody took away in what the log tells of before. Returns the person and the change."""
    gone = [name for name in SAID_OF_PEOPLE if before.get(name) and before[name] != fields.get(name)]
    if gone:
        tx.strip_person(person_id, gone)
    data = encode(fields)
    seq = tx.append("person", person_id, data)
    role = str(fields.get("role", "participant"))
    tx.db.execute("UPDATE people SET role = ?, data = ? WHERE id = ?", (role, data, person_id))
    return data, seq


def change_person(tx: Tx, person_id: str, changes: Fields) -> None:
    """Overwrites fields of a person other than id and handle; those not named stay."""
    before = decode(value(tx.db, "SELECT data FROM people WHERE id = ?", (person_id,)))
    put_person(tx, person_id, before, before | changes)


def require_account(db: Connection, person_id: str) -> None:
    """Raises 401 ``token_unknown`` for somebody whose account was deleted while a write of theirs was on its way."""
    if has_left(db, person_id):
        raise Problem("token_unknown", "This account was deleted.")


def has_left(db: Connection, person_id: str) -> bool:
    """Whether this account was deleted."""
    data = value(db, "SELECT data FROM people WHERE id = ?", (person_id,))
    return data is not None and decode(data).get("state") == "left"


def set_role(tx: Tx, person_id: str, role: str) -> None:
    """Gives a person another role."""
    change_person(tx, person_id, {"role": role})


def find_person(db: Connection, name: str) -> tuple[str, str, bytes] | None:
    """(id, handle, object) by id, handle, or the handle in another case where that is one person's."""
    for where in ("id = ?", "handle = ?"):
        found = row(db, f"SELECT id, handle, data FROM people WHERE {where}", (name,))
        if found:
            return found[0], found[1], found[2]
    folded = unicodedata.normalize("NFC", name).casefold()
    like = list(rows(db, "SELECT id, handle, data FROM people WHERE folded = ? LIMIT 2", (folded,)))
    return (like[0][0], like[0][1], like[0][2]) if len(like) == 1 else None


def add_forum(tx: Tx, new_id: uuid.UUID, slug: str, title: str, brief: str) -> bytes:
    """A new forum, behind the others. Returns its object."""
    if value(tx.db, "SELECT 1 FROM forums WHERE slug = ?", (slug,)):
        raise invalid("/slug", f"There is a forum {slug}.")
    position: int = value(tx.db, "SELECT coalesce(max(position), -1) + 1 FROM forums")
    fields: Fields = {"id": str(new_id), "slug": slug, "title": title, "brief": brief, "position": position}
    data = encode(fields)
    insert_forum(tx, fields, data)
    return data


def insert_forum(tx: Tx, fields: Fields, data: bytes) -> None:
    """Writes a forum as given."""
    seq = tx.append("forum", str(fields["id"]), data)
    tx.db.execute(
        "INSERT INTO forums VALUES (?, ?, ?, ?, ?)",
        (fields["id"], seq, fields["slug"], fields.get("position", 0), data),
    )


def find_forum(db: Connection, name: str) -> tuple[str, bytes]:
    """(id, object) by id or slug. Raises 404."""
    found = row(db, "SELECT id, data FROM forums WHERE id = ?", (name,)) or row(
        db, "SELECT id, data FROM forums WHERE slug = ?", (name,)
    )
    if not found:
        raise Problem("not_found", "There is no such forum.")
    return found[0], found[1]
