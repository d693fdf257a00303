"""What unread, lists and places must be, said as simply as it can be: the model of the random walk in tests/tui."""

from __future__ import annotations

import json
import math
import re
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any

from jamtui.archive import rfc3339

NOW = datetime(2026, 11, 23, 10, tzinfo=UTC)
OPENS, CLOSES = NOW - timedelta(hours=5), NOW + timedelta(hours=5)
PEOPLE = [f"0a000000-0000-4000-8000-{n:012x}" for n in range(4)]  # the first is the reader
FORUMS = [f"0f000000-0000-4000-8000-{n:012x}" for n in range(3)]


@dataclass
class Post:
    id: str
    thread: str
    parent: str | None
    forum: int
    author: str
    body: str
    tags: list[str]
    lang: str = ""
    version: int = 1
    up: int = 0
    gone: bool = False

    def raw(self, order: int) -> bytes:
        data: dict[str, Any] = {
            "id": self.id, "forum_id": FORUMS[self.forum], "thread_id": self.thread, "parent_id": self.parent,
            "author_id": self.author, "title": f"T {self.id[-4:]}" if self.parent is None and not self.gone else "",
            "body": "" if self.gone else self.body, "created_at": rfc3339(NOW + timedelta(seconds=order)),
            "tags": [] if self.gone else self.tags, "votes": {"up": self.up}, "version": self.version,
        }  # fmt: skip
        if self.lang:
            data["lang"] = self.lang
        if self.gone:
            data["state"] = "deleted"
        return json.dumps(data).encode()


