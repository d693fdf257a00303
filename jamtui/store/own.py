"""What exists nowhere else: drafts, outbox, reading state, one's own votes, places. Never fetched anew, never dropped.

Every write is one short transaction with synchronous=FULL: when the call returns, it is on the disk. Reading state,
places, mutes and follows are written by `jamtui.store.marks`.

``stamp`` counts the transactions after which rows may look otherwise (not those of places and drafts), and apart from
them those after which counts do, so that nothing is counted anew because a cursor moved or a post was sent.
"""

from __future__ import annotations

import contextlib
import json
import random
from collections.abc import Iterable, Iterator
from datetime import UTC, datetime

import apsw
import msgspec
from msgspec import Struct
from msgspec.structs import replace

from jamtui.model import Draft, DraftKind, SendState
from jamtui.store.connection import Schema, transaction

_V1 = """
CREATE TABLE read(h INTEGER PRIMARY KEY);   -- mirror.hash_of(post id); present: read
CREATE TABLE saved(post_id TEXT PRIMARY KEY, at INTEGER NOT NULL) WITHOUT ROWID;
CREATE TABLE my_votes(post_id TEXT PRIMARY KEY) WITHOUT ROWID;
CREATE TABLE places(name TEXT PRIMARY KEY, value TEXT NOT NULL) WITHOUT ROWID;
CREATE TABLE drafts(
    kind TEXT NOT NULL, target TEXT NOT NULL, title TEXT NOT NULL, body TEXT NOT NULL, tags TEXT NOT NULL,
    base_version INTEGER NOT NULL, updated INTEGER NOT NULL, PRIMARY KEY (kind, target)) WITHOUT ROWID;
CREATE TABLE outbox(
    n INTEGER PRIMARY KEY AUTOINCREMENT,  -- the order in which it was written; -n is the key of an overlaid post
    id TEXT NOT NULL UNIQUE,
    kind TEXT NOT NULL,       -- post edit delete tag untag vote unvote
    post_id TEXT NOT NULL,
    thread_id TEXT NOT NULL,  -- writes of one thread are sent in order
    forum_id TEXT NOT NULL,
    payload BLOB NOT NULL,    -- JSON, what the request is made of
    sha256 BLOB NOT NULL,     -- of the payload
    state TEXT NOT NULL,      -- queued, refused, sent (confirmed, waiting for the mirror to show it)
    reason TEXT NOT NULL DEFAULT '',
    code TEXT NOT NULL DEFAULT '',
    attempts INTEGER NOT NULL DEFAULT 0,
    created INTEGER NOT NULL,
    next_try INTEGER NOT NULL DEFAULT 0,
    seq INTEGER NOT NULL DEFAULT 0);  -- sent: the change that it became
"""

# Reading state that says more, and what is muted and followed.
_V2 = """
ALTER TABLE read ADD COLUMN version INTEGER NOT NULL DEFAULT 0;  -- of the post as it was read; 0: not looked at
CREATE TABLE marks(
    kind TEXT NOT NULL,    -- thread tag person
    target TEXT NOT NULL,  -- id of the opener, name of the tag, id of the person
    mark TEXT NOT NULL,    -- muted followed
    at INTEGER NOT NULL, PRIMARY KEY (kind, target)) WITHOUT ROWID;
CREATE TABLE kept(raw TEXT PRIMARY KEY) WITHOUT ROWID;  -- records of a newer jamtui's `state export`
CREATE TABLE stamp(one INTEGER PRIMARY KEY CHECK (one = 1), n INTEGER NOT NULL);
INSERT INTO stamp VALUES (1, 0);
"""

# Transactions after which counts of what is unread look otherwise; each is counted in n, too.
_V3 = "ALTER TABLE stamp ADD COLUMN reading INTEGER NOT NULL DEFAULT 0;"

SCHEMA = Schema(
    "store of your own texts",
    0x4A414F31,
    (_V1, _V2, _V3),
    "FULL",
    if_broken="Drafts, outbox and reading state are in it: copy it elsewhere, then move it away to start without them.",
)


class Payload(msgspec.Struct, frozen=True, omit_defaults=True):
    """What an outbox row asks of the server; fields that its kind does not need stay empty."""

    parent_id: str | None = None
    title: str = ""
    body: str = ""
    tags: tuple[str, ...] = ()
    tag: str = ""
    base_version: int = 0
    written_at: str = ""


