"""The commands of moderation: report, reports, moderate, audit, notices."""

from __future__ import annotations

import argparse
from contextlib import closing
from datetime import datetime, timedelta

from jamtui.archive import rfc3339
from jamtui.commands.context import Context
from jamtui.commands.writing import tell
from jamtui.errors import NotFound, UsageError
from jamtui.mod_rows import ON_PEOPLE
from jamtui.moderating import Act
from jamtui.output import BOLD, local_time
from jamtui.session import Session

_UNITS = {"h": timedelta(hours=1), "d": timedelta(days=1), "w": timedelta(weeks=1)}


def report(context: Context, args: argparse.Namespace) -> int:
    with closing(context.session()) as session:
        post = session.need_reportable(args.post)
        done = session.report(post.id, args.reason, args.note or "")
        thanks = session.thanks()
    code = tell(context, session.known, [(done, "report", post.id)])
    if not context.out.json:
        context.out.say(f"{thanks}.")
    return code


def reports(context: Context, args: argparse.Namespace) -> int | None:
    """For moderators the open ones, post by post; for others their own. ``--dismiss`` leaves a post as it is."""
    out = context.out
    with closing(context.session()) as session:
        session.need_name("reports")
        if args.dismiss is not None:
            post = session.post(args.dismiss)
            row = next((one for one in session.queue() if one.post_id == post.id), None)
            if row is None:
                raise NotFound("no open report of this post", "jamtui sync fetches those that came since.")
            done = session.dismiss(row)
        elif session.moderates and not args.mine:
            _queue(context, session)
            return None
        else:
            rows = session.my_reports()
            if out.json:
                for mine in rows:
                    out.row({"id": mine.id, "post_id": mine.post_id, "reason": mine.reason, "note": mine.note,
                             "state": mine.state, "became": mine.became, "created_at": rfc3339(mine.at)})  # fmt: skip
            else:
                out.table(
                    ["post", "reason", "became", "at", "about"],
                    [(one.post_id[:13], one.reason, one.became, local_time(one.at), one.about) for one in rows],
                    give=4,
                )
                if not rows:
                    out.say("You reported nothing.")
            return None
    return tell(context, session.known, [(done, "decide", post.id)])


def _queue(context: Context, session: Session) -> None:
    out, rows = context.out, session.queue()
    if out.json:
        for row in rows:
            for one in row.reports:
                out.row({"id": one.id, "post_id": row.post_id, "thread_id": row.thread_id, "reason": one.reason,
                         "note": one.note, "by": one.handle, "author": row.handle, "about": row.about,
                         "created_at": rfc3339(one.at)})  # fmt: skip
        return
    out.table(
        ["post", "times", "reasons", "author", "forum", "about"],
        [(row.post_id[:13], row.people, row.reasons, row.handle, row.forum, row.about) for row in rows],
        give=5,
        right="times",
    )
    if not rows:
        at = session.status().mirrored_at
        out.say(f"Nothing waits for a decision{f', as of {local_time(at)}: jamtui sync looks again' if at else ''}.")


def moderate(context: Context, args: argparse.Namespace) -> int:
    with closing(context.session()) as session:
        if args.act == "undo":
            act = next((row for row in session.audit() if row.id.startswith(args.post.lower())), None)
            if act is None or len(args.post) < 6:
                raise NotFound("no such act", "jamtui audit lists them with their ids, jamtui sync fetches later ones.")
            done, about = session.undo_act(act.id), act.post_id
            if not done:
                context.out.say("It was not sent yet, and is not done.")
                return 0
        else:
            done, about = _act(session, args)
    return tell(context, session.known, [(done, "moderate", about)])


