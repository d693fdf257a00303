"""How often a client asks: a mirror that is there costs one request when nothing is new."""

from __future__ import annotations

import asyncio
import contextlib
import random
import subprocess
import sys
import threading
from collections.abc import AsyncIterator, Iterator
from contextlib import closing
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import httpx
import pytest

from api_client.client import JamClient
from api_client.tokens import FixedToken
from jamserver.app import random_id
from jamserver.log import Tx
from jamserver.posts import Actor, create
from jamserver.wire import NewPost
from jamtui.model import Changed, Link
from jamtui.paths import Home
from jamtui.store import connection, mirror, registry
from jamtui.store.opening import prepare
from jamtui.sync import engine
from jamtui.sync.network import Network
from jamtui.sync.once import once

ROOT = Path(__file__).parents[2]


def now() -> datetime:
    return datetime(2026, 11, 25, 12, tzinfo=UTC)


class Counting(httpx.AsyncBaseTransport):
    """The real transport, which notes what is asked for."""

    def __init__(self) -> None:
        self.asked: list[str] = []
        self._inner = httpx.AsyncHTTPTransport()

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        self.asked.append(f"{request.method} {request.url.path}")
        return await self._inner.handle_async_request(request)

    async def aclose(self) -> None:
        await self._inner.aclose()


@pytest.fixture
def known(jam: Any, tmp_path: Path) -> registry.KnownJam:
    home = Home.from_env({"JAMTUI_HOME": str(tmp_path / "home")})
    found = registry.for_server(home, jam.url, "jam", "Jam")
    registry.remember(home, found)
    prepare(found, now())
    return found


async def sync(known: registry.KnownJam, url: str) -> tuple[int, list[str]]:
    """(changes or records applied, requests) of one ``jamtui sync`` of a guest."""
    counting = Counting()
    async with JamClient(url, transport=counting) as client:
        done = await once(known, client, now=now, rng=random.Random(1), progress=lambda *_: None)
    return done.applied, counting.asked


def posts(jam: Any, count: int) -> None:
    rng = random.Random(count)

    def job(tx: Tx) -> None:
        author = Actor(next(tx.db.execute("SELECT id FROM people LIMIT 1"))[0], "participant")
        for _ in range(count):
            create(tx, author, str(random_id(rng)), NewPost(forum_id=jam.forum["id"], title="T", body="B"))

    jam.server.write(job)


def test_a_client_comes_without_the_command_line_of_its_library() -> None:
    code = "import sys, click; before = set(sys.modules); import api_client.client; print(*set(sys.modules) - before)"
    ended = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=True)
    imported = {name.partition(".")[0] for name in ended.stdout.split()}
    assert "httpx" in imported
    assert imported.isdisjoint({"pygments", "rich", "click"})


async def test_a_mirror_asks_once_for_what_is_new_unless_it_is_far_behind(jam: Any, known: registry.KnownJam) -> None:
    jam.thread()
    applied, asked = await sync(known, jam.url)
    assert (applied, asked) == (6, ["GET /api/v1/snapshot", "GET /api/v1/changes"])
    assert await sync(known, jam.url) == (0, ["GET /api/v1/stream"])
    jam.thread()
    assert await sync(known, jam.url) == (1, ["GET /api/v1/stream"])
    posts(jam, 1_900)  # more than a page of changes has, and nearly all that a stream holds ready
    assert await sync(known, jam.url) == (1_900, ["GET /api/v1/stream"])
    posts(jam, 2_100)
    assert await sync(known, jam.url) == (2_100, ["GET /api/v1/stream", *["GET /api/v1/changes"] * 3])
    with closing(connection.connect(known.mirror, mirror.SCHEMA)) as db:
        assert mirror.Mirror(db).cursor == jam.head()
        assert next(iter(db.execute("SELECT count(*) FROM posts")))[0] == 4_002


