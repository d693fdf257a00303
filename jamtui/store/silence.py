"""What muting means for the posts of a mirror: SQL conditions, made anew when the marks or the mirror change.

A post is muted when its thread is (by itself, or by a tag of its opener), when its author is, or when it carries a
muted tag. A thread that is followed by itself is not muted by a tag. Without anything muted there is no condition.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping

import apsw
from msgspec import Struct
from msgspec.structs import replace

from jamtui.model import Marks


class Silence(Struct, frozen=True):
    """Keys (numbers of the mirror) of what is muted, and of the threads that are followed."""

    threads: frozenset[int] = frozenset()
    authors: frozenset[int] = frozenset()
    posts: frozenset[int] = frozenset()  # by a tag of their own
    followed: frozenset[int] = frozenset()
    followed_authors: frozenset[int] = frozenset()
    followed_posts: frozenset[int] = frozenset()  # by a tag of their own

    def muted(self, alias: str) -> str:
        """An SQL condition on a row of ``posts``; "0" when nothing is muted."""
        return _any_of(alias, self.threads, self.authors, self.posts)

    def heard(self, alias: str) -> str:
        """An SQL condition on a row of ``posts``: in a followed thread, by a followed person, with a followed tag."""
        return _any_of(alias, self.followed, self.followed_authors, self.followed_posts)

    def loud(self, alias: str) -> str:
        """`muted`, negated and with AND before it, or nothing."""
        condition = self.muted(alias)
        return "" if condition == "0" else f"AND NOT {condition}"


def _any_of(alias: str, threads: frozenset[int], authors: frozenset[int], posts: frozenset[int]) -> str:
    """In one of ``threads``, by one of ``authors``, or one of ``posts``; "0" when there is none of any."""
    parts = [
        f"{alias}.{column} IN ({','.join(map(str, sorted(keys)))})"
        for column, keys in (("thread", threads), ("author", authors), ("n", posts))
        if keys
    ]
    return f"({' OR '.join(parts)})" if parts else "0"


def silence_of(
    db: apsw.Connection, muted: Marks, followed: Marks, became: Callable[[], Mapping[str, str]] = dict
) -> Silence:
    """The marks, which are kept by id and name, in the numbers of the mirror as it now is. ``became`` tells what merged
    tags are now: a mark goes with its tag."""
    if not muted and not followed:
        return Silence()
    if muted.tags or followed.tags:
        now = became()
        muted, followed = (
            replace(marks, tags=frozenset(now.get(tag, tag) for tag in marks.tags)) for marks in (muted, followed)
        )
    # A thread that was merged is followed where it is now; the one that it is in is not muted for it.
    by_itself = _numbers(db, "SELECT thread FROM posts WHERE id IN (SELECT value FROM json_each(?))", followed.threads)
    tagged = _numbers(db, _TAGGED, muted.tags)
    openers = _numbers(db, f"SELECT n FROM threads WHERE n IN ({_TAGGED})", muted.tags)
    threads = _numbers(db, "SELECT n FROM posts WHERE id IN (SELECT value FROM json_each(?))", muted.threads)
    return Silence(
        threads=threads | (openers - by_itself),
        authors=_numbers(db, _PEOPLE, muted.people),
        posts=tagged - openers,
        followed=by_itself
        | _numbers(db, f"SELECT n FROM threads WHERE n IN ({_TAGGED})", followed.tags)
        | _numbers(db, f"SELECT t.n FROM threads t JOIN posts p ON p.n = t.n WHERE p.author IN ({_PEOPLE})",
                   followed.people),
        followed_authors=_numbers(db, _PEOPLE, followed.people),
        followed_posts=_numbers(db, _TAGGED, followed.tags),
    )  # fmt: skip


_TAGGED = "SELECT post FROM tags WHERE name IN (SELECT value FROM json_each(?))"
_PEOPLE = "SELECT n FROM people WHERE id IN (SELECT value FROM json_each(?))"


def _numbers(db: apsw.Connection, sql: str, names: frozenset[str]) -> frozenset[int]:
    if not names:
        return frozenset()
    return frozenset(int(n) for (n,) in db.execute(sql, (json.dumps(sorted(names)),)))
