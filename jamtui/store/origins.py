"""People as such, read from the mirror: who is from where, and what a person's page tells beyond a list."""

from __future__ import annotations

from collections import Counter, defaultdict
from datetime import UTC, datetime

import msgspec

from jamtui.archive import Person
from jamtui.countries import code_of, country_name, language_name
from jamtui.names import shown
from jamtui.safe_text import safe_line, safe_name
from jamtui.store.rows import Rows
from jamtui.ways import Companion, Origin, Origins, PersonMore

_PERSON = msgspec.json.Decoder(Person)
_OBJECT = msgspec.json.Decoder(dict[str, object])
_MOST_TAGS, _MOST_PEOPLE = 8, 6


def _bytes(value: object) -> bytes:
    return value if isinstance(value, bytes) else str(value).encode()


def person_object(rows: Rows, person_id: str) -> dict[str, object]:
    """A person as the Jam has it; {} for one whom the mirror does not know."""
    found = next(iter(rows.db.execute("SELECT raw FROM people WHERE id = ?", (person_id,))), None)
    return _OBJECT.decode(_bytes(found[0])) if found is not None else {}


def where_from(rows: Rows) -> Origins:
    """Counts people who are here, by what they tell; who tells nothing is counted under ""."""
    posts = dict(rows.db.execute("SELECT author, count(*) FROM posts WHERE gone = 0 GROUP BY author"))
    people: dict[str, Counter[str]] = defaultdict(Counter)
    written: dict[str, Counter[str]] = defaultdict(Counter)
    names: dict[str, dict[str, str]] = defaultdict(dict)
    total = 0
    for n, raw in rows.db.execute("SELECT n, raw FROM people"):
        person = _PERSON.decode(_bytes(raw))
        if person.state == "left":
            continue
        total += 1
        for kind, key, name in _told(person):
            people[kind][key] += 1
            written[kind][key] += posts.get(n, 0)
            names[kind].setdefault(key, name)
    return Origins(total, *(
        tuple(
            Origin(key if kind == "country" else "", names[kind][key], count, written[kind][key])
            for key, count in sorted(people[kind].items(), key=lambda one: (not one[0], -one[1], one[0]))
        )
        for kind in ("country", "org", "language")
    ))  # fmt: skip


def _told(person: Person) -> list[tuple[str, str, str]]:
    """(kind, what it is counted by, its harmless name) of what a person tells. Spellings of an organisation that differ
    in case or space are one."""
    country = person.country.strip()
    org = " ".join(person.org.split())
    found = [
        ("country", code_of(country) or country, safe_line(country_name(country))),
        ("org", org.casefold(), shown(org)),
    ]
    primary = dict.fromkeys(tag.replace("_", "-").partition("-")[0].lower() for tag in person.languages)
    return found + [("language", tag, safe_line(language_name(tag))) for tag in primary or ("",)]


def more(rows: Rows, person_id: str) -> PersonMore:
    """First post, tags, and with whom one talks: who answered whom, both ways."""
    n = next(iter(rows.db.execute("SELECT n FROM people WHERE id = ?", (person_id,))), (0,))[0]
    first = next(iter(rows.db.execute("SELECT min(created) FROM posts WHERE author = ? AND gone = 0", (n,))))[0]
    tags = rows.db.execute(
        "SELECT t.name, count(*) FROM posts p JOIN tags t ON t.post = p.n WHERE p.author = ? AND p.gone = 0"
        " GROUP BY t.name ORDER BY 2 DESC, 1 LIMIT ?",
        (n, _MOST_TAGS),
    )
    answered: Counter[int] = Counter()
    by: Counter[int] = Counter()
    for author, count in rows.db.execute(
        "SELECT q.author, count(*) FROM posts p JOIN posts q ON q.n = p.parent"
        " WHERE p.author = ?1 AND p.gone = 0 AND q.author <> ?1 GROUP BY q.author",
        (n,),
    ):
        answered[int(author)] = int(count)
    for author, count in rows.db.execute(
        "SELECT r.author, count(*) FROM posts r JOIN posts p ON p.n = r.parent"
        " WHERE r.thread IN (SELECT DISTINCT thread FROM posts WHERE author = ?1) AND p.author = ?1"
        " AND r.gone = 0 AND r.author <> ?1 GROUP BY r.author",
        (n,),
    ):
        by[int(author)] = int(count)
    together = answered + by
    most = sorted(together, key=lambda one: (-together[one], one))[:_MOST_PEOPLE]
    companions = []
    for one in most:
        row = next(iter(rows.db.execute("SELECT raw FROM people WHERE n = ?", (one,))))
        person = _PERSON.decode(_bytes(row[0]))
        companions.append(Companion(person.id, shown(person.handle), shown(person.name), answered[one], by[one]))
    return PersonMore(
        datetime.fromtimestamp(int(str(first)) / 1000, UTC) if first is not None else None,
        tuple((safe_name(str(name)), int(count)) for name, count in tags),
        tuple(companions),
        sum(answered.values()),
        sum(by.values()),
    )
