"""The ways through a Jam, read from the mirror: narrowed lists, what is hot, a person's page, a plan for some minutes.

*Hot* ranks threads by what happened in them lately. With ``H`` the half-life (a 24th of the Jam's length, from one hour
to a day), each post of the last 8 H counts::

    2 ** (-age / H)  *  (1 + log2(1 + votes))  /  k

where it is the ``k``-th newest of its author in that thread: ten people who say one thing each outweigh one who says
ten. At most `RECENT` posts are looked at, the newest. Votes count with the age of their post, since tallies have no
time. Age is counted from the newest post that is not after ``now``, so the same mirror and clock give the same list.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from datetime import UTC, datetime

import apsw
import msgspec
from msgspec.structs import replace

from jamtui.archive import Jam, Person, normal_tag
from jamtui.errors import NotFound, UsageError
from jamtui.model import Marks
from jamtui.safe_text import safe_line, safe_name
from jamtui.store.columns import KINDS, STAGES
from jamtui.store.row_making import person_row
from jamtui.store.rows import SORTS, Rows
from jamtui.store.silence import silence_of
from jamtui.ways import EVERYTHING, Filter, HotRow, Interests, PersonPage, Plan, PlanStep, reading_seconds

RECENT = 5_000  # posts that are looked at for what is hot
_KEYS = msgspec.json.Decoder(list[int])
_JAM = msgspec.json.Decoder(Jam)
_PERSON = msgspec.json.Decoder(Person)
_HOUR = 3_600_000


def _ms(moment: datetime) -> int:
    return int(moment.timestamp() * 1000)


def _one(db: apsw.Connection, sql: str, values: Sequence[object] = ()) -> Sequence[object]:
    return next(iter(db.execute(sql, tuple(values))), ())


# -- lists of threads


def thread_keys(rows: Rows, forum_id: str | None, sort: str, only: Filter = EVERYTHING) -> list[int]:
    """Keys of the openers of a forum (None: of the whole Jam) in one of the orders, narrowed by ``only``.

    One's own threads that wait in the outbox come first where nothing is narrowed.
    """
    if sort not in SORTS:
        raise UsageError(f"no such order: {safe_line(sort)}", f"Use one of: {', '.join(SORTS)}.")
    where: list[str] = []
    values: list[object] = []
    forum = rows.forum_n(forum_id) if forum_id is not None else None
    if forum is not None:
        where.append("t.forum = ?")
        values.append(forum)
    if sort == "unanswered":  # nobody waits for an answer to what was taken back
        inside = "" if forum is None else " AND forum = ?"
        where.append(f"t.n NOT IN (SELECT n FROM posts WHERE gone = 1{inside} AND thread = n)")
        values += [] if forum is None else [forum]
    for column, numbers, names in (("kind", KINDS, only.kinds), ("stage", STAGES, only.states)):
        if names:
            where.append(f"t.{column} IN ({','.join(str(numbers.index(name)) for name in names)})")
    if _of_posts(only):
        posts, more = _fitting(rows, forum, only)
        where.append(f"t.n IN (SELECT p.thread FROM posts p WHERE {posts})")
        values += more
    sql = f"SELECT t.n AS n FROM threads t {'WHERE ' if where else ''}{' AND '.join(where)} ORDER BY {SORTS[sort]}"
    found = _one(rows.db, f"SELECT json_group_array(n) FROM ({sql})", values)
    stored = _KEYS.decode(str(found[0]))
    if only:
        return stored
    waiting = [row.forum_id for row in rows.overlay.posts.values()] if forum_id is None else [forum_id]
    return [key for forum in dict.fromkeys(waiting) for key in rows.overlay.threads(forum)] + stored


def _of_posts(only: Filter) -> bool:
    """Whether it asks something of a post, not of the thread alone."""
    return bool(replace(only, kinds=(), states=()))


def _fitting(rows: Rows, forum: int | None, only: Filter) -> tuple[str, list[object]]:
    """The condition on a post ``p`` that fits ``only``, and its values."""
    where, values = ["p.gone = 0"], list[object]()

    def add(condition: str, *more: object) -> None:
        where.append(condition)
        values.extend(more)

    if forum is not None:
        add("p.forum = ?", forum)
    for tag in only.tags:
        name = _tag(tag)
        add("p.n IN (SELECT post FROM tags WHERE name = ?)", rows.merged_tags.get(name, name))
    if only.authors:
        people = [author for name in only.authors for author in _people(rows, name)]
        add("p.author IN (SELECT value FROM json_each(?))", msgspec.json.encode(people).decode())
    if only.langs:
        add("p.lang IN (SELECT value FROM json_each(?))", msgspec.json.encode(only.langs).decode())
    if only.since is not None:
        add("p.created >= ?", _ms(only.since))
    if only.before is not None:
        add("p.created < ?", _ms(only.before))
    if only.code:
        add("p.code = 1")
    if only.featured:
        add("p.n IN (SELECT n FROM posts WHERE featured = 1)")
    if only.unread:
        unread = f"NOT EXISTS (SELECT 1 FROM own.read r WHERE r.h = p.h) {rows.silence.loud('p')}"
        add(f"p.author <> ? AND {unread}", rows.my_n())
    return " AND ".join(where), values


def check(rows: Rows, only: Filter) -> None:
    """Raises `UsageError` for what can be no tag, `NotFound` for a person that there is not."""
    for tag in only.tags:
        _tag(tag)
    for name in only.authors:
        _people(rows, name)


def _tag(tag: str) -> str:
    try:
        return normal_tag(tag)
    except ValueError as error:
        raise UsageError(str(error), "See jamtui tags.") from None


def _people(rows: Rows, handle: str) -> list[int]:
    """Numbers of the people with that handle. Raises `NotFound`."""
    name = handle.strip().lstrip("@")
    sql = "SELECT n FROM people WHERE handle = ?1 OR id = ?1"
    found = [int(row[0]) for row in rows.db.execute(sql, (name,))]
    if not found:
        sql = "SELECT n FROM people WHERE handle = ? COLLATE NOCASE"
        found = [int(row[0]) for row in rows.db.execute(sql, (name,))]
    if not found and name.lower() == "me" and rows.my_n():
        found = [rows.my_n()]
    if not found:
        raise NotFound(f"nobody is called {safe_line(name)}", "Everybody: jamtui people, or :people.")
    return found


def languages(rows: Rows) -> list[tuple[str, int]]:
    """(language, posts) as posts say them, the most used first."""
    sql = "SELECT lang, count(*) FROM posts WHERE gone = 0 AND lang <> '' GROUP BY lang ORDER BY 2 DESC, 1"
    return [(safe_name(str(lang)), int(posts)) for lang, posts in rows.db.execute(sql)]


# -- what is hot


def _scores(rows: Rows, now: datetime) -> dict[int, list[float]]:
    """Thread -> score, posts, people, votes of the window."""
    raw = _one(rows.db, "SELECT raw FROM jam")
    newest = _one(rows.db, "SELECT max(created) FROM posts WHERE created <= ?", (_ms(now),))
    if not raw or newest[0] is None:
        return {}
    jam = _JAM.decode(bytes(raw[0]))  # type: ignore[call-overload]
    half = min(max((_ms(jam.closes_at) - _ms(jam.opens_at)) / 24, _HOUR), 24 * _HOUR)
    end = int(str(newest[0]))
    sql = (
        "SELECT thread, author, created, up FROM posts WHERE created > ? AND created <= ? AND gone = 0 "
        "ORDER BY created DESC, thread DESC LIMIT ?"
    )
    scores: dict[int, list[float]] = {}
    times: dict[tuple[int, int], int] = {}
    for thread, author, created, up in rows.db.execute(sql, (end - 8 * half, end, RECENT)):
        k = times.get((thread, author), 0) + 1
        times[thread, author] = k
        one = scores.setdefault(int(thread), [0.0, 0, 0, 0])
        one[0] += 2 ** ((created - end) / half) * (1 + math.log2(1 + max(up, 0))) / k
        one[1] += 1
        one[2] += k == 1
        one[3] += up
    return scores


def hot(rows: Rows, now: datetime, limit: int) -> list[HotRow]:
    """The hottest threads first; see the module for the formula."""
    scores = _scores(rows, now)
    best = sorted(scores, key=lambda key: (-scores[key][0], -key))[:limit]
    top = scores[best[0]][0] if best else 1.0
    return [
        HotRow(row, scores[row.key][0] / top, *(int(figure) for figure in scores[row.key][1:]))
        for row in rows.threads(best)
        if not row.gone
    ]


# -- people


def person(rows: Rows, handle: str) -> PersonPage:
    """A person's page, by handle or id. Raises `NotFound`."""
    n = _people(rows, handle)[0]
    one = _PERSON.decode(bytes(_one(rows.db, "SELECT raw FROM people WHERE n = ?", (n,))[0]))  # type: ignore[call-overload]
    posts = list(rows.db.execute("SELECT n, thread = n, up FROM posts WHERE author = ? AND gone = 0", (n,)))
    keys = sorted((int(row[0]) for row in posts), reverse=True)
    last = _one(rows.db, "SELECT created FROM posts WHERE n = ?", (keys[0],)) if keys else ()
    titles = rows.forum_titles()
    sql = (
        "SELECT f.id, count(*) FROM posts p JOIN forums f ON f.n = p.forum WHERE p.author = ? AND p.gone = 0 "
        "GROUP BY f.n ORDER BY 2 DESC, f.position"
    )
    return PersonPage(
        rows.marked([person_row(one, len(keys))])[0],
        sum(int(row[1]) for row in posts),
        sum(int(row[2]) for row in posts),
        datetime.fromtimestamp(int(str(last[0])) / 1000, UTC) if last else None,
        tuple((titles.get(str(forum), ""), int(number)) for forum, number in rows.db.execute(sql, (n,))),
        tuple(keys),
    )  # fmt: skip


