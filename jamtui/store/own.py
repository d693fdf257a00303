"""What exists nowhere else: drafts, outbox, reading state, one's own votes, places. Never fetched anew, never dropped.

Every write is one short transaction with synchronous=FULL: when the call returns, it is on the disk. Reading state,
places, mutes and follows are written by `jamtui.store.marks`.

``stamp`` counts the transactions after which rows may look otherwise (not those of places and drafts), and apart from
them those after which counts do, so that nothing is counted anew because a cursor moved or a post was sent.
"""

from __future__ import annotations

import contextlib
import random
from collections.abc import Callable, Iterable, Iterator, Sequence
from datetime import datetime

import apsw
import msgspec
from msgspec import Struct
from msgspec.structs import replace

from jamtui.model import CHANGE, EVERYBODY, Draft, DraftKind, SendState
from jamtui.store.connection import Schema, as_bytes, transaction
from jamtui.store.drafts import DROPPED, Drafts, as_int, as_ms, as_time
from jamtui.store.own_tables import MIGRATIONS

SCHEMA = Schema(
    "store of your own texts",
    0x4A414F31,
    MIGRATIONS,
    "FULL",
    if_broken="Close every other jamtui and start again: what can be read of it is saved, and the file is kept.",
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
    kind: str = ""  # of a post that opens a thread
    path: tuple[str, ...] = ()  # of an act (`jamtui.sync.acts`): the segments of its address below the API
    data: dict[str, object] = msgspec.field(default_factory=dict)  # of an act: the fields of its request


# Every kind of row; those of the second line are acts, whose payload is ``path``, ``data`` and, in ``title``, one line
# that says what it does.
POSTED = ("post", "edit", "delete", "tag", "untag", "vote", "unvote")
ACTS: tuple[str, ...] = (
    "announce", "announce-change", "withdraw", "brief", "poll", "close-poll", "remove-poll", "ballot", "unballot",
    "report", "moderate", "decide",
    "profile", "tag-curate", "tag-forget", "tag-merge", "tag-unmerge",
    "kind", "idea-state", "feature", "unfeature", "connect", "disconnect",
)  # fmt: skip
KINDS = (*POSTED, *ACTS)
# Those that a person wrote a text for, which is never lost.
TEXTS = ("post", "edit", "brief", "announce", "announce-change")


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
    def unheard(self) -> bool:
        """Whether the Jam may have this post, though nobody heard of it: a try was begun, and no refusal came."""
        return self.kind == "post" and self.state == "queued" and self.attempts > 0

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
    thrown: tuple[int, ...] = ()  # their texts, among what was thrown away
    unsaid: str = ""  # the row that takes the post back at the Jam, where it may have arrived

    @property
    def answers(self) -> int:
        """One's own answers to a dropped post: kept as refused, since their text exists nowhere else."""
        return sum(row.kind == "post" for row in self.changed)


_PAYLOAD = msgspec.json.Decoder(Payload)
_COLUMNS = (
    "n, id, kind, post_id, thread_id, forum_id, payload, sha256, state, reason, code, attempts, created, next_try, seq"
)


_PARENT_DROPPED = "The post that it answers was taken back before it was sent. Your text is kept: send it elsewhere."
_UNSAID = "You took this post back. It may have arrived before that, so the Jam is asked to take it back, too."

BUMP = "UPDATE stamp SET n = n + 1"
BUMP_READING = "UPDATE stamp SET n = n + 1, reading = reading + 1"


def new_uuid7(now: datetime, rng: random.Random) -> str:
    """A UUIDv7 (RFC 9562, section 5.7), the id of a row: milliseconds of ``now``, then 74 random bits."""
    value = int(now.timestamp() * 1000) & ((1 << 48) - 1)
    value = value << 16 | 0x7000 | rng.getrandbits(12)
    value = value << 64 | 0b10 << 62 | rng.getrandbits(62)
    digits = f"{value:032x}"
    return f"{digits[:8]}-{digits[8:12]}-{digits[12:16]}-{digits[16:20]}-{digits[20:]}"


class Own(Drafts):
    """Reads and writes one's own store over one connection."""

    @contextlib.contextmanager
    def changing(self) -> Iterator[None]:
        """A transaction after which rows look otherwise."""
        with transaction(self.db):
            yield
            self.db.execute(BUMP)

    def stamp(self) -> tuple[int, int]:
        """(rows, counts): another number means that these may look otherwise."""
        rows, counts = next(iter(self.db.execute("SELECT n, reading FROM stamp")))
        return as_int(rows), as_int(counts)

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
        payload: Payload | Callable[[], Payload],
        now: datetime,
        *,
        instead_of: Draft | None = None,
        behind: Sequence[tuple[str, str, Payload]] = (),
    ) -> None:
        """One transaction: the row is in, and the draft that it was made of is out. ``behind`` are further rows about
        the same post: (id, kind, payload).

        A ``payload`` that depends on what else waits is made inside it: nothing is confirmed or refused meanwhile.
        """
        with self.changing():
            payload = payload() if callable(payload) else payload
            self.insert(outbox_id, kind, post_id, thread_id, forum_id, payload, now)
            for one, act, more in behind:
                self.insert(one, act, post_id, thread_id, forum_id, more, now)
            if instead_of is not None:
                self.sent_draft(instead_of, now)

    def insert(
        self,
        outbox_id: str,
        kind: str,
        post_id: str,
        thread_id: str,
        forum_id: str,
        payload: Payload,
        now: datetime,
        *,
        reason: str = "",
    ) -> None:
        """A row, inside the caller's `changing`; ``reason`` says why it is there, when nobody has just written it."""
        raw = msgspec.json.encode(payload)
        self.db.execute(
            "INSERT INTO outbox(id, kind, post_id, thread_id, forum_id, payload, sha256, state, reason, created, "
            "attempts) VALUES (?, ?, ?, ?, ?, ?, ?, 'queued', ?, ?, ?)",
            (
                outbox_id,
                kind,
                post_id,
                thread_id,
                forum_id,
                raw,
                _digest(raw),
                reason,
                as_ms(now),
                self._tried(outbox_id),
            ),
        )

    def _tried(self, outbox_id: str) -> int:
        """Whether a new row was in the outbox before, and tried: 1 or 0. From here on the row itself knows."""
        self.db.execute("DELETE FROM unheard WHERE post_id = ? AND NOT unsaid", (outbox_id,))
        return int(self.db.changes() > 0)

    def put_last(self, outbox_ids: Sequence[str]) -> None:
        """These rows stand behind all others, inside the caller's `changing`: they were written later, and may answer
        what the others bring. No number is used that was not in use: an undo may still come with its own."""
        rows = {row.id: row.n for row in self.outbox()}
        if not outbox_ids or len(outbox_ids) == len(rows):
            return
        last = set(outbox_ids)
        order = [*(one for one in rows if one not in last), *outbox_ids]
        numbers = zip(sorted(rows.values()), order, strict=True)
        self.db.executemany("UPDATE outbox SET n = ? WHERE id = ?", [(-n, one) for n, one in numbers])
        self.db.execute("UPDATE outbox SET n = -n WHERE n < 0")

    def put_back(self, dropped: Dropped) -> bool:
        """Undo of `drop`: the rows stand again where they stood, and one that was damaged is so again. False, and
        nothing is done, when the Jam has been asked to take the post back."""
        with self.changing():
            if dropped.unsaid:
                asking = self.one(dropped.unsaid)
                if asking is None or asking.state != "queued" or asking.attempts:
                    return False
                self._over(asking)
                self.db.execute("DELETE FROM unheard WHERE post_id = ?", (asking.post_id,))
            for row in dropped.rows:
                raw = msgspec.json.encode(row.payload)
                self.db.execute(
                    f"INSERT OR IGNORE INTO outbox({_COLUMNS}) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
                    (
                        row.n, row.id, row.kind, row.post_id, row.thread_id, row.forum_id, raw,
                        _digest(raw) if row.intact else b"", row.state, row.reason, row.code, row.attempts,
                        as_ms(row.created), as_ms(row.next_try) if row.next_try else 0, row.seq,
                    ),
                )  # fmt: skip
            for row in dropped.changed:
                self._change(row)
            for n in dropped.thrown:
                self.forget_thrown(n)
        return True

    def drop(self, outbox_id: str, now: datetime, draft: Draft | None = None) -> Dropped | None:
        """Takes a row out that was not sent, with what would change the same post, which will never be there.

        One's own answers to that post become refused ones; changes that counted on a dropped edit count on it no
        more. ``draft``, if any, is saved with it; else the texts are kept among what was thrown away, and the Jam is
        asked to take back a post that may have arrived. None, and nothing is done, when the row was sent or is gone.
        """
        with self.changing():
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
                changed = self._count_on_no_more(row)
            self.db.executemany("DELETE FROM outbox WHERE id = ?", [(one.id,) for one in rows])
            thrown: tuple[int, ...] = ()
            unsaid = ""
            if row.unheard:
                self.db.execute(
                    "INSERT OR REPLACE INTO unheard VALUES (?, ?, ?, 0)", (row.post_id, row.thread_id, row.forum_id)
                )
            if draft is not None:
                self.put_draft(draft, now)
            else:
                thrown = tuple(self.throw(as_draft(one), DROPPED, now) for one in rows if one.kind in TEXTS)
                unsaid = self.given_up(as_draft(row), now)
        return Dropped(tuple(rows), tuple(changed), thrown, unsaid)

    # -- posts that may have arrived without our hearing of it

    def begin(self, outbox_id: str) -> bool:
        """A try begins: from here on the Jam may have it. False when the row is not there any more, to be sent."""
        with transaction(self.db):  # nothing looks otherwise for that
            self.db.execute("UPDATE outbox SET attempts = attempts + 1 WHERE id = ? AND state = 'queued'", (outbox_id,))
            return self.db.changes() > 0

    def not_begun(self, outbox_id: str) -> None:
        """A try ended before anything was sent: it is as if it had not been."""
        with transaction(self.db):
            self.db.execute("UPDATE outbox SET attempts = max(0, attempts - 1) WHERE id = ?", (outbox_id,))

    def given_up(self, draft: Draft, now: datetime) -> str:
        """Part of a transaction. The post that became ``draft`` is not to be: if it may have arrived, the Jam is asked
        to take it back, by the row whose id is returned."""
        where = "FROM unheard WHERE post_id = ? AND NOT unsaid"
        for thread_id, forum_id in list(self.db.execute(f"SELECT thread_id, forum_id {where}", (draft.post_id,))):
            import uuid  # not at every start

            row_id = str(uuid.uuid5(uuid.NAMESPACE_OID, f"unsaid {draft.post_id}"))
            summary = " ".join((draft.title or draft.body).split())[:80]
            payload = Payload(title=summary, base_version=1)
            self.insert(row_id, "delete", draft.post_id, str(thread_id), str(forum_id), payload, now, reason=_UNSAID)
            self.db.execute("UPDATE unheard SET unsaid = 1 WHERE post_id = ?", (draft.post_id,))
            self.db.execute(BUMP)
            return row_id
        return ""

    def used_up(self, post_id: str) -> bool:
        """Whether a post's id can not be used again: the row is there, or the Jam was asked to take it back."""
        unsaid = "SELECT 1 FROM unheard WHERE post_id = ? AND unsaid"
        return self.one(post_id) is not None or any(self.db.execute(unsaid, (post_id,)))

    def not_there(self, outbox_id: str) -> None:
        """The Jam does not have what was to be taken back there: nothing is left to do."""
        with self.changing():
            row = self.one(outbox_id)
            if row is not None:
                self._over(row)

    def replaced(self, row: Queued) -> None:
        """Inside the caller's `changing`: another row takes its place."""
        self._over(row)

    def _over(self, row: Queued) -> None:
        self.db.execute("DELETE FROM outbox WHERE id = ?", (row.id,))

    # -- how it went

    def _count_on_no_more(self, edit: Queued) -> list[Queued]:
        """Changes behind an edit that will not be there count on one version less. Those rows as they were."""
        behind = [one for one in self._behind(edit) if one.intact]
        for one in behind:
            version = max(1, one.payload.base_version - 1)
            self._change(replace(one, payload=replace(one.payload, base_version=version)))
        return behind

    def _behind(self, edit: Queued) -> list[Queued]:
        """What was written upon an edit that is not sent: later edits and the taking back of the same post."""
        return self.outbox(
            "WHERE n > ? AND post_id = ? AND kind IN ('edit', 'delete') AND state = 'queued'", (edit.n, edit.post_id)
        )

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
        with self.changing():
            self.db.execute(
                "UPDATE outbox SET state = 'queued', reason = '', code = '', next_try = 0, "
                "attempts = iif(state = 'refused', 0, attempts) WHERE id = ? AND state <> 'sent'",
                (outbox_id,),
            )

    def sent(self, outbox_id: str, seq: int) -> None:
        """The server confirmed it: it became change ``seq`` and waits for the mirror to pass that."""
        with self.changing():
            self.db.execute(
                "UPDATE outbox SET state = 'sent', seq = ?, reason = '', code = '' WHERE id = ?", (seq, outbox_id)
            )

    def requeue_sent(self, outbox_id: str | None = None) -> None:
        """What was confirmed but is not mirrored yet is to be sent again, all or one: the server's log was replaced."""
        with self.changing():
            self.db.execute(
                "UPDATE outbox SET state = 'queued', seq = 0, next_try = 0 "
                "WHERE state = 'sent' AND id = coalesce(?, id)",
                (outbox_id,),
            )

    def requeue_beyond(self, seq: int) -> bool:
        """What was confirmed as a change after ``seq``, where the server's log ends, is to be sent again: that log took
        the place of another. True if there was any."""
        beyond = self.outbox("WHERE state = 'sent' AND seq > ?", (seq,))
        for row in beyond:
            self.requeue_sent(row.id)
        return bool(beyond)

    def later(self, outbox_id: str, reason: str, next_try: datetime, code: str = "") -> None:
        """It is tried again then. With a ``code`` it is the server that asked for the wait, and nobody ends it."""
        with self.changing():
            self.db.execute(
                "UPDATE outbox SET reason = ?, next_try = ?, code = ? WHERE id = ?",
                (reason, as_ms(next_try), code, outbox_id),
            )

    def refused(self, outbox_id: str, reason: str, code: str) -> None:
        """The Jam said no. What was written upon a refused edit is not sent as if that edit were there: it met the same
        newer version (``version_conflict``), or counts on one version less."""
        with self.changing():
            row = self.one(outbox_id)
            if row is None:
                return
            if row.kind == "edit" and code == "version_conflict":
                for one in self._behind(row):  # it was written upon the same version as this one
                    payload = replace(one.payload, base_version=row.payload.base_version)
                    self._change(replace(one, payload=payload, state="refused", reason=reason, code=code))
                # So was a draft that was begun upon it: it must not count on the version which that has become now.
                self.db.execute(
                    "UPDATE drafts SET base_version = ? WHERE kind = 'edit' AND target = ? AND base_version > ?",
                    (row.payload.base_version, row.post_id, row.payload.base_version),
                )
            elif row.kind == "edit":
                self._count_on_no_more(row)
            self.db.execute(
                "UPDATE outbox SET state = 'refused', reason = ?, code = ? WHERE id = ?",
                (reason, code, outbox_id),
            )

    def upon(self, outbox_id: str, version: int) -> None:
        """A change that met a newer version is made upon ``version`` instead, and queued again."""
        with self.changing():
            row = self.one(outbox_id)
            if row is None or row.state != "refused" or not row.intact:
                return
            ahead = self.outbox("WHERE post_id = ? AND kind = 'edit' AND state = 'queued' AND n < ?",
                                (row.post_id, row.n))  # fmt: skip
            payload = replace(row.payload, base_version=version + len(ahead))
            self._change(replace(row, payload=payload, state="queued", reason="", code=""))
            self.db.execute("UPDATE outbox SET next_try = 0 WHERE id = ?", (outbox_id,))

    def there_already(self, outbox_id: str) -> None:
        """The server has this post with the text that it had before it was taken out of the outbox and changed: what is
        left to do is to change it there."""
        with self.changing():
            row = self.one(outbox_id)
            if row is not None:
                raw = msgspec.json.encode(replace(row.payload, base_version=1))
                self.db.execute(
                    "UPDATE outbox SET kind = 'edit', payload = ?, sha256 = ? WHERE id = ?",
                    (raw, _digest(raw), outbox_id),
                )

    def forget_sent(self, seq: int) -> bool:
        """Drops what the mirror now shows: confirmed rows whose change the cursor has passed. True if there were any.

        A vote becomes the server's word on it here, not before: the tally and the mark change together.
        """
        if not self.outbox("WHERE state = 'sent' AND seq <= ?", (seq,)):
            return False  # as nearly always: no transaction, which waits for the disk
        with self.changing():
            gone = self.outbox("WHERE state = 'sent' AND seq <= ?", (seq,))
            for row in gone:
                if row.kind == "vote":
                    self.db.execute("INSERT OR IGNORE INTO my_votes VALUES (?)", (row.post_id,))
                elif row.kind == "unvote":
                    self.db.execute("DELETE FROM my_votes WHERE post_id = ?", (row.post_id,))
                elif row.kind in ("ballot", "unballot"):
                    self._fold_ballot(row)
            self.db.execute("DELETE FROM outbox WHERE state = 'sent' AND seq <= ?", (seq,))
        return bool(gone)

    # -- the desk: what only this person may see

    def desk(self) -> tuple[bytes, str]:
        """The document as it came, and its ETag; ``{}`` before it came first."""
        row = next(iter(self.db.execute("SELECT raw, etag FROM desk")), None)
        return (bytes(row[0]), str(row[1])) if row is not None and isinstance(row[0], bytes) else (b"{}", "")

    def _fold_ballot(self, row: Queued) -> None:
        """Until the desk is fetched next, it says what was confirmed. Inside the caller's `changing`."""
        raw, _ = self.desk()
        desk = msgspec.json.decode(raw, type=dict[str, object])
        ballots = desk.get("ballots")
        known: dict[str, object] = dict(ballots) if isinstance(ballots, dict) else {}
        known.pop(row.payload.path[1], None)
        if row.kind == "ballot":
            known[row.payload.path[1]] = row.payload.data.get("choice")
        now = msgspec.json.encode({**desk, "ballots": known})
        self.db.execute("INSERT OR REPLACE INTO desk VALUES (1, ?, '')", (now,))

    def put_desk(self, raw: bytes, etag: str) -> None:
        with self.changing():
            self.db.execute("INSERT OR REPLACE INTO desk VALUES (1, ?, ?)", (raw, etag))

    # -- one's own votes, as the server knows them

    def votes(self) -> frozenset[str]:
        return frozenset(str(row[0]) for row in self.db.execute("SELECT post_id FROM my_votes"))

    def set_votes(self, post_ids: Iterable[str]) -> None:
        with self.changing():
            self.db.execute("DELETE FROM my_votes")
            self.db.executemany("INSERT OR IGNORE INTO my_votes VALUES (?)", [(post_id,) for post_id in post_ids])


