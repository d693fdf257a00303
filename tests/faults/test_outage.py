"""How soon one is back after an outage: a try comes within seconds, and what makes waiting pointless ends it."""

from __future__ import annotations

import asyncio
import contextlib
import random
import socket
import subprocess
import threading
from collections.abc import Callable
from contextlib import closing
from datetime import UTC, datetime
from statistics import quantiles
from typing import Any

import pytest

from api_client.client import JamClient
from api_client.errors import Unreachable
from api_client.tokens import FixedToken
from api_client.transport import Bounds
from jamtui import paths
from jamtui.model import Changed, Link
from jamtui.store import connection, own, registry
from jamtui.store.marks import MarkStore
from jamtui.store.opening import prepare
from jamtui.sync.backoff import LONGEST, Backoff
from jamtui.sync.doubt import doubt
from jamtui.sync.engine import Engine
from jamtui.sync.network import Network, NetworkState
from jamtui.sync.sign_in import client_for
from jamtui.sync.way import is_cut


def waits(outages: int, *, reached: bool) -> list[float]:
    """Seconds from the end of each outage to the next try. They last up to an hour, and each has its own seed."""
    found = []
    for seed in range(outages):
        rng = random.Random(seed)
        backoff, end, at = Backoff(rng), rng.uniform(1, 3600), 0.0
        while at < end:
            at += backoff.next(reached=reached)
        found.append(at - end)
    return found


def test_after_an_outage_a_try_comes_within_seconds(figure: Callable[..., None]) -> None:
    near, far = waits(500, reached=False), waits(500, reached=True)
    tell = "{:.0f} s at most, {:.0f} in the middle"
    figure(
        f"promise 10: back after 500 outages within {tell.format(max(near), quantiles(near)[1])}"
        f" (of a server that was reached: {tell.format(max(far), quantiles(far)[1])})"
    )
    assert max(near) <= 20
    assert LONGEST / 2 < max(far) <= LONGEST


