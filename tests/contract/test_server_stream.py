"""The stream: resume, heartbeat, resync, the number of streams, other processes."""

from __future__ import annotations

import asyncio
import contextlib
import json
import random
import threading
import uuid
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import httpx

from jamserver import log, objects
from jamserver.db import connect, prepare
from jamserver.log import Tx
from jamserver.stream import Hub, Ring
from jamserver.writer import Writer


class Reader:
    """Reads a stream event by event; blocks until there is one."""

    def __init__(self, answer: httpx.Response) -> None:
        self._lines = answer.iter_lines()
        self.comments: list[str] = []

    def event(self) -> dict[str, str] | None:
        """The next event's fields; None at the end of the stream."""
        fields: dict[str, str] = {}
        for line in self._lines:
            if line.startswith(":"):
                self.comments.append(line)
            elif line:
                name, _, value = line.partition(": ")
                fields[name] = value
            elif fields:
                return fields
        return None

    def changes(self, count: int) -> list[dict[str, Any]]:
        """The next changes; each event's id must be its cursor."""
        found = []
        for _ in range(count):
            event = self.event()
            assert event is not None
            assert set(event) == {"id", "data"}
            item = json.loads(event["data"])
            assert event["id"] == f"{item['seq']}-{item['mark']}"
            found.append(item)
        return found


@contextlib.contextmanager
def stream(client: httpx.Client, after: str | None = None, **headers: str) -> Iterator[Reader]:
    params = {"after": after} if after else {}
    with client.stream("GET", "/stream", params=params, headers=headers) as answer:
        assert answer.status_code == 200
        assert answer.headers["content-type"].startswith("text/event-stream")
        yield Reader(answer)


def test_without_a_cursor_it_starts_at_the_head(jam: Any) -> None:
    with stream(jam.guest) as reader:
        post = jam.thread()
        (item,) = reader.changes(1)
        assert (item["type"], item["data"]) == ("post", post)
    assert reader.comments[0].startswith(": head ")


def test_it_resumes_after_a_cursor_and_the_header_wins(jam: Any) -> None:
    whole = jam.changes()
    third = f"3-{whole[2]['mark']}"
    with stream(jam.guest, after=third) as reader:
        assert reader.changes(2) == whole[3:5]
    with stream(jam.guest, after="0-0", **{"Last-Event-ID": third}) as reader:
        assert reader.changes(2) == whole[3:5]
    with stream(jam.guest, after="0-0") as reader:
        assert reader.changes(5) == whole[:5]


def test_heartbeats_tell_the_head(start_jam: Any) -> None:
    jam = start_jam(heartbeat=0.05)
    with stream(jam.guest) as reader:
        lines = iter(reader._lines)
        seen = [line for line, _ in zip(lines, range(6), strict=False) if line]
    assert seen == [f": head {jam.head()}"] * 3