def _act(session: Session, args: argparse.Namespace) -> tuple[str, str]:
    """(row of the outbox, post or person that it is about)"""
    if (args.to is None) == (args.act in ("move", "merge")):
        raise UsageError("--to goes with move and merge", "move --to FORUM, merge --to THREAD.")
    if (args.until is None) == (args.act == "suspend"):
        raise UsageError("--until goes with suspend", "For example: --until 3d.")
    reason = args.reason or ""
    until = _until(args.until, session.now()) if args.until is not None else None
    if args.act in ON_PEOPLE:
        post_id, person_id = "", ""
        if args.post.startswith("@"):
            person_id = session.person_id(args.post[1:])
        else:
            post = session.post(args.post)
            post_id, person_id = post.id, post.author_id
        return session.act(Act(args.act, reason, post_id, person_id, "", until)), post_id or person_id
    post = session.post(args.post)
    to = ""
    if args.act == "move":
        to = session.forum(args.to).id
    elif args.act == "merge":
        to = session.post(args.to).thread_id
    return session.act(Act(args.act, reason, post.id, "", to)), post.id


def _until(text: str, now: datetime) -> datetime:
    """``3d``, ``12h``, ``1w``, or an RFC 3339 time. Raises `UsageError`."""
    number, unit = text[:-1], text[-1:]
    if number.isascii() and number.isdecimal() and len(number) < 5 and unit in _UNITS:
        return now + int(number) * _UNITS[unit]
    try:
        moment = datetime.fromisoformat(text)
        if moment.tzinfo is None:
            raise ValueError("no time zone")
    except ValueError:
        raise UsageError(f"{text[:40]} is no time", "Write it as 3d, 12h, 1w, or 2026-02-08T14:00:00Z.") from None
    return moment


def audit(context: Context, args: argparse.Namespace) -> None:
    out = context.out
    with closing(context.session()) as session:
        session.need_host("read what was done")
        rows = session.audit()
        if out.json:
            stored = {str(one.get("id")): one for one in session.desk_rows("audit")}
            for row in rows:
                waiting = {"id": row.id, "act": row.act, "post_id": row.post_id, "reason": row.reason,
                           "created_at": rfc3339(row.at)}  # fmt: skip
                state = {"state": row.send.value} if row.send else {}
                out.row((stored.get(row.id) or waiting) | {"words": row.words, "undone": row.undone} | state)
            return
    out.table(
        ["id", "at", "by", "what", "reason", "state"],
        [
            (row.id[:13], local_time(row.at), row.by, row.words, row.reason,
             "undone" if row.undone else row.send.value if row.send else "")
            for row in rows
        ],
        give=3,
    )  # fmt: skip
    if not rows:
        out.say("Nothing was done yet.")


def hidden(context: Context, args: argparse.Namespace) -> None:
    """Hidden posts, whole: of moderators all of them, of others their own. ``--json``: as the Jam tells them."""
    out = context.out
    with closing(context.session()) as session:
        session.need_name("hidden posts")
        if out.json:
            for post in session.desk_rows("hidden"):
                out.row(post)
            return
        rows = session.hidden()
    out.table(
        ["post", "by", "text", "written"],
        [(row.post_id[:13], row.handle, " ".join(f"{row.title} {row.body[:800]}".split())[:200], local_time(row.at))
         for row in rows],
        give=2,
    )  # fmt: skip
    if not rows:
        out.say("Nothing is hidden.")


def notices(context: Context, args: argparse.Namespace) -> None:
    """What is listed for people counts as seen; ``--json`` and ``--keep`` leave that as it is."""
    out = context.out
    with closing(context.session()) as session:
        session.need_name("notices")
        rows = session.notices()
        suspended = session.suspended()
        if out.json:
            stored = {str(one.get("id")): one for one in session.desk_rows("notices")}
            for row in rows:
                out.row(stored[row.id] | {"words": row.words, "seen": row.seen})
            return
        if not args.keep:
            session.see_notices([row.id for row in rows if not row.seen])
    if suspended is not None:
        out.say(f"You are suspended until {local_time(suspended.until)}: {suspended.reason}")
    if out.table_wanted:
        for row in rows:
            mark = "  " if row.seen else "● "
            out.line(f"{out.style(mark + row.words, BOLD)} {local_time(row.at)}")
            if row.reason:
                out.line(f"    {row.reason}")
    else:
        out.table(
            ["id", "kind", "at", "seen", "post", "what", "reason"],
            [
                (row.id, row.kind, local_time(row.at), "seen" if row.seen else "new", row.post_id, row.words,
                 row.reason)
                for row in rows
            ],
            give=5,
        )  # fmt: skip
    if not rows:
        out.say("No notices.")
