"""The one SQLite file: opening, migrations, reading threads.

Every connection is in WAL mode with ``synchronous=FULL`` (a confirmed write survives a power cut) and ``secure_delete``
(removed text is overwritten, not merely unlinked). One thread writes (`jamserver.writer`); reads run in a few
threads with a connection each.
"""

from __future__ import annotations

import asyncio
import contextlib
import os
import threading
from collections import OrderedDict
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any, TypeVar

import apsw

from jamtui.errors import JamError, NotFound

Connection = apsw.Connection
T = TypeVar("T")

APPLICATION_ID = 0x4A414D31  # "JAM1": tells our file from any other SQLite file
BUSY_MS = 10_000  # how long to wait for another process that writes

# Step N takes a file from schema version N to N+1. Never edit a step that was released.
MIGRATIONS: tuple[str, ...] = (
    """
    -- The head of the change log: the counter that numbers changes, and how many removals blanked it.
    CREATE TABLE log(
        one INTEGER PRIMARY KEY CHECK (one = 1), seq INTEGER NOT NULL, mark TEXT NOT NULL, removals INTEGER NOT NULL
    );
    INSERT INTO log VALUES (1, 0, '0', 0);
    -- item: the change as it is served, {"seq":...,"mark":...,"type":...,"data":{...}}
    CREATE TABLE changes(
        seq INTEGER PRIMARY KEY, mark TEXT NOT NULL, type TEXT NOT NULL, object_id TEXT NOT NULL, item BLOB NOT NULL
    );
    CREATE INDEX changes_of_post ON changes(object_id) WHERE type = 'post';

    -- Objects as they now are; seq is the change that made them, and with it their order in an archive.
    CREATE TABLE jam(
        one INTEGER PRIMARY KEY CHECK (one = 1), seq INTEGER NOT NULL, id TEXT NOT NULL, data BLOB NOT NULL
    );
    CREATE TABLE people(
        id TEXT PRIMARY KEY, seq INTEGER NOT NULL UNIQUE, handle TEXT NOT NULL UNIQUE, folded TEXT NOT NULL,
        role TEXT NOT NULL, data BLOB NOT NULL
    ) WITHOUT ROWID;
    CREATE INDEX people_folded ON people(folded);
    CREATE TABLE forums(
        id TEXT PRIMARY KEY, seq INTEGER NOT NULL UNIQUE, slug TEXT NOT NULL UNIQUE, position INTEGER NOT NULL,
        data BLOB NOT NULL
    ) WITHOUT ROWID;
    -- changed: the last change of the post, of any kind; up: the tally that the log has published;
    -- content: SHA-256 of what was first sent, NULL for imported posts.
    CREATE TABLE posts(
        seq INTEGER PRIMARY KEY, id TEXT NOT NULL UNIQUE, changed INTEGER NOT NULL UNIQUE, forum_id TEXT NOT NULL,
        thread_id TEXT NOT NULL, parent_id TEXT, author_id TEXT NOT NULL, version INTEGER NOT NULL, state TEXT,
        up INTEGER NOT NULL, content BLOB, data BLOB NOT NULL
    );
    CREATE INDEX posts_of_forum ON posts(forum_id, changed);
    CREATE INDEX posts_of_thread ON posts(thread_id, changed);
    CREATE INDEX posts_of_author ON posts(author_id, changed);
    CREATE TABLE others(seq INTEGER PRIMARY KEY, type TEXT NOT NULL, data BLOB NOT NULL);
    -- person_id is '' where an archive does not say who tagged.
    CREATE TABLE post_tags(
        tag TEXT NOT NULL, post_id TEXT NOT NULL, person_id TEXT NOT NULL, PRIMARY KEY (tag, post_id, person_id)
    ) WITHOUT ROWID;
    CREATE INDEX tags_of_post ON post_tags(post_id);
    CREATE TABLE votes(
        post_id TEXT NOT NULL, person_id TEXT NOT NULL, PRIMARY KEY (person_id, post_id)
    ) WITHOUT ROWID;

    -- Private: never in the log, never in an archive. Times are milliseconds since 1970.
    CREATE TABLE passwords(person_id TEXT PRIMARY KEY, hash TEXT NOT NULL) WITHOUT ROWID;
    CREATE TABLE tokens(
        digest BLOB PRIMARY KEY, kind TEXT NOT NULL, sign_in TEXT NOT NULL, person_id TEXT NOT NULL,
        expires INTEGER NOT NULL, spent INTEGER NOT NULL DEFAULT 0
    ) WITHOUT ROWID;
    CREATE INDEX tokens_of_sign_in ON tokens(sign_in);
    CREATE TABLE invites(digest BLOB PRIMARY KEY, role TEXT NOT NULL, created INTEGER NOT NULL) WITHOUT ROWID;
    CREATE TABLE answers(
        person_id TEXT NOT NULL, key TEXT NOT NULL, method TEXT NOT NULL, path TEXT NOT NULL, request BLOB NOT NULL,
        post_id TEXT NOT NULL, seq INTEGER NOT NULL, version INTEGER NOT NULL, body BLOB NOT NULL,
        created INTEGER NOT NULL, PRIMARY KEY (person_id, key, method, path)
    ) WITHOUT ROWID;
    CREATE INDEX answers_created ON answers(created);
    CREATE INDEX answers_of_post ON answers(post_id);
    """,
    # A snapshot says its size before its first byte: the sum is read from here, not from all posts.
    "CREATE INDEX posts_length ON posts(length(data));",
    """
    -- Private as well. oidc: the issuer by which people may sign in. identities: who somebody is there, and the role
    -- that the issuer gave last. ends: when a sign-in cannot be refreshed any more, for those that have such a time.
    CREATE TABLE oidc(one INTEGER PRIMARY KEY CHECK (one = 1), data BLOB NOT NULL);
    CREATE TABLE identities(
        issuer TEXT NOT NULL, subject TEXT NOT NULL, person_id TEXT NOT NULL, role TEXT NOT NULL,
        PRIMARY KEY (issuer, subject)
    ) WITHOUT ROWID;
    CREATE TABLE ends(sign_in TEXT PRIMARY KEY, at INTEGER NOT NULL) WITHOUT ROWID;
    ALTER TABLE invites ADD COLUMN ends INTEGER;
    """,
    """
    -- Private as well: ID tokens that gave a sign-in, for as long as they would be believed.
    CREATE TABLE exchanged(digest BLOB PRIMARY KEY, sign_in TEXT NOT NULL, expires INTEGER NOT NULL) WITHOUT ROWID;
    CREATE INDEX exchanged_expires ON exchanged(expires);
    """,
    """
    -- Records that have no table of their own (`jamserver.records`): announcement, tag, link, poll, what nobody knows.
    ALTER TABLE others ADD COLUMN id TEXT NOT NULL DEFAULT '';
    UPDATE others SET id = coalesce(json_extract(CAST(data AS TEXT), '$.id'), '') WHERE json_valid(CAST(data AS TEXT));
    CREATE INDEX others_id ON others(type, id);

    -- Private: who chose what in a poll; what was reported; what moderators did, and what undoing it needs; the text of
    -- what is hidden; what one person is told; since when an account is there, and until when it may not write.
    CREATE TABLE ballots(
        poll_id TEXT NOT NULL, person_id TEXT NOT NULL, choice INTEGER NOT NULL, PRIMARY KEY (poll_id, person_id)
    ) WITHOUT ROWID;
    CREATE INDEX ballots_of_person ON ballots(person_id);
    CREATE TABLE reports(
        n INTEGER PRIMARY KEY, id TEXT NOT NULL UNIQUE, post_id TEXT NOT NULL, person_id TEXT NOT NULL,
        state TEXT NOT NULL, data BLOB NOT NULL
    );
    CREATE INDEX reports_state ON reports(state, n);
    CREATE INDEX reports_of_post ON reports(post_id);
    CREATE INDEX reports_of_person ON reports(person_id);
    CREATE TABLE moderation(
        n INTEGER PRIMARY KEY, id TEXT NOT NULL UNIQUE, act TEXT NOT NULL, by_id TEXT NOT NULL, post_id TEXT NOT NULL,
        person_id TEXT NOT NULL, data BLOB NOT NULL, before BLOB, undone_by TEXT
    );
    CREATE TABLE hidden(post_id TEXT PRIMARY KEY, data BLOB NOT NULL) WITHOUT ROWID;
    CREATE TABLE notices(
        n INTEGER PRIMARY KEY, id TEXT NOT NULL UNIQUE, person_id TEXT NOT NULL, data BLOB NOT NULL
    );
    CREATE INDEX notices_of_person ON notices(person_id, n);
    CREATE TABLE joined(person_id TEXT PRIMARY KEY, at INTEGER NOT NULL) WITHOUT ROWID;
    CREATE TABLE suspensions(
        person_id TEXT PRIMARY KEY, until INTEGER NOT NULL, reason TEXT NOT NULL
    ) WITHOUT ROWID;

    -- Who chose their name themselves, so that an issuer's does not go over it; digests of handles of people who left.
    CREATE TABLE own_names(person_id TEXT PRIMARY KEY) WITHOUT ROWID;
    CREATE TABLE left_handles(digest BLOB PRIMARY KEY, until INTEGER NOT NULL) WITHOUT ROWID;
    CREATE INDEX changes_of_person ON changes(object_id) WHERE type = 'person';
    """,
    """
    -- Which links between posts are there, by both ends and by who put them; their records are in others, under seq.
    CREATE TABLE links(
        seq INTEGER PRIMARY KEY, from_id TEXT NOT NULL, to_id TEXT NOT NULL, author_id TEXT NOT NULL
    );
    CREATE INDEX links_from ON links(from_id, seq);
    CREATE INDEX links_to ON links(to_id, seq);
    CREATE INDEX links_by ON links(author_id);
    INSERT INTO links
    SELECT seq, data ->> '$.from_id', data ->> '$.to_id', data ->> '$.author_id'
    FROM (SELECT seq, id, CAST(data AS TEXT) AS data FROM others WHERE type = 'link' AND json_valid(CAST(data AS TEXT)))
    WHERE id = (data ->> '$.from_id') || '.' || (data ->> '$.kind') || '.' || (data ->> '$.to_id')
        AND data ->> '$.author_id' IS NOT NULL AND data ->> '$.gone' IS NOT 1;
    -- Ballots of a poll that came with an archive, which does not say who chose: counted with those that are known.
    CREATE TABLE counted(
        poll_id TEXT NOT NULL, choice INTEGER NOT NULL, ballots INTEGER NOT NULL, PRIMARY KEY (poll_id, choice)
    ) WITHOUT ROWID;
    -- Records are blanked in all their changes, as posts and people are.
    CREATE INDEX changes_of_record ON changes(type, object_id) WHERE type NOT IN ('post', 'person', 'votes');
    """,
)
SCHEMA = len(MIGRATIONS)


