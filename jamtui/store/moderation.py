"""What the desk says of moderation, as rows for people. Made harmless here.

The desk comes from a server: what does not have the form of its section is passed over.
"""

from __future__ import annotations

import contextlib
from collections.abc import Collection, Iterable, Iterator, Mapping
from datetime import UTC, datetime
from typing import TypeVar

import msgspec

from jamtui.archive import Id, Post, Time
from jamtui.errors import NotFound
from jamtui.mod_rows import (
    DONE,
    OF_HOSTS,
    ON_PEOPLE,
    AuditRow,
    HiddenRow,
    NoticeRow,
    QueueRow,
    Reporter,
    ReportRow,
    Suspended,
)
from jamtui.model import PersonRow, PostRow
from jamtui.safe_text import safe_body, safe_line, safe_name
from jamtui.store.own import Queued
from jamtui.store.row_making import merged_title
from jamtui.store.rows import Rows

T = TypeVar("T")
_NOBODY = PersonRow("", "", "somebody", "", "", "", 0)
_ABOUT = 120  # characters of a post that a line has
_QUOTED = 60  # … that stands within one


class _Notice(msgspec.Struct):
    id: Id
    kind: str
    at: Time
    post_id: str = ""
    reason: str = ""
    to: str = ""
    until: Time | None = None
    state: str = ""
    act: str = ""
    of: str = ""


class _Report(msgspec.Struct):
    id: Id
    post_id: Id
    reason: str
    created_at: Time
    state: str = "open"
    note: str = ""
    person_id: str = ""


class _Act(msgspec.Struct):
    id: Id
    act: str
    created_at: Time
    by_id: str = ""
    reason: str = ""
    post_id: str = ""
    person_id: str = ""
    to: str = ""
    until: Time | None = None
    of: str = ""
    changed: bool = True
    undone_by: str = ""


class _Suspension(msgspec.Struct):
    until: Time
    reason: str = ""
    person_id: str = ""


def section(desk: Mapping[str, object], name: str, kind: type[T]) -> Iterator[T]:
    """Entries of a section that have the form of ``kind``."""
    found = desk.get(name)
    for entry in found if isinstance(found, list) else ():
        with contextlib.suppress(msgspec.ValidationError, OverflowError):
            yield msgspec.convert(entry, kind)


def suspended(desk: Mapping[str, object], now: datetime) -> Suspended | None:
    """The reader's own suspension, while it lasts."""
    try:
        found = msgspec.convert(desk.get("suspended"), _Suspension)
    except (msgspec.ValidationError, OverflowError):
        return None
    return Suspended(found.until.astimezone(UTC), safe_line(found.reason)) if found.until > now else None


def suspensions(desk: Mapping[str, object], now: datetime) -> dict[str, datetime]:
    """For moderators: person id to until when."""
    found = section(desk, "suspensions", _Suspension)
    return {one.person_id: one.until.astimezone(UTC) for one in found if one.until > now}


def about(rows: Rows, post_id: str) -> str:
    """How a post begins, in one harmless line; what is known of one that is not there."""
    with contextlib.suppress(NotFound):
        return line_of(rows.post(post_id))
    return "a post that is not here"


def line_of(post: PostRow) -> str:
    text = post.title or " ".join(post.body[:400].split())
    line = safe_line(text)
    line = line if len(line) <= _ABOUT else f"{line[: _ABOUT - 1].rstrip()}…"
    return line or ("a post that is gone" if post.gone else "a post without text")


def quoted(text: str, most: int = _QUOTED) -> str:
    text = text if len(text) <= most else f"{text[: most - 1].rstrip()}…"
    return f"“{text}”"


# -- notices

_YOURS = {
    "hide": "Your post {post} was hidden by a moderator",
    "unhide": "Your post {post} can be read again",
    "remove": "Your post {post} was removed by a moderator",
    "lock": "Your thread {post} was locked",
    "unlock": "Your thread {post} is open again",
    "move": "Your thread {post} was moved{to}",
    "merge": "Your thread {post} was merged{to}",
    "warn": "A moderator warns you",
    "suspend": "You are suspended{until}: you can read, not write",
    "unsuspend": "You are no longer suspended",
}
_TAKEN_BACK = {
    "hide": "Your post {post} can be read again: that it was hidden was taken back",
    "lock": "Your thread {post} is open again",
    "move": "Your thread {post} was moved back",
    "merge": "Your thread {post} stands by itself again",
    "warn": "The warning to you was taken back",
    "suspend": "Your suspension was taken back",
    "unsuspend": "You are suspended again",
    "unhide": "Your post {post} is hidden again",
    "unlock": "Your thread {post} is locked again",
}
_ABOUT_REPORT = {
    "hide": "hid it", "remove": "removed it", "lock": "locked the thread", "move": "moved the thread",
    "merge": "merged the thread", "warn": "warned its author", "suspend": "suspended its author",
}  # fmt: skip
_GRAVE = ("warn", "suspend", "remove", "hide")


