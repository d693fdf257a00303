"""Search over the whole mirror: a `Query` as SQL, its hits newest or best first, and the words around what was found.

A common word has tens of thousands of hits. So keys and rows are apart: a search gives keys (integers, in order), and
`hits` makes rows of those that somebody looks at. Newest first costs what is taken, since the full-text index walks its
rows in their order; best first (BM25, the title counts four times) has to look at every hit.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import datetime

import msgspec
from msgspec import Struct
from msgspec.structs import replace

from jamtui.archive import tag_form
from jamtui.errors import NotFound, UsageError
from jamtui.model import GONE, Found, PostRow, SearchHit, titled
from jamtui.safe_text import safe_line, safe_name
from jamtui.store.columns import KINDS, STAGES
from jamtui.store.connection import as_bytes
from jamtui.store.excerpts import hits_in, places, snippet
from jamtui.store.mirror import numbers, words_of
from jamtui.store.query import HERE, Kind, Query, Term, fold, parse
from jamtui.store.rows import Rows
from jamtui.store.waiting import waiting_keys

COUNTED = 100_000  # a count goes no further
_SHORT = 3  # a word being typed that is no longer than this has too many endings to ask the index at once
_NEWEST, _PIECE = 48, 12  # posts looked at instead, at first, and so many at once until there are enough

_SAVED = "p.id IN (SELECT post_id FROM own.saved)"
_READ = "EXISTS (SELECT 1 FROM own.read r WHERE r.h = p.h)"
_STATES = {
    "unread": f"(p.author <> ?1 AND NOT {_READ})",
    "read": f"(p.author = ?1 OR {_READ})",
    "saved": _SAVED,
    "mine": "p.author = ?1",
    "opener": "p.parent IS NULL",
    "reply": "p.parent IS NOT NULL",
    "featured": "p.featured = 1",
}
_ORDERS = {"newest": "n DESC", "best": "score"}


class _Opener(msgspec.Struct):
    title: str | None = None
    state: str | None = None


class _Named(msgspec.Struct):
    name: str = ""


_OPENER = msgspec.json.Decoder(_Opener)
_NAMED = msgspec.json.Decoder(_Named)
_INTS = msgspec.json.Decoder(list[int])
_FLOATS = msgspec.json.Decoder(list[float])


def from_object(what: str) -> str:
    """SQL over a post ``p``: its ``lang``, whether its text has ``code`` or (only its JSON tells) a ``link``."""
    body = "json_extract(CAST(p.raw AS TEXT), '$.body')"
    return {
        "lang": "lower(coalesce(p.lang, ''))",
        "link": f"(instr({body}, 'http://') OR instr({body}, 'https://'))",
        "code": "p.code = 1",
    }[what]


class Plan(Struct, frozen=True):
    """A query as SQL: ``match`` is FTS5 syntax ("" for none), ``where`` holds of ``p``, a post; ?1 is the reader."""

    match: str
    where: str
    values: tuple[object, ...]
    problems: tuple[str, ...]

    @property
    def empty(self) -> bool:
        return not (self.match or self.where)


def plan(rows: Rows, query: Query) -> Plan:
    """What names somebody or something is looked up here; what nobody is called is a problem in words."""
    return _Planner(rows).plan(query)


class _Planner:
    def __init__(self, rows: Rows) -> None:
        self.rows = rows
        self.values: list[object] = [rows.my_n()]
        self.problems: list[str] = []

    def plan(self, query: Query) -> Plan:
        must: list[str] = []
        must_not: list[str] = []
        where: list[str] = []
        for clause in query.clauses:
            words = [term for term in clause if term.kind is Kind.WORDS]
            if len(words) == len(clause) and not any(term.negated for term in words):
                must.append(" OR ".join(map(_phrase, words)))
            elif len(clause) == 1 and words:
                must_not.append(_phrase(words[0]))
            else:
                where.append(" OR ".join(self._condition(term) for term in clause))
        match = " AND ".join(f"({one})" for one in must)
        if must_not and match:
            match = f"({match}) NOT ({' OR '.join(must_not)})"
        elif must_not:
            where += [f"NOT {self._has_words(one)}" for one in must_not]
        return Plan(
            match,
            " AND ".join(f"({one})" for one in where),
            tuple(self.values),
            (*query.problems, *dict.fromkeys(self.problems)),
        )

    def _value(self, value: object) -> str:
        self.values.append(value)
        return f"?{len(self.values)}"

    def _has_words(self, match: str) -> str:
        return f"p.n IN (SELECT rowid FROM words WHERE words MATCH {self._value(match)})"

    def _condition(self, term: Term) -> str:
        condition = self._holds(term)
        return f"NOT {condition}" if term.negated else condition

    def _holds(self, term: Term) -> str:
        match term.kind:
            case Kind.WORDS:
                return self._has_words(_phrase(term))
            case Kind.TAG:
                return self._tagged(term)
            case Kind.AUTHOR:
                return f"p.author IN ({','.join(map(str, self.authors(term)))})"
            case Kind.FORUM:
                return f"p.forum IN ({','.join(map(str, self.forums(term)))})"
            case Kind.THREAD:
                return f"p.thread IN (SELECT n FROM posts WHERE id = {self._value(self.thread(term))})"
            case Kind.BEFORE:
                return f"p.created < {self._value(term.number)}"
            case Kind.AFTER:
                return f"p.created >= {self._value(term.number)}"
            case Kind.IS if term.value == "unread":  # what is muted never is
                return f"({_STATES['unread']} {self.rows.silence.loud('p')})"
            case Kind.IS:
                return _STATES[term.value]
            case Kind.HAS:
                return from_object(term.value)
            case Kind.LANG:
                wanted, own = self._value(term.value.lower()), from_object("lang")
                return f"({own} = {wanted} OR {own} LIKE {wanted} || '-%')"
            case Kind.KIND | Kind.STATE:
                column, numbers = ("kind", KINDS) if term.kind is Kind.KIND else ("stage", STAGES)
                return f"p.thread IN (SELECT n FROM threads WHERE {column} = {numbers.index(term.value)})"
            case Kind.VOTES:
                return f"p.up {term.value} {self._value(term.number)}"

    def _tagged(self, term: Term) -> str:
        name = tag_form(term.value)
        now = self.rows.merged_tags.get(name)
        if now is not None and not term.open:
            name = now
        tag = self._value(name)
        condition = f"name >= {tag} AND name < {tag} || char(1114111)" if term.open else f"name = {tag}"
        if now is not None and term.open:
            condition = f"({condition} OR name = {self._value(now)})"
        if not term.open and not self._any("SELECT 1 FROM tags WHERE name = ?", name):
            self.problems.append(f"no post has the tag {_shown(term)}")
        return f"p.n IN (SELECT post FROM tags WHERE {condition})"

    def authors(self, term: Term) -> list[int]:
        """By handle, else by the words of the name; all whose handle begins so while one types."""
        db, wanted = self.rows.db, term.value.lower()
        sql = "SELECT n FROM people WHERE lower(handle) = ?1"
        found = numbers(db.execute(sql, (wanted,)))
        if term.open:
            sql = "SELECT n FROM people WHERE substr(lower(handle), 1, length(?1)) = ?1"
            found = numbers(db.execute(sql, (wanted,)))
        if not found and wanted == "me":
            found = [self.rows.my_n()]
        if not found:
            name = fold(term.value)
            found = [
                int(n)
                for n, raw in db.execute("SELECT n, raw FROM people")
                if name in fold(_NAMED.decode(as_bytes(raw)).name)
            ]
        if not found:
            self.problems.append(f"nobody here is called {_shown(term)}")
        return found

    def forums(self, term: Term) -> list[int]:
        """By slug; by how it begins while one types, and by the words of the title where no slug fits."""
        wanted = fold(term.value)
        forums = [(int(n), fold(str(slug))) for n, slug in self.rows.db.execute("SELECT n, slug FROM forums")]
        found = [n for n, slug in forums if slug == wanted]
        if not found and term.open:
            found = [n for n, slug in forums if slug.startswith(wanted)]
        if not found:
            found = [
                int(n)
                for n, raw in self.rows.db.execute("SELECT n, raw FROM forums")
                if wanted in fold(_OPENER.decode(as_bytes(raw)).title or "")
            ]
        if not found:
            self.problems.append(f"no forum is called {_shown(term)}")
        return found

    def thread(self, term: Term) -> str:
        """The id of the thread that is open, or that a post of this id is in; "" for none."""
        if term.value.lower() == HERE:
            if not self.rows.here:
                self.problems.append(f"thread:{HERE} looks into the thread that is open, and none is")
            return self.rows.here
        try:
            return self.rows.post(term.value).thread_id
        except (NotFound, UsageError):
            self.problems.append(f"no post is called {_shown(term)}; thread:{HERE} is the thread that is open")
            return ""

    def _any(self, sql: str, *values: str) -> bool:
        return next(iter(self.rows.db.execute(f"{sql} LIMIT 1", values)), None) is not None


def _shown(term: Term) -> str:
    return safe_line(term.value)[:30]


def _phrase(term: Term) -> str:
    """The words of a term as one FTS5 string: nothing in it can be read as syntax."""
    text = words_of(term.value).replace('"', " ").replace("\0", " ").strip()
    return f'"{text}"' + "*" * (term.open and text[-1:].isalnum())


# -- keys


def keys(rows: Rows, asked: Plan, order: str, limit: int) -> list[tuple[int, float]]:
    """(key, rank) of the hits, at most ``limit``; the rank is 0 where it was not needed. See `Found.order`."""
    if order not in _ORDERS:
        raise UsageError(f"no such order: {safe_line(order)}", f"Use one of: {', '.join(_ORDERS)}.")
    ranked = order == "best" and bool(asked.match)
    sql, values = _from(asked)
    score = "bm25(words, 4.0, 1.0, 2.0)" if ranked else "0.0"
    # Newest first the full-text table, or that of the posts, is walked backwards and left as soon as there is enough.
    by = "score" if ranked else f"{'words.rowid' if asked.match else 'p.n'} DESC"
    number = "words.rowid" if asked.match else "p.n"
    chosen = f"SELECT {number} AS n, {score} AS score {sql} ORDER BY {by} LIMIT {int(limit)}"
    # As one row: each row that comes back waits for Python's lock, which the screen may hold.
    found = next(iter(rows.db.execute(f"SELECT json_group_array(n), json_group_array(score) FROM ({chosen})", values)))
    return list(zip(_INTS.decode(str(found[0])), _FLOATS.decode(str(found[1])), strict=True))


def count(rows: Rows, asked: Plan) -> int:
    """How many hits there are, at most `COUNTED`."""
    sql, values = _from(asked)
    row = next(iter(rows.db.execute(f"SELECT count(*) FROM (SELECT 1 {sql} LIMIT {COUNTED})", values)))
    return int(row[0])


def _from(asked: Plan) -> tuple[str, tuple[object, ...]]:
    """Words of posts that are gone are not in the index; only operators need the posts themselves."""
    if not asked.match:
        return f"FROM posts p WHERE p.gone = 0 AND {asked.where or '1'} AND ?1 IS NOT NULL", asked.values
    values = (*asked.values, asked.match)
    matches = f"words MATCH ?{len(values)} AND ?1 IS NOT NULL"
    if not asked.where:
        return f"FROM words WHERE {matches}", values
    # CROSS JOIN: SQLite keeps this order, else it may sort all posts of an author to walk them backwards.
    return f"FROM words CROSS JOIN posts p ON p.n = words.rowid WHERE {matches} AND {asked.where}", values


# -- whole answers


class Ranked(Struct, frozen=True):
    """Hits, best first: their keys, ranks by key, what is to be marked, what was wrong, how many there are."""

    keys: list[int]
    ranks: dict[int, float]
    marks: tuple[str, ...]
    problems: tuple[str, ...]
    total: int


def ranked(rows: Rows, text: str, limit: int | None, now: datetime) -> Ranked:
    """Hits for ``text``, at most ``limit`` (None: all). For commands, which can wait."""
    query = parse(text, now)
    asked = plan(rows, query)
    if asked.empty:
        return Ranked([], {}, (), asked.problems, 0)
    found = keys(rows, asked, "best", -1 if limit is None else limit)  # SQLite: -1 is no limit
    ordered = _with_waiting(rows, query, [key for key, _ in found])
    cut = limit is not None and len(found) == limit
    total = count(rows, asked) + len(ordered) - len(found) if cut else len(ordered)
    return Ranked(ordered[:limit], dict(found), query.marks, asked.problems, total)


def search(rows: Rows, text: str, limit: int, now: datetime) -> tuple[list[SearchHit], tuple[str, ...]]:
    """Hits for ``text``, best first, at most ``limit``, and what was wrong with it."""
    found = ranked(rows, text, limit, now)
    return hits(rows, found.keys, found.marks, found.ranks), found.problems


def _with_waiting(rows: Rows, query: Query, stored: list[int]) -> list[int]:
    """What waits in the outbox stands first, in either order: it is the newest, and what one looks for most."""
    waiting = waiting_keys(rows, query, _Planner(rows))
    known = set(waiting)
    return [*waiting, *(key for key in stored if key not in known)] if waiting else stored


def first(rows: Rows, text: str, now: datetime, limit: int, page: int) -> Iterator[Found]:
    """What can be shown at once, newest first: at most ``limit`` keys with ``page`` rows; `Found.total` is -1 when
    there are more. Sometimes a first page comes before that: see `_newest`."""
    query = parse(text, now)
    asked = plan(rows, query)
    if asked.empty:
        yield Found(text, "newest", (), (), 0, asked.problems)
        return
    early = _newest(rows, query, asked, text, page)
    if early is not None:
        yield early.found
        if early.enough:
            return
    ordered = _with_waiting(rows, query, [key for key, _ in keys(rows, asked, "newest", limit + 1)])
    total = len(ordered) if len(ordered) <= limit else -1
    rows_of = early.found.hits if early else tuple(hits(rows, ordered[:page], query.marks))
    yield Found(text, "newest", tuple(ordered[:limit]), rows_of, total, asked.problems, query.marks)


class _Early(Struct, frozen=True):
    """A first page; ``enough``: the index need not be asked while one types, `whole` comes soon."""

    found: Found
    enough: bool


def _newest(rows: Rows, query: Query, asked: Plan, text: str, page: int) -> _Early | None:
    """The first page for a word of which only a letter or two are typed, without asking the index for all its endings.

    Such a word begins somewhere in nearly every post, and the index would have to join the lists of thousands of words
    (40 ms on 46,000 posts). So the newest posts that the rest of the query allows are read, and None is given when too
    few of them hold it. A full page is enough while one types; when the rest allows no more than those, they are all;
    and of a word that must not be there no more is shown than what they are.
    """
    last = query.clauses[-1][0] if query.clauses and len(query.clauses[-1]) == 1 else None
    if last is None or last.kind is not Kind.WORDS or not last.open or len(last.value) > _SHORT:
        return None
    if not last.value.isalnum():
        return None
    rest = plan(rows, Query(query.clauses[:-1]))
    candidates = [key for key, _ in keys(rows, rest, "newest", _NEWEST)]
    complete = len(candidates) < _NEWEST
    mark = Query(((replace(last, negated=False),),)).marks
    found = rows.posts(_with_waiting(rows, query, []))
    waiting = {row.key for row in found}
    for at in range(0, len(candidates), _PIECE):
        if len(found) >= page and not complete:
            break
        piece = [key for key in candidates[at : at + _PIECE] if key not in waiting]
        found += [row for row in rows.posts(piece) if _holds_mark(row, mark) is not last.negated]
    if len(found) < page // 2 and not (complete or last.negated):
        return None
    if not complete:
        found = found[:page]
    made = tuple(_hits(rows, found[:page], query.marks, {}))
    total = len(found) if complete else -1
    first_keys = tuple(row.key for row in found)
    enough = complete or last.negated or len(found) >= page
    return _Early(Found(text, "newest", first_keys, made, total, asked.problems, query.marks), enough)


def _holds_mark(row: PostRow, mark: Sequence[str]) -> bool:
    return any(next(places(fold(text), mark), None) for text in (row.body, row.title, " ".join(row.tags)) if text)


def whole(rows: Rows, text: str, now: datetime, order: str, limit: int, page: int) -> Found:
    """All that there is, at most ``limit`` keys, with how many there would be."""
    query = parse(text, now)
    asked = plan(rows, query)
    if asked.empty:
        return Found(text, order, (), (), 0, asked.problems)
    stored = [key for key, _ in keys(rows, asked, order, limit)]
    ordered = _with_waiting(rows, query, stored)
    total = len(ordered) if len(stored) < limit else count(rows, asked) + len(ordered) - len(stored)
    made = hits(rows, ordered[:page], query.marks)
    return Found(text, order, tuple(ordered), tuple(made), total, asked.problems, query.marks)


# -- rows


def hits(
    rows: Rows, wanted: Sequence[int], marks: Sequence[str], ranks: dict[int, float] | None = None
) -> list[SearchHit]:
    """The rows of ``wanted``, in their order; those that vanished are left out."""
    return _hits(rows, rows.posts(wanted), marks, ranks or {})


def _hits(rows: Rows, found: Sequence[PostRow], marks: Sequence[str], ranks: dict[int, float]) -> list[SearchHit]:
    titles = _titles(rows, found)
    forums = rows.forum_titles()
    made = []
    for row in found:
        title = titled(row.title, row.gone) if row.parent_id is None else titles.get(row.thread_id, "")
        forum, text, rank = forums.get(row.forum_id, ""), snippet(row, marks), ranks.get(row.key, 0.0)
        in_title = () if title in _NO_TITLES else tuple(hits_in(title, marks))
        made.append(SearchHit(row, title, forum, text, rank, in_title))
    return made


_NO_TITLES = {titled("", gone) for gone in GONE}


def _title(opener: _Opener) -> str:
    return titled(safe_name(opener.title or ""), opener.state if opener.state in GONE else "")


def _titles(rows: Rows, found: Sequence[PostRow]) -> dict[str, str]:
    """Titles of the threads of replies, by the thread's id."""
    wanted = msgspec.json.encode(list({row.thread_id for row in found if row.parent_id})).decode()
    sql = "SELECT id, raw FROM posts WHERE id IN (SELECT value FROM json_each(?))"
    titles = {
        row.post_id: safe_name(row.payload.title) for row in rows.overlay.posts.values() if not row.payload.parent_id
    }
    return titles | {
        str(post_id): _title(_OPENER.decode(as_bytes(raw))) for post_id, raw in rows.db.execute(sql, (wanted,))
    }
