"""What hosts do, off line: rows of records, rights in words, what waits in the outbox, plain mode and the commands."""

from __future__ import annotations

import io
import random
import shutil
from collections.abc import Callable, Iterator
from contextlib import closing
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import msgspec
import pytest

from jamserver.demo_jam import demo_records
from jamtui.archive import rfc3339
from jamtui.errors import NotSignedIn, Refused, UsageError
from jamtui.model import EVERYBODY, Draft, DraftKind, SendState
from jamtui.paths import Home
from jamtui.plain.console import Ended
from jamtui.plain.pipe import Pipe
from jamtui.plain.program import Plain
from jamtui.session import Session, open_session
from jamtui.store import connection, mirror, registry
from jamtui.store.mirror import Loading, Mirror
from jamtui.store.opening import prepare

NOW = datetime(2011, 2, 9, 14, tzinfo=UTC)
HOSTILE = "\x1b[2J\u202eevil[@click=app.quit]x[/] \x9b31m"
Record = dict[str, Any]
PEOPLE: dict[str, str] = {}  # handle of the first of each role, by role


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> registry.KnownJam:
    home = Home.from_env({"JAMTUI_HOME": str(tmp_path_factory.mktemp("home"))})
    records = list(demo_records(1, NOW))
    me = next(data for kind, data in records if kind == "person" and data["handle"] == "demo")
    for kind, data in records:
        if kind == "person" and data["handle"] != "demo":
            PEOPLE.setdefault(str(data["role"]), str(data["id"]))
    jam = registry.for_server(home, "http://127.0.0.1:9", "social-business", "Social Business Jam").changed(
        person_id=me["id"], handle="demo", name=me["name"], role="participant", store="file"
    )
    registry.remember(home, jam)
    prepare(jam, NOW)
    with closing(connection.connect(jam.mirror, mirror.SCHEMA)) as db:
        loading = Loading(Mirror(db), "1-aaaa")
        for kind, data in records:
            loading.feed(msgspec.json.encode({"type": kind, "data": data}))
        loading.finish("2011-02-09T14:00:00.000Z")
    return jam


class World:
    """A session whose reader has the role of the test's choice, and the mirror behind it."""

    def __init__(self, jam: registry.KnownJam, folder: Path) -> None:
        shutil.copytree(jam.folder, folder / "jams" / jam.folder.name)
        self.home = Home.from_env({"JAMTUI_HOME": str(folder)})
        self.now = NOW
        self.seq = 1
        self.session = self.open()

    def open(self) -> Session:
        jam = registry.find(self.home, None)
        return open_session(self.home, jam, clock=lambda: self.now, rng=random.Random(1), environ={})

    def put(self, *records: tuple[str, Record]) -> None:
        """Changes that came from the server."""
        with closing(connection.connect(self.session.known.mirror, mirror.SCHEMA)) as db:
            self.seq += len(records)
            Mirror(db).apply([(kind, msgspec.json.encode(data)) for kind, data in records], f"{self.seq}-bbbb")

    def be(self, role: str) -> None:
        """What the Jam says of the reader."""
        self.session._own.put_desk(msgspec.json.encode({"role": role}), '"e"')

    def announce(self, new_id: str, body: str, minutes: int = 5, role: str = "host", **more: Any) -> None:
        at = rfc3339(self.now - timedelta(minutes=minutes))
        record = {"id": new_id, "author_id": PEOPLE[role], "body": body, "created_at": at}
        self.put(("announcement", record | more))

    def talk(self, *lines: str) -> str:
        """Says lines to plain mode and answers what it says, until the input ends."""
        out = io.StringIO()
        console = Pipe(io.StringIO("".join(f"{line}\n" for line in lines)), out, columns=200)
        with pytest.raises(Ended):
            Plain(self.session, console, edit=str, browse=str, environ={}).run()
        return out.getvalue()


@pytest.fixture
def world(made: registry.KnownJam, tmp_path: Path) -> Iterator[World]:
    one = World(made, tmp_path)
    yield one
    one.session.close()