class DatabaseError(JamError):
    """The file cannot be used as the server's database (exit 1)."""


def row(db: Connection, sql: str, bindings: Any = None) -> tuple[Any, ...] | None:
    """The first row, or None."""
    return db.execute(sql, bindings).fetchone()


def value(db: Connection, sql: str, bindings: Any = None) -> Any:
    """The first column of the first row, or None."""
    first = db.execute(sql, bindings).fetchone()
    return None if first is None else first[0]


def rows(db: Connection, sql: str, bindings: Any = None) -> Iterator[tuple[Any, ...]]:
    """The rows, as they are read."""
    return iter(db.execute(sql, bindings))


@contextlib.contextmanager
def transaction(db: Connection, mode: str = "DEFERRED") -> Iterator[None]:
    """BEGIN ... COMMIT, or ROLLBACK when something is raised. DEFERRED sees one state of the file throughout."""
    db.execute(f"BEGIN {mode}")
    try:
        yield
        db.execute("COMMIT")
    except BaseException:
        if db.in_transaction:  # SQLite may have rolled back by itself, when the disk is full
            db.execute("ROLLBACK")
        raise


def connect(path: Path) -> Connection:
    """A connection with the settings of the house, to a file that `prepare` has seen."""
    return _set_up(apsw.Connection(str(path), flags=apsw.SQLITE_OPEN_READWRITE))


