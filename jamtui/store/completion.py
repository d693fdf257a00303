"""What the end of a query may become: names of operators, tags, handles, forums, dates. A few short reads."""

from __future__ import annotations

from collections.abc import Callable

import msgspec

from jamtui.archive import Person
from jamtui.model import Completion
from jamtui.names import beside, shown
from jamtui.safe_text import safe_name
from jamtui.store.connection import as_bytes
from jamtui.store.query import FEATURES, HERE, NAMES, STATES, Kind, Part, fold, parts
from jamtui.store.rows import Rows
from jamtui.store.search import from_object
from jamtui.ways import DAYS, SORTED

OFFERED = 12
_LANG_SAMPLE = 1_000  # newest posts whose languages are offered
_FROM_LETTERS = 2  # letters of the name of an operator after which it is offered

_WHEN = (*DAYS, "1h", "12h", "3d", "1w")
_VOTES = (">0", ">5", ">10", "=0")


class _Titled(msgspec.Struct):
    title: str = ""


_TITLED = msgspec.json.Decoder(_Titled)
_PERSON = msgspec.json.Decoder(Person)


def complete(fresh: Callable[[], Rows], text: str) -> Completion | None:
    """Choices for the part that ``text`` ends with; None when that is no operator and no beginning of one. ``fresh``
    gives the rows, which most letters do not need."""
    last: Part | None = None
    for last in parts(text):  # noqa: B007 - the last one is wanted
        pass
    if last is None or not last.open:
        return None
    if not last.name:
        word = last.value.lower()
        names = [(f"{name}:", "") for name in NAMES if len(word) >= _FROM_LETTERS and name.startswith(word)]
        return Completion(last.start, tuple(names)) if names and not last.quoted else None
    kind = NAMES.get(last.name)
    mark = last.value[:1] if last.value[:1] in ("#", "@") else ""
    wanted = last.value.removeprefix(mark).lower()
    match kind:
        case Kind.TAG:
            found = _tags(fresh(), wanted)
        case Kind.AUTHOR:
            found = _people(fresh(), wanted)
        case Kind.FORUM:
            found = _forums(fresh(), wanted)
        case Kind.THREAD:
            found = [(HERE, "the thread that is open")]
        case Kind.LANG:
            found = _languages(fresh())
        case Kind.IS:
            found = [(state, "") for state in STATES]
        case Kind.HAS:
            found = [(feature, "") for feature in FEATURES]
        case Kind.BEFORE | Kind.AFTER:
            found = [(when, "") for when in _WHEN]
        case Kind.KIND | Kind.STATE:
            found = [(name, "") for name in SORTED[kind.value]]
        case Kind.VOTES:
            found = [(votes, "") for votes in _VOTES]
        case _:
            found = []
    fits = [(value, note) for value, note in found if fold(value).startswith(fold(wanted))]
    if not fits or (len(fits) == 1 and fits[0][0] == wanted):
        return None
    start = last.start - last.quoted
    return Completion(start, tuple((_quoted(value), note) for value, note in fits[:OFFERED]))


def _quoted(value: str) -> str:
    """As it must be typed: a tag may have spaces."""
    return f'"{value}"' if any(c.isspace() for c in value) else value


def _tags(rows: Rows, wanted: str) -> list[tuple[str, str]]:
    sql = (
        "SELECT name, count(*) FROM tags WHERE name >= ?1 AND name < ?1 || char(1114111) "
        "GROUP BY name ORDER BY 2 DESC, 1 LIMIT ?2"
    )
    return [(safe_name(str(name)), f"{count:,}") for name, count in rows.db.execute(sql, (wanted, OFFERED))]


def _people(rows: Rows, wanted: str) -> list[tuple[str, str]]:
    """Those with the most posts first."""
    sql = (
        "SELECT a.handle, a.raw, a.n, (SELECT count(*) FROM posts p WHERE p.author = a.n) AS posts FROM people a "
        "WHERE substr(lower(a.handle), 1, length(?1)) = ?1 ORDER BY posts DESC, a.handle LIMIT ?2"
    )
    found = {int(n): _PERSON.decode(as_bytes(raw)) for _, raw, n, _ in rows.db.execute(sql, (wanted, OFFERED))}
    looks = rows.looks.of(found)
    return [(shown(one.handle), f"{shown(one.name)}{beside(looks[n].alike)}") for n, one in found.items()]


def _forums(rows: Rows, wanted: str) -> list[tuple[str, str]]:
    forums = rows.db.execute("SELECT slug, raw FROM forums ORDER BY position, n")
    return [(safe_name(str(slug)), safe_name(_TITLED.decode(as_bytes(raw)).title)) for slug, raw in forums]


def _languages(rows: Rows) -> list[tuple[str, str]]:
    sql = (
        f"SELECT {from_object('lang')} AS lang, count(*) FROM (SELECT raw FROM posts ORDER BY n DESC LIMIT ?) p "
        "GROUP BY 1 HAVING lang <> '' ORDER BY 2 DESC LIMIT 20"
    )
    return [(safe_name(str(lang)), "") for lang, _ in rows.db.execute(sql, (_LANG_SAMPLE,))]
