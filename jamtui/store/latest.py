"""A thread of its own that answers the latest of what is asked, and drops what was asked before it.

It has a connection of its own, so that a key is answered while a long question still runs; a question that is overtaken
is interrupted. SQLite works without Python's lock: the screen draws meanwhile.
"""

from __future__ import annotations

import threading
from collections.abc import Callable
from functools import partial
from typing import Generic, TypeVar

import apsw

from jamtui.store.rows import Rows

Asked = TypeVar("Asked")
Overtaken = Callable[[], bool]


class Latest(Generic[Asked]):
    """The thread begins when it is first asked. ``connect`` makes rows over a connection of the calling thread's own.

    ``answer`` is called on that thread, with what tells whether something else was asked meanwhile (then nothing is to
    be delivered any more). It lets `apsw.InterruptError` through and handles every other error. What is asked has to
    have been the latest for ``rest`` seconds before it is answered.
    """

    def __init__(
        self, name: str, connect: Callable[[], Rows], answer: Callable[[Rows, Asked, Overtaken], None], rest: float
    ) -> None:
        self._name = name
        self._connect = connect
        self._answer = answer
        self._rest = rest
        self._told = threading.Condition()
        self._wanted: Asked | None = None
        self._stopped = False
        self._running: apsw.Connection | None = None
        self._thread: threading.Thread | None = None

    def ask(self, asked: Asked) -> None:
        """Returns at once."""
        with self._told:
            self._wanted = asked
            self._overtake()
            if self._thread is None:
                self._thread = threading.Thread(target=self._run, name=self._name, daemon=True)
                self._thread.start()

    def close(self) -> None:
        """Returns when nothing is answered any more."""
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
                try:
                    self._answer(rows, asked, self._overtaken)
                except apsw.InterruptError:
                    with self._told:
                        if self._wanted is None:  # it was meant for the one before, and came late
                            self._wanted = asked
                finally:
                    with self._told:
                        self._running = None
        finally:
            rows.db.close()

    def _next(self) -> Asked | None:
        """The latest, when it has rested long enough; None in the end."""
        with self._told:
            while True:
                self._told.wait_for(lambda: self._stopped or self._wanted is not None)
                if self._stopped:
                    return None
                asked = self._wanted
                # Looked at once more when the time is over: the next may have come just then.
                if self._rest and self._told.wait_for(partial(self._no_longer, asked), self._rest):
                    continue
                self._wanted = None
                return asked

    def _no_longer(self, asked: Asked | None) -> bool:
        return self._stopped or self._wanted is not asked

    def _overtaken(self) -> bool:
        with self._told:
            return self._stopped or self._wanted is not None
