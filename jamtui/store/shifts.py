"""What a host who comes back looks for: posts that nobody answered, threads that got heated, new posts of experts.

Read from the mirror alone. Times are counted in milliseconds; forums are named by their numbers in the mirror.
"""

from __future__ import annotations

import json
import re
from collections import Counter, defaultdict
from collections.abc import Collection, Iterable, Sequence
from datetime import datetime

import msgspec
from msgspec import Struct

from jamtui.archive import Person, Post
from jamtui.store.mirror import numbers
from jamtui.store.rows import Rows

HEAT_WITHIN = 3_600_000  # milliseconds: in any such stretch of time …
HEAT_POSTS = 6  # … so many replies …
HEAT_EACH = 3  # … that are so many for each of those who wrote them: few people, much said
HEAT_REPORTS = 2  # or so many open reports of posts of a thread
HEAT_OBJECTIONS = 2  # or so many posts that object
_POST = msgspec.json.Decoder(Post)
_PERSON = msgspec.json.Decoder(Person)
_MOST = 5_000  # posts that are looked at, the newest

# Words by which people say that they will do something. A line of a task list that is open says it, too.
_PROMISE = re.compile(
    r"^[ \t]*[-*+] \[ \] "
    r"|\b(?:I|we)(?:['’]ll| will| shall| promise| am going to| are going to)\b(?! not\b)"
    r"|\b(?:get|come) back to (?:you|this|that|it)\b|\blook into (?:this|that|it)\b"
    r"|\bich (?:werde|melde mich|kümmere mich|schaue mir)\b|\bwir (?:werden|melden uns|kümmern uns)\b"
    r"|\bje (?:vais|reviens|m['’]en occupe)\b|\b(?:voy|vamos) a\b|\bme encargo\b",
    re.IGNORECASE | re.MULTILINE,
)


class Heat(Struct, frozen=True):
    """A thread that got heated: its opener's key, and why, in words."""

    key: int
    why: str


def ms(moment: datetime) -> int:
    """Milliseconds since 1970, as the mirror keeps times."""
    return int(moment.timestamp() * 1000)


def _list(found: Iterable[int]) -> str:
    return json.dumps(list(found))


def unanswered(rows: Rows, forums: Sequence[str]) -> list[int]:
    """Keys of openers in these forums that nobody but their author answered, the longest waiting first. What is locked
    waits for nobody; what one answered oneself, in the outbox, waits no more."""
    sql = """
    SELECT t.n, p.id, CAST(p.raw AS TEXT) ->> '$.locked' FROM threads t JOIN posts p ON p.n = t.n
    WHERE t.forum IN (SELECT value FROM json_each(?1)) AND p.gone = 0 AND p.author <> ?2 AND (t.replies = 0
        OR NOT EXISTS (
            SELECT 1 FROM posts r WHERE r.thread = t.n AND r.n <> t.n AND r.gone = 0 AND r.author <> p.author))
    ORDER BY p.created, t.n
    """
    found = rows.db.execute(sql, (_list(map(rows.forum_n, forums)), rows.my_n()))
    waiting = rows.overlay.by_thread
    return [int(n) for n, post_id, locked in found if not locked and post_id not in waiting]


