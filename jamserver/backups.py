"""``jamserver backup`` and ``restore``: the database as one file, taken while the server writes, and put back.

A backup is one state of the file (SQLite's backup interface, all pages in one step), with nothing of what was removed
before: removed text is overwritten in the database itself.

A restored log is another log. Each of its changes gets a new mark, so that every client, whatever its cursor, gets 410,
takes a new snapshot, and sends again what the backup does not have. With the old marks, a client that had not yet
fetched the lost changes would go on as if they had never been, and take its own confirmed posts for arrived.
"""

from __future__ import annotations

import contextlib
import os
import random
import re
import secrets
from collections.abc import Iterator
from datetime import datetime
from pathlib import Path

import apsw
from msgspec import Struct

from jamserver import db
from jamserver.db import APPLICATION_ID, Connection, DatabaseError, value
from jamserver.log import new_mark
from jamtui.errors import JamError, NotFound

_MARK = re.compile(rb'^(\{"seq":\d+,"mark":")[0-9a-z]+"')
_AT_ONCE = 1_000  # changes that get new marks between two looks at the cursor


class Kept(Struct, frozen=True):
    """What a backup holds: bytes of the file, posts, the head of its log."""

    size: int
    posts: int
    head: str


def backup(path: Path, target: Path, *, replace: bool) -> Kept:
    """Writes one state of the database at ``path`` into ``target`` (0600), which appears when it is whole and checked.

    Raises `NotFound` when there is no database, `JamError` when ``target`` is there or cannot be written.
    """
    db.prepare(path, create=False)
    if not replace and os.path.lexists(target):
        raise JamError(f"{target} is there already", "Choose another name, or add --force to replace it")
    with _half(target) as half, contextlib.closing(db.connect(path)) as source:
        _copy(source, half)
        kept = _look(half)
        if replace:
            half.replace(target)
        else:
            _link(half, target)
    _sync_folder(target.parent)
    return kept


def restore(path: Path, source: Path, now: datetime, rng: random.Random) -> tuple[Kept, Path | None]:
    """Puts a backup into the place of the database at ``path``; what was there is kept under another name (returned).

    Raises `DatabaseError` when a server or another program has the database open, or ``source`` is no whole backup.
    """
    if not source.exists():
        raise NotFound(f"no backup at {source}", "jamserver backup FILE makes one")
    if path.exists() and source.samefile(path):
        raise DatabaseError(f"{source} is the database itself", "Name a backup of it")
    _look(source)
    with _half(path) as half:
        with contextlib.closing(apsw.Connection(str(source), flags=apsw.SQLITE_OPEN_READONLY)) as old:
            _copy(old, half)
        db.prepare(half)  # a backup of an older version gets this one's schema
        with contextlib.closing(db.connect(half)) as new:
            _mark_anew(new, rng)
            new.pragma("journal_mode", "delete")  # one file, without a log beside it
        kept = _look(half)
        with _alone(path):
            aside = _set_aside(path, now) if path.exists() else None
            half.replace(path)
        _sync_folder(path.parent)
    return kept, aside


@contextlib.contextmanager
def _half(target: Path) -> Iterator[Path]:
    """An empty file beside ``target``, 0600, that is gone afterwards unless it got that name."""
    half = target.with_name(f".{target.name}.{secrets.token_hex(4)}.part")
    try:
        os.close(os.open(half, os.O_CREAT | os.O_EXCL | os.O_RDWR, 0o600))
        half.chmod(0o600)
        yield half
    except OSError as error:
        raise JamError(f"cannot write {target}: {error.strerror or error}", "Choose another place") from None
    finally:
        for suffix in ("", "-wal", "-shm", "-journal"):
            Path(f"{half}{suffix}").unlink(missing_ok=True)


def _copy(source: Connection, target: Path) -> None:
    with contextlib.closing(apsw.Connection(str(target))) as new:
        with new.backup("main", source, "main") as copying:
            copying.step(-1)  # all pages of one moment; the server goes on writing beside
        new.pragma("journal_mode", "delete")  # the copy says that it has a log: it is one file
    file = os.open(target, os.O_RDWR)
    try:
        os.fsync(file)
    finally:
        os.close(file)


