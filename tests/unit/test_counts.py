"""Counts that are held equal counts that are made: whatever the log brings, whoever marks, in whatever order."""

from __future__ import annotations

import json
import random
from collections.abc import Iterator, Sequence
from contextlib import closing
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import apsw
import pytest

from jamtui.archive import rfc3339
from jamtui.model import Mark
from jamtui.paths import Home
from jamtui.session import Session
from jamtui.store import connection, counts, mirror, registry, rows
from jamtui.store.mirror import Loading, Mirror
from jamtui.store.opening import prepare

NOW = datetime(2026, 11, 23, 10, tzinfo=UTC)
FORUMS = [f"0f000000-0000-4000-8000-{n:012x}" for n in range(3)]
PEOPLE = [f"0a000000-0000-4000-8000-{n:012x}" for n in range(4)]
ME = PEOPLE[0]


DRIFTED = """
SELECT t.n, t.replies, t.last FROM threads t JOIN posts p ON p.n = t.n WHERE (t.replies, t.last, t.forum, t.up) <> (
    (SELECT count(*) FROM posts r WHERE r.thread = t.n AND r.n <> t.n AND r.gone = 0),
    (SELECT max(r.n) FROM posts r WHERE r.thread = t.n), p.forum, p.up)"""


def uid(n: int) -> str:
    return f"00000000-0000-7000-8000-{n:012x}"


class Log:
    """The server's log, as far as a mirror of it is changed here; it writes as the network's thread does."""

    def __init__(self, rng: random.Random, path: Path) -> None:
        self.rng = rng
        self.path = path
        self.seq = 0
        self.posts: list[dict[str, Any]] = []

    def records(self) -> list[tuple[str, dict[str, Any]]]:
        times = {"opens_at": rfc3339(NOW - timedelta(hours=5)), "closes_at": rfc3339(NOW + timedelta(hours=5))}
        return [
            ("jam", {"format": 1, "id": "j", "slug": "tea", "title": "Tea", **times}),
            *(("person", {"id": one, "handle": f"h{n}", "name": f"H {n}"}) for n, one in enumerate(PEOPLE)),
            *(
                ("forum", {"id": one, "slug": f"s{n}", "title": f"F {n}", "position": n})
                for n, one in enumerate(FORUMS)
            ),
            *(("post", post) for post in self.posts),
        ]

    def new(self) -> dict[str, Any]:
        parent = self.rng.choice(self.posts) if self.posts and self.rng.random() < 0.8 else None
        number = len(self.posts) + 1
        post = {
            "id": uid(number), "parent_id": parent and parent["id"],
            "thread_id": parent["thread_id"] if parent else uid(number),
            "forum_id": parent["forum_id"] if parent else self.rng.choice(FORUMS),
            "author_id": self.rng.choice(PEOPLE), "title": "" if parent else f"Idea {number}", "body": "Body",
            "created_at": rfc3339(NOW + timedelta(seconds=number)), "votes": {"up": 0},
            "tags": self.rng.choice([[], [], ["tea"]]),
        }  # fmt: skip
        self.posts.append(post)
        return post

    def apply(self, *changes: tuple[str, dict[str, Any]]) -> None:
        self.seq += len(changes)
        with closing(connection.connect(self.path, mirror.SCHEMA)) as db:
            items = [(kind, json.dumps(data).encode()) for kind, data in changes]
            Mirror(db).apply(items, f"{self.seq}-aaaa")

    def load(self) -> None:
        """All of it anew, as when the server's log was replaced."""
        with closing(connection.connect(self.path, mirror.SCHEMA)) as db:
            self.seq = max(1, self.seq - 5)
            loading = Loading(Mirror(db), f"{self.seq}-aaaa")
            for kind, data in self.records():
                loading.feed(json.dumps({"type": kind, "data": data}).encode())
            loading.finish(rfc3339(NOW))


@pytest.fixture
def rng() -> random.Random:
    return random.Random(11)


@pytest.fixture
def session(tmp_path: Path) -> Iterator[Session]:
    home = Home.from_env({"JAMTUI_HOME": str(tmp_path)})
    jam = registry.for_server(home, "http://127.0.0.1:9", "tea", "Tea").changed(
        person_id=ME, handle="h0", name="H 0", role="participant", store="file"
    )
    registry.remember(home, jam)
    prepare(jam, NOW)
    one = Session(jam, clock=lambda: NOW, rng=random.Random(1), new_client=None)
    yield one
    one.close()


