"""What is kept for reading, on the command line: muted and followed, and all of it as a file for another device."""

from __future__ import annotations

import argparse
from contextlib import closing
from pathlib import Path

from jamtui.archive import rfc3339
from jamtui.commands.context import Context
from jamtui.errors import UsageError
from jamtui.model import Mark
from jamtui.output import local_time
from jamtui.safe_text import safe_line

_WORDS = {
    "mute": (Mark.MUTED, True),
    "unmute": (Mark.MUTED, False),
    "follow": (Mark.FOLLOWED, True),
    "unfollow": (Mark.FOLLOWED, False),
}


def mark(context: Context, args: argparse.Namespace) -> None:
    kind, on = _WORDS[args.command]
    with closing(context.session()) as session:
        for what in args.what:
            session.target(what)  # all of them are there, or none is marked
        for what in args.what:
            context.out.say(f"{session.set_mark(what, kind, on).what}.")


def listed(context: Context, args: argparse.Namespace) -> None:
    out = context.out
    with closing(context.session()) as session:
        rows = session.mark_rows(Mark(args.command))
    if out.json:
        for row in rows:
            out.row({"kind": row.kind.value, "target": row.target, "name": row.name, "at": rfc3339(row.at)})
        return
    if not rows:
        out.say(f"Nothing is {args.command}.")
        return
    out.table(["kind", "name", "since"], [(row.kind, row.name, local_time(row.at)) for row in rows], give=1)


def state(context: Context, args: argparse.Namespace) -> None:
    if args.action == "export":
        if args.file is not None:
            raise UsageError("export takes no file as a word", "Use -o FILE.")
        _export(context, args)
    else:
        if args.file is None or args.output is not None:
            raise UsageError("import needs the file", "jamtui state import FILE")
        _import(context, Path(args.file))


def _export(context: Context, args: argparse.Namespace) -> None:
    from jamtui.commands.files import whole_file

    target = Path(args.output) if args.output not in (None, "-") else None
    with closing(context.session()) as session, whole_file(target, replace=args.force) as file:
        for line in session.export_state():
            file.write(line.encode())
    if target is not None:
        context.out.say(f"The reading state is in {target}.")


def _import(context: Context, path: Path) -> None:
    from jamtui.store.state import lines_of

    out = context.out
    with closing(context.session()) as session, path.open("rb") as file:
        merged = session.import_state(lines_of(file))
    if out.json:
        out.row({kind: {"records": there, "new": new} for kind, (there, new) in sorted(merged.counts.items())})
    else:
        told = [f"{kind} {there:,} ({new:,} new)" for kind, (there, new) in sorted(merged.counts.items())]
        out.say(f"Merged: {', '.join(told) or 'nothing'}.")
    for kind, number in sorted(merged.unknown.items()):
        out.say(f"Kept without a use: {number:,} of type {safe_line(kind)}; a newer jamtui knows it.")
