"""The commands of hosts, and of what hosts put into a Jam: announcements, briefs, polls, a shift handed over."""

from __future__ import annotations

import argparse
from contextlib import closing

from jamtui.archive import rfc3339
from jamtui.commands import texts
from jamtui.commands.context import Context
from jamtui.commands.reading import SHORT
from jamtui.commands.writing import send, tell
from jamtui.errors import UsageError
from jamtui.handing_over import markdown, waited
from jamtui.host_rows import BriefChange, Handed, PollRow
from jamtui.model import CHANGE, EVERYBODY, Draft, DraftKind
from jamtui.names import beside
from jamtui.output import BOLD, DIM, GREEN, RED, Output, fit, local_time, width
from jamtui.safe_text import safe_line
from jamtui.ways import moment, until


def announcements(context: Context, args: argparse.Namespace) -> None:
    """``--json``: the objects with the author's ``handle`` and ``seen``."""
    out = context.out
    with closing(context.session()) as session:
        rows = [row for row in session.announcements() if not (args.new and row.seen)]
        if out.json:
            stored = {str(one.get("id")): one for one in session.records("announcement")}
            for row in rows:
                sent = {"state": row.send.value} if row.send else {}
                base = stored.get(row.id) or {
                    "id": row.id, "author_id": row.author_id, "body": row.body, "created_at": rfc3339(row.created_at)
                }  # fmt: skip
                out.row(base | {"handle": row.handle, "role": row.role, "seen": row.seen} | sent)
            return
        if not args.keep:
            session.see_announcements([row.id for row in rows if not row.seen])
    if out.table_wanted:
        for row in rows:
            to = f" to {row.forum or 'one forum'}" if row.forum_id else ""
            state = f"  {row.send.value}{f': {row.reason}' if row.reason else ''}" if row.send else ""
            mark = "  " if row.seen else "● "
            head = f"{row.author} @{row.handle} ({row.role}){to}"
            when = local_time(row.created_at) + (f", changed {local_time(row.edited_at)}" if row.edited_at else "")
            out.line(f"{out.style(mark + head, BOLD)} {out.style(when + state, DIM)}")
            for line in row.body.split("\n"):
                out.line(f"  {line}")
            out.line()
    else:
        out.table(
            ["id", "by", "role", "forum", "at", "seen", "text"],
            [
                (row.id, row.handle, row.role, row.forum, local_time(row.created_at), "seen" if row.seen else "new",
                 row.body)
                for row in rows
            ],
            give=6,
        )  # fmt: skip
    if not rows:
        out.say("No new announcement." if args.new else "Nothing was announced yet.")


def announce(context: Context, args: argparse.Namespace) -> int:
    if args.withdraw is not None:
        return _withdraw(context, args)
    if args.change is not None:
        return _change(context, args)
    with closing(context.session()) as session:
        session.need_host("announce")
        target = session.forum(args.forum).id if args.forum else EVERYBODY
        draft = session.draft(DraftKind.ANNOUNCEMENT, target)
        start = draft.body if draft and args.body is None else ""
        body = texts.body_of(args.body, context.home, context.environ, start)
        outbox_id = send(session, Draft(DraftKind.ANNOUNCEMENT, target, "", body), goes_on=args.body is None)
    return tell(context, session.known, [(outbox_id, "announce", outbox_id)])


def _change(context: Context, args: argparse.Namespace) -> int:
    if args.forum:
        raise UsageError("an announcement stays with whom it is for", "jamtui announce --change ID --body TEXT")
    with closing(context.session()) as session:
        draft = session.announcement_draft(args.change)
        body = texts.body_of(args.body, context.home, context.environ, draft.body)
        changed = Draft(draft.kind, draft.target, "", body)
        outbox_id = send(session, changed, goes_on=args.body is None)
    return tell(context, session.known, [(outbox_id, "announce-change", draft.target.removeprefix(CHANGE))])


