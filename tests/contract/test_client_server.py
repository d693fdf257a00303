"""Every method of the client against the real server, over a loopback socket."""

from __future__ import annotations

import asyncio
import contextlib
import json
import random
import re
import subprocess
import sys
import uuid
from collections.abc import AsyncIterator, Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from msgspec.structs import replace

from api_client import errors
from api_client.client import JamClient
from api_client.models import START, Change, Heartbeat, Resync, Token
from api_client.tokens import FixedToken, RefreshingToken
from jamserver import accounts, objects
from jamtui import archive
from jamtui.store import own
from jamtui.store.connection import connect
from jamtui.sync.backoff import Backoff
from jamtui.sync.outbox import Sender


def token_of(client: Any) -> str:
    """The token of one of the fixture's httpx clients."""
    return str(client.headers["Authorization"].removeprefix("Bearer "))


@contextlib.asynccontextmanager
async def as_(jam: Any, who: str) -> AsyncIterator[JamClient]:
    http = getattr(jam, who)
    tokens = None if who == "guest" else FixedToken(token_of(http))
    # The limit turns a hang into a failure.
    async with asyncio.timeout(60), JamClient(jam.url, tokens=tokens) as client:
        yield client


def new_id() -> str:
    return str(uuid.uuid4())


@pytest.fixture
def real(start_server: Callable[..., Any], real_jam: Path, tmp_path: Path) -> str:
    """A server with the real Jam; its address."""
    db = tmp_path / "real.sqlite"
    command = [sys.executable, "-m", "jamserver", "import", str(real_jam), "--db", str(db)]
    subprocess.run(command, check=True, capture_output=True)
    return str(start_server(db).url)


# -- reading


async def test_discovery(jam: Any) -> None:
    async with as_(jam, "guest") as client:
        found = await client.discovery()
        assert found.api_version.startswith("1.")
        assert found.offers("guest")
        assert found.offers("password")
        assert not found.offers("oidc")
        assert (found.limits.title, found.limits.body, found.limits.tag, found.limits.tags) == (200, 20_000, 40, 12)
        assert found.jam == await client.jam()
        assert found.head == (await client.changes()).head
        assert json.loads(await client.openapi())["openapi"].startswith("3.1")


async def test_a_real_jam_comes_whole(real: str, real_jam: Path) -> None:
    with archive.open_archive(real_jam) as stream:
        records = list(archive.read(stream))
    async with JamClient(real) as client:
        forums = await client.forums()
        assert sorted(f.id for f in forums) == sorted(r.data.id for r in records if isinstance(r.data, archive.Forum))
        assert await client.forum(forums[0].slug) == await client.forum(forums[0].id) == forums[0]
        people: list[archive.Person] = []
        after: str | None = None
        while True:
            page = await client.people(after=after, limit=100)
            people += page.items
            after = page.next
            if after is None:
                break
        assert {p.id: p for p in people} == {r.data.id: r.data for r in records if isinstance(r.data, archive.Person)}
        assert await client.person(people[0].handle) == people[0]
        posts = {r.data.id: r.data for r in records if isinstance(r.data, archive.Post)}
        one = next(post for post in posts.values() if post.votes.get("up"))
        answer = await client.post(one.id)
        assert (answer.post, answer.version) == (one, one.version)
        seen: list[str] = []
        after = None
        while True:
            found = await client.posts(forum=one.forum_id, after=after, limit=200)
            seen += [json.loads(raw)["id"] for raw in found.items]
            after = found.next
            if after is None:
                break
        assert sorted(seen) == sorted(post.id for post in posts.values() if post.forum_id == one.forum_id)


