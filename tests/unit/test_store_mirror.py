"""The mirror: loading, folding, deriving, exporting; figures are counted anew from the objects, never assumed."""

from __future__ import annotations

import json
import platform
import random
import subprocess
import sys
from collections.abc import Callable, Iterator, Sequence
from datetime import UTC, datetime, timedelta
from pathlib import Path

import apsw
import pytest

from jamtui.archive import ArchiveError, rfc3339
from jamtui.model import Changed
from jamtui.store import bulk, connection, mirror
from jamtui.store import loading as store_loading
from jamtui.store.mirror import Loading, Mirror, hash_of, objects, with_votes, words_of

NOW = "2026-11-23T10:00:00.000Z"
OPENS = datetime(2026, 11, 22, tzinfo=UTC)


def raw(**fields: object) -> bytes:
    return json.dumps(fields, ensure_ascii=False).encode()


def person(n: int, **more: object) -> tuple[str, bytes]:
    return "person", raw(id=f"p-{n:016d}", handle=f"ana{n}", name=f"Ana {n}", role="participant", **more)


def forum(n: int) -> tuple[str, bytes]:
    return "forum", raw(id=f"f-{n:016d}", slug=f"forum-{n}", title=f"Forum {n}", brief="What?", position=n)


def post(
    n: int, thread: int | None = None, parent: int | None = None, author: int = 1, **more: object
) -> tuple[str, bytes]:
    fields: dict[str, object] = {
        "id": f"{n:036x}",
        "forum_id": "f-0000000000000001",
        "thread_id": f"{thread if thread is not None else n:036x}",
        "parent_id": None if parent is None else f"{parent:036x}",
        "author_id": f"p-{author:016d}",
        "title": "" if parent is not None else f"Idea {n}",
        "body": f"Body of number {n}",
        "created_at": rfc3339(OPENS + timedelta(seconds=n)),
        "tags": [],
        "votes": {"up": 0},
    }
    return "post", raw(**{**fields, **more})


def jam() -> tuple[str, bytes]:
    return "jam", raw(
        format=1, id="j", slug="j", title="A Jam", summary="", opens_at=rfc3339(OPENS), closes_at=rfc3339(OPENS)
    )


START = [jam(), person(1), person(2), forum(1)]


@pytest.fixture
def db(tmp_path: Path) -> Iterator[apsw.Connection]:
    db = connection.connect(tmp_path / "mirror.sqlite", mirror.SCHEMA)
    yield db
    db.close()


@pytest.fixture
def filled(db: apsw.Connection) -> Mirror:
    one = Mirror(db)
    one.apply(START, "4-aaaa", NOW)
    return one


def lines(items: list[tuple[str, bytes]]) -> list[bytes]:
    return [b'{"type":"%s","data":%s}' % (kind.encode(), data) for kind, data in items]


def counted(db: apsw.Connection) -> list[tuple[object, ...]]:
    return list(db.execute("SELECT n, replies, last, up FROM threads ORDER BY n"))


def found(db: apsw.Connection, words: str) -> list[int]:
    return [int(row[0]) for row in db.execute("SELECT rowid FROM words WHERE words MATCH ? ORDER BY 1", (words,))]  # type: ignore[arg-type]


def test_what_is_applied_comes_out_as_it_came(filled: Mirror) -> None:
    items = [post(1, extra={"deep": [1]}), post(2, 1, 1), ("poll", raw(id="x", question="?"))]
    changed = filled.apply(items, "7-bbbb", NOW)
    assert filled.cursor == "7-bbbb"
    assert changed.new_posts == 2
    assert changed.posts == {f"{1:036x}", f"{2:036x}"}
    assert list(objects(filled.db)) == [*START, *items]


def test_thread_rows_are_derived_from_the_posts(filled: Mirror) -> None:
    filled.apply([post(1), post(2, 1, 1), post(3, 1, 2), post(4)], "8-cccc")
    assert counted(filled.db) == [(1, 2, 3, 0), (4, 0, 4, 0)]
    filled.apply([post(2, 1, 1, state="deleted", body="")], "9-dddd")
    assert counted(filled.db) == [(1, 1, 3, 0), (4, 0, 4, 0)]


