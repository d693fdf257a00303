"""An archive as a demo shows it: reopened from now, with a person for the reader and invented people who go on talking.

Those who wrote in the archive are real people, or may be. Nobody speaks for them: whoever is active live has a name, a
handle and an organisation that say that they are invented. They write in the forums and threads of the archive.
"""

from __future__ import annotations

import dataclasses
import random
from collections import Counter, deque
from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import datetime, timedelta

import msgspec

from jamserver import objects
from jamserver.content import stock
from jamserver.content.answers import Answerer, Heard, somebody
from jamserver.content.people import Author, people, uuid4
from jamserver.demo_events import LivePost, pause
from jamserver.demo_jam import DEMO_HANDLE, DEMO_NAME
from jamserver.generate import uuid7
from jamtui import archive as archives
from jamtui.archive import Record, rfc3339

REOPENED = timedelta(hours=72)  # how long the archive stays open
INVENTED = 30  # people who talk
_KEPT = 600  # posts that may be answered, voted for or tagged: the newest ones
_HEARD = 1_200  # characters of each that are kept
_TAGS = ("to discuss", "good question", "example wanted", "who pays", "try this")
_MARK = "(invented)"


@dataclasses.dataclass(frozen=True, slots=True)
class _Spot:
    """A post of the archive, or one written since, as far as it can be answered. ``real``: it is of the archive."""

    post_id: str
    forum_id: str
    thread_id: str
    author_id: str
    title: str
    body: str
    lang: str
    real: bool = False
    answerable: bool = True