@pytest.fixture
def log(session: Session, rng: random.Random) -> Log:
    one = Log(rng, session.known.mirror)
    for _ in range(60):
        one.new()
    one.load()
    return one


def held(session: Session) -> list[tuple[str, int, int, int]]:
    return [(row.id, row.threads, row.posts, row.unread) for row in session.forums()]


def counted(session: Session) -> list[tuple[str, int, int, int]]:
    """One post after the other, as the rows tell them."""
    found: dict[str, list[int]] = {forum: [0, 0, 0] for forum in FORUMS}
    with closing(rows.connect(session.known.mirror, session.known.own)) as db:
        keys = [int(n) for (n,) in db.execute("SELECT n FROM posts")]
        openers = [str(forum) for (forum,) in db.execute(
            "SELECT f.id FROM threads t JOIN posts p ON p.n = t.n JOIN forums f ON f.n = p.forum"
        )]  # fmt: skip
    for forum in openers:
        found[forum][0] += 1
    for row in session.posts(keys):
        found[row.forum_id][1] += not row.gone
        found[row.forum_id][2] += row.unread
    return [(forum, threads, posts, unread) for forum, (threads, posts, unread) in found.items()]


def threads_agree(session: Session, thread: str) -> bool:
    """Whether each thread's row tells as much as its posts, one after the other, and this thread has the order that
    one gets who asks for the first time."""
    with closing(rows.connect(session.known.mirror, session.known.own)) as db:
        keys = [int(n) for (n,) in db.execute("SELECT n FROM posts")]
        openers = [int(n) for (n,) in db.execute("SELECT n FROM threads")]
        for row in db.execute(DRIFTED):
            raise AssertionError(f"thread, replies and newest post of its row: {row}")
        anew = rows.Rows(db, session.me)
        anew.silence = session._fresh().silence
        index = anew.thread_index(thread)
    unread: dict[str, int] = {}
    for post in session.posts(keys):
        unread[post.thread_id] = unread.get(post.thread_id, 0) + post.unread
    told = {row.id: row.unread for row in session.threads(openers)}
    return told == unread and session.thread_index(thread) == index and len(index.unread) == unread[thread]


def test_what_is_held_equals_what_is_counted_whatever_happens(session: Session, log: Log, rng: random.Random) -> None:
    thread = max((one["thread_id"] for one in log.posts), key=[one["thread_id"] for one in log.posts].count)

    def post() -> None:
        log.apply(*(("post", log.new()) for _ in range(rng.randrange(1, 5))))

    def removed() -> None:
        log.apply(("post", rng.choice(log.posts)))
        post = rng.choice(log.posts)
        post.update(title="", body="", tags=[], state="removed")
        log.apply(("post", post))

    def moved() -> None:
        thread = rng.choice(log.posts)["thread_id"]
        forum = rng.choice(FORUMS)
        there = [one for one in log.posts if one["thread_id"] == thread]
        for one in there:
            one["forum_id"] = forum
        log.apply(*(("post", one) for one in there))

    def voted() -> None:
        log.apply(("votes", {"post_id": rng.choice(log.posts)["id"], "up": rng.randrange(9)}))

    def keys() -> list[int]:
        found = (session.key(rng.choice(log.posts)["id"]) for _ in range(3))
        return [key for key in found if key is not None]

    def read() -> None:
        session.mark_read(keys(), read=rng.random() < 0.7)

    def read_elsewhere() -> None:
        theirs, mine = keys(), keys()
        with closing(Session(session.known, clock=lambda: NOW, rng=rng, new_client=None)) as other:
            other.mark_read(theirs)
            if rng.random() < 0.5:  # and here, before it was looked at
                session.mark_read(mine)

    def thread_read() -> None:
        session.mark_all_read(thread_id=rng.choice(log.posts)["thread_id"])

    def muted() -> None:
        session.set_mark(rng.choice(["#tea", "@h2", rng.choice(log.posts)["id"]]), Mark.MUTED)

    steps = [post, post, post, removed, moved, voted, read, read, read_elsewhere, thread_read, muted, log.load]
    for number in range(400):
        step = rng.choice(steps)
        step()
        if rng.random() < 0.7:  # else several steps are seen at once
            assert held(session) == counted(session), (number, step.__name__)
            assert threads_agree(session, thread if rng.random() < 0.9 else uid(1)), (number, step.__name__)
    assert held(session) == counted(session)
    assert sum(row.unread for row in session.forums()) > 0


