"""The inbox with keys, and what is told of what came while one reads."""

from __future__ import annotations

import json
from collections.abc import Callable
from contextlib import AbstractAsyncContextManager, closing
from datetime import UTC, datetime
from typing import Any

import pytest

from jamtui.app import JamApp
from jamtui.archive import rfc3339
from jamtui.config import Entry
from jamtui.model import Changed, Link
from jamtui.session import Session
from jamtui.store import connection, mirror
from jamtui.store.mirror import Mirror
from screens.inbox_dialogs import ReasonPicker, ThingDialog
from screens.messages import JamChanged

NOW = datetime(2011, 2, 9, 14, tzinfo=UTC)
Start = Callable[..., AbstractAsyncContextManager[Any]]
EVIL = "\x1b]0;x\x07\x9b31m\u202e[/]\U0001f1e9\U0001f1ea \U0001f469\u200d\U0001f4bb"


class Jam:
    """Writes into the mirror what a server would bring."""

    def __init__(self, session: Session) -> None:
        self.session = session
        rows = session.posts(session.live_keys())
        self.mine = next(row for row in rows if row.mine)
        self.other = next(row for row in rows if not row.mine)
        self.seq = 1

    def apply(self, kind: str, data: dict[str, object]) -> None:
        self.seq += 1
        with closing(connection.connect(self.session.known.mirror, mirror.SCHEMA)) as db:
            Mirror(db).apply([(kind, json.dumps(data).encode())], f"{self.seq}-aaaa")

    def answer(self, number: int, body: str = "I agree", parent: Any = None) -> str:
        to = parent or self.mine
        new = f"00000000-0000-7000-8000-{number:012x}"
        self.apply(
            "post",
            {"id": new, "forum_id": to.forum_id, "thread_id": to.thread_id, "parent_id": to.id,
             "author_id": self.other.author_id, "title": "", "body": body, "created_at": rfc3339(NOW), "tags": []},
        )  # fmt: skip
        return new

    def announce(self, body: str, number: int = 900) -> None:
        new = f"00000000-0000-7000-8000-{number:012x}"
        self.apply(
            "announcement", {"id": new, "author_id": self.other.author_id, "body": body, "created_at": rfc3339(NOW)}
        )


@pytest.fixture
def jam(session: Session) -> Jam:
    return Jam(session)


async def test_forty_answers_are_one_row_that_opens_at_the_first(tui: Start, jam: Jam) -> None:
    jam.session.read_inbox(jam.session.inbox_keys())
    first = jam.answer(1)
    for number in range(2, 41):
        jam.answer(number, f"answer {number}")
    async with tui(size=(160, 45)) as t:
        await t.press("0")
        assert f"40 of {t.row.count} answers new" in t.text
        assert "1 for you" in t.text.splitlines()[0]
        assert t.row.excerpt == "answer 40"
        await t.press("enter")
        assert t.screen.spot.reading
        assert t.screen.reader.cursor_row.id == first
        await t.press("escape")
        assert t.screen.spot.place == "inbox"


async def test_marking_and_undo(tui: Start, jam: Jam) -> None:
    jam.answer(1)
    async with tui() as t:
        await t.press("0")
        count = t.session.for_me()
        await t.press("u")
        assert t.session.for_me() == count - 1
        assert "marked as read" in t.told
        await t.press("z")
        assert t.session.for_me() == count
        await t.press("A")
        assert t.session.for_me() == 0
        assert "for you" not in t.text.splitlines()[0]
        await t.press("z")
        assert t.session.for_me() == count


async def test_many_are_marked_after_a_question(tui: Start, jam: Jam) -> None:
    for number in range(1, 202):
        jam.answer(number)
    async with tui() as t:
        await t.press("0", "A")
        assert "Mark 2" in t.text
        await t.press("escape")
        assert t.session.for_me()
        await t.press("A", "enter")
        assert t.session.for_me() == 0


