"""``jamtui threads``, ``hot``, ``people HANDLE`` and ``plan``: the ways through a Jam, for scripts and for people."""

from __future__ import annotations

import argparse
from contextlib import closing
from textwrap import wrap

from jamtui.archive import rfc3339
from jamtui.commands.context import Context
from jamtui.commands.reading import SHORT
from jamtui.model import begins
from jamtui.names import beside
from jamtui.output import BOLD, DIM, Output, local_time
from jamtui.ways import Filter, PersonMore, PersonPage, moment


def threads(context: Context, args: argparse.Namespace) -> None:
    """The threads of a forum, or of all of them, sorted and narrowed."""
    out = context.out
    with closing(context.session()) as session:
        forum = session.forum(args.forum) if args.forum else None
        now = session.counted_from()
        only = Filter(
            tuple(args.tag), tuple(args.author), tuple(one.lower() for one in args.lang),
            moment(args.since, now) if args.since else None, moment(args.before, now) if args.before else None,
            args.code, args.unread, tuple(args.kind), tuple(args.state), args.featured,
        )  # fmt: skip
        keys = session.thread_keys(forum.id if forum else None, args.sort, only)[: args.limit]
        rows = session.threads(keys)
        if out.json:
            more = {row.key: row for row in rows}
            for key, post in session.stored().posts(keys):
                if key in more:
                    row = more[key]
                    out.row(post | {"replies": row.replies, "unread": row.unread, "last_at": rfc3339(row.last_at)})
            return
        slugs = {one.id: one.slug for one in session.forums()} if forum is None else {}
    shown = SHORT if out.table_wanted else None
    out.table(
        ["post", "title", "kind", *(["forum"] if slugs else []), "by", "replies", "votes", "unread", "last", "tags"],
        [
            (
                row.id[:shown], f"{'◆ ' if row.featured and not row.gone else ''}{row.title}",
                row.kind if row.idea_state in ("", "new") else f"{row.kind}: {row.idea_state}",
                *([slugs.get(row.forum_id, "")] if slugs else []), f"{row.handle}{beside(row.alike)}",
                row.replies, row.up, row.unread,
                local_time(row.last_at), " ".join(f"#{tag}" for tag in row.tags),
            )
            for row in rows
        ],
        give=1,
        right="replies votes unread",
        strong=[row.unread > 0 for row in rows],
    )  # fmt: skip


def hot(context: Context, args: argparse.Namespace) -> None:
    """``--json``: opening posts with ``heat`` (1 for the hottest), and the recent posts, people and votes behind it."""
    out = context.out
    with closing(context.session()) as session:
        rows = session.hot(args.limit)
        if out.json:
            more = {row.thread.key: row for row in rows}
            for key, post in session.stored().posts([row.thread.key for row in rows]):
                row = more[key]
                out.row(
                    post
                    | {
                        "heat": round(row.heat, 4), "recent": row.posts, "people": row.people,
                        "recent_votes": row.votes, "replies": row.thread.replies, "unread": row.thread.unread,
                    }
                )  # fmt: skip
            return
        slugs = {one.id: one.slug for one in session.forums()}
    shown = SHORT if out.table_wanted else None
    out.table(
        ["post", "title", "forum", "heat", "recent", "people", "votes", "unread"],
        [
            (
                row.thread.id[:shown], row.thread.title, slugs.get(row.thread.forum_id, ""), f"{100 * row.heat:.0f}%",
                row.posts, row.people, row.votes, row.thread.unread,
            )
            for row in rows
        ],
        give=1,
        right="heat recent people votes unread",
        strong=[row.thread.unread > 0 for row in rows],
    )  # fmt: skip