class Queued(Struct, frozen=True):
    """A row of the outbox as it stands on disk. ``intact`` is False when the checksum does not fit the payload."""

    n: int
    id: str
    kind: str
    post_id: str
    thread_id: str
    forum_id: str
    payload: Payload
    state: str
    reason: str
    code: str
    attempts: int
    created: datetime
    next_try: datetime | None
    seq: int
    intact: bool = True

    @property
    def shown(self) -> SendState:
        """What a person is told: *sending* from the first attempt until the mirror has it."""
        if self.state == "refused":
            return SendState.REFUSED
        return SendState.SENDING if self.state == "sent" else SendState.QUEUED


class Dropped(Struct, frozen=True):
    """What `Own.drop` did, for `Own.put_back`: rows that went, and rows that stay otherwise, as they were before."""

    rows: tuple[Queued, ...]  # the one that was meant first
    changed: tuple[Queued, ...]

    @property
    def answers(self) -> int:
        """One's own answers to a dropped post: kept as refused, since their text exists nowhere else."""
        return sum(row.kind == "post" for row in self.changed)


_PAYLOAD = msgspec.json.Decoder(Payload)
_COLUMNS = (
    "n, id, kind, post_id, thread_id, forum_id, payload, sha256, state, reason, code, attempts, created, next_try, seq"
)


_PARENT_DROPPED = "The post that it answers was taken back before it was sent. Your text is kept: send it elsewhere."

BUMP = "UPDATE stamp SET n = n + 1"
BUMP_READING = "UPDATE stamp SET n = n + 1, reading = reading + 1"


def new_uuid7(now: datetime, rng: random.Random) -> str:
    """A UUIDv7 (RFC 9562, section 5.7), the id of a row: milliseconds of ``now``, then 74 random bits."""
    value = int(now.timestamp() * 1000) & ((1 << 48) - 1)
    value = value << 16 | 0x7000 | rng.getrandbits(12)
    value = value << 64 | 0b10 << 62 | rng.getrandbits(62)
    digits = f"{value:032x}"
    return f"{digits[:8]}-{digits[8:12]}-{digits[12:16]}-{digits[16:20]}-{digits[20:]}"


