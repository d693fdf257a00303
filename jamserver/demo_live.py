"""The life of a demo: generated people go on posting, and one of them answers what the reader writes.

All of it goes over the wire, like everybody's: the stream tells what was written, and posts, votes and tags are
requests with the token of the person who is active. What is answered is chosen by `Answers`, from the seed alone.
"""

from __future__ import annotations

import asyncio
import json
import logging
import random
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING, Any

from jamserver.content.answers import Answerer, Heard, language, somebody
from jamserver.content.people import Author
from jamserver.demo_events import Company, LivePost
from jamserver.generate import uuid7

if TYPE_CHECKING:
    import httpx

Wait = Callable[[float], Awaitable[object]]
FIRST = (3.0, 9.0)  # seconds until somebody votes for what the reader wrote
ANSWER = (6.0, 24.0)  # and from there until the answer
MORE = (8.0, 30.0)  # between two further events
MOST_ANSWERS = 4  # that `Answers.to` can come to for one post, those to its answers included
TALKS = 64  # that go on at a time; further posts of the reader wait for their turn
_MENTIONED = 0.3  # of answers to a post go to whom it names rather than to whom it answers
_AGAIN = 1.0  # seconds until a stream that broke is opened anew
_log = logging.getLogger("jamserver.demo")


@dataclass(frozen=True, slots=True)
class Written:
    """What the reader wrote, and what one has to know to answer it. ``parent_author``: a person id, "" for openers."""

    post_id: str
    thread_id: str
    forum_id: str
    forum: str  # slug
    title: str  # of the thread
    body: str
    lang: str
    parent_author: str
    created_at: datetime


class Answers:
    """Plans what happens after a post of the reader. The same posts in the same order get the same answers."""

    def __init__(self, seed: int, company: Company, handle: str) -> None:
        """``handle`` is the reader's."""
        self._rng = random.Random(f"answers:{seed}")  # noqa: S311 (texts and ids, not secrets)
        self._answerer = Answerer(self._rng, company.topics)
        self._writers = company.writers
        self._by_id = {writer.id: writer for writer in company.writers}
        self._handle = handle

    def to(self, post: Written) -> list[LivePost]:
        """Votes, an answer, and now and then a tag, a second answer and a few words between those who answered."""
        rng = self._rng
        opener = not post.parent_author
        heard = Heard(post.body, post.title, opener, post.forum, self._handle, post.lang)
        first = self._who(post)
        again = first.id == post.parent_author
        seconds = post.created_at.timestamp()
        plan: list[LivePost] = []

        def add(within: tuple[float, float], event: Callable[[float], LivePost]) -> LivePost:
            nonlocal seconds
            delay = rng.uniform(*within)
            seconds += delay
            plan.append(event(delay))
            return plan[-1]

        def says(author_id: str, body: str, lang: str, parent: str) -> Callable[[float], LivePost]:
            writer = self._by_id[author_id]
            post_id = uuid7(int(seconds * 1000), rng)
            return lambda delay: LivePost(
                delay, "post", writer.handle, writer.id, post_id, post.forum_id, parent, body=body, lang=lang
            )

        def votes() -> Callable[[float], LivePost]:
            voter = somebody(rng, self._writers, "", (first.id,))
            return lambda delay: LivePost(delay, "vote", voter.handle, voter.id, post.post_id)

        add(FIRST, votes())
        body, lang = self._answerer.answer(heard, again=again)
        answer = add(ANSWER, says(first.id, body, lang, post.post_id))
        if rng.random() < 0.5:
            add(MORE, lambda delay: LivePost(delay, "vote", first.handle, first.id, post.post_id))
        if rng.random() < (0.5 if opener else 0.2):
            tag = rng.choice(self._answerer.topic(heard).tags)
            tagger = somebody(rng, self._writers, "", ())
            add(MORE, lambda delay: LivePost(delay, "tag", tagger.handle, tagger.id, post.post_id, tag=tag))
        if rng.random() < (0.6 if opener else 0.3):
            second = somebody(rng, self._writers, lang, (first.id, post.parent_author))
            body, lang = self._answerer.answer(Heard(post.body, post.title, False, post.forum, self._handle, post.lang))
            add(MORE, says(second.id, body, lang, post.post_id))
        if not answer.lang and rng.random() < 0.4:
            third = somebody(rng, self._writers, "", (first.id, post.parent_author))
            aside = add(MORE, says(third.id, self._answerer.aside(heard, first.handle), "", answer.post_id))
            if rng.random() < 0.5:
                add(MORE, says(first.id, self._answerer.thanks(third.handle), "", aside.post_id))
        while rng.random() < 0.45:
            add(MORE, votes())
        return plan

    def _who(self, post: Written) -> Author:
        """Who was answered, or who was named, else somebody; never a person who is not generated."""
        rng = self._rng
        asked = self._by_id.get(post.parent_author)
        words = {word.strip("@.,:;!?()").casefold() for word in post.body.split() if word.startswith(("@", "(@"))}
        named = [writer for writer in self._writers if writer.handle.casefold() in words]
        if named and (asked is None or rng.random() < _MENTIONED):
            return rng.choice(named)
        if asked is not None:
            return asked
        return somebody(rng, self._writers, post.lang or language(post.body), ())


