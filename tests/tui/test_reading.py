"""Marking everything read, taking it back, and what is said about it: in each place, only what is listed there."""

from __future__ import annotations

import re
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from jamtui.app import JamApp
from jamtui.model import Changed, Draft, DraftKind
from jamtui.plain import words
from jamtui.session import Session
from screens.jam import JamScreen
from screens.messages import JamChanged
from widgets.rows import age, clock_time, month
from widgets.status_line import HintLine


def unread(t: Any) -> int:
    return sum(forum.unread for forum in t.session.forums())


@pytest.mark.parametrize("place", ["3", "4"])
async def test_all_read_in_an_empty_list_marks_nothing(tui: Any, place: str) -> None:
    async with tui() as t:
        t.session.mark_all_read()
        keys = t.session.live_keys()
        t.session.mark_read(keys, False)
        before = unread(t)
        await t.press(place)
        for key in list(t.screen.list_now.keys):
            t.session.mark_read([key])
        left = unread(t)
        await t.press("A")
        assert unread(t) == left > before // 2
        assert "Nothing unread here" in t.told
        assert "takes it back" not in t.told


async def test_all_read_among_the_saved_marks_those_alone(tui: Any) -> None:
    async with tui() as t:
        before = unread(t)
        posts = t.session.posts(t.session.live_keys()[:200])
        saved = [post for post in posts if post.unread][:3]
        for post in saved:
            t.session.save(post.id, True)
        await t.press("4", "A")
        assert unread(t) == before - 3
        await t.press("z")
        assert unread(t) == before
        assert "Taken back: 3 marked as read" in t.told


async def test_all_read_among_threads_of_all_forums_and_in_a_narrowed_list(tui: Any) -> None:
    async with tui() as t:
        before = unread(t)
        await t.press("T", "A", "enter")
        assert unread(t) == 0
        await t.press("z")
        assert unread(t) == before
        await t.press("1", "enter")
        await t.command("filter tag:culture")
        threads = t.session.threads(t.screen.list_now.keys)
        assert 0 < len(threads) < len(t.session.thread_keys(t.screen.spot.forum))
        await t.press("A")
        assert unread(t) == before - sum(row.unread for row in threads)


async def test_what_was_done_can_be_taken_back_after_it_is_no_longer_said(tui: Any) -> None:
    async with tui() as t:
        before = unread(t)
        await t.press("A", "enter")
        assert unread(t) < before
        t.screen.query_one("HintLine").quiet()
        await t.press("enter", "j", "escape", "z")
        assert unread(t) == before


async def test_a_long_title_never_hides_what_was_done_nor_the_way_back(tui: Any) -> None:
    async with tui(size=(50, 16)) as t:
        await t.press("enter", "m")
        assert t.told.startswith("✓ Muted: ")
        shown = t.text.splitlines()[-1]
        assert shown.startswith(" ✓ Muted: ")
        assert shown.endswith("…   z takes it back")
        assert len(t.session.muted().threads) == 1


async def test_what_went_out_after_it_had_waited_is_said(tui: Any) -> None:
    async with tui() as t:
        forum = t.session.forums()[0]
        opener = t.session.threads(t.session.thread_keys(forum.id)[:1])[0]
        reply = t.session.send(Draft(DraftKind.REPLY, opener.id, body="written in the tunnel"))
        t.screen.post_message(JamChanged(Changed(outbox=True, sent=frozenset({reply}))))
        await t.settle()
        assert t.told == "✓ Sent: written in the tunnel"


