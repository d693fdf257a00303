"""Any sequence of writing, faults, kills and lost disks, against a model: once connected, the mirror equals the server,
and every confirmed text exists once.

The server is a process of its own on a real file, the network is the proxy of this folder, the clients are sessions
with their network threads on their own homes. `JAMTUI_MODEL=200 pytest tests/faults/test_model.py` (or ``make soak``)
tells 200 stories of up to 60 steps; without it, a few short ones, always the same. JAMTUI_MODEL_SEED begins elsewhere.
"""

from __future__ import annotations

import itertools
import os
import uuid
from collections.abc import Callable, Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from driven_client import Client, driven
from faulty_world import WEATHER, Base, World
from hypothesis import HealthCheck, Phase, seed, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, precondition, rule, run_state_machine_as_test
from jam_model import Text
from msgspec.structs import replace

from jamserver import objects
from jamserver.app import system_clock
from jamserver.log import Tx
from jamtui.archive import rfc3339
from jamtui.errors import JamError, UsageError
from jamtui.model import Draft, DraftKind, Undo

STORIES = int(os.environ.get("JAMTUI_MODEL", "0"))
SEED = int(os.environ.get("JAMTUI_MODEL_SEED", "2"))
STEPS = int(os.environ.get("JAMTUI_MODEL_STEPS", "60" if STORIES else "40"))
# Threads and sockets are in it, so a story told again may go another way: it is not made shorter.
TOLD = settings(
    max_examples=STORIES or 4, stateful_step_count=STEPS, deadline=None, database=None, phases=[Phase.generate],
    suppress_health_check=list(HealthCheck), print_blob=False, derandomize=False,
)  # fmt: skip

who = st.integers(0, 2)
pick = st.integers(0, 1 << 16)


def only(error: JamError, *allowed: str) -> None:
    """A refusal that has one of these codes, or these words, is as it should be."""
    if not any(one == getattr(error, "code", "") or one in error.title for one in allowed):
        raise error


