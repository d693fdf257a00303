"""Two real clients and one real server: what one writes the other has within a second; a server that goes away loses
nothing and doubles nothing; a mirror equals the archive that the server was started from, object for object."""

from __future__ import annotations

import asyncio
import json
import random
import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from jamtui.archive import open_archive, read, rfc3339
from jamtui.model import Changed, Draft, DraftKind, Link, PostRow
from jamtui.paths import Home as Folders
from jamtui.session import Session, open_session
from jamtui.sync import sign_in

REAL_JAM = Path(__file__).resolve().parents[1] / "data" / "real-jam" / "open-conversations.jsonl"
LIMIT = 30.0  # seconds after which what was waited for is taken for lost


def wall_clock() -> datetime:
    return datetime.now(UTC)


@dataclass
class Reader:
    """A session with its network, and a way to wait for what it is told."""

    session: Session
    told: threading.Condition = field(default_factory=threading.Condition)

    def start(self) -> None:
        self.session.start(self._changed)

    def _changed(self, _: Changed) -> None:
        with self.told:
            self.told.notify_all()

    def wait(self, what: Callable[[], bool]) -> float:
        """Until ``what`` holds, looked at after each change that is told; seconds that it took."""
        begin = time.monotonic()
        with self.told:
            assert self.told.wait_for(what, LIMIT), f"never came: {self.session.status()}"
        return time.monotonic() - begin

    def has(self, post_id: str) -> bool:
        key = self.session.key(post_id)
        return key is not None and key > 0

    def post(self, post_id: str) -> PostRow:
        return self.session.post(post_id)

    def live(self) -> bool:
        return self.session.status().link is Link.LIVE

    def bodies(self, thread_id: str) -> list[str]:
        return [row.body for row in self.session.posts(self.session.thread_index(thread_id).keys)]


@pytest.fixture
def new_reader(tmp_path: Path) -> Iterator[Callable[[Any, str], Reader]]:
    readers: list[Reader] = []

    def new(server: Any, handle: str) -> Reader:
        folders = Folders.from_env({"JAMTUI_HOME": str(tmp_path / f"{handle}{len(readers)}")})
        token = server.admin("person", "token", handle).strip()

        async def login() -> Any:
            offer = await sign_in.discover(server.url)
            return await sign_in.token(folders, offer, token, store="file", environ={})

        jam = asyncio.run(login())
        reader = Reader(open_session(folders, jam, clock=wall_clock, rng=random.Random(len(readers)), environ={}))
        readers.append(reader)
        reader.start()
        reader.wait(reader.live)
        return reader

    yield new
    for reader in readers:
        reader.session.close()


@pytest.fixture
def pair(jam_server: Any, new_reader: Callable[[Any, str], Reader]) -> tuple[Reader, Reader]:
    return new_reader(jam_server, "ana"), new_reader(jam_server, "bob")


def records(path: Path) -> list[tuple[str, dict[str, Any]]]:
    with open_archive(path) as stream:
        return [(record.type, json.loads(record.raw)) for record in read(stream)]


def ana_times(reader: Reader) -> dict[str, str]:
    """The import reopened the Jam: when it opens and closes is all that may differ."""
    jam = reader.session.jam
    return {"opens_at": rfc3339(jam.opens_at), "closes_at": rfc3339(jam.closes_at)}


def new_thread(reader: Reader, body: str = "What *if*?") -> str:
    forum = reader.session.forums()[0]
    return reader.session.send(Draft(DraftKind.THREAD, forum.id, "An idea", body, ("first",)))


def test_what_one_writes_the_other_sees(pair: tuple[Reader, Reader], figure: Callable[[str], None]) -> None:
    ana, bob = pair
    thread = new_thread(ana)
    seconds = [bob.wait(lambda: bob.has(thread))]
    assert (bob.post(thread).title, bob.post(thread).author, bob.post(thread).tags) == ("An idea", "ana", ("first",))
    for n in range(10):
        writer, reader = (bob, ana) if n % 2 else (ana, bob)
        reply = writer.session.send(Draft(DraftKind.REPLY, thread, body=f"reply {n}"))
        seconds.append(reader.wait(lambda reply=reply, reader=reader: reader.has(reply)))
    seconds.sort()
    figure(f"post to the other client's rows: median {seconds[5] * 1000:.0f} ms, slowest {seconds[-1] * 1000:.0f} ms")
    whole = ["What *if*?", *(f"reply {n}" for n in range(10))]
    for reader in (ana, bob):  # one's own last reply may still be on its way into one's own mirror
        reader.wait(lambda reader=reader: reader.bodies(thread) == whole)


