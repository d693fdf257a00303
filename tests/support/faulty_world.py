"""A server in its own process, a faulty network, two homes with three programs: the world of test_model.py.

`Base` is made once for a run; `World(base, folder, seed)` is one story. ana has two programs on one mirror, bob has
one; carl and mod, and ana on another machine, write to the server directly.
"""

from __future__ import annotations

import asyncio
import contextlib
import json
import random
import shutil
import threading
import time
import uuid
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from typing import Any

import apsw
import httpx
from driven_client import Client, Machine
from forked_servers import Servers
from jam_model import HomeState, Ledger, Server, held
from proxy import PASS, Answer, Call, Cut, Decide, DropAnswer, DropRequest, Fault, Proxy, Stall, lottery

from jamserver import accounts, objects, posts
from jamserver.app import random_id, system_clock
from jamserver.db import prepare
from jamserver.log import Tx
from jamserver.posts import Actor
from jamserver.wire import NewPost
from jamserver.writer import write_once
from jamtui.archive import rfc3339
from jamtui.credentials import FileStore, Secret
from jamtui.model import Link
from jamtui.paths import Home
from jamtui.store import mirror, registry

LIMIT = 60.0  # seconds after which what was waited for is taken for lost
LONGEST = 900.0 + 300.0  # seconds of the machine's time in which all is sent: the longest Retry-After, and some tries
PEOPLE = ("ana", "bob", "carl", "mod")
HOMES = ("ana", "bob")
_JSON = (("Content-Type", "application/json"),)
_TEXT = (("Content-Type", "text/plain"),)


def _later(status: int, seconds: int) -> Answer:
    return Answer(status, b"", (("Retry-After", str(seconds)), *_TEXT))


PAGE = b"<!doctype html><title>Wi-Fi</title>Please sign in"
WEATHER: dict[str, Decide] = {
    "fair": lambda _call, _rng: PASS,
    "answers lost": lottery({DropAnswer(): 1 / 3}),
    "storm": lottery({
        DropAnswer(): 0.1, DropRequest(): 0.08, Cut(40): 0.05, Cut(400): 0.05, Stall(): 0.03, Stall(120): 0.03,
        _later(503, 2): 0.03, _later(429, 5): 0.03, Answer(500): 0.03, Answer(502, PAGE): 0.03, Answer(200, PAGE): 0.03,
        Answer(200, b"{", _JSON): 0.03, Answer(404, b"not here", _TEXT): 0.02, Answer(403, b"no", _TEXT): 0.02,
    }),
    "busy": lottery({_later(429, 600): 0.3, _later(503, 30): 0.3}),
    "portal": lottery({Answer(200, PAGE): 0.5, Answer(403, PAGE): 0.2, Answer(404, PAGE): 0.2}),
    "offline": lottery({DropRequest(): 1.0}),
    "deaf": lottery({Stall(): 1.0}),
}  # fmt: skip


class Weather(Proxy):
    """The proxy, which also knows whether a call is under way that somebody waits for."""

    def __post_init__(self) -> None:
        super().__post_init__()
        self.weather = WEATHER["fair"]
        self._calls: dict[asyncio.Task[Any], str] = {}  # that somebody waits for; not streams, nor what is not answered
        self.decide = self._decided

    def _decided(self, call: Call, rng: random.Random) -> Fault:
        fault = self.weather(call, rng)
        task = asyncio.current_task()
        if task is not None and not (call.streams or isinstance(fault, Stall)):
            self._calls[task] = f"{call.method} {call.path}: {fault}"
            task.add_done_callback(self._calls.pop)
        return fault

    @property
    def busy(self) -> list[str]:
        """The calls under way."""
        return list(self._calls.values()) if self._moving.is_set() else []


