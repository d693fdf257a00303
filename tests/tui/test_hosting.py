"""What hosts do, on the screen: alerts, briefs, polls, posts without an answer, a shift that is handed over."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from contextlib import AbstractAsyncContextManager, closing
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import msgspec
import pytest
from textual.widgets import OptionList

from jamtui.archive import rfc3339
from jamtui.model import Changed, SendState
from jamtui.session import Session
from jamtui.store import connection, mirror
from jamtui.store.mirror import Mirror
from screens.hints import idle
from screens.messages import JamChanged

NOW = datetime(2011, 2, 9, 14, tzinfo=UTC)
HOSTILE = "\x1b[2J\u202eevil[@click=app.quit]x[/] \x9b31m"
Start = Callable[..., AbstractAsyncContextManager[Any]]
Record = dict[str, Any]


class World:
    """The mirror behind the screen, and what the Jam says of the reader."""

    def __init__(self, session: Session) -> None:
        self.session = session
        self.seq = 1
        self.host = next(row.id for row in session.people() if row.role == "host")

    def put(self, *records: tuple[str, Record]) -> None:
        with closing(connection.connect(self.session.known.mirror, mirror.SCHEMA)) as db:
            self.seq += len(records)
            Mirror(db).apply([(kind, msgspec.json.encode(data)) for kind, data in records], f"{self.seq}-bbbb")

    def be(self, role: str, **more: Any) -> None:
        me = next(one for one in self.session.stored().people() if one["id"] == self.session.me.person_id)
        self.put(("person", {**{name: me[name] for name in ("id", "handle", "name")}, "role": role}))
        self.session._own.put_desk(msgspec.json.encode({"role": role} | more), '"e"')

    def announce(self, new_id: str, body: str, minutes: int = 5, **more: Any) -> None:
        at = rfc3339(NOW - timedelta(minutes=minutes))
        self.put(("announcement", {"id": new_id, "author_id": self.host, "body": body, "created_at": at} | more))

    def poll(self, new_id: str = "11111111-0000-7000-8000-000000000001", **more: Any) -> None:
        record = {
            "id": new_id, "author_id": self.host, "question": "When shall we meet?",
            "choices": ["In the morning", "After lunch", "Never again"], "counts": [17, 9, 2],
            "created_at": rfc3339(NOW - timedelta(minutes=20)),
        }  # fmt: skip
        self.put(("poll", record | more))

    def forum(self, at: int = 0, **fields: Any) -> str:
        """A forum that names no hosts, with other fields."""
        row = self.session.forums()[at]
        record = {"id": row.id, "slug": row.slug, "title": row.title, "position": row.position, "brief": row.brief}
        self.put(("forum", record | fields))
        return row.id


@pytest.fixture
def world(session: Session) -> World:
    return World(session)


async def came(t: Any, **changed: bool) -> None:
    """What the network tells after a commit."""
    t.screen.post_message(JamChanged(Changed(**(changed or {"records": True}))))
    await t.settle()


# -- alerts


async def test_an_alert_stands_in_the_place_of_the_tabs_and_moves_nothing(tui: Start, world: World) -> None:
    async with tui(size=(100, 30)) as t:
        await t.press("enter", "j")
        before = t.text.splitlines()
        world.announce("a", "Refining begins **now**. " + HOSTILE)
        await came(t)
        after = t.text.splitlines()
        assert "Refining begins" in after[1]
        assert "! reads   X puts away" in after[1]
        assert [line[:30] for line in after[2:]] == [line[:30] for line in before[2:]]
        await t.press("X")
        assert [line[:30] for line in t.text.splitlines()[2:]] == [line[:30] for line in before[2:]]
        await came(t)
        assert "Refining" not in t.text  # it was put away
        world.announce("b", "Lunch", 1)
        await came(t)
        assert "Lunch" in t.text.splitlines()[1]
        await t.press("exclamation_mark")
        assert "2 new" in t.text
        assert not set("\x1b\u202e\x9b") & set(t.text)
        await t.press("escape")
        assert [line[:30] for line in t.text.splitlines()[2:]] == [line[:30] for line in before[2:]]
        assert all(row.seen for row in world.session.announcements())


async def test_a_host_withdraws_an_alert_and_it_leaves_the_screen(tui: Start, world: World) -> None:
    world.announce("b", "Of another host", 40)
    world.announce("a", "Refining begins now", 5, author_id=world.session.me.person_id)
    async with tui(size=(100, 30)) as t:
        await t.press("exclamation_mark")
        assert "D withdraws" not in t.text  # for a participant
        await t.press("escape")
        world.be("host")
        await came(t)
        await t.press("exclamation_mark")
        assert "D withdraws" in t.text
        await t.press("j")
        assert "D withdraws" not in t.text
        await t.press("D")
        assert "another host's" in t.text
        await t.press("k", "D")
        assert "Withdraw this announcement?" in t.text
        await t.press("escape")
        assert "2 in all" in t.text
        await t.press("D", "enter")
        assert "2 in all" in t.text
        await t.press("D", "y")
        assert "Withdrawn" in t.text
        assert "Refining begins" not in t.text
        assert [row.id for row in world.session.announcements()] == ["b"]
        await t.press("escape")
        assert [row.kind for row in world.session.outbox()] == ["withdraw"]
        await t.command("announce")
        assert "Refining begins now" in t.text  # to be mended


async def test_the_line_does_what_plain_mode_does_with_one_of_a_list(tui: Start, world: World) -> None:
    world.be("moderator")
    world.announce("b", "The older one", 40)
    world.announce("a", "The newer one", 5)
    world.poll()
    world.poll("22222222-0000-7000-8000-000000000001", question="Shall we?", created_at=rfc3339(NOW))
    async with tui(size=(100, 30)) as t:
        await t.command("announcements withdraw 2")
        assert "Withdraw this announcement?" in t.text
        assert "The older one" in t.text
        await t.press("y")
        assert [row.body for row in world.session.announcements()] == ["The newer one"]
        await t.press("escape")
        for typed in ("announcements withdraw 2", "announcements withdraw", "announcements lose 1"):
            await t.command(typed)
            assert "nnouncements" in t.told
            assert "Withdraw this" not in t.text
        await t.command("polls close 2")
        assert "Close this poll?" in t.text
        assert "When shall we meet?" in t.text
        await t.press("y", "escape")
        await t.command("polls remove 1")
        assert "Take away this poll?" in t.text
        assert "Shall we?" in t.text
        await t.press("y", "escape")
        assert [row.kind for row in world.session.outbox()] == ["withdraw", "close-poll", "remove-poll"]
        await t.command("announcements withdraw 1")
        await t.press("y")
        assert "Withdrawn   Esc leaves" in t.text


async def test_a_digit_that_is_no_choice_is_told(tui: Start, world: World) -> None:
    world.poll()
    async with tui(size=(100, 30)) as t:
        for digit in "49":
            await t.press("B", digit)
            assert f"No choice {digit}. The choices are 1 to 3." in t.text
            await t.press("escape")
        assert world.session.outbox() == []


async def test_a_host_changes_an_alert_and_others_see_it_anew(tui: Start, world: World) -> None:
    world.be("host")
    world.announce("b", "It begins at two", 40)
    world.announce("a", "Of myself: at two", 5, author_id=world.session.me.person_id)
    async with tui(size=(100, 30)) as t:
        await t.press("exclamation_mark")
        assert "e changes" in t.text
        await t.press("j")
        assert "e changes" not in t.text
        await t.press("e")
        assert "another host's" in t.text
        await t.press("k", "e")
        assert "Change the announcement" in t.text
        assert "Of myself: at two" in t.text
        assert world.session.phase_line()
        assert world.session.phase_line()[:20] not in t.text  # it is for what participants write
        await t.type(", or three")
        await t.press("ctrl+s")
        assert [row.kind for row in world.session.outbox()] == ["announce-change"]
        assert [row.body for row in world.session.announcements()] == [
            "Of myself: at two, or three",
            "It begins at two",
        ]
        assert "It begins at" not in t.text
        world.announce("b", "It begins at three", 40, edited_at=rfc3339(NOW - timedelta(minutes=2)))
        await came(t)
        assert "changed · 2 min" in t.text.splitlines()[1]
        assert "It begins at three" in t.text.splitlines()[1]
        await t.command("announcements change 1")
        assert "Change the announcement" in t.text


async def test_hosts_see_how_a_brief_changed(tui: Start, world: World) -> None:
    forum = world.forum(brief="What is it?\nWhy not?", version=2, edited_by=world.host, edited_at=rfc3339(NOW))
    record = {"id": f"{forum}.2", "forum_id": forum, "version": 2, "brief": "What is it?\nWhy?"}
    world.put(("brief", record | {"edited_by": world.host, "edited_at": rfc3339(NOW)}))
    async with tui(size=(100, 30)) as t:
        await t.command("brief-history")
        assert "for hosts" in t.told
        world.be("host")
        await came(t)
        await t.command("brief-history")
        assert "Changes of the brief   1" in t.text
        assert "version 2" in t.text
        assert "- Why?" in t.text
        assert "+ Why not?" in t.text
        await t.press("y")
        assert "Copied: what it said before version 2" in t.text
        assert t.app.clipboard == "What is it?\nWhy?"


async def test_hosts_of_an_archived_jam_are_told_before_they_are_asked(tui: Start, world: World) -> None:
    world.be("host")
    world.announce("a", "Of myself", 5, author_id=world.session.me.person_id)
    world.poll(author_id=world.session.me.person_id)
    async with tui(size=(100, 30)) as t:
        assert not {"poll", "tag-merge", "tag-curate"} & idle(world.session)
        await t.press("exclamation_mark")
        assert "D withdraws" in t.text
        await t.press("escape", "B")
        assert "D takes away" in t.text
        await t.press("escape")
        jam = world.session.jam_object()
        ended = {"closes_at": rfc3339(NOW - timedelta(hours=2)), "archived_at": rfc3339(NOW - timedelta(hours=1))}
        world.put(("jam", jam | ended))
        await came(t, everything=True)
        assert {"poll", "tag-merge", "tag-curate"} <= idle(world.session)
        for line in ("poll", "tag-merge", "tag-curate", "tag-merge tea"):
            await t.command(line)
            assert "archived" in t.told, line
            assert len(t.app.screen_stack) == 1, line
        for key in ("exclamation_mark", "B"):
            await t.press(key)
            assert "withdraws" not in t.text
            assert "takes away" not in t.text
            await t.press("D")
            assert "archived" in t.text, key
            assert len(t.app.screen_stack) == 2, key
            await t.press("escape")
        assert world.session.outbox() == []


async def test_on_a_low_terminal_an_alert_is_said_where_what_was_done_is_said(tui: Start, world: World) -> None:
    async with tui(size=(60, 10)) as t:
        world.announce("a", "Refining begins now")
        await came(t)
        assert "announces: Refining" in t.told


async def test_a_host_writes_an_announcement_and_a_participant_is_told_why_not(tui: Start, world: World) -> None:
    async with tui(size=(100, 30)) as t:
        await t.command("announce")
        assert "This is for hosts" in t.told
        world.be("host")
        await t.command("announce building")
        assert "Announce to those of" in t.text
        assert "/2,000" in t.text
        await t.type("Half an")
        await t.press("escape")
        assert "Draft kept" in t.told
        await t.command("announce building")
        await t.type(" alert")
        await t.press("ctrl+s")
        (row,) = world.session.announcements()
        assert (row.body, row.send) == ("Half an alert", SendState.QUEUED)
        await t.press("5")
        assert "announcement" in t.text
        await t.press("enter")
        assert "e takes it back to change it, D drops it" in t.told
        await t.press("D")
        assert world.session.outbox() == []
        await t.press("z")
        assert len(world.session.outbox()) == 1


# -- briefs


async def test_the_brief_of_a_forum_is_folded_and_unfolded_where_one_reads(tui: Start, world: World) -> None:
    world.forum(brief="# Welcome\n\nSay **what** you need. " + HOSTILE, host_ids=[world.host], version=3)
    async with tui(size=(100, 30)) as t:
        await t.press("enter")
        assert "▸ Welcome Say what you need." in t.text
        await t.press("v")
        assert "▾ Brief  hosts: " in t.text
        assert "Say what you need." in t.text
        assert not set("\x1b\u202e\x9b") & set(t.text)
        await t.press("v")
        assert "▸ Welcome" in t.text
        at = rfc3339(NOW - timedelta(hours=2))
        world.forum(brief="Another", version=4, edited_by=world.host, edited_at=at)
        await came(t, everything=True)
        assert "● Another" in t.text  # it is another since one looked
        await t.press("enter", "v")  # in a thread: as a page of its own
        assert "Hosted by every host of the Jam · changed by Frida Iversen · 2 h" in t.text
        await t.press("escape", "escape")
        assert "▸ Another" in t.text


async def test_a_host_changes_the_brief_and_meets_a_newer_one(tui: Start, world: World) -> None:
    forum = world.forum(brief="Old words", version=2)
    world.be("host")
    async with tui(size=(100, 30)) as t:
        await t.press("enter")
        await t.command("brief")
        assert "Brief of" in t.text
        await t.type(" and new ones")
        await t.press("ctrl+s")
        assert "↑ Old words and new ones" in t.text
        assert world.session.forum(forum).brief == "Old words and new ones"
        (row,) = world.session.outbox()
        world.session._own.refused(row.id, "The forum is at version 3 now.", "version_conflict")
        world.forum(brief="Others were faster", version=3)
        await came(t, everything=True)
        await t.press("5", "r")
        assert "Others were faster" in t.text
        assert "Old words and new ones" in t.text
        await t.press("m")
        assert world.session._own.outbox()[0].payload.base_version == 3


async def test_who_is_no_host_of_a_forum_reads_its_brief_and_is_told_why_not(tui: Start, world: World) -> None:
    world.forum(brief="", version=2)
    async with tui(size=(100, 30)) as t:
        await t.press("enter")
        await t.command("brief")
        assert "This is for hosts" in t.told
        world.forum(brief="Words", version=3)
        await came(t, everything=True)
        await t.command("brief")
        assert "Words" in t.text
        assert "Esc leaves" in t.text


# -- polls


async def test_a_number_chooses_and_the_bars_follow(tui: Start, world: World) -> None:
    forum = world.session.forums()[0].id
    world.poll(forum_id=forum)
    world.poll("22222222-0000-7000-8000-000000000002", question=HOSTILE, choices=[HOSTILE, "b"], counts=[0, 0])
    async with tui(size=(100, 34)) as t:
        await t.press("enter")
        assert "? When shall we meet?" in t.text
        assert "28 ballots  B" in t.text
        await t.press("B")
        assert "2 open" in t.text
        assert "61%" in t.text
        assert not set("\x1b\u202e\x9b") & set(t.text)
        await t.press("2")
        assert "Chosen: After lunch" in t.text
        assert "✓ After lunch" in t.text
        row = world.session.poll("11111111")
        assert (row.counts, row.chosen) == ((17, 10, 2), 1)
        await t.press("1", "0")
        assert "Your ballot is taken back" in t.text
        world.poll(forum_id=forum, counts=[17, 9, 300])
        await came(t)
        assert "300" in t.text  # while one looks
        await t.press("7")
        assert "No choice 7" in t.text
        await t.press("c")
        assert "This is for hosts" in t.text
        await t.press("escape")
        assert "326 ballots" in t.text
        assert len(world.session._marks.seen("poll")) == 2  # of the inbox, too


async def test_a_host_asks_a_poll_whose_words_are_kept_when_one_leaves(tui: Start, world: World) -> None:
    async with tui(size=(100, 30)) as t:
        await t.command("poll")
        assert "This is for hosts" in t.told
        world.be("host")
        await t.command("poll")
        await t.type("Which?")
        await t.press("tab")
        await t.type("One")
        await t.press("escape")
        await t.command("poll")
        assert "Which?" in t.text
        await t.press("ctrl+s")
        assert "1 choices" in t.text
        await t.press("tab", "enter")
        await t.type("Two")
        await t.press("tab")
        await t.type("2h")
        await t.press("ctrl+s")
        assert "Asked: Which?" in t.told
        (row,) = world.session.polls()
        assert (row.choices, row.closes_at) == (("One", "Two"), NOW + timedelta(hours=2))
        await t.press("B", "D", "y")
        assert world.session.polls() == []
        await t.press("z")
        assert len(world.session.polls()) == 1


async def test_each_poll_and_announcement_that_was_dropped_comes_back(tui: Start, world: World) -> None:
    """Two of each, not sent yet; z goes on to the one before."""
    world.be("host")
    for text in ("Now?", "Later?"):
        world.session.ask(text, ["Yes", "No"])
        world.session.announce(text)
    async with tui(size=(100, 30)) as t:
        for key, left in (("B", world.session.polls), ("exclamation_mark", world.session.announcements)):
            before = {row.id for row in left()}
            await t.press(key, "D", "y", "D", "y")
            assert left() == []
            await t.press("z", "z", "z")
            assert {row.id for row in left()} == before
            assert len(before) == 2
            await t.press("escape")


# -- a shift


async def test_unanswered_threads_are_a_list_in_which_one_key_answers(tui: Start, world: World) -> None:
    async with tui(size=(120, 30)) as t:
        await t.press("U")
        assert "This is for hosts" in t.told
        world.be("moderator")
        await t.press("U")
        assert "Waiting for an answer" in t.text
        keys = world.session.unanswered_keys()
        assert list(t.screen.list_now.keys) == keys
        title = t.title
        await t.press("r")
        await t.type("Here is one")
        await t.press("ctrl+s")
        await t.press("escape")
        assert len(world.session.unanswered_keys()) == len(keys) - 1
        assert t.title != title
        await t.press("escape")
        assert "Forums" in t.text


async def test_a_shift_is_handed_over(tui: Start, world: World) -> None:
    async with tui(size=(120, 40)) as t:
        await t.command("hand-over")
        assert "This is for hosts" in t.told
        world.be("moderator", queue=[{"id": "r", "post_id": world.session.posts([1])[0].id, "reason": "spam"}])
        await t.command("hand-over")
        for heading in ("Hand-over since 8 h", "Waiting for an answer", "Heated", "Reported 1"):
            assert heading in t.text
        await t.press("n")
        await t.type("Watch wages")
        await t.press("escape")
        assert "Watch wages" in t.text
        copied: list[str] = []
        t.app.copy_to_clipboard = copied.append
        await t.press("y")
        assert copied[0].startswith("# Hand-over: ")
        assert "> Watch wages" in copied[0]
        await t.press("E")
        assert world.session.last_shift() == NOW
        await t.press("z")
        assert world.session.last_shift() is None
        await t.press("enter")
        assert t.screen.spot.reading


async def test_the_keys_of_hosts_are_in_no_help_and_hint_of_a_participant(tui: Start, world: World) -> None:
    assert {"announce", "poll", "unanswered", "hand-over", "brief"} <= idle(world.session)
    world.be("host")
    assert not {"announce", "poll", "unanswered", "hand-over", "brief"} & idle(world.session)
    async with tui(size=(100, 30)) as t:
        assert "unanswered" not in t.told


# -- pictures

PICTURES: dict[str, tuple[str, ...]] = {
    "alert": (),
    "announcements": ("exclamation_mark",),
    "brief": ("enter", "v"),
    "polls": ("enter", "B", "2"),
    "poll_form": ("colon", *"poll", "enter", *"Which?"),
    "unanswered": ("U",),
    "hand_over": ("colon", *"hand-over", "enter"),
}


@pytest.mark.parametrize("size", [(40, 10), (80, 24), (160, 45)], ids=lambda size: f"{size[0]}x{size[1]}")
@pytest.mark.parametrize("name", PICTURES)
def test_pictures(name: str, size: tuple[int, int], world: World, tmp_path: Path, snap_compare: Any) -> None:
    from jamtui.app import JamApp

    session = world.session
    forum = world.forum(brief="# What we look for\n\n- **one** idea a thread\n- what it *costs*\n\nHosts read along.")
    world.poll(forum_id=forum)
    world.poll("22222222-0000-7000-8000-000000000002", question="Did the first day help?", choices=["Yes", "No"],
               counts=[212, 40], closed_at=rfc3339(NOW - timedelta(hours=2)))  # fmt: skip
    world.announce("a", "The **second day** begins. Look at what is new, and say what you would *fund*.", 12)
    world.announce("b", "Lunch is at noon.", 300)
    world.be("moderator")

    async def run(pilot: Any) -> None:
        await pilot.pause()
        for key in PICTURES[name]:
            await pilot.press(key)
            await pilot.app.workers.wait_for_complete()
            await pilot.pause()
        # The thread beside a list is drawn when one rests for a moment.
        if soon := [task for task in asyncio.all_tasks() if task.get_name() in ("preview", "save-draft")]:
            await asyncio.wait(soon)
            await pilot.pause()

    app = JamApp(session, reports=tmp_path / "reports", frozen=True, clock=lambda: NOW)
    session.set_place("shift-note", "Keep an eye on the thread about wages.")
    assert snap_compare(app, run_before=run, terminal_size=size)


@pytest.mark.parametrize("keys", ["jk", ("pagedown", "pageup"), ("down", "up")])
async def test_what_is_higher_than_its_list_is_read_to_its_end_by_keys(tui: Start, world: World, keys: Any) -> None:
    """An alert of 2,000 characters, and a poll on the smallest screen: the keys went on to the next one."""
    on, back = keys
    world.announce("0e000000-0000-7000-8000-000000000001", "An older one", minutes=9)
    world.announce("0e000000-0000-7000-8000-000000000002", "\n\n".join(f"Part {n}" for n in range(40)))
    world.poll()

    async def through(t: Any, last: str, steps: int) -> None:
        rows = t.app.screen.query_one(OptionList)
        for _ in range(steps):
            if last in t.text:
                break
            await t.press(on)
        assert last in t.text
        assert rows.highlighted == 0

    async with tui(size=(80, 24)) as t:
        await t.press("exclamation_mark")
        rows = t.app.screen.query_one(OptionList)
        assert "Part 0" in t.text
        await through(t, "Part 39", 12)
        await t.press(on)
        assert rows.highlighted == 1
        await t.press(back)
        assert rows.highlighted == 0
        await t.press("escape")
    async with tui(size=(40, 10)) as t:
        await t.press("B")
        await through(t, "Never again", 6)