def as_draft(row: Queued, tags: tuple[str, ...] | None = None) -> Draft:
    """A post or an edit of the outbox as the draft that it may be again; ``tags`` in place of those of the row."""
    payload = row.payload
    if row.kind == "announce":
        body, target = str(payload.data.get("body", "")), row.forum_id or EVERYBODY
        return Draft(DraftKind.ANNOUNCEMENT, target, "", body, post_id=payload.path[-1])
    if row.kind == "announce-change":
        target = f"{CHANGE}{payload.path[-1]}"
        return Draft(DraftKind.ANNOUNCEMENT, target, "", str(payload.data.get("body", "")))
    if row.kind == "brief":
        return Draft(DraftKind.BRIEF, row.forum_id, "", str(payload.data.get("brief", "")), (), payload.base_version)
    tags = payload.tags if tags is None else tags
    if row.kind == "edit":
        return Draft(DraftKind.EDIT, row.post_id, payload.title, payload.body, (), payload.base_version)
    # What was refused never arrived, so it may be sent elsewhere as another post.
    post_id = row.post_id if row.state == "queued" else ""
    if payload.parent_id is None:
        return Draft(
            DraftKind.THREAD, row.forum_id, payload.title, payload.body, tags, post_id=post_id, thread_kind=payload.kind
        )
    return Draft(DraftKind.REPLY, payload.parent_id, "", payload.body, tags, post_id=post_id)


def _digest(text: bytes) -> bytes:
    import hashlib  # OpenSSL comes with it: not at every start

    return hashlib.sha256(text).digest()


def _queued(row: tuple[apsw.SQLiteValue, ...]) -> Queued:
    n, outbox_id, kind, post_id, thread_id, forum_id, raw, digest, state, reason, code, attempts, created, due, seq = (
        row
    )
    text = as_bytes(raw)
    intact = _digest(text) == digest
    try:
        payload = _PAYLOAD.decode(text)
    except (msgspec.DecodeError, UnicodeDecodeError):
        payload, intact = Payload(body=text.decode("utf-8", "replace")), False
    return Queued(
        as_int(n), str(outbox_id), str(kind), str(post_id), str(thread_id), str(forum_id), payload, str(state),
        str(reason), str(code), as_int(attempts), as_time(created), as_time(due) if due else None, as_int(seq), intact,
    )  # fmt: skip
