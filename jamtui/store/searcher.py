"""Searching beside everything else: two threads that answer the latest query, and drop the ones before it.

The *quick* thread gives the newest hits as one types; the *whole* one counts, ranks, and reads on once typing rests.
Each has a connection of its own, so that a key is answered while a long query still runs, and an overtaken query is
interrupted. SQLite works without Python's lock: the screen draws meanwhile.
"""

from __future__ import annotations

import contextlib
import threading
from collections.abc import Callable, Generator
from datetime import datetime
from functools import partial

import apsw
from msgspec import Struct

from jamtui.model import Found
from jamtui.safe_text import safe_line
from jamtui.store import search
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
        quick = _Lane(connect, _quickly, 0.0)
        whole = _Lane(connect, _wholly, REST)
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
            lane.stop()


def _quickly(rows: Rows, asked: _Asked) -> Generator[Found, None, None]:
    if asked.order == "newest":
        yield from search.first(rows, asked.text, asked.now, AT_ONCE, PAGE)


def _wholly(rows: Rows, asked: _Asked) -> Generator[Found, None, None]:
    if asked.text.strip() or asked.order != "newest":
        yield search.whole(rows, asked.text, asked.now, asked.order, WHOLE, PAGE)


class _Lane:
    """One thread and its connection, made when it is first asked."""

    def __init__(
        self, connect: Callable[[], Rows], answer: Callable[[Rows, _Asked], Generator[Found, None, None]], rest: float
    ) -> None:
        self._connect = connect
        self._answer = answer
        self._rest = rest
        self._told = threading.Condition()
        self._wanted: _Asked | None = None
        self._stopped = False
        self._running: apsw.Connection | None = None
        self._thread: threading.Thread | None = None

    def ask(self, asked: _Asked) -> None:
        with self._told:
            self._wanted = asked
            self._overtake()
            if self._thread is None:
                self._thread = threading.Thread(target=self._run, name="search", daemon=True)
                self._thread.start()

    def stop(self) -> None:
        with self._told:
            self._stopped = True
            self._overtake()
        if self._thread is not None:
            self._thread.join()

    def _overtake(self) -> None:
        if self._running is not None:
            self._running.interrupt()
        self._told.notify_all()

    def _run(self) -> None:
        rows = self._connect()
        try:
            while (asked := self._next()) is not None:
                with self._told:
                    self._running = rows.db
                rows.overlay, rows.silence, rows.here = asked.overlay, asked.silence, asked.here
                try:
                    # Closed at once: a statement that is still open would hand an interruption on to the next query.
                    with contextlib.closing(self._answer(rows, asked)) as answer:
                        for found in answer:
                            if self._overtaken():
                                break
                            asked.deliver(found)
                except apsw.InterruptError:
                    with self._told:
                        if self._wanted is None:  # it was meant for the query before, and came late
                            self._wanted = asked
                except apsw.Error as error:
                    why = f"the search failed: {safe_line(str(error))}. jamtui sync mends a broken mirror"
                    asked.deliver(Found(asked.text, asked.order, (), problems=(why,)))
                finally:
                    with self._told:
                        self._running = None
        finally:
            rows.db.close()

    def _next(self) -> _Asked | None:
        """The latest query, when it has rested long enough; None in the end."""
        with self._told:
            while True:
                self._told.wait_for(lambda: self._stopped or self._wanted is not None)
                if self._stopped:
                    return None
                asked = self._wanted
                # Looked at once more when the time is over: the next query may have come just then.
                if self._rest and self._told.wait_for(partial(self._no_longer, asked), self._rest):
                    continue
                self._wanted = None
                return asked

    def _no_longer(self, asked: _Asked | None) -> bool:
        return self._stopped or self._wanted is not asked

    def _overtaken(self) -> bool:
        with self._told:
            return self._stopped or self._wanted is not None