async def test_snapshot_is_the_fold_of_the_changes(real: str, real_jam: Path) -> None:
    async with JamClient(real) as client:
        async with client.snapshot() as snapshot:
            lines = [line async for line in snapshot.lines()]
            assert sum(len(line) + 1 for line in lines) == snapshot.size
            cursor = snapshot.cursor
        records = [archive.parse_line(line, number) for number, line in enumerate(lines, 1)]
        folded: dict[tuple[str, str], Any] = {}
        after, last = START, 0
        while True:
            page = await client.changes(after, limit=500)
            for change in page.items:
                assert change.seq == last + 1
                last = change.seq
                data = json.loads(change.raw)
                if change.type != "votes":
                    folded[change.type, data["id"]] = data
            if not page.items:
                break
            after = page.items[-1].cursor
    assert after == cursor == page.head
    assert {(r.type, json.loads(r.raw)["id"]): json.loads(r.raw) for r in records} == folded
    with archive.open_archive(real_jam) as stream:
        assert len(records) == sum(1 for _ in archive.read(stream))


async def test_what_is_not_there(jam: Any) -> None:
    async with as_(jam, "ada") as client:
        for call in (client.post(new_id()), client.forum("no"), client.person("no"), client.put_vote(new_id())):
            with pytest.raises(errors.NotFound) as caught:
                await call
            assert caught.value.exit_code == 5


async def test_changes_that_are_still_the_same(jam: Any) -> None:
    jam.thread()
    async with as_(jam, "guest") as client:
        first = await client.changes()
        assert first.etag
        assert not first.unchanged
        again = await client.changes(etag=first.etag)
        assert again.unchanged
        assert again.items == []
        jam.thread()
        assert len((await client.changes(etag=first.etag)).items) == len(first.items) + 1


async def test_cursors(jam: Any) -> None:
    jam.thread()
    async with as_(jam, "guest") as client:
        head = (await client.changes()).head
        seq, _, mark = head.partition("-")
        for other in (f"{seq}-{mark[::-1]}x", f"{int(seq) + 5}-{mark}"):
            with pytest.raises(errors.LogReplaced):
                await client.changes(other)
            with pytest.raises(errors.LogReplaced):
                await anext(client.stream(other))
        with pytest.raises(errors.Refused) as caught:
            await client.changes("x")
        assert caught.value.code == "bad_cursor"


# -- writing


async def test_a_post_from_first_to_last(jam: Any) -> None:
    post_id, key = new_id(), new_id()
    content: dict[str, Any] = {
        "forum_id": jam.forum["id"],
        "title": "Warum? 为什么 🎉",
        "body": "\x1b[2J [/] **x** \u202e",
        "tags": ["Ärger", "b c"],
        "written_at": "2026-01-01T00:00:00.000Z",
        "lang": "de",
    }
    async with as_(jam, "ada") as client:
        made = await client.put_post(post_id, **content)
        assert made.created
        assert made.version == 1
        again = await client.put_post(post_id, **content)
        assert (again.created, again.seq, again.raw) == (False, made.seq, made.raw)
        with pytest.raises(errors.Conflict) as caught:
            await client.put_post(post_id, **(content | {"body": "other"}))
        assert caught.value.code == "id_taken"

        reply = await client.put_post(new_id(), parent_id=post_id, body="So!")
        assert archive.decode("post", reply.raw).thread_id == post_id  # type: ignore[union-attr]  # it is a post

        edited = await client.edit_post(post_id, 1, key, title="Darum", body="Neu")
        assert edited.version == 2
        repeat = await client.edit_post(post_id, 1, key, title="Darum", body="Neu")
        assert (repeat.seq, repeat.version) == (edited.seq, 2)
        with pytest.raises(errors.Conflict) as caught:
            await client.edit_post(post_id, 1, new_id(), body="late")
        assert (caught.value.code, caught.value.status) == ("version_conflict", 412)

        answer = await client.post(post_id)
        assert (answer.version, answer.post.title, answer.post.body) == (2, "Darum", "Neu")
        assert answer.post.tags == ("b c", "ärger")

        gone = await client.delete_post(post_id, 2, key + "d")
        assert json.loads(gone.raw)["state"] == "deleted"
        assert (await client.delete_post(post_id, 2, key + "d")).seq == gone.seq
        with pytest.raises(errors.Refused) as refused:
            await client.put_post(new_id(), parent_id=post_id, body="too late")
        assert refused.value.code == "parent_gone"
        changes = (await client.changes()).items
    assert [c.seq for c in changes if c.seq in (made.seq, reply.seq, edited.seq, gone.seq)] == sorted(
        {made.seq, reply.seq, edited.seq, gone.seq}
    )