def _look(path: Path) -> Kept:
    """Raises `DatabaseError` for what is no whole database of ours, or of a newer jamserver; nothing is written."""
    try:
        with contextlib.closing(apsw.Connection(str(path), flags=apsw.SQLITE_OPEN_READONLY)) as found:
            if found.pragma("application_id") != APPLICATION_ID:
                raise DatabaseError(f"{path} is not a database of jamserver", "Name a file that jamserver backup made")
            if found.pragma("user_version") > db.SCHEMA:
                raise DatabaseError(f"{path} was written by a newer jamserver", "Update jamserver")
            wrong = value(found, "PRAGMA integrity_check(1)")
            if wrong != "ok":
                raise DatabaseError(f"{path} is damaged: {wrong}", "Take an earlier backup; nothing was changed")
            posts = value(found, "SELECT count(*) FROM posts")
            head = value(found, "SELECT seq || '-' || mark FROM log")
    except apsw.Error as error:
        raise DatabaseError(f"{path} is no whole backup: {error}", "Nothing was changed") from None
    return Kept(path.stat().st_size, posts, head)


def _mark_anew(new: Connection, rng: random.Random) -> None:
    """Another mark for each change, also in the bytes that are served, and for the head."""
    with db.transaction(new, "IMMEDIATE"):
        last = -1
        while found := list(
            db.rows(new, "SELECT seq, mark, item FROM changes WHERE seq > ? ORDER BY seq LIMIT ?", (last, _AT_ONCE))
        ):
            marked = []
            for seq, old, item in found:
                while (mark := new_mark(rng)) == old:
                    pass
                marked.append((mark, _MARK.sub(rb"\g<1>" + mark.encode() + b'"', item, count=1), seq))
                last = seq
            new.executemany("UPDATE changes SET mark = ?, item = ? WHERE seq = ?", marked)
        new.execute("UPDATE log SET mark = coalesce((SELECT mark FROM changes WHERE seq = log.seq), mark)")


@contextlib.contextmanager
def _alone(path: Path) -> Iterator[None]:
    """Nobody else has the database open meanwhile. Raises `DatabaseError` when somebody has."""
    if not path.exists():
        yield
        return
    with contextlib.closing(apsw.Connection(str(path), flags=apsw.SQLITE_OPEN_READWRITE)) as old:
        try:
            old.pragma("locking_mode", "exclusive")
            old.pragma("journal_mode", "delete")  # folds the log back, which only who is alone may do
            old.execute("BEGIN EXCLUSIVE")
        except (apsw.BusyError, apsw.LockedError):
            raise DatabaseError(
                f"a server or another program has {path} open", "Stop it first: jamserver restore replaces the file"
            ) from None
        except (apsw.NotADBError, apsw.CorruptError):
            pass  # the very reason to restore
        yield


def _set_aside(path: Path, now: datetime) -> Path:
    """The database under another name as well, so that it is never nowhere."""
    aside = path.with_name(f"{path.name}.replaced-{now:%Y%m%dT%H%M%S}-{os.getpid()}")
    _link(path, aside)
    for suffix in ("-wal", "-shm"):  # of a damaged one: not to be read with the new file
        part = Path(f"{path}{suffix}")
        if part.exists():
            part.rename(Path(f"{aside}{suffix}"))
    return aside


def _link(old: Path, new: Path) -> None:
    try:
        os.link(old, new)
    except FileExistsError:
        raise JamError(f"{new} is there already", "Choose another name, or add --force to replace it") from None
    except OSError:  # a file system without hard links
        if os.path.lexists(new):
            raise JamError(f"{new} is there already", "Choose another name, or add --force to replace it") from None
        old.replace(new)


def _sync_folder(folder: Path) -> None:
    file = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(file)
    finally:
        os.close(file)