@contextlib.asynccontextmanager
async def holding_back(url: str) -> AsyncIterator[str]:
    """A proxy that hands an answer on when it has the whole of it, which of a stream it never has."""
    host, port = url.removeprefix("http://").split(":")
    under_way: set[asyncio.Task[None]] = set()

    async def through(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.current_task()
        assert task is not None
        under_way.add(task)
        with contextlib.suppress(asyncio.IncompleteReadError), contextlib.closing(writer):
            head = await reader.readuntil(b"\r\n\r\n")
            there, back = await asyncio.open_connection(host, int(port))
            with contextlib.closing(back):
                back.write(head.replace(b"\r\n\r\n", b"\r\nConnection: close\r\n\r\n"))
                whole, gone = asyncio.create_task(there.read()), asyncio.create_task(reader.read())
                await asyncio.wait({whole, gone}, return_when=asyncio.FIRST_COMPLETED)
                if whole.done():
                    writer.write(whole.result())
                for one in (whole, gone):
                    one.cancel()

    async with await asyncio.start_server(through, "127.0.0.1", 0) as proxy:
        yield f"http://127.0.0.1:{proxy.sockets[0].getsockname()[1]}"
        for task in under_way:
            task.cancel()
        await asyncio.gather(*under_way, return_exceptions=True)


async def test_what_is_new_comes_by_pages_where_streams_do_not_come_through(
    jam: Any, known: registry.KnownJam, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(engine, "SOON", 0.1)
    await sync(known, jam.url)
    jam.thread()
    async with asyncio.timeout(30), holding_back(jam.url) as url:
        assert await sync(known, url) == (1, ["GET /api/v1/stream", "GET /api/v1/changes"])


async def test_a_person_with_all_their_streams_open_still_gets_what_is_new(jam: Any, known: registry.KnownJam) -> None:
    await sync(known, jam.url)
    jam.thread()
    tokens = FixedToken(jam.ada.headers["Authorization"].removeprefix("Bearer "))
    async with contextlib.AsyncExitStack() as stack:
        for _ in range(5):
            client = await stack.enter_async_context(JamClient(jam.url, tokens=tokens))
            stream = await stack.enter_async_context(contextlib.aclosing(client.stream()))
            await anext(stream)
        counting = Counting()
        async with JamClient(jam.url, tokens=tokens, transport=counting) as client:
            done = await once(known, client, now=now, rng=random.Random(1), progress=lambda *_: None)
    assert done.applied == 1
    assert counting.asked == ["GET /api/v1/stream", "GET /api/v1/changes"]


@contextlib.contextmanager
def live(known: registry.KnownJam, url: str) -> Iterator[tuple[Network, list[str]]]:
    """A network's thread until it is live, and what it asked for."""
    told = threading.Condition()
    counting = Counting()

    def notify(_: Changed) -> None:
        with told:
            told.notify_all()

    network = Network(
        known, lambda: JamClient(url, transport=counting), now=now, rng=random.Random(1), notify=notify
    )  # fmt: skip
    try:
        network.start()
        with told:
            assert told.wait_for(lambda: network.state.link is Link.LIVE, 30), network.state
        yield network, counting.asked
    finally:
        network.stop()


def count(known: registry.KnownJam) -> int:
    with closing(connection.connect(known.mirror, mirror.SCHEMA)) as db:
        return int(next(iter(db.execute("SELECT count(*) FROM posts")))[0])


def test_a_reader_who_comes_back_is_live_after_one_request(jam: Any, known: registry.KnownJam) -> None:
    asyncio.run(sync(known, jam.url))
    posts(jam, 1_500)
    with live(known, jam.url) as (_, asked):
        assert (asked, count(known)) == (["GET /api/v1/stream"], 1_500)
    posts(jam, 2_100)
    with live(known, jam.url) as (_, asked):
        changes = ["GET /api/v1/changes"] * 3
        assert asked[:4] == ["GET /api/v1/stream", *changes]
        assert count(known) == 3_600


def test_a_reader_whose_log_was_replaced_takes_a_snapshot(jam: Any, known: registry.KnownJam) -> None:
    asyncio.run(sync(known, jam.url))
    with closing(connection.connect(known.mirror, mirror.SCHEMA)) as db:
        found = mirror.Mirror(db)
        number = mirror.seq_of(found.cursor)
        with connection.transaction(db):
            found.set_meta("cursor", f"{number}-zzzzz")
    with live(known, jam.url) as (_, asked):
        assert asked[:4] == [f"GET /api/v1/{way}" for way in ("stream", "changes", "snapshot", "changes")]
    with closing(connection.connect(known.mirror, mirror.SCHEMA)) as db:
        assert mirror.Mirror(db).cursor == jam.head()


def test_a_reader_behind_a_proxy_that_holds_streams_back_is_live_by_pages(
    jam: Any, known: registry.KnownJam, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(engine, "SOON", 0.1)
    asyncio.run(sync(known, jam.url))
    jam.thread()

    async def behind() -> None:
        async with holding_back(jam.url) as url:
            await asyncio.to_thread(look, url)

    def look(url: str) -> None:
        with live(known, url) as (_, asked):
            assert asked[:2] == ["GET /api/v1/stream", "GET /api/v1/changes"]
            assert count(known) == 1

    asyncio.run(behind())