# -- a plan for some minutes

_CANDIDATES = 800  # unread posts that are weighed with their texts, the best by their figures

# What a post is worth by its figures alone, as `docs/reading.md` states it; heat and what is followed come on top.
_WORTH = """
SELECT p.n, p.thread, p.parent, p.author, 1 + log2(1 + max(p.up, 0)) + 2 * p.featured
    + CASE json_extract(CAST(a.raw AS TEXT), '$.role') WHEN 'expert' THEN 1 WHEN 'host' THEN 1 ELSE 0 END
    + 0.5 * (p.parent IS NULL) * log2(1 + coalesce(t.replies, 0)) AS worth, p.featured, p.up
FROM posts p JOIN people a ON a.n = p.author LEFT JOIN threads t ON t.n = p.n
LEFT JOIN own.read r ON r.h = p.h
WHERE p.gone = 0 AND p.author <> ?1 AND r.h IS NULL
"""


def plan(rows: Rows, minutes: int, now: datetime, interests: Interests) -> Plan:
    """The unread posts most worth reading that fit into ``minutes``, with the unread posts that they need.

    Posts are taken by worth over the square root of their time, each with its unread parent and opener, while they
    fit. Then they are put in order: the threads most worth it first, each in its reading order.
    """
    if minutes < 1:
        raise UsageError("a plan needs at least a minute", "Try 15.")
    heat = _scores(rows, now)
    top = max((one[0] for one in heat.values()), default=1.0) or 1.0
    followed = _followed(rows, interests)
    silence = silence_of(
        rows.db,
        Marks(interests.muted_threads, interests.muted_tags, interests.muted_people),
        Marks(interests.threads, interests.tags, interests.people),
        lambda: rows.merged_tags,
    )
    found: list[tuple[float, int, int, int | None, str]] = []
    for n, thread, parent, author, worth, featured, up in rows.db.execute(_WORTH + silence.loud("p"), (rows.my_n(),)):
        names = {("thread", thread), ("person", author), ("post", n)}
        value = float(worth) + 2 * (heat[thread][0] / top if thread in heat else 0.0) + 3 * len(names & followed)
        why = "followed" if names & followed else "featured" if featured else f"{up} votes" if up > 2 else ""
        found.append((value, int(n), int(thread), parent, why or ("hot" if thread in heat else "new")))
    unread = len(found)
    keys = {one[1] for one in found}
    found = sorted(found, key=lambda one: (-one[0], one[1]))[:_CANDIDATES]
    wanted = {key for one in found for key in (one[1], one[2], one[3]) if key in keys and key is not None}
    posts = {row.key: row for row in rows.posts(sorted(wanted))}
    seconds = {key: reading_seconds(f"{row.title} {row.body}") for key, row in posts.items()}
    chosen: dict[int, str] = {}
    worth_of: dict[int, float] = {}
    left = minutes * 60.0
    order = sorted(found, key=lambda one: (-one[0] / math.sqrt(seconds.get(one[1], 1.0)), one[1]))
    for value, key, thread, parent, why in order:
        needs = {one for one in (thread, parent, key) if one in posts and one is not None} - set(chosen)
        cost = sum(seconds[one] for one in needs)
        if cost <= left:
            left -= cost
            chosen.update(dict.fromkeys(needs - {key}, ""))
            chosen[key] = why
            worth_of[thread] = worth_of.get(thread, 0.0) + value
    steps: list[PlanStep] = []
    ids = {n: str(_one(rows.db, "SELECT id FROM posts WHERE n = ?", (n,))[0]) for n in worth_of}
    for thread in sorted(worth_of, key=lambda one: (-worth_of[one], one)):
        for key in rows.thread_index(ids[thread]).keys:
            if key in chosen:
                why = chosen[key]
                steps.append(PlanStep(posts[key], seconds[key], not why, why or "needed for what follows"))
    return Plan(minutes, tuple(steps), unread)


def _followed(rows: Rows, interests: Interests) -> set[tuple[str, int]]:
    """What is followed, as (kind, number); a tag stands for the posts that carry it."""
    found: set[tuple[str, int]] = set()
    now = rows.merged_tags
    for kind, sql, names in (
        ("thread", "SELECT n FROM posts WHERE id = ?", interests.threads),
        ("person", "SELECT n FROM people WHERE id = ?", interests.people),
        ("post", "SELECT post FROM tags WHERE name = ?", {now.get(tag, tag) for tag in interests.tags}),
    ):
        for name in names:
            found |= {(kind, int(row[0])) for row in rows.db.execute(sql, (name,))}
    return found
