"""What hosts do, off line: rows of records, rights in words, what waits in the outbox, plain mode and the commands."""

from __future__ import annotations

import io
import random
from collections.abc import Callable, Iterator
from contextlib import closing
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import msgspec
import pytest
from demo_mirror import copied
from msgspec.structs import replace

from jamtui.archive import rfc3339
from jamtui.errors import NotSignedIn, Refused, UsageError
from jamtui.handing_over import markdown, waited
from jamtui.model import EVERYBODY, Draft, DraftKind, Mark, SendState
from jamtui.plain.console import Ended, Typed
from jamtui.plain.pipe import Pipe
from jamtui.plain.program import Plain
from jamtui.session import Session, open_session
from jamtui.store import connection, mirror, registry
from jamtui.store.mirror import Mirror
from jamtui.store.shifts import promised

NOW = datetime(2011, 2, 9, 14, tzinfo=UTC)
HOSTILE = "\x1b[2J\u202eevil[@click=app.quit]x[/] \x9b31m"
Record = dict[str, Any]
PEOPLE: dict[str, str] = {}  # id of the first of each role, by role


class _Keyed(Pipe):
    """Lines that end with an Escape, as on a terminal, where what was typed before it still stands in the field."""

    def line(self, label: str, text: str = "", **more: Any) -> Typed:
        typed = super().line(label, text, **more)
        return Typed("escape", typed.text.rstrip("\x1b")) if typed.text.endswith("\x1b") else typed


class World:
    """A session whose reader has the role of the test's choice, and the mirror behind it."""

    def __init__(self, jam: registry.KnownJam, folder: Path) -> None:
        self.home, _ = copied(jam, folder)
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
        me = next(one for one in self.session.stored().people() if one["id"] == self.session.me.person_id)
        self.put(("person", {**{name: me[name] for name in ("id", "handle", "name")}, "role": role}))

    def announce(self, new_id: str, body: str, minutes: int = 5, role: str = "host", **more: Any) -> None:
        at = rfc3339(self.now - timedelta(minutes=minutes))
        record = {"id": new_id, "author_id": PEOPLE[role], "body": body, "created_at": at}
        self.put(("announcement", record | more))

    def talk(self, *lines: str) -> str:
        """Says lines to plain mode and answers what it says, until the input ends."""
        out = io.StringIO()
        console = _Keyed(io.StringIO("".join(f"{line}\n" for line in lines)), out, columns=200)
        with pytest.raises(Ended):
            Plain(self.session, console, edit=str, browse=str, environ={}).run()
        return out.getvalue()


@pytest.fixture
def world(mirrored: registry.KnownJam, tmp_path: Path) -> Iterator[World]:
    one = World(mirrored, tmp_path)
    for person in one.session.stored().people():
        if person["id"] != one.session.me.person_id:
            PEOPLE.setdefault(str(person["role"]), str(person["id"]))
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


def test_who_announced_withdraws_and_the_text_stays_as_a_draft(world: World, figure: Callable[..., None]) -> None:
    world.announce("other-host", "Theirs", 30)
    world.be("host")
    session = world.session
    world.announce("mine-0001", "Lunch *now*\x1b", 5, author_id=session.me.person_id)
    assert [session.withdraws(row) for row in session.announcements()] == [True, False]
    with pytest.raises(Refused, match="another host's"):
        session.withdraw("other-host")
    row_id = session.withdraw("mine-0")
    assert isinstance(row_id, str)
    assert [row.id for row in session.announcements()] == ["other-host"]
    (waiting,) = session.outbox()
    assert (waiting.kind, waiting.summary) == ("withdraw", "Lunch *now*␛")
    draft = session.draft(DraftKind.ANNOUNCEMENT, EVERYBODY)
    assert draft is not None
    assert draft.body == "Lunch *now*\x1b", "as it was written"
    session.undo(session.drop(row_id))
    session.drop(row_id)
    assert len(session.announcements()) == 2
    # One that was not sent yet is only dropped.
    new = session.announce("Not sent")
    undo = session.withdraw(new)
    assert not isinstance(undo, str)
    assert session.outbox() == []
    session.undo(undo)
    assert [row.kind for row in session.outbox()] == ["announce"]
    session.drop(new)
    # It is gone from the disk when the Jam says so.
    frame = {"id": "mine-0001", "author_id": session.me.person_id, "created_at": rfc3339(NOW), "gone": True}
    world.announce("quagga-1", "A quagga is in the canteen.")
    world.put(("announcement", frame | {"id": "quagga-1"}))
    assert [row.id for row in session.announcements() if row.id == "quagga-1"] == []
    files = list(session.known.mirror.parent.glob("mirror.sqlite*"))
    left = sum(path.read_bytes().count(b"quagga is in") for path in files)
    figure(f"announcements: withdrawn, {left} copies of the text left in the {len(files)} files of the mirror")
    assert left == 0