async def test_tags(jam: Any) -> None:
    post = jam.thread()
    async with as_(jam, "bob") as client:
        me = await client.me()
        first = await client.put_tag(post["id"], "c++ & 100%?")
        assert json.loads(first.raw)["tags"] == ["c++ & 100%?"]
        assert first.seq > 0
        await client.put_tag(post["id"], "c++ & 100%?")
        assert [(tag.name, tag.by) for tag in await client.post_tags(post["id"])] == [("c++ & 100%?", (me.id,))]
        assert [(tag.name, tag.count) for tag in await client.tags()] == [("c++ & 100%?", 1)]
        assert json.loads((await client.delete_tag(post["id"], "c++ & 100%?")).raw)["tags"] == []
        await client.delete_tag(post["id"], "c++ & 100%?")
        with pytest.raises(errors.Refused) as caught:
            await client.put_tag(post["id"], "a,b")
        assert caught.value.code == "invalid"


async def test_votes_are_counted_for_all_and_listed_for_one(jam: Any) -> None:
    post = jam.thread()
    async with as_(jam, "bob") as bob, as_(jam, "mod") as mod:
        vote = await bob.put_vote(post["id"])
        assert (vote.post_id, vote.up, vote.voted) == (post["id"], 1, True)
        assert (await mod.put_vote(post["id"])).up == 2
        assert await bob.my_votes() == [post["id"]]
        back = await bob.delete_vote(post["id"])
        assert (back.up, back.voted) == (1, False)
        assert back.seq > vote.seq
        assert await bob.my_votes() == []
        last = (await bob.changes()).items[-1]
        assert (last.type, json.loads(last.raw)) == ("votes", {"post_id": post["id"], "up": 1})


async def test_refusals_carry_their_code(jam: Any) -> None:
    post = jam.thread()
    async with as_(jam, "bob") as bob, as_(jam, "guest") as guest:
        with pytest.raises(errors.Refused) as caught:
            await bob.edit_post(post["id"], 1, new_id(), body="mine now")
        assert caught.value.code == "forbidden"
        with pytest.raises(errors.Refused) as caught:
            await bob.put_post(new_id(), forum_id=jam.forum["id"], title="t" * 201, body="b")
        assert caught.value.code == "invalid"
        assert "title" in caught.value.hint
        with pytest.raises(errors.Refused) as caught:
            await bob.put_post(new_id(), forum_id=jam.forum["id"], title="t", body="b" * 200_000)
        assert caught.value.code == "too_large"
        for call in (guest.me(), guest.my_votes(), guest.put_vote(post["id"])):
            with pytest.raises(errors.NotSignedIn) as refused:
                await call
            assert refused.value.code == "not_signed_in"


async def test_a_closed_jam_and_one_without_guests(jam: Any) -> None:
    post = jam.thread()
    over = {"opens_at": "2020-01-01T00:00:00.000Z", "closes_at": "2020-01-02T00:00:00.000Z", "guests": False}
    jam.server.write(lambda tx: objects.change_jam(tx, over))
    async with as_(jam, "bob") as bob, as_(jam, "guest") as guest:
        with pytest.raises(errors.Refused, match="closed") as caught:
            await bob.put_post(new_id(), parent_id=post["id"], body="late")
        assert caught.value.code == "jam_closed"
        with pytest.raises(errors.ApiError) as barred:
            await guest.forums()
        assert barred.value.code == "guests_refused"
        assert not (await guest.discovery()).jam.guests


# -- signing in


