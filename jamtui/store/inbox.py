"""The inbox: what of a mirror is for its reader, joined per thread, the newest first.

Which posts are for the reader is held, and when something changed only what was touched is looked for again: new posts
by their numbers, and whole threads in which a post changed that was there before (`threads.old`). All of it is looked
for anew when the mirror was fetched anew, or when other things are followed or muted. What is unread of it is asked of
the reading state whenever that changed, never counted up or down. What is no post is in `jamtui.store.things`.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from functools import partial

import apsw
import msgspec
from msgspec import Struct

from jamtui.archive import Person
from jamtui.model import GONE, MarkKind, Marks, titled
from jamtui.names import shown
from jamtui.notice import OF_POSTS, REASONS, Came, InboxRow, Reason
from jamtui.safe_text import safe_line, safe_name
from jamtui.store.connection import one_moment
from jamtui.store.marks import Followed
from jamtui.store.mentions import mentions
from jamtui.store.mirror import Mirror, seq_of
from jamtui.store.rows import Rows
from jamtui.store.things import EXCERPT, Things

MANY = 500  # touched threads from which on all is looked for anew
_NAMED = 3  # people of a row
_LOOKED_UP = 50  # posts; each costs as much as walking over a hundred in the index
_BIT = {reason: 1 << at for at, reason in enumerate(REASONS)}
_THREAD, _PERSON_OF, _TAG = (_BIT[reason] for reason in (Reason.THREAD, Reason.PERSON, Reason.TAG))
_PERSON = msgspec.json.Decoder(Person)
_NUMBERS = msgspec.json.Decoder(list[int])
_FOUND = msgspec.json.Decoder(list[tuple[int, int, int, int, int]])
_IN = "IN (SELECT value FROM json_each(?))"


class _Title(Struct):
    title: str | None = None
    state: str | None = None


_TITLE = msgspec.json.Decoder(_Title)


class Hit(Struct, frozen=True):
    """A post for the reader, by numbers of the mirror: where it is, whose, since when, and why (bits of `REASONS`)."""

    n: int
    thread: int
    author: int
    created: int
    h: int
    why: int

    @property
    def reasons(self) -> tuple[Reason, ...]:
        """Why, in the order of `OF_POSTS`."""
        return tuple(reason for reason in OF_POSTS if self.why & _BIT[reason])


def _named_in(rows: Rows, threads: Collection[int]) -> list[int]:
    """Posts of these threads that name the reader. Of a few posts each is looked up in the index, of more all that the
    index has from the first of them on."""
    db, inside = rows.db, f"thread {_IN}"
    sql = f"SELECT count(*), coalesce(min(n), 0) FROM posts WHERE {inside}"
    there, first = next(iter(db.execute(sql, (_list(threads),))))
    if there <= _LOOKED_UP:
        narrowed = f"AND w.rowid IN (SELECT n FROM posts WHERE {inside})"
        return mentions(db, rows.me.handle, narrowed, (_list(threads),))
    return mentions(db, rows.me.handle, f"AND p.{inside}", (_list(threads),), after=int(first) - 1)


class Inbox:
    """Of one reader and one mirror. `refresh` before asking."""

    def __init__(self) -> None:
        self.things = Things()
        self.last = 0  # no post with a higher number was looked at
        self.turn = 0  # another after each change of what is for the reader
        self._for: tuple[object, ...] = ()  # what the hits are good for
        self._cursor = ""
        self._stamp = (-1, -1)
        self._hits: dict[int, Hit] = {}
        self._threads: dict[str, list[Hit]] = {}  # by the key of the row, the oldest first
        self._unread: frozenset[int] = frozenset()
        self._order: list[tuple[int, str]] = []
        self._ids: dict[int, str] = {}  # of threads

    # -- what is in it

    @property
    def keys(self) -> list[str]:
        """Of all rows, the newest first."""
        return [key for _, key in self._order]

    def reasons(self, key: str) -> tuple[Reason, ...]:
        """Why a row is there, the weightiest first."""
        if (thing := self.things.rows.get(key)) is not None:
            return thing.reasons
        bits = 0
        for hit in self._threads.get(key, ()):
            bits |= hit.why
        return tuple(reason for reason in OF_POSTS if bits & _BIT[reason])

    def unread(self, key: str) -> int:
        """How much of a row is unread."""
        thing = self.things.rows.get(key)
        return thing.unread if thing is not None else sum(h.n in self._unread for h in self._threads.get(key, ()))

    @property
    def unread_rows(self) -> int:
        """How many rows have something unread."""
        threads = {self._hits[n].thread for n in self._unread}
        return len(threads) + sum(bool(thing.unread) for thing in self.things.rows.values())

    def posts(self, key: str) -> list[int]:
        """Keys of the posts of a row, the oldest first; none for what is no post."""
        return [hit.n for hit in self._threads.get(key, ())]

    def unread_hashes(self, keys: Iterable[str]) -> list[int]:
        """What reading state is kept by, of the unread posts of these rows."""
        return [hit.h for key in keys for hit in self._threads.get(key, ()) if hit.n in self._unread]

    def known(self) -> frozenset[int | str]:
        """All that is in it: what reading state is kept by of posts, and the keys of other rows."""
        return frozenset(
            (*(hit.h for hit in self._hits.values()), *(f"{key}/{row.count}" for key, row in self.things.rows.items()))
        )

    def news(self, known: Collection[int | str]) -> list[Hit | InboxRow]:
        """What is unread of what is not ``known``, the oldest first."""
        posts = [self._hits[n] for n in sorted(self._unread) if self._hits[n].h not in known]
        return [
            *posts,
            *(row for key, row in self.things.rows.items() if row.unread and f"{key}/{row.count}" not in known),
        ]

    def told(self, rows: Rows, news: Sequence[Hit | InboxRow]) -> list[Came]:
        """The same in words; of hundreds the last."""
        posts = {row.key: row for row in rows.posts([one.n for one in news[-MANY:] if isinstance(one, Hit)])}
        titles = self._titles(rows.db, [one.thread for one in news[-MANY:] if isinstance(one, Hit)])
        made = []
        for one in news[-MANY:]:
            if isinstance(one, InboxRow):
                text = one.title if one.reasons[0] is not Reason.LINK else one.excerpt
                made.append(Came(one.key, one.reasons[0], one.names, one.title, text, one.thread_id))
            elif (post := posts.get(one.n)) is not None:
                text = safe_line(post.body[: 2 * EXCERPT].replace("\n", " "), EXCERPT)
                key = f"thread:{post.thread_id}"
                who = post.author or post.handle
                made.append(Came(key, one.reasons[0], who, titles.get(one.thread, ("", ""))[0], text, post.thread_id))
        return made

    # -- keeping it right

    def refresh(
        self, rows: Rows, followed: Followed, muted: Marks, desk: bytes, seen: Callable[[], set[str]],
        stamp: tuple[int, int],
    ) -> None:  # fmt: skip
        """Looks for what changed since the last time. ``desk`` is the document as it came, ``seen`` gives what of the
        things was looked at; ``stamp`` is another when anything of the reader's own is."""
        # Of one moment: a post that is found as one of a thread is not to stand in another when it is read.
        with one_moment(rows.db):
            db, mirror = rows.db, Mirror(rows.db)
            before, self._cursor = self._cursor, mirror.cursor
            mine, self._stamp = stamp != self._stamp, stamp
            last, self.last = self.last, mirror.next_n() - 1
            wanted = (rows.my_n(), rows.me.handle, followed, muted, mirror.meta("n_base"), _merged(rows, followed))
            held = self._hits
            if wanted != self._for or seq_of(self._cursor) < seq_of(before) or not seq_of(before):
                self._find_all(rows, followed)
            elif self._cursor != before:
                self._find_more(rows, followed, seq_of(before), last)
            self._for = wanted
            if (more := self._hits is not held) or mine:
                self._ask_unread(db)
            if more:
                self._join(db)
            if self.things.see(rows, desk, seen() if mine else None) or more:
                self.turn += 1
                made = [(int(thing.at.timestamp() * 1000), key) for key, thing in self.things.rows.items()]
                self._order = sorted([*((hits[-1].created, key) for key, hits in self._threads.items()), *made])[::-1]

    def _find_all(self, rows: Rows, followed: Followed) -> None:
        self._hits = {}
        self._find(rows, followed, "", (), partial(mentions, rows.db, rows.me.handle))

    def _find_more(self, rows: Rows, followed: Followed, before: int, last: int) -> None:
        """What changed since the change ``before``, when no post had a number above ``last``."""
        old = {int(n) for (n,) in rows.db.execute("SELECT n FROM threads WHERE rev > ?1 AND old > ?1", (before,))}
        if len(old) > MANY:
            self._find_all(rows, followed)
            return
        if old:
            if any(hit.thread in old for hit in self._hits.values()):
                self._hits = {n: hit for n, hit in self._hits.items() if hit.thread not in old}
            self._find(rows, followed, f"AND p.thread {_IN}", (_list(old),), partial(_named_in, rows, old))
        new = partial(mentions, rows.db, rows.me.handle, after=last)
        self._find(rows, followed, "AND p.n > ?", (last,), new)

    def _find(
        self, rows: Rows, followed: Followed, narrowed: str, values: tuple[object, ...], named: Callable[[], list[int]]
    ) -> None:  # fmt: skip
        """Adds the posts for the reader, of those that ``narrowed`` (a condition on ``p``) leaves; ``named`` gives
        those of them that name the reader. What was there when somebody followed it is no news: it is in the list of
        all that is followed, and not here."""
        db, me = rows.db, rows.my_n()
        why: dict[int, int] = {}

        def found(reason: Reason, sql: str, names: object) -> list[int]:
            row = next(iter(db.execute(f"SELECT json_group_array(n) FROM ({sql} {narrowed})", (names, *values))))
            numbers, bit = _NUMBERS.decode(str(row[0])), _BIT[reason]
            for n in numbers:
                why[n] = why.get(n, 0) | bit
            return numbers

        if me:
            # Of a whole mirror only threads in which one wrote hold answers; their index has all that is asked for.
            near = "" if narrowed else f"AND p.thread IN (SELECT thread FROM posts WHERE author = {me})"
            mine = "SELECT n FROM posts WHERE author = ?"
            found(Reason.ANSWER, f"SELECT p.n AS n FROM posts p WHERE p.parent IN ({mine}) {near}", me)
            for n in named():
                why[n] = why.get(n, 0) | _BIT[Reason.MENTION]
        threads = _since(db, "SELECT id, thread FROM posts", followed[MarkKind.THREAD])  # where it is, if merged
        people = _since(db, "SELECT id, n FROM people", followed[MarkKind.PERSON])
        for reason, column, numbers in ((Reason.THREAD, "thread", threads), (Reason.PERSON, "author", people)):
            if numbers:
                found(reason, f"SELECT p.n AS n FROM posts p WHERE p.{column} {_IN}", _list(numbers))
        merged, tagged = _merged(rows, followed), dict[int, int]()
        # The tag that is followed the longest comes last: it says since when a post with several is for the reader.
        for tag, since in sorted(followed[MarkKind.TAG].items(), key=lambda one: -one[1]):
            sql = "SELECT p.n AS n FROM posts p WHERE p.n IN (SELECT post FROM tags WHERE name = ?)"
            tagged |= dict.fromkeys(found(Reason.TAG, sql, merged.get(tag, tag)), since)
        sql = (
            "SELECT json_group_array(json_array(p.n, p.thread, p.author, p.created, p.h)) FROM posts p "
            f"WHERE p.n {_IN} AND p.gone = 0 AND p.author <> ? {rows.silence.loud('p')}"
        )
        row = next(iter(db.execute(sql, (json.dumps(list(why)), me))))
        if more := _FOUND.decode(str(row[0])):
            fresh = {}
            # When a post was written tells last: no index has that, and the rows, which are long, are touched here.
            for n, thread, author, created, h in more:
                bits = why[n]
                if bits & _THREAD and created <= threads[thread]:
                    bits -= _THREAD
                if bits & _PERSON_OF and created <= people[author]:
                    bits -= _PERSON_OF
                if bits & _TAG and created <= tagged[n]:
                    bits -= _TAG
                if bits:
                    fresh[n] = Hit(n, thread, author, created, h, bits)
            self._hits = self._hits | fresh

    def _ask_unread(self, db: apsw.Connection) -> None:
        hashes = json.dumps([hit.h for hit in self._hits.values()])
        sql = (
            "SELECT json_group_array(j.value) FROM json_each(?) j LEFT JOIN own.read r ON r.h = j.value "
            "WHERE r.h IS NULL"
        )
        unread = set(_NUMBERS.decode(str(next(iter(db.execute(sql, (hashes,))))[0])))
        self._unread = frozenset(n for n, hit in self._hits.items() if hit.h in unread)

    def _join(self, db: apsw.Connection) -> None:
        """The posts of each thread, under the key of its row."""
        unknown = {hit.thread for hit in self._hits.values()} - self._ids.keys()
        sql = f"SELECT n, id FROM posts WHERE n {_IN}"
        self._ids.update((int(n), str(name)) for n, name in db.execute(sql, (_list(unknown),)))
        self._threads = {}
        for n in sorted(self._hits):
            self._threads.setdefault(f"thread:{self._ids[self._hits[n].thread]}", []).append(self._hits[n])

    # -- rows

    def rows(self, rows: Rows, keys: Sequence[str]) -> list[InboxRow]:
        """Of these keys, in their order; what went is left out."""
        threads = {key: hits for key in keys if (hits := self._threads.get(key))}
        newest = {row.key: row for row in rows.posts([hits[-1].n for hits in threads.values()])}
        places = {
            key: next((hit.n for hit in hits if hit.n in self._unread), hits[-1].n) for key, hits in threads.items()
        }
        ids = dict(rows.db.execute(f"SELECT n, id FROM posts WHERE n {_IN}", (_list(places.values()),)))
        titles = self._titles(rows.db, [hits[0].thread for hits in threads.values()])
        names = self._names(rows.db, {key: _latest(hits) for key, hits in threads.items()})
        made = []
        for key in keys:
            hits = threads.get(key, [])
            if key in self.things.rows:
                made.append(self.things.rows[key])
            elif hits and (post := newest.get(hits[-1].n)) is not None:
                begin = safe_line(post.body[: 2 * EXCERPT].replace("\n", " "), EXCERPT)
                title, gone = titles.get(hits[0].thread, ("", ""))
                made.append(
                    InboxRow(
                        key, self.reasons(key), len(hits), self.unread(key), post.created_at,
                        title, begin, "", names[key], len({hit.author for hit in hits}),
                        post.role, post.author_id, post.forum_id, post.thread_id, _told(hits),
                        str(ids[places[key]]), gone,
                    )
                )  # fmt: skip
        return made

    @staticmethod
    def _titles(db: apsw.Connection, threads: Sequence[int]) -> dict[int, tuple[str, str]]:
        """(title, or why there is none; the state of an opener that is gone) of threads."""
        found = db.execute(f"SELECT n, raw FROM posts WHERE n {_IN}", (_list(threads),))
        openers = {int(n): _TITLE.decode(bytes(raw)) for n, raw in found}
        return {
            n: (titled(safe_name(one.title or ""), gone), gone)
            for n, one in openers.items()
            for gone in (one.state if one.state in GONE else "",)
        }

    @staticmethod
    def _names(db: apsw.Connection, authors: dict[str, list[int]]) -> dict[str, tuple[str, ...]]:
        wanted = {n for found in authors.values() for n in found}
        known = {}
        for n, raw in db.execute(f"SELECT n, raw FROM people WHERE n {_IN}", (_list(wanted),)):
            person = _PERSON.decode(bytes(raw))
            known[int(n)] = shown(person.name) or shown(person.handle)
        return {key: tuple(known[n] for n in found if n in known) for key, found in authors.items()}


def _since(db: apsw.Connection, numbers: str, followed: Mapping[str, int]) -> dict[int, int]:
    """What is followed, by the numbers that the mirror has for it (``numbers`` gives them by id): since when."""
    found: dict[int, int] = {}
    if followed:
        for name, n in db.execute(f"{numbers} WHERE id {_IN}", (_list(followed),)):
            found[int(n)] = min(followed[str(name)], found.get(int(n), followed[str(name)]))
    return found


def _merged(rows: Rows, followed: Followed) -> dict[str, str]:
    """What tags that were merged are now: who follows one of them follows that."""
    return rows.merged_tags if followed[MarkKind.TAG] else {}


def _told(hits: Sequence[Hit]) -> tuple[Reason, ...]:
    """Of each post the weightiest reason."""
    first = {hit.reasons[0] for hit in hits}
    return tuple(reason for reason in OF_POSTS if reason in first)


def _latest(hits: Sequence[Hit]) -> list[int]:
    """Who wrote them, the latest first, as many as are named."""
    return list(dict.fromkeys(hit.author for hit in reversed(hits)))[:_NAMED]


def _list(values: Collection[int] | Collection[str]) -> str:
    return json.dumps(list(values))