def test_who_announced_changes_it_and_who_saw_it_sees_it_anew(world: World) -> None:
    session = world.session
    world.announce("other-host", "Of another host", 9)
    world.announce("mine-0001", "At *two*\x1b", 8, author_id=session.me.person_id)
    with pytest.raises(Refused):
        session.change_announcement("mine-0001", "At three")
    world.be("host")
    assert [session.changes(row) for row in session.announcements()] == [True, False]
    with pytest.raises(Refused, match="another host's"):
        session.change_announcement("other-host", "Mine")
    draft = session.announcement_draft("mine-0001")
    assert draft.body == "At *two*\x1b", "as it was written"
    session.change_announcement("mine-0001", "At three")
    session.send(replace(draft, body="At four"))
    (waiting,) = session.outbox()  # the second took the place of the first
    assert (waiting.kind, waiting.summary) == ("announce-change", "At four")
    assert [(row.body, row.send) for row in session.announcements() if row.mine] == [("At four", SendState.QUEUED)]
    assert session.announcement_draft("mine-0001").body == "At four"
    session.drop(waiting.id)
    assert [(row.body, row.send) for row in session.announcements() if row.mine] == [("At *two*␛", None)]
    with pytest.raises(UsageError, match="nothing to announce"):
        session.change_announcement("mine-0001", "  ")
    # Of another host: seen, changed, to be seen anew, also in the inbox and in plain mode.
    session.see_announcements([row.id for row in session.announcements()])
    assert [row.seen for row in session.announcements()] == [True, True]
    assert [key for key in session.inbox_keys(unread=True) if key.startswith("announcement")] == []
    changed = rfc3339(world.now - timedelta(minutes=1))
    world.announce("other-host", "Of another host, mended", 9, edited_at=changed)
    assert [row.seen for row in session.announcements()] == [True, False]
    (key,) = [key for key in session.inbox_keys(unread=True) if key.startswith("announcement")]
    assert "1 new announcement of hosts." in world.talk("q")
    told = world.talk("!", "q")
    assert "changed 1 min" in told
    assert "announcements change 1 changes its text, announcements withdraw 1 takes it away" in told
    assert [row.seen for row in session.announcements()] == [True, True]
    assert key not in session.inbox_keys(unread=True)
    told = world.talk("announcements change 1", "At five.", ".", "q")
    assert "Queued" in told
    assert session.announcements()[0].body.endswith("At five.")


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
    told = world.talk("announcements withdraw 2", "y", "announcements withdraw 9", "q")
    assert "its text goes from every screen" in told
    assert "Withdrawn." in told
    assert "No announcement 9" in told
    assert [row.body for row in world.session.announcements()] == ["Back at two."]
    assert "1. " in world.talk("!", "q")
    world.be("participant")
    world.announce("b", "Another")
    assert "This is for hosts" in world.talk("announcements withdraw 2", "q")


# -- briefs


def brief_came(world: World, body: str, version: int) -> None:
    forum = world.session.forums()[0]
    record = {"id": forum.id, "slug": forum.slug, "title": forum.title, "position": forum.position}
    world.put(("forum", record | {"brief": body, "version": version}))