class Story(RuleBasedStateMachine):
    """One story. Each rule is one thing that happens; nothing is waited for in between."""

    def __init__(self, base: Base, folder: Path) -> None:
        super().__init__()
        folder.mkdir()
        self.world = World(base, folder, base.stories)
        base.stories += 1
        self.ledger = self.world.ledger
        self.undo: tuple[Client, Undo, Callable[[], None]] | None = None
        self.told: list[str] = []
        self.since = 0  # steps since all was held against the model
        self.world.settle()

    def tell(self, what: str) -> None:
        self.world.base.steps += 1
        name = what.partition(" ")[0]
        self.world.base.kinds[name] = self.world.base.kinds.get(name, 0) + 1
        self.told.append(what)

    def client(self, n: int) -> Client:
        return self.world.clients[n]

    def home(self, client: Client) -> str:
        return client.jam.entry.handle

    def seen(self, client: Client, n: int, want: Callable[[Any], bool] = lambda _: True) -> str | None:
        """A post that the program shows, is there and wanted; the latest are the likeliest."""
        session = client.session
        ids = [one for one in self.ledger.ids if session.key(one) is not None]
        rows = [row for row in map(session.post, ids) if not row.gone and want(row)]
        return rows[-1 - n % min(len(rows), 8)].id if rows else None

    # -- writing

    def send(self, client: Client, draft: Draft, thread_id: str = "", saw: str = "") -> None:
        home, place = self.home(client), (draft.kind.value, draft.target)
        word = draft.body.split()[0]
        n = len(self.ledger.texts)
        try:
            row_id = client.session.send(draft)
        except JamError as error:
            only(error, "jam_closed", "parent_gone", "post_gone", "not sent yet", "met a newer version")
            self.ledger.drafts[home][place] = (draft.title, draft.body)
            return
        self.ledger.drafts[home].pop(place, None)
        edit = draft.kind is DraftKind.EDIT
        post_id = draft.target if edit else row_id
        self.ledger.sent(Text(word, draft.body, home, edit, row_id, post_id, thread_id or post_id, n, saw))
        for tag in draft.tags:
            self.ledger.asked(home, post_id, tag, row_id, True)

    def written(
        self, client: Client, kind: DraftKind, target: str, title: str = "", tags: tuple[str, ...] = ()
    ) -> Draft:
        """What is written at a place: the draft that is there, or something new."""
        there = client.session.draft(kind, target)
        word = self.ledger.word()
        title = f"{title} {word}".strip() if title else ""
        return there or Draft(kind, target, title, f"{word} by {self.home(client)}", tags)

    @rule(n=who, forum=st.integers(0, 1), tagged=st.booleans())
    def post(self, n: int, forum: int, tagged: bool) -> None:
        client = self.client(n)
        self.tell(f"post {client}")
        if not client.session.mirrored:
            return
        target = self.world.base.forums[forum]
        tags = (f"{self.home(client)}-1",) if tagged else ()
        self.send(client, self.written(client, DraftKind.THREAD, target, "About", tags))

    @rule(n=who, at=pick)
    def reply(self, n: int, at: int) -> None:
        client = self.client(n)
        self.tell(f"reply {client}")
        if (target := self.seen(client, at)) is not None:
            thread = client.session.post(target).thread_id
            self.send(client, self.written(client, DraftKind.REPLY, target), thread)

    @rule(n=who, at=pick)
    def edit(self, n: int, at: int) -> None:
        client = self.client(n)
        self.tell(f"edit {client}")
        if (target := self.seen(client, at, lambda row: row.mine)) is not None:
            thread, (begun, saw) = client.session.post(target).thread_id, self.begin(client, target)
            self.send(client, begun, thread, saw)

    def begin(self, client: Client, target: str) -> tuple[Draft, str]:
        """A change of a post, begun now or before; and the body that its writer saw then."""
        begun = client.session.edit_draft(target)
        if client.session.draft(DraftKind.EDIT, target) is not None:
            return begun, self.ledger.saw[self.home(client), target]
        self.ledger.saw[self.home(client), target] = begun.body
        body = f"{self.ledger.word()} by {self.home(client)}"
        return Draft(DraftKind.EDIT, target, begun.title, body, (), begun.base_version), begun.body

    def draft(self, n: int, at: int, edit: bool) -> None:
        client = self.client(n)
        self.tell(f"draft {client}")
        kind = DraftKind.EDIT if edit else DraftKind.REPLY
        if (target := self.seen(client, at, lambda row: row.mine or not edit)) is not None:
            begun = self.begin(client, target)[0] if edit else self.written(client, kind, target)
            body = f"{self.ledger.word()} begun"
            client.session.save_draft(replace(begun, body=body))
            self.ledger.drafts[self.home(client)][kind.value, target] = (begun.title, body)

    def discard(self, n: int, at: int) -> None:
        client = self.client(n)
        drafts, home = client.session.drafts(), self.home(client)
        self.tell(f"discard {client}")
        if drafts:
            one = drafts[at % len(drafts)]
            undo = client.session.discard_draft(one.kind, one.target)
            place = (one.kind.value, one.target)
            held = self.ledger.drafts[home].pop(place)
            if one.post_id:  # it was in the outbox before; brought back, it is another post
                self.ledger.unwanted(one.post_id)

            def back() -> None:
                self.ledger.drafts[home][place] = held

            self.undo = (client, undo, back)

    @rule(n=who, at=pick, rarely=st.integers(0, 3))
    def delete(self, n: int, at: int, rarely: int) -> None:
        if rarely:
            return  # else there would soon be nothing to write about
        client = self.client(n)
        self.tell(f"delete {client}")
        if (target := self.seen(client, at, lambda row: row.mine)) is not None:
            try:
                done = client.session.delete(target)
            except JamError as error:
                only(error, "jam_closed")
                return
            if isinstance(done, Undo):
                self.dropped(client, done)
            else:
                self.ledger.gone.add(target)

    def dropped(self, client: Client, undo: Undo) -> None:
        _, taken = undo.token  # type: ignore[misc]
        rows = {row.id for row in taken.rows}
        for row in taken.rows:
            if row.kind == "post":
                self.ledger.unwanted(row.post_id)
        self.ledger.unsure(rows, dropped=True)
        self.ledger.unsure({row.id for row in taken.changed}, dropped=False)
        self.undo = (client, undo, lambda: self.ledger.back(rows))

    @rule(n=who, at=pick, tag=st.integers(1, 3), on=st.booleans())
    def tag(self, n: int, at: int, tag: int, on: bool) -> None:
        client = self.client(n)
        self.tell(f"tag {client}")
        if (target := self.seen(client, at)) is not None:
            name = f"{self.home(client)}-{tag}"
            self.ask(
                client, target, name, on, lambda: (client.session.tag if on else client.session.untag)(target, name)
            )

    @rule(n=who, at=pick, on=st.booleans())
    def vote(self, n: int, at: int, on: bool) -> None:
        client = self.client(n)
        self.tell(f"vote {client}")
        if (target := self.seen(client, at)) is not None:
            self.ask(client, target, "", on, lambda: (client.session.vote if on else client.session.unvote)(target))

    def ask(self, client: Client, target: str, tag: str, on: bool, do: Callable[[], str]) -> None:
        try:
            row_id = do()
        except JamError as error:
            only(error, "jam_closed")
        else:
            self.ledger.asked(self.home(client), target, tag, row_id, on)

    # -- the outbox

    def waiting(self, client: Client, n: int, want: Callable[[Any], bool]) -> str | None:
        rows = [row for row in client.session.outbox() if want(row)]
        return rows[n % len(rows)].id if rows else None

    def take_back(self, n: int, at: int) -> None:
        client = self.client(n)
        self.tell(f"take_back {client}")
        if (row := self.waiting(client, at, lambda row: row.state != "sending")) is not None:
            try:
                undo = client.session.drop(row)
            except JamError:
                return  # it was sent in this moment
            self.dropped(client, undo)

    def reopen(self, n: int, at: int) -> None:
        client = self.client(n)
        self.tell(f"reopen {client}")
        wanted = lambda row: row.kind in ("post", "edit") and row.state != "sending"  # noqa: E731
        if (row := self.waiting(client, at, wanted)) is not None:
            before = {one.id: one for one in client.session.stored().waiting}
            try:
                draft = client.session.reopen(row)
            except JamError:
                return  # there is a draft at that place, or it was sent in this moment
            after = {one.id for one in client.session.stored().waiting}
            rows = {one.id for one in before.values() if one.post_id == before[row].post_id and one.id not in after}
            self.ledger.unsure(rows | {row}, dropped=True)
            self.ledger.unsure({one.id for one in before.values() if one.payload.parent_id == row}, dropped=False)
            self.ledger.drafts[self.home(client)][draft.kind.value, draft.target] = (draft.title, draft.body)
            text = self.ledger.text(row)
            if text is not None and text.edit:
                self.ledger.saw[self.home(client), text.post_id] = text.saw

    def take_back_undo(self) -> None:
        assert self.undo is not None
        client, undo, back = self.undo
        self.undo = None
        self.tell(f"undo {client}")
        try:
            client.session.undo(undo)
        except UsageError as error:
            only(error, "another draft", "asked to take it back")
        else:
            back()

    def retry(self, n: int, at: int) -> None:
        client = self.client(n)
        self.tell(f"retry {client}")
        if (row := self.waiting(client, at, lambda row: row.state == "refused")) is not None:
            try:
                client.session.retry(row)
            except UsageError as error:
                only(error, "changed meanwhile")
                return
            self.moved(client, row)

    def moved(self, client: Client, row: str) -> None:
        """What waits for a row that is tried once more stands behind others now."""
        rows = {one.id for one in client.session.outbox()} | {row}
        for text in self.ledger.texts:
            text.moved = text.moved or text.row_id in rows
        self.ledger.unsure({row}, dropped=False)

    def choose(self, n: int, at: int, mine: bool) -> None:
        client = self.client(n)
        self.tell(f"choose_{'mine' if mine else 'theirs'} {client}")
        if (row := self.waiting(client, at, lambda row: row.code == "version_conflict")) is not None:
            if not mine:
                self.dropped(client, client.session.choose_theirs(row))
                return
            try:
                client.session.choose_mine(row)
            except UsageError as error:
                only(error, "taken back", "not come in")
                return
            self.moved(client, row)

    # -- reading

    def mark(self, n: int, at: int) -> None:
        client = self.client(n)
        self.tell(f"mark {client}")
        if (target := self.seen(client, at, lambda row: row.key > 0)) is not None:
            session, home = client.session, self.ledger.read[self.home(client)]
            # One look at the row: its key is another one when the mirror was fetched anew meanwhile.
            undo = session.toggle_read(session.post(target))
            what, marks = undo.token  # type: ignore[misc]
            if what == "read":
                home |= set(marks)
                self.undo = (client, undo, lambda: home.difference_update(marks))
            else:
                hashes = {h for h, _ in marks}
                home -= hashes
                self.undo = (client, undo, lambda: home.update(hashes))

    def mark_all(self, n: int) -> None:
        client = self.client(n)
        self.tell(f"mark_all {client}")
        undo = client.session.mark_all_read()
        _, hashes = undo.token  # type: ignore[misc]
        home = self.ledger.read[self.home(client)]
        home |= set(hashes)
        self.undo = (client, undo, lambda: home.difference_update(hashes))

    # -- the server, and what others do there

    def carl_writes(self, at: int) -> None:
        self.tell("carl_writes")
        new, body = str(uuid.uuid4()), f"{self.ledger.word()} by carl"
        posts = self.world.posts()
        ids = [one for one in self.ledger.ids if one in posts and not posts[one].get("state")]
        if not ids:
            return
        content = {"body": body, "parent_id": ids[-1 - at % min(len(ids), 8)]}
        if self.world.ask("carl", "PUT", f"/posts/{new}", json=content).status_code == 201:
            self.ledger.ids.append(new)

    def elsewhere(self, at: int, how: str) -> None:
        """ana's other machine, and the moderator."""
        self.tell(f"elsewhere_{how}")
        ana, posts = self.world.base.people["ana"], self.world.posts()
        ids = [
            one for one in self.ledger.ids
            if one in posts and not posts[one].get("state")
            and (how in ("remove", "vote") or posts[one]["author_id"] == ana)
        ]  # fmt: skip
        if not ids:
            return
        path, any_version = f"/posts/{ids[-1 - at % min(len(ids), 8)]}", {"If-Match": "*"}
        one = path.rpartition("/")[2]
        if how == "edit":
            self.ledger.web.add(one)
            body = {"body": f"{self.ledger.word()} elsewhere"}
            self.world.ask("ana", "PATCH", path, json=body, headers=any_version)
        elif how == "vote":
            self.world.ask("carl", "PUT", f"{path}/vote")
        else:
            who = "ana" if how == "delete" else "mod"
            if self.world.ask(who, "DELETE", path, headers=any_version).status_code == 200:
                self.ledger.gone.add(one)

    def hours(self, closed: bool) -> None:
        self.tell("hours")
        self.set_hours(closed)

    def set_hours(self, closed: bool) -> None:
        def change(tx: Tx) -> None:
            closes = system_clock() + (timedelta(days=-30) if closed else timedelta(days=60))
            objects.change_jam(tx, {"closes_at": rfc3339(closes)})

        self.ledger.closed = self.ledger.closed or closed
        self.world.write(change)

    def kill_server(self, start: bool) -> None:
        self.tell("kill_server")
        self.world.kill_server()
        if start:
            self.world.start_server()

    def back_up(self) -> None:
        self.tell("back_up")
        self.world.make_backup()

    def restore(self) -> None:
        self.tell("restore")
        self.world.restore()

    def expire(self, name: str, refresh: bool) -> None:
        self.tell("expire")
        self.world.expire(name, refresh=refresh)

    # -- the network, the machines

    def weather(self, name: str) -> None:
        self.tell(f"weather {name}")
        self.world.proxy.weather = WEATHER[name]

    def connections(self, how: str) -> None:
        self.tell(f"{how}")
        getattr(self.world.proxy, how)()

    def start(self, n: int) -> None:
        self.tell(f"start {self.client(n)}")
        self.client(n).start(self.world.tell)

    def kill(self, n: int) -> None:
        self.tell(f"kill {self.client(n)}")
        self.client(n).kill()

    def end(self, n: int) -> None:
        self.tell(f"end {self.client(n)}")
        self.client(n).close()

    def time_passes(self, name: str, seconds: float) -> None:
        self.tell(f"time_passes {name} {seconds}")
        self.world.houses[name].machine.advance(seconds)

    @rule(moments=st.sampled_from([1, 3, 10, 30]))
    def moments(self, moments: int) -> None:
        """All go on for a while: what can be done is done."""
        self.tell("moments")
        self.world.moments(moments)

    def clock(self, name: str, hours: float) -> None:
        self.tell(f"clock {name} {hours}")
        self.world.houses[name].machine.jump(hours * 3600)

    def reconnect(self, n: int) -> None:
        self.tell(f"reconnect {self.client(n)}")
        self.client(n).session.reconnect()

    # -- rules that are one of several things, so that writing is as likely as all that goes wrong

    @rule(n=who, at=pick)
    def another_reply(self, n: int, at: int) -> None:
        self.reply(n, at)

    @rule(n=who, at=pick)
    def another_edit(self, n: int, at: int) -> None:
        self.edit(n, at)

    @rule(n=who, at=pick, what=st.sampled_from(["take_back", "reopen", "retry", "undo", "mine", "theirs"]))
    def outbox(self, n: int, at: int, what: str) -> None:
        if what in ("mine", "theirs"):
            self.choose(n, at, what == "mine")
        elif what != "undo":
            getattr(self, what)(n, at)
        elif self.undo is not None:
            self.take_back_undo()

    @rule(n=who, at=pick, what=st.sampled_from(["draft", "draft an edit", "discard", "mark", "mark", "mark all"]))
    def reading(self, n: int, at: int, what: str) -> None:
        match what:
            case "draft" | "draft an edit":
                self.draft(n, at, what != "draft")
            case "discard":
                self.discard(n, at)
            case "mark":
                self.mark(n, at)
            case _:
                self.mark_all(n)

    @rule(at=pick, what=st.sampled_from([*["write", "edit", "vote"] * 2, "delete", "remove"]))
    def others(self, at: int, what: str) -> None:
        if self.world.server:
            self.carl_writes(at) if what == "write" else self.elsewhere(at, what)

    @rule(
        what=st.sampled_from(
            [*["kill", "back up", "restore"] * 3, "down", "up", "close", "open", "ana", "bob", "ana out"]
        )
    )
    def server(self, what: str) -> None:
        match what:
            case "kill" | "down":
                self.kill_server(what == "kill")
            case "up":
                self.tell("start_server")
                self.world.start_server()
            case "back up":
                self.back_up()
            case "restore":
                if self.world.backup.exists():
                    self.restore()
            case "close" | "open":
                self.hours(what == "close")
            case _:
                self.expire(what.split()[0], what == "ana out")

    @rule(what=st.sampled_from([*["fair"] * 3, *sorted(WEATHER), "reset", "freeze", "thaw"]))
    def network(self, what: str) -> None:
        self.weather(what) if what in WEATHER else self.connections(what)

    @rule(n=who, what=st.sampled_from(["kill", "kill", "end", "start", "start", "start", "reconnect", "clock", "time"]),
          much=st.sampled_from([-9.0, -1.0, 0.3, 2.0, 9.0]))  # fmt: skip
    def machine(self, n: int, what: str, much: float) -> None:
        match what:
            case "clock":
                self.clock(self.home(self.client(n)), much)
            case "time":
                self.time_passes(self.home(self.client(n)), abs(much) * 30)
            case _:
                getattr(self, what)(n)

    @invariant()
    def step(self) -> None:
        """What may come next depends on how many steps there were, and on nothing that a thread or a socket did."""
        self.since += 1

    # -- and in the end

    @precondition(lambda self: self.since >= 12)
    @rule()
    def settled(self) -> None:
        self.tell("settled")
        self.since = 0
        self.set_hours(closed=False)
        self.world.settle()
        self.world.check()

    def teardown(self) -> None:
        try:
            self.settled()
            self.world.count()
            with self.world.erased():
                for client in self.world.clients:
                    client.close()
        except BaseException as error:
            error.add_note("\n".join(["what happened:", *self.told]))
            raise
        finally:
            self.world.close()


@pytest.fixture(scope="module")
def base(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Base]:
    made = Base(tmp_path_factory.mktemp("model"))
    yield made
    made.close()


def test_after_any_sequence_the_mirror_is_the_server_and_every_text_is_there_once(
    base: Base, tmp_path: Path, figure: Callable[[str], None]
) -> None:
    numbers = itertools.count()

    def story() -> Story:
        return Story(base, tmp_path / f"story-{next(numbers)}")

    with driven():
        run_state_machine_as_test(seed(SEED)(story), settings=TOLD)
    kills = base.kinds.get("kill_server", 0) + base.kinds.get("kill", 0)
    figure(
        f"model: {base.stories} stories of {base.steps:,} steps, {kills} kills, {base.kinds.get('restore', 0)} "
        f"restored backups, {len(base.proxy.done):,} calls: 0 differences"
    )
    figure(f"model: what became of it: {dict(sorted(base.outcomes.items()))}")
    figure(f"model: steps: {dict(sorted(base.kinds.items()))}")