class Clock:
    """The server's clock, to be put forward."""

    def __init__(self) -> None:
        self.ahead = timedelta()

    def __call__(self) -> datetime:
        return datetime.now(UTC) + self.ahead


async def test_password(jam: Any) -> None:
    ada = jam.ada.get("/me").json()
    hashed = accounts.hash_password("open sesame")
    jam.server.write(lambda tx: accounts.set_password(tx, ada["id"], hashed))
    async with as_(jam, "guest") as client:
        for handle, password in (("ada", "wrong"), ("nobody", "open sesame")):
            with pytest.raises(errors.NotSignedIn) as caught:
                await client.password(handle, password)
            assert caught.value.code == "wrong_password"
            assert caught.value.exit_code == 3
        token = await client.password("ada", "open sesame")
        assert token.person.id == ada["id"]
        assert token.access_token not in repr(token)
        async with JamClient(jam.url, tokens=FixedToken(token.access_token)) as signed_in:
            assert (await signed_in.me()).handle == "ada"
        renewed = await client.refresh(str(token.refresh_token))
        async with JamClient(jam.url, tokens=FixedToken(renewed.access_token)) as signed_in:
            assert (await signed_in.me()).handle == "ada"
            # Somebody who uses a refresh token a second time may have stolen it: that ends the sign-in.
            with pytest.raises(errors.NotSignedIn):
                await client.refresh(str(token.refresh_token))
            with pytest.raises(errors.NotSignedIn):
                await signed_in.me()


async def test_revoke(jam: Any) -> None:
    code = jam.server.write(lambda tx: accounts.new_invite(tx, "participant"))
    async with as_(jam, "guest") as client:
        token = await client.invite(code, "cleo")
        async with JamClient(jam.url, tokens=FixedToken(token.access_token)) as signed_in:
            await signed_in.me()
            await client.revoke("never-heard-of")
            await signed_in.me()
            await client.revoke(str(token.refresh_token))
            with pytest.raises(errors.NotSignedIn) as caught:
                await signed_in.me()
            assert caught.value.code == "token_unknown"


async def test_invite(jam: Any) -> None:
    code = jam.server.write(lambda tx: accounts.new_invite(tx, "participant"))
    async with as_(jam, "guest") as client:
        token = await client.invite(code, "cleo", name="Cleo")
        assert (token.person.handle, token.person.name) == ("cleo", "Cleo")
        with pytest.raises(errors.NotSignedIn) as caught:
            await client.invite(code, "dora")
        assert caught.value.code == "invite_unknown"


async def test_an_expired_token_is_refreshed_once_for_all_calls(start_jam: Callable[..., Any]) -> None:
    clock = Clock()
    jam = start_jam(clock=clock)
    code = jam.server.write(lambda tx: accounts.new_invite(tx, "participant"))
    async with as_(jam, "guest") as guest:
        token = await guest.invite(code, "cleo")
        kept: list[Token] = []
        tokens = RefreshingToken(
            token.access_token, str(token.refresh_token), refresh=guest.refresh, keep=kept.append
        )  # fmt: skip
        async with JamClient(jam.url, tokens=tokens) as client:
            await client.me()
            assert kept == []
            clock.ahead = timedelta(hours=2)
            found = await asyncio.gather(*(client.me() for _ in range(8)), client.my_votes())
            assert len(found) == 9
            assert len(kept) == 1
            assert kept[0].access_token != token.access_token