class _Over(Exception):
    """The Jam has closed: nobody may write any more."""


class Life:
    """Does what generated people do until the Jam closes, or until the task is cancelled."""

    def __init__(
        self, client: httpx.AsyncClient, company: Company, tokens: Mapping[str, str], wait: Wait = asyncio.sleep
    ) -> None:
        """``client`` speaks to ``/api/v1`` of the demo's server; ``tokens`` by person id; ``wait`` passes the time."""
        self._client = client
        self._company = company
        self._tokens = tokens
        self._wait = wait
        self._room = asyncio.Semaphore(TALKS)

    async def go_on(self, answers: Answers, reader_id: str, since: datetime, cursor: str) -> None:
        """``reader_id`` is the person who is answered, for what they write after ``since``; ``cursor`` is not later."""
        try:
            async with asyncio.TaskGroup() as group:
                group.create_task(self._unasked())
                async for post in self._written_by(reader_id, since, cursor):
                    await self._room.acquire()
                    group.create_task(self._talk(answers.to(post)))
        except* _Over:
            _log.info("the Jam has closed: nobody writes any more")

    async def _unasked(self) -> None:
        for event in self._company.live():
            await self._wait(event.delay)
            await self._do(event)

    async def _talk(self, plan: list[LivePost]) -> None:
        try:
            for event in plan:
                await self._wait(event.delay)
                if not await self._do(event) and event.kind == "post":
                    return  # what is answered was taken back: nobody speaks to the empty room
        finally:
            self._room.release()

    # reading

    async def _written_by(self, reader_id: str, since: datetime, cursor: str) -> AsyncIterator[Written]:
        """Posts that the reader wrote after ``since``, each once: a tag or an edit makes another change of the post."""
        forums = {forum["id"]: forum["slug"] for forum in (await self._get("/forums"))["items"]}
        seen: set[str] = set()
        async for change in self._changes(cursor):
            data = change["data"]
            if change["type"] == "forum":
                forums[data["id"]] = data["slug"]
            if change["type"] != "post" or data["author_id"] != reader_id or data["id"] in seen:
                continue
            created_at = datetime.fromisoformat(data["created_at"])
            if created_at <= since or data.get("state"):
                continue
            seen.add(data["id"])
            opener = data if data["id"] == data["thread_id"] else await self._get(f"/posts/{data['thread_id']}")
            parent = await self._get(f"/posts/{data['parent_id']}") if data.get("parent_id") else {}
            yield Written(
                post_id=data["id"],
                thread_id=data["thread_id"],
                forum_id=data["forum_id"],
                forum=forums.get(data["forum_id"], ""),
                title=opener.get("title") or "",
                body=data["body"] or data.get("title") or "",
                lang=data.get("lang") or "",
                parent_author=parent.get("author_id", ""),
                created_at=created_at,
            )

    async def _changes(self, cursor: str) -> AsyncIterator[dict[str, Any]]:
        """The change log after ``cursor``, for ever: by pages what one is behind, then by the stream."""
        import httpx

        while True:
            try:
                while (page := await self._get("/changes", after=cursor))["items"]:
                    for change in page["items"]:
                        yield change
                        cursor = f"{change['seq']}-{change['mark']}"
                async for change in self._stream(cursor):
                    yield change
                    cursor = f"{change['seq']}-{change['mark']}"
            except httpx.TransportError as error:
                _log.warning("the stream broke: %r", error)
                await self._wait(_AGAIN)

    async def _stream(self, cursor: str) -> AsyncIterator[dict[str, Any]]:
        """Changes as they come, until the server asks to come back by cursor."""
        # A heartbeat comes every 15 s.
        async with self._client.stream(
            "GET", "/stream", params={"after": cursor}, headers=self._headers(), timeout=45
        ) as answer:
            answer.raise_for_status()
            kind = ""
            async for line in answer.aiter_lines():
                if line.startswith("event:"):
                    kind = line.removeprefix("event:").strip()
                elif line.startswith("data:") and not kind:
                    yield json.loads(line.removeprefix("data:"))
                elif not line:
                    kind = ""

    async def _get(self, path: str, **params: str) -> dict[str, Any]:
        """The answer, however long the server is not there."""
        import httpx

        while True:
            try:
                answer = await self._client.get(path, params=params, headers=self._headers())
            except httpx.TransportError as error:
                _log.warning("%s did not get through: %r", path, error)
                await self._wait(_AGAIN)
                continue
            answer.raise_for_status()
            found: dict[str, Any] = answer.json()
            return found

    # writing

    def _headers(self, person_id: str = "") -> dict[str, str]:
        """The token of a person; for reading that of the first of them, since not every Jam lets guests read."""
        token = self._tokens[person_id] if person_id else next(iter(self._tokens.values()))
        return {"Authorization": f"Bearer {token}"}

    async def _do(self, event: LivePost) -> bool:
        """Whether it got through. Raises `_Over` when the Jam has closed."""
        import httpx

        headers = self._headers(event.person_id)
        address = f"/posts/{event.post_id}"
        try:
            if event.kind == "vote":
                answer = await self._client.put(f"{address}/vote", headers=headers)
            elif event.kind == "ballot":
                body = {"choice": event.choice}
                answer = await self._client.put(f"/polls/{event.post_id}/ballot", json=body, headers=headers)
            elif event.kind == "tag":
                answer = await self._client.put(f"{address}/tags/{event.tag}", headers=headers)
            else:
                answer = await self._client.put(address, json=_content(event), headers=headers)
        except httpx.TransportError as error:
            _log.warning("a generated %s did not get through: %r", event.kind, error)
            return False
        if answer.is_error:
            problem = answer.json()
            if problem.get("code") == "jam_closed":
                raise _Over
            # The reader may have taken back the post that is answered, the phase takes no threads, the poll is over:
            # the next ones are not concerned.
            _log.info("a generated %s was refused: %s", event.kind, answer.text)
        return answer.is_success


def _content(event: LivePost) -> dict[str, object]:
    content: dict[str, object] = {"body": event.body, "forum_id": event.forum_id, "tags": event.tags}
    content |= {"parent_id": event.parent_id} if event.parent_id else {"title": event.title}
    if event.lang:
        content["lang"] = event.lang
    if event.thread_kind and not event.parent_id:
        content["kind"] = event.thread_kind
    return content