def notices(
    rows: Rows, desk: Mapping[str, object], seen: Collection[str], hidden: Mapping[str, str], local: str
) -> list[NoticeRow]:
    """The latest first. ``hidden`` are the beginnings of one's own hidden posts, by id; ``local`` is a pattern for
    `datetime.strftime`."""
    return [
        NoticeRow(
            one.id, safe_line(one.kind, 40), _told(rows, one, hidden, local), safe_line(one.reason),
            one.at.astimezone(UTC), one.post_id, one.id in seen, one.kind in _GRAVE,
        )
        for one in section(desk, "notices", _Notice)
    ]  # fmt: skip


def _told(rows: Rows, one: _Notice, hidden: Mapping[str, str], local: str) -> str:
    what = quoted(hidden.get(one.post_id) or about(rows, one.post_id)) if one.post_id else ""
    until = f" until {one.until.astimezone().strftime(local)}" if one.until is not None else ""
    if one.kind == "report":
        if one.state == "dismissed":
            return f"Moderators looked at your report of {what} and left the post as it is"
        done = _ABOUT_REPORT.get(one.act, "dealt with it")
        return f"Thank you for your report of {what}: moderators {done}"
    if one.kind == "undone":
        pattern = _TAKEN_BACK.get(one.of, "A moderator took something back about {post}")
    else:
        pattern = _YOURS.get(one.kind, "A moderator did something about {post}")
    to = ""
    if one.to:
        forum = rows.forum_titles().get(one.to)
        to = f" to {forum}" if forum is not None else f" into {quoted(about(rows, one.to))}"
    return pattern.format(post=what or "(a post)", to=to, until=until)


# -- reports


def reports(rows: Rows, desk: Mapping[str, object], waiting: Iterable[Queued]) -> list[ReportRow]:
    """One's own, those that wait in the outbox first, then the latest first."""
    found = [
        ReportRow(
            row.id, row.post_id, about(rows, row.post_id), safe_line(str(row.payload.data.get("reason", ""))),
            safe_line(str(row.payload.data.get("note", ""))),
            "refused" if row.state == "refused" else "waiting", row.created,
        )
        for row in waiting if row.kind == "report" and row.state != "sent"
    ]  # fmt: skip
    return found + [
        ReportRow(
            one.id, one.post_id, about(rows, one.post_id), safe_line(one.reason, 40), safe_line(one.note),
            safe_line(one.state, 40), one.created_at.astimezone(UTC),
        )
        for one in section(desk, "reports", _Report)
    ]  # fmt: skip


def queue(rows: Rows, desk: Mapping[str, object], decided: Collection[str]) -> list[QueueRow]:
    """Posts that were reported, those reported most often first, then the longest waiting; without those that the
    moderator has ``decided`` on and whose decision is still in the outbox."""
    of_posts: dict[str, list[_Report]] = {}
    times: dict[str, int] = {}
    for one in section(desk, "queue", _Report):
        times[one.person_id] = times.get(one.person_id, 0) + 1
        if one.post_id not in decided:
            of_posts.setdefault(one.post_id, []).append(one)
    people = rows.persons({one.person_id for found in of_posts.values() for one in found})
    listed = [_queued(rows, post_id, found, people, times) for post_id, found in of_posts.items()]
    listed.sort(key=lambda row: (-len(row.reports), row.reports[0].at))
    return listed


