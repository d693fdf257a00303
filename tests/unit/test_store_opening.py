"""Files that are not as they were left: set aside, salvaged, refused, or read as they stand; never in the way."""

from __future__ import annotations

import os
import random
import shutil
import subprocess
import sys
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path

import apsw
import pytest

from jamtui.model import Draft, DraftKind
from jamtui.paths import Home, PathError
from jamtui.store import checking, connection, mirror, own, registry, seal
from jamtui.store.connection import StoreBroken, StoreTooNew
from jamtui.store.marks import MarkStore
from jamtui.store.mirror import Loading, Mirror
from jamtui.store.opening import Opened, open_store
from jamtui.store.own import Own, Payload
from jamtui.store.pages import Pages
from jamtui.store.registry import KnownJam

NOW = datetime(2026, 11, 26, 3, tzinfo=UTC)
LATER = NOW + timedelta(minutes=1)
REAL_JAM = Path(__file__).parents[1] / "data" / "real-jam" / "open-conversations.jsonl"
DRAFTS, ROWS, READ, SAVED, PLACES = 40, 60, 3_000, 50, 30


@pytest.fixture(scope="module")
def template(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A home with the real Jam mirrored and a well-filled store of one's own, closed."""
    folder = tmp_path_factory.mktemp("opening")
    jam = jam_in(folder)
    registry.remember(Home.from_env({"JAMTUI_HOME": str(folder)}), jam)
    opened = open_store(jam, NOW)
    db = connection.connect(jam.mirror, mirror.SCHEMA)
    loading = Loading(Mirror(db), "1916-abcd")
    for line in REAL_JAM.read_bytes().splitlines():
        loading.feed(line)
    loading.finish("2026-11-26T03:00:00.000Z")
    db.close()
    fill(jam.own)
    opened.close()
    return folder


def jam_in(folder: Path) -> KnownJam:
    return registry.for_server(Home.from_env({"JAMTUI_HOME": str(folder)}), "http://127.0.0.1:9", "real", "Real")


def fill(path: Path) -> None:
    db = connection.connect(path, own.SCHEMA)
    store, marks = Own(db), MarkStore(db)
    for n in range(DRAFTS):
        store.save_draft(Draft(DraftKind.REPLY, f"post-{n}", "", f"draft {n} " * (1 + n * 12), ("a", "b")), NOW)
    for n in range(ROWS):
        text = Payload(None, f"title {n}", f"waiting {n} " * (1 + n * 10))
        store.enqueue(f"row-{n:030d}", "post", f"new-{n}", f"new-{n}", "forum", text, NOW)
    with connection.transaction(db):
        numbers = random.Random(7)
        db.executemany("INSERT INTO read VALUES (?, 1)", [(numbers.getrandbits(63),) for _ in range(READ)])
        saved = [(f"saved-{n:026d}", int(NOW.timestamp() * 1000) + n) for n in range(SAVED)]
        db.executemany("INSERT INTO saved VALUES (?, ?)", saved)
        db.executemany("INSERT INTO my_votes VALUES (?)", [(f"{n:036d}",) for n in range(20)])
    for n in range(PLACES):
        marks.set_place(f"place {n}", f"where {n}")
    db.close()


@pytest.fixture
def jam(template: Path, tmp_path: Path) -> KnownJam:
    shutil.copytree(template, tmp_path / "home")
    return jam_in(tmp_path / "home")


def contents(path: Path) -> dict[str, set[tuple[object, ...]]]:
    db = apsw.Connection(str(path), flags=apsw.SQLITE_OPEN_READONLY)
    found = {
        name: set(db.execute(f"SELECT * FROM {name}"))
        for name in ("drafts", "outbox", "read", "saved", "places", "marks", "my_votes", "kept")
    }
    db.close()
    return found


def faults(jam: KnownJam) -> list[str]:
    db = connection.connect(jam.mirror, mirror.SCHEMA)
    try:
        return checking.mirror_faults(db, full_text=True)
    finally:
        db.close()


def flip(path: Path, at: int, bit: int = 0) -> None:
    data = bytearray(path.read_bytes())
    data[at] ^= 1 << bit
    path.write_bytes(data)


def opened(jam: KnownJam) -> Opened:
    found = open_store(jam, LATER)
    found.close()
    return found


# -- what is whole


def test_what_was_left_whole_is_opened_without_a_look(jam: KnownJam, monkeypatch: pytest.MonkeyPatch) -> None:
    assert faults(jam) == []
    looks: list[bool] = []
    monkeypatch.setattr(checking, "mirror_faults", lambda _, full_text: looks.append(full_text) or [])
    open_store(jam, LATER).close()
    open_store(jam, LATER).close()
    assert looks == []
    os.utime(jam.mirror, (1, 1))
    open_store(jam, LATER).close()
    open_store(jam, LATER).close()
    assert looks == [False]
    open_store(jam, LATER + timedelta(days=31)).close()  # disks forget
    assert looks == [False] * 2


def test_a_mirror_that_a_killed_process_left_is_looked_through_and_kept(jam: KnownJam) -> None:
    code = (
        "import os, sys; from pathlib import Path; from jamtui.store import connection, mirror\n"
        "one = mirror.Mirror(connection.connect(Path(sys.argv[1]), mirror.SCHEMA))\n"
        'made = b\'{"id":"f","slug":"s","title":"T","position":9}\'\n'
        "one.apply([('forum', made)], '1917-bbbb'); os._exit(9)"
    )
    assert subprocess.run([sys.executable, "-c", code, str(jam.mirror)], check=False).returncode == 9
    assert Path(f"{jam.mirror}-wal").stat().st_size
    found = opened(jam)
    assert (found.set_aside, found.told) == (None, ())
    assert faults(jam) == []
    db = connection.connect(jam.mirror, mirror.SCHEMA)
    assert (Mirror(db).cursor, Mirror(db).meta("suspect")) == ("1917-bbbb", "1")
    checking.rebuild_words(db)
    assert Mirror(db).meta("suspect") == ""
    db.close()
    assert faults(jam) == []


def test_after_an_error_that_nobody_foresaw_the_next_start_looks(jam: KnownJam) -> None:
    for late in (False, True):
        one = open_store(jam, LATER)
        if late:
            one.close()
        one.seal.suspect()
        one.close()
        again = open_store(jam, LATER)
        assert not again.seal.intact
        again.close()
        assert opened(jam).seal.intact


def test_what_a_link_in_the_place_of_the_seal_points_to_is_not_emptied(jam: KnownJam, tmp_path: Path) -> None:
    target = tmp_path / "elsewhere"
    target.write_bytes(b"theirs")
    jam.seal.unlink(missing_ok=True)
    jam.seal.symlink_to(target)
    one = open_store(jam, LATER)
    one.seal.suspect()
    one.close()
    seal.broken(jam.seal)  # as `jamtui doctor --repair` does
    assert target.read_bytes() == b"theirs"
    again = open_store(jam, LATER)
    assert not again.seal.intact
    again.close()


def test_two_open_it_and_only_the_last_seals_it(jam: KnownJam) -> None:
    one, two = open_store(jam, LATER), open_store(jam, LATER)
    before = jam.seal.read_bytes()
    db = connection.connect(jam.own, own.SCHEMA)
    MarkStore(db).set_place("a", "b")
    db.close()
    one.close()
    assert jam.seal.read_bytes() == before
    two.close()
    assert jam.seal.read_bytes() != before


# -- the mirror


BREAK: dict[str, Callable[[Path], object]] = {
    "zero length": lambda path: path.write_bytes(b""),
    "no database": lambda path: path.write_bytes(b"Dear diary, " * 900),
    "a header and nothing else": lambda path: path.write_bytes(path.read_bytes()[:100]),
    "cut in the middle": lambda path: path.write_bytes(path.read_bytes()[: path.stat().st_size // 2]),
    "cut inside a page": lambda path: path.write_bytes(path.read_bytes()[:-3_000]),
    "zeros in the middle": lambda path: path.write_bytes(path.read_bytes()[:40_960] + bytes(8_192 * 4)),
    "application id": lambda path: flip(path, 69),
    "a version that cannot be": lambda path: flip(path, 60, 3),
    "version 0": lambda path: flip(path, 63, 2),
    "magic": lambda path: flip(path, 3),
    "a folder": lambda path: (path.unlink(), path.mkdir()),
}


@pytest.mark.parametrize("how", BREAK)
def test_a_mirror_that_is_none_is_set_aside_under_a_name_that_says_so(jam: KnownJam, how: str) -> None:
    before = contents(jam.own)
    BREAK[how](jam.mirror)
    found = opened(jam)
    assert faults(jam) == []
    assert contents(jam.own) == before
    if how == "zero length":
        return  # a start that was killed before the first table leaves that: nothing to keep, nothing to tell
    assert found.set_aside is not None
    assert found.set_aside.name.startswith("mirror.foreign-" if how == "application id" else "mirror.broken-")
    assert found.set_aside.exists()
    assert found.set_aside.name in found.told[0]


def test_a_database_of_another_program_is_set_aside_unchanged(jam: KnownJam) -> None:
    jam.mirror.unlink()
    db = apsw.Connection(str(jam.mirror))
    db.execute("CREATE TABLE theirs(x); INSERT INTO theirs VALUES ('precious')")
    db.close()
    before = jam.mirror.read_bytes()
    found = opened(jam)
    assert found.set_aside is not None
    assert found.set_aside.name.startswith("mirror.foreign-")
    assert found.set_aside.read_bytes() == before
    assert "of another program" in found.told[0]


@pytest.mark.parametrize(
    ("sql", "values"),
    [
        ("UPDATE posts SET raw = replace(CAST(raw AS TEXT), 'e', 'f') WHERE n = 700", ()),
        ("UPDATE posts SET featured = 1 - featured WHERE n = 9", ()),
        ("UPDATE meta SET value = '1917-abcd' WHERE key = 'cursor'", ()),
        ("UPDATE threads SET replies = replies + 1 WHERE n = 1", ()),
        ("UPDATE people SET handle = handle || 'x' WHERE n = 5", ()),
        ("INSERT INTO tags VALUES ('tea', 3)", ()),
        ("DELETE FROM posts WHERE n = 1300", ()),
        ("DROP TABLE threads", ()),
    ],
)
def test_a_mirror_with_other_content_than_was_written_is_known(
    jam: KnownJam, sql: str, values: tuple[object, ...]
) -> None:
    """What a bit that flipped inside a text, or a page of yesterday, would leave: SQLite itself finds nothing wrong."""
    db = apsw.Connection(str(jam.mirror))
    db.execute(sql, values)
    assert list(db.execute("PRAGMA integrity_check")) == [("ok",)]
    db.close()
    assert opened(jam).set_aside is not None


def test_a_full_text_with_other_words_is_known_and_made_anew(jam: KnownJam) -> None:
    db = connection.connect(jam.mirror, mirror.SCHEMA)
    db.execute("INSERT INTO words(rowid, title, body, tags) VALUES (3, 'nowhere', 'xylophone', '')")
    assert checking.mirror_faults(db, full_text=True) == ["a full text that does not fit the posts"]
    checking.rebuild_words(db)
    assert checking.mirror_faults(db, full_text=True) == []
    assert list(db.execute("SELECT rowid FROM words WHERE words MATCH 'xylophone'")) == []
    db.close()


@pytest.mark.parametrize("which", ["mirror", "own"])
def test_a_newer_one_is_refused_and_nothing_is_touched(jam: KnownJam, which: str) -> None:
    opened(jam)
    path = getattr(jam, which)
    db = apsw.Connection(str(path))
    db.pragma("user_version", 99)
    db.close()
    before = {one.name: one.read_bytes() for one in jam.folder.iterdir() if one != jam.seal}
    with pytest.raises(StoreTooNew, match="newer jamtui") as told:
        open_store(jam, LATER)
    assert "Update jamtui" in told.value.hint
    assert {one.name: one.read_bytes() for one in jam.folder.iterdir() if one != jam.seal} == before


@pytest.mark.parametrize("name", ["mirror.sqlite", "own.sqlite", "mirror.sqlite-wal", "own.sqlite-shm"])
def test_links_are_refused(jam: KnownJam, tmp_path: Path, name: str) -> None:
    target = tmp_path / "elsewhere"
    target.write_bytes(b"theirs")
    (jam.folder / name).unlink(missing_ok=True)
    (jam.folder / name).symlink_to(target)
    with pytest.raises(PathError, match="symbolic link"):
        open_store(jam, LATER)
    assert target.read_bytes() == b"theirs"


# -- one's own


def test_a_store_of_ones_own_loses_no_row_that_stands_on_a_whole_page(
    jam: KnownJam, figure: Callable[..., None]
) -> None:
    """Each page in turn is overwritten with noise; what stood on the others is all there, and nothing else is."""
    whole = contents(jam.own)
    data, rng = jam.own.read_bytes(), random.Random(3)
    pages = Pages(jam.own)
    saved = lost = damaged = tried = 0
    for number in range(1, pages.count + 1, 1 if "JAMTUI_TORN" in os.environ else 4):
        tried += 1
        torn = len(list(pages.rows(number)))
        noise = rng.randbytes(4_096)
        jam.own.write_bytes(data[: (number - 1) * 4_096] + noise + data[number * 4_096 :])
        Path(f"{jam.own}-wal").unlink(missing_ok=True)
        found = opened(jam)
        now = contents(jam.own)
        for name in whole:
            keys, wrote = {key(row) for row in now[name]}, {key(row): row for row in whole[name]}
            assert keys <= set(wrote), f"page {number}: {name} has rows that nobody wrote"
            changed = now[name] - whole[name]
            assert all(long(wrote[key(row)]) for row in changed), f"page {number}: {name} has other rows: {changed}"
            gone = [row for row in whole[name] if key(row) not in keys]
            on_it = [row for row in gone if not long(row)]
            assert len(on_it) <= torn, f"page {number}: {len(on_it)} of {name} are gone"
            lost += len(gone)
            damaged += len(changed)
            saved += len(now[name])
        if found.told:
            assert "The damaged file is kept as" in found.told[0]
            (aside,) = jam.folder.glob("own.*-*.sqlite")
            assert aside.read_bytes()[(number - 1) * 4_096 :][:4_096] == noise
            aside.unlink()
        else:
            assert now == whole, f"page {number}: rows went and nobody was told"
    figure(
        f"promise 8: one's own store with {tried} of its {pages.count} pages torn in turn: {saved:,} rows saved, "
        f"{lost / tried:.1f} a page lost and {damaged / tried:.1f} cut short (those on it)"
    )


def key(row: tuple[object, ...]) -> tuple[object, ...]:
    return row[:2] if len(row) > 3 else row


def long(row: tuple[object, ...]) -> bool:
    """Whether a row reaches over more pages than one."""
    return sum(len(value) for value in row if isinstance(value, (str, bytes))) > 500


@pytest.mark.parametrize("at", [0, 16, 20, 56, 68, 100, 105, 300])
def test_a_damaged_header_costs_nothing(jam: KnownJam, at: int) -> None:
    whole = contents(jam.own)
    data = jam.own.read_bytes()
    jam.own.write_bytes(data[:at] + b"\xff" * 8 + data[at + 8 :])
    found = opened(jam)
    now = contents(jam.own)
    for name in whole:
        assert now[name] == whole[name], name
    assert found.told == () or "40 drafts, 60 texts and changes in the outbox, 3,000 posts" in found.told[0]


def test_what_stood_in_a_torn_log_is_saved_too(jam: KnownJam) -> None:
    opened(jam)
    code = (
        "import os, sys; from datetime import datetime, UTC; from pathlib import Path\n"
        "from jamtui.model import Draft, DraftKind; from jamtui.store import connection, own\n"
        "store = own.Own(connection.connect(Path(sys.argv[1]), own.SCHEMA))\n"
        "for n in range(5): store.save_draft(Draft(DraftKind.EDIT, f'late {n}', '', 'x' * 9000), datetime.now(UTC))\n"
        "os._exit(9)"
    )
    subprocess.run([sys.executable, "-c", code, str(jam.own)], check=False)
    log = Path(f"{jam.own}-wal")
    assert log.stat().st_size > 10_000
    jam.own.write_bytes(b"\xff" * 4_096 + jam.own.read_bytes()[4_096:])  # the file's first page, of all
    flip(log, 32 + 24 + 2_000)  # and the first page of the log
    found = opened(jam)
    assert "45 drafts" in found.told[0]
    db = connection.connect(jam.own, own.SCHEMA)
    assert {draft.target for draft in Own(db).drafts() if draft.kind is DraftKind.EDIT} == {
        f"late {n}" for n in range(5)
    }
    db.close()


def test_a_salvage_that_was_killed_is_finished_by_the_next(jam: KnownJam, monkeypatch: pytest.MonkeyPatch) -> None:
    whole = contents(jam.own)
    flip(jam.own, 4_096 * 3 + 1, 7)
    jam.own.write_bytes(b"\0" * 16 + jam.own.read_bytes()[16:])
    damaged = jam.own.read_bytes()
    from jamtui.store import salvage

    real = salvage.remove

    def killed(path: Path) -> None:
        if path.name == "own.sqlite-shm":
            raise KeyboardInterrupt
        real(path)

    monkeypatch.setattr(salvage, "remove", killed)
    with pytest.raises(KeyboardInterrupt):
        open_store(jam, LATER)
    monkeypatch.undo()
    opened(jam)
    assert {name: len(rows) for name, rows in contents(jam.own).items()} == {
        name: len(rows) for name, rows in whole.items()
    }
    assert any(path.read_bytes() == damaged for path in jam.folder.glob("own.*-*.sqlite"))


def test_while_another_has_it_open_a_damaged_store_is_told_and_left(jam: KnownJam) -> None:
    other = open_store(jam, LATER)
    jam.own.write_bytes(b"\xff" * 9_000)
    with pytest.raises(StoreBroken) as told:
        open_store(jam, LATER)
    assert "Close every other jamtui" in told.value.hint
    assert jam.own.read_bytes() == b"\xff" * 9_000
    other.close()
    assert opened(jam).told


def test_bits_that_flip_in_ones_own_store_are_never_in_the_way(jam: KnownJam, figure: Callable[..., None]) -> None:
    """Whatever flipped: the Jam opens, drafts and outbox can be read, and nothing of it goes without a word."""
    whole = {name: len(rows) for name, rows in contents(jam.own).items()}
    data, rng = jam.own.read_bytes(), random.Random(11)
    used = [at for at, byte in enumerate(data) if byte]
    tries = int(os.environ.get("JAMTUI_TORN", "40"))
    told = 0
    for number in range(tries):
        torn = bytearray(data)
        for _ in range(rng.choice([1, 1, 3, 20])):
            torn[rng.choice(used)] ^= 1 << rng.randrange(8)
        jam.own.write_bytes(torn)
        for path in [*jam.folder.glob("own.*-*"), Path(f"{jam.own}-wal"), Path(f"{jam.own}-shm")]:
            path.unlink(missing_ok=True)
        try:
            found = opened(jam)
        except StoreTooNew:
            continue  # its number became that of a later version, which is refused
        db = connection.connect(jam.own, own.SCHEMA)
        store = Own(db)
        counts = (len(store.drafts()), len(store.outbox()))
        db.close()
        assert found.told or counts == (whole["drafts"], whole["outbox"]), f"try {number}"
        assert not found.told or list(jam.folder.glob("own.damaged-*"))
        assert min(counts) > 30, f"try {number}: {counts}"
        told += bool(found.told)
    figure(f"promise 8: one's own store with flipped bits: {tries} of {tries} started, {told} salvaged and told")