def test_nothing_is_missing_or_doubled_while_others_write(jam: Any) -> None:
    """Readers hang up and resume by their last id while three people write."""
    total = 60

    def write(who: httpx.Client) -> None:
        for _ in range(total // 3):
            jam.thread(by=who)

    start = jam.head()
    writers = [threading.Thread(target=write, args=(who,)) for who in (jam.ada, jam.bob, jam.mod)]
    for writer in writers:
        writer.start()
    seen: list[int] = []
    cursor = start
    while len(seen) < total:
        with stream(jam.guest, **{"Last-Event-ID": cursor}) as reader:
            for item in reader.changes(min(7, total - len(seen))):
                seen.append(item["seq"])
                cursor = f"{item['seq']}-{item['mark']}"
    for writer in writers:
        writer.join()
    first = int(start.split("-")[0]) + 1
    assert seen == list(range(first, first + total))


def test_a_reader_too_far_behind_is_told_to_come_back(start_jam: Any) -> None:
    jam = start_jam(ring_items=3)
    with stream(jam.guest, after="0-0") as reader:
        assert reader.event() == {"event": "resync", "data": jam.head()}
        assert reader.event() is None
    whole = jam.changes()
    with stream(jam.guest, after=f"2-{whole[1]['mark']}") as reader:
        assert reader.changes(3) == whole[2:]


def test_the_ring_is_bounded_in_bytes_too(start_jam: Any) -> None:
    jam = start_jam(ring_bytes=30_000)
    before = jam.head()
    jam.thread(body="x" * 20_000)
    jam.thread(body="x" * 20_000)
    with stream(jam.guest, after=before) as reader:
        assert reader.event() == {"event": "resync", "data": jam.head()}


def test_a_slow_reader_gets_resync_and_no_memory(start_jam: Any) -> None:
    """It does not read while more is written than the ring and all buffers hold; then it is told to come back."""
    jam = start_jam(ring_items=20)
    with stream(jam.guest) as reader:
        for _ in range(200):
            jam.thread(body="語" * 20_000)
        events = []
        while (event := reader.event()) is not None:
            events.append(event)
    assert events[-1] == {"event": "resync", "data": jam.head()}
    seqs = [int(event["id"].split("-")[0]) for event in events[:-1]]
    assert seqs == list(range(seqs[0], seqs[0] + len(seqs)))
    assert len(seqs) < 200


def test_a_person_has_five_streams_and_guests_are_not_counted(start_jam: Any) -> None:
    jam = start_jam()
    with contextlib.ExitStack() as stack:
        for _ in range(5):
            stack.enter_context(stream(jam.ada))
        sixth = jam.ada.get("/stream")
        assert (sixth.status_code, sixth.json()["code"]) == (429, "rate_limited")
        assert int(sixth.headers["retry-after"]) > 0
        stack.enter_context(stream(jam.bob))
        for _ in range(7):
            stack.enter_context(stream(jam.guest))
    for _ in range(1_000):  # the places are given back as the server sees each connection go
        with jam.ada.stream("GET", "/stream") as again:
            if again.status_code == 200:
                break
    assert again.status_code == 200


def test_a_full_server_says_when_to_come_back(start_jam: Any) -> None:
    jam = start_jam(streams=2)
    with stream(jam.ada), stream(jam.guest):
        third = jam.guest.get("/stream")
        assert (third.status_code, third.json()["code"]) == (503, "unavailable")
        assert int(third.headers["retry-after"]) > 0


def test_what_another_process_writes_arrives(start_jam: Any) -> None:
    jam = start_jam(poll=0.02)
    with stream(jam.guest) as reader:
        jam.server.write(lambda tx: objects.add_person(tx, uuid.uuid4(), "eve"))
        assert reader.changes(1)[0]["data"]["handle"] == "eve"
        jam.thread()
        assert reader.changes(1)[0]["type"] == "post"


def test_a_write_right_after_another_process_keeps_the_order(start_jam: Any) -> None:
    """The poll has not looked yet: the ring must fill the gap before it adds its own change."""
    jam = start_jam(poll=3600.0)
    with stream(jam.guest) as reader:
        jam.server.write(lambda tx: objects.add_person(tx, uuid.uuid4(), "eve"))
        jam.thread()
        assert [item["type"] for item in reader.changes(2)] == ["person", "post"]
        head = jam.head()
        with stream(jam.guest, after=head) as other:
            jam.thread()
            assert other.changes(1) == reader.changes(1)


def test_removed_text_is_not_streamed_to_who_resumes(jam: Any) -> None:
    before = jam.head()
    post = jam.thread(body="gone soon")
    jam.ada.delete(f"/posts/{post['id']}", headers={"If-Match": '"1"'}).raise_for_status()
    with stream(jam.guest, after=before) as reader:
        first, second = reader.changes(2)
    assert (first["data"]["body"], second["data"]["state"]) == ("", "deleted")


def test_a_replaced_log_ends_the_streams(start_jam: Any) -> None:
    jam = start_jam(poll=0.02)
    with stream(jam.guest) as reader:

        def replace(tx: Any) -> None:
            tx.db.execute("DELETE FROM changes; UPDATE log SET seq = 0")
            for n in range(50):
                objects.change_jam(tx, {"title": f"Restored {n}"})

        jam.server.write(replace)
        event = reader.event()
        assert event is not None
        assert event["event"] == "resync"


def test_the_server_ends_its_streams_when_it_ends(jam: Any) -> None:
    with stream(jam.guest) as reader:
        jam.server.stop()
        assert reader.event() is None


def test_head_and_options_do_not_hang(jam: Any) -> None:
    assert jam.guest.head("/stream").status_code == 200
    assert jam.guest.options("/stream").status_code == 405


async def test_removals_are_streamed_as_the_log_has_them_without_reading_it_anew(
    tmp_path: Path, monkeypatch: Any, figure: Callable[..., None]
) -> None:
    """A profile is edited once a second by anybody: 2,000 changes were read again in the event loop each time."""
    file = tmp_path / "jam.sqlite"
    prepare(file)
    reading, asked = connect(file), []
    hub = Hub(reading, on_removal=lambda: asked.append(1), max_items=40)
    fills, fill = [], Ring.fill

    def filled(*given: Any) -> None:
        fills.append(1)
        fill(*given)

    monkeypatch.setattr(Ring, "fill", filled)
    rng = random.Random(1)
    writer = Writer(file, clock=lambda: datetime.now(UTC), rng=random.Random(2), on_commit=hub.committed)

    def made(tx: Tx) -> None:
        for n in range(5):
            objects.insert_person(
                tx, {"id": f"p{n}", "handle": f"h{n}"}, b'{"id":"p%d","handle":"h%d","name":"N"}' % (n, n)
            )

    def edit(number: int) -> Callable[[Tx], None]:
        person: str = f"p{rng.randrange(5)}"
        fields: objects.Fields = {"name": f"Name {number}", "org": rng.choice(["", f"Org {number}"])}
        return lambda tx: objects.change_person(tx, person, fields)

    await writer.run(made)
    for number in range(40):  # several in one commit, too, of which the later strips the earlier
        await asyncio.gather(*(writer.run(edit(10 * number + n)) for n in range(rng.randrange(1, 5))))
        anew = Ring(40, 4 << 20)
        head = log.head(reading)
        fill(anew, head, list(log.after(reading, max(0, head.seq - 40), 40)))
        for seq in range(anew.start, head.seq):
            assert hub.ring.after(seq) == anew.after(seq)
    assert len(asked) > 20  # nobody shares a snapshot of before
    assert not fills
    figure(f"removals: {log.removals(reading)} streamed without reading the log anew")
    await writer.close()
    reading.close()