def test_votes_change_the_tally_and_keep_other_counts(filled: Mirror) -> None:
    filled.apply([post(1, votes={"up": 1, "down": 4})], "5-cccc")
    changed = filled.apply([("votes", raw(post_id=f"{1:036x}", up=9))], "6-dddd")
    assert changed.posts == {f"{1:036x}"}
    assert counted(filled.db) == [(1, 0, 1, 9)]
    last = list(objects(filled.db))[-1][1]
    assert json.loads(last)["votes"] == {"up": 9, "down": 4}


def test_an_edit_replaces_words_and_tags(filled: Mirror) -> None:
    filled.apply([post(1, body="coffee for everyone", tags=["idea"])], "5-cccc")
    assert found(filled.db, "coffee") == [1]
    filled.apply([post(1, body="tea for everyone", tags=["drink", "idea"], version=2)], "6-dddd")
    assert found(filled.db, "coffee") == []
    assert found(filled.db, "tea") == [1]
    assert sorted(filled.db.execute("SELECT name FROM tags")) == [("drink",), ("idea",)]


def test_removed_text_leaves_every_page_of_the_file(filled: Mirror, tmp_path: Path) -> None:
    secret = "xylophonist"
    filled.apply([post(1, body=f"a {secret} writes", tags=["quokkas"])], "5-cccc")
    filled.apply([post(1, body="", title="", tags=[], state="removed")], "6-dddd")
    filled.db.execute("PRAGMA wal_checkpoint(TRUNCATE)")
    bytes_now = (tmp_path / "mirror.sqlite").read_bytes() + (tmp_path / "mirror.sqlite-wal").read_bytes()
    assert secret.encode() not in bytes_now
    assert b"quokkas" not in bytes_now


def test_what_a_profile_says_no_more_leaves_the_files(filled: Mirror, tmp_path: Path) -> None:
    filled.apply([person(1, about="a xylophonist", org="Quokkas")], "5-cccc")
    filled.apply([person(1, org="Quokkas")], "6-dddd")
    bytes_now = (tmp_path / "mirror.sqlite").read_bytes() + (tmp_path / "mirror.sqlite-wal").read_bytes()
    assert b"xylophonist" not in bytes_now
    assert b"Quokkas" in bytes_now


def test_an_object_that_cannot_be_read_is_kept_and_stops_nothing(filled: Mirror) -> None:
    filled.apply(
        [("post", raw(id="odd", body=3)), ("votes", raw(post_id=7)), post(5, 4, 4), post(1)],
        "9-cccc",
    )
    assert filled.cursor == "9-cccc"
    assert counted(filled.db) == [(1, 0, 1, 0)]
    kept = [str(row[0]) for row in filled.db.execute("SELECT type FROM others ORDER BY n")]
    assert kept == ["unreadable post", "unreadable votes", "unreadable post"]


@pytest.mark.parametrize(
    "change",
    [
        post(1, created_at="0001-01-01T00:00:00+14:00"),
        post(1, created_at="9999-12-31T23:59:59-14:00"),
        ("votes", b'{"post_id":"q1","up":99999999999999999999}'),
        ("votes", b'{"post_id":"q1","up":-1}'),
    ],
)
def test_a_change_beyond_time_or_numbers_stops_nothing(filled: Mirror, change: tuple[str, bytes]) -> None:
    before = list(objects(filled.db))
    filled.apply([change], "9-cccc")
    assert filled.cursor == "9-cccc"
    assert [str(row[0]) for row in filled.db.execute("SELECT type FROM others")] == [f"unreadable {change[0]}"]
    assert list(objects(filled.db))[: len(before)] == before


