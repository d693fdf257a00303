"""What is kept for reading, on the command line: muted and followed, and all of it as a file for another device."""

from __future__ import annotations

import argparse
from contextlib import closing
from pathlib import Path

from jamtui.archive import rfc3339
from jamtui.commands.context import Context
from jamtui.commands.reading import list_posts
from jamtui.errors import NotFound, UsageError
from jamtui.model import Mark, begins
from jamtui.output import local_time
from jamtui.safe_text import safe_line
from jamtui.session import Session

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


def save(context: Context, args: argparse.Namespace) -> None:
    with closing(context.session()) as session:
        posts = [session.post(post) for post in args.post]  # all of them are there, or none is saved
        for post in posts:
            session.save(post.id, args.command == "save")
            done = "Saved" if args.command == "save" else "No longer saved"
            context.out.say(f"{done}: {begins(post, 80)}.")


def saved(context: Context, args: argparse.Namespace) -> None:
    """The one that was saved last first."""
    list_posts(context, lambda session: session.saved_keys()[: args.limit], "Nothing is saved yet.")


def mark_read(context: Context, args: argparse.Namespace) -> None:
    if [bool(args.post), args.forum is not None, args.all].count(True) != 1:
        raise UsageError("say what is to be marked", "Posts, --forum F, or --all: one of these.")
    if args.thread and not args.post:
        raise UsageError("--thread goes with posts", "For example: jamtui mark-read 0192f3a4 --thread")
    with closing(context.session()) as session:
        if args.post:
            done = session.mark_found(session.listed_unread(**_keys(session, args)))
        else:
            done = session.mark_all_read(session.forum(args.forum).id if args.forum is not None else None)
        context.out.say(f"{done.what}.")


def mark_unread(context: Context, args: argparse.Namespace) -> None:
    with closing(context.session()) as session:
        keys = _keys(session, args)
        posts = [*keys["posts"], *(key for opener in session.threads(keys["threads"])
                                   for key in session.thread_index(opener.id).keys)]  # fmt: skip
        again = [row.key for row in session.posts(posts) if not (row.mine or row.gone or row.unread)]
        session.mark_read(again, read=False)
        context.out.say(f"{len(again):,} marked as unread." if again else "Nothing read here.")


def _keys(session: Session, args: argparse.Namespace) -> dict[str, list[int]]:
    """Keys of the posts that are named, or with ``--thread`` of the openers of their threads; all are there."""
    posts = [session.post(post) for post in args.post]
    if not args.thread:
        return {"posts": [post.key for post in posts], "threads": []}
    keys = (session.key(thread) for thread in dict.fromkeys(post.thread_id for post in posts))
    return {"posts": [], "threads": [key for key in keys if key is not None]}


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
    with (
        closing(context.session()) as session,
        whole_file(target, replace=args.force, escaped=context.out.json) as file,
    ):
        for line in session.export_state():
            file.write(line.encode())
    if target is not None:
        context.out.say(f"The reading state is in {target}.")


def _import(context: Context, path: Path) -> None:
    from jamtui.store.state import lines_of

    out = context.out
    if not path.exists():
        raise NotFound(f"there is no file {path}", "jamtui state export -o FILE makes one.")
    with closing(context.session()) as session, path.open("rb") as file:
        merged = session.import_state(lines_of(file))
    if out.json:
        out.row({kind: {"records": there, "new": new} for kind, (there, new) in sorted(merged.counts.items())})
    else:
        told = [f"{kind} {there:,} ({new:,} new)" for kind, (there, new) in sorted(merged.counts.items())]
        out.say(f"Merged: {', '.join(told) or 'nothing'}.")
    for kind, number in sorted(merged.unknown.items()):
        out.say(f"Kept without a use: {number:,} of type {safe_line(kind)}; a newer jamtui knows it.")
