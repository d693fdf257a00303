"""Moderation from client to client over a real server: acts go out by a moderator's outbox, others' mirrors follow, and
reading state, places, saved posts, follows, drafts and what waits in an outbox stand where the threads now are."""

from __future__ import annotations

import asyncio
import json
import random
import uuid
from collections.abc import Callable, Iterator
from contextlib import closing
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from api_client.client import JamClient
from api_client.tokens import FixedToken
from jamserver.objects import add_forum
from jamtui.errors import Refused, UsageError
from jamtui.model import Draft, DraftKind, Link, Mark
from jamtui.moderating import Act
from jamtui.paths import Home
from jamtui.session import Session, open_session
from jamtui.store import checking, connection, mirror, registry
from jamtui.store.mirror import objects
from jamtui.store.opening import prepare
from jamtui.sync.once import once

Json = dict[str, Any]
Folded = dict[tuple[str, str], Json]


def now() -> datetime:
    return datetime.now(UTC)


class Reader:
    """Somebody's jamtui without a screen: a session, and `sync` in place of the network's thread."""

    def __init__(self, jam: Any, name: str, folder: Path) -> None:
        api = getattr(jam, name)
        me = api.get("/me").json()
        self.url = jam.url
        self.token = api.headers["Authorization"].removeprefix("Bearer ")
        self.home = Home.from_env({"JAMTUI_HOME": str(folder / name)})
        self.known = registry.for_server(self.home, jam.url, "new-jam", "New Jam").changed(
            person_id=me["id"], handle=me["handle"], name=me["name"], role=me["role"], store="file"
        )
        registry.remember(self.home, self.known)
        prepare(self.known, now())
        self.sync()
        self.session = open_session(self.home, self.known, clock=now, rng=random.Random(1), environ={})

    def sync(self) -> Reader:
        async def run() -> None:
            async with JamClient(self.url, tokens=FixedToken(self.token)) as client:
                await once(
                    self.known, client, now=now, rng=random.Random(1), progress=lambda done, total: None
                )  # fmt: skip

        asyncio.run(run())
        return self

    def mirrored(self) -> Folded:
        with closing(connection.connect(self.known.mirror, mirror.SCHEMA)) as db:
            assert checking.mirror_faults(db, full_text=True) == []
            found = ((kind, json.loads(raw)) for kind, raw in objects(db))
            return {(kind, data["id"]): data for kind, data in found}


@pytest.fixture
def people(jam: Any, tmp_path: Path) -> Iterator[Callable[[str], Reader]]:
    made: dict[str, Reader] = {}

    def get(name: str) -> Reader:
        if name not in made:
            made[name] = Reader(jam, name, tmp_path)
        return made[name]

    yield get
    for reader in made.values():
        reader.session.close()


def differing(jam: Any, fold: Callable[..., Folded], *readers: Reader) -> int:
    for reader in readers:  # the moderator first, whose outbox has the act
        reader.sync()
    there, count = fold(jam.changes()), 0
    for reader in readers:
        mine = reader.mirrored()
        count += sum(there.get(key) != mine.get(key) for key in {*there, *mine})
    return count


def test_every_act_and_its_undo_in_two_mirrors(
    jam: Any, people: Callable[[str], Reader], fold: Callable[..., Folded], figure: Callable[..., None]
) -> None:
    threads = [jam.thread(title=f"Thread {n}", tags=["t"]) for n in range(3)]
    replies = [jam.reply(threads[n % 3]) for n in range(6)]
    other = jam.server.write(lambda tx: add_forum(tx, uuid.uuid4(), "b", "B", ""))
    other_id = json.loads(other)["id"]
    mod, ada = people("mod"), people("ada")
    a, b = threads[0]["id"], threads[1]["id"]
    ada_id, until = ada.session.me.person_id, now() + timedelta(days=1)
    acts = [
        Act("hide", "R", replies[0]["id"]), Act("lock", "R", a), Act("move", "R", a, "", other_id),
        Act("merge", "R", a, "", b), Act("warn", "R", a, ada_id), Act("suspend", "R", a, ada_id, "", until),
    ]  # fmt: skip
    wrong = 0
    for act in acts:
        before = fold(jam.changes())
        done = mod.session.act(act)
        wrong += differing(jam, fold, mod, ada)
        mod.session.undo_act(done)
        wrong += differing(jam, fold, mod, ada)
        after = fold(jam.changes())
        for data in (*before.values(), *after.values()):
            data.pop("version", None)
        wrong += before != after
    removed = mod.session.act(Act("remove", "R", replies[1]["id"]))
    wrong += differing(jam, fold, mod, ada)
    with pytest.raises(UsageError, match="final"):
        mod.session.undo_act(removed)
    assert wrong == 0
    assert [row.act for row in mod.session.audit()][:3] == ["remove", "undo", "suspend"]
    figure(f"{len(acts)} acts, each undone, and a removal: 0 objects differ between two mirrors and the server's log")