def heated(
    rows: Rows, forums: Sequence[str], since: datetime, reports: Counter[str], objections: Iterable[tuple[str, str]]
) -> list[Heat]:
    """Threads of these forums in which much was said by few in a short time, that were reported, or objected to; the
    hottest first. ``reports`` counts open ones by the id of the post, ``objections`` are (objecting, objected) ids."""
    sql = """
    SELECT thread, author, created FROM posts
    WHERE created >= ?1 AND gone = 0 AND thread <> n AND forum IN (SELECT value FROM json_each(?2))
    ORDER BY created DESC LIMIT ?3
    """
    by_thread: defaultdict[int, list[tuple[int, int]]] = defaultdict(list)
    for thread, author, created in rows.db.execute(sql, (ms(since), _list(map(rows.forum_n, forums)), _MOST)):
        by_thread[int(thread)].append((int(created), int(author)))
    why: defaultdict[int, list[tuple[int, str]]] = defaultdict(list)
    for thread, said in by_thread.items():
        burst = _burst(sorted(said))
        if burst is not None:
            posts, people, minutes = burst
            by = "one person" if people == 1 else f"{people} people"
            why[thread].append((posts, f"{posts} replies by {by} within {max(1, minutes)} min"))
    inside = _threads_of(rows, forums, [*reports, *(one for pair in objections for one in pair)])
    told: Counter[int] = Counter()
    for post_id, times in reports.items():
        if post_id in inside:
            told[inside[post_id]] += times
    for thread, times in told.items():
        if times >= HEAT_REPORTS:
            why[thread].append((10 * times, f"{times} reports"))
    against: Counter[int] = Counter(inside[to] for _, to in objections if to in inside)
    for thread, times in against.items():
        if times >= HEAT_OBJECTIONS:
            why[thread].append((5 * times, f"{times} objections"))
    order = sorted(why, key=lambda thread: (-sum(weight for weight, _ in why[thread]), thread))
    return [Heat(thread, ", ".join(words for _, words in why[thread])) for thread in order]


def _burst(said: list[tuple[int, int]]) -> tuple[int, int, int] | None:
    """(posts, people, minutes) of the stretch in which the most was said by the fewest; None for none that is heated.
    ``said`` are (time, author) in order."""
    best: tuple[int, int, int] | None = None
    start = 0
    people: Counter[int] = Counter()
    for end, (at, author) in enumerate(said):
        people[author] += 1
        while at - said[start][0] > HEAT_WITHIN:
            people[said[start][1]] -= 1
            if not people[said[start][1]]:
                del people[said[start][1]]
            start += 1
        posts = end - start + 1
        if posts >= HEAT_POSTS and posts >= HEAT_EACH * len(people) and (best is None or posts > best[0]):
            best = posts, len(people), -(-(at - said[start][0]) // 60_000)
    return best


def _threads_of(rows: Rows, forums: Sequence[str], ids: Collection[str]) -> dict[str, int]:
    """Post id to the key of its thread's opener, for those of these forums."""
    sql = (
        "SELECT id, thread FROM posts WHERE id IN (SELECT value FROM json_each(?)) "
        "AND forum IN (SELECT value FROM json_each(?))"
    )
    found = rows.db.execute(sql, (json.dumps(list(ids)), _list(map(rows.forum_n, forums))))
    return {str(post_id): int(thread) for post_id, thread in found}


def of_experts(rows: Rows, forums: Sequence[str], since: datetime) -> list[int]:
    """Keys of posts by experts and guests of honour since then, the newest first; not one's own."""
    experts = [
        int(n)
        for n, raw in rows.db.execute("SELECT n, raw FROM people")
        if (person := _PERSON.decode(bytes(raw))).role == "expert" or person.honour
    ]
    sql = """
    SELECT n FROM posts WHERE author IN (SELECT value FROM json_each(?1)) AND gone = 0 AND author <> ?2
        AND created >= ?3 AND forum IN (SELECT value FROM json_each(?4)) ORDER BY created DESC, n DESC LIMIT ?5
    """
    values = (_list(experts), rows.my_n(), ms(since), _list(map(rows.forum_n, forums)), _MOST)
    return numbers(rows.db.execute(sql, values))


def promises(rows: Rows, since: datetime) -> list[tuple[int, str]]:
    """(key, the words) of one's own posts since then that say what one will do, the newest first, in any forum."""
    sql = (
        "SELECT n, raw FROM posts WHERE author = ? AND gone = 0 AND created >= ? ORDER BY created DESC, n DESC LIMIT ?"
    )
    found: list[tuple[int, str]] = []
    for n, raw in rows.db.execute(sql, (rows.my_n(), ms(since), _MOST)):
        words = promised(_POST.decode(bytes(raw)).body)
        if words:
            found.append((int(n), words))
    return found


def promised(body: str) -> str:
    """The first line in which a text says what its author will do, not quoted; "" for none."""
    for line in body[:20_000].split("\n"):
        if not line.lstrip().startswith(">") and _PROMISE.search(line[:2_000]):
            return line.strip()
    return ""