class Base:
    """What is made once: the process that forks servers, the proxy, a file with people and a few threads."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.servers = Servers()
        self.proxy = Weather(0).__enter__()
        self.db = folder / "template.sqlite"
        self.people: dict[str, str] = {}
        self.tokens: dict[str, str] = {}
        self.forums: list[str] = []
        self.posts: list[str] = []
        self.steps = 0
        self.stories = 0
        self.kinds: dict[str, int] = {}
        self.outcomes: Counter[str] = Counter()
        prepare(self.db)
        write_once(self.db, system_clock(), random.SystemRandom(), self._fill)

    def _fill(self, tx: Tx) -> None:
        objects.found_jam(tx, random_id(tx.rng))
        days = timedelta(days=60)
        objects.change_jam(tx, {"opens_at": rfc3339(tx.now - days), "closes_at": rfc3339(tx.now + days)})
        for handle in PEOPLE:
            role = "moderator" if handle == "mod" else "participant"
            self.people[handle] = objects.add_person(tx, random_id(tx.rng), handle, name=handle.title(), role=role)
            self.tokens[handle] = accounts.long_token(tx, self.people[handle], timedelta(days=30))
        for slug in ("ideas", "plans"):
            raw = objects.add_forum(tx, random_id(tx.rng), slug, slug.title(), "Which?")
            self.forums.append(str(objects.decode(raw)["id"]))
        who = {handle: Actor(self.people[handle], "participant") for handle in PEOPLE}
        for forum in self.forums:
            thread, first, second = (str(uuid.uuid4()) for _ in range(3))
            posts.create(
                tx, who["carl"], thread, NewPost(body="What is there to do?", forum_id=forum, title="A question")
            )
            posts.create(tx, who["ana"], first, NewPost(body="This, for one.", parent_id=thread))
            posts.create(tx, who["bob"], second, NewPost(body="Or that.", parent_id=first))
            self.posts += [thread, first, second]

    def close(self) -> None:
        self.proxy.__exit__(None, None, None)
        self.servers.__exit__(None, None, None)


@dataclass
class House:
    """A home: one machine, one mirror, one person."""

    name: str
    machine: Machine
    folders: Home
    jam: registry.KnownJam

    @property
    def account(self) -> tuple[FileStore, str]:
        return FileStore(self.folders), self.jam.account


class World:
    """One story."""

    def __init__(self, base: Base, folder: Path, seed: int = 1) -> None:
        self.base = base
        self.proxy = base.proxy
        self.db = folder / "jam.sqlite"
        self.backup = folder / "backup.sqlite"
        self.rng = random.Random(seed)
        shutil.copy(base.db, self.db)
        self.server = 0  # process id; 0: down
        self._told = threading.Condition()
        self.ledger = Ledger(ids=list(base.posts))
        self.houses = {name: self._house(name, folder) for name in HOMES}
        self.clients = [
            Client(name, house.machine, house.folders, house.jam, self.rng.randrange(1 << 30))
            for name, house in (
                ("ana 1", self.houses["ana"]), ("bob", self.houses["bob"]), ("ana 2", self.houses["ana"])
            )
        ]  # fmt: skip
        self.proxy.weather = WEATHER["fair"]
        self.proxy._rng.seed(seed)
        self.start_server()

    def _house(self, name: str, folder: Path) -> House:
        folders = Home.from_env({"JAMTUI_HOME": str(folder / name)})
        jam = registry.for_server(folders, self.proxy.url, "new-jam", "New Jam").changed(
            person_id=self.base.people[name], handle=name, name=name.title(), role="participant", store="file"
        )
        registry.remember(folders, jam)
        house = House(name, Machine(), folders, jam)
        self.ledger.drafts[name] = {}
        self.ledger.read[name] = set()
        self.sign_in(house)
        return house

    def house(self, client: Client) -> House:
        return self.houses[client.jam.entry.handle]

    # -- the server

    def write(self, job: Callable[[Tx], Any]) -> Any:
        """A write to the server's file, whether the server runs or not."""
        return write_once(self.db, system_clock(), random.SystemRandom(), job)

    def start_server(self) -> None:
        if not self.server:
            self.proxy.target, self.server = self.base.servers.start(self.db)
            self.http = httpx.Client(
                base_url=f"http://127.0.0.1:{self.proxy.target}/api/v1", trust_env=False, verify=False, timeout=LIMIT
            )

    def kill_server(self) -> None:
        if self.server:
            self.base.servers.kill(self.server)
            self.http.close()
            self.server = 0

    def ask(self, who: str, method: str, path: str, **more: Any) -> httpx.Response:
        """What somebody asks the server, past the faulty network."""
        headers = {"Authorization": f"Bearer {self.base.tokens[who]}", **more.pop("headers", {})}
        return self.http.request(method, path, headers=headers, **more)

    def make_backup(self) -> None:
        with contextlib.closing(apsw.Connection(str(self.db))) as source:
            self.backup.unlink(missing_ok=True)
            with (
                contextlib.closing(apsw.Connection(str(self.backup))) as copy,
                copy.backup("main", source, "main") as b,
            ):
                b.step()

    def restore(self) -> None:
        """The server's disk is lost; it starts again with the backup."""
        self.kill_server()
        weather, self.proxy.weather = self.proxy.weather, WEATHER["offline"]  # until it is known what was lost
        self.proxy.thaw()
        self.proxy.reset()
        lost = (Link.LIVE, Link.SYNCING)
        self.wait(lambda: not any(client.network and client.network.state.link in lost for client in self.clients))
        for name in (self.db, Path(f"{self.db}-wal"), Path(f"{self.db}-shm")):
            name.unlink(missing_ok=True)
        shutil.copy(self.backup, self.db)
        self.start_server()
        waiting = {name: self.client_of(name).session.stored().waiting for name in HOMES}
        self.ledger.restore(self.state(), {name: list(rows) for name, rows in waiting.items()}, self.base.people)
        self.proxy.weather = weather

    def posts(self) -> dict[str, Any]:
        """The posts as they are at this moment, by id."""
        return self._snapshot()[1].get("post", {})

    def _snapshot(self) -> tuple[str, dict[str, dict[str, Any]]]:
        answer = self.http.get("/snapshot").raise_for_status()
        found: dict[str, dict[str, Any]] = {}
        for line in answer.text.split("\n"):
            if line:
                record = json.loads(line)
                found.setdefault(record["type"], {})[record["data"]["id"]] = record["data"]
        return answer.headers["Jam-Cursor"], found

    def state(self) -> Server:
        """The snapshot and the log up to it, as the server tells them."""
        log: list[Any] = []
        after, (head, found) = "0-0", self._snapshot()
        while after != head:
            page = self.http.get("/changes", params={"after": after}).raise_for_status().json()
            log += page["items"]
            after = page["head"]
            if after != head:  # somebody writes
                head, found = self._snapshot()
        with contextlib.closing(apsw.Connection(str(self.db))) as db:
            votes = set(db.execute("SELECT post_id, person_id FROM votes"))
        return Server(head, found, log, votes)

    def head(self) -> str:
        with contextlib.closing(apsw.Connection(str(self.db))) as db:
            return "-".join(map(str, next(iter(db.execute("SELECT seq, mark FROM log")))))

    # -- people

    def sign_in(self, house: House) -> None:
        """As `jamtui login` does it, without the question for the password."""
        store, account = house.account
        granted = self.write(lambda tx: accounts.grant(tx, self.base.people[house.name]))
        store.save(account, Secret(granted.access, granted.refresh))

    def expire(self, name: str, *, refresh: bool) -> None:
        """The sign-in of a person is over: the access token, or all of it."""
        kinds = "('access', 'refresh')" if refresh else "('access')"
        moment = accounts.millis(system_clock()) - 1_000
        person = self.base.people[name]
        self.write(
            lambda tx: tx.db.execute(
                f"UPDATE tokens SET expires = ? WHERE person_id = ? AND kind IN {kinds} AND digest <> ?",
                (moment, person, accounts.digest(self.base.tokens[name])),
            )
        )

    def client_of(self, name: str) -> Client:
        return next(client for client in self.clients if client.jam.entry.handle == name)

    # -- quiet

    def tell(self) -> None:
        with self._told:
            self._told.notify_all()

    def wait(self, what: Callable[[], bool]) -> None:
        """Until ``what`` holds; looked at after each thing that a client tells, and now and then."""
        end = time.monotonic() + LIMIT
        while not what():
            assert time.monotonic() < end, f"never came: {[(one, one.session.status()) for one in self.clients]}"
            with self._told:
                self._told.wait(0.01)

    def settle(self) -> None:
        """The network is whole again and all programs run: returns when nothing is left to do.

        Time passes as long as something waits for it, and nothing is under way.
        """
        self.start_server()
        self.proxy.weather = WEATHER["fair"]
        self.proxy.thaw()
        for client in self.clients:
            client.start(self.tell)
        passed = {house.name: house.machine.passed for house in self.houses.values()}
        end = time.monotonic() + LIMIT
        while loud := [house for house in self.houses.values() if not self.quiet(house)]:
            for house in loud:
                self._nudge(house)
                late = house.machine.passed - passed[house.name]
                if late > LONGEST or time.monotonic() > end:
                    raise AssertionError(self._unsettled(house, late))
            with self._told:
                self._told.wait(0.01)
            if not self.proxy.busy:
                for house in loud:
                    house.machine.advance(self._step(house))

    def _step(self, house: House) -> float:
        """Seconds to let pass: many while all that happens is waiting, few while something may be under way."""
        states = [client.network.state for client in house.machine.clients if client.network is not None]
        if any("next try" in state.detail for state in states):
            return 5.0
        if any(state.link is Link.LIVE for state in states):
            rows = house.machine.clients[0].session.stored().waiting
            due = [row.next_try for row in rows if row.state == "queued" and row.next_try is not None]
            return max([0.5, *((moment - house.machine.now()).total_seconds() for moment in due[:1])])
        return 0.5

    def _nudge(self, house: House) -> None:
        for client in house.machine.clients:
            assert client.network is not None
            if client.network.failure is not None:
                raise AssertionError(f"an error of our own in the network of {client}") from client.network.failure
            if client.network.state.link is Link.SIGNED_OUT:
                self.sign_in(house)
                client.session.reconnect()

    def _unsettled(self, house: House, late: float) -> str:
        lines = [f"{house.name} is not quiet after {late:.0f} s; the server is at {self.head()}"]
        lines += [f"  under way: {what}" for what in self.proxy.busy]
        lines += [f"  {one}: {one.session.status()}, at {self._cursor(house)}" for one in house.machine.clients]
        lines += [f"  {row}" for row in house.machine.clients[0].session.stored().waiting]
        return "\n".join(lines)

    def _cursor(self, house: House) -> str:
        with contextlib.closing(apsw.Connection(str(house.jam.mirror))) as db:
            return mirror.Mirror(db).cursor

    def quiet(self, house: House) -> bool:
        """Whether all that is written was sent, and all that the server has is here."""
        links = sorted(client.network.state.link for client in house.machine.clients if client.network is not None)
        if links != sorted([Link.LIVE, *[Link.READER] * (len(house.machine.clients) - 1)]):
            return False
        rows = house.machine.clients[0].session.stored().waiting
        waits = held(rows)
        if any(row.state == "sent" or (row.state == "queued" and row.id not in waits) for row in rows):
            return False
        return self._cursor(house) == self.head()

    def moments(self, number: int) -> None:
        """Lets programs and server go on, a second after the other, for at most so many."""
        for _ in range(number):
            with self._told:
                self._told.wait(0.01)
            if not self.proxy.busy:
                for house in self.houses.values():
                    house.machine.advance(1.0)

    def count(self) -> None:
        """What became of what was written in this story."""
        server = self.state()
        rows = {row.id: row for name in HOMES for row in self.client_of(name).session.stored().waiting}
        for text in self.ledger.texts:
            what = "edit" if text.edit else "post"
            row = rows.get(text.row_id)
            if row is not None:
                what += f" {row.code or 'held'}"
            elif text.dropped:
                what += " taken back, had arrived" if text.post_id in server.posts and not text.edit else " taken back"
            elif text.lost:
                what += " lost with the disk"
            else:
                what += " confirmed"
            self.base.outcomes[what] += 1

    def check(self) -> None:
        """All is quiet: is all as it must be?"""
        server = self.state()
        for client in self.clients:
            house = self.house(client)
            self.ledger.check(server, {**self._states(), house.name: self._state(house, client)})
            self._search(client, server)

    def _states(self) -> dict[str, HomeState]:
        return {name: self._state(house, self.client_of(name)) for name, house in self.houses.items()}

    def _state(self, house: House, client: Client) -> HomeState:
        session = client.session
        found: dict[str, list[Any]] = {}
        with contextlib.closing(apsw.Connection(str(house.jam.mirror))) as db:
            for kind, raw in mirror.objects(db):
                found.setdefault(kind, []).append(json.loads(raw))
            up = dict(db.execute("SELECT id, up FROM posts"))
        threads = {one["thread_id"] for one in found.get("post", [])}
        orders = {one: session.thread_index(one) for one in threads}
        rows = [row for order in orders.values() for row in session.posts([key for key in order.keys if key > 0])]
        for order in orders.values():
            assert order.unread == {row.key for row in session.posts(order.keys) if row.unread}
        return HomeState(
            self.base.people[house.name],
            list(session.stored().waiting),
            {(one.kind.value, one.target): (one.title, one.body) for one in session.drafts()},
            found,
            up,
            {row.id: (row.unread, row.voted, row.up, row.send or "") for row in rows},
            session.status().unread,
            {
                thread: [row.id for row in session.posts([key for key in order.keys if key > 0])]
                for thread, order in orders.items()
            },
            {
                row.id: (row.replies, row.up, row.unread)
                for row in session.threads([order.keys[0] for order in orders.values()])
            },
            {row.id: (row.threads, row.posts, row.unread) for row in session.forums()},
        )

    def _search(self, client: Client, server: Server) -> None:
        """The full text finds what is there, and nothing that was there."""
        waiting = {row.post_id for row in client.session.stored().waiting}
        for text in self.ledger.texts:
            if text.post_id not in waiting:
                hits = {hit.post.id for hit in client.session.search(text.word)} - waiting
                there = {
                    one for one, post in server.posts.items() if text.word in f"{post.get('title')} {post['body']}"
                }
                assert hits == there - waiting, f"{client} finds {text.word} in {hits}, it stands in {there}"

    def close(self) -> None:
        self.proxy.thaw()
        for client in self.clients:
            client.close()
        self.kill_server()
        self.proxy.reset()

    @contextlib.contextmanager
    def erased(self) -> Iterator[None]:
        """After the programs have ended, nothing of what was removed is left in the mirrors' files."""
        server = self.state()
        gone = [one for one in self.ledger.texts if server.posts.get(one.post_id, {}).get("state")]
        yield
        for house in self.houses.values():
            for part in house.jam.folder.glob("mirror.sqlite*"):
                data = part.read_bytes()
                for text in gone:
                    assert text.body.encode() not in data, f"{part.name} of {house.name} still has {text}"