def test_hosts_see_who_changed_a_brief_and_what_it_said(world: World) -> None:
    session = world.session
    forum = session.forums()[0]
    record = next(one for one in session.stored().forums() if one["id"] == forum.id)
    at = [rfc3339(world.now - timedelta(hours=hours)) for hours in (5, 2)]
    first = {"id": f"{forum.id}.2", "forum_id": forum.id, "version": 2, "brief": "What is it?\nWhy?\nHow?"} | {
        "edited_by": PEOPLE["host"], "edited_at": at[0],
    }  # fmt: skip
    second = {"id": f"{forum.id}.4", "forum_id": forum.id, "version": 4, "brief": "What is it?\nWhy not?\nHow?"} | {
        "edited_at": at[1],
    }  # fmt: skip
    odd = [
        {"id": "x", "forum_id": forum.id, "version": "y"},
        {"id": f"{forum.id}.0", "forum_id": forum.id, "gone": True},
    ]
    # Its title was changed since, by somebody else.
    now = {"brief": f"What is it?\nWhy not?\nHow?\n{HOSTILE}", "version": 7, "edited_by": PEOPLE["host"]}
    world.put(*(("brief", one) for one in (second, first, *odd)), ("forum", record | now))
    with pytest.raises(Refused, match="hosts"):
        session.brief_changes(forum.slug)
    assert "this is for hosts" in world.talk(f"brief-history {forum.slug}", "q").lower()
    world.be("moderator")
    latest, before = session.brief_changes(forum.slug)
    assert (latest.version, latest.by, before.version) == (4, "", 2)
    assert before.by
    assert before.lines == [(" ", "What is it?"), ("-", "Why?"), ("+", "Why not?"), (" ", "How?")]
    assert [sign for sign, _ in latest.lines] == ["…", " ", "+"]
    told = world.talk(f"brief-history {forum.slug}", "q")
    assert "2 changes of the brief of" in told
    assert "Version 4: the organiser, 2 hours ago." in told
    assert "Went: Why?" in told
    assert "Came: Why not?" in told
    assert not set("\x1b\u202e\x9b") & set(told)
    assert "not changed yet" in world.talk(f"brief-history {session.forums()[1].slug}", "q")
    many = replace(before, before="a\n" * 1_000, after="b\n" * 1_000)
    assert len(many.lines) == 2_002, "not compared line by line: anybody's text is as long as they like"


def test_a_brief_off_line_takes_the_place_of_the_one_before_it_and_meets_a_newer_one(world: World) -> None:
    world.be("host")
    session = world.session
    brief_came(world, "As it was", 4)
    forum = session.forums()[0]
    assert (forum.brief, forum.version, session.brief_draft(forum.slug).body) == ("As it was", 4, "As it was")
    session.write_brief(forum.slug, "First try")
    session.save_draft(session.brief_draft(forum.slug))
    draft = session.brief_draft(forum.slug)
    assert draft.body == "First try"
    second = session.send(Draft(DraftKind.BRIEF, forum.id, "", "Second try", base_version=draft.base_version))
    (row,) = session.outbox()
    assert (row.id, row.kind, session._own.outbox()[0].payload.base_version) == (second, "brief", 4)
    assert (session.forums()[0].brief, session.forums()[0].send) == ("Second try", SendState.QUEUED)
    session._own.refused(second, "The forum is at version 5 now.", "version_conflict")
    brief_came(world, HOSTILE, 5)
    conflict = session.conflict(second)
    assert (conflict.my_body, conflict.version) == ("Second try", 5)
    assert not set("\x1b\u202e\x9b") & set(conflict.body)
    with pytest.raises(UsageError):  # somebody looks at both first
        session.write_brief(forum.slug, "Third try")
    session.choose_mine(second)
    assert session._own.outbox()[0].payload.base_version == 5
    session._own.refused(second, "The forum is at version 6 now.", "version_conflict")
    session.undo(session.choose_theirs(second))
    assert session.reopen(second).body == "Second try"


def test_a_brief_says_who_changed_it_last_and_when(world: World) -> None:
    forum = world.session.forums()[0]
    assert (world.session.changed_by(forum), forum.edited_at) == (None, None)
    record = {
        "id": forum.id,
        "slug": forum.slug,
        "title": forum.title,
        "position": 0,
        "brief": "New words",
        "version": 2,
    }
    at = rfc3339(NOW - timedelta(hours=2))
    world.put(("forum", record | {"edited_by": PEOPLE["host"], "edited_at": at}))
    forum = world.session.forums()[0]
    who = world.session.changed_by(forum)
    assert who is not None
    assert (who.id, forum.edited_at) == (PEOPLE["host"], NOW - timedelta(hours=2))
    told = world.talk("open", "v", "q")
    assert f"Changed 2 hours ago by {who.name}" in told
    world.put(("forum", record | {"version": 3, "edited_by": "nobody", "edited_at": at}))
    assert world.session.changed_by(world.session.forums()[0]) is None
    assert "Changed 2 hours ago." in world.talk("open", "v", "q")


