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
    OF_RECORDS,
    ON_PEOPLE,
    AuditRow,
    HiddenRow,
    NoticeRow,
    QueueRow,
    Reporter,
    ReportRow,
    Suspended,
)
from jamtui.model import PersonRow, PostRow, begins
from jamtui.safe_text import safe_body, safe_line, safe_name
from jamtui.store.own import Queued
from jamtui.store.row_making import merged_title
from jamtui.store.rows import Rows

T = TypeVar("T")
_NOBODY = PersonRow("", "", "somebody", "", "", "", 0)
_ABOUT = 120  # characters of a post that a line has
_QUOTED = 60  # … that stands within one
MOST = 1_000  # entries of a section of the desk: a Jam tells 200 of each, and five reports of a post
MOST_NOTE = 2_000  # characters of what somebody wrote beside a report: twice what a Jam allows


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
    people: int = 1
    of_person: int = 1


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
    """Entries of a section that have the form of ``kind``; no more of them than a server that means well sends."""
    found = desk.get(name)
    for entry in found[:MOST] if isinstance(found, list) else ():
        with contextlib.suppress(msgspec.ValidationError, OverflowError):
            yield msgspec.convert(entry, kind)


def suspended(desk: Mapping[str, object], now: datetime) -> Suspended | None:
    """The reader's own suspension, while it lasts."""
    try:
        found = msgspec.convert(desk.get("suspended"), _Suspension)
    except (msgspec.ValidationError, OverflowError):
        return None
    return Suspended(found.until.astimezone(UTC), safe_name(found.reason)) if found.until > now else None


def suspensions(desk: Mapping[str, object], now: datetime) -> dict[str, datetime]:
    """For moderators: person id to until when."""
    found = section(desk, "suspensions", _Suspension)
    return {one.person_id: one.until.astimezone(UTC) for one in found if one.until > now}


def texts_of(desk: Mapping[str, object]) -> dict[str, str]:
    """How hidden posts begin whose text this reader may see, by id: of moderators all, of others their own."""
    return {
        one.id: safe_line(one.title or merged_title(one) or " ".join(one.body[:400].split()), _ABOUT)
        for one in section(desk, "hidden", Post)
    }


def about(rows: Rows, post_id: str, texts: Mapping[str, str], *, yours: bool = False, most: int = _ABOUT) -> str:
    """A post in one harmless line: how it begins, in quotation marks; of one whose text is not here whose it was and
    where: ``a post by Ana in “Quiet hours”``. ``texts`` as `texts_of` has them; ``yours``: it stands after "your post",
    so only where it was is told."""
    if begin := texts.get(post_id):
        return quoted(begin, most)
    try:
        post = rows.post(post_id)
    except NotFound:
        return "" if yours else "a post that is not here"
    if not post.gone:
        return quoted(begins(post, most), most)
    return _place(rows, post, most) if yours else f"a post by {post.author} {_place(rows, post, most)}"


def _place(rows: Rows, post: PostRow, most: int) -> str:
    if post.parent_id is not None:
        with contextlib.suppress(NotFound):
            opener = rows.post(post.thread_id)
            if not opener.gone:
                return f"in {quoted(begins(opener, most), most)}"
    return f"of {post.created_at.astimezone():%d %B} in {rows.forum_titles().get(post.forum_id, '')}".rstrip()


def _begin(post: PostRow, texts: Mapping[str, str]) -> str:
    """The same as a line of its own; why a text is not here stands in brackets."""
    return texts.get(post.id) or begins(post, _ABOUT)


