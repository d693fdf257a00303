"""Searching beside everything else: two threads that answer the latest query, and drop the ones before it.

The *quick* thread gives the newest hits as one types; the *whole* one counts, ranks, and reads on once typing rests.
A query that is overtaken is interrupted (`jamtui.store.latest`).
"""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Generator
from datetime import datetime
from functools import partial

import apsw
from msgspec import Struct

from jamtui.model import Found
from jamtui.safe_text import safe_line
from jamtui.store import search
from jamtui.store.latest import Latest, Overtaken
from jamtui.store.overlay import Overlay
from jamtui.store.rows import Rows
from jamtui.store.silence import Silence

AT_ONCE = 200  # keys given while one types
WHOLE = 5_000  # keys given in the end
PAGE = 20  # rows made in advance: what most terminals show; the list asks for the others when they are seen
REST = 0.12  # seconds without another query, after which the whole answer is looked for


class _Asked(Struct, frozen=True):
    text: str
    order: str
    now: datetime
    overlay: Overlay
    silence: Silence
    deliver: Callable[[Found], None]
    here: str = ""


class Searcher:
    """Answers the latest query. ``connect`` makes rows over a connection of the calling thread's own."""

    def __init__(self, connect: Callable[[], Rows]) -> None:
        quick = Latest("search", connect, partial(_answer, _quickly), 0.0)
        whole = Latest("search", connect, partial(_answer, _wholly), REST)
        self._lanes = (quick, whole)

    def ask(
        self,
        text: str,
        order: str,
        now: datetime,
        overlay: Overlay,
        silence: Silence,
        deliver: Callable[[Found], None],
        here: str = "",
    ) -> None:
        """Returns at once. ``overlay`` is the outbox as it stands, ``silence`` what is muted; nobody changes them any
        more. ``here`` is the thread that is open.

        ``deliver`` is called from other threads, once or several times, each time with more; not for a query that was
        overtaken. The last time `Found.total` is not -1.
        """
        for lane in self._lanes:
            lane.ask(_Asked(text, order, now, overlay, silence, deliver, here))

    def close(self) -> None:
        """Returns when nothing is delivered any more."""
        for lane in self._lanes:
            lane.close()


def _answer(
    find: Callable[[Rows, _Asked], Generator[Found, None, None]], rows: Rows, asked: _Asked, overtaken: Overtaken
) -> None:
    rows.overlay, rows.silence, rows.here = asked.overlay, asked.silence, asked.here
    try:
        rows.renew()
        # Closed at once: a statement that is still open would hand an interruption on to the next query.
        with contextlib.closing(find(rows, asked)) as answer:
            for found in answer:
                if overtaken():
                    break
                asked.deliver(found)
    except apsw.InterruptError:
        raise
    except apsw.Error as error:
        why = f"the search failed: {safe_line(str(error))}. jamtui sync mends a broken mirror"
        asked.deliver(Found(asked.text, asked.order, (), problems=(why,)))


def _quickly(rows: Rows, asked: _Asked) -> Generator[Found, None, None]:
    if asked.order == "newest":
        yield from search.first(rows, asked.text, asked.now, AT_ONCE, PAGE)


def _wholly(rows: Rows, asked: _Asked) -> Generator[Found, None, None]:
    if asked.text.strip() or asked.order != "newest":
        yield search.whole(rows, asked.text, asked.now, asked.order, WHOLE, PAGE)
