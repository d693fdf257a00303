"""The network's thread heals: each fault of the way, a real server behind the proxy, and every change applied once.

`reader` is that thread as the program runs it, with short bounds; it keeps each state that it told.
"""

from __future__ import annotations

import asyncio
import json
import random
import signal
import threading
import time
import uuid
from collections.abc import Callable, Iterator
from contextlib import closing
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import httpx
import pytest
from proxy import PASS, Answer, Call, Fault, Raw, Stall

from api_client import errors
from api_client.errors import PORTAL
from api_client.transport import Bounds
from jamtui import paths
from jamtui.model import Changed, Link
from jamtui.store import connection, mirror, registry
from jamtui.store.mirror import Mirror
from jamtui.store.opening import prepare
from jamtui.sync import backoff, doubt, network
from jamtui.sync.asked import Asked
from jamtui.sync.network import Network, NetworkState
from jamtui.sync.sign_in import client_for
from jamtui.sync.sleep import SleepWatch

FORUM = "00000000-0000-4000-8000-0000000000f0"
LIMIT = 60.0  # seconds after which what was waited for is taken for lost
SHORT = Bounds(call_seconds=2.0, quiet_seconds=2.0, stream_quiet_seconds=2.0)
PAGE = b"<html><body>Login to WiFi</body></html>"


class Impatient(random.Random):
    """Each wait is the shortest: a second."""

    def random(self) -> float:
        return 0.0


class Reader:
    """One network's thread. ``applied`` has the number of each change that went into the mirror, as often as it did."""

    def __init__(self, jam: registry.KnownJam, home: paths.Home, bounds: Bounds, environ: dict[str, str]) -> None:
        self.jam = jam
        self.states: list[NetworkState] = []
        self.reports: list[BaseException] = []
        self.applied: list[int] = []
        self.asleep = 0.0  # seconds that the machine slept
        self._told = threading.Condition()
        prepare(jam, datetime.now(UTC))
        self.network = Network(
            jam,
            lambda: client_for(home, jam, environ, bounds),
            now=lambda: datetime.now(UTC),
            rng=Impatient(),
            notify=self._note,
            report=lambda error: self.reports.append(error) or "REPORT",  # type: ignore[func-returns-value]
            watch=SleepWatch(1.0, [lambda: self.asleep], lambda: 0.0),
        )

    def _note(self, _: Changed) -> None:
        with self._told:
            state = self.network.state
            if not self.states or self.states[-1] != state:
                self.states.append(state)
            self._told.notify_all()

    def wait(self, what: Callable[[], bool], why: str) -> None:
        with self._told:
            assert self._told.wait_for(what, LIMIT), f"never came: {why}\n{self.states[-9:]}"

    def wait_state(self, what: Callable[[NetworkState], bool], why: str, since: int = 0) -> NetworkState:
        """The first state for which ``what`` holds, from the ``since``-th on."""
        self.wait(lambda: any(map(what, self.states[since:])), why)
        return next(filter(what, self.states[since:]))

    def wait_live(self, since: int = 0) -> None:
        self.wait_state(lambda state: state.link is Link.LIVE, "live", since)

    def wait_asleep(self, seconds: float) -> None:
        """Until it was noticed that the machine slept so long in all."""
        end = time.monotonic() + LIMIT
        while self.network._watch.clock() < seconds:
            assert time.monotonic() < end, "never noticed: the sleep"
            time.sleep(0.01)

    def wait_for_all_of(self, server: Any) -> None:
        """Until the mirror has all that the server has now."""
        head = httpx.get(f"{server.url}/api/v1/changes?limit=1").json()["head"]

        def there() -> bool:
            with closing(connection.connect(self.jam.mirror, mirror.SCHEMA)) as db:
                return Mirror(db).cursor == head

        self.wait(there, f"the head {head}")

    def posts(self) -> dict[str, str]:
        with closing(connection.connect(self.jam.mirror, mirror.SCHEMA)) as db:
            return {
                data["id"]: data["body"]
                for kind, raw in mirror.objects(db)
                if kind == "post" and (data := json.loads(raw))
            }