def test_what_is_ones_own_follows_a_merge_and_a_move(jam: Any, people: Callable[[str], Reader]) -> None:
    a, b = jam.thread(title="A"), jam.thread(title="B")
    replies = [jam.reply(a) for _ in range(3)]
    other = jam.server.write(lambda tx: add_forum(tx, uuid.uuid4(), "c", "C", ""))
    ada, mod = people("ada"), people("mod")
    session: Session = ada.session
    assert session.forum("ideas").unread == 3
    session.mark_read([session.post(replies[0]["id"]).key])
    session.save(replies[1]["id"], True)
    session.set_mark(a["id"], Mark.FOLLOWED)
    session.save_draft(Draft(DraftKind.REPLY, replies[2]["id"], body="Half written"))
    waiting = session.send(Draft(DraftKind.REPLY, replies[0]["id"], body="On a train"))  # not sent yet
    mod.session.act(Act("merge", "One idea.", a["id"], "", b["id"]))
    mod.sync()
    mod.session.act(Act("move", "It belongs there.", b["id"], "", json.loads(other)["id"]))
    mod.sync()

    async def pull() -> None:  # what comes in before the outbox goes out
        from jamtui.store.own import SCHEMA as OWN
        from jamtui.store.own import Own
        from jamtui.sync.engine import Engine

        with (
            closing(connection.connect(ada.known.mirror, mirror.SCHEMA)) as mirror_db,
            closing(connection.connect(ada.known.own, OWN)) as own_db,
        ):
            async with JamClient(jam.url, tokens=FixedToken(ada.token)) as client:
                engine = Engine(mirror.Mirror(mirror_db), Own(own_db), client, now=now, notify=lambda _: None,
                                progress=lambda done, total: None, person_id=ada.known.me.person_id)  # fmt: skip
                await engine.catch_up()

    asyncio.run(pull())
    index = session.thread_index(b["id"])
    assert len(index) == 6  # both openers, three replies, and the one that waits
    assert session.post(waiting).thread_id == b["id"]
    assert session.thread_index(a["id"]).keys == index.keys  # by what was its opener
    assert session.forum("ideas").unread == 0
    assert session.forum("c").unread == 2
    assert [row.id for row in session.threads(session.thread_keys(session.forum("c").id))] == [b["id"]]
    assert session.thread_keys(session.forum("ideas").id) == []
    assert session.post(a["id"]).merged
    assert session.post(a["id"]).title == "A"
    assert [row.id for row in session.posts(session.saved_keys())] == [replies[1]["id"]]
    assert session.threads(session.thread_keys(session.forum("c").id))[0].followed
    assert session.draft_rows()[0].there
    ada.sync()
    assert session.outbox() == []
    arrived = jam.guest.get(f"/posts/{waiting}").json()
    assert (arrived["thread_id"], arrived["forum_id"]) == (b["id"], session.forum("c").id)


def test_a_reply_for_a_locked_thread_is_refused_and_its_text_kept(jam: Any, people: Callable[[str], Reader]) -> None:
    thread = jam.thread()
    ada, mod = people("ada"), people("mod")
    waiting = ada.session.send(Draft(DraftKind.REPLY, thread["id"], body="Too late"))
    mod.session.act(Act("lock", "All is said.", thread["id"]))
    mod.sync()
    ada.sync()
    row = ada.session.outbox()[0]
    assert (row.id, row.code, row.summary) == (waiting, "post_locked", "Too late")
    assert row.can
    with pytest.raises(Refused, match="locked"):  # said before one writes, from here on
        ada.session.need_open_thread(ada.session.post(thread["id"]))
    with pytest.raises(Refused, match="locked"):
        ada.session.send(Draft(DraftKind.REPLY, thread["id"], body="Another"))
    assert [draft.body for draft in ada.session.drafts()] == ["Another"]
    assert mod.session.send(Draft(DraftKind.REPLY, thread["id"], body="From a moderator"))


