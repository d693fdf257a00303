"""What people are told in words and times: at the edge of time, and at the beginning of sentences."""

from __future__ import annotations

import time
from datetime import UTC, datetime

import pytest

from jamtui.errors import sentence
from jamtui.output import local_time

FIRST, LAST = datetime(1, 1, 1, tzinfo=UTC), datetime(9999, 12, 31, 23, 59, 59, tzinfo=UTC)


@pytest.mark.parametrize(
    ("zone", "moment", "told"),
    [
        ("America/New_York", FIRST, "1-01-01 00:00"),  # there it would be the year 0
        ("Asia/Tokyo", LAST, "9999-12-31 23:59"),  # there it would be the year 10000
        ("Asia/Tokyo", datetime(2026, 1, 1, 12, tzinfo=UTC), "2026-01-01 21:00"),
    ],
)
def test_a_time_at_the_edge_of_time_is_told_as_it_was_written(
    monkeypatch: pytest.MonkeyPatch, zone: str, moment: datetime, told: str
) -> None:
    monkeypatch.setenv("TZ", zone)
    time.tzset()
    try:
        assert local_time(moment) == told
    finally:
        monkeypatch.undo()
        time.tzset()


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("the mirror is damaged", "The mirror is damaged"),
        ("https://jam.example.org cannot be reached", "https://jam.example.org cannot be reached"),
        ("@bob is not here", "@bob is not here"),
        ("JSON is malformed", "JSON is malformed"),
        ("config.toml has a slip", "config.toml has a slip"),
        ("muted: a title", "Muted: a title"),
        ("", ""),
    ],
)
def test_a_sentence_begins_with_a_capital_but_no_name_is_changed(text: str, told: str) -> None:
    assert sentence(text) == told