async def test_space_reads_through_the_inbox(tui: Start, jam: Jam) -> None:
    jam.answer(1)
    async with tui(size=(80, 24)) as t:
        await t.press("0")
        for _ in range(400):
            if not t.session.for_me():
                break
            await t.press("space")
        assert t.session.for_me() == 0
        assert t.screen.spot.place == "inbox"


async def test_a_part_of_the_inbox(tui: Start, jam: Jam) -> None:
    jam.answer(1)
    jam.announce("Lunch at one")
    async with tui() as t:
        await t.press("0")
        rows = len(t.screen.list_now.keys)
        await t.press("f")
        assert isinstance(t.app.screen, ReasonPicker)
        await t.press("escape")
        await t.command("inbox announcements")
        assert list(t.screen.list_now.keys) == ["announcement:00000000-0000-7000-8000-000000000384"]
        assert "announcement" in t.text
        await t.press("x")
        assert len(t.screen.list_now.keys) == rows
        await t.press("z")
        assert len(t.screen.list_now.keys) == 1
        await t.command("inbox nonsense")
        assert "no reason" in t.told
        await t.command("inbox unread")
        await t.press("u")
        assert t.row is not None  # it stays under the cursor until one goes on
        assert not t.row.unread


@pytest.mark.parametrize("size", [(40, 10), (80, 24), (160, 45)])
async def test_an_announcement_opens_as_its_whole_text(tui: Start, jam: Jam, size: tuple[int, int]) -> None:
    jam.announce(f"Lunch {EVIL}\n\nat one")
    async with tui(size=size) as t:
        await t.command("inbox announcements")
        assert t.row.unread
        await t.press("enter")
        assert isinstance(t.app.screen, ThingDialog)
        assert "at one" in t.text
        assert not any(char in t.text for char in "\x1b\x9b\u202e")
        await t.press("escape")
        assert not t.row.unread


async def test_a_post_of_the_inbox_can_be_answered_and_voted_for(tui: Start, jam: Jam) -> None:
    jam.session.read_inbox(jam.session.inbox_keys())
    new = jam.answer(1)
    async with tui() as t:
        await t.command("inbox answers")
        await t.press("plus")
        assert t.session.post(new).voted
        await t.press("r")
        assert t.screen.writing


async def test_guests_are_told_what_the_inbox_is_for(tui: Start, session: Session) -> None:
    session.known = session.known.changed(person_id="", handle="guest", role="guest")
    session._rows.me = session.known.me
    session._rows.forget_numbers()
    async with tui() as t:
        await t.press("0")
        assert "signed in" in t.text
        await t.press("A")
        assert "Nothing unread here" in t.told


# -- what is told


class Heard:
    """What the app writes to the terminal besides its frames."""

    def __init__(self, t: Any, jam: Jam, monkeypatch: pytest.MonkeyPatch) -> None:
        self.t, self.jam = t, jam
        self.written: list[str] = []
        monkeypatch.setattr(type(t.app._driver), "write", lambda _, data: self.written.append(str(data)))
        monkeypatch.setattr(type(t.session), "link", Link.LIVE)
        t.app.notices._was_live = True

    async def changed(self) -> None:
        self.t.screen.post_message(JamChanged(Changed(new_posts=1, records=True)))
        self.t.app.notices.look()
        await self.t.settle()

    @property
    def notifications(self) -> list[str]:
        return [data for data in self.written if data.startswith("\x1b]9;")]


@pytest.fixture
def heard(tui: Start, jam: Jam, monkeypatch: pytest.MonkeyPatch) -> Callable[..., Any]:
    import contextlib

    @contextlib.asynccontextmanager
    async def start(**chosen: object) -> Any:
        entries = [Entry(name, value, 1) for name, value in ({"by": "osc9"} | chosen).items()]
        async with tui(notify=entries) as t:
            await t.settle()
            yield Heard(t, jam, monkeypatch)

    return start


