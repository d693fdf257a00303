"""One sync that ends: catch up, send, catch up again (``jamtui sync``)."""

from __future__ import annotations

import contextlib
import random
from collections.abc import Callable
from datetime import datetime
from typing import TYPE_CHECKING

from msgspec import Struct

from jamtui.model import Changed
from jamtui.store import connection, mirror, own
from jamtui.store.registry import KnownJam
from jamtui.sync.backoff import Backoff

if TYPE_CHECKING:
    from api_client.client import JamClient


async def once(
    jam: KnownJam,
    client: JamClient,
    *,
    now: Callable[[], datetime],
    rng: random.Random,
    progress: Callable[[int, int], None],
    notify: Callable[[Changed], None] = lambda _: None,
) -> Once:
    """Catches up, sends what is due, catches up again so that the mirror has it, and ends (``jamtui sync``).

    The caller holds the network. Raises `api_client.errors.ApiError` when the server cannot be reached or refuses.
    """
    from jamtui.sync.engine import Engine
    from jamtui.sync.outbox import Sender

    with (
        contextlib.closing(connection.connect(jam.mirror, mirror.SCHEMA)) as mirror_db,
        contextlib.closing(connection.connect(jam.own, own.SCHEMA)) as own_db,
    ):
        store = own.Own(own_db)
        engine = Engine(
            mirror.Mirror(mirror_db), store, client, now=now, notify=notify, progress=progress,
            person_id=jam.me.person_id,
        )  # fmt: skip
        applied = await engine.resume()
        await engine.mend()
        sent = 0
        if not jam.me.guest:
            await engine.fetch_votes()
            await engine.fetch_desk()
            before = {row.id for row in store.outbox("WHERE state = 'queued'")}
            if before:
                sender = Sender(store, client, Backoff(rng), now, lambda _: None)
                await sender.drain()
                if sender.acted:  # what it changed may stand nowhere else
                    await engine.fetch_desk()
                waiting = {row.id for row in store.outbox("WHERE state <> 'sent'")}
                sent = len(before - waiting)
                applied += await engine.catch_up()
        engine.settle()
        engine.keep_clock()
        rows = store.outbox()
        return Once(applied, sent, sum(r.state == "queued" for r in rows), sum(r.state == "refused" for r in rows))


class Once(Struct, frozen=True):
    """What one sync did: changes applied, writes sent, and what still waits or was refused."""

    applied: int
    sent: int
    queued: int
    refused: int
