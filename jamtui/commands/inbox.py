"""``jamtui inbox``: what is for the reader, for scripts and for people."""

from __future__ import annotations

import argparse
from contextlib import closing

from jamtui.archive import rfc3339
from jamtui.commands.context import Context
from jamtui.notice import InboxRow, reasons_of
from jamtui.output import local_time
from jamtui.session import Session

_SHORT = 13  # characters of an id, as in the lists of `jamtui.commands.reading`
_SECTIONS = {"notice": "notices"}


def run(context: Context, args: argparse.Namespace) -> None:
    """``--json``: the object (the newest post of the row, or the record) with why it is there."""
    out = context.out
    reasons = reasons_of(args.reason)
    with closing(context.session()) as session:
        keys = session.inbox_keys(reasons, unread=args.unread)[: args.limit]
        rows = session.inbox_rows(keys)
        slugs = {one.id: one.slug for one in session.forums()}
        if out.json:
            for row, found in zip(rows, _objects(session, rows), strict=True):
                out.row(found | _why(row))
        else:
            shown = _SHORT if out.table_wanted else None
            out.table(
                ["post", "why", "title", "forum", "by", "count", "new", "last"],
                [
                    (
                        row.post_id[:shown], row.why, row.title, slugs.get(row.forum_id, ""), row.names, row.count,
                        row.unread, local_time(row.at),
                    )
                    for row in rows
                ],
                give=2,
                right="count new",
                strong=[row.unread > 0 for row in rows],
            )  # fmt: skip
            if not rows:
                out.say("Nothing new is for you." if args.unread else "Nothing is for you yet.")
        if args.mark_read:
            out.say(f"{session.read_inbox(keys).what}.")


def _why(row: InboxRow) -> dict[str, object]:
    return {
        "row": row.key, "reasons": [reason.value for reason in row.reasons], "count": row.count, "unread": row.unread,
        "at": rfc3339(row.at), "thread_title": row.title if row.thread_id and not row.gone else None,
        "thread_state": row.gone or None, "open_at": row.post_id or None,
    }  # fmt: skip


def _objects(session: Session, rows: list[InboxRow]) -> list[dict[str, object]]:
    """What each row is about, as it came."""
    inbox, desk = session.inbox(), session.desk()
    newest = {row.key: found[-1] for row in rows if (found := inbox.posts(row.key))}
    posts = dict(session.stored().posts(list(newest.values())))
    made: list[dict[str, object]] = []
    for row in rows:
        kind, _, name = row.key.partition(":")
        if row.key in newest:
            made.append(posts.get(newest[row.key], {}))
        elif kind == "links":
            made.append({"links": [one for one in session.records("link") if one.get("to_id") == name]})
        elif kind in _SECTIONS:
            told = desk.get(_SECTIONS[kind])
            made.append(next((one for one in told if one.get("id") == name), {})
                        if isinstance(told, list) else {})  # fmt: skip
        else:
            made.append(next((one for one in session.records(kind) if one.get("id") == name), {}))
    return made