def _set_up(db: Connection) -> Connection:
    db.set_busy_timeout(BUSY_MS)
    db.pragma("journal_mode", "wal")
    db.pragma("synchronous", "full")
    db.pragma("secure_delete", True)
    db.pragma("temp_store", "memory")
    return db


def prepare(path: Path, *, create: bool = True) -> bool:
    """Brings the file to this version's schema; makes it, mode 0600, when it is not there. True when it was made.

    Raises `DatabaseError` for a file that is none of ours or newer than this program (left untouched), `NotFound`
    when it is not there and ``create`` is false.
    """
    made = False
    if not path.exists():
        if not create:
            raise NotFound(f"no database at {path}", "Name it with --db, or make one: jamserver run --db FILE")
        try:
            # Before SQLite opens it: -wal and -shm take the mode of the file, and would follow the umask.
            os.close(os.open(path, os.O_CREAT | os.O_EXCL | os.O_RDWR, 0o600))
            path.chmod(0o600)  # an umask may have taken away even the owner's rights
        except FileExistsError:
            pass  # another process makes it at this moment; what follows waits for its lock
        except OSError as error:
            raise DatabaseError(f"cannot create {path}: {error.strerror}", "Choose another place with --db") from None
        else:
            made = True
    try:
        _look(path)
        with contextlib.closing(connect(path)) as db:
            _migrate(db)
    except apsw.NotADBError:
        raise DatabaseError(f"{path} is not a database", "Choose another file with --db") from None
    except apsw.Error as error:
        raise DatabaseError(
            f"cannot open {path}: {error}", "See that it can be written and the disk has room"
        ) from None
    return made


