"""The shapes of real Jams as figures: how large, how long, how many forums; who writes how much; which trees.

Sources: what was published of WorldJam 2001, ManagerJam 2002, ValuesJam 2003, InnovationJam 2006 and the Social
Business Jam 2011, and models of how discussions grow. `jamserver.lifelike` makes Jams of them.
"""

from __future__ import annotations

import math
import random
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime

from jamserver.generate import FADE, POPULARITY, RECIPROCITY, ROOT, SIZE_MU, SIZE_SIGMA, Cast, Hours, Thread

MOST_PEOPLE = 20_000  # records; of the 150,000 of InnovationJam few left more than a visit
WRITE = 0.16  # of all who come
FEWEST_POSTS = 3.2  # posts a writer: below that, half of them cannot write once and a tenth of them 61%


@dataclass(frozen=True, slots=True)
class Shape:
    """``forums``: the share of each forum in the threads. ``people``: how many came."""

    name: str
    title: str
    posts: int
    hours: int
    forums: tuple[int, ...]
    people: int
    words: int = 75


_FIVE = (150, 100, 45, 100, 35)
SHAPES = {
    shape.name: shape
    for shape in (
        Shape("worldjam-2001", "WorldJam 2001", 6_000, 72, (14, 13, 12, 11, 10, 10, 9, 8, 7, 6), 52_600),
        Shape("managerjam-2002", "ManagerJam 2002", 4_554, 48, (22, 20, 18, 15, 14, 11), 8_000),
        Shape("valuesjam-2003", "ValuesJam 2003", 10_000, 72, (32, 27, 22, 19), 50_000, words=100),
        Shape("innovationjam-2006", "InnovationJam 2006, its first phase", 37_000, 76, (31, 26, 23, 20), 150_000),
        Shape("socialbusinessjam-2011", "Social Business Jam 2011", 2_666, 72, _FIVE, 2_700),
    )
}


def plain(posts: int) -> Shape:
    """A Jam of any size: five forums, 72 hours or 76 where it is large, as many people as posts."""
    return Shape("", "", posts, 76 if posts > 20_000 else 72, _FIVE, posts)


def people_of(shape: Shape, posts: int) -> int:
    """How many people are in the archive: those who came, as far as ``posts`` can have them in their shares."""
    return max(60, min(shape.people, int(posts * 1.8), MOST_PEOPLE))


# -- who writes how much


