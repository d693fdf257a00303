"""Writes that arrived, and whose answer never came: asked for again, they are what they were at first."""

from __future__ import annotations

import asyncio
import contextlib
import random
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from proxy import PASS, Call, DropAnswer, DropRequest, Fault, Proxy

from api_client import errors
from api_client.client import JamClient
from api_client.tokens import FixedToken
from jamserver import objects
from jamtui.store import own
from jamtui.store.connection import connect
from jamtui.store.own import Own, Payload
from jamtui.sync.backoff import Backoff
from jamtui.sync.outbox import Sender

ID = "01990000-0000-7000-8000-00000000000{}"


def now() -> datetime:
    return datetime.now(UTC)


@dataclass
class Writer:
    """bob's outbox, and the proxy between it and the Jam."""

    jam: Any
    own: Own
    proxy: Proxy

    def enqueue(self, n: int, kind: str, post: dict[str, Any], payload: Payload) -> str:
        row_id = ID.format(n)
        post_id = row_id if kind == "post" else post["id"]
        self.own.enqueue(row_id, kind, post_id, post["thread_id"], post["forum_id"], payload, now())
        return row_id

    async def drain(self) -> None:
        token = self.jam.bob.headers["Authorization"].removeprefix("Bearer ")
        async with JamClient(self.proxy.url, tokens=FixedToken(token)) as client:
            await self.send_by(client)

    async def send_by(self, client: JamClient) -> None:
        await Sender(self.own, client, Backoff(random.Random(1)), now, lambda _: None).drain()

    async def drain_unheard(self) -> None:
        """Sends; the server does it, and nobody hears of it."""

        def lost(call: Call, _: random.Random) -> Fault:
            return DropAnswer() if call.writes else PASS

        self.proxy.decide = lost
        with pytest.raises(errors.Unreachable):
            await self.drain()
        self.proxy.decide = lambda _call, _rng: PASS

    def states(self) -> dict[str, tuple[str, str]]:
        return {row.id: (row.state, row.code) for row in self.own.outbox()}


@pytest.fixture
def writer(jam: Any, tmp_path: Path) -> Iterator[Writer]:
    port = int(jam.url.rpartition(":")[2])
    with contextlib.closing(connect(tmp_path / "own.sqlite", own.SCHEMA)) as db, Proxy(port) as proxy:
        yield Writer(jam, Own(db), proxy)


@pytest.mark.parametrize("kind", ["tag", "untag", "vote", "unvote"])
async def test_a_tag_or_vote_that_arrived_unheard_is_not_refused_when_it_is_sent_again(
    writer: Writer, kind: str, figure: Callable[[str], None]
) -> None:
    jam, post = writer.jam, writer.jam.thread()
    tag, vote = f"/posts/{post['id']}/tags/ours", f"/posts/{post['id']}/vote"
    if kind in ("untag", "unvote"):
        jam.bob.put(tag if kind == "untag" else vote).raise_for_status()
    row = writer.enqueue(1, kind, post, Payload(tag="ours" if "tag" in kind else ""))
    await writer.drain_unheard()
    if kind == "untag":
        jam.mod.put(tag).raise_for_status()  # by then it is another's tag, which bob may not take off
    else:
        over = {"closes_at": "2026-01-02T00:00:00Z", "opens_at": "2026-01-01T00:00:00Z"}
        jam.server.write(lambda tx: objects.change_jam(tx, over))
    head = jam.head()
    await writer.drain()
    assert writer.states() == {row: ("sent", "")}
    assert jam.head() == head
    figure(f"promise 7: {kind} arrived unheard, sent again: 0 refused, 0 done twice")


# -- posts that were taken back after they had been sent unheard


def reply_to(post: dict[str, Any]) -> Payload:
    return Payload(post["id"], body="Too quick")


def alive(jam: Any) -> list[str]:
    """Bodies of the replies that the Jam shows."""
    return [post["body"] for post in jam.guest.get("/posts").json()["items"] if post["parent_id"] and post["body"]]


