"""The life of a demo on its real server: time passes when the test lets it, and the stream tells what happened."""

from __future__ import annotations

import asyncio
import heapq
import itertools
import json
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import httpx
import pytest

from jamserver.demo import host
from jamserver.demo_live import ANSWER, FIRST

REAL = Path(__file__).parents[1] / "data" / "real-jam" / "open-conversations.jsonl"
NOW = datetime(2011, 2, 9, 12, tzinfo=UTC)
_PATIENCE = 20  # real seconds until a test that waits in vain gives up
ASKED = "We began with two pilots in purchasing. Neither of them ended. How did you stop yours?"


@dataclass
class Time:
    """Seconds that pass by hand: `wait` is what the demo waits with, `clock` what its server reads."""

    now: float = 0.0
    _due: list[tuple[float, int, asyncio.Future[None]]] = field(default_factory=list)
    _numbers: itertools.count[int] = field(default_factory=itertools.count)
    _asleep: asyncio.Event = field(default_factory=asyncio.Event)

    def clock(self) -> datetime:
        return NOW + timedelta(seconds=1 + self.now)

    async def wait(self, seconds: float) -> None:
        future = asyncio.get_running_loop().create_future()
        heapq.heappush(self._due, (self.now + seconds, next(self._numbers), future))
        self._asleep.set()
        await future

    async def next(self, sleeping: int = 1) -> float:
        """Lets the first of those who wait go on, once ``sleeping`` of them wait. Returns the time."""
        async with asyncio.timeout(_PATIENCE):
            while len(self._due) < sleeping:
                self._asleep.clear()
                await self._asleep.wait()
        due, _, future = heapq.heappop(self._due)
        self.now = max(self.now, due)
        if not future.cancelled():
            future.set_result(None)
        return self.now


@dataclass
class Watched:
    """A demo that runs in this process, its reader's client, and the stream as it comes."""

    time: Time
    client: httpx.AsyncClient
    lines: AsyncIterator[str]
    hosting: asyncio.Task[None]
    folder: Path

    async def change(self) -> dict[str, Any]:
        async with asyncio.timeout(_PATIENCE):
            return await self._change()

    async def _change(self) -> dict[str, Any]:
        async for line in self.lines:
            if line.startswith("data:"):
                found: dict[str, Any] = json.loads(line.removeprefix("data:"))
                return found
        raise AssertionError("the stream ended")

    async def until(self, fits: Callable[[dict[str, Any]], bool]) -> list[dict[str, Any]]:
        """All changes up to the first that ``fits``, that one included."""
        found = []
        while True:
            found.append(await self.change())
            if fits(found[-1]):
                return found

    async def write(self, number: int, **content: Any) -> str:
        post_id = f"01a0f000-0000-7000-8000-{number:012d}"
        answer = await self.client.put(f"/posts/{post_id}", json=content)
        assert answer.status_code == 201, answer.text
        return post_id

    async def forum(self) -> str:
        forum: str = (await self.client.get("/forums")).json()["items"][0]["id"]
        return forum


Start = Callable[..., Awaitable[Watched]]


@pytest.fixture
async def watch(tmp_path: Path) -> AsyncIterator[Start]:
    async with AsyncExitStack() as stack:
        numbers = itertools.count()

        async def start(*, seed: int = 1, live: bool = True, archive: Path | None = None) -> Watched:
            folder = tmp_path / str(next(numbers))
            folder.mkdir()
            return await stack.enter_async_context(_watched(folder, seed, live, archive))

        yield start


@asynccontextmanager
async def _watched(folder: Path, seed: int, live: bool, archive: Path | None) -> AsyncIterator[Watched]:
    time = Time()
    told: asyncio.Future[dict[str, str]] = asyncio.get_running_loop().create_future()
    hosting = asyncio.create_task(
        host(
            folder,
            seed=seed,
            now=NOW,
            live=live,
            archive=archive,
            announce=told.set_result,
            clock=time.clock,
            wait=time.wait,
        )
    )
    await asyncio.wait({hosting, told}, return_when=asyncio.FIRST_COMPLETED)
    if hosting.done():
        hosting.result()
    facts = told.result()
    try:
        async with (
            httpx.AsyncClient(
                base_url=f"{facts['url']}/api/v1",
                headers={"Authorization": f"Bearer {facts['token']}"},
                trust_env=False,
                timeout=60,
            ) as client,
            client.stream("GET", "/stream") as stream,
        ):
            yield Watched(time, client, stream.aiter_lines(), hosting, folder)
    finally:
        hosting.cancel()
        await asyncio.wait({hosting})


def is_post(change: dict[str, Any], post_id: str) -> bool:
    return change["type"] == "post" and change["data"]["id"] == post_id


