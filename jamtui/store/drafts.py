"""Drafts, one for each place, and what was thrown away: kept for a while, so that it can be brought back.

Every write is one short transaction; when the call returns, it is on the disk. `jamtui.store.own.Own` is built on this.
"""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta

import apsw
from msgspec import Struct

from jamtui.model import Draft, DraftKind
from jamtui.store.connection import transaction

KEPT = 50  # texts that were thrown away, the latest
KEPT_FOR = timedelta(days=30)

DISCARDED = "discarded"  # by the person
REPLACED = "replaced"  # another window wrote at the same place
DROPPED = "dropped"  # out of the outbox

_FIELDS = "kind, target, title, body, tags, base_version, updated, post_id, more"


class Thrown(Struct, frozen=True):
    """A text that was thrown away; ``why`` is one of the words above."""

    n: int
    draft: Draft
    at: datetime
    why: str


class Drafts:
    """Reads and writes drafts over one connection."""

    def __init__(self, db: apsw.Connection) -> None:
        self.db = db

    def draft(self, kind: DraftKind, target: str) -> Draft | None:
        rows = self._drafts("WHERE kind = ? AND target = ?", (kind.value, target))
        return rows[0] if rows else None

    def drafts(self) -> list[Draft]:
        """All drafts, the latest first."""
        return self._drafts("ORDER BY updated DESC", ())

    def _drafts(self, where: str, values: tuple[str, ...]) -> list[Draft]:
        return [_draft(row) for row in self.db.execute(f"SELECT {_FIELDS} FROM drafts {where}", values)]

    def save_draft(self, draft: Draft, now: datetime, before: Draft | None = None) -> None:
        """On disk when this returns; an empty draft is removed.

        ``before`` is what the writer believes to be there. Anything else that is there is somebody else's, another
        window's say: it is kept among what was thrown away.
        """
        with transaction(self.db):
            if before is not None:
                self._keep_other(draft, before, now)
            self.put_draft(draft, now)

    def _keep_other(self, draft: Draft, before: Draft, now: datetime) -> None:
        there = self.draft(draft.kind, draft.target)
        if there is not None and not there.empty and _words(there) not in (_words(before), _words(draft)):
            self.throw(there, REPLACED, now)

    def put_draft(self, draft: Draft, now: datetime) -> None:
        if draft.empty:
            self.remove_draft(draft.kind, draft.target)
            return
        self.db.execute(
            f"INSERT OR REPLACE INTO drafts({_FIELDS}) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)", _stored(draft, now)
        )

    def remove_draft(self, kind: DraftKind, target: str) -> None:
        self.db.execute("DELETE FROM drafts WHERE kind = ? AND target = ?", (kind.value, target))

    def sent_draft(self, draft: Draft, now: datetime) -> None:
        """Takes out the draft that went into the outbox; other words that stand at its place are kept."""
        self._keep_other(draft, draft, now)
        self.remove_draft(draft.kind, draft.target)

    def given_up(self, draft: Draft, now: datetime) -> str:
        """Part of a transaction: ``draft`` is gone from its place. What that means for the outbox, the store of all of
        one's own knows."""
        raise NotImplementedError

    def move_draft(self, draft: Draft, to: Draft, now: datetime) -> None:
        """The draft that stood at the place of ``draft`` stands at that of ``to``, with its text."""
        with transaction(self.db):
            self.given_up(draft, now)
            self.remove_draft(draft.kind, draft.target)
            self.put_draft(to, now)

    # -- what was thrown away

    def throw_away(self, kind: DraftKind, target: str, now: datetime) -> int | None:
        """The draft of a place goes; its number among what was thrown away. None: there was none."""
        with transaction(self.db):
            draft = self.draft(kind, target)
            if draft is None:
                return None
            self.remove_draft(kind, target)
            self.given_up(draft, now)
            return self.throw(draft, DISCARDED, now)

    def throw(self, draft: Draft, why: str, now: datetime) -> int:
        """Part of a transaction. Only the latest are kept."""
        self.db.execute(
            f"INSERT INTO thrown({_FIELDS}, at, why) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
            (*_stored(draft, draft.updated_at or now), as_ms(now), why),
        )
        n = self.db.last_insert_rowid()
        self.db.execute("DELETE FROM thrown WHERE n <= ? OR at < ?", (n - KEPT, as_ms(now - KEPT_FOR)))
        return n

    def thrown(self) -> list[Thrown]:
        """What was thrown away and can be brought back, the latest first."""
        rows = self.db.execute(f"SELECT {_FIELDS}, n, at, why FROM thrown ORDER BY n DESC")
        return [Thrown(as_int(n), _draft(row), as_time(at), str(why)) for *row, n, at, why in rows]

    def bring_back(self, n: int, now: datetime) -> None:
        """Thrown text ``n`` is the draft of its place again, or nothing is done when it is not there any more."""
        with transaction(self.db):
            for one in self.thrown():
                if one.n == n:
                    self.put_draft(one.draft, now)
            self.forget_thrown(n)

    def forget_thrown(self, n: int) -> None:
        self.db.execute("DELETE FROM thrown WHERE n = ?", (n,))


def _words(draft: Draft) -> tuple[str, str]:
    return storable(draft.title), storable(draft.body)


def _stored(draft: Draft, updated: datetime) -> tuple[str | int, ...]:
    tags = json.dumps([storable(tag) for tag in draft.tags], ensure_ascii=False)
    return (
        draft.kind.value, draft.target, storable(draft.title), storable(draft.body), tags, draft.base_version,
        as_ms(updated), draft.post_id, _more(draft),
    )  # fmt: skip


def _more(draft: Draft) -> str:
    """What a new thread has beside its words; "" for nothing."""
    if not draft.thread_kind and not draft.links:
        return ""
    return json.dumps({"kind": draft.thread_kind, "links": draft.links})


def _draft(row: list[apsw.SQLiteValue] | tuple[apsw.SQLiteValue, ...]) -> Draft:
    kind, target, title, body, tags, version, updated, post_id, more = row
    try:
        beside = json.loads(str(more)) if more else {}
        links = tuple((str(how), str(to)) for how, to in beside.get("links", ()))
        thread_kind = str(beside.get("kind", ""))
    except (ValueError, TypeError, AttributeError):  # written by another version: the words are what matters
        thread_kind, links = "", ()
    return Draft(
        DraftKind(str(kind)), str(target), str(title), str(body), tuple(json.loads(str(tags))), as_int(version),
        as_time(updated), str(post_id), thread_kind, links,
    )  # fmt: skip


def storable(text: str) -> str:
    """A lone surrogate (from a broken terminal or file) cannot be stored as UTF-8; it becomes U+FFFD."""
    return text.encode("utf-16", "surrogatepass").decode("utf-16", "replace")


def as_int(value: apsw.SQLiteValue) -> int:
    return value if isinstance(value, int) else int(str(value))


def as_ms(moment: datetime) -> int:
    return int(moment.timestamp() * 1000)


def as_time(ms: apsw.SQLiteValue) -> datetime:
    return datetime.fromtimestamp(as_int(ms) / 1000, UTC)
