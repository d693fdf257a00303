"""Promise 7 for acts: all that people do in a Jam besides writing, each exactly once, in its order.

One story is told to two servers: by a clear network, and through a proxy that loses answers and requests, cuts them
off, delays and doubles them, and answers for the server. Afterwards both servers have the same history of each object
(what it became, change by change), the same audit log, and the same for each person alone; and every device has the
same in its outbox: what was refused, once, with its text.

JAMTUI_ACTS says how many such networks (`make soak`: 100), JAMTUI_ACTS_SEED which is the first.
"""

from __future__ import annotations

import asyncio
import contextlib
import json
import os
import random
import re
from collections import Counter, defaultdict
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from proxy import PASS, Answer, Cut, Delay, DropAnswer, DropRequest, Proxy, Twice, lottery

from api_client import errors
from api_client.client import JamClient
from api_client.tokens import FixedToken
from api_client.transport import Bounds
from jamserver.objects import add_forum
from jamtui.model import Draft, DraftKind, Undo
from jamtui.moderating import Act
from jamtui.paths import Home
from jamtui.plain.news import News
from jamtui.session import open_session
from jamtui.store import registry
from jamtui.store.opening import prepare
from jamtui.sync import backoff
from jamtui.sync.once import once
from jamtui.sync.outbox import Sender

NETWORKS = int(os.environ.get("JAMTUI_ACTS", "1"))
FIRST = int(os.environ.get("JAMTUI_ACTS_SEED", "1"))
THREADS = [f"00000000-0000-7000-8000-0000000000{n:02x}" for n in range(8)]
REPLIES = [f"00000000-0000-7000-8000-0000000001{n:02x}" for n in range(8)]
PAGE = b"<html><body>Login to WiFi</body></html>"
_JSON = (("Content-Type", "application/json"),)
# What happens to writes; that what is read comes through any network is shown elsewhere (tests/faults/test_model.py).
STORM = lottery(
    {
        DropAnswer(): 0.14, DropRequest(): 0.04, Twice(): 0.12, Cut(40): 0.05, Cut(300): 0.05, Delay(0.01): 0.04,
        Answer(503): 0.09, Answer(429): 0.08, Answer(200, PAGE): 0.03, Answer(200, b"{", _JSON): 0.03,
    },
    lambda call: call.writes,
)  # fmt: skip


def now() -> datetime:
    return datetime.now(UTC)


class Impatient(random.Random):
    """Each wait is the shortest."""

    def random(self) -> float:
        return 0.0


