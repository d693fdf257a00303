"""Whole Jams of any size with the shape of real ones: `jamserver generate`.

Everything follows from the arguments: the same ones give the same bytes. Posts are made one after the other in the
order of their time; what is kept of a thread that still grows is its tree, not its text, so memory is bounded by the
number of posts at about a hundred bytes each.
"""

from __future__ import annotations

import itertools
import math
import random
from collections.abc import Iterator, Sequence
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import BinaryIO

import msgspec

from jamserver.content import converging, hosted, stock
from jamserver.content.frames import FramedComposer
from jamserver.content.people import people, uuid4
from jamserver.generate import Cast, Hours, Play, Record, Thread
from jamserver.shapes import (
    COMES_BACK,
    FEWEST_POSTS,
    WRITE,
    Crowd,
    Shape,
    Tree,
    parent_of,
    people_of,
    plain,
    rushed_hours,
    sizes,
)
from jamtui.archive import encode, rfc3339
from jamtui.errors import UsageError

_OPENS = 14  # o'clock, UTC
_MIXED = 0.5  # of the openers in a mixed forum by people of another language are in it; elsewhere fewer
_FOREIGN = 0.1


class LifelikePlay(Play):
    """Writes posts as its base does, with the trees, people and votes of `jamserver.shapes`."""

    def __init__(self, rng: random.Random, cast: Crowd, composer: FramedComposer, hours: Hours, opens_at: datetime,
                 forum_ids: Sequence[str], mixed: frozenset[int]) -> None:  # fmt: skip
        super().__init__(rng, cast, composer, hours, opens_at, forum_ids)
        self._crowd = cast
        self._mixed = mixed
        self._trees: dict[int, Tree] = {}

    def _voice(self, thread: Thread, line: stock.Line) -> int:
        chosen = super()._voice(thread, line)
        self._crowd.take(chosen)
        return chosen

    def _attach(self, thread: Thread) -> tuple[int, int]:
        tree = self._trees.setdefault(id(thread), Tree())
        tree.follow(thread.parents)
        parent, author = self._someone(thread, tree)
        if len(thread.ids) + 1 >= thread.size:
            del self._trees[id(thread)]
        return parent, author

    def _someone(self, thread: Thread, tree: Tree) -> tuple[int, int]:
        rng, crowd = self._rng, self._crowd
        count = len(thread.ids)
        if count > 2 and rng.random() < COMES_BACK:
            for _ in range(3):
                author = thread.authors[int(rng.random() * count)]
                parent = parent_of(rng, thread, tree, author)
                if parent is not None and crowd.take(author):
                    return parent, author
        if thread.lang and rng.random() < 0.6:
            fluent = crowd.fluent(rng, thread.lang)
            if fluent is not None:
                parent = parent_of(rng, thread, tree, fluent)
                if parent is not None:
                    return parent, fluent
        author = crowd.anybody(rng)
        for _ in range(8):
            parent = parent_of(rng, thread, tree, author)
            if parent is not None:
                return parent, author
            crowd.give_back(rng, author)
            author = crowd.anybody(rng)
        return 0, author

    def _opener(self, thread: Thread, author_index: int) -> tuple[str, str, str]:
        author = self._cast.everybody[author_index]
        chance = _MIXED if thread.forum in self._mixed else _FOREIGN
        if author.lang in stock.languages() and self._rng.random() < chance:
            foreign = self._composer.foreign_opener(author.lang, self._titles[thread.forum])
            if foreign:
                thread.lang = author.lang
                return *foreign, author.lang
        title = self._composer.title(thread.topic, self._titles[thread.forum])
        return title, self._composer.opener(thread.topic, author, thread.said), ""

    def _votes(self, opener: bool, scripted: bool) -> int:
        """17 votes to three posts, the ideas above the replies, with a long tail."""
        votes = self._rng.lognormvariate(math.log(6.4 if opener else 2.8), 1.08)
        if scripted:
            votes = votes * 1.3 + (6 if opener else 1)
        return min(int(votes), 400)