def test_a_new_post_has_its_thread_counted_and_no_other(
    session: Session, log: Log, monkeypatch: pytest.MonkeyPatch
) -> None:
    held(session)

    def never(*_: object) -> None:
        raise AssertionError("all were counted")

    monkeypatch.setattr(counts.Counts, "_all", never)
    for _ in range(20):
        log.apply(("post", log.new()))
        assert held(session) == counted(session)
    session.mark_read([key for one in log.posts[-9:] if (key := session.key(one["id"])) is not None])
    assert held(session) == counted(session)
    with closing(connection.connect(log.path, mirror.SCHEMA)) as db:
        Mirror(db).touch(rfc3339(NOW))
    assert held(session) == counted(session)


def test_an_unread_post_that_is_taken_back_is_not_unread_in_its_thread(session: Session, log: Log) -> None:
    post = next(row for row in session.posts(session.live_keys()) if row.unread and row.parent_id)
    assert post.key in session.thread_index(post.thread_id).unread
    log.apply(("post", next(one for one in log.posts if one["id"] == post.id) | {"body": "", "state": "deleted"}))
    assert post.key not in session.thread_index(post.thread_id).unread
    assert threads_agree(session, post.thread_id)
    assert held(session) == counted(session)


def test_a_frame_is_of_one_moment(session: Session, log: Log) -> None:
    before, thread = held(session), log.posts[0]["thread_id"]
    with session.at_once():
        index, keys = session.thread_index(thread), session.live_keys()
        log.apply(("post", log.new()), ("post", log.posts[0] | {"body": "", "state": "removed"}))
        session.mark_all_read()
        with session.at_once():
            assert (held(session), session.live_keys()) == (before, keys)
        assert (session.thread_index(thread), counted(session)) == (index, before)
    assert held(session) == counted(session) != before
    assert len(session.live_keys()) == len(keys)
    assert threads_agree(session, thread)


def test_two_who_mark_in_the_same_moment(session: Session, log: Log, monkeypatch: pytest.MonkeyPatch) -> None:
    unread = [row.key for row in session.posts(session.live_keys()) if row.unread]
    held(session)
    with closing(Session(session.known, clock=lambda: NOW, rng=random.Random(2), new_client=None)) as other:
        mark = session._marks.mark_versions

        def both(versions: Sequence[tuple[int, int]]) -> None:
            other.mark_read(unread[:1])
            mark(versions)

        monkeypatch.setattr(session._marks, "mark_versions", both)
        session.mark_read(unread[-1:])
    assert held(session) == counted(session)


def test_a_mirror_of_version_2_has_its_threads_counted(session: Session, log: Log, tmp_path: Path) -> None:
    """Made with the statements of version 2, then opened as any mirror is."""
    old = connection.Schema("mirror", mirror.SCHEMA.application_id, mirror.SCHEMA.migrations[:2], "NORMAL")
    path = tmp_path / "old.sqlite"
    with closing(connection.connect(path, old)) as db, closing(apsw.Connection(str(log.path))) as new:
        for table in ("jam", "people", "forums", "threads", "posts", "meta"):
            columns = ", ".join(str(row[1]) for row in db.execute(f"PRAGMA table_info({table})"))
            for row in new.execute(f"SELECT {columns} FROM {table}"):
                db.execute(f"INSERT INTO {table} VALUES ({','.join('?' * len(row))})", row)
    wanted = held(session)
    session._rows.db.close()
    connection.connect(path, mirror.SCHEMA).close()
    path.replace(session.known.mirror)
    with closing(Session(session.known, clock=lambda: NOW, rng=random.Random(2), new_client=None)) as again:
        assert held(again) == wanted
        log.apply(("post", log.new()))
        assert held(again) == counted(again)
