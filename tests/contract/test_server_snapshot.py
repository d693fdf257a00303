"""The snapshot of a Jam of many people: what can be read comes first, and is sent while the rest is packed."""

from __future__ import annotations

import asyncio
import contextlib
import itertools
import json
import random
import shutil
import threading
import zlib
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import apsw
import httpx
import pytest
import zstandard

from jamserver import objects, snapshot
from jamserver.cli import main
from jamserver.db import APPLICATION_ID, MIGRATIONS, Readers, connect, prepare
from jamserver.log import Cursor
from jamserver.snapshot import Snapshot, Snapshots
from jamserver.writer import write_once
from jamtui import archive

PEOPLE, POSTS = 2_100, 700


def _person(n: int) -> tuple[str, dict[str, Any]]:
    return "person", {"id": f"p{n}", "handle": f"h{n}", "name": f"N {n}", "role": "participant"}


def _post(n: int) -> tuple[str, dict[str, Any]]:
    times = {"created_at": "2026-01-01T01:00:00Z", "tags": [], "votes": {"up": 0}}
    # Authors from the end: none of them is among the first people.
    names = {
        "id": f"t{n}",
        "forum_id": "f1",
        "thread_id": f"t{n}",
        "parent_id": None,
        "author_id": f"p{PEOPLE - n % 40}",
    }
    return "post", {**names, "title": f"T {n}", "body": f"Body {n} " * 200, **times}


RECORDS: list[tuple[str, dict[str, Any]]] = [
    (
        "jam",
        {"format": 1, "id": "j", "slug": "s", "title": "T", "opens_at": "2026-01-01T00:00:00Z"}
        | {"closes_at": "2026-01-04T00:00:00Z"},
    ),
    *[_person(n) for n in range(1, PEOPLE + 1)],
    ("forum", {"id": "f1", "slug": "ideas", "title": "Ideas", "brief": "", "position": 0}),
    *[_post(n) for n in range(1, POSTS + 1)],
    ("poll", {"id": "x", "question": "Which?"}),
]


