"""How busy each forum was: counted by the index, the same as by hand."""

from __future__ import annotations

import random
import re
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from jamtui.archive import open_archive
from jamtui.paths import Home
from jamtui.session import open_session
from jamtui.store import activity, connection, mirror, registry
from jamtui.store.mirror import Loading, Mirror
from jamtui.store.opening import prepare
from widgets.chart import HEIGHT, activity_chart
from widgets.rows import sparkline

REAL_JAM = Path(__file__).parents[1] / "data" / "real-jam" / "open-conversations.jsonl"
NOW = datetime(2018, 1, 1, tzinfo=UTC)


def test_every_post_is_counted_in_its_stretch(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    import json

    home = Home.from_env({"JAMTUI_HOME": str(tmp_path)})
    jam = registry.for_file(home, REAL_JAM)
    prepare(jam, NOW)
    db = connection.connect(jam.mirror, mirror.SCHEMA)
    loading = Loading(Mirror(db), "1-aaaa")
    posts: list[tuple[str, datetime]] = []
    with open_archive(REAL_JAM) as stream:
        for line in stream:
            loading.feed(line.rstrip(b"\n"))
            record = json.loads(line)
            if record["type"] == "post" and record["data"].get("state", "visible") == "visible":
                posts.append((record["data"]["forum_id"], datetime.fromisoformat(record["data"]["created_at"])))
    loading.finish("2018-01-01T00:00:00.000Z")
    db.close()
    session = open_session(home, jam, clock=lambda: NOW, rng=random.Random(1), environ={})
    row = session.jam
    start, end = row.opens_at, min(row.closes_at, NOW)
    counted = session.activity()
    by_hand = {forum.id: [0] * activity.STRETCHES for forum in session.forums()}
    for forum_id, made in posts:
        part = int((made - start) / (end - start) * activity.STRETCHES)
        by_hand[forum_id][min(max(part, 0), activity.STRETCHES - 1)] += 1
    assert sum(map(sum, counted.values())) == len(posts) > 100
    assert {key: list(value) for key, value in counted.items()} == by_hand
    monkeypatch.setattr(activity, "SAMPLE", len(posts) // 4)
    sampled = activity.activity(session._rows.db, start, end)
    assert sum(map(sum, sampled.values())) == pytest.approx(len(posts), rel=0.2)
    session.close()


def test_a_sparkline_shows_a_little_as_something_and_the_most_as_full() -> None:
    assert sparkline((0, 1, 50, 100), 100) == "▁▂▅█"
    assert sparkline((0, 0), 0) == "▁▁"


def test_a_chart_shows_a_little_as_something_its_time_and_fits(monkeypatch: pytest.MonkeyPatch) -> None:
    start, end = datetime(2014, 6, 18, 12, tzinfo=UTC), datetime(2022, 5, 5, 12, tzinfo=UTC)
    counts = (1, *(0,) * 13, 33, 66)
    lines = activity_chart(counts, start, end, 74).plain.splitlines()
    assert len(lines) == HEIGHT + 2
    assert {len(line) for line in lines} == {63}
    assert [line[-3:] for line in lines[:HEIGHT]] == ["███"] * HEIGHT
    assert [line[-7:-4] for line in lines[:HEIGHT]] == ["   ", "   ", "▄▄▄", "███", "███"]
    assert lines[HEIGHT - 1].startswith("▁▁▁     ")
    assert lines[-1].startswith("18 Jun 2014  ")
    assert "66 posts in the busiest 179 d" in lines[-1]
    assert lines[-1].endswith("  5 May 2022")
    assert len(activity_chart(counts, start, end, 40).plain.splitlines()[0]) == 31
    for nothing in (activity_chart((0,) * 16, start, end, 74), activity_chart(counts, start, end, 20)):
        assert nothing.plain == ""
    assert activity_chart((), start, end, 74).plain == ""
    hours = activity_chart(counts, end - timedelta(days=3), end, 74).plain.splitlines()[-1]
    assert re.search(r"^2 May \d\d:00 .* in the busiest 4 h 30 min .* 5 May \d\d:00$", hours)
