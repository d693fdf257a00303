"""How a Jam is played: people, a clock of bustle, and posts that are written one after the other, thread by thread.

The demo's Jam (`jamserver.demo_jam`) is made of this alone, and its content stays as it is, since pictures show it;
`jamserver.lifelike` adds to it what large Jams need.
"""

from __future__ import annotations

import bisect
import heapq
import itertools
import math
import random
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta

from jamserver.content import compose, converging, stock
from jamserver.content.people import Author, uuid4
from jamtui.archive import rfc3339

FORUM_THREADS = (150, 100, 45, 100, 35)  # the five forums' shares, as in the Social Business Jam
SIZE_MU, SIZE_SIGMA = 1.05, 1.2  # lognormal thread size
ACTIVITY_SIGMA = 2.0  # lognormal activity of a writer; fitted, since many replies go to those who are there already
# How a reply finds its parent (weights): replies already there, the opener, freshness by step, having answered you.
POPULARITY, ROOT, FADE, RECIPROCITY = 0.39, 2.4, 0.815, 5.6
FRESH = 3.0  # of freshness beside the other weights: fitted, so that 58% of posts get no reply and 31% one
COMES_BACK = 0.33  # a reply is by somebody who is in the thread already
DELAY_HOURS, DELAY_SIGMA = 1.6, 1.7  # lognormal delay of replies, in hours of an evenly busy day
_GROWING, _MEAN_SIZE, _STEP_HOURS = 40, 5.9, 0.01  # of a Jam that has no end: threads at a time, their mean size

Record = tuple[str, dict[str, object]]


def uuid7(moment_ms: int, rng: random.Random) -> str:
    """A version 7 UUID (RFC 9562) of a time in milliseconds since 1970, its random bits from ``rng``."""
    bits = (moment_ms & (1 << 48) - 1) << 80 | 0x7 << 76 | rng.getrandbits(12) << 64 | 0x2 << 62 | rng.getrandbits(62)
    text = f"{bits:032x}"
    return f"{text[:8]}-{text[8:12]}-{text[12:16]}-{text[16:20]}-{text[20:]}"


class Hours:
    """The clock of a Jam's bustle: maps evenly spread hours to real ones, dense early on and in three daily humps."""

    _STEP = 0.25  # hours

    def __init__(self, opens_at: datetime, duration: float, calm: float = 0.10) -> None:
        """``duration`` in hours; ``calm``: what is left, beside 1, when the rush of the opening is over."""
        self.duration = duration
        start = opens_at.astimezone(UTC)
        first_hour = start.hour + start.minute / 60
        steps = max(8, int(duration / self._STEP))
        self._step = duration / steps
        total = 0.0
        self._sums = [0.0]
        for index in range(steps):
            at = (index + 0.5) * self._step
            total += self._bustle((first_hour + at) % 24) * (calm + math.exp(-5.2 * at / duration))
            self._sums.append(total)

    @staticmethod
    def _bustle(hour: float) -> float:
        """How busy an hour (UTC) is: Asia, Europe, America, the last the highest."""
        level = 0.30
        for centre, height in ((4.0, 0.5), (10.5, 0.65), (17.0, 1.0)):
            distance = min(abs(hour - centre), 24 - abs(hour - centre))
            level += height * math.exp(-((distance / 2.4) ** 2) / 2)
        return level

    def real(self, even: float) -> float:
        """The hour since the opening at which a share ``even`` (0 to 1) of all bustle is over."""
        target = even * self._sums[-1]
        index = min(bisect.bisect_right(self._sums, target) - 1, len(self._sums) - 2)
        low, high = self._sums[index], self._sums[index + 1]
        return (index + (target - low) / (high - low)) * self._step

    def even(self, real: float) -> float:
        """The share of all bustle that is over at hour ``real``."""
        index = min(int(real / self._step), len(self._sums) - 2)
        low, high = self._sums[index], self._sums[index + 1]
        return (low + (high - low) * (real / self._step - index)) / self._sums[-1]