@pytest.fixture(scope="module")
def many(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("many")
    whole = folder / "many.jsonl"
    whole.write_bytes(b"".join(archive.encode(kind, json.dumps(data).encode()) for kind, data in RECORDS))
    assert main(["import", str(whole), "--db", str(folder / "jam.sqlite")]) == 0
    return folder / "jam.sqlite"


def _unpacked(encoding: str, piece: bytes) -> bytes:
    if encoding == "zstd":
        return zstandard.ZstdDecompressor().decompressobj().decompress(piece)
    return zlib.decompressobj(16 + zlib.MAX_WBITS).decompress(piece) if encoding else piece


def _records(raw: bytes) -> list[tuple[str, dict[str, Any]]]:
    return [(found["type"], found["data"]) for found in map(json.loads, raw.splitlines())]


@pytest.mark.parametrize("encoding", ["", "gzip", "zstd"])
def test_the_first_piece_has_posts_and_all_that_they_need_and_is_read_by_itself(many: Path, encoding: str) -> None:
    with contextlib.closing(connect(many)) as db:
        first = _unpacked(encoding, next(iter(snapshot.packed(db, encoding))))
    assert first.endswith(b"\n")
    found = _records(first)
    assert [kind for kind, _ in found] == ["jam", "forum", *["person"] * 40, *["post"] * 300]
    parsed = (archive.parse_line(line, number) for number, line in enumerate(first.splitlines(), 1))
    assert len(list(archive.check(parsed))) == 342


@pytest.mark.parametrize("encoding", ["identity", "gzip", "zstd"])
def test_the_whole_snapshot_has_each_object_once_and_says_its_size(
    many: Path, start_server: Any, encoding: str
) -> None:
    url = f"{start_server(many).url}/api/v1/snapshot"
    with httpx.stream("GET", url, headers={"Accept-Encoding": encoding}) as answer:
        raw = b"".join(answer.iter_raw())
    if encoding == "zstd":
        raw = zstandard.ZstdDecompressor().decompressobj().decompress(raw)
    elif encoding == "gzip":
        raw = zlib.decompress(raw, 16 + zlib.MAX_WBITS)
    assert len(raw) == int(answer.headers["Jam-Snapshot-Size"]) > snapshot.SMALL
    parsed = (archive.parse_line(line, number) for number, line in enumerate(raw.splitlines(), 1))
    assert len(list(archive.check(parsed))) == len(RECORDS)
    order = {json.dumps(record, sort_keys=True): at for at, record in enumerate(RECORDS)}
    places = [order.pop(json.dumps(record, sort_keys=True)) for record in _records(raw)]
    assert not order
    for kind in ("person", "post"):  # what came early apart, each kind is in the order of the log
        rest = [at for at in places[342:] if RECORDS[at][0] == kind]
        assert rest == sorted(rest)
    # Posts keep it in any case: a mirror's keys grow with the log.
    posts = [at for at in places if RECORDS[at][0] == "post"]
    assert posts == sorted(posts)


def test_a_file_of_an_earlier_version_tells_the_size_of_its_posts_without_reading_them(tmp_path: Path) -> None:
    path = tmp_path / "old.sqlite"
    with contextlib.closing(apsw.Connection(str(path))) as db:
        db.execute(MIGRATIONS[0])
        db.execute("INSERT INTO posts VALUES (7, 't', 7, 'f', 't', NULL, 'p', 1, NULL, 0, NULL, ?)", (b'{"id":"t"}',))
        db.pragma("user_version", 1)
        db.pragma("application_id", APPLICATION_ID)
    assert not prepare(path)
    with contextlib.closing(connect(path)) as db:
        assert snapshot.size(db) == len(archive.encode("post", b'{"id":"t"}'))
        plan = str([row for sql in snapshot.SIZES for row in db.execute(f"EXPLAIN QUERY PLAN {sql}")])
    assert "SCAN posts USING COVERING INDEX posts_length" in plan


async def test_whoever_comes_later_gets_the_same_from_its_beginning() -> None:
    made = Snapshot(Cursor(1, "aaaa"), 9, "", 0.0)

    async def read() -> list[bytes]:
        return [piece async for piece in made.pieces()]

    early = asyncio.create_task(read())
    await asyncio.sleep(0)
    made.add(b"abc")
    late = asyncio.create_task(read())
    await asyncio.sleep(0)
    assert made.packed_size is None
    made.add(b"def")
    made.end()
    assert await early == await late == await read() == [b"abc", b"def"]
    assert made.packed_size == 6


async def test_a_snapshot_that_breaks_off_ends_its_readers_and_is_not_shared(
    many: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    readers = Readers(many)
    shared = Snapshots(readers, 3_600.0, lambda: 0.0)
    whole = snapshot.packed

    def broken(db: Any, encoding: str) -> Any:
        yield next(iter(whole(db, encoding)))
        raise apsw.IOError("disk I/O error")

    monkeypatch.setattr(snapshot, "packed", broken)
    made = await shared.get("")
    with pytest.raises(apsw.IOError):
        await made.whole()
    monkeypatch.setattr(snapshot, "packed", whole)
    again = await shared.get("")
    assert again is not made
    await again.whole()
    assert again.packed_size == again.size
    assert await shared.get("") is again
    await asyncio.to_thread(readers.close)


async def test_what_slow_readers_hold_is_bounded(many: Path, figure: Callable[..., None]) -> None:
    """After each removal there is another snapshot, and who reads slowly holds the one that he began with."""
    readers = Readers(many)
    times = itertools.count()
    shared = Snapshots(readers, 0.0, lambda: float(next(times)) * 1e-6, most=10 << 20)
    reading, most, cut = [], 0, []
    for _ in range(12):
        shared.forget()
        made = await shared.get("")

        async def read(made: Snapshot = made) -> None:
            async for _ in made.pieces():
                await asyncio.Event().wait()  # a connection that takes nothing more

        await made.whole()
        reading.append((made, asyncio.create_task(read())))
        await asyncio.sleep(0)
        most = max(most, sum(one.held for one, _ in reading))
    assert most > 5 << 20
    cut = [task.cancelled() for _, task in reading]
    kept = cut.index(False)
    assert kept > 0
    assert not any(cut[kept:])  # the oldest went
    assert most <= 10 << 20
    figure(
        f"promise 15: 12 snapshots of {made.size / (1 << 20):.1f} MiB that slow readers held took "
        f"{most / (1 << 20):.1f} of 10 MiB"
    )
    for _, task in reading:
        task.cancel()
    await asyncio.to_thread(readers.close)


async def test_the_latest_is_shared_for_longer_while_others_are_held(many: Path, tmp_path: Path) -> None:
    """Nobody loses what he reads to those who come later, as long as nothing was removed."""
    file = tmp_path / "jam.sqlite"
    await asyncio.to_thread(shutil.copyfile, many, file)
    readers = Readers(file)
    shared = Snapshots(readers, 0.0, lambda: 0.0, most=1)
    first = await shared.get("")
    await first.whole()
    write_once(file, datetime.now(UTC), random.Random(1), lambda tx: objects.change_person(tx, "p1", {"name": "Other"}))
    assert await shared.get("") is first
    shared.forget()
    assert await shared.get("") is not first
    await asyncio.to_thread(readers.close)


async def test_a_log_that_is_as_it_was_is_not_packed_again(many: Path) -> None:
    readers = Readers(many)
    shared = Snapshots(readers, 0.0, lambda: 0.0)
    first = await shared.get("zstd")
    await first.whole()
    assert await shared.get("zstd") is first
    assert await shared.get("gzip") is not first
    await asyncio.to_thread(readers.close)


async def test_one_is_packed_at_a_time_however_often_something_is_removed(
    many: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    readers = Readers(many)
    shared = Snapshots(readers, 3_600.0, lambda: 0.0)
    whole, begun, go_on = snapshot.packed, [], threading.Event()

    def slowly(db: Any, encoding: str) -> Any:
        begun.append(encoding)
        go_on.wait(30)
        return whole(db, encoding)

    monkeypatch.setattr(snapshot, "packed", slowly)
    first = await shared.get("")
    asked = []
    for _ in range(20):
        shared.forget()
        asked.append(asyncio.create_task(shared.get("")))
        await asyncio.sleep(0)
    go_on.set()
    later = await asyncio.gather(*asked)
    await later[0].whole()
    assert {id(one) for one in later} == {id(later[0])} != {id(first)}
    assert begun == ["", ""]
    await asyncio.to_thread(readers.close)
