"""Invented people: name, handle, country, organisation, role, and the kind of work that they speak from."""

from __future__ import annotations

import itertools
import random
import unicodedata
from collections.abc import Iterator
from dataclasses import dataclass

from jamserver.content import names

# What people do, with its share. The kind never becomes a field: it decides who says "we in HR".
KINDS: dict[str, int] = {
    "consultant": 24,
    "IT architect": 17,
    "HR": 9,
    "marketing": 12,
    "academic": 7,
    "manager": 11,
    "developer": 10,
    "customer service": 5,
    "legal": 3,
    "student": 2,
}


@dataclass(frozen=True, slots=True)
class Author:
    """A person of a generated Jam. ``lang`` is the language they may fall into; ``kind`` is one of `KINDS`."""

    id: str
    handle: str
    name: str
    role: str
    org: str
    country: str
    lang: str
    kind: str

    def record(self) -> dict[str, object]:
        """The ``person`` object of an archive."""
        return {
            "id": self.id,
            "handle": self.handle,
            "name": self.name,
            "role": self.role,
            "org": self.org,
            "country": self.country,
        }


def uuid4(rng: random.Random) -> str:
    """A version 4 UUID (RFC 9562) from ``rng`` alone."""
    bits = rng.getrandbits(128) & ~(0xF << 76) & ~(0x3 << 62) | (0x4 << 76) | (0x2 << 62)
    text = f"{bits:032x}"
    return f"{text[:8]}-{text[8:12]}-{text[12:16]}-{text[16:20]}-{text[20:]}"


def _wide(text: str) -> bool:
    """Whether it is written in Han, Kana or Hangul, where no space stands between the names of a person."""
    return all(unicodedata.east_asian_width(char) == "W" for char in text)


def people(rng: random.Random, count: int, roles: dict[str, int]) -> Iterator[Author]:
    """``count`` people; the first ones hold ``roles`` (role to number), the others take part.

    Handles are unique, ASCII, lower case: made of the name where its script allows, else of a word and a number.
    """
    taken: set[str] = {"demo", "admin", "host", "jam"}
    weights = list(itertools.accumulate(culture.weight for culture in names.CULTURES))
    kinds, kind_weights = list(KINDS), list(itertools.accumulate(KINDS.values()))
    orgs = [_organisation(rng) for _ in range(max(12, count // 5))]
    special = [role for role, number in roles.items() for _ in range(number)]
    for index in range(count):
        culture = rng.choices(names.CULTURES, cum_weights=weights)[0]
        given, family = rng.choice(culture.given), rng.choice(culture.family)
        if _wide(given) and _wide(family):
            name = f"{family}{given}"
        else:
            name = f"{family} {given}" if culture.family_first else f"{given} {family}"
        # The first countries of a culture are the likeliest.
        country = culture.countries[int(len(culture.countries) * rng.random() ** 2.2)]
        yield Author(
            id=uuid4(rng),
            handle=_handle(rng, given, family, taken),
            name=name,
            role=special[index] if index < len(special) else "participant",
            org=orgs[int(len(orgs) * rng.random() ** 1.7)],
            country=country,
            lang=culture.lang,
            kind=rng.choices(kinds, cum_weights=kind_weights)[0],
        )


def _organisation(rng: random.Random) -> str:
    first, second = rng.choice(names.ORG_FIRST), rng.choice(names.ORG_SECOND)
    stem = first if rng.random() < 0.2 else first + second
    return f"{stem} {rng.choice(names.ORG_KINDS)}"


_LETTERS = str.maketrans({"ø": "o", "æ": "ae", "ß": "ss", "đ": "d", "Đ": "D", "ł": "l", "Ł": "L", "ı": "i", "Ø": "O"})


def _ascii(name: str) -> str:
    plain = unicodedata.normalize("NFKD", name.translate(_LETTERS))
    return "".join(char for char in plain.lower() if char.isascii() and char.isalnum())


def _handle(rng: random.Random, given: str, family: str, taken: set[str]) -> str:
    first, last = _ascii(given), _ascii(family)
    if first and last:
        style = rng.random()
        base = f"{first}.{last}" if style < 0.5 else f"{first[0]}{last}" if style < 0.8 else f"{first}_{last[0]}"
    else:
        base = first or last or rng.choice(names.ORG_FIRST).lower()
    handle = base
    while handle in taken:
        handle = f"{base}{rng.randrange(2, 100 if len(taken) < 5000 else 10000)}"
    taken.add(handle)
    return handle