def _withdraw(context: Context, args: argparse.Namespace) -> int:
    if args.body is not None or args.forum or args.change is not None:
        raise UsageError("what is withdrawn gets no text", "jamtui announce --withdraw ID")
    with closing(context.session()) as session:
        row = session.announcement(args.withdraw)
        if not args.yes and texts.on_terminal():
            begin = safe_line(row.body, 60)
            if texts.ask(f"Withdraw “{begin}”, for everybody, for good? [y/N]").lower() not in ("y", "yes"):
                context.out.say("Nothing was changed.")
                return 0
        done = session.withdraw(row.id)
        if not isinstance(done, str):
            context.out.line(f"{done.what} {row.id}")
            return 0
    return tell(context, session.known, [(done, "withdraw", row.id)])


# -- briefs


def brief(context: Context, args: argparse.Namespace) -> int:
    """``--json``: the forum's object, with the handles of its hosts."""
    out = context.out
    with closing(context.session()) as session:
        forum = session.forum(args.forum)
        if args.history:
            if args.edit or args.body is not None:
                raise UsageError("--history only tells", "Change it without that.")
            return _brief_history(out, session.brief_changes(forum.id))
        if args.edit or args.body is not None:
            draft = session.brief_draft(forum.id)
            body = texts.body_of(args.body, context.home, context.environ, draft.body)
            if body.strip() == draft.body.strip() and session.draft(DraftKind.BRIEF, forum.id) is None:
                out.say("Nothing was changed.")
                return 0
            if args.body is not None:
                draft = Draft(DraftKind.BRIEF, forum.id, "", body, base_version=forum.version)
            else:
                draft = Draft(DraftKind.BRIEF, forum.id, "", body, base_version=draft.base_version)
            outbox_id = send(session, draft, goes_on=args.body is None)
            return tell(context, session.known, [(outbox_id, "brief", forum.id)])
        hosts, changer = session.forum_hosts(forum), session.changed_by(forum)
        if out.json:
            stored = next(one for one in session.stored().forums() if one["id"] == forum.id)
            out.row(stored | {"hosts": [row.handle for row in hosts]})
            return 0
    if out.table_wanted:
        names = ", ".join(f"{row.name} @{row.handle}{beside(row.alike)}" for row in hosts)
        out.line(out.style(forum.title, BOLD))
        out.line(out.style(f"Hosts: {names or 'every host of the Jam'}", DIM))
        if forum.edited_at is not None:
            by = f" by {changer.name} @{changer.handle}{beside(changer.alike)}" if changer is not None else ""
            out.line(out.style(f"Changed {local_time(forum.edited_at)}{by}", DIM))
        out.line()
    for line in forum.brief.split("\n") if forum.brief.strip() else ["No brief yet."]:
        out.line(line)
    return 0


def _brief_history(out: Output, changes: list[BriefChange]) -> int:
    """``--json``: an object a change, with ``before`` and ``after``."""
    for one in changes:
        at = rfc3339(one.at) if one.at else None
        if out.json:
            out.row({"version": one.version, "handle": one.handle or None, "at": at, "before": one.before,
                     "after": one.after})  # fmt: skip
            continue
        who = f"{one.by} @{one.handle}{beside(one.alike)}" if one.handle else "the organiser"
        when = f", {local_time(one.at)}" if one.at else ""
        out.line(out.style(f"Version {one.version}, {who}{when}", BOLD))
        for sign, text in one.lines:
            out.line(out.style(f"  {sign} {text}".rstrip(), {"-": RED, "+": GREEN}.get(sign, DIM)))
        out.line()
    if not changes:
        out.say("The brief was not changed yet.")
    return 0


# -- polls


