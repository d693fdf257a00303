"""``jamtui digest``: what happened since some moment, for a mail or a glance, the most important first.

It reads the mirror and marks nothing. Made for cron: words on standard output, nothing else; with ``--if-any`` not even
those when nothing happened. ``--since last`` keeps when it was and how far ideas were, and nothing of what was read.
"""

from __future__ import annotations

import argparse
import json
import textwrap
from collections.abc import Callable, Iterator
from contextlib import closing
from datetime import UTC, datetime, timedelta
from pathlib import Path

from msgspec import Struct

from jamtui.archive import rfc3339
from jamtui.commands.context import Context
from jamtui.commands.event import span
from jamtui.commands.files import whole_file
from jamtui.commands.markdown_safe import plain
from jamtui.countdown import standing
from jamtui.errors import UsageError
from jamtui.host_rows import AnnouncementRow, PollRow
from jamtui.names import beside
from jamtui.notice import InboxRow
from jamtui.output import fit, json_line, local_time
from jamtui.session import Session
from jamtui.store import digest as found
from jamtui.ways import HotRow, moment

PLACE = "digest"  # where it is kept when the last one was
COLUMNS = 78
FOR_ME, HOTTEST = 30, 10


class Digest(Struct, frozen=True):
    """Everything that is told; texts are harmless."""

    jam: str
    since: datetime
    until: datetime
    left: str
    unread: int
    for_me: list[InboxRow]
    more_for_me: int
    announcements: list[AnnouncementRow]
    moved: list[found.Moved]
    featured: list[found.Featured]
    polls: list[PollRow]
    hot: list[HotRow]
    busy: list[found.Busy]
    forums: dict[str, str]

    @property
    def nothing(self) -> bool:
        told = (self.for_me, self.announcements, self.moved, self.featured, self.busy)
        return not (any(told) or any(poll.created_at >= self.since for poll in self.polls))


def run(context: Context, args: argparse.Namespace) -> None:
    out = context.out
    if out.json and args.format not in (None, "json"):
        raise UsageError(f"--json and --format {args.format} do not go together", "Give one of them.")
    form = args.format or ("json" if out.json else "text")
    with closing(context.session()) as session:
        kept = _kept(session) if args.since == "last" else None
        now = session.counted_from()
        since = (kept[0] if kept else now - timedelta(days=1)) if args.since == "last" else moment(args.since, now)
        if since > now:
            raise UsageError("this time is still to come", "Use 24h, 3d, yesterday or a time that has passed.")
        made = collect(session, since, kept[1] if kept else None)
        # What was written before the mirror was last brought up to date is in it; what came later is for the next time.
        upto = min(now, session.status().mirrored_at or now)
        after = json.dumps({"at": rfc3339(upto), "ideas": session.idea_states()}) if args.since == "last" else ""
        lines = list(FORMATS[form](made)) if not (made.nothing and args.if_any) else []
        if lines:
            target = Path(args.output) if args.output else None
            with whole_file(target, replace=True) as file:
                file.write("".join(f"{line}\n" for line in lines).encode())
        if after:
            session.set_place(PLACE, after)  # when it is out, not before


def _kept(session: Session) -> tuple[datetime, dict[str, str]] | None:
    """When the last one was, and which ideas were how far then; None before the first."""
    try:
        kept = json.loads(session.place(PLACE))
        ideas = {str(name): str(state) for name, state in kept["ideas"].items()}
        return datetime.fromisoformat(kept["at"]).astimezone(UTC), ideas
    except (ValueError, KeyError, TypeError, AttributeError):
        return None