class Own:
    """Reads and writes one's own store over one connection."""

    def __init__(self, db: apsw.Connection) -> None:
        self.db = db

    @contextlib.contextmanager
    def _changing(self) -> Iterator[None]:
        """A transaction after which rows look otherwise."""
        with transaction(self.db):
            yield
            self.db.execute(BUMP)

    def stamp(self) -> tuple[int, int]:
        """(rows, counts): another number means that these may look otherwise."""
        rows, counts = next(iter(self.db.execute("SELECT n, reading FROM stamp")))
        return _int(rows), _int(counts)

    # -- drafts

    def draft(self, kind: DraftKind, target: str) -> Draft | None:
        rows = self._drafts("WHERE kind = ? AND target = ?", (kind.value, target))
        return rows[0] if rows else None

    def drafts(self) -> list[Draft]:
        """All drafts, the latest first."""
        return self._drafts("ORDER BY updated DESC", ())

    def _drafts(self, where: str, values: tuple[str, ...]) -> list[Draft]:
        sql = f"SELECT kind, target, title, body, tags, base_version, updated FROM drafts {where}"
        return [
            Draft(DraftKind(kind), target, title, body, tuple(json.loads(tags)), version, _time(updated))
            for kind, target, title, body, tags, version, updated in self.db.execute(sql, values)
        ]

    def save_draft(self, draft: Draft, now: datetime) -> None:
        """On disk when this returns; an empty draft is removed."""
        with transaction(self.db):
            self.put_draft(draft, now)

    def put_draft(self, draft: Draft, now: datetime) -> None:
        if draft.empty and not draft.tags:
            self.remove_draft(draft.kind, draft.target)
            return
        self.db.execute(
            "INSERT OR REPLACE INTO drafts VALUES (?, ?, ?, ?, ?, ?, ?)",
            (
                draft.kind.value,
                draft.target,
                _storable(draft.title),
                _storable(draft.body),
                json.dumps([_storable(tag) for tag in draft.tags], ensure_ascii=False),
                draft.base_version,
                _ms(now),
            ),
        )

    def remove_draft(self, kind: DraftKind, target: str) -> None:
        self.db.execute("DELETE FROM drafts WHERE kind = ? AND target = ?", (kind.value, target))

    # -- the outbox

    def outbox(self, where: str = "", values: tuple[object, ...] = ()) -> list[Queued]:
        """Rows in the order in which they were written."""
        return [_queued(row) for row in self.db.execute(f"SELECT {_COLUMNS} FROM outbox {where} ORDER BY n", values)]

    def one(self, outbox_id: str) -> Queued | None:
        rows = self.outbox("WHERE id = ?", (outbox_id,))
        return rows[0] if rows else None

    def enqueue(
        self,
        outbox_id: str,
        kind: str,
        post_id: str,
        thread_id: str,
        forum_id: str,
        payload: Payload,
        now: datetime,
        *,
        instead_of: Draft | None = None,
    ) -> None:
        """One transaction: the row is in, and the draft that it was made of is out."""
        raw = msgspec.json.encode(payload)
        with self._changing():
            self.db.execute(
                "INSERT INTO outbox(id, kind, post_id, thread_id, forum_id, payload, sha256, state, created) "
                "VALUES (?, ?, ?, ?, ?, ?, ?, 'queued', ?)",
                (outbox_id, kind, post_id, thread_id, forum_id, raw, _digest(raw), _ms(now)),
            )
            if instead_of is not None:
                self.remove_draft(instead_of.kind, instead_of.target)

    def put_back(self, dropped: Dropped) -> None:
        """Undo of `drop`: the rows stand again where they stood, and one that was damaged is so again."""
        with self._changing():
            for row in dropped.rows:
                raw = msgspec.json.encode(row.payload)
                self.db.execute(
                    f"INSERT OR IGNORE INTO outbox({_COLUMNS}) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
                    (
                        row.n, row.id, row.kind, row.post_id, row.thread_id, row.forum_id, raw,
                        _digest(raw) if row.intact else b"", row.state, row.reason, row.code, row.attempts,
                        _ms(row.created), _ms(row.next_try) if row.next_try else 0, row.seq,
                    ),
                )  # fmt: skip
            for row in dropped.changed:
                self._change(row)

    def drop(self, outbox_id: str, draft: Draft | None = None, now: datetime | None = None) -> Dropped | None:
        """Takes a row out that was not sent, with what would change the same post, which will never be there.

        One's own answers to that post become refused ones; changes that counted on a dropped edit count on it no
        more. ``draft``, if any, is saved with it. None when the row has been sent, or is not there: then nothing is
        done.
        """
        with self._changing():
            row = self.one(outbox_id)
            if row is None or row.state == "sent":
                return None
            behind = self.outbox("WHERE n > ? AND state <> 'sent'", (row.n,))
            rows, changed = [row], list[Queued]()
            if row.kind == "post":
                rows += [one for one in behind if one.post_id == row.post_id]
                changed = [one for one in behind if one.payload.parent_id == row.post_id and one.state == "queued"]
                for one in changed:
                    self._change(replace(one, state="refused", reason=_PARENT_DROPPED, code="parent_gone"))
            elif row.kind == "edit" and row.state == "queued":
                changed = [
                    one for one in behind
                    if one.post_id == row.post_id and one.kind in ("edit", "delete") and one.state == "queued"
                    and one.intact
                ]  # fmt: skip
                for one in changed:
                    version = max(1, one.payload.base_version - 1)
                    self._change(replace(one, payload=replace(one.payload, base_version=version)))
            self.db.executemany("DELETE FROM outbox WHERE id = ?", [(one.id,) for one in rows])
            if draft is not None and now is not None:
                self.put_draft(draft, now)
        return Dropped(tuple(rows), tuple(changed))

    def _change(self, row: Queued) -> None:
        """A row that is there and was not sent becomes ``row``; one that was damaged stays so."""
        raw = msgspec.json.encode(row.payload)
        self.db.execute(
            "UPDATE outbox SET payload = ?, sha256 = ?, state = ?, reason = ?, code = ? "
            "WHERE id = ? AND state <> 'sent'",
            (raw, _digest(raw) if row.intact else b"", row.state, row.reason, row.code, row.id),
        )

    def retry(self, outbox_id: str) -> None:
        """Queued again, due at once."""
        with self._changing():
            self.db.execute(
                "UPDATE outbox SET state = 'queued', reason = '', code = '', next_try = 0 "
                "WHERE id = ? AND state <> 'sent'",
                (outbox_id,),
            )

    def sent(self, outbox_id: str, seq: int) -> None:
        """The server confirmed it: it became change ``seq`` and waits for the mirror to pass that."""
        with self._changing():
            self.db.execute(
                "UPDATE outbox SET state = 'sent', seq = ?, reason = '', code = '' WHERE id = ?", (seq, outbox_id)
            )

    def requeue_sent(self) -> None:
        """What was confirmed but is not mirrored yet is to be sent again: the server's log was replaced."""
        with self._changing():
            self.db.execute("UPDATE outbox SET state = 'queued', seq = 0, next_try = 0 WHERE state = 'sent'")

    def later(self, outbox_id: str, reason: str, next_try: datetime) -> None:
        with self._changing():
            self.db.execute(
                "UPDATE outbox SET attempts = attempts + 1, reason = ?, next_try = ? WHERE id = ?",
                (reason, _ms(next_try), outbox_id),
            )

    def refused(self, outbox_id: str, reason: str, code: str) -> None:
        with self._changing():
            self.db.execute(
                "UPDATE outbox SET state = 'refused', attempts = attempts + 1, reason = ?, code = ? WHERE id = ?",
                (reason, code, outbox_id),
            )

    def forget_sent(self, seq: int) -> bool:
        """Drops what the mirror now shows: confirmed rows whose change the cursor has passed. True if there were any.

        A vote becomes the server's word on it here, not before: the tally and the mark change together.
        """
        if not self.outbox("WHERE state = 'sent' AND seq <= ?", (seq,)):
            return False  # as nearly always: no transaction, which waits for the disk
        with self._changing():
            gone = self.outbox("WHERE state = 'sent' AND seq <= ?", (seq,))
            for row in gone:
                if row.kind == "vote":
                    self.db.execute("INSERT OR IGNORE INTO my_votes VALUES (?)", (row.post_id,))
                elif row.kind == "unvote":
                    self.db.execute("DELETE FROM my_votes WHERE post_id = ?", (row.post_id,))
            self.db.execute("DELETE FROM outbox WHERE state = 'sent' AND seq <= ?", (seq,))
        return bool(gone)

    # -- one's own votes, as the server knows them

    def set_votes(self, post_ids: Iterable[str]) -> None:
        with self._changing():
            self.db.execute("DELETE FROM my_votes")
            self.db.executemany("INSERT OR IGNORE INTO my_votes VALUES (?)", [(post_id,) for post_id in post_ids])


