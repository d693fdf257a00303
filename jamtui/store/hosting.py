"""What hosts put into a Jam, as rows for people: announcements. Made harmless here.

Records come from a server, or from an archive of anybody: what does not have the form of its type is passed over.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator
from datetime import UTC, datetime
from typing import TypeVar

import msgspec

from jamtui.archive import Id, Time
from jamtui.host_rows import AnnouncementRow
from jamtui.model import PersonRow
from jamtui.safe_text import safe_body, safe_name
from jamtui.store.own import Queued
from jamtui.store.rows import Rows

T = TypeVar("T")
NOBODY = PersonRow("", "", "somebody", "", "", "", 0)  # an archive may not have who it was


class _Announcement(msgspec.Struct):
    id: Id
    author_id: str
    body: str
    created_at: Time
    forum_id: str | None = None


def of_type(records: Iterable[dict[str, object]], kind: type[T]) -> Iterator[T]:
    """The records that have the form of ``kind``."""
    for record in records:
        try:
            yield msgspec.convert(record, kind)
        except (msgspec.ValidationError, OverflowError):
            continue


def announcements(rows: Rows, seen: Collection[str], waiting: Iterable[Queued]) -> list[AnnouncementRow]:
    """The newest first; one's own that wait in the outbox (``waiting``) before all."""
    found = list(of_type(rows.records("announcement"), _Announcement))
    people = rows.persons({one.author_id for one in found})
    titles = rows.forum_titles()
    me = rows.me.person_id
    there = {one.id for one in found}
    listed = [
        _row(one, people.get(one.author_id, NOBODY), titles, one.id in seen or one.author_id == me, one.author_id == me)
        for one in found
    ]
    for row in waiting:
        if row.kind == "announce" and (new_id := row.payload.path[-1]) not in there:
            forum_id = str(row.payload.data.get("forum_id") or "")
            listed.append(
                AnnouncementRow(
                    new_id, safe_name(rows.me.name), safe_name(rows.me.handle), rows.me.role, me,
                    safe_body(str(row.payload.data.get("body", ""))), row.created, True, True, forum_id,
                    titles.get(forum_id, ""), send=row.shown, reason=safe_name(row.reason),
                )
            )  # fmt: skip
    listed.sort(key=lambda row: (row.send is not None, row.created_at), reverse=True)
    return listed


def _row(one: _Announcement, by: PersonRow, titles: dict[str, str], seen: bool, mine: bool) -> AnnouncementRow:
    forum_id = one.forum_id or ""
    return AnnouncementRow(
        one.id, by.name, by.handle, by.role, one.author_id, safe_body(one.body), one.created_at.astimezone(UTC), seen,
        mine, forum_id, titles.get(forum_id, ""), "" if mine else by.alike,
    )  # fmt: skip


def as_utc(moment: datetime | None) -> datetime | None:
    return None if moment is None else moment.astimezone(UTC)
