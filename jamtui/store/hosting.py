"""What hosts put into a Jam, as rows for people: announcements and polls. Made harmless here.

Records come from a server, or from an archive of anybody: what does not have the form of its type is passed over.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Iterator, Mapping
from datetime import UTC, datetime
from typing import Annotated, TypeVar

import msgspec
from msgspec import Meta
from msgspec.structs import replace

from jamtui.archive import Count, Id, Time
from jamtui.host_rows import AnnouncementRow, BriefChange, PollRow, mark_of
from jamtui.model import PersonRow
from jamtui.safe_text import safe_body, safe_name
from jamtui.store.own import Queued
from jamtui.store.rows import Rows

T = TypeVar("T")
MOST = 300  # announcements, and polls: the latest, where a server tells more than anybody reads
MOST_BODY = 3_000  # characters of an announcement, of which a Jam allows 2,000
NOBODY = PersonRow("", "", "somebody", "", "", "", 0)  # an archive may not have who it was


class _Announcement(msgspec.Struct):
    id: Id
    author_id: str
    body: str
    created_at: Time
    forum_id: str | None = None
    edited_at: Time | None = None


def of_type(records: Iterable[dict[str, object]], kind: type[T]) -> Iterator[T]:
    """The records that have the form of ``kind``."""
    for record in records:
        try:
            yield msgspec.convert(record, kind)
        except (msgspec.ValidationError, OverflowError):
            continue


def announcements(rows: Rows, seen: Collection[str], waiting: Iterable[Queued]) -> list[AnnouncementRow]:
    """The newest first; one's own that wait in the outbox (``waiting``) before all; none that is withdrawn there, and
    what is changed there as it will be."""
    waiting = list(waiting)
    found = list(of_type(rows.records("announcement")[-MOST:], _Announcement))
    people = rows.persons({one.author_id for one in found})
    titles = rows.forum_titles()
    me = rows.me.person_id
    there = {one.id for one in found}
    listed = [
        _row(
            one,
            people.get(one.author_id, NOBODY),
            titles,
            one.author_id == me or mark_of(one.id, one.edited_at) in seen,
            one.author_id == me,
        )
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
    for row in waiting:
        if row.kind == "announce-change":
            at = next((at for at, one in enumerate(listed) if one.id == row.payload.path[-1]), None)
            if at is not None:
                listed[at] = _changed(listed[at], row)
    gone = {row.payload.path[-1] for row in waiting if row.kind == "withdraw" and row.state != "refused"}
    listed = [row for row in listed if row.id not in gone]
    listed.sort(key=lambda row: (row.id not in there, row.created_at), reverse=True)
    return listed


def _changed(one: AnnouncementRow, row: Queued) -> AnnouncementRow:
    """As it will be; what was refused stands as it is, with why."""
    if row.state == "refused":
        return replace(one, send=row.shown, reason=safe_name(row.reason))
    return replace(one, body=safe_body(str(row.payload.data.get("body", ""))), send=row.shown)


def _row(one: _Announcement, by: PersonRow, titles: Mapping[str, str], seen: bool, mine: bool) -> AnnouncementRow:
    forum_id = one.forum_id or ""
    return AnnouncementRow(
        one.id, by.name, by.handle, by.role, one.author_id, _body(one.body), one.created_at.astimezone(UTC), seen,
        mine, forum_id, titles.get(forum_id, ""), "" if mine else by.alike, edited_at=as_utc(one.edited_at),
    )  # fmt: skip


class _Brief(msgspec.Struct):
    id: Id
    forum_id: str
    version: int
    brief: str = ""
    edited_by: str = ""
    edited_at: Time | None = None


def briefs(rows: Rows, forum_id: str) -> list[BriefChange]:
    """How a forum's brief changed, the latest first, as far as the Jam keeps it."""
    now = next((one for one in rows.confirmed_forums() if one.id == forum_id), None)
    kept = [one for one in of_type(rows.records("brief"), _Brief) if one.forum_id == forum_id]
    kept.sort(key=lambda one: one.version)
    if now is None or not kept:
        return []
    people = rows.persons({one.edited_by for one in kept if one.edited_by})
    texts = [safe_body(text) for text in (*(one.brief for one in kept), now.brief)]
    found = []
    for one, before, after in zip(kept, texts, texts[1:], strict=False):
        by = people.get(one.edited_by)
        found.append(
            BriefChange(
                one.version, by.name if by else "", by.handle if by else "", by.role if by else "",
                by.alike if by else "", as_utc(one.edited_at), before, after,
            )
        )  # fmt: skip
    return found[::-1]


def _body(text: str) -> str:
    return safe_body(text if len(text) <= MOST_BODY else f"{text[:MOST_BODY].rstrip()}\n\n[…]")


