"""Why there is no connection, in the status line: as much of it as fits, and nothing of it once it is over."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from textual.geometry import Size

from api_client.errors import PORTAL
from jamtui.model import JamRow, Link, Status
from jamtui.plain import words as spoken
from widgets.status_line import StatusLine, link_words, reasons, until

NOW = datetime(2026, 1, 2, 14, tzinfo=UTC)
JAM = JamRow(
    "j", "jam", "A Jam with quite a long title", "", NOW - timedelta(1), NOW + timedelta(2), "https://jam.example"
)


def line(width: int, **facts: object) -> str:
    """What stands on the line after the title."""
    status = Status(mirrored_at=NOW - timedelta(minutes=9), unread=1234, queued=2, **facts)  # type: ignore[arg-type]
    _, right = StatusLine(JAM, status, NOW, "Ana", "Ctrl-R")._words(width)
    return "   ".join(text for text, _ in right)


@pytest.fixture(autouse=True)
def here(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TZ", "UTC")


def offline(width: int, why: str = "no answer for 15 s") -> str:
    return line(width, link=Link.OFFLINE, why=why, next_try=NOW + timedelta(seconds=70))


def test_the_cause_and_the_next_try_stand_in_the_status_line() -> None:
    again = "next try in 70 s, Ctrl-R now"
    whole = f"○ offline: no answer for 15 s, {again}, mirror 9 min old"
    assert offline(160) == f"1,234 unread   ↑ 2 to send   2 d left   {whole}"
    assert offline(119).endswith(f"○ offline: no answer for 15 s, {again}")
    assert offline(106).endswith("○ offline: no answer for 15 s, next try in 70 s")
    assert offline(80).endswith("○ offline: no answer for 15 s")
    assert offline(40) == "↑2   ○ offline"  # three letters of it would tell nothing


def test_the_count_down_is_right_and_is_woken_for_other_words_alone() -> None:
    """Each second the last hundred, each minute before; each text comes once, and none is skipped."""
    left, told = 301.5, []
    while not told or told[-1] != "now":
        words, good_for = until(timedelta(seconds=left))
        assert words not in told
        told.append(words)
        left -= good_for.total_seconds() + 1e-6
    assert told == [*(f"in {n} min" for n in (6, 5, 4, 3, 2)), *(f"in {n} s" for n in range(100, 0, -1)), "now"]


def test_nothing_is_counted_where_nothing_is_shown(monkeypatch: pytest.MonkeyPatch) -> None:
    status = Status(Link.OFFLINE, why="no answer", next_try=NOW + timedelta(seconds=9.5))
    widths = {120: 0.5, 40: None}
    for width, seconds in widths.items():
        shown = StatusLine(JAM, status, NOW, "Ana", "Ctrl-R")
        monkeypatch.setattr(StatusLine, "content_size", Size(width, 1))
        assert shown.count_down(NOW) == seconds
        assert shown.count_down(NOW + timedelta(seconds=20)) is None  # it is tried
    assert StatusLine(JAM, Status(Link.LIVE), NOW, "Ana", "Ctrl-R").count_down(NOW) is None


def test_where_the_server_asked_for_the_wait_no_key_is_named_that_would_end_it() -> None:
    until = NOW + timedelta(seconds=70)
    asked = line(160, link=Link.OFFLINE, why="the server asks to come back later", next_try=until, not_before=until)
    assert asked.endswith("○ offline: the server asks to come back later, next try in 70 s, mirror 9 min old")
    over = line(160, link=Link.OFFLINE, why="later", next_try=until, not_before=NOW)
    assert "Ctrl-R now" in over


def test_a_live_connection_that_is_silent_for_too_long_is_no_longer_called_live() -> None:
    status = Status(Link.LIVE, silent=True, mirrored_at=NOW)
    assert link_words(status, NOW) == ("◌ live? asking", "$warning")
    assert spoken.link(status, NOW) == "live, but silent for some time: the server is asked"


def test_a_mirror_of_years_ago_is_told_by_its_day() -> None:
    then = datetime(2011, 2, 9, 14, tzinfo=UTC)
    words, _ = link_words(Status(link=Link.OFFLINE, mirrored_at=then), then + timedelta(days=5_000))
    assert words == "○ offline, mirror of 9 Feb 2011"


def test_a_captive_portal_says_what_to_do() -> None:
    assert f"○ offline: {PORTAL}" in offline(120, PORTAL)
    assert f"○ offline: {PORTAL[:20]}" in offline(80, PORTAL)
    assert offline(80, PORTAL).endswith("…")


def test_nothing_of_it_is_left_when_it_is_over() -> None:
    assert line(160, link=Link.LIVE).endswith("● live")
    assert reasons(Status(Link.LIVE), NOW) == []


@pytest.mark.parametrize("width", range(30, 200))
def test_the_title_keeps_its_room(width: int) -> None:
    for why in ("no answer", PORTAL):
        assert len(offline(width, why)) <= max(width - 16, len("↑2   ○ offline:…"))


def test_signed_out_says_how_to_come_in_again() -> None:
    assert reasons(Status(Link.SIGNED_OUT, why="sign in again"), NOW) == ["○ signed out: sign in again"] * 2
    by_key = StatusLine(JAM, Status(Link.SIGNED_OUT, why="sign in again"), NOW, "Ana", "Ctrl-R")
    assert by_key._words(80)[1][-1][0] == "○ signed out: Ctrl-R signs in again"
    assert link_words(Status(Link.SIGNED_OUT), NOW)[0] == "○ signed out"


def test_plain_mode_tells_the_whole_sentence() -> None:
    status = Status(Link.OFFLINE, detail="This network wants you to sign in: open a browser; next try at 14:01:10")
    assert spoken.link(status, NOW) == f"offline: {status.detail}"
