"""The commands of hosts, and of what hosts put into a Jam: announcements."""

from __future__ import annotations

import argparse
from contextlib import closing

from jamtui.archive import rfc3339
from jamtui.commands import texts
from jamtui.commands.context import Context
from jamtui.commands.writing import send, tell
from jamtui.model import EVERYBODY, Draft, DraftKind
from jamtui.output import BOLD, DIM, local_time


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
            out.line(f"{out.style(mark + head, BOLD)} {out.style(local_time(row.created_at) + state, DIM)}")
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
    with closing(context.session()) as session:
        session.need_host("announce")
        target = session.forum(args.forum).id if args.forum else EVERYBODY
        draft = session.draft(DraftKind.ANNOUNCEMENT, target)
        start = draft.body if draft and args.body is None else ""
        body = texts.body_of(args.body, context.home, context.environ, start)
        outbox_id = send(session, Draft(DraftKind.ANNOUNCEMENT, target, "", body), goes_on=args.body is None)
    return tell(context, session.known, [(outbox_id, "announce", outbox_id)])
