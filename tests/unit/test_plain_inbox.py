"""The inbox in plain mode: rows in words, opening, marking, parts of it, and what is told of what came."""

from __future__ import annotations

import io
import json
import random
from collections.abc import Iterator
from contextlib import closing
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from jamtui.archive import rfc3339
from jamtui.config import Entry
from jamtui.model import Changed, Link
from jamtui.paths import Home
from jamtui.plain.console import Ended
from jamtui.plain.pipe import Pipe
from jamtui.plain.program import Plain
from jamtui.session import Session
from jamtui.store import connection, mirror, registry
from jamtui.store.mirror import Loading, Mirror
from jamtui.store.opening import prepare

NOW = datetime(2026, 11, 23, 10, tzinfo=UTC)
FORUM = "0f000000-0000-4000-8000-000000000001"
ME, ANA = "0a000000-0000-4000-8000-000000000001", "0a000000-0000-4000-8000-000000000002"


def uid(n: int) -> str:
    return f"00000000-0000-7000-8000-{n:012x}"


def record(kind: str, /, **data: object) -> bytes:
    return json.dumps({"type": kind, "data": data}).encode()


def post(
    n: int, parent: int | None = None, author: str = ANA, body: str = "text", thread: int = 1, **more: object
) -> bytes:
    return record(
        "post", id=uid(n), forum_id=FORUM, thread_id=uid(n if parent is None else thread), author_id=author, body=body,
        parent_id=None if parent is None else uid(parent), title=f"Idea {n}" if parent is None else "", tags=[],
        created_at=rfc3339(NOW - timedelta(hours=1) + timedelta(seconds=n)), **more,
    )  # fmt: skip


JAM = [
    record("jam", format=1, id="j", slug="tea", title="Tea", opens_at=rfc3339(NOW - timedelta(hours=5)),
           closes_at=rfc3339(NOW + timedelta(hours=5))),
    record("person", id=ME, handle="me", name="Me", role="participant"),
    record("person", id=ANA, handle="ana", name="Ana", role="host"),
    record("forum", id=FORUM, slug="one", title="One", brief="", position=1),
    post(1, author=ME),
    post(10, 1, body="first answer"),
    post(11, 1, body="second answer"),
    record("announcement", id=uid(90), author_id=ANA, body="Lunch\n\nat *one*", created_at=rfc3339(NOW)),
]  # fmt: skip


@pytest.fixture
def session(tmp_path: Path) -> Iterator[Session]:
    home = Home.from_env({"JAMTUI_HOME": str(tmp_path)})
    jam = registry.for_server(home, "http://127.0.0.1:9", "tea", "Tea").changed(
        person_id=ME, handle="me", name="Me", role="participant", store="file"
    )
    registry.remember(home, jam)
    prepare(jam, NOW)
    with closing(connection.connect(jam.mirror, mirror.SCHEMA)) as db:
        loading = Loading(Mirror(db), "12-aaaa")
        for line in JAM:
            loading.feed(line)
        loading.finish(rfc3339(NOW))
    with closing(Session(jam, clock=lambda: NOW, rng=random.Random(1), new_client=None)) as one:
        yield one


def plain_of(session: Session, out: io.StringIO, *lines: str, **chosen: object) -> Plain:
    console = Pipe(io.StringIO("".join(f"{line}\n" for line in lines)), out, columns=200)
    entries = [Entry(name, value, 1) for name, value in chosen.items()]
    return Plain(session, console, edit=str, browse=str, notify=entries, environ={"TERM": "xterm-kitty"})


def talk(session: Session, *lines: str) -> str:
    out = io.StringIO()
    with pytest.raises(Ended):
        plain_of(session, out, *lines).run()
    return out.getvalue()


def test_rows_say_why_first(session: Session) -> None:
    told = talk(session, "0", "j")
    assert "2 rows for you. 0 opens the inbox." in told
    assert "Inbox: 2 rows, 2 with something new." in told
    assert "Announcement: Lunch -- unread, Ana [host], " in told
    assert "Answers you: Idea 1, second answer -- 2 answers, Ana [host], in One, " in told
    assert "Row 2 of 2." in told


def test_opening_leads_to_the_first_unread_and_back(session: Session) -> None:
    told = talk(session, "0", "j", "enter", "q", "u", "z")
    assert "first answer" in told
    assert told.count("Inbox: 2 rows") == 2
    assert "1 row marked as read" in told