async def test_a_post_that_arrived_unheard_and_was_dropped_is_taken_back_at_the_jam(
    writer: Writer, figure: Callable[[str], None]
) -> None:
    jam, post = writer.jam, writer.jam.thread()
    row = writer.enqueue(1, "post", post, reply_to(post))
    await writer.drain_unheard()
    assert alive(jam) == ["Too quick"]
    dropped = writer.own.drop(row, now())
    assert dropped is not None
    (asking,) = writer.own.outbox()
    assert (asking.kind, asking.post_id, asking.thread_id) == ("delete", row, post["id"])
    assert "may have arrived" in asking.reason
    await writer.drain()
    assert alive(jam) == []
    assert jam.guest.get(f"/posts/{row}").json()["state"] == "deleted"
    assert not writer.own.put_back(dropped)  # sent again under its id, it would be answered with what is left of it
    assert writer.own.used_up(row)
    assert [one.draft.body for one in writer.own.thrown()] == ["Too quick"]
    figure("promise 7: a post that arrived unheard, dropped from the outbox: 0 left at the Jam")


async def test_what_did_not_arrive_and_was_dropped_leaves_nothing(writer: Writer) -> None:
    jam, post = writer.jam, writer.jam.thread()
    head = jam.head()
    row = writer.enqueue(1, "post", post, reply_to(post))
    writer.proxy.decide = lambda call, _: DropRequest() if call.writes else PASS
    with pytest.raises(errors.Unreachable):
        await writer.drain()
    writer.proxy.decide = lambda _call, _rng: PASS
    writer.own.drop(row, now())
    assert [one.kind for one in writer.own.outbox()] == ["delete"]  # nobody here can know
    await writer.drain()
    assert writer.own.outbox() == []
    assert jam.head() == head


async def test_what_found_no_connection_or_no_sign_in_cannot_have_arrived(writer: Writer) -> None:
    post = writer.jam.thread()
    row = writer.enqueue(1, "post", post, reply_to(post))
    async with JamClient(writer.jam.url, tokens=FixedToken("expired")) as client:
        with pytest.raises(errors.NotSignedIn):
            await writer.send_by(client)
    await asyncio.to_thread(writer.jam.server.stop)
    async with JamClient(writer.jam.url, tokens=FixedToken("any")) as client:
        with pytest.raises(errors.Unreachable):
            await writer.send_by(client)
    writer.own.drop(row, now())
    assert writer.own.outbox() == []


async def test_undoing_the_drop_before_the_jam_was_asked_sends_the_post_once(writer: Writer) -> None:
    jam, post = writer.jam, writer.jam.thread()
    row = writer.enqueue(1, "post", post, reply_to(post))
    await writer.drain_unheard()
    head, before = jam.head(), writer.own.outbox()
    dropped = writer.own.drop(row, now())
    assert dropped is not None
    assert writer.own.put_back(dropped)
    assert writer.own.outbox() == before
    await writer.drain()
    assert (writer.states(), jam.head(), alive(jam)) == ({row: ("sent", "")}, head, ["Too quick"])


async def test_what_was_refused_or_never_tried_asks_nobody(writer: Writer) -> None:
    post = writer.jam.thread()
    untried = writer.enqueue(1, "post", post, reply_to(post))
    writer.own.drop(untried, now())
    assert writer.own.outbox() == []
    refused = writer.enqueue(2, "post", post, Payload(ID.format(9), body="To nobody"))
    await writer.drain()
    assert writer.states() == {refused: ("refused", "invalid")}
    writer.own.retry(refused)  # and taken back before it was tried again
    writer.own.drop(refused, now())
    assert writer.own.outbox() == []


async def test_a_post_that_somebody_changed_elsewhere_is_not_taken_back_unseen(writer: Writer) -> None:
    post = writer.jam.thread()
    row = writer.enqueue(1, "post", post, reply_to(post))
    await writer.drain_unheard()
    change = {"json": {"body": "Better"}, "headers": {"If-Match": '"1"'}}
    writer.jam.bob.patch(f"/posts/{row}", **change).raise_for_status()
    writer.own.drop(row, now())
    await writer.drain()
    assert [code for _, code in writer.states().values()] == ["version_conflict"]
    assert alive(writer.jam) == ["Better"]