def test_vote_tag_edit_and_taking_back_reach_the_other(pair: tuple[Reader, Reader]) -> None:
    ana, bob = pair
    thread = new_thread(ana)
    bob.wait(lambda: bob.has(thread))
    bob.session.vote(thread)
    bob.session.tag(thread, "Second")
    ana.wait(lambda: ana.post(thread).up == 1 and ana.post(thread).tags == ("first", "second"))
    bob.wait(lambda: bob.post(thread).send is None)
    assert bob.post(thread).voted
    assert not ana.post(thread).voted
    ana.session.send(Draft(DraftKind.EDIT, thread, "A better idea", "What **then**?", base_version=1))
    bob.wait(lambda: bob.post(thread).version == 2)
    assert (bob.post(thread).title, bob.post(thread).body) == ("A better idea", "What **then**?")
    bob.session.unvote(thread)
    ana.wait(lambda: ana.post(thread).up == 0)
    ana.wait(lambda: ana.post(thread).send is None)
    ana.session.delete(thread)
    bob.wait(lambda: bob.post(thread).gone == "deleted")
    assert bob.post(thread).body == ""


def test_what_is_written_while_the_server_is_down_arrives_exactly_once_and_in_order(
    new_server: Any, new_reader: Callable[[Any, str], Reader]
) -> None:
    server = new_server(records(REAL_JAM))
    ana, bob = new_reader(server, "ana"), new_reader(server, "bob")
    thread = new_thread(ana)
    bob.wait(lambda: bob.has(thread))
    server.stop()
    ana.wait(lambda: not ana.live())
    written = [ana.session.send(Draft(DraftKind.REPLY, thread, body=f"down {n}")) for n in range(3)]
    assert ana.bodies(thread)[1:] == ["down 0", "down 1", "down 2"]
    assert {row.state for row in ana.session.outbox()} == {"queued"}
    server.start()
    ana.session.reconnect()
    bob.session.reconnect()
    bob.wait(lambda: all(bob.has(reply) for reply in written))
    ana.wait(lambda: ana.session.outbox() == [])
    assert ana.bodies(thread)[1:] == bob.bodies(thread)[1:] == ["down 0", "down 1", "down 2"]
    exported = [json.loads(line) for line in server.admin("export").splitlines()]
    assert sorted(
        o["data"]["body"] for o in exported if o["type"] == "post" and o["data"]["body"].startswith("down")
    ) == [
        "down 0",
        "down 1",
        "down 2",
    ]


def test_a_closed_and_opened_client_goes_on_where_it_was(
    jam_server: Any, new_reader: Callable[[Any, str], Reader]
) -> None:
    ana, bob = new_reader(jam_server, "ana"), new_reader(jam_server, "bob")
    known = bob.session.known
    bob.session.close()  # until here the server may tell its head once more
    again = Reader(
        open_session(Folders.from_env({"JAMTUI_HOME": str(known.folder.parents[1])}), known, clock=wall_clock,
                     rng=random.Random(9), environ={})
    )  # fmt: skip
    bob.session = again.session
    cursor = again.session.status().mirrored_at
    thread = new_thread(ana)
    ana.wait(lambda: ana.has(thread))
    assert not again.has(thread)
    assert again.session.status().mirrored_at == cursor
    again.start()
    again.wait(lambda: again.has(thread))


def test_a_second_process_on_one_mirror_reads_and_takes_over(
    jam_server: Any, new_reader: Callable[[Any, str], Reader]
) -> None:
    ana, bob = new_reader(jam_server, "ana"), new_reader(jam_server, "bob")
    second = Reader(
        open_session(Folders.from_env({"JAMTUI_HOME": str(bob.session.known.folder.parents[1])}), bob.session.known,
                     clock=wall_clock, rng=random.Random(5), environ={})
    )  # fmt: skip
    try:
        second.start()
        second.wait(lambda: second.session.status().link is Link.READER)
        thread = new_thread(second, "written by the one without the network")
        ana.wait(lambda: ana.has(thread))
        second.wait(lambda: second.has(thread))
        bob.session.close()
        second.wait(second.live)
        bob.session = second.session
    except BaseException:
        second.session.close()
        raise


def test_the_mirror_equals_the_archive_object_for_object(
    new_server: Any, new_reader: Callable[[Any, str], Reader], figure: Callable[[str], None]
) -> None:
    wanted = records(REAL_JAM)
    server = new_server(wanted)
    ana = new_reader(server, "ana")
    wanted[0][1].update(ana_times(ana))
    got = [(kind, json.loads(raw)) for kind, raw in ana.session.export()]
    joined = [one for one in got if one not in wanted]
    assert [kind for kind, _ in joined] == ["person"] * 2  # ana and bob came after the import
    assert [one for one in got if one not in joined] == wanted
    figure(f"{len(wanted):,} objects of the real Jam: imported, mirrored and exported the same")