def test_only_the_hosts_of_a_forum_write_its_brief(world: World) -> None:
    forum = world.session.forums()[0]
    world.be("host")
    record = {"id": forum.id, "slug": forum.slug, "title": forum.title, "position": 0, "brief": ""}
    world.put(("forum", record | {"host_ids": [PEOPLE["host"]], "version": 2}))
    with pytest.raises(Refused) as told:
        world.session.write_brief(forum.slug, "Mine")
    assert forum.title in told.value.title
    assert [row.id for row in world.session.forum_hosts(world.session.forum(forum.slug))] == [PEOPLE["host"]]
    assert not world.session.hosts(world.session.forum(forum.slug))
    world.be("moderator")
    assert world.session.write_brief(forum.slug, "Mine")


# -- polls


def poll(world: World, new_id: str = "11111111-0000-7000-8000-000000000001", **more: Any) -> Record:
    at = rfc3339(world.now - timedelta(minutes=5))
    record = {
        "id": new_id, "author_id": PEOPLE["host"], "question": "When?", "choices": ["Now", "Later"],
        "created_at": at, "counts": [3, 1],
    } | more  # fmt: skip
    world.put(("poll", record))
    return record


def test_a_host_ends_polls_in_plain_mode(world: World) -> None:
    one, other = str(poll(world)["id"]), str(poll(world, "22222222-0000-7000-8000-000000000001", question="And?")["id"])
    assert "polls close" not in world.talk("B", "", "q"), "for a participant"
    assert "This is for hosts" in world.talk("polls close 1", "q")
    world.be("moderator")
    at = {row.id: number for number, row in enumerate(world.session.polls(), 1)}
    told = world.talk("B", "", "q")
    assert "polls close 1 ends that one, polls remove 1 takes it away, for good." in told
    told = world.talk(f"polls close {at[one]}", "n", "polls close 9", "polls shut 1", "q")
    assert "When? 4 ballots; it takes no more ballots." in told
    assert "Nothing was changed." in told
    assert "No poll 9" in told
    assert "polls close 1 or polls remove 1" in told
    assert world.session.outbox() == []
    assert "Closed: it takes no more ballots." in world.talk(f"polls close {at[one]}", "c", "q")
    assert "closed already" in world.talk("polls close 2", "q")
    at = {row.id: number for number, row in enumerate(world.session.polls(), 1)}
    assert "Taken away." in world.talk(f"polls remove {at[other]}", "y", "q")
    assert [(row.kind, row.payload.path[1]) for row in world.session._own.outbox()] == [
        ("close-poll", one),
        ("remove-poll", other),
    ]


def test_an_archived_jam_asks_nothing_of_a_host_that_it_does_not_take(world: World) -> None:
    session = world.session
    world.be("host")
    one = str(poll(world, author_id=session.me.person_id)["id"])
    world.announce("mine-0001", "Of myself", author_id=session.me.person_id)
    past = [rfc3339(world.now - timedelta(hours=hours)) for hours in (2, 1)]
    world.put(("jam", session.jam_object() | {"closes_at": past[0], "archived_at": past[1]}))
    for wanted in (
        lambda: session.close_poll(one), lambda: session.remove_poll(one), lambda: session.merge_tag("a", "b"),
        lambda: session.curate_tag("a"), lambda: session.ask("Why?", ["a", "b"]),
        lambda: session.change_announcement("mine-0001", "x"), lambda: session.withdraw("mine-0001"),
    ):  # fmt: skip
        with pytest.raises(Refused, match="archived"):
            wanted()
    assert session.outbox() == []
    told = world.talk("poll", "tag-merge", "polls close 1", "q")
    assert told.count("The Jam was archived") == 1 + 3, "at first, and for each"
    assert "Question" not in told
    world.be("moderator")  # they still remove what nobody may read
    assert isinstance(session.withdraw("mine-0001"), str)
    assert isinstance(session.remove_poll(one), str)


