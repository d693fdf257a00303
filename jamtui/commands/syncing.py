"""``jamtui sync``: once up to date, once through the outbox, then the end. Made for cron."""

from __future__ import annotations

import argparse
import asyncio
import random
import time
from contextlib import closing

from jamtui.commands.context import Context
from jamtui.errors import NotSignedIn, Unreachable
from jamtui.model import Link
from jamtui.output import throttled
from jamtui.safe_text import safe_line
from jamtui.session import Session
from jamtui.store.registry import KnownJam
from jamtui.sync import once as syncing
from jamtui.sync.asked import Asked
from jamtui.sync.holder import Holder, link_of
from jamtui.sync.once import Once

_SHOW_AFTER = 1.0  # seconds; what is quicker needs no progress
_PATIENCE = 10.0  # seconds in which a command that holds the network ends
_LOOK = 0.05  # seconds between looks whether it has: there is no other way to hear of it


def sync(context: Context, args: argparse.Namespace) -> int:
    return bring(context, context.served(args.name))


def bring(context: Context, jam: KnownJam) -> int:
    """Brings the mirror up to date and sends the outbox."""
    with closing(context.open(jam)) as session:  # both databases are there and sound from here on
        code = _sync(context, jam, session)
        if not (context.out.json or jam.me.guest or jam.local):
            _tell_notices(context, session)
    return code


def _tell_notices(context: Context, session: Session) -> None:
    """What moderators have to say to this person; to a moderator, what waits for a decision."""
    if suspended := session.suspended_words():
        context.out.say(f"{suspended}. You can go on reading.")
    new = sum(not row.seen for row in session.notices())
    if new:
        context.out.say(f"{new} new notice{'' if new == 1 else 's'} of moderators: jamtui notices.")
    if reported := session.waiting_reports():
        context.out.say(f"{reported} reported post{'' if reported == 1 else 's'} to decide on: jamtui reports.")


def _sync(context: Context, jam: KnownJam, session: Session) -> int:
    holder = Holder(jam.lock)
    if not _taken(holder):
        link = link_of(holder.told())
        if link in (Link.OFFLINE, Link.RECONNECTING):
            raise Unreachable(
                f"another jamtui on this machine holds the connection, and it is {link}",
                "It goes on trying, and fetches and sends when the network is back.",
            )
        if link is Link.SIGNED_OUT:
            raise NotSignedIn(
                "another jamtui on this machine holds the connection, and it is signed out",
                "Sign in again: jamtui login URL.",
            )
        context.out.say("Another jamtui on this machine holds the connection and keeps the mirror up to date.")
        if context.out.json:
            status = session.status()
            _row(context, jam, Once(0, 0, status.queued, status.refused), held_elsewhere=True)
        return 0
    try:
        done = _once_asked(context, jam)
    finally:
        holder.release()
    _tell(context, jam, done)
    return 0


def _once_asked(context: Context, jam: KnownJam) -> Once:
    """One sync, unless the server asked a run before this one to wait: cron comes again in a minute, and it is the
    server's word that counts, not the table's."""
    from api_client.errors import ApiError

    asked = Asked(jam.folder, context.now)
    asked.check()
    try:
        done = asyncio.run(once(context, jam))
    except ApiError as error:
        if error.retry_after:
            asked.keep(error.retry_after)
        raise
    asked.forget()
    return done


def _taken(holder: Holder) -> bool:
    """Whether this process holds the network. A command that is sending holds it for seconds, and tells nothing: it is
    waited for, since it fetches no more than it needs."""
    deadline = time.monotonic() + _PATIENCE
    told = False
    while not holder.take():
        if told or time.monotonic() >= deadline:
            return False
        told = link_of(holder.told()) is not None
        time.sleep(_LOOK)
    return True


async def once(context: Context, jam: KnownJam) -> Once:
    """One sync with progress on a terminal. Raises `JamError`; mirror and outbox are then as far as they came."""
    from jamtui.sync.sign_in import client_for

    out = context.out
    show = throttled(lambda done, total: out.progress("Fetching the Jam", done, total), time.monotonic, _SHOW_AFTER)
    try:
        async with client_for(context.home, jam, context.environ, now=context.now) as client:
            return await syncing.once(
                jam, client, now=context.now, rng=random.SystemRandom(), progress=show, notify=context.tell
            )
    finally:
        out.progress_done()


def _row(context: Context, jam: KnownJam, done: Once, *, held_elsewhere: bool) -> None:
    context.out.row(
        {
            "slug": jam.slug, "applied": done.applied, "sent": done.sent, "queued": done.queued,
            "refused": done.refused, "held_elsewhere": held_elsewhere,
        }
    )  # fmt: skip


def _tell(context: Context, jam: KnownJam, done: Once) -> None:
    if context.out.json:
        _row(context, jam, done, held_elsewhere=False)
        return
    changes = "1 change" if done.applied == 1 else f"{done.applied:,} changes"
    parts = [changes if done.applied else "nothing new"]
    if done.sent:
        parts.append(f"{done.sent} sent")
    if done.queued:
        parts.append(f"{done.queued} still queued")
    if done.refused:
        parts.append(f"{done.refused} refused (see jamtui outbox)")
    context.out.line(f"{safe_line(jam.title)}: {', '.join(parts)}.")