def test_a_lone_surrogate_is_stored_as_a_replacement(filled: Mirror) -> None:
    kind, data = post(1, body="MARK")
    filled.apply([(kind, data.replace(b"MARK", b"a\\ud800b"))], "5-cccc")
    assert "a\ufffdb" in json.loads(list(objects(filled.db))[-1][1])["body"]


def test_cursor_and_objects_are_one_transaction(filled: Mirror) -> None:
    def torn() -> Iterator[tuple[str, bytes]]:
        yield post(1)
        raise RuntimeError("killed here")

    with pytest.raises(RuntimeError):
        filled.apply(torn(), "5-cccc")
    assert filled.cursor == "4-aaaa"
    assert list(objects(filled.db)) == START


def test_a_snapshot_is_loaded_in_batches_with_the_cursor_last(db: apsw.Connection) -> None:
    one = Mirror(db)
    items = [*START, post(1), *(post(n, 1, 1) for n in range(2, 1002))]
    loading = Loading(one, "99-zzzz")
    told = [loading.feed(line) for line in lines(items)]
    assert any(told)
    assert one.cursor == ""
    assert loading.finish(NOW) == Changed(everything=True, status=True)
    assert one.cursor == "99-zzzz"
    assert list(objects(db)) == items
    assert counted(db) == [(1, 1000, 1001, 0)]


def test_a_snapshot_with_a_broken_line_leaves_no_cursor(db: apsw.Connection) -> None:
    one = Mirror(db)
    loading = Loading(one, "99-zzzz")
    loading.feed(lines([jam()])[0])
    with pytest.raises(ArchiveError, match="line 2"):
        loading.feed(b'{"type":"post","data":')
    assert one.cursor == ""


def test_the_first_batch_counts_posts_so_that_people_before_them_do_not_delay_it(db: apsw.Connection) -> None:
    one = Mirror(db)
    people = [person(n) for n in range(1, 1_001)]
    loading = Loading(one, "99-zzzz")
    told = [loading.feed(line) for line in lines([jam(), *people, forum(1), *map(post, range(1, 302))])]
    assert told.index(True) == 1 + 1_000 + 1 + 299
    assert [row[0] for row in db.execute("SELECT count(*) FROM posts")] == [300]
    assert [row[0] for row in db.execute("SELECT count(*) FROM people")] == [1_000]


def test_long_posts_are_committed_by_their_bytes(db: apsw.Connection) -> None:
    loading = Loading(Mirror(db), "99-zzzz")
    for line in lines([*START, *map(post, range(1, 301))]):
        loading.feed(line)
    told = [loading.feed(line) for line in lines([post(n, body="long " * 100_000) for n in range(301, 330)])]
    apart = mirror.BATCH_BYTES // 500_000 + 1
    assert [at for at, committed in enumerate(told, 1) if committed] == list(range(apart, 30, apart))


def test_a_snapshot_with_a_post_twice_is_refused(db: apsw.Connection) -> None:
    loading = Loading(Mirror(db), "99-zzzz")
    for line in lines([*START, post(1)]):
        loading.feed(line)
    with pytest.raises(ArchiveError, match=r"line 6: a second post"):
        loading.feed(lines([post(1)])[0])


def test_a_person_twice_in_a_snapshot_is_the_latter(db: apsw.Connection) -> None:
    loading = Loading(Mirror(db), "99-zzzz")
    for line in lines([*START, person(1, org="Lanternwick"), post(1)]):
        loading.feed(line)
    loading.finish(NOW)
    assert list(objects(db))[1:3] == [person(1, org="Lanternwick"), person(2)]
    assert list(db.execute("SELECT p.id FROM people p JOIN posts o ON o.author = p.n")) == [("p-0000000000000001",)]


_KILLED = """
import os, sys
from pathlib import Path
from jamtui.store import connection, loading, mirror
loading.BATCH = 60
at = mirror.Mirror(connection.connect(Path(sys.argv[1]), mirror.SCHEMA))
loading = mirror.Loading(at, "99-zzzz", beside=sys.argv[2] == "beside")
for line in sys.stdin.buffer:
    loading.feed(line)
os._exit(9)  # as killed: nothing is finished, nothing is closed
"""


