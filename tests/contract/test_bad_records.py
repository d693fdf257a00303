"""A server some of whose records are broken, and stay so: all else of the Jam is here, and nothing stops for ever."""

from __future__ import annotations

import asyncio
import contextlib
import json
import re
from collections.abc import AsyncIterator, Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from raw_server import RawServer, response

from api_client import errors
from api_client.client import JamClient
from jamtui.archive import MAX_RECORD, ArchiveError
from jamtui.model import Changed
from jamtui.store import checking, mirror, own
from jamtui.store.connection import connect
from jamtui.store.mirror import Loading, Mirror
from jamtui.store.own import Own
from jamtui.sync.engine import Engine, Resync

ROW = "00000000-0000-7000-8000-{:012x}"
PERSON = {"id": ROW.format(1), "handle": "ana", "name": "Ana"}
FORUM = {"id": ROW.format(2), "slug": "ideas", "title": "Ideas", "position": 0}
JAM = {
    "format": 1, "id": ROW.format(3), "slug": "small", "title": "Small",
    "opens_at": "2026-01-01T00:00:00Z", "closes_at": "2026-01-02T00:00:00Z",
}  # fmt: skip


def post(n: int, parent: int | None = None, thread: int | None = None) -> dict[str, Any]:
    own_title = {} if parent else {"title": f"Title {n}"}
    return {
        "id": ROW.format(n), "thread_id": ROW.format(thread or n), "forum_id": FORUM["id"],
        "parent_id": ROW.format(parent) if parent else None, "author_id": PERSON["id"], "body": f"Body {n}",
        "created_at": "2026-01-01T10:00:00Z", "tags": [], "votes": {"up": 0}, **own_title,
    }  # fmt: skip


def line(kind: str, data: object) -> bytes:
    return json.dumps({"type": kind, "data": data}).encode()


BAD = [
    line("post", post(20) | {"tags": [1]}),
    line("post", post(21, parent=20, thread=20)),  # to one that cannot be read
    line("person", {"id": 7}),
    line("post", [1]),
    line("votes", {"post_id": ROW.format(10), "up": 3}),  # a change, not a record
    line("post", post(10)),  # once more
    line("post", post(22) | {"created_at": "9999-12-31T23:59:59-14:00"}),
    b'{"type":"post"}',
    b"[" * 50_000,
    b"no JSON",
    b'{"type":"person","data":{"id":"x","handle":"\xff\xfe","name":"y"}}',
]
GOOD = [
    line("jam", JAM), line("person", PERSON), line("forum", FORUM),
    line("post", post(10)), line("post", post(11, parent=10, thread=10)), line("poll", {"id": "q", "of": "tomorrow"}),
]  # fmt: skip


class Server:
    """A snapshot, changes after it by number, a stream."""

    def __init__(self) -> None:
        self.snapshot = b"\n".join(GOOD) + b"\n"
        self.size = -1
        self.cursor = "9-aaaa"
        self.items: dict[int, bytes] = {}
        self.events: list[bytes] = []
        self.asked: list[str] = []

    async def __call__(self, request: str, writer: asyncio.StreamWriter) -> None:
        path = request.split(" ")[1]
        self.asked.append(path.partition("?")[0].rpartition("/")[2])
        if "/snapshot" in path:
            size = len(self.snapshot) if self.size < 0 else self.size
            headers = {"Jam_Cursor": self.cursor, "Jam_Snapshot_Size": str(size)}
            writer.write(response(self.snapshot, kind="application/x-ndjson", **headers))
        elif "/changes" in path:
            after, limit = (int(found) for found in re.findall(r"after=(\d+)-.*limit=(\d+)", path)[0])
            found = [self.items[n] for n in sorted(self.items) if n > after][:limit]
            head = f"{max([9, *self.items])}-aaaa"
            writer.write(response(b'{"items":[%s],"head":"%s"}' % (b",".join(found), head.encode())))
        else:
            writer.write(response(b"".join(self.events), kind="text/event-stream"))


class Reader:
    """The network's half of one home, and what it told."""

    def __init__(self, folder: Path, client: JamClient) -> None:
        self.db, self.own_db = (
            connect(folder / "mirror.sqlite", mirror.SCHEMA),
            connect(folder / "o.sqlite", own.SCHEMA),
        )
        self.mirror = Mirror(self.db)
        self.told: list[str] = []
        self.engine = Engine(
            self.mirror, Own(self.own_db), client, now=lambda: datetime.now(UTC), notify=self._note,
            progress=lambda _done, _total: None,
        )  # fmt: skip

    def _note(self, changed: Changed) -> None:
        self.told += changed.told

    def ids(self, table: str = "posts") -> list[int]:
        return [
            int(str(one).rpartition("-")[2], 16) for (one,) in self.db.execute(f"SELECT id FROM {table} ORDER BY n")
        ]


@pytest.fixture
async def at(tmp_path: Path) -> AsyncIterator[tuple[Server, Reader]]:
    server = Server()
    async with asyncio.timeout(60), RawServer(server).running() as raw, JamClient(raw.origin) as client:
        reader = Reader(tmp_path, client)
        with contextlib.closing(reader.db), contextlib.closing(reader.own_db):
            yield server, reader


