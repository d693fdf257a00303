"""The demo Jam: five forums, 430 threads and 2,666 posts, as the Social Business Jam of February 2011 had them.

It opened 40 hours before ``now`` and closes 32 hours after. What is written by then is in `DemoJam.records`; what is
still to come arrives from `DemoJam.live`, much faster than in life, so that something happens before the reader's eyes.
After the last of the 2,666 posts new ones are made up for as long as somebody asks for them.

The threads written by hand are the largest and the best liked ones, and they are those that were last active, so a
reader meets them first however the list is sorted.
"""

from __future__ import annotations

import itertools
import random
from collections import deque
from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime, timedelta

from jamserver.content import compose, converging, hosted, stock
from jamserver.content.people import Author, people, uuid4
from jamserver.demo_events import LivePost, pause
from jamserver.generate import (
    FORUM_THREADS,
    SIZE_MU,
    SIZE_SIGMA,
    Cast,
    Hours,
    Play,
    Record,
    Thread,
    Written,
    forum_records,
)
from jamtui.archive import rfc3339

POSTS = 2_666
PEOPLE = 2_700
WRITERS = 460
OPENED, CLOSES = timedelta(hours=40), timedelta(hours=32)
REFINING = timedelta(hours=8)  # from now until ideas are refined
ROLES = {"host": 10, "moderator": 6, "expert": 45}
DEMO_HANDLE, DEMO_NAME = "demo", "Demo Participant"
RECENT = 1_000  # posts that may still get a vote or a tag
_QUIET = 3.0  # hours before now in which only the threads written by hand were active