@pytest.mark.parametrize("where", ["here", "beside"])
def test_a_load_that_was_killed_has_no_cursor_and_the_next_one_makes_it_whole(tmp_path: Path, where: str) -> None:
    path = tmp_path / "mirror.sqlite"
    items = [*START, *map(post, range(1, 501))]
    fed = b"\n".join(lines(items))
    assert subprocess.run([sys.executable, "-c", _KILLED, str(path), where], input=fed, check=False).returncode == 9
    db = connection.connect(path, mirror.SCHEMA)
    one = Mirror(db)
    before = _settings(db)
    assert one.cursor == ""
    there = next(iter(db.execute("SELECT count(*) FROM posts")))[0]
    assert there == 480 if where == "here" else there in (300, 360, 420, 480)
    again = Loading(one, "99-zzzz", beside=where == "beside")
    for line in lines(items):
        again.feed(line)
    again.finish(NOW)
    assert one.cursor == "99-zzzz"
    assert list(objects(db)) == items
    assert len(found(db, "number")) == 500
    assert _settings(db)[1:] == (*before[1:3], [("automerge", 0), ("hashsize", 1 << 20)])
    indexes = {row[0] for row in db.execute("SELECT name FROM sqlite_schema WHERE type = 'index'")}
    assert {"posts_thread", "posts_filter", "posts_person", "posts_recent"} <= indexes
    db.close()


def _settings(db: apsw.Connection) -> tuple[object, ...]:
    merges = sorted(db.execute("SELECT k, v FROM words_config WHERE k IN ('automerge', 'hashsize')"))
    return db.pragma("cache_size"), db.pragma("wal_autocheckpoint"), db.pragma("secure_delete"), merges


def test_what_a_load_sets_for_itself_is_as_before_when_it_ends(filled: Mirror) -> None:
    before = _settings(filled.db)
    torn = Loading(filled, "9-zzzz")
    torn.feed(lines([jam()])[0])
    assert _settings(filled.db) != before
    torn.abandon()
    assert _settings(filled.db) == before
    whole = Loading(filled, "9-zzzz")
    for line in lines([*START, post(1)]):
        whole.feed(line)
    whole.finish(NOW)
    assert _settings(filled.db) == (*before[:3], [("automerge", 0), ("hashsize", 1 << 20)])


def test_a_mirror_is_whole_before_its_log_is_folded_back(db: apsw.Connection, tmp_path: Path) -> None:
    one = Mirror(db)
    loading = Loading(one, "99-zzzz")
    for line in lines([*START, *(post(n, body="long " * 2_000) for n in range(1, 801))]):
        loading.feed(line)
    loading.finish(NOW)
    file, log = tmp_path / "mirror.sqlite", tmp_path / "mirror.sqlite-wal"
    assert log.stat().st_size > 8 << 20 > file.stat().st_size
    other = connection.connect(file, mirror.SCHEMA)
    assert Mirror(other).cursor == "99-zzzz"
    other.close()
    one.touch(NOW)  # as `Engine` does after each load: the log is long enough to be folded
    assert file.stat().st_size > 8 << 20
    one.touch(NOW)
    assert log.stat().st_size <= 4 << 20


def test_text_that_was_loaded_and_then_removed_leaves_every_page_of_the_file(
    db: apsw.Connection, tmp_path: Path
) -> None:
    secret = "xylophonist"
    one = Mirror(db)
    loading = Loading(one, "99-zzzz")
    filler = [post(n, body=f"filler {n} " * 300, tags=[f"t{n % 90}"]) for n in range(1, 3_000)]
    hidden = post(3_000, body=f"a {secret} writes", tags=["quokkas"])
    for line in lines([*START, *filler[:1_500], hidden, *filler[1_500:]]):
        loading.feed(line)
    loading.finish(NOW)
    assert found(db, secret) == [1_501]
    one.apply([post(3_000, body="", title="", tags=[], state="removed")], "100-dddd")
    for n in range(4_000, 4_060):  # single changes, which merge what the load left apart
        one.apply([post(n)], f"{n}-dddd")
    log = tmp_path / "mirror.sqlite-wal"
    assert log.stat().st_size <= 5 << 20
    db.execute("PRAGMA wal_checkpoint(TRUNCATE)")
    bytes_now = (tmp_path / "mirror.sqlite").read_bytes() + log.read_bytes()
    assert secret.encode() not in bytes_now
    assert b"quokkas" not in bytes_now