def quoted(text: str, most: int = _QUOTED) -> str:
    """Cut to ``most`` characters, in quotation marks."""
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
    "warn": "A moderator warns you{about}",
    "suspend": "You are suspended{until}: you can read, not write",
    "unsuspend": "You are no longer suspended",
    "withdraw": "An announcement of yours was withdrawn by a moderator",
    "remove-poll": "A poll of yours was taken away by a host or moderator",
}
_TAKEN_BACK = {
    "hide": "Your post {post} can be read again: a moderator took its hiding back",
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
_DEALT = "dealt with it"
_GRAVE = ("warn", "suspend", "remove", "hide")


def notices(rows: Rows, desk: Mapping[str, object], seen: Collection[str], local: str) -> list[NoticeRow]:
    """The latest first. ``local`` is a pattern for `datetime.strftime`."""
    texts = texts_of(desk)
    return [
        NoticeRow(
            one.id, safe_line(one.kind, 40), _told(rows, one, texts, local), safe_name(one.reason),
            one.at.astimezone(UTC), one.post_id, one.id in seen, one.kind in _GRAVE,
        )
        for one in section(desk, "notices", _Notice)
    ]  # fmt: skip


def _told(rows: Rows, one: _Notice, texts: Mapping[str, str], local: str) -> str:
    report = one.kind == "report"
    what = about(rows, one.post_id, texts, yours=not report, most=_QUOTED) if one.post_id else ""
    until = f" until {one.until.astimezone().strftime(local)}" if one.until is not None else ""
    if report:
        if one.state == "dismissed":
            return f"Moderators looked at your report of {what} and left the post as it is"
        if one.state == "open":
            return f"Moderators look again at your report of {what}: what they had decided was taken back"
        return f"Thank you for your report of {what}: moderators {_ABOUT_REPORT.get(one.act, _DEALT)}"
    if one.kind == "undone":
        pattern = _TAKEN_BACK.get(one.of, "A moderator took something back about {post}")
    else:
        pattern = _YOURS.get(one.kind, "A moderator did something about {post}")
    to = ""
    if one.to:
        forum = rows.forum_titles().get(one.to)
        to = f" to {forum}" if forum is not None else f" into {about(rows, one.to, texts, most=_QUOTED)}"
    warned = f" about your post {what}" if what else ""
    return " ".join(pattern.format(post=what, to=to, until=until, about=warned).split())


# -- reports


def reports(rows: Rows, desk: Mapping[str, object], waiting: Iterable[Queued]) -> list[ReportRow]:
    """One's own, those that wait in the outbox first, then the latest first."""
    texts = texts_of(desk)
    acts: dict[str, str] = {}  # what was done, by the post: told in the notices, the latest of which stands first
    for told in section(desk, "notices", _Notice):
        if told.kind == "report":
            acts.setdefault(told.post_id, told.act)
    found = [
        ReportRow(
            row.id, row.post_id, about(rows, row.post_id, texts), safe_line(str(row.payload.data.get("reason", ""))),
            safe_line(str(row.payload.data.get("note", ""))),
            "refused" if row.state == "refused" else "waiting", row.created,
            _became("refused" if row.state == "refused" else "waiting", ""),
        )
        for row in waiting if row.kind == "report" and row.state != "sent"
    ]  # fmt: skip
    return found + [
        ReportRow(
            one.id, one.post_id, about(rows, one.post_id, texts), safe_line(one.reason, 40),
            safe_line(one.note, MOST_NOTE), safe_line(one.state, 40), one.created_at.astimezone(UTC),
            _became(one.state, acts.get(one.post_id, "")),
        )
        for one in section(desk, "reports", _Report)
    ]  # fmt: skip


_BECAME = {
    "open": "moderators see it",
    "dismissed": "moderators left it as it is",
    "waiting": "waits to be sent",
    "refused": "refused: see the outbox",
}


def _became(state: str, act: str) -> str:
    """What became of a report, in words."""
    return _BECAME.get(state) or (
        f"moderators {_ABOUT_REPORT.get(act, _DEALT)}" if state == "acted" else safe_line(state, 40)
    )


def reported(desk: Mapping[str, object]) -> set[str]:
    """Ids of the posts with an open report."""
    return {one.post_id for one in section(desk, "queue", _Report)}


def queue(rows: Rows, desk: Mapping[str, object], decided: Collection[str]) -> list[QueueRow]:
    """Posts that were reported, those reported by most people first, else as the Jam has them; without those that the
    moderator has ``decided`` on and whose decision is still in the outbox."""
    of_posts: dict[str, list[_Report]] = {}
    times: dict[str, int] = {}
    for one in section(desk, "queue", _Report):
        times[one.person_id] = times.get(one.person_id, 0) + 1
        if one.post_id not in decided:
            of_posts.setdefault(one.post_id, []).append(one)
    people = rows.persons({one.person_id for found in of_posts.values() for one in found})
    texts = texts_of(desk)
    listed = [_queued(rows, post_id, found, people, times, texts) for post_id, found in of_posts.items()]
    listed.sort(key=lambda row: -row.people)
    return listed


def not_listed(desk: Mapping[str, object]) -> int:
    """How many more posts were reported than the Jam has listed."""
    size = desk.get("queue_size")
    return max(0, size - len(reported(desk))) if isinstance(size, int) else 0


def _queued(
    rows: Rows, post_id: str, found: list[_Report], people: Mapping[str, PersonRow], times: Mapping[str, int],
    texts: Mapping[str, str],
) -> QueueRow:  # fmt: skip
    said = []
    for one in found:
        who = people.get(one.person_id, _NOBODY)
        said.append(
            Reporter(one.id, who.name, who.handle, safe_line(one.reason, 40), safe_line(one.note, MOST_NOTE),
                     one.created_at.astimezone(UTC), max(one.of_person, times.get(one.person_id, 1)))
        )  # fmt: skip
    said.sort(key=lambda one: one.at)
    many = max(len(said), *(one.people for one in found))
    try:
        post = rows.post(post_id)
    except NotFound:
        return QueueRow(post_id, "", "a post that is not here yet", "", "", "", "", "", "", tuple(said), many)
    opener = post
    with contextlib.suppress(NotFound):
        opener = rows.post(post.thread_id)
    return QueueRow(
        post.id, post.thread_id, _begin(post, texts), _begin(opener, texts),
        rows.forum_titles().get(post.forum_id, ""), post.author, post.handle, post.author_id, post.gone, tuple(said),
        many,
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
    known, texts = {one.id: one for one in acts}, texts_of(desk)
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
                _done(rows, one, people, known, texts, local), safe_name(one.reason), one.created_at.astimezone(UTC),
                one.post_id, undone, may and not undone and one.act not in ("remove", "undo", *OF_RECORDS),
                one.changed,
            )
        )  # fmt: skip
    return found


def _done(
    rows: Rows, one: _Act, people: Mapping[str, PersonRow], known: Mapping[str, _Act], texts: Mapping[str, str],
    local: str, deep: bool = True,
) -> str:  # fmt: skip
    verb = DONE.get(one.act, safe_line(one.act, 40))
    if one.act == "undo":
        undone = known.get(one.of)
        return (
            f"undid: {_done(rows, undone, people, known, texts, local, False)}" if undone and deep else "undid an act"
        )
    parts = [verb]
    if one.person_id:
        who = people.get(one.person_id, _NOBODY)
        parts.append("somebody who has left" if who.left else f"{who.name} @{who.handle}")
    if one.until is not None:
        parts.append(f"until {one.until.astimezone().strftime(local)}")
    if one.post_id:
        most = _QUOTED // 2 if one.to else _QUOTED  # so that where it went has room
        parts.append(f"{'for ' if one.person_id else ''}{about(rows, one.post_id, texts, most=most)}")
    if one.to:
        forum = rows.forum_titles().get(one.to)
        parts.append(f"to {forum}" if forum is not None else f"into {about(rows, one.to, texts, most=_QUOTED)}")
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
