"""What one person is told: warnings, what became of a post of theirs and why, what became of a report.

Private, and never with who did it.
"""

from __future__ import annotations

import uuid

import msgspec

from jamserver import objects
from jamserver.db import Connection, rows
from jamserver.log import Tx
from jamtui.archive import rfc3339

KEPT = 200  # the latest of a person


def tell(tx: Tx, person_id: str, kind: str, **fields: object) -> None:
    """``kind`` is the act, ``report`` for what became of one, ``undone`` for an act that does not hold any more (in
    ``of``). Fields that are empty are left out. Who left is told nothing: nobody reads it, and what is private of them
    has gone."""
    if objects.has_left(tx.db, person_id):
        return
    notice_id = str(uuid.UUID(int=tx.rng.getrandbits(128), version=4))
    said = {name: value for name, value in fields.items() if value}
    data = msgspec.json.encode({"id": notice_id, "kind": kind, "at": rfc3339(tx.now), **said})
    tx.db.execute("INSERT INTO notices(id, person_id, data) VALUES (?, ?, ?)", (notice_id, person_id, data))
    tx.db.execute(
        "DELETE FROM notices WHERE person_id = ?1 AND n <= "
        "(SELECT n FROM notices WHERE person_id = ?1 ORDER BY n DESC LIMIT 1 OFFSET ?2)",
        (person_id, KEPT),
    )


def of(db: Connection, person_id: str) -> list[msgspec.Raw]:
    """The latest first."""
    found = rows(db, "SELECT data FROM notices WHERE person_id = ? ORDER BY n DESC", (person_id,))
    return [msgspec.Raw(bytes(data)) for (data,) in found]
