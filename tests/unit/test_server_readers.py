"""Reading threads of the server: what is made of one state of the file is made once, and never served of another."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterator
from contextlib import closing
from pathlib import Path

import apsw
import pytest

from jamserver.db import Connection, Readers, connect, made_once, value


@pytest.fixture
def path(tmp_path: Path) -> Path:
    path = tmp_path / "jam.sqlite"
    with closing(apsw.Connection(str(path))) as db:
        db.pragma("journal_mode", "wal")
        db.execute("CREATE TABLE words(word)")
        db.execute("INSERT INTO words VALUES ('first')")
    return path


@pytest.fixture
def readers(path: Path) -> Iterator[Readers]:
    readers = Readers(path, threads=1)
    yield readers
    readers.close()


def last(db: Connection) -> bytes:
    return str(value(db, "SELECT word FROM words ORDER BY rowid DESC LIMIT 1")).encode()


def test_a_body_is_made_once_for_each_state_of_the_file(path: Path, readers: Readers) -> None:
    made: list[str] = []

    def job(key: str) -> Callable[[Connection], bytes]:
        def make(db: Connection) -> bytes:
            made.append(key)
            return last(db)

        return lambda db: made_once(db, key, lambda: make(db))

    async def story() -> None:
        assert [await readers.run(job(key)) for key in ("a", "a", "b", "a")] == [b"first"] * 4
        assert made == ["a", "b"]
        with closing(connect(path)) as writer:
            writer.execute("INSERT INTO words VALUES ('second')")
            assert await readers.run(job("a")) == b"second"
            assert await readers.run(job("a")) == b"second"
            writer.execute("BEGIN IMMEDIATE")
            writer.execute("INSERT INTO words VALUES ('third')")
            assert await readers.run(job("a")) == b"second"  # nothing is committed yet
            assert made == ["a", "b", "a"]
            writer.execute("COMMIT")
            assert await readers.run(job("a")) == b"third"
        assert made == ["a", "b", "a", "a"]

    asyncio.run(story())


def test_a_body_that_was_begun_before_a_commit_is_not_served_after_it(path: Path, readers: Readers) -> None:
    def meanwhile(db: Connection) -> bytes:
        value(db, "SELECT count(*) FROM words")  # the state that is read is this one, to the end
        with closing(connect(path)) as writer:
            writer.execute("INSERT INTO words VALUES ('second')")
        return made_once(db, "a", lambda: last(db))

    async def story() -> None:
        assert await readers.run(meanwhile) == b"first"
        assert await readers.run(lambda db: made_once(db, "a", lambda: last(db))) == b"second"

    asyncio.run(story())


def test_bodies_that_are_kept_are_bounded(readers: Readers, figure: Callable[[str], None]) -> None:
    made: list[int] = []

    def job(db: Connection) -> bytes:
        def make(n: int, size: int) -> bytes:
            made.append(n)
            return bytes(size)

        for n in range(100):
            made_once(db, n, lambda n=n: make(n, 100_000))  # type: ignore[misc]
        first, many = list(made), len(made)
        for n in range(100):
            made_once(db, n, lambda n=n: make(n, 100_000))  # type: ignore[misc]
        assert first == list(range(100))
        assert len(made) == 2 * many, "of a hundred in turn, the twenty that are kept are not the next ones"
        for _ in range(2):
            made_once(db, "large", lambda: make(-1, 3_000_000))
        assert made.count(-1) == 2
        return str(sum(map(len, db._bodies.values()))).encode()  # type: ignore[attr-defined]

    size = int(asyncio.run(readers.run(job)))
    assert 1_900_000 < size <= 2 << 20
    figure(f"bodies that a reading thread keeps of a hundred of 100 kB: {size / 2**20:.1f} MiB")


def test_a_connection_that_writes_keeps_nothing(path: Path) -> None:
    with closing(connect(path)) as db:
        assert made_once(db, "a", lambda: last(db)) == b"first"
        db.execute("INSERT INTO words VALUES ('second')")  # which does not change its own data_version
        assert made_once(db, "a", lambda: last(db)) == b"second"