def polls(context: Context, args: argparse.Namespace) -> None:
    """``--json``: the objects with ``open``, one's own ``choice`` (from 1, or null) and the author's ``handle``."""
    out = context.out
    with closing(context.session()) as session:
        only = session.forum(args.forum).id if args.forum else ""
        rows = [row for row in session.polls() if (row.open or not args.open) and only in ("", row.forum_id)]
        if out.json:
            stored = {str(one.get("id")): one for one in session.records("poll")}
            for row in rows:
                out.row(_poll_object(row, stored.get(row.id, {})))
            return
    if out.table_wanted:
        for row in rows:
            _draw_poll(out, row)
            out.line()
    else:
        out.table(
            ["id", "question", "forum", "open", "ballots", "mine", "choices"],
            [
                (row.id, row.question, row.forum, "open" if row.open else "closed", row.total,
                 row.chosen + 1 if row.chosen >= 0 else "",
                 "; ".join(f"{text}: {n}" for text, n in zip(row.choices, row.counts, strict=True)))
                for row in rows
            ],
            give=1,
        )  # fmt: skip
    if not rows:
        out.say("No poll is open." if args.open else "No poll was asked yet.")


def _poll_object(row: PollRow, stored: dict[str, object]) -> dict[str, object]:
    base = stored or {
        "id": row.id, "author_id": row.author_id, "question": row.question, "choices": list(row.choices),
        "created_at": rfc3339(row.created_at),
    }  # fmt: skip
    return base | {
        "counts": list(row.counts), "open": row.open, "choice": row.chosen + 1 if row.chosen >= 0 else None,
        "handle": row.handle, "state": row.send.value if row.send else "sent",
    }  # fmt: skip