def person(context: Context, args: argparse.Namespace) -> None:
    """``--json``: the person's object with counts, or with ``--posts`` their posts, one a line."""
    out = context.out
    with closing(context.session()) as session:
        page = session.person(args.handle)
        keys = page.keys[: args.limit]
        if out.json and args.posts:
            for _, post in session.stored().posts(keys):
                out.row(post)
            return
        who, more = page.person, session.person_more(page.person.id)
        if out.json:
            found = next(one for one in session.stored().people() if one["id"] == who.id)
            times = {"first_at": more.first_at, "last_at": page.last_at}
            out.row(
                found
                | {"threads": page.threads, "votes_received": page.votes}
                | {name: rfc3339(at) if at else None for name, at in times.items()}
                | {"links": [{"how": words, "count": number} for words, number in more.links]}
                | {"answered": more.answered, "answers_received": more.answers}
                | {"tags": [{"name": name, "count": count} for name, count in more.tags]}
                | {
                    "talks_with": [
                        {"id": one.id, "handle": one.handle, "answered": one.answered, "answers": one.answers}
                        for one in more.companions
                    ]
                }
            )
            return
        rows = session.posts(keys)
        slugs = {one.id: one.slug for one in session.forums()}
    if out.table_wanted:
        out.line(f"{out.style(who.name, BOLD)} @{who.handle}{beside(who.alike)}")
        _tell_person(out, page, more)
    shown = SHORT if out.table_wanted else None
    out.table(
        ["post", "text", "forum", "votes", "written"],
        [
            (
                row.id[:shown], row.title or " ".join(row.body.split())[:300], slugs.get(row.forum_id, ""), row.up,
                local_time(row.created_at),
            )
            for row in rows
        ],
        give=1,
        right="votes",
        strong=[row.unread for row in rows],
    )  # fmt: skip


def _tell_person(out: Output, page: PersonPage, more: PersonMore) -> None:
    from jamtui.countries import country_name, flag, language_name

    who = page.person
    honour = f"[guest of honour: {who.honour}]" if who.honour else ""
    country = f"{country_name(who.country)} {flag(who.country)}".strip()
    speaks = ", ".join(map(language_name, who.languages))
    out.line(out.style(" · ".join(filter(None, (who.role, honour, who.org, country, speaks))), DIM))
    for line in who.about.split("\n") if who.about else ():  # further in: it is theirs, what follows is ours
        out.line(f"  {line}" if not out.table_wanted else "\n".join(f"  {row}" for row in wrap(line, out.columns - 3)))
    out.line(
        f"{who.posts:,} posts · {page.threads:,} threads · {page.votes:,} votes received"
        f" · first {local_time(more.first_at) or 'never'} · last {local_time(page.last_at) or 'never'}"
    )
    if more.tags:
        out.line(f"heard for {'  '.join(f'#{name}' for name, _ in more.tags)}")
    if more.companions:
        out.line(f"talks with {', '.join(f'@{one.handle} ({one.answered + one.answers})' for one in more.companions)}")
    if more.links:
        out.line(f"connected {' · '.join(f'{words} {number}' for words, number in more.links)}")
    out.line()


def plan(context: Context, args: argparse.Namespace) -> None:
    """``--json``: posts in the order to read them, with ``seconds``, ``context`` and ``why``."""
    out = context.out
    with closing(context.session()) as session:
        found = session.plan(args.time or args.minutes)
        if out.json:
            more = {step.post.key: step for step in found.steps}
            for key, post in session.stored().posts([step.post.key for step in found.steps]):
                step = more[key]
                out.row(post | {"seconds": round(step.seconds), "context": step.context, "why": step.why})
            return
        titles = {step.post.thread_id: begins(session.post(step.post.thread_id)) for step in found.steps}
    shown = SHORT if out.table_wanted else None
    out.table(
        ["post", "thread", "by", "seconds", "why"],
        [
            (
                step.post.id[:shown], ("" if step.post.title else "↳ ") + titles[step.post.thread_id],
                f"{step.post.handle}{beside(step.post.alike)}", round(step.seconds), step.why,
            )
            for step in found.steps
        ],
        give=1,
        right="seconds",
        strong=[not step.context for step in found.steps],
    )  # fmt: skip
    out.say(f"{len(found.steps):,} of {found.unread:,} unread posts, about {round(found.seconds / 60):,} minutes.")