class DemoJam:
    """The Jam of a seed at a moment. Read `records` to its end, then `live`: both come from one run.

    ``hosted``: with what is there beside the posts (`jamserver.content.hosted`); the posts are the same without it.
    """

    def __init__(self, seed: int, now: datetime, *, hosted: bool = True) -> None:
        self._hosted = hosted
        self._rng = random.Random(f"demo:{seed}")  # noqa: S311 (texts and shapes, not secrets)
        self._now = now
        self._opens_at = now - OPENED
        self._now_hours = OPENED.total_seconds() / 3600
        self.cast = Cast(list(people(self._rng, PEOPLE - 1, ROLES)))
        self.cast.demo = len(self.cast.everybody)
        self.demo = Author(
            uuid4(self._rng), DEMO_HANDLE, DEMO_NAME, "participant", "Lanternwick Logistics", "NL", "en", "manager"
        )
        self.cast.everybody.append(self.demo)
        self.cast.settle(self._rng, WRITERS)
        self._posts: Iterator[Written] = iter(())
        self._next: Written | None = None
        self._polls: list[
            tuple[str, list[int]]
        ] = []  # open ones: id, and how often each choice was chosen at the start
        self._seen: deque[str] = deque(maxlen=RECENT)  # ids of what is there, the newest last

    @property
    def writers(self) -> Sequence[Author]:
        """Everybody who may do something live."""
        return [self.cast.everybody[index] for index in self.cast.writers]

    @property
    def topics(self) -> Mapping[str, Sequence[stock.Topic]]:
        """What is talked about, by slug of the forum."""
        return {forum.slug: forum.topics for forum in stock.forums()}

    def records(self) -> Iterator[Record]:
        """Everything up to ``now``, in the order of an archive."""
        rng = self._rng
        yield (
            "jam",
            {
                "format": 1,
                "id": uuid4(rng),
                "slug": "social-business-jam",
                "title": "Social Business Jam",
                "summary": "Seventy-two hours, five forums, people from all over the world: how will organisations "
                "work when everybody can find, ask and help everybody else? Every person in this Jam is invented.",
                "opens_at": rfc3339(self._opens_at),
                "closes_at": rfc3339(self._now + CLOSES),
                "grace_seconds": 3600,
                "phases": [
                    {
                        "id": "ideas",
                        "title": "Ideas",
                        "starts_at": rfc3339(self._opens_at),
                        "guidance": "Say what should be different, however rough it is, one idea a thread. Build on "
                        "what others say, and vote for what you would want to see.",
                    },
                    {
                        "id": "refining",
                        "title": "Refining",
                        "starts_at": rfc3339(self._now + REFINING),
                        "guidance": "No new threads now: make the ideas that are there better. What would it take, who "
                        "would have to agree, what would be a first step within a month?",
                        "closed_to": ["threads"],
                    },
                ],
            },
        )
        yield from self._people()
        forum_ids = []
        forums: list[tuple[str, str, Sequence[str]]] = []
        for forum_id, record in forum_records(rng, self.cast):
            forum_ids.append(forum_id)
            forums.append(hosted.stage_of(record))
            yield record
        hours = Hours(self._opens_at, (OPENED + CLOSES).total_seconds() / 3600)
        composer = compose.Composer(rng, median_words=28, longest=75)
        play = Play(rng, self.cast, composer, hours, self._opens_at, forum_ids, self._timing)
        self._posts = itertools.chain(
            play.posts(self._plan(rng)), play.endless(lambda: self._further(rng), hours.duration)
        )
        links = converging.Links()
        for written in self._posts:
            if written.hours > self._now_hours:
                self._next = written
                yield from links.records()
                yield from self._beside(forums)
                return
            links.see(written.topic, written.data)
            self._seen.append(str(written.data["id"]))
            yield "post", written.data

    def _people(self) -> Iterator[Record]:
        if not self._hosted:
            yield from (("person", person.record()) for person in self.cast.everybody)
            return
        guests = hosted.honours(self.cast.everybody[index].id for index in self.cast.by_role.get("expert", ()))
        for person in self.cast.everybody:
            fields = hosted.with_profile(person, demo=person is self.demo)
            yield "person", fields | ({"honour": guests[person.id]} if person.id in guests else {})

    def _beside(self, forums: Sequence[tuple[str, str, Sequence[str]]]) -> Iterator[Record]:
        if self._hosted:
            hosts = [self.cast.everybody[index].id for index in self.cast.by_role.get("host", ())]
            closes, refining = self._now + CLOSES, self._now + REFINING
            stage = hosted.Stage(self._opens_at, closes, self._now, forums, hosts, POSTS, refining)
            for kind, data in hosted.records(stage):
                counts = data.get("counts")
                if isinstance(counts, list) and str(data.get("closes_at")) > rfc3339(self._now):
                    self._polls.append((str(data["id"]), counts))
                yield kind, data

    def live(self) -> Iterator[LivePost]:
        """What happens after ``now``: the posts that are left of the 2,666, then others without end."""
        rng = random.Random(self._rng.getrandbits(64))  # noqa: S311
        while self._next is not None:
            delay = pause(rng)
            if rng.random() < 0.5:
                yield self._post(self._next, delay)
                self._next = next(self._posts, None)
            else:
                yield self._touch(delay, rng)

    def _post(self, written: Written, delay: float) -> LivePost:
        data = written.data
        parent, tags = data["parent_id"], data["tags"]
        self._seen.append(str(data["id"]))
        return LivePost(
            delay=delay,
            kind="post",
            handle=written.author.handle,
            person_id=written.author.id,
            post_id=str(data["id"]),
            forum_id=str(data["forum_id"]),
            parent_id=str(parent) if parent else None,
            title=str(data.get("title", "")),
            body=str(data["body"]),
            tags=tuple(tags) if isinstance(tags, list) else (),
            lang=str(data.get("lang", "")),
            thread_kind=str(data.get("kind", "")),
        )

    def _touch(self, delay: float, rng: random.Random) -> LivePost:
        """A vote, now and then a tag, mostly on what is new; or a ballot, as people have chosen before."""
        if self._polls and rng.random() < 0.15:
            author = self.cast.everybody[self.cast.anybody(rng)]
            poll_id, counts = rng.choice(self._polls)
            choice = rng.choices(range(len(counts)), counts)[0]
            return LivePost(delay, "ballot", author.handle, author.id, poll_id, choice=choice)
        back = int(rng.expovariate(1 / 60))
        post_id = self._seen[max(0, len(self._seen) - 1 - back)]
        author = self.cast.everybody[self.cast.anybody(rng)]
        if rng.random() < 0.1:
            tag = rng.choice(("good question", "practice", "to discuss", "story", "figures", "try this"))
            return LivePost(delay, "tag", author.handle, author.id, post_id, tag=tag)
        return LivePost(delay, "vote", author.handle, author.id, post_id)

    @staticmethod
    def _further(rng: random.Random) -> Thread:
        """A thread that nobody planned: what goes on when all of the Jam has been written."""
        position = rng.choices(range(len(FORUM_THREADS)), FORUM_THREADS)[0]
        size = min(40, max(1, round(rng.lognormvariate(SIZE_MU, SIZE_SIGMA))))
        return Thread(position, size, 1.0, rng.choice(stock.forums()[position].topics))

    def _plan(self, rng: random.Random) -> list[Thread]:
        """430 threads whose sizes add up: the largest ones carry what was written by hand."""
        forums = stock.forums()
        drawn = sorted(max(1, round(rng.lognormvariate(SIZE_MU, SIZE_SIGMA))) for _ in range(sum(FORUM_THREADS)))
        scripts = [(position, script) for position, forum in enumerate(forums) for script in forum.scripts]
        rng.shuffle(scripts)
        plan = []
        for position, script in scripts:
            topic = next(topic for topic in forums[position].topics if topic.key == script.topic)
            size = max(len(script.lines), min(80, drawn.pop()))
            plan.append(Thread(position, size, rng.random() * 0.7, topic, script))
        for position, forum in enumerate(forums):
            for _ in range(FORUM_THREADS[position] - len(forum.scripts)):
                size = min(12, drawn.pop(int(rng.random() * len(drawn))))
                plan.append(Thread(position, size, 0.97 * rng.random() ** 1.2, rng.choice(forum.topics)))
        self._settle(rng, plan)
        return plan

    @staticmethod
    def _settle(rng: random.Random, plan: list[Thread]) -> None:
        """Makes the sizes add up to `POSTS`, a post at a time."""
        surplus = sum(thread.size for thread in plan) - POSTS
        while surplus:
            thread = plan[int(rng.random() * len(plan))]
            least = len(thread.script.lines) if thread.script else 1
            if surplus > 0 and thread.size > least:
                thread.size -= 1
                surplus -= 1
            elif surplus < 0 and thread.script:
                thread.size += 1
                surplus += 1

    def _timing(self, rng: random.Random, hours: Hours, thread: Thread) -> list[float]:
        """As in any Jam, but for the last hours before now: they belong to the threads written by hand."""
        now, end = self._now_hours, hours.duration
        times = []
        if thread.script:
            here = len(thread.script.lines) + int((thread.size - len(thread.script.lines)) * 0.72)
            opens = min(hours.real(thread.opens), now - 6 - 4 * rng.random())
            last = now - _QUIET * (0.02 + 0.9 * rng.random())
            first, final = hours.even(opens), hours.even(last)
            inner = sorted(first + (final - first) * rng.random() ** 1.5 for _ in range(here - 2))
            times = [opens, *(hours.real(at) for at in inner), last]
            times += sorted(now + 0.001 + (end - now) * 0.99 * rng.random() for _ in range(thread.size - here))
            return times
        share, unit = thread.opens, 1 / hours.duration
        for index in range(thread.size):
            at = share if index == 0 else share + rng.lognormvariate(0.5, 1.7) * unit
            at = at if at < 1 else rng.uniform(share, 1)
            times.append(hours.real(min(at, 0.99999)))
        quiet = now - _QUIET
        return sorted(at if not quiet < at <= now else now + 0.001 + (end - now) * rng.random() for at in times)


def demo_records(seed: int, now: datetime) -> Iterator[Record]:
    """The posts of the demo Jam as it stands at ``now``, who wrote them and in which forums, ready for an archive: the
    stage for pictures and tests of one thing, which add what else they show."""
    return DemoJam(seed, now, hosted=False).records()


def live_posts(seed: int, now: datetime) -> Iterator[LivePost]:
    """What follows on `demo_records` of the same seed and time; it has no end."""
    jam = DemoJam(seed, now)
    for _ in jam.records():
        pass
    yield from jam.live()