class _Forums:
    """The forums of a Jam: those of the stock, and where there are more, what their topics make when divided."""

    def __init__(self, count: int) -> None:
        stocked = stock.forums()
        self.topics: list[tuple[stock.Topic, ...]] = []
        self.scripts: list[tuple[stock.Script, ...]] = []
        self.heads: list[tuple[str, str, str]] = []  # slug, title, brief
        for position in range(count):
            forum = stocked[position % len(stocked)]
            parts = len(range(position % len(stocked), count, len(stocked)))
            part = position // len(stocked)
            self.topics.append(forum.topics[part::parts])
            self.scripts.append(tuple(s for s in forum.scripts if any(s.topic == t.key for t in self.topics[-1])))
            if part == 0:
                self.heads.append((forum.slug, forum.title, forum.brief))
            else:
                names = [topic.name for topic in self.topics[-1]]
                title = f"{names[0][0].upper()}{names[0][1:]}, {names[1]} and {names[2]}"
                self.heads.append((f"{forum.slug}-{part + 1}", title, f"All that belongs to {', '.join(names)}."))

    def records(self, rng: random.Random, cast: Cast) -> Iterator[tuple[str, Record]]:
        """(id, record), two hosts each."""
        hosts = cast.by_role.get("host", [])
        for position, (slug, title, brief) in enumerate(self.heads):
            forum_id = uuid4(rng)
            chosen = [hosts[(2 * position + step) % len(hosts)] for step in range(min(2, len(hosts)))]
            data: dict[str, object] = {
                "id": forum_id, "slug": slug, "title": title, "brief": brief, "position": position,
                "host_ids": [cast.everybody[index].id for index in chosen],
            }  # fmt: skip
            yield forum_id, ("forum", data)


