"""People as such, read from the mirror: who is from where, and what a person's page tells beyond a list."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from datetime import UTC, datetime

import apsw
import msgspec

from jamtui.archive import Person
from jamtui.countries import code_of, country_name, language_name
from jamtui.model import LINK_WORDS
from jamtui.names import shown
from jamtui.safe_text import MAX_NAMES, safe_line, safe_name
from jamtui.store.connection import as_bytes
from jamtui.store.rows import Rows
from jamtui.ways import Companion, Origin, Origins, PersonMore


class _Told(msgspec.Struct, gc=False):
    """What of a person is counted."""

    org: str = ""
    country: str = ""
    languages: tuple[str, ...] = ()
    state: str | None = None


class _Link(msgspec.Struct, gc=False):
    from_id: str = ""
    kind: str = ""
    to_id: str = ""


_PERSON = msgspec.json.Decoder(Person)
_LINK = msgspec.json.Decoder(_Link)
_TOLD = msgspec.json.Decoder(_Told)
_OBJECT = msgspec.json.Decoder(dict[str, object])
_MOST_TAGS, _MOST_PEOPLE = 8, 6


def person_object(rows: Rows, person_id: str) -> dict[str, object]:
    """A person as the Jam has it; {} for one whom the mirror does not know."""
    found = next(iter(rows.db.execute("SELECT raw FROM people WHERE id = ?", (person_id,))), None)
    return _OBJECT.decode(as_bytes(found[0])) if found is not None else {}


def where_from(db: apsw.Connection) -> Origins:
    """Counts people who are here, by what they tell; who tells nothing is counted under ""."""
    posts = dict(db.execute("SELECT author, count(*) FROM posts WHERE gone = 0 GROUP BY author"))
    total = 0
    found: dict[str, dict[str, list[int]]] = {"country": {}, "org": {}, "language": {}}
    for n, raw in db.execute("SELECT n, raw FROM people"):
        person = _TOLD.decode(as_bytes(raw))
        if person.state == "left":
            continue
        total += 1
        written = posts.get(n, 0)
        for kind, told in (
            ("country", (person.country,)),
            ("org", (person.org,)),
            ("language", person.languages[:MAX_NAMES]),
        ):
            for text in told or ("",):
                one = found[kind].setdefault(text, [0, 0])
                one[0] += 1
                one[1] += written
    return Origins(
        total,
        _listed(found["country"], lambda text: (code_of(text) or text, country_name(text), code_of(text) or text)),
        _listed(found["org"], lambda text: (text.casefold(), shown(text), "")),
        _listed(found["language"], _language),
    )


def _language(tag: str) -> tuple[str, str, str]:
    primary = tag.replace("_", "-").partition("-")[0].lower()
    return primary, language_name(primary), ""


def _listed(found: dict[str, list[int]], told: Callable[[str], tuple[str, str, str]]) -> tuple[Origin, ...]:
    """Spellings that differ in case, space or form are one. ``told``: what one is counted by, its name, its code."""
    one: dict[str, list[int]] = {}
    named: dict[str, tuple[str, str]] = {}
    for text, (people, posts) in found.items():
        key, name, code = told(" ".join(text.split()))
        counts = one.setdefault(key, [0, 0])
        counts[0] += people
        counts[1] += posts
        named.setdefault(key, (safe_line(name), safe_line(code)))
    order = sorted(one, key=lambda key: (not key, -one[key][0], key))
    return tuple(Origin(named[key][1], named[key][0], one[key][0], one[key][1]) for key in order)


def more(rows: Rows, person_id: str) -> PersonMore:
    """First post, tags, and with whom one talks: who answered whom, both ways."""
    n = next(iter(rows.db.execute("SELECT n FROM people WHERE id = ?", (person_id,))), (0,))[0]
    first = next(iter(rows.db.execute("SELECT min(created) FROM posts WHERE author = ? AND gone = 0", (n,))))[0]
    tags = rows.db.execute(  # from the posts: of the tags no index begins with a post
        "SELECT j.value, count(*) FROM posts p, json_each(CAST(p.raw AS TEXT), '$.tags') j"
        " WHERE p.author = ? AND p.gone = 0 GROUP BY 1 ORDER BY 2 DESC, 1 LIMIT ?",
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
        person = _PERSON.decode(as_bytes(row[0]))
        companions.append(Companion(person.id, shown(person.handle), shown(person.name), answered[one], by[one]))
    return PersonMore(
        datetime.fromtimestamp(int(str(first)) / 1000, UTC) if first is not None else None,
        tuple((safe_name(str(name)), int(count)) for name, count in tags),
        tuple(companions),
        sum(answered.values()),
        sum(by.values()),
        _links(rows, int(n)),
    )


def _links(rows: Rows, n: int) -> tuple[tuple[str, int], ...]:
    """Links between posts of this person and those of others, by their words from this person's side."""
    mine = {str(row[0]) for row in rows.db.execute("SELECT id FROM posts WHERE author = ? AND gone = 0", (n,))}
    found: Counter[str] = Counter()
    for raw in rows.link_records(mine):
        link = _LINK.decode(raw)
        words = LINK_WORDS.get(link.kind)
        out, back = link.from_id in mine, link.to_id in mine
        if words is not None and out != back:
            found[words[0] if out else words[1]] += 1
    return tuple(found.most_common())
