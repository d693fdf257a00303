"""Opening the two databases of a Jam: private files, pragmas, migrations.

A Jam's folder holds two SQLite files. The *mirror* is a copy of what the server has and can be fetched anew at any
time; *own* holds what exists nowhere else: drafts, outbox, reading state. They are apart so that a broken mirror can be
set aside without touching one's own, and so that a keystroke's draft never waits for a bulk load. Both are in WAL
mode; SQLite is the one that apsw brings (3.51.3 or newer: older ones can corrupt a WAL with two writers).
"""

from __future__ import annotations

import contextlib
import os
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path

import apsw
from apsw import Connection as Connection
from msgspec import Struct

from jamtui.errors import JamError
from jamtui.paths import private_file, refuse_link

BUSY_MS = 5_000
_READ_ONLY = "Check the permissions of the file and its folder; reading goes on."
_NO_VERSION = 10_000  # schemas are numbered from 1: a greater number is a damaged one
_LOG = 4 << 20  # bytes at which a write-ahead log is folded back, and that it keeps once it begins again


class StoreError(JamError):
    """A database of the store cannot be used; the file is as it was."""


class StoreTooNew(StoreError):
    """Written by a newer version of jamtui; refused, untouched."""


class StoreBroken(StoreError):
    """Torn, truncated, or not a database of ours (``foreign``). ``reason`` says in a few words how it shows."""

    def __init__(self, title: str, hint: str = "", *, reason: str = "", foreign: bool = False) -> None:
        super().__init__(title, hint)
        self.reason = reason
        self.foreign = foreign


class StorageFull(StoreError):
    """The disk is full, or the file may not be written; nothing was changed."""


class StoreBusy(StoreError):
    """Another process holds the database and does not let go: it was stopped while it wrote; nothing was changed."""


class Schema(Struct, frozen=True):
    """A database's identity: ``application_id`` in its header, and migrations; its version is how many have run.

    A migration is SQL, or a function where what is stored must be read to fill what is new.
    """

    name: str
    application_id: int
    migrations: Sequence[str | Callable[[apsw.Connection], None]]
    synchronous: str  # NORMAL for what can be fetched anew, FULL for what cannot
    page_size: int = 4_096  # of files made from now on
    if_broken: str = "It will be set aside and fetched anew."  # what is told when it is damaged


def connect(path: Path, schema: Schema) -> apsw.Connection:
    """Opens (creates, migrates) the database. Raises `StoreTooNew`, `StoreBroken`, `StorageFull`.

    The file is made 0600 before SQLite sees it, so that its -wal and -shm are 0600 as well. One that may not be written
    (nor its folder) is opened for reading: whoever writes is told why that cannot be.
    """
    for suffix in ("-wal", "-shm"):
        refuse_link(Path(f"{path}{suffix}"))
    writable = may_write(path)
    fresh = not path.exists() or path.stat().st_size == 0
    if writable:
        private_file(path)
    with explained(path, schema.name, schema.if_broken):
        db = apsw.Connection(str(path)) if writable else _read_only(path)
        try:
            db.set_busy_timeout(BUSY_MS)
            if not fresh:
                recognise(db, path, schema)
            if writable:
                _prepare(db, schema, fresh)
            elif int(_value(db, "PRAGMA user_version")) < len(schema.migrations):
                raise StorageFull(f"{path} is of an older form and cannot be written", _READ_ONLY)
        except BaseException:
            db.close()
            raise
    return db


def may_write(path: Path) -> bool:
    """Whether a database there can be written: the file, if there is one, and its folder, for the log beside it."""
    return os.access(path.parent, os.W_OK | os.X_OK) and (not path.exists() or os.access(path, os.W_OK))


_USUAL = apsw.SQLITE_OPEN_READWRITE | apsw.SQLITE_OPEN_CREATE | apsw.SQLITE_OPEN_URI


def reading(path: Path) -> apsw.Connection:
    """A connection for reading a database that `connect` has seen, to which another can be attached."""
    return apsw.Connection(str(path), flags=_USUAL) if may_write(path) else _read_only(path)


def attach(db: apsw.Connection, path: Path, name: str) -> None:
    """A second database beside the first."""
    if may_write(path):
        db.execute(f"ATTACH ? AS {name}", (str(path),))
    elif _has_log(path):
        db.execute(f"ATTACH ':memory:' AS {name}")
        db.deserialize(name, _image(path))
    else:
        db.execute(f"ATTACH ? AS {name}", (_as_it_stands(path),))


def _read_only(path: Path) -> apsw.Connection:
    """SQLite would want to make a log and locks beside the file, so it is told that nobody changes it. One that was
    left with a log (by a crash) is folded together in memory."""
    if not path.exists():
        raise StorageFull(f"{path} is not there, and cannot be made", _READ_ONLY)
    if _has_log(path):
        db = apsw.Connection(":memory:", flags=_USUAL)
        db.deserialize("main", _image(path))
        db.execute("PRAGMA query_only=ON")
        return db
    return apsw.Connection(_as_it_stands(path), flags=apsw.SQLITE_OPEN_READONLY | apsw.SQLITE_OPEN_URI)


def _as_it_stands(path: Path) -> str:
    return f"{path.absolute().as_uri()}?immutable=1"


def _has_log(path: Path) -> bool:
    log = Path(f"{path}-wal")
    return log.exists() and log.stat().st_size > 0


