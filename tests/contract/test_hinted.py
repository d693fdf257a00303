"""What only one person may see is here when it is there: warnings, decisions, reports for moderators, another role."""

from __future__ import annotations

import contextlib
import json
import random
import threading
import uuid
from collections.abc import Callable, Iterator
from contextlib import closing
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from acts import done

from api_client.client import JamClient
from api_client.tokens import FixedToken
from jamserver import objects
from jamtui.model import Changed, Link
from jamtui.paths import Home
from jamtui.store import connection, own, registry
from jamtui.store.opening import prepare
from jamtui.sync import network
from jamtui.sync.network import Network


def now() -> datetime:
    return datetime.now(UTC)


class Live:
    """Somebody's network thread, and what it fetched of their desk."""

    def __init__(self, jam: Any, name: str, folder: Path) -> None:
        api = getattr(jam, name)
        me = api.get("/me").json()
        home = Home.from_env({"JAMTUI_HOME": str(folder / name)})
        self.known = registry.for_server(home, jam.url, "new-jam", "New Jam").changed(
            person_id=me["id"], handle=me["handle"], name=me["name"], role=me["role"], store="file"
        )
        registry.remember(home, self.known)
        prepare(self.known, now())
        self._told = threading.Condition()
        token = FixedToken(api.headers["Authorization"].removeprefix("Bearer "))
        self.network = Network(
            self.known, lambda: JamClient(jam.url, tokens=token), now=now, rng=random.Random(1), notify=self._note
        )

    def _note(self, _: Changed) -> None:
        with self._told:
            self._told.notify_all()

    def desk(self) -> dict[str, Any]:
        with closing(connection.connect(self.known.own, own.SCHEMA)) as db:
            raw, _ = own.Own(db).desk()
            return dict(json.loads(raw)) if raw else {}

    def wait(self, what: Callable[[dict[str, Any]], bool], why: str) -> None:
        with self._told:
            assert self._told.wait_for(lambda: what(self.desk()), 30), f"never came: {why}\n{self.desk()}"

    def begin(self) -> None:
        self.network.start()
        self.wait(lambda desk: self.network.state.link is Link.LIVE and bool(desk), "live, with a desk")


@pytest.fixture
def live(start_jam: Callable[..., Any], tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Any]:
    monkeypatch.setattr(network, "_DESK", 3600.0)  # nothing is looked for: what comes was told
    with contextlib.ExitStack() as stack:

        class With:
            jam = start_jam(poll=0.02)

            def __call__(self, name: str) -> Live:
                one = Live(self.jam, name, tmp_path)
                stack.callback(one.network.stop)
                one.begin()
                return one

        yield With()


def test_a_warning_and_a_decision_come_at_once_and_a_report_to_the_moderator(live: Any) -> None:
    jam, bob, mod = live.jam, live("bob"), live("mod")
    post = jam.thread()
    report = {"post_id": post["id"], "reason": "spam"}
    assert jam.bob.put(f"/reports/{uuid.uuid4()}", json=report).status_code == 201
    mod.wait(lambda desk: len(desk["queue"]) == 1, "the report")
    done(jam.mod, "hide", post)
    bob.wait(lambda desk: "acted" in [one.get("state") for one in desk.get("notices", ())], "what became of it")
    mod.wait(lambda desk: desk["queue"] == [], "the empty queue")
    done(jam.mod, "warn", person_id=bob.known.me.person_id)
    bob.wait(lambda desk: "warn" in [one["kind"] for one in desk["notices"]], "the warning")


def test_who_becomes_a_moderator_has_the_queue_at_once(live: Any) -> None:
    jam, ada = live.jam, live("ada")
    jam.server.write(lambda tx: objects.set_role(tx, ada.known.me.person_id, "moderator"))
    ada.wait(lambda desk: desk["role"] == "moderator" and "queue" in desk, "the role")
