"""Reading state: muted and followed, exploring, another device, another schema, a mirror fetched anew."""

from __future__ import annotations

import io
import json
import queue
import random
import sys
from collections.abc import Callable, Iterator
from contextlib import closing
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import BinaryIO, cast

import pytest
from raw_server import MIB, Memory

from jamtui import cli
from jamtui.archive import ArchiveError, rfc3339
from jamtui.errors import NotFound
from jamtui.model import Found, Mark, Marks
from jamtui.paths import Home
from jamtui.session import Session
from jamtui.store import connection, mirror, own, registry
from jamtui.store.mirror import Loading, Mirror
from jamtui.store.opening import prepare
from jamtui.store.state import StateBroken, lines_of

NOW = datetime(2026, 11, 23, 10, tzinfo=UTC)
FORUM, ME, ANA, BOB = (f"0a000000-0000-4000-8000-{n:012x}" for n in range(4))


def uid(n: int) -> str:
    return f"00000000-0000-7000-8000-{n:012x}"


def record(kind: str, **data: object) -> bytes:
    return json.dumps({"type": kind, "data": data}).encode()


def post(n: int, thread: int, parent: int | None = None, author: str = ANA, **more: object) -> bytes:
    data = {
        "id": uid(n), "forum_id": FORUM, "thread_id": uid(thread), "parent_id": parent and uid(parent),
        "author_id": author, "title": "" if parent else f"Idea {n}", "body": f"Body {n}", "created_at": rfc3339(NOW),
        "tags": [], "votes": {},
    }  # fmt: skip
    return record("post", **(data | more))


JAM = [
    record("jam", format=1, id="j", slug="tea", title="Tea", opens_at=rfc3339(NOW - timedelta(1)),
           closes_at=rfc3339(NOW + timedelta(1))),
    *(record("person", id=one, handle=name, name=name) for one, name in ((ME, "me"), (ANA, "ana"), (BOB, "bob"))),
    record("forum", id=FORUM, slug="one", title="One", brief="b", position=1),
    post(1, 1, tags=["Tea"]), post(2, 1, 1), post(3, 1, 2, BOB),
    post(4, 4), post(5, 4, 4, BOB), post(6, 4, 4, tags=["Tea"]),
]  # fmt: skip


def load(jam: registry.KnownJam, *lines: bytes) -> None:
    with closing(connection.connect(jam.mirror, mirror.SCHEMA)) as db:
        loading = Loading(Mirror(db), "12-aaaa")
        for line in lines:
            loading.feed(line)
        loading.finish(rfc3339(NOW))


def jam_in(folder: Path) -> registry.KnownJam:
    home = Home.from_env({"JAMTUI_HOME": str(folder)})
    jam = registry.for_server(home, "http://127.0.0.1:9", "tea", "Tea").changed(person_id=ME, handle="me")
    registry.remember(home, jam)
    prepare(jam, NOW)
    load(jam, *JAM)
    return jam


def open_on(jam: registry.KnownJam, *, explore: bool = False) -> Session:
    return Session(jam, clock=lambda: NOW, rng=random.Random(1), new_client=None, explore=explore)


@pytest.fixture
def known(tmp_path: Path) -> registry.KnownJam:
    return jam_in(tmp_path)


@pytest.fixture
def session(known: registry.KnownJam) -> Iterator[Session]:
    with closing(open_on(known)) as one:
        yield one


def unread(session: Session) -> set[int]:
    keys = [key for n in range(1, 7) if (key := session.key(uid(n)))]
    rows = {int(row.id[-4:], 16) for row in session.posts(keys) if row.unread}
    assert session.status().unread == len(rows), "the count is of other posts than those that are unread"
    return rows


def test_a_muted_thread_is_not_unread_and_passed_over(session: Session) -> None:
    undo = session.set_mark(uid(5), Mark.MUTED)
    assert unread(session) == {1, 2, 3}
    assert [row.muted for row in session.threads(session.thread_keys(FORUM, "new"))] == [True, False]
    assert session.next_unread(FORUM, "") == (FORUM, uid(1))
    session.undo(undo)
    assert unread(session) == {1, 2, 3, 4, 5, 6}


