"""``jamtui drafts``: what one is writing and has not sent, and what was thrown away; send, discard, restore."""

from __future__ import annotations

import argparse
from contextlib import closing

from jamtui.archive import rfc3339
from jamtui.commands.context import Context
from jamtui.commands.reading import SHORT
from jamtui.commands.writing import may_write, tell
from jamtui.errors import NotFound, UsageError
from jamtui.model import DraftKind, DraftRow
from jamtui.output import local_time
from jamtui.refusals import ACT_OF
from jamtui.safe_text import safe_line

_DONE = {"send": "sent", "discard": "thrown away", "restore": "brought back"}
_WHY = {"discarded": "discarded", "dropped": "dropped from the outbox", "replaced": "another window wrote there"}


def run(context: Context, args: argparse.Namespace) -> int:
    if args.action is None:
        _list(context, thrown=args.thrown)
        return 0
    if args.id is None:
        raise UsageError(f"which one is to be {_DONE[args.action]}?", "jamtui drafts lists them, with their ids.")
    with closing(context.open(context.jam())) as session:
        if args.action == "restore":
            row = _find(session.thrown_rows(), args.id)
            session.bring_back(int(row.id))
            context.out.say(f"It is a draft again: {row.place}.")
            return 0
        row = _find(session.draft_rows(), args.id)
        draft = row.draft
        if args.action == "discard":
            session.discard_draft(draft.kind, draft.target)
            n = session.thrown_rows()[0].id
            context.out.say(f"Discarded. jamtui drafts restore {n} brings it back.")
            return 0
        may_write(session, ACT_OF[draft.kind])
        outbox_id = session.send(draft)
        kind = "edit" if draft.kind is DraftKind.EDIT else "post"
    return tell(context, session.known, [(outbox_id, kind, draft.target if kind == "edit" else outbox_id)])


def _list(context: Context, *, thrown: bool) -> None:
    with closing(context.open(context.jam())) as session:
        rows = session.thrown_rows() if thrown else session.draft_rows()
        gone = 0 if thrown else len(session.thrown_rows())
    out = context.out
    if out.json:
        for row in rows:
            draft = row.draft
            out.row(
                {
                    "id": row.id, "kind": draft.kind.value, "target": draft.target, "place": row.place,
                    "title": draft.title, "body": draft.body, "tags": list(draft.tags), "updated_at": rfc3339(row.at),
                    "thrown": row.why or None, "there": row.there,
                }
            )  # fmt: skip
        return
    if not rows:
        out.say("Nothing that was thrown away is left." if thrown else "No drafts.")
    else:
        shown = None if thrown or not out.table_wanted else SHORT + len("thread:")
        out.table(
            ["id", "where", "text", "written", *(["thrown away"] if thrown else [])],
            [
                (r.id[:shown], r.place, r.summary, local_time(r.at), *([_WHY.get(r.why, r.why)] if thrown else []))
                for r in rows
            ],
            give=2,
        )
    if gone:
        out.say("jamtui drafts --thrown lists what was thrown away and can be brought back.")


def _find(rows: list[DraftRow], name: str) -> DraftRow:
    """By its id, or by the first characters (6 or more) of it or of what it is about."""
    name = name.strip().lower()
    fits = [row for row in rows if row.id == name] or [
        row for row in rows if len(name) >= 6 and (row.id.startswith(name) or row.draft.target.startswith(name))
    ]
    if len(fits) > 1:
        raise UsageError(f"several drafts are called {safe_line(name)}", "Give more characters of the id.")
    if not fits:
        raise NotFound(f"no draft is called {safe_line(name)}", "jamtui drafts lists them.")
    return fits[0]
