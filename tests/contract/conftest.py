"""A real server on a loopback socket, for every test of the wire.

`start_server` starts one in a thread of its own (fast, with settings of the test's choice), and ends it with the test;
`jam` is one that is ready to use: a forum, three people, a client for each and one for guests.
"""

from __future__ import annotations

import asyncio
import contextlib
import functools
import random
import threading
import uuid
from collections.abc import Callable, Iterator, Sequence
from datetime import timedelta
from pathlib import Path
from typing import Any

import httpx
import pytest

from jamserver import accounts, objects
from jamserver.app import Settings, random_id, serve, system_clock
from jamserver.db import prepare
from jamserver.log import Tx
from jamserver.writer import write_once

DATA = Path(__file__).parent.parent / "data"
REAL_JAM = DATA / "real-jam" / "open-conversations.jsonl"
Json = dict[str, Any]


class Server:
    """A server in its own thread. ``url`` is its address, ``db`` its file."""

    def __init__(
        self,
        db: Path,
        settings: Settings,
        clock: Callable[[], Any] = system_clock,
        seconds: Callable[[], float] | None = None,
        proxies: Sequence[str] = (),
    ) -> None:
        self.db = db
        self.url = ""
        self._settings = settings
        self._clock = clock
        self._seconds = seconds
        self._proxies = proxies
        self._ready = threading.Event()
        self._error: BaseException | None = None
        self._thread = threading.Thread(target=self._run, daemon=True)
        self._thread.start()
        if not self._ready.wait(30) or self._error:
            raise self._error or TimeoutError("the server did not start")

    def _run(self) -> None:
        try:
            asyncio.run(self._serve())
        except BaseException as error:  # noqa: BLE001  raised again in the test's thread
            self._error = error
            self._ready.set()

    async def _serve(self) -> None:
        self._loop = asyncio.get_running_loop()
        self._task = asyncio.current_task()
        with contextlib.suppress(asyncio.CancelledError):
            await serve(
                self.db,
                on_ready=self._on_ready,
                settings=self._settings,
                clock=self._clock,
                seconds=self._seconds,
                proxies=self._proxies,
            )

    def _on_ready(self, url: str) -> None:
        self.url = url
        self._ready.set()

    def stop(self) -> None:
        """Ends it as SIGTERM would, and waits."""
        if self._thread.is_alive():
            assert self._task is not None
            self._loop.call_soon_threadsafe(self._task.cancel)
            self._thread.join(30)
        assert not self._thread.is_alive()

    def write(self, job: Callable[[Tx], Any]) -> Any:
        """A write as another process would do it."""
        return write_on(self.db, job)


def write_on(db: Path, job: Callable[[Tx], Any]) -> Any:
    return write_once(db, system_clock(), random.SystemRandom(), job)


class JamFixture:
    """A server with one forum; ``ada`` and ``bob`` take part, ``mod`` moderates, ``guest`` reads."""

    def __init__(self, server: Server, clients: dict[str, httpx.Client], forum: Json) -> None:
        self.server = server
        self.url = server.url
        self.forum = forum
        self.ada = clients["ada"]
        self.bob = clients["bob"]
        self.mod = clients["mod"]
        self.guest = clients["guest"]

    @functools.cached_property
    def host(self) -> httpx.Client:
        """Somebody who hosts, made when a test asks for one."""
        return api(self.url, self.server.write(make_host))

    def close(self) -> None:
        if "host" in self.__dict__:
            self.host.close()

    def thread(self, by: httpx.Client | None = None, **fields: Any) -> Json:
        """A new thread; its post."""
        content = {"forum_id": self.forum["id"], "title": "A title", "body": "A body"} | fields
        answer = (by or self.ada).put(f"/posts/{uuid.uuid4()}", json=content)
        assert answer.status_code == 201, answer.text
        return dict(answer.json())

    def reply(self, parent: Json, by: httpx.Client | None = None, **fields: Any) -> Json:
        """A reply; its post."""
        content = {"parent_id": parent["id"], "body": "An answer"} | fields
        answer = (by or self.bob).put(f"/posts/{uuid.uuid4()}", json=content)
        assert answer.status_code == 201, answer.text
        return dict(answer.json())

    def changes(self, after: str = "0-0") -> list[Json]:
        """The whole change log after a cursor."""
        items: list[Json] = []
        while True:
            page = self.guest.get("/changes", params={"after": after}).raise_for_status().json()
            if not page["items"]:
                return items
            items += page["items"]
            after = f"{items[-1]['seq']}-{items[-1]['mark']}"

    def head(self) -> str:
        return str(self.guest.get("/changes", params={"limit": 1}).json()["head"])