def test_announcements_are_listed_harmless_the_newest_first_and_seen_once(
    world: World, figure: Callable[..., None]
) -> None:
    session = world.session
    assert session.announcements() == []
    forum = session.forums()[0]
    world.announce("a", "First", 30)
    world.announce("b", HOSTILE, 10, forum_id=forum.id)
    odd: list[Record] = [
        {"id": "x"}, {"id": "", "author_id": "a", "body": "b", "created_at": "2011-02-09T13:00:00Z"},
        {"id": 7, "author_id": "a", "body": "b", "created_at": "2011-02-09T13:00:00Z"},
        {"id": "y", "author_id": "a", "body": ["b"], "created_at": "2011-02-09T13:00:00Z"},
        {"id": "z", "author_id": "a", "body": "b", "created_at": "noon"},
        {"id": "gone", "author_id": "a", "body": "b", "created_at": "2011-02-09T13:00:00Z", "gone": True},
    ]  # fmt: skip
    world.put(*(("announcement", one) for one in odd))
    rows = session.announcements()
    assert [(row.id, row.seen, row.forum) for row in rows] == [("b", False, forum.title), ("a", False, "")]
    assert not set("\x1b\u202e\x9b") & set(rows[0].body)
    session.see_announcements(["b"])
    assert [row.seen for row in session.announcements()] == [True, False]
    world.session.close()
    world.session = world.open()
    assert [row.seen for row in world.session.announcements()] == [True, False]
    figure(f"announcements: {len(odd)} records without the form of one, 0 listed")


def test_exploring_marks_no_announcement_as_seen(world: World) -> None:
    world.announce("a", "First")
    world.session.explore = True
    world.session.see_announcements(["a"])
    assert not world.session.announcements()[0].seen


@pytest.mark.parametrize("role", ["participant", "expert"])
def test_who_is_no_host_is_told_why(world: World, role: str) -> None:
    world.be(role)
    with pytest.raises(Refused) as told:
        world.session.announce("Hello")
    assert f"your role here is {role}" in told.value.hint
    assert world.session.outbox() == []
    assert "This is for hosts" in world.talk("announce")


def test_a_guest_is_told_to_sign_in(world: World) -> None:
    world.session.known = world.session.known.changed(person_id="", handle="guest", role="guest")
    with pytest.raises(NotSignedIn):
        world.session.announce("Hello")


@pytest.mark.parametrize("body", ["", "  \n", "x" * 2_001])
def test_an_announcement_has_a_text_of_bounded_length(world: World, body: str) -> None:
    world.be("host")
    with pytest.raises(UsageError):
        world.session.announce(body)
    assert world.session.outbox() == []


def test_a_host_announces_off_line_and_may_take_it_back_and_go_on(world: World) -> None:
    world.be("host")
    session = world.session
    forum = session.forums()[1]
    world.now = NOW + timedelta(days=400)  # the Jam is over
    one = session.announce("  Thank you all.  ", forum.slug)
    (row,) = session.announcements()
    assert (row.id, row.body, row.send, row.forum, row.seen) == (
        one, "Thank you all.", SendState.QUEUED, forum.title, True,
    )  # fmt: skip
    (waiting,) = session.outbox()
    assert (waiting.kind, waiting.summary) == ("announce", "Thank you all.")
    undo = session.drop(one)
    assert (session.announcements(), session.outbox()) == ([], [])
    assert [thrown.place for thrown in session.thrown_rows()] == [f"Announcement in {forum.title}"]
    session.undo(undo)
    draft = session.reopen(one)
    assert (draft.kind, draft.target, draft.body, draft.post_id) == (
        DraftKind.ANNOUNCEMENT, forum.id, "Thank you all.", one,
    )  # fmt: skip
    assert session.send(draft) == one  # the same id: it may have arrived
    assert session.draft(DraftKind.ANNOUNCEMENT, forum.id) is None


def test_a_draft_of_an_announcement_is_kept_when_it_cannot_be_sent(world: World) -> None:
    draft = Draft(DraftKind.ANNOUNCEMENT, EVERYBODY, "", "Half an alert")
    with pytest.raises(Refused):
        world.session.send(draft)
    assert world.session.draft(DraftKind.ANNOUNCEMENT, EVERYBODY) is not None
    assert [row.place for row in world.session.draft_rows()] == ["Announcement"]


def test_plain_mode_tells_announcements_once_and_writes_one(world: World) -> None:
    world.be("moderator")
    world.announce("a", "Lunch **now**.\n\n" + HOSTILE)
    told = world.talk("!", "announce", "Back at two.", ".", "q")
    assert "1 new announcement of hosts." in told
    assert "Lunch now." in told
    assert "Queued: it goes out when the connection is back." in told
    assert not set("\x1b\u202e\x9b") & set(told)
    assert "new announcement" not in world.talk("q")
    assert world.session.announcements()[0].body == "Back at two."
