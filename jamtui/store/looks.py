"""Whom people look like: the marks beside names, found by the skeletons that the mirror keeps of handles and names.

Of people who look alike one is the original: whoever has a role comes before who has none, and then who came first
into the Jam, as far as this mirror knows. The others are marked, whatever they do. Two people of the same name
(but for case and space) are namesakes: neither is marked, but each is shown with their handle; unless one has a role
and the other none.

It is looked for those alone that are drawn, once for as long as nobody is renamed: two reads for all of a screen, who
has the same skeletons and what these people are called.
"""

from __future__ import annotations

import json
from collections.abc import Collection, Mapping, Sequence

import apsw
import msgspec
from msgspec import Struct

from jamtui.archive import Person
from jamtui.names import ROLES, claim, handles_in, keys, same, shown
from jamtui.store.connection import as_bytes, one_moment

_PERSON = msgspec.json.Decoder(Person)
_FIRST = 4  # of those who look alike, how many are looked at to find the original
_HELD = 20_000  # people whose marks are held
_MAX_HANDLE = 30
# Of each key that more than ``?2`` people have, the first of them; most keys are one person's alone.
_LIKE = f"""
SELECT l.key, l.rank, l.n FROM json_each(?1) k JOIN looks l ON l.key = k.value
WHERE EXISTS (SELECT 1 FROM looks WHERE key = k.value LIMIT 1 OFFSET ?2)
AND (l.rank, l.n) IN (SELECT rank, n FROM looks WHERE key = k.value ORDER BY rank, n LIMIT {_FIRST})
ORDER BY l.rank, l.n"""
_PEOPLE = "SELECT n, raw FROM people WHERE n IN (SELECT value FROM json_each(?))"


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
            named = {n: handles_in(people[n].name) for n in new}
            with one_moment(self._db):
                alike = self._like({key for some in new.values() for key in some}, 1)
                alike |= self._like({key for some in named.values() for key in some} - alike.keys(), 0)
                known = self._known({n for some in alike.values() for _, n in some}, people)
            for n, some in new.items():
                held[n] = _found(n, people[n], some, named[n], alike, known)
        return {n: held[n] for n in people}

    def _like(self, asked: Collection[str], others: int) -> dict[str, list[tuple[int, int]]]:
        """By key who has it, if more than ``others`` do: rank and number, the original first."""
        found: dict[str, list[tuple[int, int]]] = {}
        if asked:
            for key, rank, n in self._db.execute(_LIKE, (json.dumps(list(asked)), others)):
                found.setdefault(str(key), []).append((int(str(rank)), int(str(n))))
        return found

    def _known(self, wanted: Collection[int], at_hand: Mapping[int, Person]) -> Mapping[int, Person]:
        missing = [n for n in wanted if n not in at_hand]
        rows = self._db.execute(_PEOPLE, (json.dumps(missing),)) if missing else ()
        return {**at_hand, **{int(str(n)): _PERSON.decode(as_bytes(raw)) for n, raw in rows}}


def _found(
    n: int,
    person: Person,
    own: Sequence[str],
    named: Sequence[str],
    alike: Mapping[str, Sequence[tuple[int, int]]],
    known: Mapping[int, Person],
) -> Look:
    """``own``: the person's keys; ``named``: those of handles within the name; ``alike``: who has one of them."""
    claimed = claim(person.handle, person.name, person.role)
    # Who claims something is never the original, however early they came.
    mine = (2, n) if claimed else (0 if person.role in ROLES else 1, n)
    namesake = False
    for key in own:
        others = [(rank, other) for rank, other in alike.get(key, ()) if other != n]
        original = next((one for one in others if one < mine and not _claims(known[one[1]])), None)
        if original is None:
            namesake = namesake or (key[0] == "n" and any(same(known[other].name, person.name) for _, other in others))
        elif key[0] == "n" and not claimed and original[0] == mine[0] and same(known[original[1]].name, person.name):
            namesake = True
        else:
            return _like(known[original[1]])
    for key in named:  # theirs, whoever came first
        for _, other in alike.get(key, ()):
            if other != n and not _claims(known[other]):
                return _like(known[other])
    return Look(claimed, namesake) if claimed or namesake else HONEST


def _claims(one: Person) -> bool:
    return bool(claim(one.handle, one.name, one.role))


def _like(original: Person) -> Look:
    return Look(f"@{shown(original.handle)[:_MAX_HANDLE]}")
