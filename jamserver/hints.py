"""Whose desk is another than it was: those people are told on their own streams to look, and nothing else.

What is private stays where it is (`desk`): a hint has no content, goes to nobody else, and stands in no log. Tables
that only grow say whom it concerns, whichever process wrote there.
"""

from __future__ import annotations

from collections.abc import Container, Iterator

from jamserver.db import Connection, rows, value

EVENT = b"event: desk\ndata: {}\n\n"  # without an id: the cursor of the stream stays where it is
APART = 2.0  # seconds between two hints to one person, at least: a thousand reports are one look

# A moderator is not hinted at a report about a post of their own: it is not on their desk, and they are not to guess.
_WHO = {
    "notices": "SELECT person_id FROM notices WHERE n > ?",
    "reports": "SELECT p.id FROM people p WHERE p.role = 'moderator' AND EXISTS (SELECT 1 FROM reports r "
    "JOIN posts ON posts.id = r.post_id WHERE r.n > ? AND posts.author_id <> p.id)",
    "moderation": "SELECT by_id FROM moderation WHERE n > ?1 UNION SELECT id FROM people WHERE role = 'moderator' "
    "AND EXISTS (SELECT 1 FROM moderation WHERE n > ?1)",
}


class Desks:
    """Knows up to which row of each table people were told. What is there at first is taken as told: whoever connects
    looks anyway."""

    def __init__(self, db: Connection) -> None:
        self._db = db
        self._told = {table: self._newest(table) for table in _WHO}
        self._waiting: set[str] = set()
        self._last: dict[str, float] = {}  # when somebody was told last, in the last `APART` seconds
        self._version = -1
        self._looked = -APART  # when it was asked last whom something concerns: that looks through all people

    def due(self, now: float, here: Container[str], version: int = -1) -> Iterator[str]:
        """Who of those who are ``here`` is to be told now; nobody sooner than `APART` seconds after the last time.
        Nothing is read while ``version`` of the database, where it is known, is that of the last look."""
        if now - self._looked >= APART and (version != self._version or version < 0):
            self._version = version
            if self._look():
                self._looked = now
        self._last = {who: at for who, at in self._last.items() if now - at < APART}
        for who in self._waiting - self._last.keys():
            self._waiting.discard(who)
            if who in here:
                self._last[who] = now
                yield who

    def _look(self) -> bool:
        """Notes whom something that came concerns; whether anything did."""
        came = False
        for table, who in _WHO.items():
            newest, told = self._newest(table), self._told[table]
            if newest > told:
                self._waiting.update(person_id for (person_id,) in rows(self._db, who, (told,)))
                came = True
            self._told[table] = newest  # lower than before where a backup was restored
        return came

    def _newest(self, table: str) -> int:
        newest: int = value(self._db, f"SELECT coalesce(max(n), 0) FROM {table}")
        return newest
