"""``jamtui outbox``: what one wrote and the Jam has not confirmed; retry, edit, drop, or choose between versions."""

from __future__ import annotations

import argparse
from contextlib import closing

from msgspec.structs import replace

from jamtui.archive import rfc3339
from jamtui.commands import texts
from jamtui.commands.context import Context
from jamtui.commands.reading import SHORT
from jamtui.commands.writing import send, tell, unsaid
from jamtui.errors import UsageError
from jamtui.model import Draft, DraftKind, OutboxRow
from jamtui.output import Output, local_time
from jamtui.safe_text import safe_block, safe_line
from jamtui.session import Session
from jamtui.store.own import TEXTS, Payload, Queued, as_draft

_DONE = {
    "retry": "tried again", "edit": "edited", "drop": "dropped", "show": "shown", "mine": "sent over theirs",
    "theirs": "dropped for theirs",
}  # fmt: skip


def run(context: Context, args: argparse.Namespace) -> int:
    if args.to is not None and args.action != "edit":
        raise UsageError("--to goes with edit", "jamtui outbox edit ID --to POST sends the text as an answer to POST.")
    if args.action is None:
        _list(context)
        return 0
    if args.id is None:
        raise UsageError(f"which one is to be {_DONE[args.action]}?", "jamtui outbox lists what waits, with its ids.")
    with closing(context.open(context.jam())) as session:
        row = session.waiting(args.id)
        outbox_id, post_id = row.id, row.post_id
        asking: list[tuple[str, str, str]] | None = None  # what is sent for a post that was dropped
        match args.action:
            case "show":
                _show(context, session, row)
                return 0
            case "drop":
                context.out.say(f"{session.drop(row.id).what}. jamtui drafts --thrown keeps its text for a while.")
                asking = unsaid(session, row.post_id) if row.kind == "post" else []
            case "theirs":
                session.choose_theirs(row.id)
                context.out.say("Theirs stays. jamtui drafts --thrown keeps your text for a while.")
                return 0
            case "mine":
                session.choose_mine(row.id)
            case "retry":
                session.retry(row.id)
            case _:
                outbox_id, post_id = _edit(context, session, row, args.body, args.to)
    return tell(context, session.known, [(outbox_id, row.kind, post_id)] if asking is None else asking)


def _list(context: Context) -> None:
    with closing(context.open(context.jam())) as session:
        rows = session.outbox()
        if context.out.json:
            payloads = {row.id: row.payload for row in session.stored().waiting}
            for row in rows:
                context.out.row(_object(row, payloads.get(row.id)))
            return
    if not rows:
        context.out.say("Nothing waits: the Jam has everything.")
        return
    shown = SHORT if context.out.table_wanted else None
    context.out.table(
        ["id", "what", "state", "text", "written", "tried again", "why"],
        [
            (r.id[:shown], r.kind, r.state.value, r.summary, local_time(r.created_at), r.when, r.reason or r.can)
            for r in rows
        ],
        give=3,
    )
    if any(row.can for row in rows):
        context.out.say("jamtui outbox show ID says what can be done about what was refused.")


def _object(row: OutboxRow, payload: Payload | None) -> dict[str, object]:
    return {
        "id": row.id, "kind": row.kind, "state": row.state.value, "reason": row.reason,
        "post_id": row.post_id, "thread_id": row.thread_id, "forum_id": row.forum_id,
        "created_at": rfc3339(row.created_at), "attempts": row.attempts,
        "next_try": rfc3339(row.next_try) if row.next_try else None, "when": row.when, "code": row.code,
        "can": row.can, "title": payload.title if payload else "", "body": _body(row.kind, payload) if payload else "",
        "tag": payload.tag if payload else "",
    }  # fmt: skip


def _body(kind: str, payload: Payload) -> str:
    """The text that a person wrote, as it was written; "" where there is none."""
    where = {"brief": "brief", "announce": "body", "announce-change": "body"}.get(kind, "")
    return str(payload.data.get(where, "")) or payload.body


def _show(context: Context, session: Session, queued: Queued) -> None:
    """One row in full; of a change that met a newer version, theirs and mine one after the other."""
    row = next(one for one in session.outbox() if one.id == queued.id)
    conflict = session.conflict(row.id) if row.code == "version_conflict" and row.can else None
    out = context.out
    if out.json:
        theirs = None
        if conflict is not None and conflict.version:
            theirs = {
                "title": conflict.title,
                "body": conflict.body,
                "version": conflict.version,
                "gone": conflict.gone,
                "state": conflict.state or None,
            }
        out.row(_object(row, queued.payload) | {"theirs": theirs})
        return
    out.line(f"{row.id}  {row.kind}, {row.state.value}, written {local_time(row.created_at)}")
    for name, words in (("why", row.reason), ("tried again", row.when), ("can be done", row.can)):
        if words:
            out.line(f"{name}: {words}")
    if conflict is None:
        _text(
            out,
            "text",
            safe_line(queued.payload.title),
            safe_block(_body(row.kind, queued.payload) or queued.payload.tag),
        )
        return
    if not conflict.version:
        out.line("Theirs has not come in yet: jamtui sync.")
    elif conflict.gone:
        out.line(f"Theirs: {conflict.why_gone[:1].lower()}{conflict.why_gone[1:]}")
    else:
        at = f", {local_time(conflict.edited_at)}" if conflict.edited_at else ""
        _text(out, f"theirs (version {conflict.version}{at})", conflict.title, conflict.body)
    if conflict.kind in TEXTS:
        _text(out, "yours", conflict.my_title, conflict.my_body)
    short = row.id[:SHORT]
    out.line(
        f"jamtui outbox mine {short} sends yours over theirs; theirs {short} drops yours; edit {short} writes a third."
    )


def _text(out: Output, name: str, title: str, body: str) -> None:
    out.line(f"--- {name}")
    if title:
        out.line(title)
        out.line()
    for line in body.split("\n"):
        out.line(line)


def _edit(context: Context, session: Session, row: Queued, given: str | None, to: str | None) -> tuple[str, str]:
    """The text is taken back, changed and put into the outbox again, ``to`` another post's answers if it is given.
    Returns its new outbox id and post id."""
    if row.kind not in TEXTS:
        raise UsageError(f"a {row.kind} has no text to edit", "Retry it or drop it.")
    if to is not None and row.kind not in ("post", "edit"):
        raise UsageError(f"a {row.kind} answers no post", "Leave --to out.")
    target = session.post(to).id if to is not None else ""
    if to is None or given is not None:
        body = texts.body_of(given, context.home, context.environ, as_draft(row).body)
    else:
        body = row.payload.body
    draft = session.reopen(row.id)
    if target:
        draft = session.move_draft(draft, Draft(DraftKind.REPLY, target, "", draft.body, draft.tags))
    outbox_id = send(session, replace(draft, body=body), goes_on=True)
    return outbox_id, draft.target if draft.kind is DraftKind.EDIT else outbox_id