@dataclass(slots=True)
class Cast:
    """Who takes part. ``demo`` is the index of the demo participant, if there is one."""

    everybody: list[Author]
    writers: list[int] = field(default_factory=list)
    sums: list[float] = field(default_factory=list)
    by_role: dict[str, list[int]] = field(default_factory=dict)
    by_kind: dict[str, list[int]] = field(default_factory=dict)
    by_lang: dict[str, list[int]] = field(default_factory=dict)
    demo: int | None = None

    def settle(self, rng: random.Random, writers: int) -> None:
        """Chooses who writes (at most ``writers``) and how much; experts, hosts and moderators always do."""
        special = [index for index, person in enumerate(self.everybody) if person.role != "participant"]
        others = [
            index for index, person in enumerate(self.everybody) if person.role == "participant" and index != self.demo
        ]
        wanted = max(1, writers - len(special))
        self.writers = special + sorted(rng.sample(others, min(wanted, len(others))))
        # The tail is cut where one person would write more than about a twentieth of everything.
        cap = 60.0 * max(1.0, len(self.writers) / 450)
        weights = [min(cap, rng.lognormvariate(0.0, ACTIVITY_SIGMA)) for _ in self.writers]
        self.sums = list(itertools.accumulate(weights))
        for index in self.writers:
            person = self.everybody[index]
            self.by_role.setdefault(person.role, []).append(index)
            self.by_kind.setdefault(person.kind, []).append(index)
            self.by_lang.setdefault(person.lang, []).append(index)

    def anybody(self, rng: random.Random) -> int:
        return self.writers[min(bisect.bisect_right(self.sums, rng.random() * self.sums[-1]), len(self.writers) - 1)]

    def one(self, rng: random.Random, wanted: str, lang: str) -> int:
        """Somebody of a role, a kind or a language; anybody where there is nobody such."""
        pool = self.by_role.get(wanted) or self.by_kind.get(wanted) or (self.by_lang.get(lang) if lang else None)
        return rng.choice(pool) if pool else self.anybody(rng)


@dataclass(slots=True)
class Thread:
    """A thread to be written: its plan, and while it grows its tree."""

    forum: int
    size: int
    opens: float  # share of all bustle
    topic: stock.Topic
    script: stock.Script | None = None
    times: list[float] = field(default_factory=list)  # hours since the opening of the Jam, ascending
    ids: list[str] = field(default_factory=list)
    authors: list[int] = field(default_factory=list)
    parents: list[int] = field(default_factory=list)
    stances: list[compose.Stance] = field(default_factory=list)
    excerpts: list[str] = field(default_factory=list)
    answered: dict[int, list[int]] = field(default_factory=dict)  # author: posts that answer them
    voices: dict[str, int] = field(default_factory=dict)
    said: set[str] = field(default_factory=set)
    lang: str = ""


@dataclass(frozen=True, slots=True)
class Written:
    """A post as it came to be. ``hours`` since the opening; ``scripted``: by hand."""

    data: dict[str, object]
    hours: float
    author: Author
    scripted: bool
    topic: str = ""


def spread(rng: random.Random, hours: Hours, thread: Thread) -> list[float]:
    """The times of a thread's posts: the opener, then replies after lognormal delays, all before the Jam closes."""
    times = [thread.opens]
    unit = 1 / hours.duration
    for _ in range(thread.size - 1):
        at = thread.opens + rng.lognormvariate(math.log(DELAY_HOURS), DELAY_SIGMA) * unit
        times.append(at if at < 1 else rng.uniform(thread.opens, 1))
    times.sort()
    return [hours.real(min(at, 0.99999)) for at in times]