def test_a_poll_ends_with_the_jam(world: World) -> None:
    one = str(poll(world, closes_at=rfc3339(world.now + timedelta(days=900)))["id"])
    assert [row.open for row in world.session.polls()] == [True]
    jam = world.session.jam_object()
    world.put(("jam", jam | {"closes_at": rfc3339(world.now - timedelta(minutes=1))}))
    (row,) = world.session.polls()
    assert (row.id, row.open, row.closed_at) == (one, False, world.now - timedelta(minutes=1))
    told = world.talk("B", "q")
    assert "1 poll, 0 open." in told
    assert "Choose in which" not in told


def test_polls_are_listed_harmless_with_what_waits_laid_over(world: World, figure: Callable[..., None]) -> None:
    session = world.session
    one = str(poll(world, question=HOSTILE, choices=[HOSTILE, "b\nc"])["id"])
    odd: list[Record] = [
        {"id": 7}, {"choices": []}, {"choices": ["a"] * 21}, {"counts": [-1, 2]}, {"counts": "many"},
        {"created_at": "noon"}, {"question": None}, {"choices": "ab"}, {"gone": True}, {"closes_at": "soon"},
    ]  # fmt: skip
    for index, fields in enumerate(odd):
        poll(world, f"odd-{index}", **fields)
    (row,) = session.polls()
    assert not set("\x1b\u202e\x9b\n") & set(row.question + "".join(row.choices))
    assert (row.counts, row.chosen, row.total, row.share(0)) == ((3, 1), -1, 4, 0.75)
    session.choose(one[:8], 1)
    assert [(row.counts, row.chosen, row.send) for row in session.polls()] == [((3, 2), 1, SendState.QUEUED)]
    session.choose(one, 0)
    assert [(row.counts, row.chosen) for row in session.polls()] == [((4, 1), 0)]
    session.choose(one, None)
    assert [(row.counts, row.chosen) for row in session.polls()] == [((3, 1), -1)]
    for row_id, seq in [(waiting.id, 20 + at) for at, waiting in enumerate(session.outbox())]:
        session._own.sent(row_id, seq)
    session._own.forget_sent(21)  # the first two are in the mirror: the desk says what one chose before it is fetched
    assert session.desk()["ballots"] == {one: 0}
    figure(f"polls: {len(odd)} records without the form of one, 0 listed")


def test_a_poll_whose_time_is_over_takes_no_ballot(world: World) -> None:
    one = str(poll(world, closes_at=rfc3339(world.now + timedelta(minutes=1)))["id"])
    assert world.session.poll(one).open
    world.now += timedelta(minutes=2)
    row = world.session.poll(one)
    assert (row.open, row.closed_at) == (False, NOW + timedelta(minutes=1))
    with pytest.raises(Refused, match="closed"):
        world.session.choose(one, 0)
    assert world.session.outbox() == []


def test_a_ballot_that_is_none_says_what_would_be_one(world: World) -> None:
    one = str(poll(world)["id"])
    for choice in (-1, 2, 99):
        with pytest.raises(UsageError, match="no choice"):
            world.session.choose(one, choice)
    with pytest.raises(UsageError, match="not chosen"):
        world.session.choose(one, None)
    world.session.known = world.session.known.changed(person_id="", handle="guest", role="guest")
    with pytest.raises(NotSignedIn):
        world.session.choose(one, 0)


def test_a_host_asks_closes_and_takes_away(world: World) -> None:
    session = world.session
    with pytest.raises(Refused):
        session.ask("When?", ["Now", "Later"])
    world.be("host")
    for question, choices in (("", ["a", "b"]), ("Q", ["a"]), ("Q", ["a", "A"]), ("x" * 301, ["a", "b"]),
                              ("Q", ["x" * 101, "b"]), ("Q", list("abcdefghi")), ("Q", ["a", " "])):  # fmt: skip
        with pytest.raises(UsageError):
            session.ask(question, choices)
    with pytest.raises(UsageError, match="closed already"):
        session.ask("Q", ["a", "b"], closes_at=NOW)
    brief_came(world, "Nobody is named", 2)
    one = session.ask("  When\n then? ", ["Now", " Later  on "], session.forums()[0].slug, NOW + timedelta(hours=2))
    row = session.poll(one)
    assert (row.question, row.choices, row.mine, row.steers, row.open) == (
        "When then?", ("Now", "Later on"), True, True, True,
    )  # fmt: skip
    undo = session.remove_poll(one)  # not sent yet: it can be brought back
    assert not isinstance(undo, str)
    assert session.polls() == []
    session.undo(undo)
    assert session.close_poll(one)
    assert not session.poll(one).open
    with pytest.raises(UsageError, match="closed already"):
        session.close_poll(one)
    other = str(poll(world)["id"])
    with pytest.raises(Refused, match="another host"):
        session.close_poll(other)
    world.be("moderator")
    assert isinstance(session.remove_poll(other), str)
    assert other not in {row.id for row in session.polls()}


