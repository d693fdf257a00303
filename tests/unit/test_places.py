"""Places are on the disk a moment after they were kept, whoever holds the store meanwhile; nobody waits for it."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import apsw
import pytest

from jamtui.store import connection, own
from jamtui.store.connection import StorageFull
from jamtui.store.marks import MarkStore
from jamtui.store.places import Places


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "own.sqlite"


@pytest.fixture
def store(path: Path) -> Iterator[MarkStore]:
    with closing(connection.connect(path, own.SCHEMA)) as db:
        yield MarkStore(db)


def test_a_place_is_there_at_once_and_on_the_disk_in_the_end(path: Path, store: MarkStore) -> None:
    places = Places(lambda: connection.connect(path, own.SCHEMA), store)
    store.set_place("spot", "before")
    assert places.place("spot") == "before"
    assert places.place("list:live") == ""
    with connection.transaction(store.db):  # somebody else writes for long
        places.set_place("spot", "here")
        places.set_place("spot", "there")
        places.set_place("list:live", "a")
        assert places.place("spot") == "there"
    places.close()
    assert (store.place("spot"), store.place("list:live")) == ("there", "a")


def test_places_come_to_the_disk_by_themselves(path: Path, store: MarkStore) -> None:
    written = threading.Event()

    def connect() -> apsw.Connection:
        db = connection.connect(path, own.SCHEMA)
        db.set_commit_hook(lambda: written.set() or False)
        return db

    places = Places(connect, store)
    places.set_place("spot", "here")
    assert written.wait(30)
    places.flush()
    assert store.place("spot") == "here"
    places.close()


def test_what_could_not_be_written_is_told_once_and_tried_again(path: Path, store: MarkStore) -> None:
    full, tried = [True], threading.Event()

    def connect() -> apsw.Connection:
        tried.set()
        if full[0]:
            raise StorageFull("cannot write own.sqlite: disk full", "Free some disk space and try again.")
        return connection.connect(path, own.SCHEMA)

    places = Places(connect, store)
    places.set_place("spot", "here")
    with pytest.raises(StorageFull):
        places.flush()
    assert tried.is_set()
    with pytest.raises(StorageFull):
        places.set_place("list:live", "a")
    full[0] = False
    places.set_place("list:live", "b")
    places.close()
    assert (store.place("spot"), store.place("list:live")) == ("here", "b")


def test_what_cannot_be_written_in_the_end_is_told(path: Path, store: MarkStore) -> None:
    def connect() -> apsw.Connection:
        raise StorageFull("cannot write own.sqlite: disk full", "Free some disk space and try again.")

    places = Places(connect, store)
    places.set_place("spot", "here")
    with pytest.raises(StorageFull):
        places.close()