def collect(session: Session, since: datetime, ideas: dict[str, str] | None) -> Digest:
    jam, now = session.jam, session.counted_from()
    unread = [row for row in session.inbox_rows(session.inbox_keys(unread=True)) if row.at >= since]
    mine = [row for row in unread if not row.key.startswith(("announcement:", "poll:"))]
    forums = session.forums()
    lately = {one.thread.id for one in session.hot(HOTTEST) if one.thread.last_at >= since}
    return Digest(
        jam.title, since, now, standing(jam, session.event_now(), span)[0], sum(row.unread for row in forums),
        mine[:FOR_ME], len(mine[FOR_ME:]),
        [row for row in session.announcements() if row.at >= since and row.send is None],
        session.moved_ideas(ideas, since), session.featured_since(since),
        [poll for poll in session.polls() if poll.open or (poll.closed_at is not None and poll.closed_at >= since)],
        [one for one in session.hot(HOTTEST) if one.thread.id in lately], session.busy_since(since),
        {row.id: row.title for row in forums},
    )  # fmt: skip


# -- how it is written


class _Item(Struct, frozen=True):
    """One thing of a section: what it is, facts about it, how it begins, and the id by which commands name it."""

    head: str
    facts: tuple[str, ...] = ()
    text: str = ""
    post: str = ""


def _sections(made: Digest) -> Iterator[tuple[str, list[_Item]]]:
    """(heading, things), the most important first; those without a thing are left out."""
    forum = made.forums.get
    yield (
        "For you",
        [
            _Item(
                row.title or row.excerpt,
                (row.why, row.figure if row.count > 1 else "", row.names, forum(row.forum_id, ""), local_time(row.at)),
                row.excerpt if row.thread_id else " ".join(row.body.split("\n")[1:]),
                row.post_id,
            )
            for row in made.for_me
        ],
    )
    yield "Announcements", [
        _Item(" ".join(row.body.split())[:500], (f"{row.author}{beside(row.alike)}", row.forum,
                                                 f"{'changed ' if row.edited_at else ''}{local_time(row.at)}"))
        for row in made.announcements
    ]  # fmt: skip
    yield "Ideas that moved", [
        _Item(
            one.post.title,
            (f"{one.before} -> {one.state}" if one.before else one.state, _count(one.post.up, "vote"),
             forum(one.post.forum_id, "")),
            post=one.post.id,
        )
        for one in made.moved
    ]  # fmt: skip
    yield "Featured", [
        _Item(one.post.title or one.thread, (f"by {one.by}" if one.by else "", forum(one.post.forum_id, "")),
              one.reason, one.post.id)
        for one in made.featured
    ]  # fmt: skip
    yield "Polls", [
        _Item(
            poll.question,
            ("open" if poll.open else "closed", _count(poll.total, "ballot"),
             "you have not chosen" if poll.open and poll.chosen < 0 else ""),
            "; ".join(f"{choice}: {poll.share(at):.0%}" for at, choice in enumerate(poll.choices)),
        )
        for poll in made.polls
    ]  # fmt: skip
    yield "Where people are now", [
        _Item(
            one.thread.title,
            (f"{_count(one.posts, 'post')} by {_count(one.people, 'person', 'people')}",
             f"{one.thread.unread:,} unread" if one.thread.unread else "", forum(one.thread.forum_id, "")),
            post=one.thread.id,
        )
        for one in made.hot
    ]  # fmt: skip


def _text(made: Digest) -> Iterator[str]:
    yield made.jam
    yield f"{local_time(made.since)} to {local_time(made.until)}, {made.left}, {made.unread:,} unread"
    if made.nothing:
        yield "Nothing happened."
        return
    for heading, items in _sections(made):
        if not items:
            continue
        yield ""
        yield f"{heading.upper()} ({len(items) + (made.more_for_me if heading == 'For you' else 0):,})"
        for item in items:
            yield from textwrap.wrap(item.head or "(no title)", COLUMNS, initial_indent="* ", subsequent_indent="  ",
                                     max_lines=3, placeholder=" ...")  # fmt: skip
            facts = " · ".join(filter(None, (*item.facts, item.post[:13])))
            yield from textwrap.wrap(facts, COLUMNS, initial_indent="  ", subsequent_indent="  ")
            if item.text:
                yield from textwrap.wrap(item.text, COLUMNS, initial_indent="  | ", subsequent_indent="  | ",
                                         max_lines=3, placeholder=" ...")  # fmt: skip
        if heading == "For you" and made.more_for_me:
            yield f"  and {made.more_for_me:,} more: jamtui inbox --unread"
    if made.busy:
        yield ""
        yield "FORUMS"
        for one in made.busy:
            figures = f"{_count(one.threads, 'thread')} by {_count(one.people, 'person', 'people')}"
            yield fit(
                f"  {one.posts:>6,} {'post' if one.posts == 1 else 'posts'}, {figures}: {one.title}", COLUMNS
            ).rstrip()