# -- a shift


def test_a_hand_over_tells_what_waits_is_heated_reported_promised_and_came_from_experts(
    world: World, figure: Callable[..., None]
) -> None:
    session = world.session
    me, forum = session.me.person_id, session.forums()[0]
    at = iter(range(1, 100))

    def post(author: str, body: str, parent: str | None = None, minutes: int = 30, **more: Any) -> str:
        n = next(at)
        post_id = f"00000000-0000-7000-8000-{n:012d}"
        thread = more.pop("thread", post_id)
        created = rfc3339(world.now - timedelta(minutes=minutes) + timedelta(seconds=n))
        record = {
            "id": post_id, "forum_id": forum.id, "thread_id": thread, "parent_id": parent, "author_id": author,
            "body": body, "created_at": created, "tags": [], "votes": {"up": 0},
        } | ({} if parent else {"title": f"T{n} {HOSTILE}"})  # fmt: skip
        world.put(("post", record | more))
        return post_id

    ana, expert = PEOPLE["participant"], PEOPLE["expert"]
    waits = post(ana, "Who knows?", minutes=300)
    post(ana, "So I say it again", waits, thread=waits)  # the author's own reply is no answer
    post(ana, "Locked", locked=True)
    hot = post(ana, "Wages")
    for n in range(8):
        post((ana, expert)[n % 2], "No! Yes!", hot, thread=hot)
    promise = post(me, "> I will, he said.\nI'll look into the budget tomorrow.", hot, thread=hot)
    post(me, "I will not. The will of the people.", hot, thread=hot, minutes=900)
    objected = post(PEOPLE["host"], "Plan")
    for n in (1, 2):
        link = {"id": f"l{n}", "from_id": f"x{n}", "kind": "objects", "to_id": objected, "created_at": rfc3339(NOW)}
        world.put(("link", link))
    with pytest.raises(Refused):
        session.hand_over()
    world.be("host")
    found = session.hand_over(NOW - timedelta(hours=8))
    assert waits in [one.post.id for one in found.unanswered]
    assert [one.post.id for one in found.unanswered] == sorted(
        [one.post.id for one in found.unanswered], key=lambda one: session.post(one).created_at
    )
    heated = {one.post.id: one.why for one in found.heated}
    assert heated[hot] == "9 replies by 3 people within 1 min"
    assert heated[objected] == "2 objections"
    assert (found.promises[0].post.id, found.promises[0].why) == (promise, "I'll look into the budget tomorrow.")
    assert len(found.promises) == 1
    assert {one.post.role for one in found.experts} == {"expert"}
    assert expert in {one.post.author_id for one in found.experts}
    assert found.reported is None
    queue = [{"id": f"r{n}", "post_id": hot, "reason": ["abuse", "spam", "spam"][n]} for n in range(3)]
    world.be("moderator")
    session._own.put_desk(msgspec.json.encode({"role": "moderator", "queue": queue}), '"e"')
    found = session.hand_over(NOW - timedelta(hours=8))
    assert [(one.post.id, one.why) for one in found.reported or ()] == [(hot, "abuse, spam (2)")]
    assert "3 reports" in {one.post.id: one.why for one in found.heated}[hot]
    session.write_shift_note("Watch [this](javascript:x)\n" + HOSTILE)
    told = markdown(session.hand_over(), session.jam, "Ana [x](y)", session.address)
    assert not set("\x1b\u202e\x9b") & set(told)
    assert "](javascript" not in told
    assert "[x](y)" not in told
    assert session.hand_over().first
    undo = session.end_shift()
    world.now += timedelta(hours=1)
    session.set_place("shift", (NOW + timedelta(minutes=1)).isoformat())
    after = session.hand_over()
    assert (after.since, after.first, after.experts, after.promises) == (NOW + timedelta(minutes=1), False, (), ())
    assert [one.why for one in after.heated] == ["3 reports"]  # they are open still
    assert after.unanswered  # waits, whatever shift it is
    session.undo(undo)
    assert session.hand_over().first
    figure(f"hand-over: {sum(len(posts) for _, _, posts in found.sections())} posts in {len(found.sections())} parts")


