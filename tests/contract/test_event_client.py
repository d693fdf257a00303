"""A client through the hours of a Jam, on a real server whose clock the test puts forward: what waits is sent in the
grace, nothing new is begun, and it is the server's clock that says so."""

from __future__ import annotations

import random
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from api_client.client import JamClient
from api_client.tokens import FixedToken
from jamserver import objects
from jamtui.archive import rfc3339
from jamtui.errors import Refused
from jamtui.event import Act, State
from jamtui.model import Draft, DraftKind
from jamtui.moderating import Act as Moderates
from jamtui.paths import Home
from jamtui.session import Session, open_session
from jamtui.store import registry
from jamtui.store.opening import prepare
from jamtui.sync.once import Once, once

MINUTE = timedelta(minutes=1)
DAY = timedelta(days=1)


class Clock:
    """A clock that stands where it was put."""

    def __init__(self, at: datetime) -> None:
        self.at = at

    def __call__(self) -> datetime:
        return self.at


class Reader:
    """bob with a mirror, an outbox, and a clock of his own."""

    def __init__(self, jam: Any, folder: Path, server: Clock) -> None:
        self.jam = jam
        self.server = server
        self.clock = Clock(server.at)
        home = Home.from_env({"JAMTUI_HOME": str(folder)})
        me = jam.bob.get("/me").json()
        self.known = registry.for_server(home, jam.url, "new-jam", "New Jam").changed(
            person_id=me["id"], handle="bob", name="Bob", role="participant", store="file"
        )
        registry.remember(home, self.known)
        prepare(self.known, server.at)
        self.session = Session(self.known, clock=self.clock, rng=random.Random(1), new_client=None)

    def moves(self, span: timedelta) -> None:
        """Time goes by, here and there."""
        self.server.at += span
        self.clock.at += span

    async def sync(self) -> Once:
        token = self.jam.bob.headers["Authorization"].removeprefix("Bearer ")
        # Dates of answers are of the server's clock from its next beat on.
        wanted = self.server.at.replace(microsecond=0)
        async with JamClient(self.jam.url, tokens=FixedToken(token), now=self.clock) as client:
            for _ in range(1_000):
                await client.jam()
                if client.clock_error is not None and self.clock.at - client.clock_error == wanted:
                    break
            else:
                raise AssertionError("the Date of the answers is not of the server's clock")
            return await once(
                self.known,
                client,
                now=self.clock,
                rng=random.Random(1),
                notify=lambda _: None,
                progress=lambda *_: None,
            )


@pytest.fixture
def reader(start_jam: Callable[..., Any], tmp_path: Path) -> Iterator[Reader]:
    clock = Clock(datetime.now(UTC).replace(microsecond=0))
    jam = start_jam(vote_join=0.0, clock=clock)
    hours = {
        "opens_at": rfc3339(clock.at - MINUTE), "closes_at": rfc3339(clock.at + 60 * MINUTE), "grace_seconds": 1800,
        "phases": [
            {"id": "a", "title": "Ideas", "starts_at": rfc3339(clock.at - MINUTE)},
            {"id": "b", "title": "Refining", "starts_at": rfc3339(clock.at + 10 * MINUTE), "closed_to": ["threads"]},
        ],
    }  # fmt: skip
    jam.server.write(lambda tx: objects.change_jam(tx, hours))
    one = Reader(jam, tmp_path / "home", clock)
    yield one
    one.session.close()


def thread(reader: Reader, title: str) -> Draft:
    return Draft(DraftKind.THREAD, reader.jam.forum["id"], title, "From the train")


async def test_what_waits_is_sent_in_the_grace_and_nothing_new_is_begun(
    reader: Reader, figure: Callable[[str], None]
) -> None:
    jam, session = reader.jam, reader.session
    post = jam.thread()
    await reader.sync()
    session.send(thread(reader, "Late for its phase"))
    session.send(Draft(DraftKind.REPLY, post["id"], body="Late for the Jam"))
    reader.moves(15 * MINUTE)  # refining since five minutes
    assert session.outbox()[0].when.endswith(f"until {(reader.server.at + 25 * MINUTE).astimezone():%d %B %H:%M}")
    with pytest.raises(Refused) as caught:
        session.send(thread(reader, "New"))
    assert caught.value.code == "phase_closed"
    done = await reader.sync()
    assert (done.sent, done.queued, done.refused) == (2, 0, 0)
    session.send(Draft(DraftKind.REPLY, post["id"], body="Written in time"))
    session.vote(post["id"])
    reader.moves(60 * MINUTE)  # closed a quarter of an hour ago
    assert session.standing().state is State.GRACE  # type: ignore[union-attr]
    assert all("the Jam has closed, but takes this until" in row.when for row in session.outbox())
    for begin in (
        lambda: session.send(Draft(DraftKind.REPLY, post["id"], body="New")),
        lambda: session.unvote(post["id"]),
        lambda: session.tag(post["id"], "new"),
    ):
        with pytest.raises(Refused) as caught:
            begin()
        assert caught.value.code == "jam_closed"
    done = await reader.sync()
    assert (done.sent, done.queued, done.refused) == (2, 0, 0)
    bodies = {one["body"] for one in jam.guest.get("/posts").json()["items"]}
    assert {"From the train", "Late for the Jam", "Written in time"} <= bodies
    figure("a Jam in fast-forward: 4 writes of an outbox arrived in the grace, 4 taken; 4 begun in it, 0 sent")


