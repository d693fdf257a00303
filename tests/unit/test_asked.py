"""Until when a server asked to be left alone: kept between runs, never longer than any server may ask for."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from jamtui.errors import Unreachable
from jamtui.sync.asked import Asked

NOW = datetime(2026, 11, 26, 10, tzinfo=UTC)


def test_what_was_asked_for_is_waited_for_and_then_forgotten(tmp_path: Path) -> None:
    now = NOW
    asked = Asked(tmp_path, lambda: now)
    asked.check()
    asked.keep(600)
    assert (tmp_path / "retry-after").stat().st_mode & 0o777 == 0o600
    another = Asked(tmp_path, lambda: now)
    assert another.until() == NOW + timedelta(minutes=10)
    with pytest.raises(Unreachable, match=r"until \d\d:\d\d:\d\d") as caught:
        another.check()
    assert caught.value.exit_code == 4
    now += timedelta(minutes=10)
    another.check()
    another.keep(1)
    another.forget()
    another.forget()
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("hours", [-9, -0.3, 0.3, 9])
def test_a_clock_that_jumps_locks_nobody_out(tmp_path: Path, hours: float) -> None:
    Asked(tmp_path, lambda: NOW).keep(900)
    Asked(tmp_path, lambda: NOW + timedelta(hours=hours)).check()


@pytest.mark.parametrize("seconds", [901, 1e9])
def test_no_server_is_believed_for_longer_than_fifteen_minutes(tmp_path: Path, seconds: float) -> None:
    asked = Asked(tmp_path, lambda: NOW)
    asked.keep(seconds)
    assert asked.until() == NOW + timedelta(minutes=15)


@pytest.mark.parametrize(
    "what", [b"", b"\xff", b"soon", b"9999-12-31T23:59:59.999999-14:00", b"2026-11-26T10:05:00Z" * 9]
)
def test_a_file_that_says_nothing_is_as_good_as_none(tmp_path: Path, what: bytes) -> None:
    (tmp_path / "retry-after").write_bytes(what)
    (tmp_path / "retry-after").chmod(0o600)
    Asked(tmp_path, lambda: NOW).check()