def test_a_second_outage_soon_after_the_first_is_no_longer_wait(
    new_server: Callable[..., Any], new_home: Callable[..., Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    """A connection that has just come back is lost: many failures ago, but none of a server with too much to do."""
    server = new_server()
    environ = new_home().login(server.url, "ana").environment()
    home = paths.Home.from_env(environ)
    jam = registry.find(home, None)
    prepare(jam, datetime.now(UTC))
    told = threading.Condition()

    def note(_: Changed) -> None:
        with told:
            told.notify_all()

    begin, draw, drawn = Backoff.__init__, Backoff.next, list[float]()

    def after_many_failures(self: Backoff, rng: random.Random) -> None:
        begin(self, rng)
        self.failures = 30

    def noted(self: Backoff, asked: float | None = None, *, reached: bool = True) -> float:
        drawn.append(draw(self, asked, reached=reached))
        return drawn[-1]

    monkeypatch.setattr(Backoff, "__init__", after_many_failures)
    monkeypatch.setattr(Backoff, "next", noted)
    longest = random.Random(1)
    longest.random = lambda: 1.0  # type: ignore[method-assign]
    network = Network(
        jam, lambda: client_for(home, jam, environ), now=lambda: datetime.now(UTC), rng=longest, notify=note
    )

    def wait(what: Callable[[], bool]) -> None:
        with told:
            assert told.wait_for(what, 60), network.state

    network.start()
    try:
        wait(lambda: network.state.link is Link.LIVE)
        for end in (server.kill, server.stop):  # it breaks off; it ends as it should
            drawn.clear()
            end()
            wait(lambda: bool(network.state.why))
            assert drawn[0] == 20
            server.start()
            network.reconnect()
            wait(lambda: network.state.link is Link.LIVE)
    finally:
        network.stop()


@pytest.fixture
def waiting(new_server: Callable[..., Any], new_home: Callable[..., Any]) -> tuple[Network, Any]:
    """A network's thread that is not started, so that a test can wait as it does, and the home that it is of."""
    server = new_server()
    home = new_home().login(server.url, "ana")
    home.jamtui("sync")
    server.kill()
    environ = home.environment()
    folder = paths.Home.from_env(environ)
    jam = registry.find(folder, None)
    return Network(
        jam, lambda: client_for(folder, jam, environ), now=lambda: datetime.now(UTC), rng=random.Random(1),
        notify=lambda _: None,
    ), home  # fmt: skip


async def let_look(task: asyncio.Task[None]) -> bool:
    """Whether it ends, given time to look at the disk more than once."""
    await asyncio.wait({task}, timeout=0.8)
    return task.done()


async def test_a_write_of_a_command_ends_the_wait_and_what_is_read_does_not(waiting: tuple[Network, Any]) -> None:
    network, home = waiting
    with network._holder as holder, closing(connection.connect(network._jam.own, own.SCHEMA)) as db:
        assert holder.take()
        pause = asyncio.create_task(network._pause(900.0, 0.0, network._notice_writes(db, frozenset())))
        with closing(connection.connect(network._jam.own, own.SCHEMA)) as other:
            MarkStore(other).mark_hashes([1, 2, 3], True)
        assert not await let_look(pause)
        # As a command does it that finds the network held.
        command = await asyncio.to_thread(home.popen, "post", "--forum", "ideas", "--title", "T", "--body", "B")
        await asyncio.wait_for(pause, 60)
        # The next wait knows it: it was tried.
        network._woken.clear()
        tried = frozenset(row.id for row in own.Own(db).outbox())
        pause = asyncio.create_task(network._pause(900.0, 0.0, network._notice_writes(db, tried)))
        assert not await let_look(pause)
        pause.cancel()
        command.kill()  # it waits some seconds for it to be sent
        await asyncio.to_thread(command.communicate)


async def test_a_wish_in_another_window_ends_the_wait(waiting: tuple[Network, Any]) -> None:
    network, _ = waiting
    other = Network(
        network._jam, network._new_client, now=network._now, rng=random.Random(1), notify=lambda _: None
    )  # fmt: skip
    other.state = NetworkState(Link.READER, elsewhere=Link.OFFLINE)
    with network._holder as holder:
        assert holder.take()
        assert not other._holder.take()
        pause = asyncio.create_task(network._pause(900.0, 0.0, None))
        assert not await let_look(pause)
        assert other.reconnect() == "Another jamtui on this machine tries now"
        await asyncio.wait_for(pause, 60)
    other.state = NetworkState(Link.READER, elsewhere=Link.LIVE)
    assert other.reconnect() == "Another jamtui on this machine holds the connection"


def address(what: str, which: str = "127.77.0.1/32") -> bool:
    """Gives this machine an address more, or takes it away; False where that may not be done."""
    with contextlib.suppress(FileNotFoundError):
        done = subprocess.run(
            ["ip", "address", what, which, "dev", "lo"], capture_output=True, check=False
        )  # fmt: skip
        return done.returncode == 0
    return False


async def test_another_network_ends_the_wait(waiting: tuple[Network, Any]) -> None:
    network, _ = waiting
    for nowhere in (False, True):
        pause = asyncio.create_task(network._pause(900.0, 0.0, None, nowhere=nowhere))
        await asyncio.sleep(0)  # it listens
        await asyncio.sleep(0)
        if not address("add"):
            pause.cancel()
            pytest.skip("addresses of this machine cannot be changed here")
        try:
            if nowhere:
                await asyncio.wait_for(pause, 60)
            else:  # a server that has too much to do has no less of it then
                assert not await let_look(pause)
        finally:
            pause.cancel()
            assert address("delete")
        assert network._moved is nowhere


class Stood(Engine):
    """A mirror's engine whose stream stands upon an address of this machine."""

    ends = ("198.51.100.77", ("198.51.100.77", 9))  # type: ignore[assignment]

    def __init__(self) -> None:
        self.heard = 0.0


async def test_a_live_connection_whose_address_is_gone_is_not_waited_for(figure: Callable[..., None]) -> None:
    """The wireless network is left, the cable pulled: nobody has to be asked whether anything comes yet."""
    if not address("add", "198.51.100.77/32"):
        pytest.skip("addresses of this machine cannot be changed here")
    cut, there = asyncio.Event(), "198.51.100.77/32"
    watching = asyncio.create_task(doubt(Stood(), lambda _: None, cut.set))
    try:
        await asyncio.sleep(0)  # it listens
        assert address("add", "198.51.100.78/32")  # another one comes: that takes nothing away
        assert address("delete", "198.51.100.78/32")
        assert not await let_look(asyncio.ensure_future(cut.wait()))
        assert address("delete", there)
        await asyncio.wait_for(cut.wait(), 10)  # what is not heard for 17 s is asked about
        figure("promise 10: an address that goes is noticed by a live connection before anything is asked")
    finally:
        watching.cancel()
        address("delete", there)


async def test_the_stream_knows_upon_what_it_stands(new_server: Callable[..., Any]) -> None:
    server = new_server()
    async with JamClient(server.url) as client:
        assert client.ends is None
        async with contextlib.aclosing(client.stream()) as stream:
            await anext(stream)
            assert client.ends == ("127.0.0.1", ("127.0.0.1", server.port))
    assert not is_cut("127.0.0.1", ("127.0.0.1", server.port))
    assert is_cut("198.51.100.77", ("127.0.0.1", server.port))


async def test_what_found_no_connection_is_known_not_to_have_arrived() -> None:
    """A way on which packets are lost: a server whose queue of connections is full, so that nobody answers."""
    with contextlib.ExitStack() as stack:
        full = stack.enter_context(socket.create_server(("127.0.0.1", 0), backlog=0))
        for _ in range(8):
            one = stack.enter_context(socket.socket())
            one.setblocking(False)
            one.connect_ex(full.getsockname())
        bounds = Bounds(call_seconds=30.0, connect_seconds=0.3)
        url = f"http://127.0.0.1:{full.getsockname()[1]}"
        async with JamClient(url, tokens=FixedToken("t"), bounds=bounds) as client:
            with pytest.raises(Unreachable) as caught:
                await client.my_votes()
    assert caught.value.unsent
    assert caught.value.brief == "no answer for 0.3 s"
