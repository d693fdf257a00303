"""``jamtui mydata``: everything of one's own as one file, and the end of one's account.

What the Jam's server has of a person comes from it; what only this device has (drafts, outbox, what was read, saved and
followed) is put beside it. Deleting is asked about with what goes, and leaves nothing on this device either.
"""

from __future__ import annotations

import argparse
import asyncio
import json
from contextlib import closing
from pathlib import Path

from jamtui import first_paint
from jamtui.commands import texts
from jamtui.commands.context import Context
from jamtui.commands.writing import need_name
from jamtui.errors import JamError, UsageError
from jamtui.safe_text import safe_line
from jamtui.session import Session
from jamtui.store.registry import KnownJam
from jamtui.store.seal import alone_with
from jamtui.sync import sign_in
from jamtui.sync.holder import Holder

_NOT_HERE = "Nothing was deleted on this device; the same again goes on where it was."
_TRIES = 4  # of the request that deletes, which goes on where it was


def run(context: Context, args: argparse.Namespace) -> int:
    if args.delete:
        return _delete(context, args)
    if args.posts is not None or args.confirm is not None:
        raise UsageError("--posts and --confirm belong to --delete", "Without --delete nothing is deleted.")
    from jamtui.commands.files import whole_file

    target = Path(args.output) if args.output not in (None, "-") else None
    with closing(context.session()) as session:
        need_name(session)
        server = None if args.device else asyncio.run(session.fetch_own_data())
        document = session.own_data(server)
    if target is None and context.out.json:
        context.out.row(json.loads(document))
        return 0
    with whole_file(target, replace=args.force) as file:
        file.write(document)
    if target is not None and context.out.json:
        context.out.row({"file": str(target), "bytes": target.stat().st_size})
    elif target is not None:
        context.out.say(f"All that is yours is in {target}.")
    return 0


def _delete(context: Context, args: argparse.Namespace) -> int:
    if args.output is not None or args.device:
        raise UsageError("--delete writes no file", "First jamtui mydata -o FILE, then jamtui mydata --delete.")
    jam = context.jam()
    with closing(context.open(jam)) as session:
        need_name(session)
        posts = args.posts or _asked(session)
        _confirm(context, session, posts, args.confirm)
    return finish(context, jam, posts)


def finish(context: Context, jam: KnownJam, posts: str) -> int:
    """Ends the account, and what of it is on this device; whoever asked has typed the handle. ``jam`` is open nowhere
    in this process."""
    handle = jam.me.handle
    holder = Holder(jam.lock)
    with alone_with(jam.seal) as alone, holder:
        if not (alone and holder.take()):
            raise JamError("another jamtui on this machine is open on this Jam", "Close it first.")
        asyncio.run(_leave(context, jam, posts))
        first_paint.forget(context.home)
        left = asyncio.run(sign_in.sign_out(context.home, jam, context.environ, give_up=True))
    if context.out.json:
        context.out.row({"slug": jam.slug, "origin": jam.origin, "handle": handle, "deleted": True, "posts": posts})
    else:
        kept = "your posts were taken back" if posts == "remove" else "your posts stand there without your name"
        context.out.line(f"@{safe_line(handle)} is gone from {safe_line(jam.title)}; {kept}.")
    if left:
        context.out.say(f"Note: {left}.")
    return 0


def _asked(session: Session) -> str:
    """What becomes of the posts. Raises `UsageError` where nobody can be asked."""
    if not texts.on_terminal():
        raise UsageError("what becomes of your posts?", "Add --posts keep, or --posts remove.")
    answer = texts.ask("Your posts: keep them without your name, or remove them? (keep, remove)").lower()
    for word in ("keep", "remove"):
        if answer and word.startswith(answer):
            return word
    raise UsageError("nothing was deleted", "The answer is keep or remove.")


def _confirm(context: Context, session: Session, posts: str, given: str | None) -> None:
    """Says what goes, and lets the handle be typed. Raises `UsageError` for any other word."""
    handle, out = session.me.handle, context.out
    out.say(f"This deletes @{safe_line(handle)} from {safe_line(session.known.title)}, for good:")
    for line in session.what_goes(posts):
        out.say(f"- {line}")
    out.say("Your handle goes to nobody else for half a year. jamtui mydata -o FILE keeps a copy first.")
    if given is None and not texts.on_terminal():
        raise UsageError("nobody is here to confirm it", f"Add --confirm {safe_line(handle)}.")
    session.need_my_handle(given if given is not None else texts.ask("Type your handle to delete it all:"))


async def _leave(context: Context, jam: KnownJam, posts: str) -> None:
    """Asks until it is done: a repeat goes on with what is left, and finds no account when its answer was lost."""
    from api_client import errors
    from api_client.client import JamClient

    async with sign_in.client_for(context.home, jam, context.environ) as client:
        for last in range(_TRIES - 1, -1, -1):
            try:
                await client.leave(posts)
            except errors.NotSignedIn:
                async with JamClient(jam.origin) as guest:
                    if last == _TRIES - 1 or (await guest.person(jam.me.person_id)).state != "left":
                        raise
                return
            except (errors.Unreachable, errors.ServerFault) as error:
                if not last or getattr(error, "unsent", False):
                    error.hint = f"{error.hint} {_NOT_HERE}".strip()
                    raise
            else:
                return