@pytest.fixture(autouse=True)
def quick(monkeypatch: pytest.MonkeyPatch) -> None:
    """The shortest wait is a second for people."""
    assert backoff.SHORTEST == 1.0
    assert (backoff.LONGEST, errors.MAX_RETRY_AFTER) == (120.0, 900.0)
    monkeypatch.setattr(backoff, "SHORTEST", 0.05)
    monkeypatch.setattr(network, "SHORTEST", 0.05)


@pytest.fixture
def start_reader(new_home: Callable[..., Any], monkeypatch: pytest.MonkeyPatch) -> Iterator[Callable[..., Reader]]:
    """``start_reader(url, bounds)`` signs ana in and starts her network's thread."""
    started: list[Reader] = []
    real = Mirror.apply

    def counted(self: Mirror, items: Any, cursor: str, now: str) -> Changed:
        changed = real(self, items, cursor, now)
        last = mirror.seq_of(cursor)
        for one in started:
            one.applied += range(last - len(items) + 1, last + 1)
        return changed

    monkeypatch.setattr(Mirror, "apply", counted)

    def start(url: str, bounds: Bounds = SHORT) -> Reader:
        one = new_home().login(url, "ana")
        environ = one.environment()
        home = paths.Home.from_env(environ)
        reader = Reader(registry.find(home, None), home, bounds, environ)
        started.append(reader)
        reader.network.start()
        return reader

    yield start
    for one in started:
        one.network.stop()


@pytest.fixture
def at(new_server: Callable[..., Any], new_proxy: Callable[..., Any]) -> Any:
    """A server, a proxy before it, and ``write`` for what others write there."""

    class At:
        server = new_server()
        proxy = new_proxy(server)
        token = server.admin("person", "token", "bob").strip()

        def write(self, count: int = 1) -> None:
            for _ in range(count):
                answer = httpx.put(
                    f"{self.server.url}/api/v1/posts/{uuid.uuid4()}",
                    json={"forum_id": FORUM, "title": "New", "body": "from bob"},
                    headers={"Authorization": f"Bearer {self.token}"},
                )
                assert answer.status_code == 201, answer.text

        def streams(self) -> int:
            """How often a stream was asked for."""
            return sum(call.streams for call, _ in tuple(self.proxy.done))

        def changes(self) -> list[dict[str, Any]]:
            items: list[dict[str, Any]] = httpx.get(f"{self.server.url}/api/v1/changes").json()["items"]
            return items

    return At()


def check(reader: Reader, at: Any, since: int, figure: Callable[..., None]) -> None:
    """The mirror has what the server has, and each change after ``since`` was applied once."""
    reader.wait_for_all_of(at.server)
    assert reader.posts() == {data["id"]: data["body"] for kind, data in at.server.exported() if kind == "post"}
    missing = set(range(since + 1, max(reader.applied, default=since) + 1)) - set(reader.applied)
    doubled = len(reader.applied) - len(set(reader.applied))
    assert (missing, doubled) == (set(), 0)
    assert reader.reports == []
    figure("promise 10: 0 changes missing, 0 applied twice, in {1} kinds of faults", 0.0)


def head_of(at: Any) -> int:
    return int(at.changes()[-1]["seq"])


def streams_once(fault: Fault) -> Callable[[Call, random.Random], Fault]:
    """``fault`` happens to the next stream, nothing to what comes after it."""
    left = [fault]
    return lambda call, _: left.pop() if call.streams and left else PASS


def sse(*lines: bytes, end: bytes = b"", close: bool = True) -> Raw:
    head = b"HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\nConnection: close\r\n\r\n"
    return Raw(head + b"".join(line + b"\n\n" for line in lines) + end, close)


def test_the_bounds_that_people_have() -> None:
    assert Bounds() == Bounds(15.0, 8 << 20, 4 << 20, 1 << 20, 15.0, 45.0, 2 << 30)


# -- connections that are dead, or only look alive


def test_a_connection_that_breaks(at: Any, start_reader: Callable[..., Reader], figure: Callable[..., None]) -> None:
    reader = start_reader(at.proxy.url)
    reader.wait_live()
    since, seen = head_of(at), len(reader.states)
    at.proxy.reset()
    at.write(3)
    reader.wait_state(lambda state: bool(state.why) and state.link is Link.RECONNECTING, "the loss in words", seen)
    reader.wait_live(seen)
    check(reader, at, since, figure)
    assert reader.network.state.why == ""