async def test_ages_go_on_in_the_list_and_in_the_thread(
    tui: Callable[..., Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    """What the timer of the clock does, and that it paints nothing when no age has turned."""
    async with tui() as t:
        await t.press("enter", "enter")
        monkeypatch.setattr(t.session, "_clock", lambda: datetime(2011, 2, 16, 14, tzinfo=UTC))
        t.screen._tick()
        await t.settle()
        list_width = t.screen.query_one("#left").size.width
        for pane in (slice(0, list_width), slice(list_width, None)):
            ages = re.findall(r"· (\d+ (?:min|h|d)|now)", "\n".join(line[pane] for line in t.text.split("\n")))
            assert ages, t.text
            assert {age.split()[-1] for age in ages} == {"d"}, ages
        painted: list[object] = []
        monkeypatch.setattr(t.app, "_display", lambda _, what: painted.append(what))
        t.screen._tick()
        await t.settle()
        assert [one for one in painted if one is not None] == []


# -- hours instead of ages


@pytest.mark.parametrize("size", [(120, 40), (60, 24)])
async def test_hours_stand_where_ages_stood(size: tuple[int, int], tui: Callable[..., Any]) -> None:
    """``timestamps = "absolute"``: in lists, in the thread and among hits; nothing is told twice or cut."""
    hour = re.compile(r"\b(\d\d-\d\d )?\d\d:\d\d\b")
    age = re.compile(r"\b\d+ (min|h|d)\b")
    async with tui(size=size, absolute_times=True) as t:
        for keys in (["enter"], ["enter"], ["2"], ["slash", *"telephone"]):
            await t.press(*keys)
            lines = t.text.split("\n")[3:-1]
            assert any(hour.search(line) for line in lines), t.text
            assert not [line for line in lines if age.search(line)], t.text


def test_an_hour_says_as_much_of_the_day_as_it_must() -> None:
    now = datetime(2026, 11, 23, 10, tzinfo=UTC)
    assert clock_time(now.replace(hour=9, minute=5), now) == f"{now.replace(hour=9, minute=5).astimezone():%H:%M}"
    assert re.fullmatch(r"11-2\d \d\d:\d\d", clock_time(now - timedelta(days=2), now))
    assert re.fullmatch(r"2025-\d\d-\d\d", clock_time(now - timedelta(days=400), now))
    # A clock that was set back: what is to come has its day, too.
    assert re.fullmatch(r"2027-\d\d-\d\d", clock_time(now + timedelta(days=400), now))


async def test_going_out_step_by_step_keeps_the_place_in_forum_and_thread(session: Session, tmp_path: Path) -> None:
    """q leads from the thread to the list and to the forums, and there out, as in newsboat; the next start has the
    list of forums on that forum, the forum on that thread, and the thread on that line."""

    def app() -> JamApp:
        return JamApp(session, reports=tmp_path / "reports", frozen=True, clock=session.now)

    one = app()
    async with one.run_test(size=(120, 24)) as pilot:
        await pilot.press("j", "enter", "j", "j")
        session.mark_all_read(forum_id=session.forums()[1].id)  # else a thread opens at what is unread
        await pilot.press("enter", "j", "j", "j", "pagedown")
        screen = one.screen
        assert isinstance(screen, JamScreen)
        forum, thread, place = screen.spot.forum, screen.spot.thread, screen.reader.place()
        assert place[1] != 0
        await pilot.press("q", "q", "q")
    assert one.return_code == 0
    two = app()
    async with two.run_test(size=(120, 24)) as pilot:
        screen = two.screen
        assert isinstance(screen, JamScreen)
        assert (screen.spot.kind, screen.list_now.cursor_row.id) == ("forums", forum)
        await pilot.press("enter")
        assert screen.list_now.cursor_row.id == thread
        await pilot.press("enter")
        assert screen.reader.place() == place
        await pilot.press("ctrl+q")
    three = app()  # left from within: there again
    async with three.run_test(size=(120, 24)) as pilot:
        screen = three.screen
        assert isinstance(screen, JamScreen)
        assert (screen.spot.reading, screen.spot.thread, screen.reader.place()) == (True, thread, place)


def test_what_is_years_old_is_told_by_its_day(monkeypatch: pytest.MonkeyPatch) -> None:
    now = datetime(2026, 11, 26, 12, tzinfo=UTC)
    ages = [timedelta(seconds=5), timedelta(minutes=12), timedelta(hours=5), timedelta(days=59), timedelta(days=364)]
    assert [age(now - one, now) for one in ages] == ["now", "12 min", "5 h", "59 d", "12 mon"]
    then = datetime(2014, 5, 13, 12, tzinfo=UTC)
    assert age(then, now) == "13 May 2014"
    assert month(age(then, now)) == "May 2014"
    assert month("12 min") == "12 min"
    assert words.ago(then, now) == "on 13 May 2014"
    assert words.ago(now - timedelta(days=90), now) == "3 months ago"


async def test_a_jam_of_years_ago_tells_days_in_its_lists_and_threads(
    tui: Any, session: Session, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(session, "_clock", lambda: datetime(2026, 11, 26, tzinfo=UTC))
    async with tui(size=(120, 40)) as t:
        await t.press("enter")
        assert " · 9 Feb 2011" in t.text
        await t.press("enter")
        assert " · 8 Feb 2011" in t.text
        assert "2011 ago" not in t.text
        await t.press("i")
        assert "last 9 Feb 2011" in t.text
    async with tui(size=(98, 30)) as t:
        await t.press("T")
        assert "  9 Feb 2011  " in t.text  # a column of a list
    async with tui(size=(40, 10)) as t:
        await t.press("T")
        assert "  Feb 2011" in t.text


async def test_how_busy_a_forum_was_is_shown_wherever_one_began(tui: Any) -> None:
    async with tui(size=(160, 45)) as t:
        assert " in the busiest " in t.text
        await t.press("enter", "ctrl+q")
    async with tui(size=(160, 45)) as t:
        assert t.screen.spot.forum
        assert " in the busiest " not in t.text
        await t.press("1")
        assert " in the busiest " in t.text
        assert "▁" in t.text
    async with tui(size=(80, 24)) as t:
        assert " in the busiest " not in t.text  # there is no room


async def test_a_list_keeps_its_rows_on_their_lines_over_a_restart_and_when_one_comes_back(
    session: Session, tmp_path: Path
) -> None:
    def app() -> JamApp:
        return JamApp(session, reports=tmp_path / "reports", frozen=True, clock=session.now)

    def view(screen: Any) -> tuple[int, object]:
        return screen.list_now.top_index, screen.list_now.cursor_key

    one = app()
    async with one.run_test(size=(80, 24)) as pilot:
        await pilot.press("enter", "G", "k", "k", "k")
        screen = one.screen
        assert isinstance(screen, JamScreen)
        rows = screen.list_now
        rows.scroll_rows(-2)  # the wheel: the cursor stays
        await pilot.pause()
        before = view(screen)
        assert 0 < before[0] < rows.cursor_index < before[0] + rows.rows_per_page - 1
        await pilot.press("2")  # a list of another kind, and back
        await pilot.pause()
        await pilot.press("1", "enter")
        await pilot.pause()
        assert view(screen) == before
        await pilot.press("ctrl+q")
    two = app()
    async with two.run_test(size=(80, 24)) as pilot:
        assert isinstance(two.screen, JamScreen)
        assert view(two.screen) == before
        session.mark_all_read()
        two.screen.post_message(JamChanged(Changed(reading=True)))
        await pilot.pause()
        assert view(two.screen) == before


async def test_space_reads_what_is_folded_and_does_not_pass_it_by(tui: Any) -> None:
    async with tui(size=(120, 40)) as t:
        await t.press("enter", "enter")
        reader = t.screen.reader
        at = next(at for at, depth in enumerate(reader.index.depths[:-1]) if at and reader.index.depths[at + 1] > depth)
        hidden = reader.index.keys[at + 1]
        await t.press(*["j"] * at, "h")
        assert reader.cursor_key == reader.index.keys[at]
        assert len(reader._order) < len(reader.index)
        before = reader.index.unread
        await t.press("space")
        assert reader.cursor_key == hidden
        after = t.session.thread_index(t.screen.spot.thread).unread
        assert before - after == set(reader.index.keys[: at + 1])  # what stands below the branch comes after it
        assert len(reader._order) == len(reader.index)
        assert "Unfolded" in t.told
        thread = t.screen.spot.thread
        t.session.mark_all_read(thread_id=thread)  # where nothing is unread inside, it stays folded
        t.screen.reload()
        await t.press("g", "h", "space")
        assert t.screen.spot.thread != thread


async def test_the_smallest_terminal_tells_what_is_unread_and_how_to_find_help(tui: Any) -> None:
    async with tui(size=(40, 10)) as t:
        assert f"● {unread(t):,}" in t.text.splitlines()[0]
        for keys in ((), ("enter",), ("5",), ("1", "enter", "enter", "j")):
            await t.press(*keys)
            t.screen.query_one(HintLine).quiet()
            assert t.told.endswith("? help")
        await t.press("r")
        assert "? help" not in t.told  # a question mark that is written is text


async def test_where_all_is_new_a_count_is_said_once(tui: Any) -> None:
    async with tui(size=(160, 45)) as t:
        await t.press("enter", "enter")
        index = t.screen.reader.index
        assert len(index.unread) == len(index)
        assert t.text.splitlines()[2].endswith(f" {len(index)} new posts")
        assert t.told.endswith("? help")  # the head has the number
        await t.press("j", "j", "escape", "enter")
        left = len(t.screen.reader.index.unread)
        assert t.text.splitlines()[2].endswith(f" {left} new · {len(index)} posts")


async def test_one_sign_stands_at_the_edge_of_two_panes(tui: Any) -> None:
    async with tui(size=(120, 40)) as t:
        for keys in (("enter",), ("enter",)):
            await t.press(*keys)
            edges = [line[line.index("│") - 1 : line.index("│") + 2] for line in t.text.splitlines() if "│" in line]
            assert len(edges) > 30
            assert not any("▐" in edge and "▌" in edge for edge in edges)
        assert any("▌" in edge for edge in edges)


async def test_nothing_is_kept_once_more_when_one_has_left(tui: Any) -> None:
    """Behind the end the lists go before the screen does: what waited then found none, and ended in a traceback."""
    async with tui() as t:
        await t.press("enter", "j")
        t.screen._keep_soon()
        assert t.screen._keeping is not None
        t.screen.leave()
        t.screen._keep_soon()  # as lists do that are taken away
        assert t.screen._keeping is None