def quotas(posts: int, writers: int) -> list[int]:
    """How many posts each of ``writers`` writes, the busiest first.

    Half of them write one. Of the posts, the top hundredth writes 17% and the top tenth 61%; the share of the top grows
    with a power of its size up to there, and the others fill what is left.
    """
    power = math.log(0.61 / 0.17) / math.log(10)
    half = 1 - 0.5 * writers / posts  # what the upper half writes
    found = []
    before = 0
    for rank in range(1, writers + 1):
        top = rank / writers
        if top <= 0.1:
            share = 0.61 * (top / 0.1) ** power
        elif top < 0.5:
            share = 0.61 + (half - 0.61) * (1 - (1 - (top - 0.1) / 0.4) ** 2.6)
        else:
            share = half + (1 - half) * (top - 0.5) / 0.5
        now = max(before + (2 if top <= 0.42 and posts >= 4 * writers else 1), round(posts * share))
        found.append(now - before)
        before = now
    # The least that somebody writes may be more than their share: the busiest tenth has so much less.
    surplus, busiest = before - posts, max(1, writers // 10)
    whole = sum(found[:busiest])
    for rank in range(busiest):
        found[rank] -= surplus * found[rank] // whole
    found[0] += posts - sum(found)
    return found


class Crowd(Cast):
    """A cast whose members write as often as their quota says, however they are chosen."""

    __slots__ = ("_drawn", "_left", "_tokens")

    def share_out(self, rng: random.Random, posts: int, writers: int) -> None:
        self.settle(rng, writers)
        order = list(self.writers)
        rng.shuffle(order)
        counts = quotas(posts, len(order))
        self._left = dict(zip(order, counts, strict=True))  # posts that somebody will still write
        self._drawn = dict.fromkeys(order, 0)  # tokens that `take` has used before they were drawn
        self._tokens = [writer for writer, count in zip(order, counts, strict=True) for _ in range(count)]
        rng.shuffle(self._tokens)

    def anybody(self, rng: random.Random) -> int:
        """The next writer; it costs one of their posts."""
        while self._tokens:
            index = self._tokens.pop()
            if self._drawn[index]:
                self._drawn[index] -= 1
                continue
            self._left[index] -= 1
            return index
        return rng.choice(self.writers)

    def give_back(self, rng: random.Random, index: int) -> None:
        """Somebody who was drawn does not write after all."""
        self._left[index] += 1
        at = int(rng.random() * (len(self._tokens) + 1))
        self._tokens.append(index)
        self._tokens[at], self._tokens[-1] = self._tokens[-1], self._tokens[at]

    def take(self, index: int) -> bool:
        """One of the posts of a certain person; False when they have written all."""
        if not self._left.get(index):
            return False
        self._left[index] -= 1
        self._drawn[index] += 1
        return True

    def one(self, rng: random.Random, wanted: str, lang: str) -> int:
        pool = self.by_role.get(wanted) or self.by_kind.get(wanted) or (self.by_lang.get(lang) if lang else None)
        chosen = rng.choice(pool or self.writers)
        for _ in range(6):
            if self._left.get(chosen, 0) > 1:
                break
            chosen = rng.choice(pool or self.writers)
        return chosen

    def fluent(self, rng: random.Random, lang: str) -> int | None:
        """Somebody who speaks ``lang`` and has a post left; None when none was found."""
        pool = self.by_lang.get(lang, ())
        for _ in range(min(6, len(pool))):
            chosen = rng.choice(pool)
            if self.take(chosen):
                return chosen
        return None


# -- when

EARLY = 0.51  # of the bustle is over after a fifth of the time; replies come later, and half of all posts is left


def rushed_hours(opens_at: datetime, duration: float) -> Hours:
    """A clock with `EARLY` of the bustle in the first fifth, at whatever hour the Jam opens."""
    low, high = 0.0, 0.5
    for _ in range(20):
        calm = (low + high) / 2
        if Hours(opens_at, duration, calm).even(duration / 5) > EARLY:
            low = calm
        else:
            high = calm
    return Hours(opens_at, duration, high)


# -- threads and their trees


def sizes(rng: random.Random, posts: int) -> list[int]:
    """Sizes of threads that add up to ``posts``."""
    found = []
    left = posts
    while left > 0:
        size = min(left, max(1, round(rng.lognormvariate(SIZE_MU, SIZE_SIGMA))))
        found.append(size)
        left -= size
    return found


FRESH = 0.8  # of freshness beside the other weights
KNOWN_REPLIES = 4  # replies of the opener that add to its weight: else it would draw everything in a long thread
HUB, HUB_REPLIES = 0.04, 40  # a reply's weight by its own replies, and of how many replies of the thread at most
ANSWERED = 0.4  # chance that a reply which has an answer already is passed over
DEPTH_BONUS = 1.2  # levels at which an exchange of two is twice as likely to go on: how threads become deep
DEEPEST = 40
COMES_BACK = 0.7  # a reply is by somebody who is in the thread already, as far as they write that much


@dataclass(slots=True)
class Tree:
    """What a growing thread knows of its posts beside `Thread`: how many replies each has, and how deep it stands."""

    replies: list[int] = field(default_factory=list)
    depths: list[int] = field(default_factory=list)

    def follow(self, parents: Sequence[int]) -> None:
        """Takes in the posts that were written since."""
        for number in range(len(self.replies), len(parents)):
            parent = parents[number]
            self.replies.append(0)
            self.depths.append(self.depths[parent] + 1 if parent >= 0 else 0)
            if parent >= 0:
                self.replies[parent] += 1


def parent_of(rng: random.Random, thread: Thread, tree: Tree, author: int) -> int | None:
    """The post that ``author`` answers, in constant time; None when everything in reach is their own."""
    count = len(thread.ids)
    answers = [number for number in thread.answered.get(author, ())[-8:] if not tree.replies[number]]
    opener = ROOT + POPULARITY * min(tree.replies[0], KNOWN_REPLIES)
    fresh = opener + FRESH * (1 - FADE**count) / (1 - FADE)
    bonus = 1 + tree.depths[answers[0]] / DEPTH_BONUS if answers else 0.0
    answering = fresh + RECIPROCITY * len(answers) * bonus
    whole = answering + HUB * min(count - 1 - tree.replies[0], HUB_REPLIES)
    for _ in range(6):
        point = rng.random() * whole
        if point < opener:
            parent = 0
        elif point < fresh:
            parent = max(0, count - 1 - int(math.log(1 - rng.random() * (1 - FADE**count)) / math.log(FADE)))
            if parent and tree.replies[parent] and rng.random() < ANSWERED:
                continue
        elif point < answering:
            parent = answers[0]
        else:
            # The parent of any reply: found as often as it has replies.
            parent = max(0, thread.parents[1 + int(rng.random() * (count - 1))])
        if thread.authors[parent] != author and tree.depths[parent] < DEEPEST:
            return parent
    return 0 if thread.authors[0] != author else None