def _count(number: int, one: str, many: str = "") -> str:
    return f"{number:,} {one if number == 1 else many or f'{one}s'}"


def _markdown(made: Digest) -> Iterator[str]:
    yield f"# {plain(made.jam)}"
    yield ""
    yield f"{local_time(made.since)} to {local_time(made.until)}, {made.left}, {made.unread:,} unread"
    if made.nothing:
        yield ""
        yield "Nothing happened."
        return
    for heading, items in _sections(made):
        if not items:
            continue
        yield from ("", f"## {heading}", "")
        for item in items:
            yield f"- **{plain(item.head or '(no title)')}**"
            facts = [plain(fact) for fact in item.facts if fact]
            yield f"  {' · '.join([*facts, f'`{item.post[:13]}`'] if item.post else facts)}"
            if item.text:
                yield f"  {plain(item.text)}"
        if heading == "For you" and made.more_for_me:
            yield f"- and {made.more_for_me:,} more: `jamtui inbox --unread`"
    if made.busy:
        yield from ("", "## Forums", "", "| forum | posts | threads | people |", "|---|--:|--:|--:|")
        for one in made.busy:
            yield f"| {plain(one.title)} | {one.posts:,} | {one.threads:,} | {one.people:,} |"


def _json(made: Digest) -> Iterator[str]:
    """One object; its texts are harmless ones."""
    yield json_line(
        {
            "jam": made.jam, "since": rfc3339(made.since), "until": rfc3339(made.until), "unread": made.unread,
            "for_me": [
                {"row": row.key, "reasons": list(row.reasons), "count": row.count, "unread": row.unread,
                 "at": rfc3339(row.at), "title": row.title, "excerpt": row.excerpt, "who": list(row.who),
                 "forum_id": row.forum_id, "thread_id": row.thread_id, "thread_state": row.gone or None,
                 "post_id": row.post_id}
                for row in made.for_me
            ],
            "more_for_me": made.more_for_me,
            "announcements": [
                {"id": row.id, "author_id": row.author_id, "body": row.body, "created_at": rfc3339(row.created_at),
                 "forum_id": row.forum_id or None, "seen": row.seen}
                for row in made.announcements
            ],
            "moved": [
                {"post_id": one.post.id, "title": one.post.title, "state": one.state, "before": one.before or None,
                 "votes": one.post.up}
                for one in made.moved
            ],
            "featured": [
                {"post_id": one.post.id, "title": one.post.title or one.thread, "by": one.by, "reason": one.reason,
                 "at": rfc3339(one.at)}
                for one in made.featured
            ],
            "polls": [
                {"id": poll.id, "question": poll.question, "choices": list(poll.choices), "counts": list(poll.counts),
                 "open": poll.open, "chosen": poll.chosen if poll.chosen >= 0 else None}
                for poll in made.polls
            ],
            "hot": [
                {"post_id": one.thread.id, "title": one.thread.title, "heat": round(one.heat, 4), "recent": one.posts,
                 "people": one.people, "unread": one.thread.unread}
                for one in made.hot
            ],
            "forums": [
                {"forum_id": one.forum_id, "title": one.title, "posts": one.posts, "threads": one.threads,
                 "people": one.people, "unread": one.unread}
                for one in made.busy
            ],
        }
    )  # fmt: skip


FORMATS: dict[str, Callable[[Digest], Iterator[str]]] = {"text": _text, "markdown": _markdown, "json": _json}