def test_a_search_does_not_call_unread_what_is_muted(session: Session) -> None:
    def found(text: str) -> set[int]:
        return {int(hit.post.id[-4:], 16) for hit in session.search(text)}

    def typed(text: str) -> tuple[set[int], set[bool]]:
        """As the search screen asks: from threads of its own."""
        answers: queue.Queue[Found] = queue.Queue()
        session.searching.ask(text, "best", answers.put)
        while (answer := answers.get()).total == -1:
            pass  # there is more to come
        return {int(hit.post.id[-4:], 16) for hit in answer.hits}, {hit.post.unread for hit in answer.hits}

    assert found("is:unread body") == typed("is:unread body")[0] == {1, 2, 3, 4, 5, 6}
    session.set_mark(uid(1), Mark.MUTED)
    session.set_mark("@bob", Mark.MUTED)
    assert found("is:unread body") == {4, 6}
    assert typed("is:unread body") == ({4, 6}, {True})
    assert typed("from:bob body") == ({3, 5}, {False})


def test_a_search_knows_the_mirror_that_came_since_the_one_before(session: Session, known: registry.KnownJam) -> None:
    def typed() -> tuple[set[int], set[str]]:
        answers: queue.Queue[Found] = queue.Queue()
        session.searching.ask("body", "best", answers.put)
        while (answer := answers.get()).total == -1:
            pass  # there is more to come
        mine = {int(hit.post.id[-4:], 16) for hit in answer.hits if hit.post.mine}
        return mine, {hit.forum_title for hit in answer.hits}

    mine = post(7, 7, author=ME)
    load(known, *JAM, mine)
    assert typed() == ({7}, {"One"})
    renamed = record("forum", id=FORUM, slug="one", title="Two", brief="b", position=1)
    load(known, JAM[0], *reversed(JAM[1:4]), renamed, *JAM[5:], mine)  # everybody has another number
    assert typed() == ({7}, {"Two"})


def test_a_muted_tag_takes_whole_threads_unless_they_are_followed(session: Session) -> None:
    session.set_mark("#tea", Mark.MUTED)  # as written in the Jam: Tea
    assert session.muted() == Marks(tags=frozenset({"Tea"}))
    assert unread(session) == {4, 5}
    session.set_mark(uid(1), Mark.FOLLOWED)
    assert unread(session) == {1, 2, 3, 4, 5}


def test_a_muted_person_is_muted_everywhere_and_answers_to_them_are_not(session: Session) -> None:
    session.set_mark("@Ana", Mark.MUTED)
    assert unread(session) == {3, 5}
    with pytest.raises(NotFound, match="nobody here"):
        session.set_mark("@nobody", Mark.MUTED)


def test_following_takes_a_mute_away_and_is_shown(session: Session) -> None:
    session.set_mark("@bob", Mark.MUTED)
    session.set_mark("@bob", Mark.FOLLOWED)
    session.set_mark("#Tea", Mark.FOLLOWED)
    assert session.muted() == Marks()
    assert session.followed() == Marks(tags=frozenset({"Tea"}), people=frozenset({BOB}))
    assert [row.followed for row in session.threads(session.thread_keys(FORUM, "new"))] == [False, True]
    assert sorted(row.name for row in session.mark_rows(Mark.FOLLOWED)) == ["#Tea", "@bob"]


def test_an_edit_after_reading_shows_and_stays_read(session: Session, known: registry.KnownJam) -> None:
    session.mark_read([key for n in (2, 4) if (key := session.key(uid(n)))])
    session.mark_all_read(thread_id=uid(4))
    with closing(connection.connect(known.mirror, mirror.SCHEMA)) as db:
        Mirror(db).apply([("post", json.dumps(json.loads(post(2, 1, 1, version=2))["data"]).encode())], "13-bbbb")
    assert unread(session) == {1, 3}
    assert [session.post(uid(n)).changed for n in (2, 4, 5)] == [True, False, False]


