"""The writing thread: groups, savepoints, a full disk; and the migration of a file."""

from __future__ import annotations

import asyncio
import random
import threading
import uuid
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import apsw
import pytest

from jamserver import objects
from jamserver.app import system_clock
from jamserver.db import connect, prepare, transaction, value
from jamserver.log import Tx
from jamserver.problems import Problem
from jamserver.writer import Committed, Writer


@pytest.fixture
def db(tmp_path: Path) -> Path:
    path = tmp_path / "jam.sqlite"
    prepare(path)
    return path


@pytest.fixture
async def writer(db: Path) -> AsyncIterator[tuple[Writer, list[Committed]]]:
    """A writer, and the groups that it committed."""
    groups: list[Committed] = []
    made = Writer(db, clock=system_clock, rng=random.Random(1), on_commit=groups.append)
    yield made, groups
    await made.close()


def add(name: str) -> Any:
    return lambda tx: objects.add_person(tx, uuid.uuid4(), name)


async def hold(writer: Writer) -> tuple[threading.Event, asyncio.Task[Any]]:
    """Makes the writing thread wait inside a write, so that what follows waits together."""
    entered, release = threading.Event(), threading.Event()

    def wait(tx: Tx) -> None:
        entered.set()
        release.wait(30)

    task = asyncio.ensure_future(writer.run(wait))
    await asyncio.to_thread(entered.wait, 30)
    return release, task


async def test_what_waits_is_one_group_in_order(writer: Any) -> None:
    write, groups = writer
    release, held = await hold(write)
    tasks = [asyncio.ensure_future(write.run(add(f"p{n}"))) for n in range(20)]
    await asyncio.sleep(0)
    release.set()
    await asyncio.gather(held, *tasks)
    assert [[change.seq for change in group.changes] for group in groups] == [list(range(1, 21))]


async def test_a_write_that_fails_takes_back_its_own_changes_alone(writer: Any, db: Path) -> None:
    write, groups = writer

    def fails(tx: Tx) -> None:
        objects.add_person(tx, uuid.uuid4(), "half")
        raise Problem("forbidden", "No.")

    release, held = await hold(write)
    tasks = [asyncio.ensure_future(write.run(job)) for job in (add("a"), fails, add("b"))]
    await asyncio.sleep(0)
    release.set()
    first, second, third = await asyncio.gather(*tasks, return_exceptions=True)
    await held
    assert (type(first), type(second), type(third)) == (str, Problem, str)
    assert [change.seq for change in groups[-1].changes] == [1, 2]
    with connect(db) as reading:
        assert value(reading, "SELECT group_concat(handle) FROM (SELECT handle FROM people ORDER BY seq)") == "a,b"
        assert value(reading, "SELECT seq FROM log") == 2


async def test_a_write_that_wants_to_be_alone_is_a_group_of_its_own(writer: Any, db: Path) -> None:
    write, groups = writer

    def fails(tx: Tx) -> None:
        objects.add_person(tx, uuid.uuid4(), "half")
        raise ValueError("a fault of ours")

    release, held = await hold(write)
    jobs = ((add("a"), False), (add("b"), True), (fails, True), (add("c"), False), (add("d"), False))
    tasks = [asyncio.ensure_future(write.run(job, alone=alone)) for job, alone in jobs]
    await asyncio.sleep(0)
    release.set()
    found = await asyncio.gather(*tasks, return_exceptions=True)
    await held
    assert [type(one) for one in found] == [str, str, ValueError, str, str]
    assert [len(group.changes) for group in groups if group.changes] == [1, 1, 2]
    with connect(db) as reading:
        assert value(reading, "SELECT group_concat(handle) FROM (SELECT handle FROM people ORDER BY seq)") == "a,b,c,d"


async def test_a_full_disk_is_told_and_nothing_is_lost(writer: Any, db: Path) -> None:
    write, groups = writer
    await write.run(add("before"))
    pages = write._db.pragma("page_count")
    write._db.pragma("max_page_count", pages)

    times = {"opens_at": "2026-01-01T00:00:00Z", "closes_at": "2027-01-01T00:00:00Z"}

    def large(tx: Tx) -> None:
        objects.change_jam(tx, {"id": "j", "summary": "x" * 900_000} | times)

    with pytest.raises(Problem) as refused:
        await write.run(large)
    assert refused.value.code == "unavailable"
    assert int(refused.value.headers["Retry-After"]) > 0
    write._db.pragma("max_page_count", pages + 10_000)
    await write.run(add("after"))
    assert [change.seq for group in groups for change in group.changes] == [1, 2]


async def test_a_caller_that_hangs_up_does_not_take_its_write_back(writer: Any, db: Path) -> None:
    write, _ = writer
    release, held = await hold(write)
    task = asyncio.ensure_future(write.run(add("a")))
    await asyncio.sleep(0)
    task.cancel()
    release.set()
    await held
    await write.run(add("b"))
    with connect(db) as reading:
        assert value(reading, "SELECT count(*) FROM people") == 2


def test_a_file_is_made_once_and_opened_again(tmp_path: Path) -> None:
    path = tmp_path / "jam.sqlite"
    assert prepare(path) is True
    assert prepare(path) is False


def test_a_transaction_that_fails_is_rolled_back(db: Path) -> None:
    connection = connect(db)
    with pytest.raises(apsw.SQLError), transaction(connection, "IMMEDIATE"):
        connection.execute("UPDATE log SET seq = 9; SELECT nothing FROM nowhere")
    assert not connection.in_transaction
    assert value(connection, "SELECT seq FROM log") == 0
    connection.close()