@dataclass
class Model:
    """What unread is: posts by others, there, not muted, not read. And what stands in which list."""

    posts: dict[str, Post] = field(default_factory=dict)
    read: dict[str, int] = field(default_factory=dict)  # id → version read; 0: marked without a look
    orders: dict[str, str] = field(default_factory=dict)  # forum → the order that was chosen for it
    muted_threads: set[str] = field(default_factory=set)
    followed_threads: set[str] = field(default_factory=set)
    muted_tags: set[str] = field(default_factory=set)
    muted_people: set[str] = field(default_factory=set)
    followed_tags: set[str] = field(default_factory=set)
    followed_people: set[str] = field(default_factory=set)
    saved: set[str] = field(default_factory=set)
    seq: int = 1
    explore: bool = False  # what is on the screen does not count as read

    def muted(self, post: Post) -> bool:
        opener = self.posts[post.thread]
        # A removed opener has no tags any more, so its thread is not muted by them.
        opener_tags = set() if opener.gone or post.thread in self.followed_threads else set(opener.tags)
        own_tags = (
            set() if post is opener else set(post.tags)
        )  # a followed thread is not muted by tags, so nor its opener
        return bool(
            post.thread in self.muted_threads
            or post.author in self.muted_people
            or self.muted_tags & (opener_tags | own_tags)
        )

    def unread(self) -> list[Post]:
        return [p for p in self.posts.values() if not p.gone and p.author != PEOPLE[0] and p.id not in self.read
                and not self.muted(p)]  # fmt: skip

    def followed(self, post: Post) -> bool:
        opener = self.posts[post.thread]
        tags = (set() if opener.gone else set(opener.tags)) | set(post.tags)
        by = {opener.author, post.author}
        return bool(post.thread in self.followed_threads or self.followed_tags & tags or self.followed_people & by)

    def order(self, one: str) -> int:
        return list(self.posts).index(one)

    def fits(self, post: Post, n: int, words: list[str], now: datetime, unread: set[str]) -> bool:
        """Whether the ``n``-th post has all that a filter names, each word read by itself."""
        at = NOW + timedelta(seconds=n)
        now = min(now, CLOSES)  # in a Jam that is over, spans are counted from its end
        spans = {"2h": now - timedelta(hours=2), "300d": now - timedelta(days=300)}
        authors = {PEOPLE[int(word[-1])] for word in words if word[0] == "@" or word.startswith("author:")}
        langs = {word[5:] for word in words if word.startswith("lang:")}
        found = not post.gone and (not authors or post.author in authors)
        found = found and (not langs or post.lang.partition("-")[0] in langs)
        times = {
            name: word.partition(":")[2] for word in words for name in ("since", "before") if word.startswith(name)
        }
        moments = {name: spans.get(text) or datetime.fromisoformat(text) for name, text in times.items()}
        for word in words:
            if word[0] == "#" or word.startswith("tag:"):
                found = found and word.removeprefix("tag:").strip('#"') in post.tags
            if word == "has:code":
                found = found and "`" in post.body
            if word == "is:unread":
                found = found and post.id in unread
        return found and moments.get("since", at) <= at and not ("before" in moments and at >= moments["before"])

    def threads(self, forum: str, sort: str, words: list[str], now: datetime) -> list[str]:
        """The ids of the threads that a list has, in its order."""
        here = [p for p in self.posts.values() if p.parent is None and forum in ("", FORUMS[p.forum])]
        n = {one: at for at, one in enumerate(self.posts)}
        threads: dict[str, list[Post]] = {p.id: [] for p in here}
        for post in self.posts.values():
            if post.thread in threads:
                threads[post.thread].append(post)
        if words:
            unread = {post.id for post in self.unread()}
            here = [p for p in here if any(self.fits(one, n[one.id], words, now, unread) for one in threads[p.id])]
        replies = {p.id: sum(not post.gone for post in threads[p.id] if post is not p) for p in here}
        rank: dict[str, Callable[[Post], tuple[int, int]]] = {
            "active": lambda p: (-max(n[post.id] for post in threads[p.id]), 0),
            "new": lambda p: (-n[p.id], 0),
            "votes": lambda p: (-p.up, -n[p.id]),
            "replies": lambda p: (-replies[p.id], -n[p.id]),
            "unanswered": lambda p: (replies[p.id], n[p.id]),
        }
        return [p.id for p in sorted(here, key=rank[sort]) if sort != "unanswered" or not p.gone]

    def next_thread(self, forum: str, thread: str, now: datetime) -> tuple[str, str] | None:
        """(forum, thread) where reading goes on behind a thread ("": from the top of the forum): down the list as it
        is shown, then down those of the forums behind, each in its own order, at last from the top to the thread."""
        unread = {post.thread for post in self.unread()}
        at = FORUMS.index(forum)
        lists = []
        for one in (*FORUMS[at:], *FORUMS[:at]):
            listed = self.threads(one, self.orders.get(one, "active"), [], now)
            left_out = [p for p in reversed(self.threads(one, "new", [], now)) if p not in listed]  # was taken back
            left_out.sort(key=lambda p: sum(post.thread == p and not post.gone for post in self.posts.values()))
            lists.append((one, listed + left_out))
        first = lists[0][1]
        here = first.index(thread) + 1 if thread in first else 0
        ways = [(forum, first[here:]), *lists[1:], (forum, first[:here])]
        return next(((one, way) for one, listed in ways for way in listed if way in unread - {thread}), None)

    def hot(self, now: datetime) -> list[str]:
        """As docs/reading.md states it, for a Jam of ten hours: the half-life is an hour."""
        there = [(p, n) for n, p in enumerate(self.posts.values()) if NOW + timedelta(seconds=n) <= now]
        end = there[-1][1] if there else 0
        heat: dict[str, float] = {}
        times: dict[tuple[str, str], int] = {}
        for post, n in reversed(there):
            if not post.gone and n > end - 8 * 3600:
                k = times[post.thread, post.author] = times.get((post.thread, post.author), 0) + 1
                worth = 2 ** ((n - end) / 3600) * (1 + math.log2(1 + post.up)) / k
                heat[post.thread] = heat.get(post.thread, 0.0) + worth
        hottest = sorted(heat, key=lambda one: (-heat[one], -self.order(one)))[:100]
        return [one for one in hottest if not self.posts[one].gone]

    def see(self, ids: set[str]) -> None:
        for one in () if self.explore else ids:
            post = self.posts[one]
            if one in self.read:
                if 0 < self.read[one] < post.version:
                    self.read[one] = post.version
            elif not post.gone and post.author != PEOPLE[0] and not self.muted(post):
                self.read[one] = post.version


def words_of(line: str) -> list[str]:
    """The words of a filter, with what stands in quotes in one."""
    return [word.replace("\0", " ") for word in re.sub('"[^"]*"', lambda m: m[0].replace(" ", "\0"), line).split()]
