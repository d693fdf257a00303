"""One's own store: drafts, outbox, reading state survive; what was damaged on the disk is noticed."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import apsw
import pytest

from jamtui.model import Draft, DraftKind, SendState
from jamtui.store import connection, own
from jamtui.store.connection import StorageFull, StoreBroken, StoreTooNew
from jamtui.store.marks import MarkStore
from jamtui.store.own import Own, Payload

NOW = datetime(2026, 11, 23, 10, tzinfo=UTC)


@pytest.fixture
def store(tmp_path: Path) -> Iterator[Own]:
    db = connection.connect(tmp_path / "own.sqlite", own.SCHEMA)
    yield Own(db)
    db.close()


def queue(store: Own, name: str, kind: str = "post", post: str = "", thread: str = "t", **payload: object) -> None:
    store.enqueue(name, kind, post or name, thread, "f", Payload(**payload), NOW)  # type: ignore[arg-type]


def test_a_draft_comes_back_as_it_was_typed(store: Own) -> None:
    draft = Draft(DraftKind.REPLY, "p1", "", "a [b]\n\x1b ✍🏽\n", ("x", "ü"), updated_at=NOW)
    store.save_draft(draft, NOW)
    assert store.draft(DraftKind.REPLY, "p1") == draft
    assert store.draft(DraftKind.EDIT, "p1") is None


def test_an_empty_draft_is_removed_and_the_latest_comes_first(store: Own) -> None:
    store.save_draft(Draft(DraftKind.REPLY, "p1", body="one"), NOW)
    store.save_draft(Draft(DraftKind.REPLY, "p2", body="two"), NOW + timedelta(seconds=1))
    assert [draft.target for draft in store.drafts()] == ["p2", "p1"]
    store.save_draft(Draft(DraftKind.REPLY, "p2", body="  \n"), NOW)
    assert [draft.target for draft in store.drafts()] == ["p1"]


def test_a_lone_surrogate_typed_does_not_stop_the_draft(store: Own) -> None:
    store.save_draft(Draft(DraftKind.REPLY, "p1", body="a\ud800b"), NOW)
    kept = store.draft(DraftKind.REPLY, "p1")
    assert kept is not None
    assert kept.body == "a\ufffdb"


def test_sending_takes_the_draft_and_makes_the_row_in_one_transaction(store: Own) -> None:
    draft = Draft(DraftKind.REPLY, "p1", body="text")
    store.save_draft(draft, NOW)
    store.enqueue("o1", "post", "o1", "t", "f", Payload("p1", body="text"), NOW, instead_of=draft)
    assert store.drafts() == []
    assert [(row.id, row.payload.body, row.shown, row.intact) for row in store.outbox()] == [
        ("o1", "text", SendState.QUEUED, True)
    ]
    # The same id again must fail whole: the draft that it would have taken stays.
    store.save_draft(draft, NOW)
    with pytest.raises(apsw.ConstraintError):
        store.enqueue("o1", "post", "o1", "t", "f", Payload("p1", body="text"), NOW, instead_of=draft)
    assert store.drafts() != []


def test_a_row_damaged_on_the_disk_is_noticed_and_its_text_kept(store: Own) -> None:
    queue(store, "o1", body="precious")
    store.db.execute("UPDATE outbox SET payload = replace(payload, 'precious', 'precioux')")
    row = store.one("o1")
    assert row is not None
    assert not row.intact
    assert "precioux" in row.payload.body


def test_undoing_the_drop_of_a_damaged_row_makes_it_no_better(store: Own) -> None:
    queue(store, "o1", body="precious")
    store.db.execute("UPDATE outbox SET payload = replace(payload, 'precious', 'precioux')")
    dropped = store.drop("o1", NOW)
    assert dropped is not None
    store.put_back(dropped)
    again = store.one("o1")
    assert again is not None
    assert not again.intact
    assert "precioux" in again.payload.body


def test_dropping_can_be_undone_and_keeps_the_place(store: Own) -> None:
    for name in ("o1", "o2", "o3"):
        queue(store, name, body=name)
    before = store.one("o2")
    dropped = store.drop("o2", NOW)
    assert dropped is not None
    assert [row.id for row in store.outbox()] == ["o1", "o3"]
    store.put_back(dropped)
    assert [row.id for row in store.outbox()] == ["o1", "o2", "o3"]
    assert store.one("o2") == before


def test_confirmed_rows_go_when_the_cursor_has_passed_them(store: Own) -> None:
    queue(store, "o1", "vote", "p1")
    queue(store, "o2", "unvote", "p2")
    store.set_votes(["p2"])
    store.sent("o1", 10)
    store.sent("o2", 12)
    assert not store.forget_sent(9)
    assert store.forget_sent(10)
    assert [row.id for row in store.outbox()] == ["o2"]
    assert [row[0] for row in store.db.execute("SELECT post_id FROM my_votes ORDER BY 1")] == ["p1", "p2"]
    assert store.forget_sent(12)
    assert [row[0] for row in store.db.execute("SELECT post_id FROM my_votes")] == ["p1"]


def test_a_refused_row_keeps_its_reason_until_it_is_tried_again(store: Own) -> None:
    queue(store, "o1", body="x")
    store.refused("o1", "The Jam is closed", "jam_closed")
    row = store.one("o1")
    assert row is not None
    assert (row.shown, row.reason, row.code) == (SendState.REFUSED, "The Jam is closed", "jam_closed")
    store.retry("o1")
    row = store.one("o1")
    assert row is not None
    assert (row.shown, row.reason) == (SendState.QUEUED, "")


def test_a_newer_store_is_refused_and_untouched(store: Own, tmp_path: Path) -> None:
    store.db.execute("PRAGMA user_version=99")
    store.db.close()
    path = tmp_path / "own.sqlite"
    before = path.read_bytes()
    with pytest.raises(StoreTooNew, match="schema 99") as caught:
        connection.connect(path, own.SCHEMA)
    assert "Update jamtui" in caught.value.hint
    assert path.read_bytes() == before


@pytest.mark.parametrize(
    "content", [b"not a database, but long enough to look at it" * 40, b"SQLite format 3\0garbage"]
)
def test_a_broken_file_is_told_and_left(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "own.sqlite"
    path.write_bytes(content)
    with pytest.raises(StoreBroken):
        connection.connect(path, own.SCHEMA)
    assert path.read_bytes() == content


def test_files_are_private_whatever_the_umask(tmp_path: Path) -> None:
    import os

    old = os.umask(0)
    try:
        db = connection.connect(tmp_path / "own.sqlite", own.SCHEMA)
        MarkStore(db).set_place("a", "b")
        modes = {path.name: path.stat().st_mode & 0o777 for path in tmp_path.iterdir()}
        db.close()
    finally:
        os.umask(old)
    assert modes == {"own.sqlite": 0o600, "own.sqlite-wal": 0o600, "own.sqlite-shm": 0o600}


def test_a_full_disk_is_told_and_what_was_there_stays(store: Own) -> None:
    store.save_draft(Draft(DraftKind.REPLY, "p1", body="kept"), NOW)
    pages = int(str(next(iter(store.db.execute("PRAGMA page_count")))[0]))
    store.db.execute(f"PRAGMA max_page_count={pages + 1}").fetchall()  # SQLite's own limit stands for the disk's
    with pytest.raises(StorageFull, match="full") as caught:
        store.save_draft(Draft(DraftKind.REPLY, "p2", body="x" * 100_000), NOW)
    assert "Free some disk space" in caught.value.hint
    assert [draft.body for draft in store.drafts()] == ["kept"]
    store.save_draft(Draft(DraftKind.REPLY, "p2", body="short"), NOW)
    assert len(store.drafts()) == 2