def test_a_connection_that_is_half_open(
    at: Any, start_reader: Callable[..., Reader], figure: Callable[..., None]
) -> None:
    reader = start_reader(at.proxy.url)
    reader.wait_live()
    since, seen = head_of(at), len(reader.states)
    at.proxy.freeze()  # nobody is told: the socket looks as it did
    at.write(3)
    state = reader.wait_state(lambda state: bool(state.why), "the silence in words", seen)
    assert state.why == "no answer for 2 s"
    assert "sent nothing for 2 seconds" in state.detail
    assert state.next_try is not None
    at.proxy.thaw()
    reader.wait_live(seen + 1)
    check(reader, at, since, figure)


@pytest.fixture
def soon_in_doubt(monkeypatch: pytest.MonkeyPatch) -> Bounds:
    """A second is the time in which a server has to say something; the bounds alone would believe it for an hour."""
    assert (doubt.HEARTBEAT, doubt.LATE, doubt.ANSWER) == (15.0, 2.0, 6.0)  # 23 s at most, for people
    for name, seconds in (("HEARTBEAT", 1.0), ("LATE", 0.0), ("ANSWER", 2.0)):
        monkeypatch.setattr(doubt, name, seconds)
    return Bounds(call_seconds=3600.0, stream_quiet_seconds=3600.0)


def test_packets_that_vanish_are_noticed_by_asking_and_told_meanwhile(
    at: Any, start_reader: Callable[..., Reader], figure: Callable[..., None], soon_in_doubt: Bounds
) -> None:
    reader = start_reader(at.proxy.url, soon_in_doubt)
    reader.wait_live()
    at.proxy.freeze()
    since, seen = head_of(at), len(reader.states)
    at.write(3)
    reader.wait_state(lambda state: state.silent, "the doubt", seen)
    state = reader.wait_state(lambda state: bool(state.why), "the loss in words", seen)
    assert (state.link, state.why, state.silent) == (Link.RECONNECTING, "no answer for 3 s", False)
    seen = len(reader.states)
    at.proxy.thaw()
    reader.wait_live(seen)
    check(reader, at, since, figure)


def test_a_stream_that_brings_nothing_while_the_server_answers_is_left_for_what_is_missing(
    at: Any, start_reader: Callable[..., Reader], figure: Callable[..., None], soon_in_doubt: Bounds
) -> None:
    reader = start_reader(at.proxy.url, soon_in_doubt)
    at.proxy.decide = streams_once(Stall(400))
    reader.wait_live()
    since, seen = head_of(at), len(reader.states)
    at.write(3)
    reader.wait_state(lambda state: state.why == MISSING, "what is missing", seen)
    reader.wait_live(seen)
    check(reader, at, since, figure)


def test_a_server_that_is_late_but_there_keeps_its_stream(
    at: Any, start_reader: Callable[..., Reader], figure: Callable[..., None], soon_in_doubt: Bounds
) -> None:
    reader = start_reader(at.proxy.url, soon_in_doubt)
    reader.wait_live()
    since = head_of(at)
    for _ in range(2):
        seen = len(reader.states)
        reader.wait_state(lambda state: state.silent, "the doubt", seen)
        reader.wait_state(lambda state: state.link is Link.LIVE and not state.silent, "that it is there", seen)
    assert at.streams() == 1
    at.write(1)
    check(reader, at, since, figure)


def test_a_server_that_is_stopped(at: Any, start_reader: Callable[..., Reader], figure: Callable[..., None]) -> None:
    """SIGSTOP: the kernel goes on to take connections and bytes for it."""
    reader = start_reader(at.server.url)
    reader.wait_live()
    since, seen = head_of(at), len(reader.states)
    at.server.signal(signal.SIGSTOP)
    try:
        reader.wait_state(lambda state: state.why == "no answer for 2 s", "the silence in words", seen)
        reader.wait_state(lambda state: state.link is Link.OFFLINE, "offline", seen)
    finally:
        at.server.signal(signal.SIGCONT)
    seen = len(reader.states)
    reader.wait_live(seen)
    at.write(2)
    check(reader, at, since, figure)