async def answered(demo: Watched, post_id: str) -> tuple[dict[str, Any], float]:
    """The first answer to a post, and when it came; time passes meanwhile, one event of the demo after the other."""
    stepping = asyncio.create_task(_step(demo.time))
    try:
        changes = await demo.until(
            lambda change: change["type"] == "post" and change["data"].get("parent_id") == post_id
        )
        return changes[-1]["data"], demo.time.now
    finally:
        stepping.cancel()


async def _step(time: Time) -> None:
    """Two sleep whenever nothing is under way: who posts unasked, and the talk about what the reader wrote."""
    while True:
        await time.next(sleeping=2)


@pytest.mark.parametrize("archive", [None, REAL], ids=["own", "archive"])
async def test_what_the_reader_writes_is_answered(watch: Start, archive: Path | None) -> None:
    demo = await watch(archive=archive)
    post = await demo.write(1, forum_id=await demo.forum(), title="Two pilots, no end", body=ASKED)
    answer, when = await answered(demo, post)
    people = {p["id"]: p for p in (await demo.client.get("/people", params={"limit": 5_000})).json()["items"]}
    me = (await demo.client.get("/me")).json()
    author = (await demo.client.get(f"/people/{answer['author_id']}")).json()
    assert author["id"] != me["id"]
    assert people
    # Those who write an archive's live posts are nobody of it.
    assert author["handle"].startswith("invented.") is (archive is not None)
    assert FIRST[0] + ANSWER[0] <= when <= FIRST[1] + ANSWER[1] + 1
    assert "How did you stop yours?" in answer["body"] or '"p' in answer["body"] or "Two pilots" in answer["body"]
    assert (await demo.client.get(f"/posts/{post}")).json()["votes"]["up"] >= 1
    # An answer to the answer is answered by the same person.
    back = await demo.write(2, parent_id=answer["id"], body="Interesting. And who paid for it in the end?")
    again, _ = await answered(demo, back)
    assert again["author_id"] == author["id"]


async def test_the_same_seed_answers_in_the_same_words(watch: Start) -> None:
    said = []
    for seed in (5, 5, 6):
        demo = await watch(seed=seed)
        post = await demo.write(1, forum_id=await demo.forum(), title="Two pilots, no end", body=ASKED)
        answer, when = await answered(demo, post)
        said.append((answer["id"], answer["author_id"], answer["body"], round(when, 3)))
    assert said[0] == said[1]
    assert said[0] != said[2]


async def test_what_was_taken_back_is_not_answered(watch: Start) -> None:
    """The talk ends with the answer that was refused; others go on."""
    demo = await watch()
    forum = await demo.forum()
    gone = await demo.write(1, forum_id=forum, title="A mistake", body=ASKED)
    await demo.until(lambda change: is_post(change, gone))
    assert (await demo.client.delete(f"/posts/{gone}", headers={"If-Match": '"1"', "Idempotency-Key": "k"})).is_success
    kept = await demo.write(2, forum_id=forum, title="Two pilots, no end", body=ASKED)
    stepping = asyncio.create_task(_step(demo.time))
    changes = await demo.until(lambda change: change["type"] == "post" and change["data"].get("parent_id") == kept)
    stepping.cancel()
    assert not [change for change in changes if change["data"].get("parent_id") == gone]


async def test_a_tag_on_an_old_post_of_the_readers_is_no_new_post(watch: Start) -> None:
    demo = await watch()
    me = (await demo.client.get("/me")).json()["id"]
    old = (await demo.client.get("/posts", params={"author": me})).json()["items"][0]["id"]
    assert (await demo.client.put(f"/posts/{old}/tags/seen")).is_success
    await demo.until(lambda change: is_post(change, old))
    new = await demo.write(1, parent_id=old, body=ASKED)
    stepping = asyncio.create_task(_step(demo.time))
    changes = await demo.until(lambda change: change["type"] == "post" and change["data"].get("parent_id") == new)
    stepping.cancel()
    assert not [change for change in changes if change["data"].get("parent_id") == old and change["data"]["id"] != new]


async def test_a_frozen_demo_answers_nothing(watch: Start) -> None:
    demo = await watch(live=False)
    post = await demo.write(1, forum_id=await demo.forum(), title="Two pilots, no end", body=ASKED)
    await demo.until(lambda change: is_post(change, post))
    assert not demo.time._due


async def test_when_the_jam_closes_nobody_writes_and_reading_goes_on(watch: Start) -> None:
    demo = await watch()
    demo.time.now = timedelta(hours=33).total_seconds()
    await demo.time.next()
    assert (await demo.client.get("/jam")).is_success
    living = [task for task in asyncio.all_tasks() if "_unasked" in str(task.get_coro())]
    if living:
        async with asyncio.timeout(_PATIENCE):
            await asyncio.wait(living)
    assert not demo.hosting.done()