def test_exploring_writes_nothing_of_reading(known: registry.KnownJam) -> None:
    def rows() -> list[list[object]]:
        with closing(connection.connect(known.own, own.SCHEMA)) as db:
            return [list(db.execute(f"SELECT * FROM {table} ORDER BY 1")) for table in ("read", "places")]

    before = rows()
    with closing(open_on(known, explore=True)) as session:
        session.mark_read(session.thread_index(uid(1)).keys)
        session.mark_all_read()
        session.set_place("spot", "here")
        assert session.place("spot") == "here"
        assert session.status().exploring
        assert unread(session) == {1, 2, 3, 4, 5, 6}
    assert rows() == before


def test_a_store_of_the_first_schema_is_brought_up_to_date(tmp_path: Path) -> None:
    first = connection.Schema(own.SCHEMA.name, own.SCHEMA.application_id, own.SCHEMA.migrations[:1], "FULL")
    jam = jam_in(tmp_path)
    for suffix in ("", "-wal", "-shm"):
        Path(f"{jam.own}{suffix}").unlink(missing_ok=True)
    with closing(connection.connect(jam.own, first)) as db:
        db.execute("INSERT INTO read VALUES (?)", (mirror.hash_of(uid(1)),))
        db.execute("INSERT INTO places VALUES ('spot', 'x'); INSERT INTO saved VALUES (?, 1)", (uid(2),))
    with closing(open_on(jam)) as session:
        assert unread(session) == {2, 3, 4, 5, 6}
        assert session.place("spot") == "x"
        assert session.post(uid(2)).saved
        assert not session.post(uid(1)).changed
        session.set_mark(uid(4), Mark.MUTED)
        assert unread(session) == {2, 3}


def test_the_state_goes_to_another_device_and_merges(session: Session, tmp_path: Path) -> None:
    session.mark_read([key for n in (1, 2) if (key := session.key(uid(n)))])
    session.save(uid(3), True)
    session.set_mark("#Tea", Mark.FOLLOWED)
    session.set_mark(uid(4), Mark.MUTED)
    session.set_place("list:live", uid(3))
    lines = [line.encode() for line in session.export_state()]
    lines.append(b'{"type":"dream","data":{"x":1}}')
    with closing(open_on(jam_in(tmp_path / "other"))) as other:
        other.mark_read([key for n in (2, 3) if (key := other.key(uid(n)))])
        other.set_mark(uid(4), Mark.FOLLOWED)
        merged = other.import_state(lines)
        assert merged.counts == {"read": [2, 1], "saved": [1, 1], "muted": [1, 0], "followed": [1, 1], "place": [2, 2]}
        assert merged.unknown == {"dream": 1}
        assert unread(other) == {4, 5, 6}
        assert other.followed() == Marks(threads=frozenset({uid(4)}), tags=frozenset({"Tea"}))
        assert other.post(uid(3)).saved
        again = "".join(other.export_state())
        assert '{"type":"dream","data":{"x":1}}\n' in again
        assert {kind: new for kind, (_, new) in other.import_state(lines).counts.items() if new} == {}
        assert "".join(other.export_state()) == again


@pytest.mark.parametrize(
    ("line", "reason"),
    [
        (b"{nonsense", "line 3: JSON is malformed"),
        (b'{"type":"read","data":{"posts":["xyz"]}}', "not the end of a post's id"),
        (b'{"type":"read","data":{"posts":7}}', "Expected `array`"),
        (b'{"type":"muted","data":{"kind":"mood","target":"x","at":1}}', "nothing called mood"),
        (b'{"type":"state","data":{"format":1,"jam":"j"}}', "the first line, and no other"),
        (b"\xff\xfe", "line 3"),
        (b'{"type":"saved","data":{"post_id":"p","at":9000000000000000000}}', "at"),
        (b'{"type":"saved","data":{"post_id":"p","at":-1}}', "at"),
        (b'{"type":"read","data":{"posts":[],"version":100000000000000000000}}', "version"),
        (b'{"type":"dream","data":{"x":' + b"[" * 100_000 + b"]" * 100_000 + b"}}", "line 3"),
    ],
    ids=lambda value: value[:40] if isinstance(value, str) else str(value[:60]),
)
def test_a_broken_state_is_refused_whole_with_its_line(session: Session, line: bytes, reason: str) -> None:
    good = [b'{"type":"state","data":{"format":1,"jam":"j"}}', b'{"type":"read","data":{"posts":["%s"]}}' % (b"0" * 16)]
    before = "".join(session.export_state())
    with pytest.raises(StateBroken, match=reason):
        session.import_state([*good, line])
    assert "".join(session.export_state()) == before
    with pytest.raises(StateBroken, match="another Jam"):
        session.import_state([b'{"type":"state","data":{"format":1,"jam":"other"}}'])
    with pytest.raises(StateBroken, match="newer"):
        session.import_state([b'{"type":"state","data":{"format":9,"jam":"j"}}'])