def _digest(text: bytes) -> bytes:
    import hashlib  # OpenSSL comes with it: not at every start

    return hashlib.sha256(text).digest()


def _queued(row: tuple[apsw.SQLiteValue, ...]) -> Queued:
    n, outbox_id, kind, post_id, thread_id, forum_id, raw, digest, state, reason, code, attempts, created, due, seq = (
        row
    )
    text = raw if isinstance(raw, bytes) else str(raw).encode()
    intact = _digest(text) == digest
    try:
        payload = _PAYLOAD.decode(text)
    except (msgspec.DecodeError, UnicodeDecodeError):
        payload, intact = Payload(body=text.decode("utf-8", "replace")), False
    return Queued(
        _int(n), str(outbox_id), str(kind), str(post_id), str(thread_id), str(forum_id), payload, str(state),
        str(reason), str(code), _int(attempts), _time(created), _time(due) if due else None, _int(seq), intact,
    )  # fmt: skip


def _int(value: apsw.SQLiteValue) -> int:
    return value if isinstance(value, int) else int(str(value))


def _storable(text: str) -> str:
    """A lone surrogate (from a broken terminal or file) cannot be stored as UTF-8; it becomes U+FFFD."""
    return text.encode("utf-16", "surrogatepass").decode("utf-16", "replace")


def _ms(moment: datetime) -> int:
    return int(moment.timestamp() * 1000)


def _time(ms: apsw.SQLiteValue) -> datetime:
    return datetime.fromtimestamp(_int(ms) / 1000, UTC)