def test_what_is_no_post_is_told_whole_and_read(session: Session) -> None:
    told = talk(session, "inbox announcements", "enter")
    assert "Announcement from Ana [host]." in told
    assert "at one" in told
    assert session.for_me() == 1


def test_parts_of_it(session: Session) -> None:
    told = talk(session, "0", "f", "answers", "x", "z", "filter nonsense", "A", "z", "inbox unread")
    assert "unread: 2 rows." in told
    assert "Inbox: 1 row, only answers you, 2 with something new." in told
    assert "no reason" in told
    assert "Taken back" in told or "taken back" in told


def test_space_reads_what_is_new(session: Session) -> None:
    told = talk(session, "inbox answers", *([""] * 6))
    assert "first answer" in told
    assert "second answer" in told
    assert session.inbox_keys(unread=True) == ["announcement:" + uid(90)]


@pytest.mark.parametrize("quiet", ["", "00:00-23:59"])
def test_what_came_is_told_once(session: Session, monkeypatch: pytest.MonkeyPatch, quiet: str) -> None:
    """In quiet hours by words alone, without the bell and the notification."""
    out = io.StringIO()
    plain = plain_of(session, out, bell=True, quiet=quiet)
    rung: list[str] = []
    monkeypatch.setattr(plain.console, "ring", rung.append)
    monkeypatch.setattr(Session, "link", Link.LIVE)
    plain.begin()
    plain.notices._was_live = True
    with closing(connection.connect(session.known.mirror, mirror.SCHEMA)) as db:
        one = json.loads(post(20, 1, body="third \x1b]0;x\x07"))
        Mirror(db).apply([("post", json.dumps(one["data"]).encode())], "13-aaaa")
    plain.news.changed(Changed(new_posts=1, posts=frozenset([uid(20)]), threads=frozenset([uid(1)])))
    plain.catch_up()
    plain._whisper()
    plain.catch_up()
    assert out.getvalue().count("Ana answers you in “Idea 1”: third") == 1
    assert "1 for you" in out.getvalue()
    assert [data[:5] for data in rung] == ([] if quiet else ["\a", "\x1b]99;"])


def test_what_moderators_do_to_the_thread_that_is_read_is_told(session: Session) -> None:
    out = io.StringIO()
    plain = plain_of(session, out)
    plain.begin()
    plain.perform("post", uid(10))
    plain.catch_up()
    at = [13]

    def brought(*lines: bytes) -> str:
        """What is told when the log brings these changes."""
        at[0] += len(lines)
        with closing(connection.connect(session.known.mirror, mirror.SCHEMA)) as db:
            records = [json.loads(line) for line in lines]
            Mirror(db).apply([(r["type"], json.dumps(r["data"]).encode()) for r in records], f"{at[0]}-aaaa")
        before = len(out.getvalue())
        threads = frozenset(uid(n) for n in (1, 2))
        plain.news.changed(Changed(threads=threads, posts=threads))
        plain.catch_up()
        plain._whisper()
        plain.flush()
        return " ".join(out.getvalue()[before:].split())

    mine, answer = post(1, author=ME), post(10, 1, body="first answer")
    brought(mine, post(2), answer)
    assert "This thread is locked now: it takes no more replies." in brought(post(1, author=ME, locked=True))
    assert brought(post(1, author=ME, locked=True, version=2)) == ""
    assert "This thread takes replies again." in brought(mine)
    assert "was merged into another. You are at the same post" in brought(
        post(1, 2, author=ME, thread=2), post(10, 1, body="first answer", thread=2)
    )
    assert plain.spot.thread == uid(2)
    assert "This thread is apart again. You are at the same post" in brought(mine, answer)
    assert (plain.spot.thread, session.post(plain._post_id).body) == (uid(1), "first answer")


def test_what_is_used_is_told(session: Session) -> None:
    told = talk(session, "notify", "notify test", "notify loudly")
    assert "Notifications: OSC 99 (kitty shows them)." in told
    assert "Sent one by osc99" in told
    assert "does not take loudly" in told


def test_an_empty_inbox_says_what_to_do(session: Session) -> None:
    told = talk(session, "inbox polls")
    assert "Nothing is for you here." in told
