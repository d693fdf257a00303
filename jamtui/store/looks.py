"""Whom people look like: the marks beside names, found by the skeletons that the mirror keeps of handles and names.

Of people who look alike one is the original: whoever has a role comes before who has none, and then who came first
into the Jam, as far as this mirror knows. The others are marked, whatever they do. Two people of the same name
(but for case and space) are namesakes: neither is marked, but each is shown with their handle; unless one has a role
and the other none.

It costs a few short reads a person, for those alone that are drawn, once for as long as nobody is renamed.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence

import apsw
import msgspec
from msgspec import Struct

from jamtui.archive import Person
from jamtui.names import ROLES, claim, handles_in, keys, same, shown
from jamtui.store.connection import as_bytes

_PERSON = msgspec.json.Decoder(Person)
_FIRST = 4  # of those who look alike, how many are looked at to find the original
_HELD = 20_000  # people whose marks are held
_MAX_HANDLE = 30
_LIKE = f"SELECT rank, n FROM looks WHERE key = ? ORDER BY rank, n LIMIT {_FIRST}"
_SHARED = """
SELECT value FROM json_each(?) WHERE EXISTS (SELECT 1 FROM looks WHERE key = value LIMIT 1 OFFSET 1)"""
_RAW = "SELECT raw FROM people WHERE n = ?"


class Look(Struct, frozen=True):
    """``alike``: ``@handle`` of whom somebody looks like, or what they claim to be (`names.claim`); "" for an honest
    one. ``namesake``: somebody else has the same name."""

    alike: str = ""
    namesake: bool = False


HONEST = Look()


class Looks:
    """For one reading connection. ``forget`` when the mirror has changed: it looks whether anybody was renamed."""

    def __init__(self, db: apsw.Connection) -> None:
        self._db = db
        self._held: dict[int, Look] = {}
        self._since = ""

    def forget(self) -> None:
        row = next(iter(self._db.execute("SELECT value FROM meta WHERE key = 'people'")), None)
        since = str(row[0]) if row else ""
        if since != self._since or len(self._held) > _HELD:
            self._held.clear()
            self._since = since

    def of(self, people: Mapping[int, Person]) -> dict[int, Look]:
        """For people by their numbers in the mirror."""
        held = self._held
        new = {n: keys(one.handle, one.name) for n, one in people.items() if n not in held}
        if new:
            asked = json.dumps([key for some in new.values() for key in some])
            shared = {str(row[0]) for row in self._db.execute(_SHARED, (asked,))}
            for n, some in new.items():
                held[n] = self._find(n, people[n], [key for key in some if key in shared])
        return {n: held[n] for n in people}

    def _find(self, n: int, person: Person, shared: Sequence[str]) -> Look:
        """``shared``: those of the person's keys that somebody else has, too."""
        claimed = claim(person.handle, person.name, person.role)
        # Who claims something is never the original, however early they came.
        mine = (2, n) if claimed else (0 if person.role in ROLES else 1, n)
        namesake = False
        for key in shared:
            alike = [(rank, other) for rank, other in self._like(key) if other != n]
            original = next((one for one in alike if one < mine and not self._claims(one[1])), None)
            if original is None:
                namesake = namesake or (key[0] == "n" and any(self._same(other, person.name) for _, other in alike))
            elif key[0] == "n" and not claimed and original[0] == mine[0] and self._same(original[1], person.name):
                namesake = True
            else:
                return Look(f"@{shown(self._person(original[1]).handle)[:_MAX_HANDLE]}")
        for key in handles_in(person.name):  # theirs, whoever came first
            for _, other in self._like(key):
                if other != n and not self._claims(other):
                    return Look(f"@{shown(self._person(other).handle)[:_MAX_HANDLE]}")
        return Look(claimed, namesake) if claimed or namesake else HONEST

    def _like(self, key: str) -> list[tuple[int, int]]:
        return [(int(str(rank)), int(str(n))) for rank, n in self._db.execute(_LIKE, (key,))]

    def _person(self, n: int) -> Person:
        return _PERSON.decode(as_bytes(next(iter(self._db.execute(_RAW, (n,))))[0]))

    def _claims(self, n: int) -> bool:
        one = self._person(n)
        return bool(claim(one.handle, one.name, one.role))

    def _same(self, n: int, name: str) -> bool:
        return same(self._person(n).name, name)
