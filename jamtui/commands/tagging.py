"""``jamtui tag-curate`` and ``tag-merge``: hosts look after the tags."""

from __future__ import annotations

import argparse
from contextlib import closing

from jamtui.commands.context import Context
from jamtui.commands.writing import need_name, tell
from jamtui.errors import UsageError


def curate(context: Context, args: argparse.Namespace) -> int:
    """Into the curated set, with what it means; ``--off`` takes it out."""
    if args.off and args.about is not None:
        raise UsageError("--off and --about do not go together", "--off takes the tag out of the curated set.")
    with closing(context.session()) as session:
        need_name(session)
        row, done = session.forget_tag(args.tag) if args.off else session.curate_tag(args.tag, args.about)
    code = tell(context, session.known, [(row, "tag-forget" if args.off else "tag-curate", args.tag)])
    if not context.out.json:
        context.out.say(f"{done.what[:1].upper()}{done.what[1:]}.")
    return code


def merge(context: Context, args: argparse.Namespace) -> int:
    """The posts that carry the first tag get the second; ``--undo`` makes the first a tag of its own again."""
    if args.undo == (args.into is not None):
        raise UsageError("one tag becomes another", "For example: jamtui tag-merge pilots pilot, or pilots --undo.")
    with closing(context.session()) as session:
        need_name(session)
        if args.undo:
            row, words = session.unmerge_tag(args.tag), f"#{args.tag} is a tag of its own again; posts keep the other"
        else:
            count = session.tag_row(args.tag).count
            row, _ = session.merge_tag(args.tag, args.into)
            posts = f"{count:,} post{'' if count == 1 else 's'}"
            words = f"#{args.tag.lstrip('#')} becomes #{args.into.lstrip('#')}, on {posts} and from now on"
    code = tell(context, session.known, [(row, "tag-unmerge" if args.undo else "tag-merge", args.tag)])
    if not context.out.json:
        context.out.say(f"{words}.")
    return code
