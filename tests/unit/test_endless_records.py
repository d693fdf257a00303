"""Records of a server, or an archive, that has more of everything than anybody reads: what the screen makes of them is
bounded, and made no more often than they change."""

from __future__ import annotations

import json
import random
from collections.abc import Callable, Iterator
from contextlib import closing
from datetime import UTC, datetime
from typing import Any

import pytest

from jamtui import archive, countdown, event
from jamtui.paths import Home
from jamtui.session import Session, open_session
from jamtui.store import connection, mirror, own, registry
from jamtui.store.mirror import Loading, Mirror
from jamtui.store.opening import prepare
from widgets.where_chart import where_chart

NOW = datetime(2026, 11, 23, 10, tzinfo=UTC)
TIME = "2026-11-23T09:00:00Z"
TEXT = "a word " * 120_000


def records() -> Iterator[tuple[str, dict[str, Any]]]:
    phase = {"title": "P", "guidance": "for " * 20}
    phases = [phase | {"id": f"p{n}", "starts_at": f"2026-11-23T{n % 24:02}:{n // 24:02}:00Z"} for n in range(400)]
    jam = {"format": 1, "id": "j", "slug": "s", "title": "T", "phases": phases}
    yield "jam", jam | {"opens_at": "2026-11-20T00:00:00Z", "closes_at": "2099-01-01T00:00:00Z"}
    for n in range(3):
        person = {"id": f"u{n}", "handle": f"h{n}", "name": f"N{n}", "country": f"Land {n}", "org": f"Org {n}"}
        yield "person", person | {"languages": [f"l{n}x{i}" for i in range(3_000)]}
    yield "forum", {"id": "f", "slug": "f", "title": "F", "position": 0}
    post: dict[str, Any] = {
        "id": "t",
        "thread_id": "t",
        "parent_id": None,
        "forum_id": "f",
        "author_id": "u0",
        "title": "T",
    }
    post |= {"body": "B", "created_at": TIME, "votes": {"up": 0}, "tags": [f"tag{i}" for i in range(12_000)]}
    yield "post", post
    for n in range(400):
        said = {"author_id": "u1", "created_at": TIME}
        yield "announcement", {**said, "id": f"a{n}", "body": TEXT[:20_000] if n < 399 else TEXT}
        yield "poll", {**said, "id": f"q{n}", "question": f"q{n}", "choices": ["a", "b"], "counts": [1, 2]}


@pytest.fixture(scope="module")
def session(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Session]:
    home = Home.from_env({"JAMTUI_HOME": str(tmp_path_factory.mktemp("home"))})
    jam = registry.for_server(home, "http://127.0.0.1:9", "s", "T", "u0").changed(handle="h0", name="N", store="file")
    registry.remember(home, jam)
    prepare(jam, NOW)
    with closing(connection.connect(jam.mirror, mirror.SCHEMA)) as db:
        loading = Loading(Mirror(db), "1-aaaa")
        for number, (kind, data) in enumerate(records(), 1):
            line = json.dumps({"type": kind, "data": data}).encode()
            loading.feed_record(archive.parse_line(line, number))
        loading.finish(TIME)
    with closing(connection.connect(jam.own, own.SCHEMA)) as db:
        notice = {"kind": "warn", "at": TIME, "reason": TEXT[:2_000], "post_id": "t"}
        desk = {"role": "participant", "notices": [notice | {"id": f"n{n}"} for n in range(1_500)]}
        own.Own(db).put_desk(json.dumps(desk).encode(), '"x"')
    with closing(open_session(home, jam, clock=lambda: NOW, rng=random.Random(1), environ={})) as one:
        yield one


def test_what_is_shown_of_endless_records_is_bounded(session: Session, figure: Callable[..., None]) -> None:
    alerts, polls, notices = session.announcements(), session.polls(), session.notices()
    assert {row.id for row in alerts} == {f"a{n}" for n in range(100, 400)}  # the latest
    assert len(polls) == 300
    assert len(notices) == 1_000
    drawn = {
        "announcements": sum(len(row.body) for row in alerts),
        "notices": sum(len(row.reason) for row in notices),
        "phases": len(countdown.where_in(event.phases_of(session.jam), session.jam, NOW)),
    }
    chart = where_chart(session.where_from(), 100).plain.count("\n")
    assert drawn["announcements"] <= 300 * 3_100
    assert drawn["notices"] <= 1_000 * 600
    assert drawn["phases"] == 40
    assert chart < 300
    figure(
        f"promise 4: of endless records {len(alerts)} announcements, {len(polls)} polls, {len(notices)} notices, "
        f"{drawn['phases']} phases, {chart} lines of who is from where are made rows for the screen"
    )


def test_tags_are_read_once_until_something_changes(session: Session) -> None:
    """They are asked for with each letter of a line of commands."""
    asked: list[str] = []

    def traced(_cursor: Any, sql: str, _values: Any) -> bool:
        asked.append(sql)
        return True

    session._rows.db.exec_trace = traced
    try:
        found = [session.argument_words()["TAG"] for _ in range(5)]
    finally:
        session._rows.db.exec_trace = None
    assert len(found[0]) == 10_000
    assert found[1:] == found[:1] * 4
    assert sum("FROM tags GROUP BY name" in sql for sql in asked) == 1