def test_a_server_that_is_killed_and_comes_back(
    at: Any, start_reader: Callable[..., Reader], figure: Callable[..., None]
) -> None:
    reader = start_reader(at.server.url)
    reader.wait_live()
    since, seen = head_of(at), len(reader.states)
    at.server.kill()
    reader.wait_state(lambda state: state.why == "the server cannot be reached", "its absence in words", seen)
    at.server.start()
    reader.wait_live(seen)
    at.write(2)
    check(reader, at, since, figure)


def test_a_sleep_is_noticed_before_the_silence_is(
    at: Any, start_reader: Callable[..., Reader], figure: Callable[..., None]
) -> None:
    """A stream that says nothing more, and bounds that would believe it for an hour."""
    reader = start_reader(at.proxy.url, Bounds(stream_quiet_seconds=3600.0))
    at.proxy.decide = streams_once(Stall(400))
    reader.wait_live()
    since, seen = head_of(at), len(reader.states)
    at.write(3)
    reader.asleep += 600.0  # the lid was closed
    reader.wait_live(seen)
    check(reader, at, since, figure)


def test_who_opens_the_lid_waits_for_no_backoff(
    at: Any, start_reader: Callable[..., Reader], figure: Callable[..., None], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(backoff, "SHORTEST", 600.0)  # the wait of a server that fails
    reader = start_reader(at.proxy.url)
    reader.wait_live()
    since, seen = head_of(at), len(reader.states)
    at.proxy.reset()
    reader.wait_state(lambda state: bool(state.why) and state.not_before is None, "the wait", seen)
    at.proxy.decide = lambda call, rng: PASS
    at.write(2)
    seen = len(reader.states)
    reader.asleep += 60.0
    reader.wait_live(seen)
    check(reader, at, since, figure)


def test_what_the_server_asked_for_stands_in_a_sleep_and_against_any_key_and_is_over_in_time(
    at: Any, start_reader: Callable[..., Reader], figure: Callable[..., None]
) -> None:
    """15 minutes. Keys, writes and ten minutes with the lid closed end none of it; the sleep counts, though: five are
    left, and when the lid is opened after those, it is tried at once."""
    reader = start_reader(at.proxy.url)
    reader.wait_live()
    since, seen = head_of(at), len(reader.states)
    at.proxy.decide = lambda call, rng: Answer(503, headers=(("Retry-After", "900"),))
    at.proxy.reset()
    state = reader.wait_state(lambda state: "later" in state.why, "the wait that was asked for", seen)
    assert state.next_try is not None
    assert state.not_before is not None
    assert 800 < (state.not_before - datetime.now(UTC)).total_seconds() <= 900
    at.proxy.decide = lambda call, rng: PASS
    at.write(2)
    asked, seen = at.streams(), len(reader.states)
    for _ in range(50):
        assert reader.network.reconnect().startswith("The server asked to be left alone until ")
        reader.network.wake()
    reader.asleep += 600.0
    reader.wait_asleep(600.0)
    assert Asked(reader.jam.folder, lambda: datetime.now(UTC)).until() is not None  # for who comes after this process
    assert (at.streams(), len(reader.states)) == (asked, seen)
    reader.asleep += 300.0
    reader.wait_live(seen)
    assert sum(state.link is Link.RECONNECTING and state.next_try is None for state in reader.states[seen:]) == 1
    check(reader, at, since, figure)
    figure("promise 10: asked to wait for 900 s, {:.0f} requests by 50 keys, 50 writes and an open lid", 0.0)


# -- who answers

PORTALS = {
    "a page": Answer(200, PAGE),
    "a page that says it is JSON": Answer(200, PAGE, (("Content-Type", "application/json"),)),
    "a page that forbids": Answer(403, PAGE),
    "a redirect": Answer(302, b"", (("Location", "http://192.0.2.1/login"),)),
    "a redirect at home": Answer(307, b"", (("Location", "/login"),)),
    "511": Answer(511, PAGE),
}


def test_a_captive_portal_is_named_until_one_is_through(
    at: Any, start_reader: Callable[..., Reader], figure: Callable[..., None]
) -> None:
    reader = start_reader(at.proxy.url)
    reader.wait_live()
    for answer in PORTALS.values():
        since, seen = head_of(at), len(reader.states)
        at.proxy.decide = lambda call, rng, answer=answer: answer
        at.proxy.reset()
        state = reader.wait_state(lambda state: state.why == PORTAL, "the portal in words", seen)
        assert state.detail.startswith("This network wants you to sign in: open a browser; next try at ")
        at.write(2)
        at.proxy.decide = lambda call, rng: PASS
        seen = len(reader.states)
        reader.network.reconnect()
        reader.wait_live(seen)
        assert reader.network.state.why == ""
        check(reader, at, since, figure)


def test_an_answer_of_something_before_the_server(
    at: Any, start_reader: Callable[..., Reader], figure: Callable[..., None]
) -> None:
    reader = start_reader(at.proxy.url)
    reader.wait_live()
    for status in (500, 502, 503, 504, 429, 404):
        since, seen = head_of(at), len(reader.states)
        answer = Answer(status, b"{}", (("Content-Type", "application/json"),))
        at.proxy.decide = lambda call, rng, answer=answer: answer
        at.proxy.reset()
        at.write(2)
        reader.wait_state(lambda state: state.link is Link.OFFLINE and bool(state.why), "offline, and why", seen)
        seen = len(reader.states)
        at.proxy.decide = lambda call, rng: PASS
        reader.wait_live(seen)
        check(reader, at, since, figure)


# -- what a stream may bring

NONSENSE, ENDED = "the server's answer cannot be used", "the server ended the stream"
MISSING, SILENT = "changes are missing", "no answer for 2 s"


def item(change: dict[str, Any]) -> bytes:
    return f"id: {change['seq']}-{change['mark']}\ndata: {json.dumps(change)}".encode()


def brought(
    old: bytes, head: bytes, first: bytes, second: bytes, third: bytes, last: bytes
) -> dict[str, tuple[Raw, str]]:
    """Streams by what is wrong with them, and what is said when they are over."""
    return {
        "bad JSON": (sse(head, first, b'data: {"seq":', second, third, last), NONSENSE),
        "bad UTF-8": (sse(head, first, b'data: {"\xff\xfe":\xed\xa0\x80}', second), NONSENSE),
        "wrong types": (sse(head, first, b'data: {"seq":"x","mark":7,"type":[],"data":null}'), NONSENSE),
        "deep JSON": (sse(head, first, b"data: " + b"[" * 500_000), NONSENSE),
        "too big": (sse(head, first, b"data: " + b"y" * (2 << 20)), NONSENSE),
        "an unknown event": (sse(head, b"event: new\ndata: {", first, b"any: x", second, third, last), ENDED),
        "doubled": (sse(old, first, first, second, first, second, third, last, last, close=False), SILENT),
        "in disorder": (sse(head, first, third, second, last), ""),  # fetched at once, since one was behind
        "a gap": (sse(head, first, third, last), ""),
        "in disorder, while live": (sse(old, first, third, second, last, close=False), MISSING),
        "a gap, while live": (sse(old, first, third, last, close=False), MISSING),
        "a gap at the end": (sse(old, first, second, head, head, close=False), MISSING),
        "resync": (sse(head, first, b"event: resync\ndata: " + head.split()[-1]), ""),
        "half an event": (sse(head, first, end=second[:30]), ENDED),
        "a head of long ago": (sse(b": head 1-aaaa"), ""),
        "an end at once": (sse(), ""),
    }


def test_whatever_a_stream_brings(at: Any, start_reader: Callable[..., Reader], figure: Callable[..., None]) -> None:
    reader = start_reader(at.proxy.url)
    reader.wait_live()
    kinds = list(brought(b"", b": head 1-aaaa", *[b""] * 4))
    for n, kind in enumerate(kinds, 1):
        since, seen = head_of(at), len(reader.states)
        at.proxy.freeze()
        at.write(4)
        log = at.changes()
        old, head = (f": head {one['seq']}-{one['mark']}".encode() for one in (log[since - 1], log[-1]))
        stream, why = brought(old, head, *map(item, log[since:]))[kind]
        at.proxy.decide = streams_once(stream)
        at.proxy.reset()
        at.proxy.thaw()
        reader.wait(lambda n=n: at.proxy.count(Raw) == n, kind)
        if why:
            told = lambda state: bool(state.why) and "broke off" not in state.why and "lost" not in state.why  # noqa: E731
            assert reader.wait_state(told, kind, seen).why == why, kind
        at.write(2)
        check(reader, at, since, figure)
        reader.wait(lambda: reader.network.state.link is Link.LIVE, kind)
    figure("promise 10: {:.0f} kinds of broken streams healed", len(kinds))


def test_retry_zero_makes_no_hot_loop_and_a_huge_one_no_long_wait(
    at: Any, start_reader: Callable[..., Reader], figure: Callable[..., None]
) -> None:
    """`sse-retry0` and `sse-retry` of the corpus: between 1 s and 120 s."""
    reader = start_reader(at.proxy.url)
    reader.wait_live()
    since, seen = head_of(at), len(reader.states)
    answers = [sse(b"retry: 0", b": x"), sse(b"retry: 99999999999999", b": x")]
    at.proxy.decide = lambda call, rng: answers.pop(0) if call.streams and answers else PASS
    at.proxy.reset()
    at.write(2)
    state = reader.wait_state(
        lambda state: state.next_try is not None and (state.next_try - datetime.now(UTC)).total_seconds() > 60,
        "the wait that the stream asked for",
        seen,
    )
    assert state.next_try is not None
    assert (state.next_try - datetime.now(UTC)).total_seconds() <= 120
    # How long the server does not want to be asked for a stream: no write and no key shortens it.
    assert state.not_before is not None
    asked, seen = at.streams(), len(reader.states)
    assert "left alone" in reader.network.reconnect()
    reader.network.wake()
    reader.asleep += 60.0
    reader.wait_asleep(60.0)
    assert (at.streams(), len(reader.states)) == (asked, seen)
    reader.asleep += 60.0
    reader.wait_live(seen)
    check(reader, at, since, figure)


# -- how long is waited


def test_a_link_in_the_place_of_what_was_asked_for_stops_nothing(
    at: Any, new_home: Callable[..., Any], tmp_path: Path
) -> None:
    environ = new_home().login(at.server.url, "ana").environment()
    home = paths.Home.from_env(environ)
    reader = Reader(registry.find(home, None), home, SHORT, environ)
    theirs = tmp_path / "theirs"
    theirs.write_text("2026-01-01T00:00:00Z")
    (reader.jam.folder / "retry-after").symlink_to(theirs)
    reader.network.start()
    try:
        reader.wait_live()
        assert reader.reports == []
        assert theirs.exists()
    finally:
        reader.network.stop()


async def test_what_is_written_does_not_shorten_a_wait_that_the_server_asked_for(
    at: Any, new_home: Callable[..., Any]
) -> None:
    environ = new_home().login(at.server.url, "ana").environment()
    home = paths.Home.from_env(environ)
    one = Reader(registry.find(home, None), home, SHORT, environ).network
    for asked, ended in ((900.0, False), (0.0, True)):
        for event in (one._woken, one._at_once):  # something was put into the outbox; a person wants it
            pause = asyncio.create_task(one._pause(900.0, 0.0, None, asked=asked))
            event.set()
            for _ in range(20):
                await asyncio.sleep(0)
            assert pause.done() is ended
            event.clear()
            pause.cancel()


def test_an_error_of_our_own_is_told_written_down_once_and_tried_again(
    at: Any, start_reader: Callable[..., Reader], monkeypatch: pytest.MonkeyPatch, figure: Callable[..., None]
) -> None:
    left = [1, 2]

    async def broken(_: Any) -> None:
        if left:
            left.pop()
            raise ZeroDivisionError("canary: what ana wrote")

    monkeypatch.setattr("jamtui.sync.engine.Engine.fetch_votes", broken)
    reader = start_reader(at.server.url)
    state = reader.wait_state(lambda state: bool(state.why), "the error in words")
    assert "ZeroDivisionError" in state.detail
    assert "report: REPORT" in state.detail
    assert "canary" not in state.detail
    reader.wait_live()
    assert [type(error) for error in reader.reports] == [ZeroDivisionError]