async def test_a_lost_answer_to_a_refresh_is_asked_for_again(start_jam: Callable[..., Any]) -> None:
    clock = Clock()
    jam = start_jam(clock=clock)
    code = jam.server.write(lambda tx: accounts.new_invite(tx, "participant"))
    host, port = jam.url.removeprefix("http://").split(":")
    lost = 0

    async def through(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """Hands one request on, and its answer back; the first answer to a refresh is lost on its way."""
        nonlocal lost
        head = await reader.readuntil(b"\r\n\r\n")
        length = re.search(rb"content-length: (\d+)", head, re.IGNORECASE)
        body = await reader.readexactly(int(length[1]) if length else 0)
        there, back = await asyncio.open_connection(host, int(port))
        back.write(head.replace(b"\r\n\r\n", b"\r\nConnection: close\r\n\r\n") + body)
        answer = await there.read()
        if b"/auth/refresh " in head and not lost:
            lost += 1
            assert answer.startswith(b"HTTP/1.1 200")
        else:
            writer.write(answer)
        for one in (back, writer):
            one.close()

    async with as_(jam, "guest") as guest, await asyncio.start_server(through, "127.0.0.1", 0) as proxy:
        token = await guest.invite(code, "cleo")
        url = f"http://127.0.0.1:{proxy.sockets[0].getsockname()[1]}"
        kept: list[Token] = []
        async with JamClient(url) as for_refresh:
            tokens = RefreshingToken(
                token.access_token, str(token.refresh_token), refresh=for_refresh.refresh, keep=kept.append
            )
            async with JamClient(url, tokens=tokens) as client:
                assert (await client.me()).handle == "cleo"
                clock.ahead = timedelta(hours=2)
                with pytest.raises(errors.Unreachable):
                    await client.me()
                clock.ahead = timedelta(hours=3)
                assert (await client.me()).handle == "cleo"
                assert (lost, len(kept)) == (1, 1)


async def test_an_outbox_that_the_server_puts_off_arrives_whole_once_and_in_order(
    start_jam: Callable[..., Any], tmp_path: Path
) -> None:
    now = began = datetime(2026, 11, 23, tzinfo=UTC)  # goes on by what is waited, for client and server alike
    jam = start_jam(writes=3, writes_in=60.0, seconds=lambda: (now - began).total_seconds())
    thread = jam.thread()
    bodies = [f"reply {n}" for n in range(8)]
    with contextlib.closing(connect(tmp_path / "own.sqlite", own.SCHEMA)) as db:
        store = own.Own(db)
        for body in bodies:
            post_id = new_id()
            payload = own.Payload(thread["id"], body=body)
            store.enqueue(post_id, "post", post_id, thread["id"], jam.forum["id"], payload, now)
        async with as_(jam, "bob") as client:
            sender = Sender(store, client, Backoff(random.Random(1)), lambda: now, lambda _: None)
            waits: list[float] = []
            while (due := await sender.drain()) is not None:
                waits.append((due - now).total_seconds())
                now = due
            assert waits == [60.0, 60.0]  # as the server asked, after three of eight each time
        assert store.outbox("WHERE state <> 'sent'") == []
    async with as_(jam, "guest") as client:
        posts = [json.loads(change.raw) for change in (await client.changes()).items if change.type == "post"]
    assert [post["body"] for post in posts if post["parent_id"]] == bodies


async def test_an_edit_that_arrived_before_it_was_taken_back_and_sent_again_meets_no_conflict(
    jam: Any, tmp_path: Path
) -> None:
    thread, now = jam.thread(by=jam.ada), datetime.now(UTC)
    change = own.Payload(None, "A title", "Changed", base_version=1)
    with contextlib.closing(connect(tmp_path / "own.sqlite", own.SCHEMA)) as db:
        store = own.Own(db)
        async with as_(jam, "ada") as client:
            await client.edit_post(thread["id"], 1, new_id(), title="A title", body="Changed")  # the answer was lost
            for payload in (change, replace(change, body="Other")):
                store.enqueue(new_id(), "edit", thread["id"], thread["id"], jam.forum["id"], payload, now)
                await Sender(store, client, Backoff(random.Random(1)), lambda: now, lambda _: None).drain()
        assert [(row.state, row.code) for row in store.outbox()] == [("sent", ""), ("refused", "version_conflict")]


async def test_a_clock_that_was_set_back_puts_nothing_off(jam: Any, tmp_path: Path) -> None:
    thread, now = jam.thread(), datetime(2026, 11, 23, 10, tzinfo=UTC)
    with contextlib.closing(connect(tmp_path / "own.sqlite", own.SCHEMA)) as db:
        store, post_id = own.Own(db), new_id()
        payload = own.Payload(thread["id"], body="text")
        store.enqueue(post_id, "post", post_id, thread["id"], jam.forum["id"], payload, now)
        due = now + timedelta(minutes=10)
        store.later(post_id, "The server asks to slow down", due)
        async with as_(jam, "bob") as client:
            assert await Sender(store, client, Backoff(random.Random(1)), lambda: now, lambda _: None).drain() == due
            now -= timedelta(hours=9)
            assert await Sender(store, client, Backoff(random.Random(1)), lambda: now, lambda _: None).drain() is None
        assert [row.state for row in store.outbox()] == ["sent"]


async def test_what_waited_is_told_when_it_goes_out_and_what_goes_at_once_is_not(
    start_jam: Callable[..., Any], tmp_path: Path
) -> None:
    jam = start_jam()
    thread = jam.thread()
    now = datetime.now(UTC)
    with contextlib.closing(connect(tmp_path / "own.sqlite", own.SCHEMA)) as db:
        store = own.Own(db)
        late, fresh = new_id(), new_id()
        for post_id, written in ((late, now - timedelta(minutes=3)), (fresh, now)):
            payload = own.Payload(thread["id"], body="text")
            store.enqueue(post_id, "post", post_id, thread["id"], jam.forum["id"], payload, written)
        told: list[frozenset[str]] = []
        async with as_(jam, "bob") as client:
            assert await Sender(store, client, Backoff(random.Random(1)), lambda: now, told.append).drain() is None
    assert told == [frozenset({late}), frozenset()]


# -- the stream


async def test_stream_resumes_without_gap_or_double(jam: Any) -> None:
    async with as_(jam, "guest") as client:
        cursor = (await client.changes()).head
        seen: list[Change] = []
        for _ in range(3):
            posts = [jam.thread() for _ in range(2)]
            async with contextlib.aclosing(client.stream(cursor)) as stream:
                posts.append(jam.thread())
                async for event in stream:
                    if isinstance(event, Change):
                        seen.append(event)
                        cursor = event.cursor
                        if json.loads(event.raw)["id"] == posts[-1]["id"]:
                            break
        assert [change.seq for change in seen] == list(range(seen[0].seq, seen[0].seq + 9))
        log = (await client.changes()).items
        assert [change for change in log if change.seq >= seen[0].seq] == seen


async def test_stream_heartbeat_tells_the_head(start_jam: Callable[..., Any]) -> None:
    jam = start_jam(heartbeat=0.05)
    async with as_(jam, "guest") as client:
        head = (await client.changes()).head
        async with contextlib.aclosing(client.stream(head)) as stream:
            event = await anext(stream)
            while event == Heartbeat(""):
                event = await anext(stream)
        assert event == Heartbeat(head)


async def test_stream_of_a_reader_too_far_behind(start_jam: Callable[..., Any]) -> None:
    jam = start_jam(ring_items=3)
    for _ in range(8):
        jam.thread()
    async with as_(jam, "guest") as client, contextlib.aclosing(client.stream(START)) as stream:
        events = [event async for event in stream]
    assert isinstance(events[-1], Resync)
    assert events[-1].head == jam.head()


async def test_a_server_that_ends_ends_the_stream(jam: Any) -> None:
    async with as_(jam, "guest") as client:
        cursor = (await client.changes()).head
        jam.thread()
        async with contextlib.aclosing(client.stream(cursor)) as stream:
            event = await anext(stream)
            while not isinstance(event, Change):
                event = await anext(stream)
            await asyncio.to_thread(jam.server.stop)
            with contextlib.suppress(errors.Unreachable):  # a clean end and a lost connection are both an end
                async for _ in stream:
                    pass
        with pytest.raises(errors.Unreachable):
            await client.changes()
