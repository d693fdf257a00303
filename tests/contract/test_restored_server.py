"""A server that lost its disk and goes on with an older copy: what it had confirmed in between and a client still has
in its outbox is sent again, though the client's cursor is good in the older log, too."""

from __future__ import annotations

import asyncio
import random
import shutil
from collections.abc import AsyncIterator, Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from api_client.client import JamClient
from api_client.tokens import FixedToken
from jamtui.store import mirror, own
from jamtui.store.connection import connect
from jamtui.store.own import Own, Payload
from jamtui.sync.backoff import Backoff
from jamtui.sync.engine import Engine
from jamtui.sync.outbox import Sender

ID = "01990000-0000-7000-8000-00000000000{}"


def now() -> datetime:
    return datetime.now(UTC)


class Reader:
    """The network's half of one home, step by step."""

    def __init__(self, folder: Path) -> None:
        self.mirror = mirror.Mirror(connect(folder / "mirror.sqlite", mirror.SCHEMA))
        self.own = Own(connect(folder / "own.sqlite", own.SCHEMA))

    async def sync(self, client: JamClient, *, send: bool = True, read: bool = True) -> None:
        engine = Engine(
            self.mirror, self.own, client, now=now, notify=lambda _: None, progress=lambda _done, _total: None,
            person_id=(await client.me()).id,
        )  # fmt: skip
        if read:
            await engine.resume()
        if send:
            await Sender(self.own, client, Backoff(random.Random(1)), now, lambda _: None).drain()
        if read:
            await engine.catch_up()
            engine.settle()

    def states(self) -> dict[str, str]:
        return {row.id: row.state for row in self.own.outbox()}


@pytest.fixture
async def lost(start_jam: Callable[..., Any], start_server: Callable[..., Any], tmp_path: Path) -> AsyncIterator[Any]:
    """(jam, reader, client): ada sent a post and an edit and had the answers; the mirror has neither, nor has the
    server, which was set back to just before."""
    jam = start_jam(tmp_path / "jam.sqlite", vote_join=0.0)
    reader, token = Reader(tmp_path), jam.ada.headers["Authorization"].removeprefix("Bearer ")
    thread = jam.thread(by=jam.ada)
    async with asyncio.timeout(60), JamClient(jam.url, tokens=FixedToken(token)) as client:
        await reader.sync(client)
        await asyncio.to_thread(jam.server.stop)
        shutil.copy(jam.server.db, tmp_path / "backup.sqlite")
        jam.server = start_server(jam.server.db, vote_join=0.0)
        there = {"thread_id": thread["id"], "forum_id": thread["forum_id"]}
        new = Payload(thread["id"], body="Once")
        reader.own.enqueue(ID.format(1), "post", ID.format(1), now=now(), payload=new, **there)
        change = Payload(None, "A title", "Changed", base_version=1)
        reader.own.enqueue(ID.format(2), "edit", thread["id"], now=now(), payload=change, **there)
    async with asyncio.timeout(60), JamClient(jam.server.url, tokens=FixedToken(token)) as client:
        await reader.sync(client, read=False)
        assert reader.states() == {ID.format(1): "sent", ID.format(2): "sent"}
        await asyncio.to_thread(jam.server.stop)
    jam.server = start_server(tmp_path / "backup.sqlite", vote_join=0.0)
    async with asyncio.timeout(60), JamClient(jam.server.url, tokens=FixedToken(token)) as client:
        yield jam, reader, client, thread["id"]
    reader.mirror.db.close()
    reader.own.db.close()


async def test_what_the_restored_server_does_not_have_is_sent_again(lost: Any) -> None:
    _, reader, client, thread = lost
    await reader.sync(client)
    assert reader.states() == {}
    assert (await client.post(ID.format(1))).post.body == "Once"
    assert (await client.post(thread)).post.body == "Changed"


async def test_also_when_its_log_has_got_as_far_since(lost: Any) -> None:
    _, reader, client, thread = lost
    for tag in ("one", "two", "three"):
        await client.put_tag(thread, tag)
    await reader.sync(client, send=False)  # the cursor passes the numbers of what was confirmed
    assert reader.states() == {ID.format(1): "queued", ID.format(2): "queued"}
    await reader.sync(client)
    assert reader.states() == {}
    post = reader.mirror.post(thread)
    assert post is not None
    assert (post.body, post.version, post.tags) == ("Changed", 2, ("one", "three", "two"))
    assert reader.mirror.post(ID.format(1)) is not None


async def test_a_vote_that_is_to_be_withdrawn_is_not_cast_again(
    start_jam: Callable[..., Any], start_server: Callable[..., Any], tmp_path: Path
) -> None:
    jam = start_jam(tmp_path / "jam.sqlite", vote_join=0.0)
    reader, token = Reader(tmp_path), jam.ada.headers["Authorization"].removeprefix("Bearer ")
    thread, other = jam.thread(by=jam.bob), jam.thread(by=jam.bob)
    there = {"thread_id": thread["id"], "forum_id": thread["forum_id"]}
    async with asyncio.timeout(60):
        await asyncio.to_thread(jam.server.stop)
        shutil.copy(jam.server.db, tmp_path / "backup.sqlite")
        jam.server = start_server(jam.server.db, vote_join=0.0)
        async with JamClient(jam.server.url, tokens=FixedToken(token)) as client:
            for post in (thread, other):
                await client.put_vote(post["id"])
            await reader.sync(client)
            reader.own.set_votes(await client.my_votes())
        reader.own.enqueue(ID.format(3), "unvote", thread["id"], now=now(), payload=Payload(), **there)
        await asyncio.to_thread(jam.server.stop)
        jam.server = start_server(tmp_path / "backup.sqlite", vote_join=0.0)
        async with JamClient(jam.server.url, tokens=FixedToken(token)) as client:
            await reader.sync(client)
            await reader.sync(client)
            assert await client.my_votes() == [other["id"]]
    reader.mirror.db.close()
    reader.own.db.close()


async def test_an_answer_to_a_post_that_was_lost_goes_out_behind_it(
    start_jam: Callable[..., Any], start_server: Callable[..., Any], tmp_path: Path
) -> None:
    jam = start_jam(tmp_path / "jam.sqlite", vote_join=0.0)
    reader, token = Reader(tmp_path), jam.ada.headers["Authorization"].removeprefix("Bearer ")
    thread = jam.thread(by=jam.bob)
    there = {"thread_id": thread["id"], "forum_id": thread["forum_id"]}
    async with asyncio.timeout(60):
        await asyncio.to_thread(jam.server.stop)
        shutil.copy(jam.server.db, tmp_path / "backup.sqlite")
        jam.server = start_server(jam.server.db, vote_join=0.0)
        first = Payload(thread["id"], body="First")
        reader.own.enqueue(ID.format(4), "post", ID.format(4), now=now(), payload=first, **there)
        async with JamClient(jam.server.url, tokens=FixedToken(token)) as client:
            await reader.sync(client)
            assert reader.states() == {}
        answer = Payload(ID.format(4), body="And second")
        reader.own.enqueue(ID.format(5), "post", ID.format(5), now=now(), payload=answer, **there)
        await asyncio.to_thread(jam.server.stop)
        jam.server = start_server(tmp_path / "backup.sqlite", vote_join=0.0)
        async with JamClient(jam.server.url, tokens=FixedToken(token)) as client:
            await reader.sync(client)
            assert reader.states() == {}
            assert (await client.post(ID.format(5))).post.parent_id == ID.format(4)
    reader.mirror.db.close()
    reader.own.db.close()