def _look(path: Path) -> None:
    """Refuses, through a reading connection, what must stay untouched."""
    with contextlib.closing(apsw.Connection(str(path), flags=apsw.SQLITE_OPEN_READONLY)) as db:
        db.set_busy_timeout(BUSY_MS)
        version = db.pragma("user_version")
        ours = db.pragma("application_id") == APPLICATION_ID
        empty = value(db, "SELECT count(*) FROM sqlite_schema") == 0
    if not ours and not empty:
        raise DatabaseError(f"{path} is a database of another program", "Choose another file with --db")
    if version > SCHEMA:
        raise DatabaseError(
            f"{path} was written by a newer jamserver (schema {version}, this one knows {SCHEMA})",
            "Update jamserver; the file was not touched",
        )


def _migrate(db: Connection) -> None:
    if db.pragma("user_version") == SCHEMA:
        return
    with transaction(db, "IMMEDIATE"):
        # Read again under the lock: another process may have been faster.
        for version in range(db.pragma("user_version"), SCHEMA):
            db.execute(MIGRATIONS[version])
            db.pragma("user_version", version + 1)
        db.pragma("application_id", APPLICATION_ID)


class _Reading(apsw.Connection):
    """A connection that never writes. It keeps bodies that were made of one state of the file, for whoever asks for the
    same before anything is committed: all who come back after an outage do."""

    MOST = 2 << 20  # bytes, for each reading thread

    def __init__(self, path: str) -> None:
        super().__init__(path, flags=apsw.SQLITE_OPEN_READWRITE)
        self._state: object = None
        self._bodies: OrderedDict[object, bytes] = OrderedDict()
        self._size = 0

    def body(self, key: object, make: Callable[[], bytes]) -> bytes:
        # Another number after each commit of any other connection, and the same throughout a transaction.
        if (state := self.pragma("data_version")) != self._state:
            self._bodies.clear()
            self._state, self._size = state, 0
        found = self._bodies.get(key)
        if found is None:
            found = make()
            if (size := self._sized(key, found)) <= self.MOST // 2:
                self._bodies[key] = found
                self._size += size
                while self._size > self.MOST:
                    self._size -= self._sized(*self._bodies.popitem(last=False))
        return found

    @staticmethod
    def _sized(key: object, body: bytes) -> int:
        """Bytes, about. What is asked for counts as well: anybody may ask for the posts of an author of 60,000 letters,
        and for another one each time."""
        return len(body) + len(repr(key))


def made_once(db: Connection, key: object, make: Callable[[], bytes]) -> bytes:
    """What ``make`` gives, made once for each state of the file where ``db`` is that of a reading thread. ``key`` has
    all that it depends on beside the file."""
    return db.body(key, make) if isinstance(db, _Reading) else make()


class Readers:
    """A few reading threads, each with its own connection."""

    def __init__(self, path: Path, threads: int = 4) -> None:
        self._path = path
        self._own = threading.local()
        self._connections: list[Connection] = []
        self._pool = ThreadPoolExecutor(threads, thread_name_prefix="jam-read")

    def _work(self, job: Callable[[Connection], T]) -> T:
        db: Connection | None = getattr(self._own, "db", None)
        if db is None:
            db = self._own.db = _set_up(_Reading(str(self._path)))
            db.pragma("query_only", True)
            self._connections.append(db)
        with transaction(db):
            return job(db)

    async def run(self, job: Callable[[Connection], T]) -> T:
        """``job`` in a reading thread, on one state of the database."""
        return await asyncio.get_running_loop().run_in_executor(self._pool, self._work, job)

    def close(self) -> None:
        """Waits for what runs, then closes."""
        self._pool.shutdown()
        for db in self._connections:
            db.close()