class Play:
    """Writes the posts of planned threads in the order of their time."""

    def __init__(
        self,
        rng: random.Random,
        cast: Cast,
        composer: compose.Composer,
        hours: Hours,
        opens_at: datetime,
        forum_ids: Sequence[str],
        timing: Callable[[random.Random, Hours, Thread], list[float]] = spread,
    ) -> None:
        self._rng = rng
        self._cast = cast
        self._composer = composer
        self._hours = hours
        self._opens_at = opens_at
        self._opens_ms = round(opens_at.timestamp() * 1000)
        self._forum_ids = forum_ids
        self._timing = timing
        self._titles: list[set[str]] = [set() for _ in forum_ids]

    def posts(self, threads: Sequence[Thread]) -> Iterator[Written]:
        queue: list[tuple[float, int, Thread]] = []
        for number, thread in enumerate(threads):
            thread.times = self._timing(self._rng, self._hours, thread)
            queue.append((thread.times[0], number, thread))
        heapq.heapify(queue)
        while queue:
            at, number, thread = queue[0]
            yield self._write(thread, at)
            written = len(thread.ids)
            if written < thread.size:
                heapq.heapreplace(queue, (thread.times[written], number, thread))
            else:
                heapq.heappop(queue)
                thread.ids = []  # the tree of a finished thread is of no more use
                thread.authors, thread.parents, thread.stances, thread.excerpts = [], [], [], []
                thread.answered, thread.said, thread.times = {}, set(), []

    def endless(self, new: Callable[[], Thread], at: float) -> Iterator[Written]:
        """Goes on for ever after hour ``at``: a few threads grow at a time, and ``new`` plans the one that opens next.

        What is kept is the trees of those threads alone, so memory is bounded.
        """
        rng = self._rng
        growing: list[Thread] = []
        while True:
            at += _STEP_HOURS
            if not growing or (len(growing) < _GROWING and rng.random() < 1 / _MEAN_SIZE):
                growing.append(new())
            # What opened last is answered most.
            index = len(growing) - 1 - int(len(growing) * rng.random() ** 2)
            thread = growing[index]
            if not thread.ids or len(thread.ids) < thread.size:
                yield self._write(thread, at)
            if len(thread.ids) >= thread.size:
                growing.pop(index)

    def _write(self, thread: Thread, at: float) -> Written:
        number = len(thread.ids)
        line = thread.script.lines[number] if thread.script and number < len(thread.script.lines) else None
        title, tags = "", ()  # type: tuple[str, tuple[str, ...]]
        if line:
            parent, author_index = line.parent, self._voice(thread, line)
            lang, stance = line.lang, self._stance_of(line)
            body = self._mentions(thread, line.body)
            if number == 0 and thread.script:
                title, tags = thread.script.title, thread.script.tags
                thread.lang = lang
        elif number == 0:
            parent, stance = -1, "open"
            author_index = self._cast.anybody(self._rng)
            title, body, lang = self._opener(thread, author_index)
            tags = self._tags(thread.topic)
        else:
            parent, author_index = self._attach(thread)
            body, lang, stance = self._reply(thread, parent, author_index)
            if self._rng.random() < 0.04:
                tags = self._tags(thread.topic)[:1]
        moment_ms = self._opens_ms + round(at * 3_600_000)
        post_id = uuid7(moment_ms, self._rng)
        data: dict[str, object] = {
            "id": post_id,
            "forum_id": self._forum_ids[thread.forum],
            "thread_id": thread.ids[0] if thread.ids else post_id,
            "parent_id": thread.ids[parent] if parent >= 0 else None,
            "author_id": self._cast.everybody[author_index].id,
        }
        if parent < 0:
            data["title"] = title
        data |= {
            "body": body,
            "created_at": rfc3339(self._opens_at + timedelta(milliseconds=moment_ms - self._opens_ms)),
            "tags": list(tags),
            "votes": {"up": self._votes(number == 0, line is not None)},
        }
        if lang:
            data["lang"] = lang
        if parent < 0:
            votes = data["votes"]["up"]  # type: ignore[index]
            hosts = [self._cast.everybody[index].id for index in self._cast.by_role.get("host", ())]
            data |= converging.sorted_as(post_id, title, votes, thread.size, str(data["created_at"]), hosts)
        thread.ids.append(post_id)
        thread.authors.append(author_index)
        thread.parents.append(parent)
        thread.stances.append(stance)
        thread.excerpts.append("" if lang else compose.excerpt(body))
        if parent >= 0:
            thread.answered.setdefault(thread.authors[parent], []).append(number)
        return Written(data, at, self._cast.everybody[author_index], line is not None, thread.topic.key)

    # by hand

    @staticmethod
    def _stance_of(line: stock.Line) -> compose.Stance:
        if line.parent < 0:
            return "open"
        return "ask" if line.body.rstrip().endswith("?") else "tell"

    def _voice(self, thread: Thread, line: stock.Line) -> int:
        """The person behind a voice of a script; chosen when it is first heard."""
        known = thread.voices.get(line.voice)
        if known is not None:
            return known
        if line.voice == "demo" and self._cast.demo is not None:
            chosen = self._cast.demo
        else:
            wanted = {"mod": "moderator"}.get(line.voice, line.voice)
            if line.voice == "op" and thread.script:
                wanted = thread.script.by
            chosen = self._cast.one(self._rng, wanted, line.lang)
            for _ in range(20):
                if chosen not in thread.voices.values():
                    break
                chosen = self._cast.one(self._rng, wanted, line.lang)
        thread.voices[line.voice] = chosen
        return chosen

    def _mentions(self, thread: Thread, body: str) -> str:
        if "@{" not in body:
            return body
        for voice, index in thread.voices.items():
            body = body.replace(f"@{{{voice}}}", f"@{self._cast.everybody[index].handle}")
        return body

    # composed

    def _opener(self, thread: Thread, author_index: int) -> tuple[str, str, str]:
        author = self._cast.everybody[author_index]
        said = self._titles[thread.forum]
        if author.lang in stock.languages() and self._rng.random() < 0.14:
            foreign = self._composer.foreign_opener(author.lang, said)
            if foreign:
                thread.lang = author.lang
                return *foreign, author.lang
        title = self._composer.title(thread.topic, said)
        return title, self._composer.opener(thread.topic, author, thread.said), ""

    def _reply(self, thread: Thread, parent: int, author_index: int) -> tuple[str, str, compose.Stance]:
        author = self._cast.everybody[author_index]
        returns = thread.parents[parent] >= 0 and thread.authors[thread.parents[parent]] == author_index
        stance = self._composer.stance(thread.stances[parent], returns=returns)
        chance = 0.75 if author.lang == thread.lang else 0.06
        if author.lang in stock.languages() and self._rng.random() < chance:
            return self._composer.foreign(author.lang, thread.said), author.lang, stance
        handle = self._cast.everybody[thread.authors[parent]].handle
        body = self._composer.reply(thread.topic, author, stance, thread.said, handle, thread.excerpts[parent])
        return body, "", stance

    def _attach(self, thread: Thread) -> tuple[int, int]:
        """Parent and author of the next reply; constant time whatever the size of the thread."""
        rng = self._rng
        count = len(thread.ids)
        if count > 2 and rng.random() < COMES_BACK:
            author = thread.authors[int(rng.random() * count)]
        elif thread.lang and rng.random() < 0.6:
            author = self._cast.one(rng, "", thread.lang)
        else:
            author = self._cast.anybody(rng)
        if author == self._cast.demo:  # what the demo participant wrote is in the scripts alone
            author = self._cast.anybody(rng)
        answers = thread.answered.get(author, ())
        fresh = FRESH * (1 - FADE**count) / (1 - FADE)
        parent = 0
        for _ in range(4):
            point = rng.random() * (POPULARITY * (count - 1) + ROOT + fresh + RECIPROCITY * min(len(answers), 3))
            if point < ROOT:
                parent = 0
            elif point < ROOT + fresh:
                parent = max(0, count - 1 - int(math.log(1 - rng.random() * (1 - FADE**count)) / math.log(FADE)))
            elif point < ROOT + fresh + POPULARITY * (count - 1):
                # The parent of any reply: found as often as it has replies.
                parent = max(0, thread.parents[1 + int(rng.random() * (count - 1))])
            else:
                parent = rng.choice(answers)
            if thread.authors[parent] != author:
                return parent, author
        # Nothing but one's own posts in reach: somebody else writes.
        for _ in range(8):
            author = self._cast.anybody(rng)
            if thread.authors[parent] != author:
                break
        return parent, author

    def _tags(self, topic: stock.Topic) -> tuple[str, ...]:
        rng = self._rng
        chosen = rng.sample(topic.tags, min(len(topic.tags), rng.choice((0, 1, 2, 2, 3))))
        return tuple(sorted(chosen))

    def _votes(self, opener: bool, scripted: bool) -> int:
        """About 17 votes to two replies and one idea, with a long tail."""
        middle = 5.0 if opener else 2.3
        votes = self._rng.lognormvariate(math.log(middle), 1.05)
        if scripted:
            votes = votes * 3 + (18 if opener else 4)
        return min(int(votes), 400)


# forums


def forum_records(rng: random.Random, cast: Cast) -> Iterator[tuple[str, Record]]:
    """(id, record) of the five forums, their hosts taken from the people who are hosts."""
    hosts = cast.by_role.get("host", [])
    first = 0
    for position, forum in enumerate(stock.forums()):
        chosen = hosts[first : first + forum.hosts] or hosts[:1]
        first += forum.hosts
        forum_id = uuid4(rng)
        data: dict[str, object] = {
            "id": forum_id,
            "slug": forum.slug,
            "title": forum.title,
            "brief": forum.brief,
            "position": position,
        }
        if chosen:
            data["host_ids"] = [cast.everybody[index].id for index in chosen]
        yield forum_id, ("forum", data)