def test_a_report_goes_to_moderators_and_its_end_comes_back(jam: Any, people: Callable[[str], Reader]) -> None:
    thread = jam.thread(body="Buy this", by=jam.bob)
    ada, mod = people("ada"), people("mod")
    ada.session.report(thread["id"], "spam", "Third time.")
    assert ada.session.thanks() == "Thank you, 1 moderator sees it"
    with pytest.MonkeyPatch.context() as patch:  # on a train
        patch.setattr(ada.session, "_connection", lambda: (Link.OFFLINE, None))
        assert ada.session.thanks() == "Thank you. It goes out when the Jam can be reached"
    with pytest.raises(UsageError, match="already"):
        ada.session.report(thread["id"], "spam")
    ada.sync()
    with pytest.raises(UsageError, match="already"):
        ada.session.report(thread["id"], "spam")
    mod.sync()
    row = mod.session.queue()[0]
    assert (row.reasons, row.reports[0].note, row.reports[0].handle) == ("spam", "Third time.", "ada")
    done = mod.session.dismiss(row)
    assert mod.session.queue() == []  # at once
    mod.session.undo_dismissal(done, row.post_id)
    assert len(mod.session.queue()) == 1
    mod.session.dismiss(mod.session.queue()[0])
    mod.sync()
    ada.sync()
    notice = ada.session.notices()[0]
    assert notice.words.startswith("Moderators looked at your report of")
    assert not notice.seen
    ada.session.see_notices([notice.id])
    assert ada.session.notices()[0].seen
    assert [mine.state for mine in ada.session.my_reports()] == ["dismissed"]


def test_what_became_of_a_post_and_of_a_report_is_told_in_words_though_its_text_is_gone(
    jam: Any, people: Callable[[str], Reader]
) -> None:
    """Hidden, shown again, removed: to its author, to who reported it, and in the moderators' log."""
    thread = jam.thread(by=jam.host, title="Quiet hours")
    reply = jam.reply(thread, by=jam.bob, body="An insult for everybody")
    ada, bob, mod = people("ada"), people("bob"), people("mod")
    ada.session.report(reply["id"], "abuse")
    ada.sync()
    mod.sync()
    name = bob.session.me.name
    theirs, told, done = f"a post by {name} in “Quiet hours”", [], ""
    for act in ("hide", "undo", "remove"):
        if act == "undo":
            mod.session.undo_act(done)
        else:
            done = mod.session.act(Act(act, "R", reply["id"]))
        for one in (mod, ada, bob):
            one.sync()
        told.append([ada.session.notices()[0].words, ada.session.my_reports()[0].became,
                     bob.session.notices()[0].words, mod.session.audit()[0].words])  # fmt: skip
    shown = "“An insult for everybody”"
    assert told == [
        [f"Thank you for your report of {theirs}: moderators hid it", "moderators hid it",
         f"Your post {shown} was hidden by a moderator", f"hid {shown}"],
        [f"Moderators look again at your report of {shown}: what they had decided was taken back", "moderators see it",
         f"Your post {shown} can be read again: a moderator took its hiding back", f"undid: hid {shown}"],
        [f"Thank you for your report of {theirs}: moderators removed it", "moderators removed it",
         "Your post in “Quiet hours” was removed by a moderator", f"removed {theirs}"],
    ]  # fmt: skip
    assert ada.session.my_reports()[0].about == theirs
    assert [row.title for row in bob.session.inbox_rows(bob.session.inbox_keys())][:1] == [told[2][2]]


def test_a_suspended_person_is_told_why_and_keeps_their_texts(jam: Any, people: Callable[[str], Reader]) -> None:
    thread = jam.thread(by=jam.bob)
    ada, mod = people("ada"), people("mod")
    waiting = ada.session.send(Draft(DraftKind.REPLY, thread["id"], body="Written before"))
    until = now() + timedelta(days=3)
    done = mod.session.act(Act("suspend", "Insults.", "", ada.session.me.person_id, "", until))
    mod.sync()
    ada.sync()
    refused = ada.session.outbox()[0]
    assert (refused.code, refused.reason) == ("suspended", "You are suspended: you can read, not write")
    assert refused.can == "Your text is kept. Try again when the suspension is over."  # and is told that once
    assert ada.session.refusal().endswith(": Insults")
    notice = ada.session.notices()[0]
    assert notice.grave
    assert "you can read, not write" in notice.words
    with pytest.raises(Refused, match="suspended"):
        ada.session.send(Draft(DraftKind.REPLY, thread["id"], body="Now"))
    assert [draft.body for draft in ada.session.drafts()] == ["Now"]
    mod.session.undo_act(done)
    mod.sync()
    ada.sync()
    assert ada.session.refusal() == ""
    ada.session.retry(waiting)
    ada.sync()
    assert jam.guest.get(f"/posts/{waiting}").json()["body"] == "Written before"


def test_who_may_not_is_told_so_before_anything_is_written(jam: Any, people: Callable[[str], Reader]) -> None:
    thread = jam.thread(by=jam.bob)
    ada = people("ada")
    with pytest.raises(Refused, match="moderators"):
        ada.session.act(Act("hide", "R", thread["id"]))
    with pytest.raises(Refused, match="may not"):
        ada.session.act(Act("lock", "R", thread["id"]))
    with pytest.raises(Refused, match="moderators"):
        ada.session.queue()
    own = jam.thread()
    ada.sync()
    with pytest.raises(UsageError, match="your own"):
        ada.session.report(own["id"], "spam")
    assert ada.session.outbox() == []