async def test_bad_records_of_a_snapshot_are_passed_over_and_told(at: Any, figure: Callable[[str], None]) -> None:
    server, reader = at
    mixed = [one for pair in zip(GOOD, BAD, strict=False) for one in pair] + BAD[len(GOOD) :]
    # A person comes before what they wrote: in this order the broken records stand between the good ones.
    server.snapshot = b"\n".join([*GOOD[:4], *mixed[8:], *BAD[:4]]) + b"\n"
    bad = len(BAD)
    await reader.engine.catch_up()
    assert reader.ids() == [10, 11]
    assert reader.ids("people") == [1]
    assert reader.mirror.cursor == "9-aaaa"
    assert reader.told == [f"{bad} records of the server could not be read"]
    assert checking.mirror_faults(reader.db, full_text=True) == []
    assert [kind for kind, _ in mirror.objects(reader.db)] == ["jam", "person", "forum", "post", "post", "poll"]
    figure(f"promise 8: {bad} bad records in a snapshot: {bad} told, all {len(GOOD)} others here")


async def test_one_that_is_mended_later_is_shown_and_one_that_is_taken_back_is_in_no_row(at: Any) -> None:
    server, reader = at
    bad = [post(20) | {"tags": [1], "body": "removed-secret"}, post(30) | {"version": "x"}]
    server.snapshot += b"\n".join(line("post", one) for one in bad) + b"\n"
    gone = post(20) | {"body": "", "title": "", "state": "deleted"}
    for n, data in enumerate((gone, post(30)), 10):
        server.items[n] = json.dumps({"seq": n, "mark": "aaaa", "type": "post", "data": data}).encode()
    await reader.engine.catch_up()
    assert reader.told == ["2 records of the server could not be read"]
    assert reader.ids() == [10, 11, 20, 30]
    assert "removed-secret" not in str(list(reader.db.execute("SELECT raw FROM others")))
    assert checking.mirror_faults(reader.db, full_text=True) == []


@pytest.mark.parametrize("what", ["cut off", "too big", "no jam"])
async def test_a_snapshot_that_is_no_snapshot_is_still_refused(at: Any, what: str) -> None:
    server, reader = at
    if what == "cut off":
        server.snapshot, server.size = b"\n".join(GOOD[:4]), len(server.snapshot)
    elif what == "too big":
        server.snapshot += line("post", post(20) | {"body": "x" * MAX_RECORD}) + b"\n"
    else:
        server.snapshot = b"\n".join([line("jam", JAM | {"opens_at": 7}), *GOOD[1:]]) + b"\n"
    with pytest.raises((errors.Unreachable, errors.BadAnswer)):
        await reader.engine.catch_up()
    assert (reader.mirror.cursor, reader.told) == ("", [])


def test_an_archive_is_still_taken_whole_or_not_at_all(tmp_path: Path) -> None:
    with contextlib.closing(connect(tmp_path / "mirror.sqlite", mirror.SCHEMA)) as db:
        loading = Loading(Mirror(db), "1-aaaa")
        for one in GOOD:
            loading.feed(one)
        for one in BAD:
            if b'"parent_id": "' not in one:  # an answer to nothing is kept aside
                with pytest.raises(ArchiveError):
                    loading.feed(one)
        loading.abandon()


def change(n: int, **other: object) -> bytes:
    return json.dumps({"seq": n, "mark": "aaaa", "type": "post", "data": post(100 + n)} | other).encode()


async def test_a_bad_change_does_not_hold_up_those_behind_it(at: Any, figure: Callable[[str], None]) -> None:
    server, reader = at
    await reader.engine.catch_up()
    server.items = {
        10: change(10), 11: change(11, type=""), 12: b'{"seq":12,"mark":"aaaa"}', 13: change(13, type=[1], data={}),
        14: change(14, data=7), 15: change(15),
    }  # fmt: skip
    await reader.engine.catch_up()
    assert reader.mirror.cursor == "15-aaaa"
    assert reader.ids() == [10, 11, 110, 115]
    assert reader.told == ["4 records of the server could not be read"]
    # One that is not even JSON: those before it are taken one by one, then all as a snapshot has it.
    server.items = {16: change(16), 17: b'{"seq":17,"mark":"aaaa","type":"post","data":{]}', 18: change(18)}
    server.snapshot += b"\n".join(line("post", post(one)) for one in (110, 115, 116, 118)) + b"\n"
    server.cursor = "18-aaaa"
    server.asked.clear()
    await reader.engine.catch_up()
    assert reader.mirror.cursor == "18-aaaa"
    assert reader.ids() == [10, 11, 110, 115, 116, 118]
    assert server.asked == ["changes"] * 5 + ["snapshot"]
    assert checking.mirror_faults(reader.db, full_text=True) == []
    figure("promise 10: 5 bad changes: 5 passed over, 0 that held up those behind them")


async def test_a_stream_with_a_bad_change_goes_on_by_pages(at: Any) -> None:
    server, reader = at
    await reader.engine.catch_up()
    server.events = [b": head 11-aaaa\n\n", b"id: 10-aaaa\ndata: {]\n\n"]
    with pytest.raises((errors.BadAnswer, Resync)):
        await reader.engine.follow(lambda: None, behind=True)
    assert not reader.engine.resumes  # else the next attempt would meet the same event, and so for ever
    server.items = {10: change(10, type=""), 11: change(11)}
    await reader.engine.resume()
    assert reader.mirror.cursor == "11-aaaa"
    server.events = [
        b": head 13-aaaa\n\n", b"id: 12-aaaa\ndata: %s\n\n" % change(12, type=""), b"data: %s\n\n" % change(13)
    ]  # fmt: skip
    await reader.engine.follow(lambda: None, behind=True)
    assert reader.mirror.cursor == "13-aaaa"
    assert reader.told == ["1 record of the server could not be read", "2 records of the server could not be read"]