def _image(path: Path) -> bytes:
    from jamtui.store.pages import Pages  # for the rare case

    return Pages(path).image()


def recognise(db: apsw.Connection, path: Path, schema: Schema) -> None:
    """Reads the header only; nothing is written to a file that is not ours or newer. Raises `StoreTooNew`,
    `StoreBroken`."""
    found = int(_value(db, "PRAGMA application_id"))
    version = int(_value(db, "PRAGMA user_version"))
    if found == 0 and version == 0 and not _value(db, "SELECT count(*) FROM sqlite_schema"):
        return  # made by us, killed before the first migration
    if found != schema.application_id:
        raise StoreBroken(
            f"{path.name} is not a {schema.name} of jamtui", schema.if_broken, reason="not one of jamtui", foreign=True
        )
    if version >= _NO_VERSION:
        raise StoreBroken(
            f"the {schema.name} {path.name} is damaged", schema.if_broken, reason=f"no version has the number {version}"
        )
    if version > len(schema.migrations):
        raise StoreTooNew(
            f"the {schema.name} {path.name} was written by a newer jamtui (schema {version}, this one knows "
            f"{len(schema.migrations)})",
            "Update jamtui, or use another JAMTUI_HOME. The file was left untouched.",
        )


def _prepare(db: apsw.Connection, schema: Schema, fresh: bool) -> None:
    if fresh:
        db.execute(f"PRAGMA page_size={schema.page_size}")
    db.execute("PRAGMA journal_mode=WAL")
    db.execute(f"PRAGMA synchronous={schema.synchronous}")
    db.execute("PRAGMA temp_store=MEMORY")
    db.execute(f"PRAGMA wal_autocheckpoint={_LOG // int(_value(db, 'PRAGMA page_size'))}")
    db.execute(f"PRAGMA journal_size_limit={_LOG}")  # a log that a bulk load made long is cut again
    db.execute("PRAGMA secure_delete=ON")  # removed text leaves the free pages, too
    if int(_value(db, "PRAGMA user_version")) < len(schema.migrations):
        migrate(db, schema)


def migrate(db: apsw.Connection, schema: Schema) -> None:
    """Brings the schema up to date in one transaction; another process may be doing the same."""
    with transaction(db):
        version = int(_value(db, "PRAGMA user_version"))
        try:
            for step in schema.migrations[version:]:
                if isinstance(step, str):
                    db.execute(step)
                else:
                    step(db)
        except apsw.SQLError as error:
            raise StoreBroken(
                f"the {schema.name} is damaged: {error}", schema.if_broken, reason=f"not what version {version} has"
            ) from None
        db.execute(f"PRAGMA application_id={schema.application_id}")
        db.execute(f"PRAGMA user_version={max(version, len(schema.migrations))}")


@contextlib.contextmanager
def transaction(db: apsw.Connection) -> Iterator[None]:
    """BEGIN IMMEDIATE … COMMIT, rolled back on any exception; storage errors come out as `StoreError`."""
    with explained(Path(db.filename or "the store"), "database"):
        db.execute("BEGIN IMMEDIATE")
        try:
            yield
            db.execute("COMMIT")
        except BaseException:
            if not db.get_autocommit():
                db.execute("ROLLBACK")
            raise


@contextlib.contextmanager
def one_moment(db: apsw.Connection) -> Iterator[None]:
    """What is read inside is of one moment, whoever writes meanwhile. It may stand in another one, or a transaction."""
    if not db.get_autocommit():
        yield
        return
    db.execute("BEGIN")
    try:
        yield
    finally:
        if not db.get_autocommit():
            db.execute("ROLLBACK")


@contextlib.contextmanager
def explained(
    path: Path, name: str, if_broken: str = "Start jamtui again: what can be fetched is fetched anew."
) -> Iterator[None]:
    """Errors of SQLite in words for people; ``if_broken`` is the hint of `StoreBroken`."""
    try:
        yield
    except (apsw.FullError, apsw.IOError) as error:
        raise StorageFull(
            f"cannot write {path.name}: {error}", "Free some disk space and try again; nothing was lost."
        ) from None
    except (apsw.ReadOnlyError, apsw.CantOpenError, apsw.PermissionsError) as error:
        raise StorageFull(f"cannot write {path}: {error}", _READ_ONLY) from None
    except (apsw.BusyError, apsw.LockedError):
        raise StoreBusy(
            f"another jamtui on this machine has been writing {path.name} for {BUSY_MS // 1000} seconds",
            "Was it stopped (Ctrl-Z)? Bring it back with fg, or end it; nothing was lost.",
        ) from None
    except (apsw.NotADBError, apsw.CorruptError, apsw.TooBigError) as error:
        raise StoreBroken(f"the {name} {path.name} is damaged: {error}", if_broken, reason=str(error)) from None


def _value(db: apsw.Connection, sql: str) -> str | int | float:
    row = next(iter(db.execute(sql)), None)
    value = row[0] if row else 0
    return value if isinstance(value, (str, int, float)) else 0


def data_version(db: apsw.Connection, database: str = "main") -> int:
    """A number that changes when another connection has committed to the database."""
    return int(_value(db, f"PRAGMA {database}.data_version"))


def as_bytes(value: object) -> bytes:
    """JSON as it is kept, whether its column gives it as text or as bytes."""
    return value if isinstance(value, bytes) else str(value).encode()