@pytest.mark.parametrize(
    ("first", "reason"),
    [
        (b"", "line 1: longer than 1 MiB"),
        (b'{"type":"state","data":{"format":1,"jam":"j"}}\n', "line 2: longer than 1 MiB"),
    ],
)
def test_a_state_file_without_end_is_not_read_whole(
    session: Session, tmp_path: Path, first: bytes, reason: str, figure: Callable[..., None]
) -> None:
    path = tmp_path / "state.jsonl"
    with path.open("wb") as file:
        file.write(first)
        file.truncate(600 << 20)  # one line, of which the disk has nothing
    memory = Memory()
    with path.open("rb") as file, pytest.raises(StateBroken, match=reason):
        session.import_state(lines_of(file))
    figure(
        "promise 11: memory rose by at most {:.1f} MiB for a state file of 600 MiB in one line", memory.risen() / MIB
    )
    assert memory.risen() < 64 * MIB


def test_a_state_file_of_good_lines_has_an_end_too() -> None:
    class Endless(io.RawIOBase):
        def readline(self, size: int | None = -1, /) -> bytes:
            return b'{"type":"dream","data":{}}\n'

    with pytest.raises(StateBroken, match="larger than 16 MiB"):
        assert sum(len(line) for line in lines_of(cast("BinaryIO", Endless()))) < 17 * MIB


def test_a_mirror_fetched_anew_is_there_at_once_or_stays_as_it_was(session: Session, known: registry.KnownJam) -> None:
    session.mark_read(session.thread_index(uid(1)).keys)
    with closing(connection.connect(known.mirror, mirror.SCHEMA)) as db:
        loading = Loading(Mirror(db), "2-cccc")
        for line in JAM[:6]:
            loading.feed(line)
        loading._hand_over()
        loading._written()
        assert unread(session) == {4, 5, 6}
        loading.abandon()
        assert unread(session) == {4, 5, 6}
        broken = Loading(Mirror(db), "2-cccc")
        broken.feed(JAM[1])
        with pytest.raises(ArchiveError):
            broken.finish("")
        assert Mirror(db).cursor == "12-aaaa"
    before = session.key(uid(4))
    load(known, *JAM)
    assert session.key(uid(4)) != before
    assert unread(session) == {4, 5, 6}


def test_undo_of_a_mark_by_hand_finds_the_posts_of_a_mirror_fetched_anew(
    session: Session, known: registry.KnownJam
) -> None:
    session.mark_read(session.thread_index(uid(4)).keys)
    thread = session.threads([session.key(uid(4)) or 0])[0]
    undo = session.toggle_read(thread)
    assert (undo.what, unread(session)) == ("Marked unread", {1, 2, 3, 4, 5, 6})
    read = session.toggle_read(session.post(uid(2)))
    assert unread(session) == {1, 3, 4, 5, 6}
    load(known, *JAM[:5], *JAM[8:], *JAM[5:8])  # the keys now name other posts
    session.undo(undo)
    assert unread(session) == {1, 3}
    session.undo(read)
    assert unread(session) == {1, 2, 3}
    edited = [*JAM[:8], post(4, 4, version=2), *JAM[9:]]
    load(known, *edited)
    session.undo(session.toggle_read(session.post(uid(4))))
    assert session.post(uid(4)).changed  # the version that was read is still known


