"""Whether a stream that says nothing is one still: where packets vanish, a connection looks as it did for ever.

The server says something every 15 s. When nothing came for a little longer, it is asked for its head, over whatever
connection there is. No answer: the connection is lost. Another head than the mirror's: the stream is, and what it did
not bring is fetched. The same head: nothing is missing, and the stream has its time. Where all is well nothing is
asked, and one timer goes off in 17 s.

Sooner is known what this machine itself has lost: where it tells that addresses or ways come and go (`way`), and the
connection's is gone, nobody has to be asked.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import TYPE_CHECKING

from jamtui.sync.patience import any_of
from jamtui.sync.way import another_way, is_cut

if TYPE_CHECKING:
    from jamtui.sync.engine import Engine

HEARTBEAT = 15.0  # seconds in which a server says something (docs/wire.md)
LATE = 2.0  # seconds that this may be late
ANSWER = 6.0  # seconds that the server has to answer
SETTLE = 0.3  # seconds: addresses and ways come and go several at once
ARRIVE = 2.0  # seconds in which what the server has must be here


async def doubt(engine: Engine, tell: Callable[[bool], None], cut: Callable[[], None]) -> None:
    """Watches until the connection is lost: raises `errors.Unreachable` or `engine.Resync`. ``tell`` says whether the
    server is being asked; ``cut`` is called when this machine lost what the connection stood upon."""
    loop = asyncio.get_running_loop()
    sure = engine.heard = loop.time()
    with another_way() as another:
        while True:
            sure = max(sure, engine.heard)
            left = sure + HEARTBEAT + LATE - loop.time()
            if left <= 0:
                tell(True)
                await _ask(engine)
                tell(False)
                sure = loop.time()
            elif await any_of(another, within=left):
                await asyncio.sleep(SETTLE)
                another.clear()
                if engine.ends is not None and is_cut(*engine.ends):
                    cut()


async def _ask(engine: Engine) -> None:
    """Returns when the server is there and nothing is missing, or the stream says something after all."""
    from api_client import errors
    from jamtui.sync.engine import Resync

    engine.spoke.clear()
    asking, hearing = asyncio.create_task(engine.head()), asyncio.create_task(engine.spoke.wait())
    try:
        await asyncio.wait({asking, hearing}, timeout=ANSWER, return_when=asyncio.FIRST_COMPLETED)
        if hearing.done():
            return
        if not asking.done():
            raise errors.Unreachable(
                f"The server sent nothing for {HEARTBEAT + LATE:g} seconds, and did not answer within {ANSWER:g}",
                "Check the network.",
                brief=f"no answer for {HEARTBEAT + LATE + ANSWER:g} s",
            )
        try:
            head = asking.result()
        except errors.LogReplaced:
            raise Resync from None
        except (errors.RateLimited, errors.ServerFault, errors.BadAnswer):
            return  # it answers
        if head > engine.seq:
            await asyncio.wait({hearing}, timeout=ARRIVE)
            if not hearing.done():
                raise Resync
    finally:
        for task in (asking, hearing):
            task.cancel()
        await asyncio.gather(asking, hearing, return_exceptions=True)
