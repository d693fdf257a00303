"""What the last line says, and until when; and that nothing stands beside a list that is not of it."""

from __future__ import annotations

from typing import Any

import pytest
from msgspec.structs import replace
from textual.widgets.input import Selection

from jamtui.errors import UsageError
from jamtui.model import Draft, DraftKind, Link
from widgets.row_list import RowList
from widgets.status_line import HintLine


async def test_a_message_goes_at_the_next_key_that_does_something(tui: Any) -> None:
    async with tui() as t:
        await t.press("escape")
        assert t.told == "q leaves jamtui"  # a fact: nothing was done that a check mark could stand for
        await t.press("j")
        assert t.told.endswith("? help")
        await t.press("enter", "s")
        assert t.told.startswith("✓ Saved")
        await t.press("f12")  # no key of jamtui's
        assert t.told.startswith("✓ Saved")
        await t.press("enter")
        assert t.told.endswith("? help")


async def test_what_came_by_itself_stays(tui: Any) -> None:
    """Nobody notices a counter that vanishes: what was sent is told for some seconds, whatever keys come."""
    async with tui() as t:
        await t.press("enter")
        t.screen.say("Sent: from the tunnel", lasting=True)
        await t.press("j", "j")
        assert t.told == "✓ Sent: from the tunnel"


@pytest.mark.parametrize("keys", [("4",), ("3", "4"), ("6",)])
async def test_no_thread_stands_beside_an_empty_list(tui: Any, keys: tuple[str, ...]) -> None:
    async with tui(size=(160, 45)) as t:
        await t.press("enter", "j", "enter", "escape")
        assert t.screen.reader.index.keys
        await t.press(*keys)
        assert not t.screen.list_now.keys
        assert not t.screen.reader.index.keys
        assert "No thread" in t.text.splitlines()[2]


async def test_what_is_narrowed_to_nothing_says_how_to_go_on(tui: Any) -> None:
    async with tui(size=(160, 45)) as t:
        await t.press("enter")
        await t.command("filter is:unread")
        assert t.screen.list_now.keys
        await t.press("A", "enter")
        assert "Nothing fits." in t.text
        assert "f changes the filter, x clears it." in t.text
        assert not t.screen.reader.index.keys
        await t.press("1", "enter")
        await t.command("filter lang:xx")
        assert "Nothing fits." in t.text
        await t.press("x")
        assert "Nothing fits." not in t.text
        assert t.screen.list_now.keys


async def test_what_is_read_in_a_list_loses_its_dot_at_once(tui: Any) -> None:
    async with tui(size=(160, 45)) as t:
        await t.press("P", "space", "n", "n", "n")
        rows: RowList[Any, Any] = t.screen.list_now
        unread = [t.session.posts([key])[0].unread for key in rows.keys[:6]]
        assert not all(unread)
        assert [rows._row(at).unread for at in range(6)] == unread


async def test_the_old_search_is_replaced_by_what_one_types(tui: Any) -> None:
    async with tui() as t:
        await t.press("slash", *"pilot", "enter", "slash")
        field = t.screen.query_one("#query")
        assert (field.value, field.selection) == ("pilot", Selection(0, 5))
        await t.type("trust")
        assert field.value == "trust"
        await t.press("enter", "slash", "end", *" is:unread")
        assert t.screen.query_one("#query").value == "trust is:unread"
        await t.press("escape", "escape", "escape", "slash", "up")
        assert t.screen.query_one("#query").value == "pilot"


async def test_going_round_the_hits_is_said(tui: Any) -> None:
    async with tui() as t:
        await t.press("slash", *"pilot", "down", "enter")
        assert t.screen.hits.at == 1
        await t.press("p")
        assert t.screen.hits.at == 0
        assert "hit again" not in t.told
        await t.press("p")
        assert t.told == "On from the last hit again"
        await t.press("n")
        assert t.told == "On from the first hit again"