async def test_what_comes_after_the_grace_is_kept_with_the_reason(reader: Reader) -> None:
    session, post = reader.session, reader.jam.thread()
    await reader.sync()
    session.send(Draft(DraftKind.REPLY, post["id"], body="Much too late"))
    reader.moves(95 * MINUTE)
    assert "by now the Jam may refuse it" in session.outbox()[0].when
    done = await reader.sync()
    assert (done.sent, done.refused) == (0, 1)
    row = session.outbox()[0]
    assert (row.code, row.summary) == ("jam_closed", "Much too late")
    assert "closed" in row.reason
    assert row.can.startswith("Nothing more can be written here.")
    reader.jam.server.write(
        lambda tx: objects.change_jam(tx, {"closes_at": rfc3339(reader.server.at + 60 * MINUTE)})
    )  # the organiser opens it again
    session.retry(row.id)
    assert (await reader.sync()).sent == 1


async def test_a_text_that_is_taken_back_to_be_changed_is_still_taken_in_the_grace(reader: Reader) -> None:
    session, post = reader.session, reader.jam.thread()
    await reader.sync()
    row = session.send(Draft(DraftKind.REPLY, post["id"], body="With a misstake"))
    reader.moves(75 * MINUTE)
    draft = session.reopen(row)
    session.send(Draft(DraftKind.REPLY, post["id"], body="With a mistake", post_id=draft.post_id))
    assert (await reader.sync()).sent == 1


@pytest.mark.parametrize("ahead", [-10 * 60 * MINUTE, 10 * 60 * MINUTE], ids=["behind", "ahead"])
async def test_a_wrong_clock_here_neither_opens_nor_closes_the_jam(reader: Reader, ahead: timedelta) -> None:
    """The server's Date decides what is told; without it, a laptop ten hours off would have the Jam closed, or not yet
    open."""
    session, post = reader.session, reader.jam.thread()
    await reader.sync()
    assert session.refusal(Act.REPLIES) == ""
    reader.clock.at += ahead
    assert session.refusal(Act.REPLIES) != ""  # not heard yet
    await reader.sync()
    assert session.clock_error() == ahead
    assert session.event_now() == reader.server.at
    assert session.refusal(Act.REPLIES) == ""
    session.send(Draft(DraftKind.REPLY, post["id"], body="On time"))
    assert (await reader.sync()).sent == 1
    reader.clock.at -= ahead  # put right, and heard of again
    await reader.sync()
    assert session.clock_error() == timedelta(0)


async def test_the_servers_clock_is_held_against_that_of_the_session(reader: Reader, tmp_path: Path) -> None:
    """A demo whose clock stands still in 2011 is not as many years away from its server, whose clock does as well."""
    home = Home.from_env({"JAMTUI_HOME": str(tmp_path / "another")})
    known = registry.for_server(home, reader.jam.url, "new-jam", "New Jam")
    registry.remember(home, known)
    session = open_session(home, known, clock=lambda: reader.server.at - 5_000 * DAY, rng=random.Random(1), environ={})
    assert session._new_client is not None
    async with session._new_client() as client:
        await client.jam()
        assert client.clock_error is not None
        assert abs(client.clock_error + 5_000 * DAY) < DAY
    session.close()


async def test_an_organiser_who_changes_the_hours_is_followed(reader: Reader) -> None:
    session = reader.session
    await reader.sync()
    reader.moves(61 * MINUTE)
    assert session.refusal(Act.REPLIES).startswith("The Jam closed")
    reader.jam.server.write(
        lambda tx: objects.change_jam(tx, {"closes_at": rfc3339(reader.server.at + 60 * MINUTE), "phases": []})
    )
    await reader.sync()
    assert session.refusal(Act.THREADS) == ""
    assert session.jam.phases == ()


async def test_a_moderator_removes_from_an_archived_jam_and_does_nothing_else_there(reader: Reader) -> None:
    jam, session = reader.jam, reader.session
    post, other = jam.thread(), jam.thread()
    bob = jam.bob.get("/me").json()["id"]
    jam.server.write(lambda tx: objects.set_role(tx, bob, "moderator"))
    await reader.sync()
    assert {"hide", "lock", "move", "merge", "warn", "remove"} <= set(session.acts_on(session.post(post["id"])))
    reader.moves(95 * MINUTE)
    assert {"hide", "lock", "remove"} <= set(session.acts_on(session.post(post["id"])))  # closed
    jam.server.write(lambda tx: objects.change_jam(tx, {"archived_at": rfc3339(reader.server.at)}))
    await reader.sync()
    assert session.acts_on(session.post(post["id"])) == ["remove"]
    with pytest.raises(Refused, match="archived"):
        session.act(Moderates("hide", "abuse", post_id=post["id"]))
    session.act(Moderates("remove", "abuse", post_id=post["id"]))
    assert "refuse" not in session.outbox()[0].when
    assert (await reader.sync()).sent == 1
    assert jam.guest.get(f"/posts/{post['id']}").json()["state"] == "removed"
    assert "state" not in jam.guest.get(f"/posts/{other['id']}").json()
