"""``jamtui outbox``: what one wrote and the Jam has not confirmed; retry, edit or drop it."""

from __future__ import annotations

import argparse
from contextlib import closing

from msgspec.structs import replace

from jamtui.archive import rfc3339
from jamtui.commands import texts
from jamtui.commands.context import Context
from jamtui.commands.reading import SHORT
from jamtui.commands.writing import send, tell
from jamtui.errors import UsageError
from jamtui.output import local_time
from jamtui.session import Session
from jamtui.store.own import Queued


def run(context: Context, args: argparse.Namespace) -> int:
    if args.action is None:
        _list(context)
        return 0
    if args.id is None:
        raise UsageError(f"which one is to be {_DONE[args.action]}?", "jamtui outbox lists what waits, with its ids.")
    with closing(context.open(context.jam())) as session:
        row = session.waiting(args.id)
        if args.action == "drop":
            context.out.say(f"{session.drop(row.id).what}.")
            return 0
        if args.action == "retry":
            session.retry(row.id)
            outbox_id, post_id = row.id, row.post_id
        else:
            outbox_id, post_id = _edit(context, session, row, args.body)
    return tell(context, session.known, [(outbox_id, row.kind, post_id)])


_DONE = {"retry": "tried again", "edit": "edited", "drop": "dropped"}


def _list(context: Context) -> None:
    with closing(context.open(context.jam())) as session:
        rows = session.outbox()
        if context.out.json:
            payloads = {row.id: row.payload for row in session.stored().waiting}
            for row in rows:
                payload = payloads.get(row.id)
                context.out.row(
                    {
                        "id": row.id, "kind": row.kind, "state": row.state.value, "reason": row.reason,
                        "post_id": row.post_id, "thread_id": row.thread_id, "forum_id": row.forum_id,
                        "created_at": rfc3339(row.created_at), "attempts": row.attempts,
                        "next_try": rfc3339(row.next_try) if row.next_try else None,
                        "title": payload.title if payload else "", "body": payload.body if payload else "",
                        "tag": payload.tag if payload else "",
                    }
                )  # fmt: skip
            return
    if not rows:
        context.out.say("Nothing waits: the Jam has everything.")
        return
    shown = SHORT if context.out.table_wanted else None
    context.out.table(
        ["id", "what", "state", "text", "written", "why"],
        [(r.id[:shown], r.kind, r.state.value, r.summary, local_time(r.created_at), r.reason) for r in rows],
        give=3,
    )


def _edit(context: Context, session: Session, row: Queued, given: str | None) -> tuple[str, str]:
    """The text is taken back, changed and put into the outbox again. Returns its new outbox id and post id."""
    if row.kind not in ("post", "edit"):
        raise UsageError(f"a {row.kind} has no text to edit", "Retry it or drop it.")
    body = texts.body_of(given, context.home, context.environ, row.payload.body)
    draft = session.reopen(row.id)
    outbox_id = send(session, replace(draft, body=body), goes_on=True)
    return outbox_id, row.post_id if row.kind == "edit" else outbox_id