class ReopenedArchive:
    """Read `records` to its end, then `live`. The same archive, seed and time give the same."""

    def __init__(self, records: Iterable[Record], now: datetime, seed: int, *, talk: bool = True) -> None:
        """``talk`` False invents nobody but the reader's own person: the archive stands as it is."""
        self._source = records
        self._now = now
        self._rng = random.Random(f"archive:{seed}")  # noqa: S311 (texts and ids, not secrets)
        self._person_rng = random.Random(f"person:{seed}")  # noqa: S311 (an id)
        self._talk = talk
        self._forums: dict[str, str] = {}  # id to slug
        self._recent: deque[_Spot] = deque(maxlen=_KEPT)
        self._tags: Counter[str] = Counter()
        self.writers: Sequence[Author] = ()
        self.topics: Mapping[str, Sequence[stock.Topic]] = {"any": stock.anything()}

    def records(self) -> Iterator[Record]:
        """The archive, open until `REOPENED` after now, then the people who are added."""
        handles: set[str] = set()
        titles: dict[str, str] = {}
        number = 0
        for record in self._source:
            number = record.line
            data = record.data
            if isinstance(data, archives.Jam):
                opens_at = min(data.opens_at, self._now - timedelta(minutes=1))
                times = {"opens_at": rfc3339(opens_at), "closes_at": rfc3339(self._now + REOPENED)}
                fields = objects.decode(record.raw) | times
                for name in ("archived_at", "phases"):  # they were of the hours that it had
                    fields.pop(name, None)
                yield made("jam", fields, number)
                continue
            if isinstance(data, archives.Person):
                handles.add(data.handle.casefold())
            elif isinstance(data, archives.Forum):
                self._forums[data.id] = data.slug
            elif isinstance(data, archives.Post) and self._talk:
                self._remember(data, titles)
            yield record
        if DEMO_HANDLE not in handles:
            person = {"id": uuid4(self._person_rng), "handle": DEMO_HANDLE, "name": DEMO_NAME, "role": "participant"}
            number += 1
            yield made("person", person, number)
        if self._talk:
            self.writers = list(self._invented(handles))
            for place, author in enumerate(self.writers, number + 1):
                yield made("person", author.record(), place)

    def _remember(self, post: archives.Post, titles: dict[str, str]) -> None:
        if post.title:
            titles[post.id] = post.title
        self._tags.update(post.tags)
        if not post.gone:
            body = post.body[:_HEARD]
            title = titles.get(post.thread_id, "")
            spot = _Spot(
                post.id, post.forum_id, post.thread_id, post.author_id, title, body, post.lang or "", real=True
            )
            self._recent.append(spot)

    def _invented(self, taken: set[str]) -> Iterator[Author]:
        """People with names that nobody takes for those of the archive, and handles that nobody there has."""
        for person in people(self._rng, INVENTED, {}):
            handle = f"invented.{person.handle}"
            while handle.casefold() in taken:
                handle += "x"
            taken.add(handle.casefold())
            yield dataclasses.replace(
                person, handle=handle, name=f"{person.name} {_MARK}", org="invented for this demo", kind="invented"
            )

    def live(self) -> Iterator[LivePost]:
        """What the invented people do, without end: they answer, vote, tag and open threads."""
        if not self._forums:
            return
        rng = self._rng
        answerer = Answerer(rng, self.topics)
        tags = [tag for tag, _ in self._tags.most_common(40)] or list(_TAGS)
        moment_ms = int(self._now.timestamp() * 1000)
        while True:
            delay = pause(rng)
            moment_ms += int(delay * 1000)
            spot = self._spot(rng)
            if spot is None or rng.random() < 0.06:
                yield self._opener(delay, moment_ms, answerer, tags)
            elif spot.answerable and rng.random() < 0.6:
                yield self._reply(delay, moment_ms, answerer, spot)
            else:
                author = somebody(rng, self.writers, "", (spot.author_id,))
                if rng.random() < 0.12:
                    yield LivePost(delay, "tag", author.handle, author.id, spot.post_id, tag=rng.choice(tags))
                else:
                    yield LivePost(delay, "vote", author.handle, author.id, spot.post_id)

    def _spot(self, rng: random.Random) -> _Spot | None:
        """A post to do something with: mostly a late one, now and then any of those that are kept."""
        if not self._recent:
            return None
        back = int(rng.expovariate(1 / 25)) if rng.random() < 0.6 else rng.randrange(len(self._recent))
        return self._recent[max(0, len(self._recent) - 1 - back)]

    def _opener(self, delay: float, moment_ms: int, answerer: Answerer, tags: Sequence[str]) -> LivePost:
        rng = self._rng
        forum_id = rng.choice(list(self._forums))
        spots = [spot for spot in self._recent if spot.forum_id == forum_id]
        title = rng.choice(spots).title if spots else ""
        tag = rng.choice(tags) if rng.random() < 0.4 else ""
        author = somebody(rng, self.writers, "", ())
        title, body = answerer.thread(Heard("", title, forum="any"), tag if tag in self._tags else "")
        post_id = uuid7(moment_ms, rng)
        self._recent.append(_Spot(post_id, forum_id, post_id, author.id, title, body, ""))
        return LivePost(
            delay,
            "post",
            author.handle,
            author.id,
            post_id,
            forum_id,
            title=title,
            body=body,
            tags=(tag,) if tag else (),
        )

    def _reply(self, delay: float, moment_ms: int, answerer: Answerer, spot: _Spot) -> LivePost:
        rng = self._rng
        author = somebody(rng, self.writers, spot.lang, (spot.author_id,))
        body, lang = answerer.answer(Heard(spot.body, spot.title, forum="any", lang=spot.lang, neutral=spot.real))
        post_id = uuid7(moment_ms, rng)
        # Stock phrases that answer stock phrases are no talk: few answers are answered in their turn.
        self._recent.append(
            dataclasses.replace(
                spot,
                post_id=post_id,
                author_id=author.id,
                body=body,
                lang=lang,
                real=False,
                answerable=not lang and rng.random() < 0.3,
            )
        )
        return LivePost(
            delay, "post", author.handle, author.id, post_id, spot.forum_id, spot.post_id, body=body, lang=lang
        )


def made(kind: str, data: Mapping[str, object], number: int) -> Record:
    """A record of an object that did not come from an archive."""
    raw = msgspec.json.encode(data)
    return Record(kind, raw, archives.decode(kind, raw), number)