@pytest.fixture(autouse=True)
def quick(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(backoff, "SHORTEST", 0.001)


class Device:
    """Somebody's jamtui without a screen. It is off line until `send` is called; then it tries until nothing waits."""

    def __init__(self, api: Any, url: str, folder: Path, name: str) -> None:
        me = api.get("/me").json()
        self.person = str(me["id"])
        self.url = url
        self.token = api.headers["Authorization"].removeprefix("Bearer ")
        home = Home.from_env({"JAMTUI_HOME": str(folder / name)})
        self.known = registry.for_server(home, url, "new-jam", "New Jam").changed(
            person_id=me["id"], handle=me["handle"], name=me["name"], role=me["role"], store="file"
        )
        registry.remember(home, self.known)
        prepare(self.known, now())
        self.session = open_session(home, self.known, clock=now, rng=random.Random(1), environ={})
        self.news = News(lambda: None)
        self.told: list[str] = []

    def send(self) -> Device:
        """Until all that waits is sent or refused, and the mirror has it."""
        asyncio.run(self._send())
        self.news._note_outbox(self.session)
        self.told += [line for line in self.news.lines() if line.startswith("Refused")]
        return self

    async def _send(self) -> None:
        store = self.session._own
        async with JamClient(self.url, tokens=FixedToken(self.token), bounds=Bounds(call_seconds=5.0)) as client:
            sender = Sender(store, client, backoff.Backoff(Impatient()), now, lambda _: None)
            for _ in range(300):
                with contextlib.suppress(errors.ApiError):  # of the way: it is tried again
                    await sender.drain()
                if all(row.state in ("sent", "refused") for row in store.outbox()):
                    break
            else:
                raise AssertionError(f"never sent: {store.outbox()}")
            await once(self.known, client, now=now, rng=Impatient(), progress=lambda done, total: None)


class Story:
    """What the people of one Jam do, each off line until they are connected."""

    def __init__(self, jam: Any, url: str, folder: Path, stack: contextlib.ExitStack) -> None:
        self.jam = jam
        self.made: list[str] = []  # ids of rows and posts, in the order in which they were made
        other = json.loads(
            jam.server.write(lambda tx: add_forum(tx, "00000000-0000-4000-8000-0000000000f9", "b", "B", ""))
        )
        self.jam_id = jam.guest.get("/jam").json()["id"]
        self.forums = [jam.forum["id"], other["id"]]
        for n, thread in enumerate(THREADS):
            body = {
                "forum_id": self.forums[0],
                "title": f"Thread {n}",
                "body": "What?",
                "tags": ["pilot"] if n == 7 else [],
            }
            jam.ada.put(f"/posts/{thread}", json=body).raise_for_status()
            jam.bob.put(f"/posts/{REPLIES[n]}", json={"parent_id": thread, "body": f"Reply {n}"}).raise_for_status()
        self.devices = {
            name: Device(getattr(jam, name), url, folder, name).send() for name in ("ada", "bob", "host", "mod")
        }
        for device in self.devices.values():
            stack.callback(device.session.close)
            device.news.begin(device.session)

    def keep(self, made: Any) -> Any:
        """Notes the id of a row, wherever it stands in what an action answers."""
        if isinstance(made, tuple):
            self.keep(made[0])
        elif isinstance(made, str) and made:
            self.made.append(made)
        elif isinstance(made, Undo) and isinstance(made.token, tuple) and len(made.token) > 1:
            self.keep(made.token[1])
        return made

    def all_send(self) -> None:
        for device in self.devices.values():
            device.send()

    def tell(self) -> None:
        keep = self.keep
        ada, bob, host, mod = (device.session for device in self.devices.values())
        send = {name: device.send for name, device in self.devices.items()}
        # ada, off line: a profile nine times, reports, links, a vote, a tag, a thread with a link, a reply.
        keep(ada.change_profile({"name": "Ada B", "about": "first"}))
        for n in range(2, 10):  # which of them is the last must not depend on the network
            keep(ada.change_profile({"about": f"version {n}", "org": "An organisation"}))
        keep(ada.report(REPLIES[0], "spam"))
        keep(ada.report(REPLIES[1], "other", "not nice"))
        keep(ada.set_kind(THREADS[0], "idea"))
        keep(ada.connect(THREADS[0], "builds_on", THREADS[1]))
        link = keep(ada.connect(THREADS[2], "answers", THREADS[3]))
        keep(ada.vote(REPLIES[2]))
        keep(ada.tag(THREADS[2], "pilot"))
        keep(ada.send(Draft(DraftKind.REPLY, REPLIES[2], body="An answer")))
        keep(ada.send(Draft(DraftKind.THREAD, self.forums[0], "An idea", "of mine", ("pilot",), thread_kind="idea",
                            links=(("builds_on", THREADS[2]),))))  # fmt: skip
        send["ada"]()
        # A host.
        send["host"]()
        keep(host.announce("Welcome, everybody"))
        keep(host.announce("And you here", self.forums[0]))
        keep(host.write_brief(self.forums[0], "Which of them?"))
        poll = keep(host.ask("Which first?", ["One", "Two", "Three"], self.forums[0]))
        keep(host.ask("Nobody answers?", ["Yes", "No"]))
        keep(host.set_idea_state(THREADS[0], "discussed"))
        keep(host.set_idea_state(THREADS[0], "refined"))
        featured = keep(host.feature(THREADS[1], "worth it"))
        keep(host.curate_tag("pilots", "what is tried"))
        keep(host.merge_tag("pilot", "pilots"))
        send["host"]()
        # Ballots that change, and what is taken back.
        send["ada"]()
        send["bob"]()
        for choice in (0, 1, 2):
            keep(ada.choose(poll, choice))
        keep(bob.choose(poll, 1))
        ada.undo(link)
        send["ada"]()
        send["bob"]()
        keep(bob.choose(poll, None))
        keep(bob.connect(THREADS[1], "objects", THREADS[0]))
        keep(bob.change_profile({"languages": "de, en"}))
        send["bob"]()
        # Written off line, before others do what makes the Jam refuse it.
        late = [
            keep(ada.send(Draft(DraftKind.REPLY, THREADS[3], body="Too late, it is locked"))),
            keep(ada.choose(poll, 0)),
        ]
        keep(bob.send(Draft(DraftKind.REPLY, THREADS[4], body="Suspended")))
        keep(bob.connect(THREADS[4], "builds_on", THREADS[0]))
        # A moderator.
        send["mod"]()
        bob_id = self.devices["bob"].person
        hidden = [keep(mod.act(Act("hide", "Advertising", REPLIES[n]))) for n in (0, 1)]
        keep(mod.act(Act("remove", "Private", REPLIES[4])))
        keep(mod.act(Act("lock", "Enough", THREADS[3])))
        keep(mod.act(Act("merge", "The same", THREADS[5], "", THREADS[6])))
        keep(mod.act(Act("move", "Elsewhere", THREADS[1], "", self.forums[1])))
        keep(mod.act(Act("warn", "Be kind", REPLIES[0], bob_id)))
        suspended = keep(mod.act(Act("suspend", "Until tomorrow", REPLIES[0], bob_id, "", now() + timedelta(days=1))))
        send["mod"]()
        keep(mod.undo_act(hidden[1]))
        send["mod"]()
        host_polls = self.devices["host"].send().session
        keep(host_polls.close_poll(poll))
        host.undo(featured)
        keep(host.unmerge_tag("pilot"))
        send["host"]()
        send["ada"]()
        send["bob"]()
        # What was refused goes out when it is taken again: the reply, but not the ballot.
        keep(mod.undo_act(suspended))
        send["mod"]()
        keep(mod.act(Act("unlock", "Calm", THREADS[3])))
        send["mod"]()
        ada.retry(late[0])
        self.all_send()
        self.all_send()

    # -- what came of it

    def known(self, text: str) -> str:
        """With names in place of what differs from server to server."""
        names = {device.person: f"<{name}>" for name, device in self.devices.items()}
        names |= {one: f"<made {n}>" for n, one in enumerate(dict.fromkeys(self.made))}
        names |= {self.forums[0]: "<forum>", self.jam_id: "<jam>"}
        for found, name in names.items():
            text = text.replace(found, name)
        return re.sub(r"\d{4}-\d\d-\d\dT[\d:.]+Z", "<time>", text)

    def history(self) -> dict[str, list[str]]:
        """What each object became, one change after the other."""
        found: defaultdict[str, list[str]] = defaultdict(list)
        for item in self.jam.changes():
            data = item["data"]
            name = self.known(f"{item['type']} {data.get('id', data.get('post_id'))}")
            found[name].append(self.known(json.dumps(data, sort_keys=True)))
        return dict(found)

    def alone(self) -> dict[str, list[str]]:
        """What only one person may see, and what their device has. What is done in two threads has no order."""
        found = {}
        for name, device in self.devices.items():
            desk = getattr(self.jam, name).get("/me/desk").json()
            for section, rows in desk.items():
                found[f"desk of {name}: {section}"] = self._each(rows if isinstance(rows, list) else [rows])
            kept = [[row.kind, row.state, row.code, row.payload.title] for row in device.session._own.outbox()]
            found[f"outbox of {name}"] = self._each(kept)
            found[f"told {name}"] = self._each(device.told)
        found["audit"] = self._each(self.jam.mod.get("/moderation").json()["items"])
        return found

    def _each(self, rows: list[Any]) -> list[str]:
        for row in rows:
            if isinstance(row, dict):
                row.pop("seq", None)
                if "kind" in row:
                    row.pop("id", None)  # of a notice: the server's own
        return sorted(self.known(json.dumps(row, sort_keys=True)) for row in rows)


def as_meant(history: dict[str, list[str]], alone: dict[str, list[str]]) -> None:
    """What the story comes to, where nothing hinders it."""
    last = {name: json.loads(changes[-1]) for name, changes in history.items()}
    ada = last["person <ada>"]
    assert (ada["name"], ada["about"], ada["org"]) == ("Ada B", "version 9", "An organisation")
    states = [json.loads(one).get("idea_state") for one in history[f"post {THREADS[0]}"]]
    assert [state for state in states if state] == ["discussed", "refined"]
    polls = {one["question"]: one for name, one in last.items() if name.startswith("poll")}
    assert [one["counts"] for one in polls.values()] == [[0, 0, 1], [0, 0]]
    assert "closed_at" in polls["Which first?"]
    links = sorted(bool(one.get("gone")) for name, one in last.items() if name.startswith("link"))
    assert links == [False, False, False, True]
    assert sum(name.startswith("announcement") for name in last) == 2
    assert last[f"post {THREADS[2]}"]["tags"] == ["pilots"]
    acts = sorted(json.loads(one)["act"] for one in alone["audit"])
    assert acts == sorted(
        ["hide", "hide", "remove", "lock", "merge", "move", "warn", "suspend", "undo", "undo", "unlock"]
    )
    assert [len(alone[f"told {name}"]) for name in ("ada", "bob", "host", "mod")] == [2, 2, 0, 0]
    refused = [json.loads(one)[:3] for name in ("ada", "bob") for one in alone[f"outbox of {name}"]]
    assert sorted(refused) == [
        ["ballot", "refused", "poll_closed"], ["connect", "refused", "suspended"], ["post", "refused", "suspended"]
    ]  # fmt: skip


@pytest.fixture
def told(start_jam: Callable[..., Any], tmp_path: Path) -> Iterator[Callable[..., Story]]:
    """``told("name", decide)``: the story, told to a server of its own through a proxy that does this."""
    with contextlib.ExitStack() as stack:

        def tell(name: str, decide: Any = lambda _call, _rng: PASS, seed: int = 1) -> tuple[Story, Proxy]:
            folder = tmp_path / name
            folder.mkdir()
            jam = start_jam(folder / "jam.sqlite", vote_join=0.0)
            proxy = stack.enter_context(Proxy(int(jam.url.rpartition(":")[2]), seed))
            story = Story(jam, proxy.url, folder, stack)
            proxy.done.clear()
            proxy.decide = decide
            story.tell()
            return story, proxy

        yield tell


def test_each_act_arrives_once_and_in_order_whatever_the_network_does(
    told: Callable[..., Any], figure: Callable[..., None]
) -> None:
    clear, _ = told("clear")
    expected, alone = clear.history(), clear.alone()
    as_meant(expected, alone)
    for seed in range(FIRST, FIRST + NETWORKS):
        story, proxy = told(f"storm {seed}", STORM, seed)
        history, theirs = story.history(), story.alone()
        wrong = {name: (expected.get(name), history.get(name)) for name in {*expected, *history}
                 if expected.get(name) != history.get(name)}  # fmt: skip
        wrong |= {name: (alone[name], theirs[name]) for name in alone if alone[name] != theirs[name]}
        writes = [(call, fault) for call, fault in proxy.done if call.writes]
        faults = Counter(type(fault).__name__ for _, fault in writes)
        figure(
            f"promise 7: {len(clear.made)} writes, {len(wrong)} of {len(expected) + len(alone)} histories differ; "
            f"{len(writes)} requests, {len(writes) - faults['Pass']} of them met a fault"
        )
        assert wrong == {}, f"seed {seed}"