def generate(
    shape: Shape,
    seed: int,
    opens_at: datetime,
    closes_at: datetime,
    now: datetime,
    *,
    big_thread: int = 0,
    big_forum: int = 0,
) -> Iterator[Record]:
    """The records of a Jam, ready for an archive; posts later than ``now`` are left out.

    ``big_thread``: one thread has so many posts. ``big_forum``: the first forum has so many threads more, of one post.
    Both are of the Jam's posts, not beside them.
    """
    posts = shape.posts
    if posts < 1 or big_thread < 0 or big_forum < 0 or big_thread + big_forum > posts:
        raise UsageError(
            "a Jam needs at least one post, and its big thread and big forum cannot have more posts than it",
            "Give more --posts.",
        )
    if closes_at <= opens_at:
        raise UsageError("a Jam must open before it closes")
    rng = random.Random(f"jam:{seed}:{shape.name}:{posts}:{big_thread}:{big_forum}")  # noqa: S311 (shapes, not secrets)
    count = people_of(shape, posts)
    crowd = Crowd(list(people(rng, count, {"host": 10, "moderator": 6, "expert": max(4, min(45, count // 60))})))
    crowd.share_out(rng, posts, max(1, min(round(count * WRITE), int(posts / FEWEST_POSTS))))
    yield (
        "jam",
        {
            "format": 1,
            "id": uuid4(rng),
            "slug": f"{shape.name or 'generated'}-{posts}-{seed}",
            "title": f"Generated Jam of {posts:,} posts" + (f" after {shape.title}" if shape.title else ""),
            "summary": "A Jam with the shape of real ones and people, firms and words that are all invented.",
            "opens_at": rfc3339(opens_at),
            "closes_at": rfc3339(closes_at),
            "phases": [
                {
                    "id": "ideas",
                    "title": "Ideas",
                    "starts_at": rfc3339(opens_at),
                    "guidance": "Say what should be different, one idea a thread, and build on what others say.",
                },
                {
                    "id": "refining",
                    "title": "Refining",
                    "starts_at": rfc3339(opens_at + (closes_at - opens_at) * 0.6),
                    "guidance": "Make the ideas that are there better: what would it take, and what is a first step?",
                },
            ],
        },
    )
    guests = hosted.honours(crowd.everybody[index].id for index in crowd.by_role.get("expert", ()))
    for person in crowd.everybody:
        fields = hosted.with_profile(person)
        yield "person", fields | ({"honour": guests[person.id]} if person.id in guests else {})
    forums = _Forums(len(shape.forums))
    forum_ids = []
    hosting: list[tuple[str, str, Sequence[str]]] = []
    for forum_id, record in forums.records(rng, crowd):
        forum_ids.append(forum_id)
        hosting.append(hosted.stage_of(record))
        yield record
    hours = rushed_hours(opens_at, (closes_at - opens_at).total_seconds() / 3600)
    composer = FramedComposer(rng, median_words=round(shape.words * _OVERSHOOT), longest=1_800)
    mixed = frozenset({len(shape.forums) - 1})
    play = LifelikePlay(rng, crowd, composer, hours, opens_at, forum_ids, mixed)
    links = converging.Links()
    for written in play.posts(_plan(rng, shape, forums, big_thread, big_forum)):
        if opens_at + timedelta(hours=written.hours) > now:
            break
        links.see(written.topic, written.data)
        yield "post", written.data
    yield from links.records()
    hosts = [crowd.everybody[index].id for index in crowd.by_role.get("host", ())]
    yield from hosted.records(hosted.Stage(opens_at, closes_at, now, hosting, hosts, posts))


_OVERSHOOT = 0.81  # a body ends with a whole sentence, and may have a list or a table behind it


def _plan(rng: random.Random, shape: Shape, forums: _Forums, big_thread: int, big_forum: int) -> list[Thread]:
    """Threads for all posts; the largest that fit carry what was written by hand, up to a tenth of all."""
    scripts = [
        (position, script)
        for group in itertools.zip_longest(*forums.scripts)
        for position, script in enumerate(group)
        if script
    ]
    drawn = sizes(rng, shape.posts - big_thread - big_forum)
    room = shape.posts // 10
    openings = _openings(rng)
    plan = []
    if big_thread:
        plan.append(Thread(0, big_thread, 0.01, rng.choice(forums.topics[0])))
    for index in sorted(range(len(drawn)), key=lambda index: (-drawn[index], index)):
        size = drawn[index]
        if scripts and len(scripts[0][1].lines) <= min(size, room):
            position, script = scripts.pop(0)
            room -= len(script.lines)
            topic = next(topic for topic in forums.topics[position] if topic.key == script.topic)
            plan.append(Thread(position, size, next(openings), topic, script))
        else:
            position = rng.choices(range(len(shape.forums)), shape.forums)[0]
            plan.append(Thread(position, size, next(openings), rng.choice(forums.topics[position])))
    plan += [Thread(0, 1, next(openings), rng.choice(forums.topics[0])) for _ in range(big_forum)]
    return plan


def _openings(rng: random.Random) -> Iterator[float]:
    """Shares of the bustle at which one thread after the other opens, spread evenly: so the few large ones, which come
    first, do not all fall together."""
    at = rng.random()
    while True:
        yield 0.97 * float(at**1.1)
        at = (at + (math.sqrt(5) - 1) / 2) % 1


def main_generate(
    posts: int | None,
    seed: int,
    out: BinaryIO,
    now: datetime,
    *,
    shape: Shape | None = None,
    big_thread: int = 0,
    big_forum: int = 0,
) -> None:
    """Writes an archive of a Jam of ``posts`` or as many as ``shape`` has, that closed within the day before ``now``.

    It opens at the same hour whenever it is made: so the same arguments give the same Jam, moved by whole days.
    """
    if shape is None and posts is None:
        raise UsageError("how large shall the Jam be?", "Give --posts N, or --shape NAME for a Jam of that size.")
    if posts is not None:
        shape = plain(posts) if shape is None else replace(shape, posts=posts)
    assert shape is not None  # noqa: S101 - one of both was given
    latest = now.astimezone(UTC) - timedelta(hours=shape.hours)
    opens_at = latest.replace(hour=_OPENS, minute=0, second=0, microsecond=0)
    if opens_at > latest:
        opens_at -= timedelta(days=1)
    closes_at = opens_at + timedelta(hours=shape.hours)
    out.writelines(
        encode(kind, msgspec.json.encode(data))
        for kind, data in generate(shape, seed, opens_at, closes_at, now, big_thread=big_thread, big_forum=big_forum)
    )
