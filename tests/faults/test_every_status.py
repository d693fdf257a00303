"""Every status code there is, answered once to each call: a clear error, no crash, nothing lost, nothing twice."""

from __future__ import annotations

import asyncio
import contextlib
import json
import random
from collections.abc import Awaitable, Callable
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from proxy import PASS, Answer, Call, Fault
from raw_server import RawServer, always, response

from api_client import errors
from api_client.client import JamClient
from api_client.tokens import FixedToken
from jamtui.errors import JamError
from jamtui.model import Draft, DraftKind, SendState
from jamtui.paths import Home
from jamtui.session import open_session
from jamtui.store import registry
from jamtui.sync import backoff
from jamtui.sync.once import once
from jamtui.sync.sign_in import client_for

FORUM = "00000000-0000-4000-8000-0000000000f0"
STATUSES = range(100, 600)
BODIES: dict[str, tuple[str, bytes]] = {
    "problem": ("application/problem+json", b'{"title":"No","status":418,"code":"of_tomorrow","detail":"\\u001b[2J"}'),
    "JSON": ("application/json", b"{}"),
    "page": ("text/html", b"<html><body>Login to WiFi</body></html>"),
    "nothing": ("text/plain", b""),
}


async def events(client: JamClient) -> None:
    async with contextlib.aclosing(client.stream("0-0")) as stream:
        async for _ in stream:
            pass


async def snapshot(client: JamClient) -> None:
    async with client.snapshot() as lines:
        async for _ in lines:
            pass


Use = Callable[[JamClient], Awaitable[object]]
CALLS: dict[str, Use] = {
    "discovery": lambda client: client.discovery(),
    "changes": lambda client: client.changes(),
    "me": lambda client: client.me(),
    "my votes": lambda client: client.my_votes(),
    "forums": lambda client: client.forums(),
    "posts": lambda client: client.posts(),
    "create": lambda client: client.put_post("p", body="x"),
    "edit": lambda client: client.edit_post("p", 1, "k", body="x"),
    "delete": lambda client: client.delete_post("p", 1, "k"),
    "tag": lambda client: client.put_tag("p", "x"),
    "vote": lambda client: client.put_vote("p"),
    "announce": lambda client: client.announce("a", "x"),
    "password": lambda client: client.password("ana", "x"),
    "refresh": lambda client: client.refresh("x"),
    "revoke": lambda client: client.revoke("x"),
    "snapshot": snapshot,
    "stream": events,
}


