"""Sending what a command has just put into the outbox, within a few seconds or not at all.

The row is on the disk before anything is tried, so every end of this is safe: sent, or left for the next jamtui.
"""

from __future__ import annotations

import asyncio
import random
import time
from contextlib import closing

from msgspec import Struct

from jamtui.commands.context import Context
from jamtui.errors import JamError, NotSignedIn
from jamtui.model import SendState
from jamtui.store import connection, mirror, opening, own
from jamtui.store.registry import KnownJam
from jamtui.sync.asked import Asked
from jamtui.sync.holder import Holder

PATIENCE = 5.0  # seconds that a command tries to send
_LOOK = 0.05  # seconds between looks at what the holder of the network, another process, has done


class End(Struct, frozen=True):
    """How it went for one row. ``state`` is None once the Jam has it; ``reason`` says why it waits or was refused."""

    outbox_id: str
    state: SendState | None
    reason: str = ""
    code: str = ""
    not_signed_in: NotSignedIn | None = None

    @property
    def sent(self) -> bool:
        return self.state is None


def deliver(context: Context, jam: KnownJam, outbox_ids: list[str]) -> list[End]:
    """Tries for `PATIENCE` seconds to have the rows sent, by this process when it can, else by the network's holder."""
    deadline = time.monotonic() + PATIENCE
    holder = Holder(jam.lock)
    problem: JamError | None = None
    with closing(opening.open_store(jam, context.now())), closing(connection.connect(jam.own, own.SCHEMA)) as own_db:
        store = own.Own(own_db)
        try:
            while True:
                if holder.take():
                    problem = asyncio.run(_send(context, jam, store, deadline))
                    break
                if time.monotonic() >= deadline or not any(_waits(store, one) for one in outbox_ids):
                    break
                time.sleep(_LOOK)  # another process: there is no other way to hear of it
            held = holder.take()
        finally:
            holder.release()
        return [_end(store, one, problem, held) for one in outbox_ids]


async def _send(context: Context, jam: KnownJam, store: own.Own, deadline: float) -> JamError | None:
    """Drains the outbox, then brings the mirror up to date as far as time allows. Returns what stopped the sending."""
    from jamtui.sync.backoff import Backoff
    from jamtui.sync.engine import Engine
    from jamtui.sync.outbox import Sender
    from jamtui.sync.sign_in import client_for

    rng = random.SystemRandom()
    asked = Asked(jam.folder, context.now)
    try:
        asked.check()
        async with asyncio.timeout(max(0.1, deadline - time.monotonic())):
            async with client_for(context.home, jam, context.environ, now=context.now) as client:
                sender = Sender(store, client, Backoff(rng), context.now, lambda _: None)
                await sender.drain()
                with closing(connection.connect(jam.mirror, mirror.SCHEMA)) as mirror_db:
                    engine = Engine(
                        mirror.Mirror(mirror_db), store, client,
                        now=context.now, notify=context.tell, progress=lambda _done, _total: None,
                        person_id=jam.me.person_id,
                    )  # fmt: skip
                    await engine.catch_up()
                    engine.settle()
                    if sender.acted and not jam.me.guest:  # what it changed may stand nowhere else
                        await engine.fetch_desk()
    except TimeoutError:
        return JamError("the server did not answer in time")
    except JamError as error:
        if seconds := getattr(error, "retry_after", None):  # of an answer: those who come next are told, too
            asked.keep(seconds)
        return error  # of the way, or of the credential store: the row waits, and the person is told why
    return None


def _waits(store: own.Own, outbox_id: str) -> bool:
    row = store.one(outbox_id)
    return row is not None and row.state == "queued"


def _end(store: own.Own, outbox_id: str, problem: JamError | None, held: bool) -> End:
    row = store.one(outbox_id)
    if row is None or row.state == "sent":
        return End(outbox_id, None)
    if row.state == "refused":
        return End(outbox_id, SendState.REFUSED, row.reason, row.code)
    reason = problem.title if problem else row.reason
    if not reason:
        reason = "it waits for one before it" if held else "another jamtui holds the connection and will send it"
    return End(outbox_id, SendState.QUEUED, reason, not_signed_in=problem if isinstance(problem, NotSignedIn) else None)