def make_host(tx: Tx) -> str:
    """A token of somebody who hosts."""
    person = objects.add_person(tx, random_id(tx.rng), "host", name="Host", role="host")
    return accounts.long_token(tx, person, timedelta(days=1))


def make_people(tx: Tx) -> dict[str, str]:
    """ada, bob (participants) and mod (moderator); a token for each."""
    tokens = {}
    for handle, role in (("ada", "participant"), ("bob", "participant"), ("mod", "moderator")):
        person = objects.add_person(tx, random_id(tx.rng), handle, name=handle.title(), role=role)
        tokens[handle] = accounts.long_token(tx, person, timedelta(days=1))
    return tokens


@pytest.fixture
def start_server(tmp_path: Path) -> Iterator[Callable[..., Server]]:
    """A function that starts a server: on a file (a new one by default), with `Settings` by name."""
    started: list[Server] = []

    def start(
        db: Path | None = None,
        *,
        clock: Callable[[], Any] = system_clock,
        seconds: Callable[[], float] | None = None,
        proxies: Sequence[str] = (),
        **settings: Any,
    ) -> Server:
        server = Server(db or tmp_path / "jam.sqlite", Settings(**settings), clock, seconds, proxies)
        started.append(server)
        return server

    yield start
    for server in started:
        server.stop()


@pytest.fixture
def start_jam(start_server: Callable[..., Server], tmp_path: Path) -> Iterator[Callable[..., JamFixture]]:
    """A function that starts a `JamFixture`; takes what `start_server` takes."""
    with contextlib.ExitStack() as stack:

        def start(db: Path | None = None, **settings: Any) -> JamFixture:
            path = db or tmp_path / "jam.sqlite"
            prepare(path)
            write_on(path, lambda tx: objects.found_jam(tx, random_id(tx.rng)))
            tokens = write_on(path, make_people)
            raw = write_on(path, lambda tx: objects.add_forum(tx, random_id(tx.rng), "ideas", "Ideas", "Which?"))
            server = start_server(path, **settings)
            clients = {
                handle: stack.enter_context(api(server.url, token))
                for handle, token in (*tokens.items(), ("guest", None))
            }
            fixture = JamFixture(server, clients, objects.decode(raw))
            stack.callback(fixture.close)
            return fixture

        yield start


@pytest.fixture
def jam(start_jam: Callable[..., JamFixture]) -> JamFixture:
    """A Jam that is open, with one forum; votes are written at once."""
    return start_jam(vote_join=0.0)


def api(url: str, token: str | None = None) -> httpx.Client:
    """A client of the API, signed in with a token or as a guest."""
    headers = {"Authorization": f"Bearer {token}"} if token else {}
    # verify: nothing here is https, and reading the certificates takes longer than most tests
    return httpx.Client(base_url=f"{url}/api/v1", headers=headers, timeout=30, verify=False, trust_env=False)


@pytest.fixture(scope="session")
def real_jam() -> Path:
    """An archive of a real Jam: 606 people, 6 forums, 1,303 posts."""
    return REAL_JAM


@pytest.fixture
def client() -> Iterator[Callable[..., httpx.Client]]:
    """A function that makes a client for an address and a token."""
    with contextlib.ExitStack() as stack:
        yield lambda url, token=None: stack.enter_context(api(url, token))


def fold(items: list[Json]) -> dict[tuple[str, str], Json]:
    """What a mirror knows after these changes: (type, id) to object."""
    found: dict[tuple[str, str], Json] = {}
    for item in items:
        data = item["data"]
        if item["type"] == "votes":
            post = found["post", data["post_id"]]
            post["votes"] = {**post.get("votes", {}), "up": data["up"]}
        else:
            found[item["type"], data["id"]] = data
    return found


@pytest.fixture(name="fold")
def fold_fixture() -> Callable[[list[Json]], dict[tuple[str, str], Json]]:
    """The fold that every mirror does."""
    return fold