def test_the_commands_mute_follow_and_carry(
    known: registry.KnownJam, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("JAMTUI_HOME", str(tmp_path))
    file = tmp_path / "state.jsonl"

    def run(*words: str) -> tuple[int, str]:
        code = cli.main(list(words))
        sys.stdout.flush()
        return code, capsys.readouterr().out

    assert run("mute", "#Tea", "@bob") == (0, "")
    assert {json.loads(line)["name"] for line in run("muted", "--json")[1].splitlines()} == {"#Tea", "@bob"}
    assert run("mute", uid(4), "@nobody")[0] == 5  # none of them
    assert len(run("muted", "--json")[1].splitlines()) == 2
    assert run("state", "export", "-o", str(file))[0] == 0
    assert [json.loads(line)["unread"] for line in run("forums", "--json")[1].splitlines()] == [1]
    assert [json.loads(line)["unread"] for line in run("show", uid(4), "--json")[1].splitlines()] == [
        True,
        False,
        False,
    ]
    assert run("unmute", "@bob")[0] == run("follow", uid(5))[0] == 0
    code, out = run("state", "import", str(file), "--json")
    assert (code, json.loads(out)["muted"]) == (0, {"records": 2, "new": 1})
    assert [json.loads(line)["kind"] for line in run("followed", "--json")[1].splitlines()] == ["thread"]
    assert run("forums", "--explore")[0] == 2


def test_the_commands_keep_posts_and_mark_what_was_read(
    known: registry.KnownJam, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("JAMTUI_HOME", str(tmp_path))

    def run(*words: str) -> tuple[int, str]:
        code = cli.main(list(words))
        sys.stdout.flush()
        return code, capsys.readouterr().out

    def ids(*words: str) -> list[str]:
        return [json.loads(line)["id"] for line in run(*words, "--json")[1].splitlines()]

    def unread_ones() -> set[int]:
        return {int(one[-4:], 16) for one in ids("search", "is:unread", "body")}

    assert (ids("saved"), run("saved")) == ([], (0, ""))
    assert run("save", uid(2), "ffffffff")[0] == 5  # none of them
    assert ids("saved") == []
    assert run("save", uid(2), uid(4))[0] == 0
    assert sorted(ids("saved")) == [uid(2), uid(4)]
    assert len(ids("saved", "--limit", "1")) == 1
    assert uid(4)[:13] in run("saved")[1]
    assert run("unsave", uid(2))[0] == 0
    assert ids("saved") == [uid(4)]
    assert unread_ones() == {1, 2, 3, 4, 5, 6}
    assert run("mark-read", uid(2))[0] == 0
    assert unread_ones() == {1, 3, 4, 5, 6}
    assert run("mark-read", uid(6), "--thread")[0] == 0
    assert unread_ones() == {1, 3}
    assert run("mark-unread", uid(5))[0] == 0
    assert unread_ones() == {1, 3, 5}
    assert run("mark-unread", uid(5), "--thread")[0] == 0
    assert unread_ones() == {1, 3, 4, 5, 6}
    assert run("mark-read", "--all")[0] == 0
    assert unread_ones() == set()
    assert run("mark-unread", uid(1))[0] == 0
    assert run("mark-read", "--forum", ids("forums")[0])[0] == 0
    assert unread_ones() == set()
    wrong: list[tuple[str, ...]] = [(), ("--all", "--forum", FORUM), (uid(1), "--all"), ("--all", "--thread")]
    assert [run("mark-read", *words)[0] for words in wrong] == [2, 2, 2, 2]


def test_a_tag_that_nobody_used_is_muted_and_that_is_said(session: Session) -> None:
    assert session.set_mark("#nosuchtag", Mark.MUTED).what == "muted: #nosuchtag, which no post carries yet"
    assert session.set_mark("#nosuchtag", Mark.MUTED).what == "no longer muted: #nosuchtag"
    assert "carries" not in session.set_mark("@bob", Mark.MUTED).what