def _draw_poll(out: Output, row: PollRow) -> None:
    """A poll on a terminal: a bar a choice."""
    where = f" in {row.forum}" if row.forum else ""
    state = "closed" if not row.open else f"until {local_time(row.closes_at)}" if row.closes_at else "open"
    out.line(f"{out.style(row.question, BOLD)}")
    told = f"{row.id[:SHORT]}  {row.handle}{beside(row.alike)} ({row.role}){where} · {state} · {row.total:,} ballots"
    out.line(out.style(f"{told}{f' · {row.send.value}' if row.send else ''}", DIM))
    names = min(max(map(width, row.choices)), max(12, out.columns // 3))
    room = max(4, out.columns - names - 18)
    for index, text in enumerate(row.choices):
        share = row.share(index)
        bar = "█" * round(share * room) or ("▏" if row.counts[index] else "")
        mark = "✓" if index == row.chosen else " "
        line = f" {index + 1} {mark} {fit(text, names)}  {100 * share:>3.0f}%  {bar} {row.counts[index]:,}"
        out.line(out.style(line, GREEN) if index == row.chosen else line)


def poll(context: Context, args: argparse.Namespace) -> int:
    out = context.out
    if args.question is not None:
        if args.poll or args.close or args.remove:
            raise UsageError("a new poll has no id yet", "jamtui poll --question TEXT --choice A --choice B")
        with closing(context.session()) as session:
            closes = until(args.closes, context.now()) if args.closes else None
            new_id = session.ask(args.question, args.choice, args.forum or "", closes)
        return tell(context, session.known, [(new_id, "poll", new_id)])
    if args.poll is None or args.choice or args.closes or args.forum:
        raise UsageError("which poll", "Name one (jamtui polls lists them), or ask: --question TEXT --choice A …")
    with closing(context.session()) as session:
        row = session.poll(args.poll)
        if not (args.close or args.remove):
            if out.json:
                stored = next((one for one in session.records("poll") if one.get("id") == row.id), {})
                out.row(_poll_object(row, stored))
            elif out.table_wanted:
                _draw_poll(out, row)
            else:
                for index, text in enumerate(row.choices):
                    out.fields([index + 1, text, row.counts[index], "mine" if index == row.chosen else ""])
            return 0
        if args.remove:
            session.need_host("take polls away")
            if not args.yes and texts.on_terminal():
                asked = f"Take “{row.question[:60]}” away, with its {row.total:,} ballots, for good? [y/N]"
                if texts.ask(asked).lower() not in ("y", "yes"):
                    out.say("Nothing was changed.")
                    return 0
            done = session.remove_poll(row.id)
            if not isinstance(done, str):
                out.line(f"{done.what} {row.id}")
                return 0
            return tell(context, session.known, [(done, "remove-poll", row.id)])
        closing_id = session.close_poll(row.id)
    return tell(context, session.known, [(closing_id, "close-poll", row.id)])


def ballot(context: Context, args: argparse.Namespace) -> int:
    if (args.choice is None) is not args.withdraw:
        raise UsageError(
            "choose one, or take your ballot back", "jamtui ballot POLL N, or jamtui ballot POLL --withdraw"
        )
    if args.choice is not None and not (args.choice.isascii() and args.choice.isdigit() and len(args.choice) < 4):
        raise UsageError("a choice is named by its number", "jamtui poll POLL shows the numbers.")
    with closing(context.session()) as session:
        row = session.poll(args.poll)
        chosen = int(args.choice) - 1 if args.choice is not None else None
        outbox_id = session.choose(row.id, chosen)
    kind = "unballot" if chosen is None else "ballot"
    return tell(context, session.known, [(outbox_id, kind, row.id)])


# -- a host's shift


def unanswered(context: Context, args: argparse.Namespace) -> None:
    """``--json``: opening posts."""
    out = context.out
    with closing(context.session()) as session:
        keys = session.unanswered_keys()[: args.limit]
        if out.json:
            for _, post in session.stored().posts(keys):
                out.row(post)
            return
        rows = session.threads(keys)
        slugs = {one.id: one.slug for one in session.forums()}
        now = session.counted_from()
    shown = SHORT if out.table_wanted else None
    out.table(
        ["post", "title", "forum", "by", "waits"],
        [
            (row.id[:shown], row.title, slugs.get(row.forum_id, ""), f"{row.handle}{beside(row.alike)}",
             waited(row.created_at, now))
            for row in rows
        ],
        give=1,
        right="waits",
    )  # fmt: skip
    if not rows:
        out.say("Everything in your forums has an answer.")


def hand_over(context: Context, args: argparse.Namespace) -> None:
    """``--json``: one object with a list of posts a section."""
    out = context.out
    with closing(context.session()) as session:
        session.need_host("hand a shift over")
        since = moment(args.since, session.counted_from()) if args.since else None
        if args.note is not None:
            session.write_shift_note(texts.body_of(args.note, context.home, context.environ))
        found = session.hand_over(since)
        ended = session.end_shift() if args.end else None
        jam, who = session.jam, session.me.name or session.me.handle
        if out.json or args.format == "json":
            out.row(
                {
                    "since": rfc3339(found.since), "until": rfc3339(found.until), "first": found.first,
                    "forums": list(found.forums), "note": session.shift_note(),
                }
                | {name: [_handed(one) for one in posts] for name, _, posts in found.sections()}
            )  # fmt: skip
        elif args.format == "markdown" or not out.table_wanted:
            for line in markdown(found, jam, who, session.address).rstrip("\n").split("\n"):
                out.line(line)
        else:
            where = "the whole Jam" if found.everything else ", ".join(found.forums)
            guess = " (no shift has ended on this device yet)" if found.first else ""
            out.line(f"{out.style(f'Since {local_time(found.since)}', BOLD)}{guess}, {where}")
            if found.note.strip():
                out.line(f"\nNote: {found.note.strip()}")
            for _, heading, posts in found.sections():
                out.line(f"\n{out.style(f'{heading} ({len(posts):,})', BOLD)}")
                for one in posts:
                    words = " ".join((one.title or one.post.body).split())
                    facts = f"{one.post.handle}, {one.forum}, {waited(one.post.created_at, found.until)}"
                    more = f", {one.why}" if one.why else ""
                    out.line(fit(f"  {one.post.id[:SHORT]}  {words[:80]}  {facts}{more}", out.columns - 1).rstrip())
        if ended is not None:
            out.say(f"{ended.what}.")


def _handed(one: Handed) -> dict[str, object]:
    return {
        "id": one.post.id, "thread_id": one.post.thread_id, "forum_id": one.post.forum_id, "handle": one.post.handle,
        "title": one.title, "created_at": rfc3339(one.post.created_at), "why": one.why,
    }  # fmt: skip