async def test_what_came_is_told_once_on_the_screen_and_beside_it(heard: Callable[..., Any]) -> None:
    async with heard() as h:
        h.jam.answer(1, f"I agree {EVIL}")
        await h.changed()
        assert "answers you in" in h.t.told
        assert "opens the inbox" in h.t.told
        assert len(h.notifications) == 1
        (made,) = h.notifications
        assert made.startswith("\x1b]9;jamtui: ")
        assert made.endswith("\x1b\\")
        assert made[4:-2].isprintable()
        await h.changed()
        assert len(h.notifications) == 1
        h.jam.answer(2)
        h.jam.answer(3)
        await h.changed()
        assert len(h.notifications) == 1  # not so soon
        assert h.t.app.notices._notifier.wait(0.0) is not None


async def test_through_tmux_it_stays_whole(heard: Callable[..., Any], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TMUX", "/tmp/tmux,1,0")
    async with heard(tmux=True) as h:
        h.jam.answer(1, EVIL)
        await h.changed()
        (made,) = (data for data in h.written if data.startswith("\x1bPtmux;"))
        assert made.startswith("\x1bPtmux;\x1b\x1b]9;jamtui: ")
        assert made.endswith("\x1b\x1b\\\x1b\\")
        assert made[13:-5].isprintable()  # nothing that holds wide signs in place (`widgets.steady`) came in between


async def test_what_is_read_at_this_moment_is_not_told(heard: Callable[..., Any]) -> None:
    async with heard() as h:
        h.t.screen.open_post(h.jam.mine.id)
        await h.t.settle()
        h.jam.answer(1)
        await h.changed()
        assert h.notifications == []
        h.t.app.app_focus = False  # somebody looks at another window
        h.jam.answer(2)
        await h.changed()
        assert len(h.notifications) == 1


async def test_nothing_is_told_while_catching_up_or_where_another_is_connected(
    heard: Callable[..., Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    async with heard() as h:
        h.t.app.notices._was_live = False
        h.jam.answer(1)
        await h.changed()
        assert "answers you" in h.t.told
        assert h.notifications == []
        monkeypatch.setattr(type(h.t.session), "link", Link.READER)
        h.jam.answer(2)
        await h.changed()
        assert h.notifications == []


async def test_nothing_where_nothing_is_wanted(heard: Callable[..., Any]) -> None:
    async with heard(by="nothing", banner=False) as h:
        h.jam.answer(1)
        await h.changed()
        assert "answers you" not in h.t.told
        assert h.notifications == []
        assert "\a" not in "".join(h.written)


@pytest.mark.parametrize("quiet", ["", "00:00-23:59"])
async def test_in_quiet_hours_the_line_alone_tells_it(
    heard: Callable[..., Any], monkeypatch: pytest.MonkeyPatch, quiet: str
) -> None:
    rung: list[bool] = []
    monkeypatch.setattr(JamApp, "bell", lambda _: rung.append(True))
    async with heard(bell=True, quiet=quiet) as h:
        h.jam.answer(1)
        await h.changed()
        assert "answers you" in h.t.told
        assert (len(rung), len(h.notifications)) == ((0, 0) if quiet else (1, 1))


async def test_the_line_does_not_cover_what_offers_an_undo(heard: Callable[..., Any]) -> None:
    async with heard() as h:
        await h.t.press("0", "u")
        h.jam.answer(1)
        await h.changed()
        assert "takes it back" in h.t.told
        await h.t.press("escape")
        h.jam.answer(2)
        await h.changed()
        assert "2 for you, the last: " in h.t.told


async def test_what_is_used_is_shown_and_tried(heard: Callable[..., Any]) -> None:
    async with heard() as h:
        await h.t.command("notify")
        assert isinstance(h.t.app.screen, ThingDialog)
        assert "OSC 9" in h.t.text
        await h.t.press("escape")
        await h.t.command("notify test")
        assert "Sent one by osc9" in h.t.told
        assert h.notifications == ["\x1b]9;jamtui: This is a notification to try.\x1b\\"]
        await h.t.command("notify loudly")
        assert "does not take" in h.t.told
