"""What of the inbox is no post: announcements, polls, links to the reader's posts, and what only they are told.

Each is unread until it stands in ``own.seen``. Records and the desk come from outside and may have any form: what is
not of the form that is known is passed over.
"""

from __future__ import annotations

import json
from collections.abc import Collection, Iterable
from datetime import UTC, datetime
from typing import Any, TypeVar

import msgspec
from msgspec import Struct, field
from msgspec.structs import replace

from jamtui.archive import Person
from jamtui.host_rows import mark_of
from jamtui.names import shown
from jamtui.notice import InboxRow, Reason
from jamtui.safe_text import safe_body, safe_line, safe_name
from jamtui.store import moderation
from jamtui.store.rows import Rows

EXCERPT = 300  # code points
_LOCAL = "%d %B %H:%M"  # how a time is told
_PERSON = msgspec.json.Decoder(Person)


class Announcement(Struct):
    """What of an announcement record the inbox needs (docs/wire.md); others of its fields are not looked at."""

    id: str
    body: str
    created_at: datetime
    author_id: str = ""
    forum_id: str = ""
    edited_at: datetime | None = None


class Poll(Struct):
    """The same of a poll; ``counts`` are its ballots by choice."""

    id: str
    question: str
    created_at: datetime
    author_id: str = ""
    forum_id: str = ""
    closes_at: datetime | None = None
    closed_at: datetime | None = None
    choices: list[str] = field(default_factory=list)
    counts: list[int] = field(default_factory=list)


class Link(Struct):
    """The same of a link between posts."""

    id: str
    from_id: str
    to_id: str
    kind: str
    created_at: datetime
    author_id: str = ""


T = TypeVar("T")
_LINK = msgspec.json.Decoder(Link)


def decoded(records: Iterable[object], kind: type[T]) -> list[T]:
    """Those of the records that have this form."""
    found = []
    for record in records:
        try:
            found.append(msgspec.convert(record, kind))
        except msgspec.ValidationError:
            continue
    return found


def _links(rows: Rows, post_ids: Iterable[str]) -> list[Link]:
    """The links of these posts."""
    found = []
    for raw in rows.link_records(post_ids):
        try:
            found.append(_LINK.decode(raw))
        except msgspec.DecodeError:
            continue
    return found


class Things:
    """The rows of what is no post. `see` before asking."""

    def __init__(self) -> None:
        self.rows: dict[str, InboxRow] = {}
        self._of: tuple[object, ...] = ()  # what they were made of
        self._seen: Collection[str] = ()

    def see(self, rows: Rows, desk: bytes, seen: set[str] | None) -> bool:
        """``seen`` are the keys of what was looked at, None when they are as they were. False when nothing is new."""
        looked: Collection[str] = self._seen if seen is None else seen
        of = (rows.records_of, desk, rows.my_n(), looked)
        if of == self._of:
            return False
        self._of, self._seen = of, looked
        private = msgspec.json.decode(desk, type=dict[str, object])
        me, self.rows = rows.me.person_id, {}
        for said in decoded(rows.records("announcement"), Announcement):
            at = said.edited_at or said.created_at
            self._put(Reason.ANNOUNCEMENT, "announcement", mark_of(said.id, said.edited_at), at, said.body,
                      read=said.author_id == me, author_id=said.author_id, forum_id=said.forum_id)  # fmt: skip
        voted = private.get("ballots")
        for poll in decoded(rows.records("poll"), Poll):
            over = poll.closed_at is not None or (isinstance(voted, dict) and poll.id in voted)
            self._put(Reason.POLL, "poll", poll.id, poll.created_at, poll.question, read=over or poll.author_id == me,
                      author_id=poll.author_id, forum_id=poll.forum_id)  # fmt: skip
        self._see_links(rows)
        for told in moderation.notices(rows, private, looked, _LOCAL):
            reason = Reason.REPORT if told.kind == "report" else Reason.NOTICE
            text = f"{told.words}\n\n{told.reason}" if told.reason else told.words
            self._put(reason, "notice", told.id, told.at, text, post_id=told.post_id)
        self._sign(rows)
        return True

    def _put(
        self, reason: Reason, kind: str, name: str, at: datetime, text: str, *, read: bool = False, **more: Any
    ) -> None:  # fmt: skip
        key, body = f"{kind}:{name}", safe_body(text)
        title, _, rest = body.strip().partition("\n")
        row = InboxRow(
            key, (reason,), 1, int(not read and key not in self._seen), at if at.tzinfo else at.replace(tzinfo=UTC),
            safe_line(title, EXCERPT), safe_line(" ".join(rest.split()), EXCERPT), body,
        )  # fmt: skip
        self.rows[key] = replace(row, **more)

    def _see_links(self, rows: Rows) -> None:
        """Posts of others that were connected to the reader's: a row for each post of theirs."""
        if not rows.my_n():
            return
        sql = "SELECT id FROM posts WHERE author = ? AND gone = 0"
        mine = {str(name) for (name,) in rows.db.execute(sql, (rows.my_n(),))}
        to: dict[str, list[Link]] = {}
        for link in _links(rows, mine):
            if link.to_id in mine and link.author_id != rows.me.person_id:
                to.setdefault(link.to_id, []).append(link)
        for post_id, found in to.items():
            newest = max(found, key=lambda link: link.created_at)
            target, source = rows.as_confirmed(post_id), rows.as_confirmed(newest.from_id)
            if target is not None and source is not None:
                kinds = sorted({link.kind.replace("_", " ") for link in found})
                self._put(
                    Reason.LINK, "links", post_id, newest.created_at, target.title or safe_line(target.body, 80),
                    count=len(found), unread=sum(f"link:{link.id}" not in self._seen for link in found),
                    excerpt=safe_line(", ".join(kinds), EXCERPT), author_id=newest.author_id,
                    people=len({link.author_id for link in found}), forum_id=source.forum_id,
                    thread_id=source.thread_id, post_id=source.id,
                )  # fmt: skip

    def _sign(self, rows: Rows) -> None:
        """Names of who made them."""
        wanted = json.dumps(sorted({row.author_id for row in self.rows.values() if row.author_id}))
        sql = "SELECT raw FROM people WHERE id IN (SELECT value FROM json_each(?))"
        people = {one.id: one for one in (_PERSON.decode(bytes(raw)) for (raw,) in rows.db.execute(sql, (wanted,)))}
        for key, row in self.rows.items():
            if (one := people.get(row.author_id)) is not None:
                name = shown(one.name) or shown(one.handle)
                self.rows[key] = replace(row, who=(name,), people=max(1, row.people), role=safe_name(one.role))

    def kept_as(self, rows: Rows, key: str) -> list[str]:
        """What is kept as seen of a row."""
        kind, _, name = key.partition(":")
        if kind == "links":
            return [f"link:{link.id}" for link in _links(rows, [name]) if link.to_id == name]
        return [key] if key in self.rows else []