async def test_a_message_that_is_cut_can_be_read_whole(tui: Any) -> None:
    """The last line names the key, a click does the same; the dialog has the words, the time, and earlier messages."""
    async with tui(size=(40, 10)) as t:
        await t.command("digest")
        assert t.told.startswith("✗ Only the shell has jamtui")
        assert t.told.endswith("w whole")
        await t.press("w")
        shown = " ".join(t.text.translate(dict.fromkeys(map(ord, "│▐▆▃"), " ")).split())
        assert "14:00 ✗ Only the shell has jamtui digest. Ctrl-Z goes there, fg comes back." in shown
        await t.press("escape", "escape")
        assert t.told == "q leaves jamtui"  # has room
        await t.pilot.click(HintLine)
        assert t.text.index("q leaves jamtui") < t.text.index("Only the shell")
        await t.press("j", "y")
        assert t.app.clipboard == "Only the shell has jamtui digest. Ctrl-Z goes there, fg comes back."


async def test_what_is_said_beside_the_line_can_be_read_again(tui: Any) -> None:
    async with tui() as t:
        t.app.notify("[red]the keyring[/] is locked", severity="warning")
        await t.press("w")
        assert "! [red]the keyring[/] is locked" in t.text


@pytest.mark.parametrize(
    ("typed", "told"),
    [
        ("ballot", "✗ No action is called ballot. B does that here."),
        ("export", "✗ Only the shell has jamtui export. Ctrl-Z goes there, fg comes back."),
        ("inbx", "✗ No action is called inbx. Did you mean :inbox? ? shows all of them."),
    ],
)
async def test_a_name_that_is_none_leads_on(tui: Any, typed: str, told: str) -> None:
    async with tui() as t:
        await t.command(typed)
        assert t.told == told


async def test_undo_goes_back_through_all_that_was_done(tui: Any) -> None:
    """What was dropped comes back one after the other, and not the last alone."""
    async with tui() as t:
        thread = t.session.threads(t.session.thread_keys(t.session.forums()[0].id)[:1])[0]
        for number in range(3):
            t.session.send(Draft(DraftKind.REPLY, thread.id, body=f"waits {number}"))
        await t.press("5", "D", "D", "D")
        assert not t.session.outbox()
        await t.press("z")
        assert t.told.startswith("✓ Taken back: ")
        assert t.told.endswith("z takes back more (2)")
        await t.press("z", "z")
        assert sorted(row.summary for row in t.session.outbox()) == ["waits 0", "waits 1", "waits 2"]
        await t.press("z")
        assert t.told == "! Nothing to take back"


async def test_what_marks_can_be_taken_back(tui: Any) -> None:
    """Votes, saved posts and tags, too: else the key would take back something older instead."""
    async with tui() as t:
        await t.press("enter", "enter")
        post = t.row
        await t.press("s", "plus", "t")
        await t.type("tidal")
        await t.press("enter", "escape")
        assert (t.row.saved, t.row.voted, "tidal" in t.row.tags) == (not post.saved, True, True)
        await t.press("z")
        assert (t.row.voted, t.row.tags) == (True, post.tags)
        await t.press("z", "z")
        assert (t.row.saved, t.row.voted) == (post.saved, post.voted)


async def test_an_undo_that_fails_stands_in_no_others_way(tui: Any) -> None:
    def refuse() -> None:
        raise UsageError("it cannot be taken back now")

    async with tui() as t:
        await t.press("enter", "s")
        saved = t.row.saved
        t.screen.offer_undo("Done", refuse)
        await t.press("z")
        assert "cannot be taken back now" in t.told
        await t.press("z")  # it may have been for a moment only
        assert "cannot be taken back now" in t.told
        await t.press("z")
        assert t.row.saved is not saved


async def test_a_vote_of_ones_own_is_told_without_a_colour(tui: Any) -> None:
    async with tui() as t:
        await t.press("enter", "enter")
        assert "▲✓" not in t.text
        await t.press("plus")
        assert t.text.count(f"▲✓{t.row.up:,}") == 2  # in the thread, and in the list beside it


async def test_why_there_is_no_connection_can_be_read_where_the_top_line_has_no_room(
    tui: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with tui(size=(40, 10)) as t:
        known = t.session.status()
        gone = replace(known, link=Link.OFFLINE, why="the server is not reachable")
        monkeypatch.setattr(t.session, "status", lambda: gone)
        await t.press("u")
        assert t.text.splitlines()[0].endswith("○ offline")
        await t.press("w")
        shown = " ".join(t.text.translate(dict.fromkeys(map(ord, "│▐▆▃▄▂▅"), " ")).split())
        assert "○ offline: the server is not reachable" in shown