def as_utc(moment: datetime | None) -> datetime | None:
    """The same moment in UTC, as rows have it."""
    return None if moment is None else moment.astimezone(UTC)


# -- polls


class _Poll(msgspec.Struct):
    id: Id
    author_id: str
    question: str
    choices: Annotated[tuple[str, ...], Meta(min_length=1, max_length=20)]
    created_at: Time
    counts: tuple[Count, ...] = ()
    forum_id: str | None = None
    closes_at: Time | None = None
    closed_at: Time | None = None


def polls(
    rows: Rows,
    ballots: Mapping[str, object],
    waiting: Iterable[Queued],
    now: datetime,
    over: datetime | None,
    steers: Callable[[str, str], bool],
) -> list[PollRow]:
    """Those that take ballots first, then the newest first. ``ballots`` is what the Jam knows of one's own choices,
    ``waiting`` what of polls stands in the outbox; ``over`` is when the Jam closed, and all polls with it; ``steers``
    tells for (author, forum) whether the reader may close the poll."""
    waiting = list(waiting)
    me = rows.me.person_id
    found = list(of_type(rows.records("poll")[-MOST:], _Poll))
    there = {one.id for one in found}
    listed: dict[str, PollRow] = {}
    people = rows.persons({one.author_id for one in found})
    titles = rows.forum_titles()
    for one in found:
        by, mine = people.get(one.author_id, NOBODY), one.author_id == me
        counts = (*one.counts, *[0] * len(one.choices))[: len(one.choices)]
        chosen = ballots.get(one.id)
        listed[one.id] = PollRow(
            one.id, by.name, by.handle, by.role, one.author_id, safe_name(one.question),
            tuple(map(safe_name, one.choices)), counts, one.created_at.astimezone(UTC), as_utc(one.closes_at),
            _ended(one.closed_at, one.closes_at, over, now), one.forum_id or "",
            titles.get(one.forum_id or "", ""),
            chosen if isinstance(chosen, int) and 0 <= chosen < len(counts) else -1, mine,
            steers(one.author_id, one.forum_id or ""), "" if mine else by.alike,
        )  # fmt: skip
    for row in waiting:
        if row.kind == "poll" and row.payload.path[-1] not in there:
            made = _asked(rows, row, titles, over, now)
            if made is not None:
                listed[made.id] = made
    for row in waiting:
        poll = listed.get(row.payload.path[1]) if len(row.payload.path) > 1 else None
        if poll is not None and row.state != "refused":
            after = _then(poll, row, now)
            if after is None:
                del listed[poll.id]
            else:
                listed[poll.id] = after
    return sorted(
        sorted(listed.values(), key=lambda row: row.created_at, reverse=True),
        key=lambda row: (not row.open, -row.closed_at.timestamp() if row.closed_at else 0),
    )


def _ended(closed: datetime | None, closes: datetime | None, over: datetime | None, now: datetime) -> datetime | None:
    """When a poll ended: as its host said, else by its time or with the Jam, whichever came first."""
    if closed is not None:
        return as_utc(closed)
    return min((at.astimezone(UTC) for at in (closes, over) if at is not None and at <= now), default=None)


def _asked(rows: Rows, row: Queued, titles: Mapping[str, str], over: datetime | None, now: datetime) -> PollRow | None:
    """A poll that only the outbox has."""
    data = {**row.payload.data, "id": row.payload.path[-1], "author_id": rows.me.person_id, "created_at": row.created}
    for one in of_type([data], _Poll):
        return PollRow(
            one.id, safe_name(rows.me.name), safe_name(rows.me.handle), rows.me.role, one.author_id,
            safe_name(one.question), tuple(map(safe_name, one.choices)), (0,) * len(one.choices), row.created,
            as_utc(one.closes_at), _ended(None, one.closes_at, over, now), one.forum_id or "",
            titles.get(one.forum_id or "", ""), -1, True, True, send=row.shown, reason=safe_name(row.reason),
        )  # fmt: skip
    return None


def _then(poll: PollRow, row: Queued, now: datetime) -> PollRow | None:
    """The poll once this row is sent; None when it is taken away by it."""
    match row.kind:
        case "remove-poll":
            return None
        case "close-poll":
            return replace(poll, closed_at=poll.closed_at or now, send=row.shown)
        case "ballot" | "unballot":
            wanted = row.payload.data.get("choice", -1)
            chosen = wanted if isinstance(wanted, int) and 0 <= wanted < len(poll.counts) else -1
            counts = list(poll.counts)
            if poll.chosen >= 0:
                counts[poll.chosen] = max(0, counts[poll.chosen] - 1)
            if chosen >= 0:
                counts[chosen] += 1
            return replace(poll, chosen=chosen, counts=tuple(counts), send=row.shown)
    return poll