@pytest.mark.parametrize(
    ("body", "words"),
    [
        ("Fine.\nI will ask the board.", "I will ask the board."),
        ("We’ll come back to this", "We’ll come back to this"),
        ("- [ ] write it down\n- [x] done", "- [ ] write it down"),
        ("Ich werde das klären.", "Ich werde das klären."),
        ("Let me get back to you", "Let me get back to you"),
        ("> I will\nThe will is there", ""),
        ("I will not.", ""),
        ("Illness", ""),
    ],
)
def test_a_promise_says_what_one_will_do(body: str, words: str) -> None:
    assert promised(body) == words


def test_plain_mode_chooses_in_a_poll_asks_one_and_hands_a_shift_over(world: World) -> None:
    one = str(poll(world, question="When? " + HOSTILE)["id"])
    told = world.talk("B", "1", "2", "B", "1", "0", "poll", "unanswered", "hand-over", "q")
    assert "Nothing was asked yet" not in told
    assert "2 Later: 1, 25%" in told
    assert "Chosen: Later." in told
    assert "2 Later: 2, 40%, yours" in told
    assert "Your ballot is taken back." in told
    assert told.count("This is for hosts") == 3
    assert not set("\x1b\u202e\x9b") & set(told)
    assert world.session.poll(one).chosen == -1
    brief_came(world, "Say **what** you need.", 2)
    world.be("host")
    told = world.talk(
        "open", "v", "brief", "More words.", ".", "poll", "Which?", "One", "Two", "", "2h",
        "unanswered", "hand-over", "n", "Watch wages", "hand-over", "e", "z", "q",
    )  # fmt: skip
    assert "Brief of Building" in told
    assert "Say what you need." in told
    assert "Asked: Which?" in told
    assert "Waiting for an answer: " in told
    assert "Note kept on this device." in told
    assert "Note: Watch wages" in told
    assert "Shift ended" in told
    session = world.session
    assert session.forums()[0].brief.endswith("More words.")
    assert {row.question for row in session.polls()} >= {"Which?"}
    assert session.last_shift() is None  # taken back


def test_escape_behind_what_was_typed_does_nothing_in_plain_mode(world: World) -> None:
    """A digit and then Escape is no answer: nothing is chosen, undone, taken off or told to everybody."""
    one = str(poll(world)["id"])
    world.be("host")
    session = world.session
    asked = len(session.polls())
    told = world.talk("B", "1\x1b", "B", "1", "2\x1b", "poll", "Which?", "One", "Two", "Three\x1b", "q", "q")
    told += world.talk("poll", "Which?", "One", "Two", "", "2h\x1b", "q", "q")
    assert told.count("Nothing chosen.") == 2
    assert told.count("Nothing asked.") == 2
    assert session.poll(one).chosen == -1
    assert len(session.polls()) == asked
    told = world.talk("mute #pilots", "muted", "1\x1b", "q")
    assert "All left as it is." in told
    assert [row.name for row in session.mark_rows(Mark.MUTED)] == ["#pilots"]
    assert session.outbox() == []


def test_a_slip_in_a_question_of_plain_mode_is_told_and_loses_nothing(world: World) -> None:
    one = str(poll(world)["id"])
    world.be("host")
    told = world.talk("B", "9\x9b", "B", "1", "7", "poll", "Which?", "One", "Two", "", "2 hors", "2h", "q")
    assert "There is no 9" in told
    assert "There is no 7 here." in told
    assert told.count("Nothing chosen.") == 2
    assert "\x9b" not in told
    assert "Not a time: 2 hors." in told
    asked = next(row for row in world.session.polls() if row.question == "Which?")
    assert asked.closes_at == world.now + timedelta(hours=2)
    assert world.session.poll(one).chosen == -1


def test_what_waits_long_is_told_in_one_unit() -> None:
    told = [waited(NOW - timedelta(minutes=m), NOW) for m in (0, 59, 60, 2879, 2880, 90_000, 6_544_000)]
    assert told == ["0 min", "59 min", "1 h", "47 h", "2 d", "2 mon", "12 y"]