def test_quiet_times_merge_what_a_load_and_single_changes_left_apart(
    db: apsw.Connection, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(mirror, "_TIDY", 1)
    one = Mirror(db)
    loading = Loading(one, "9000-zzzz")
    for line in lines([*START, *(post(n) for n in range(1, 900))]):
        loading.feed(line)
    loading.finish(NOW)

    def parts() -> int:
        return int(next(iter(db.execute("SELECT count(DISTINCT segid) FROM words_idx")))[0])  # type: ignore[arg-type]

    assert parts() > 1
    one.apply([post(2_000, body="a zebra")], "9001-dddd")
    assert one.tidy()
    one.apply([post(3, body="an okapi")], "9002-dddd")  # in the middle of it
    steps = 1
    while one.tidy():
        steps += 1
    assert steps > 3
    assert parts() <= 2
    assert not one.meta("loaded")
    for n in range(3_000, 3_200):
        one.apply([post(n, body="single")], f"{n + 7_000}-dddd")
    while one.tidy():
        pass
    assert parts() < 40
    db.execute("INSERT INTO words(words) VALUES ('integrity-check')")
    assert (found(db, "zebra"), found(db, "okapi"), len(found(db, "single"))) == ([900], [3], 200)
    assert found(db, "number") == [n for n in range(1, 900) if n != 3]


def test_keys_are_never_used_again_by_a_mirror_fetched_anew(filled: Mirror) -> None:
    filled.apply([post(1), post(2)], "6-cccc")
    for cursor in ("6-cccc", "7-cccc"):
        loading = Loading(filled, cursor)
        for line in lines([*START, post(1), post(2)]):
            loading.feed(line)
        loading.finish(NOW)
    assert [int(row[0]) for row in filled.db.execute("SELECT n FROM posts ORDER BY n")] == [5, 6]  # type: ignore[arg-type]


def test_folding_one_by_one_equals_loading_at_once(tmp_path: Path) -> None:
    rng = random.Random(7)
    items: list[tuple[str, bytes]] = [*START]
    for n in range(1, 120):
        thread = n if n < 5 or rng.random() < 0.2 else rng.randrange(1, 5)
        items.append(post(n) if thread == n else post(n, thread, thread, author=rng.randrange(1, 3)))
    one = connection.connect(tmp_path / "one.sqlite", mirror.SCHEMA)
    two = connection.connect(tmp_path / "two.sqlite", mirror.SCHEMA)
    for seq, item in enumerate(items, 1):
        Mirror(one).apply([item], f"{seq}-aaaa")
    loading = Loading(Mirror(two), f"{len(items)}-aaaa")
    for line in lines(items):
        loading.feed(line)
    loading.finish(NOW)
    for sql in (
        "SELECT * FROM posts ORDER BY n",
        "SELECT n, forum, replies, last, up FROM threads ORDER BY n",
        "SELECT * FROM tags",
        "SELECT * FROM forums",
        "SELECT rowid FROM words WHERE words MATCH 'number' ORDER BY 1",
    ):
        assert list(one.execute(sql)) == list(two.execute(sql)), sql
    one.close()
    two.close()


ODD: dict[str, dict[str, object]] = {
    "ids of several lengths": {"id": "odd", "thread_id": "odd"},
    "an id that is not ASCII": {"id": "é" * 36, "thread_id": "é" * 36},
    "a NUL in the body": {"body": "before\0behind"},
    "a NUL in the title": {"title": "before\0behind"},
    "a NUL in a tag": {"tags": ["before\0behind"]},
    "no title": {"title": None, "tags": ["behind"]},
    "scripts of all kinds": {"title": "投票 и голоса", "body": "ไทย ελληνικά 👍🏽 behind", "tags": ["ünï", "日本"]},
    "a language of many letters": {"lang": "zh Hant_TW-x", "body": "`code`", "featured": True},
    "a language that is not ASCII": {"lang": "日本語"},
    "numbers at their ends": {"created_at": "0001-01-02T00:00:00Z", "votes": {"up": 2**53 - 1}},
    "gone": {"state": "removed", "body": "", "tags": []},
    "unknown fields": {"mood": {"is": ["good"]}},
}
_ALL = (
    "SELECT * FROM posts ORDER BY n",
    "SELECT n, forum, replies, last, up FROM threads ORDER BY n",
    "SELECT * FROM tags ORDER BY name, post",
    "SELECT * FROM people ORDER BY n",
    "SELECT * FROM forums ORDER BY n",
    "SELECT n, type, id, raw FROM others ORDER BY n",
    "SELECT rowid FROM words WHERE words MATCH 'number' ORDER BY 1",
    "SELECT rowid FROM words WHERE words MATCH 'behind' ORDER BY 1",
    "SELECT term, doc, col, offset FROM parts ORDER BY 1, 2, 3, 4",
)


@pytest.mark.parametrize("odd", ODD)
@pytest.mark.parametrize("beside", [False, True])
def test_a_load_in_batches_is_the_same_as_folding_whatever_a_post_holds(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, odd: str, beside: bool
) -> None:
    monkeypatch.setattr(store_loading, "BATCH", 40)
    items = [*START, person(3, org="N\0"), *map(post, range(1, 341)), post(350, **ODD[odd])]
    items += [post(n, n - 341, n - 341, author=3, tags=["t"] if n % 3 else []) for n in range(351, 500)]
    one = connection.connect(tmp_path / "one.sqlite", mirror.SCHEMA)
    two = connection.connect(tmp_path / "two.sqlite", mirror.SCHEMA)
    Mirror(one).apply(items, "500-bbbb", NOW)
    loading = Loading(Mirror(two), "500-bbbb", beside=beside)
    for line in lines(items):
        loading.feed(line)
    loading.finish(NOW)
    for db in (one, two):
        db.execute("CREATE VIRTUAL TABLE temp.parts USING fts5vocab(main, words, instance)")
    for sql in _ALL:
        assert list(one.execute(sql)) == list(two.execute(sql)), sql
    # What was loaded leaves the full text as it came.
    taken = post(350, **{**ODD[odd], "state": "deleted", "body": "", "title": "", "tags": []})
    for db in (one, two):
        Mirror(db).apply([taken], "501-bbbb", NOW)
        db.execute("INSERT INTO words(words, rank) VALUES ('integrity-check', 0)")
    for sql in _ALL:
        assert list(one.execute(sql)) == list(two.execute(sql)), sql
    one.close()
    two.close()


_WEIGHED = """
import sys
from pathlib import Path
from jamtui.store import connection, loading, mirror

def resident():
    return next(int(line.split()[1]) for line in open("/proc/self/status") if line.startswith("VmRSS"))

give_back = loading.give_back
def weighed():
    before = resident()
    give_back()
    print(before, resident())

loading.give_back = weighed
at = mirror.Loading(mirror.Mirror(connection.connect(Path(sys.argv[1]), mirror.SCHEMA)), "99-zzzz", beside=True)
for line in sys.stdin.buffer:
    at.feed(line)
at.finish("2026-01-01T00:00:00.000Z")
"""


@pytest.mark.skipif(platform.libc_ver()[0] != "glibc", reason="only glibc can be asked")
def test_a_load_gives_its_memory_back(tmp_path: Path, figure: Callable[[str], None]) -> None:
    items = [*START, *(post(n, body=f"{n} and so on " * 80) for n in range(1, 10_001))]
    command = [sys.executable, "-c", _WEIGHED, str(tmp_path / "mirror.sqlite")]
    ended = subprocess.run(command, input=b"\n".join(lines(items)), stdout=subprocess.PIPE, check=True)
    before, after = map(int, ended.stdout.split())
    figure(f"a load of 10,000 posts: {before / 1024:.0f} MiB at its end, {after / 1024:.0f} when it gave back")
    assert before - after > 4 << 10


@pytest.mark.parametrize("at", [2, 3])
def test_a_disk_that_is_full_beside_ends_the_load_and_leaves_the_mirror_as_it_was(
    filled: Mirror, monkeypatch: pytest.MonkeyPatch, at: int
) -> None:
    filled.apply([post(1, body="the old text")], "5-aaaa", NOW)
    settings = _settings(filled.db)
    monkeypatch.setattr(store_loading, "BATCH", 40)
    written: list[int] = []
    whole = bulk.words

    def full(db: apsw.Connection, rows: Sequence[tuple[int, str, str, str]]) -> None:
        written.append(len(rows))
        if len(written) == at:
            raise apsw.FullError("database or disk is full")
        whole(db, rows)

    monkeypatch.setattr(bulk, "words", full)
    loading = Loading(filled, "99-zzzz", beside=True)

    def feed() -> None:
        for line in lines([*START, *map(post, range(10, 800))]):
            loading.feed(line)

    with pytest.raises(connection.StorageFull):
        feed()
    loading.abandon()
    assert len(written) == at  # nothing was written behind what failed
    assert filled.cursor == "5-aaaa"
    assert list(objects(filled.db)) == [*START, post(1, body="the old text")]
    assert found(filled.db, "old") == [1]
    assert _settings(filled.db) == settings


def test_with_votes_keeps_the_bytes_when_nothing_changed() -> None:
    data = b'{ "id":"x", "votes":{"down":2, "up":3} }'
    assert with_votes(data, 3) is data
    assert json.loads(with_votes(data, 4)) == {"id": "x", "votes": {"down": 2, "up": 4}}


@pytest.mark.parametrize(("text", "words"), [("plain", "plain"), ("中文 ok", " 中  文  ok"), ("naïve", "naïve")])
def test_words_of_scripts_without_spaces(text: str, words: str) -> None:
    assert words_of(text) == words


def test_hash_of_is_signed_64_bits_and_takes_any_id() -> None:
    assert hash_of("ffffffff-ffff-ffff-0000-0000000000ff") == 255
    assert hash_of("00000000-0000-0000-8000-000000000000") == -(1 << 63)
    assert -(1 << 63) <= hash_of("no uuid at all") < 1 << 63


@pytest.mark.parametrize("together", [True, False])
def test_text_that_was_edited_and_then_removed_leaves_every_page_of_the_file(
    filled: Mirror, tmp_path: Path, together: bool
) -> None:
    """A word in both versions: the first one's place in the full text must not come back when the second one leaves.

    FTS5 deletes it securely only where the new places are few: it looks at the first byte of their length alone.
    """
    changes = [
        [post(1, body="a xylophonist writes")],
        [post(1, body="the xylophonist changed it " * 140, version=2)],
        [post(1, body="", title="", tags=[], state="removed", version=3)],
    ]
    if together:
        filled.apply([change for each in changes for change in each], "7-ffff")
    else:
        for number, each in enumerate(changes):
            filled.apply(each, f"{5 + number}-{number}aaa")
    assert found(filled.db, "xylophonist") == []
    while filled.tidy():
        pass
    assert found(filled.db, "xylophonist") == []
    filled.db.execute("PRAGMA wal_checkpoint(TRUNCATE)")
    path = tmp_path / "mirror.sqlite"
    assert b"xylophonist" not in path.read_bytes() + Path(f"{path}-wal").read_bytes()