async def test_every_status_to_every_call(figure: Callable[[str], None], many: Callable[[str, int], int]) -> None:
    bodies = list(BODIES.values())
    every = many("STATUSES", 30) >= len(STATUSES)
    answers = 0
    async with (
        RawServer(always(b"")).running() as server,
        JamClient(server.origin, tokens=FixedToken("t")) as client,
    ):
        for status in STATUSES:
            # In the short form each has one of the bodies, and a third of the calls.
            calls = list(CALLS.items()) if every else list(CALLS.items())[status % 3 :: 3]
            for kind, body in bodies if every else [bodies[status % len(bodies)]]:
                bare = status < 200 or status in (204, 304)
                answer = response(b"" if bare else body, f"{status} What", kind, length=not bare)
                server.handler = always(answer, close=bare)
                for name, use in calls:
                    error = await ended(use, client)
                    answers += 1
                    if error is None:
                        assert (name, status // 100) in FINE, f"{status} to {name} worked"
                        continue
                    assert error.title, f"{status} to {name}"
                    assert error.brief, f"{status} to {name}"
                    assert "\x1b" not in f"{error}{error.detail}"
    figure(f"promise 11: {answers:,} answers of 500 status codes to {len(CALLS)} calls, 0 crashes")


# What may work though the body is nothing: a sign-out needs no answer's body, and an empty stream is one.
FINE = {("revoke", 2), ("stream", 2)}


async def ended(use: Use, client: JamClient) -> errors.ApiError | None:
    """The clear error that a call ends with; None when it worked. Anything else is a crash."""
    try:
        async with asyncio.timeout(30):
            await use(client)
    except errors.ApiError as error:
        return error
    return None


@pytest.mark.parametrize("half", [0, 1])  # the server takes 300 writes of a person in five minutes
def test_nothing_is_lost_whatever_status_is_answered_once(
    half: int,
    new_server: Callable[..., Any],
    new_proxy: Callable[..., Any],
    new_home: Callable[..., Any],
    figure: Callable[[str], None],
    many: Callable[[str, int], int],
) -> None:
    """A whole sync with something to send, each of its calls answered once with the status, until all went through."""
    server = new_server()
    proxy = new_proxy(server)
    environ = new_home().login(proxy.url, "ana").environment()
    home = Home.from_env(environ)
    jam = registry.find(home, None)
    clock = [datetime.now(UTC)]
    session = open_session(home, jam, clock=lambda: clock[0], rng=random.Random(1), environ=environ)
    asyncio.run(sync(home, jam, environ, clock))
    statuses = sorted(random.Random(4).sample(STATUSES, min(len(STATUSES), many("STATUSES", 30))))[half::2]
    written: list[str] = []
    for n, status in enumerate(statuses):
        kind, body = list(BODIES.values())[n % len(BODIES)]
        if status < 200 or status in (204, 304):
            body = b""
        clock[0] = datetime.now(UTC)
        hit: set[tuple[str, str]] = set()

        def decide(call: Call, _: random.Random, status: int = status, kind: str = kind, body: bytes = body) -> Fault:
            what = (call.method, call.path.partition("?")[0].rsplit("/", 1)[0])
            if what in hit:  # noqa: B023 - used up before the next status
                return PASS
            hit.add(what)  # noqa: B023
            return Answer(status, body, (("Content-Type", kind),))

        proxy.decide = decide
        title = f"Written while {status} was answered"
        session.send(Draft(DraftKind.THREAD, "ideas", title, "once", tags=("one",)))
        written.append(title)
        for _ in range(20):
            clock[0] += timedelta(seconds=backoff.LONGEST + 1)
            asyncio.run(sync(home, jam, environ, clock))
            rows = session.outbox()
            for row in rows:
                # A refusal may only come from the Jam itself; then the text is kept, and a person tries again.
                assert row.state is not SendState.REFUSED or kind == BODIES["problem"][0], (status, row.reason)
                if row.state is SendState.REFUSED:
                    session.retry(row.id)
            if not rows:
                break
        assert session.outbox() == [], status
        assert len(hit) >= 2, f"{status}: only {hit}"
    proxy.decide = lambda call, rng: PASS
    asyncio.run(sync(home, jam, environ, clock))
    there = [data["title"] for type_, data in server.exported() if type_ == "post" and data["title"] in set(written)]
    mirrored = [json.loads(raw).get("title") for type_, raw in session.export() if type_ == "post"]
    session.close()
    lost = set(written) - set(there)
    doubled = len(there) - len(set(there))
    codes = f"{len(statuses)} status codes, each once to each call of a sync"
    figure(f"promise 11: {codes}: {len(lost)} lost, {doubled} doubled")
    assert (lost, doubled) == (set(), 0)
    assert sorted(there) == sorted(title for title in mirrored if title in set(written))


async def sync(home: Home, jam: registry.KnownJam, environ: dict[str, str], clock: list[datetime]) -> None:
    with contextlib.suppress(JamError):
        async with client_for(home, jam, environ) as client:
            await once(jam, client, now=lambda: clock[0], rng=random.Random(1), progress=lambda _done, _all: None)


@pytest.mark.parametrize("code", sorted(errors._WORDS))
async def test_every_code_of_the_wire_has_words_and_keeps_what_was_written(code: str) -> None:
    error = errors.from_answer(
        422, b'{"code":"%s"}' % code.encode(), retry_after=None, web_page=False, now=datetime.now(UTC), server="x"
    )
    assert error.title
    assert error.hint
    assert error.brief