def _queued(
    rows: Rows, post_id: str, found: list[_Report], people: Mapping[str, PersonRow], times: Mapping[str, int]
) -> QueueRow:
    said = []
    for one in found:
        who = people.get(one.person_id, _NOBODY)
        said.append(
            Reporter(one.id, who.name, who.handle, safe_line(one.reason, 40), safe_line(one.note),
                     one.created_at.astimezone(UTC), times.get(one.person_id, 1))
        )  # fmt: skip
    said.sort(key=lambda one: one.at)
    try:
        post = rows.post(post_id)
    except NotFound:
        return QueueRow(post_id, "", "a post that is not here yet", "", "", "", "", "", "", tuple(said))
    return QueueRow(
        post.id, post.thread_id, line_of(post), about(rows, post.thread_id),
        rows.forum_titles().get(post.forum_id, ""), post.author, post.handle, post.author_id, post.gone, tuple(said),
    )  # fmt: skip


# -- the audit log

# Acts on the same thing of a post or a person: only the last of them that stands is undone (docs/wire.md).
_THING = {
    "hide": "text", "unhide": "text", "lock": "lock", "unlock": "lock", "move": "place", "merge": "place",
    "suspend": "standing", "unsuspend": "standing",
}  # fmt: skip


def audit(
    rows: Rows, desk: Mapping[str, object], waiting: Iterable[Queued], *, moderates: bool, local: str
) -> list[AuditRow]:
    """The latest first, those that wait in the outbox before all."""
    acts = list(section(desk, "audit", _Act))
    queued = [row for row in waiting if row.kind == "moderate" and row.state != "sent"]
    undoing = {str(row.payload.data.get("of")) for row in queued if row.state == "queued"}
    people = rows.persons({one.by_id for one in acts} | {one.person_id for one in acts})
    known = {one.id: one for one in acts}
    found = [
        AuditRow(
            row.id, str(row.payload.data.get("act", "")), safe_name(rows.me.name), safe_line(row.payload.title, 300),
            safe_line(str(row.payload.data.get("reason", ""))), row.created, row.post_id, False, row.state == "queued",
            send=row.shown, why=safe_line(row.reason),
        )
        for row in reversed(queued)
    ]  # fmt: skip
    standing: set[tuple[str, str]] = set()  # things of which a later act stands
    for one in acts:
        undone = bool(one.undone_by) or one.id in undoing
        thing = _THING.get(one.act, ""), one.person_id if one.act in ON_PEOPLE else one.post_id
        last = not thing[0] or thing not in standing
        if not undone:
            standing.add(thing)
        may = (moderates or one.act in OF_HOSTS) and last
        found.append(
            AuditRow(
                one.id, safe_line(one.act, 40), people.get(one.by_id, _NOBODY).name,
                _done(rows, one, people, known, local), safe_line(one.reason), one.created_at.astimezone(UTC),
                one.post_id, undone, may and not undone and one.act not in ("remove", "undo"),
                one.changed,
            )
        )  # fmt: skip
    return found


def _done(
    rows: Rows, one: _Act, people: Mapping[str, PersonRow], known: Mapping[str, _Act], local: str, deep: bool = True
) -> str:
    verb = DONE.get(one.act, safe_line(one.act, 40))
    if one.act == "undo":
        undone = known.get(one.of)
        return f"undid: {_done(rows, undone, people, known, local, False)}" if undone and deep else "undid an act"
    parts = [verb]
    if one.person_id:
        who = people.get(one.person_id, _NOBODY)
        parts.append(f"{who.name} @{who.handle}")
    if one.until is not None:
        parts.append(f"until {one.until.astimezone().strftime(local)}")
    if one.post_id:
        most = _QUOTED // 2 if one.to else _QUOTED  # so that where it went has room
        parts.append(f"{'for ' if one.person_id else ''}{quoted(about(rows, one.post_id), most)}")
    if one.to:
        forum = rows.forum_titles().get(one.to)
        parts.append(f"to {forum}" if forum is not None else f"into {quoted(about(rows, one.to))}")
    if not one.changed:
        parts.append("(it was so already)")
    return " ".join(parts)


# -- hidden posts


def hidden(rows: Rows, desk: Mapping[str, object]) -> list[HiddenRow]:
    """Whole; of moderators all of them, of others their own."""
    found = list(section(desk, "hidden", Post))
    people = rows.persons({one.author_id for one in found})
    return [
        HiddenRow(
            one.id, one.thread_id, people.get(one.author_id, _NOBODY).name, people.get(one.author_id, _NOBODY).handle,
            safe_name(one.title or merged_title(one)), safe_body(one.body), one.created_at.astimezone(UTC),
            one.author_id == rows.me.person_id,
        )
        for one in found
    ]  # fmt: skip
