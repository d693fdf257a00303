"""How often a client asks: a mirror that is there costs one request when nothing is new."""

from __future__ import annotations

import random
from contextlib import closing
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import httpx
import pytest

from api_client.client import JamClient
from jamserver.app import random_id
from jamserver.log import Tx
from jamserver.posts import Actor, create
from jamserver.wire import NewPost
from jamtui.paths import Home
from jamtui.store import connection, mirror, registry
from jamtui.store.opening import prepare
from jamtui.sync.network import once


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


async def test_a_mirror_asks_once_when_nothing_is_new_and_never_for_what_is_behind_the_head(
    jam: Any, known: registry.KnownJam
) -> None:
    jam.thread()
    applied, asked = await sync(known, jam.url)
    assert (applied, asked) == (6, ["GET /api/v1/snapshot", "GET /api/v1/changes"])
    assert await sync(known, jam.url) == (0, ["GET /api/v1/changes"])
    jam.thread()
    assert await sync(known, jam.url) == (1, ["GET /api/v1/changes"])
    posts(jam, 1_200)  # more than a page has
    assert await sync(known, jam.url) == (1_200, ["GET /api/v1/changes"] * 2)
    with closing(connection.connect(known.mirror, mirror.SCHEMA)) as db:
        assert mirror.Mirror(db).cursor == jam.head()
        assert next(iter(db.execute("SELECT count(*) FROM posts")))[0] == 1_202
