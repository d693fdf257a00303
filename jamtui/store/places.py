"""Keeps where one is on the disk without any key waiting for it: places are written by a thread of their own.

They are written once nothing moved for `REST`, and after `AT_MOST` while one goes on moving: a killed program comes
back to where one was a moment before. Who asks for a place gets what was kept last, written or not.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable

import apsw

from jamtui.errors import JamError
from jamtui.store.connection import StoreBusy
from jamtui.store.marks import MarkStore

REST = 0.1  # seconds without another place
AT_MOST = 0.5  # seconds after which it is written all the same


class Places:
    """``connect`` opens one's own store for the calling thread; ``marks`` reads what is on the disk already."""

    def __init__(self, connect: Callable[[], apsw.Connection], marks: MarkStore) -> None:
        self._connect = connect
        self._marks = marks
        self._told = threading.Condition()
        self._kept: dict[str, str] = {}  # not on the disk yet
        self._writing: dict[str, str] = {}  # on their way to it
        self._error: JamError | None = None
        self._hurry = False  # somebody waits for it
        self._stopped = False
        self._thread: threading.Thread | None = None

    def place(self, name: str) -> str:
        with self._told:
            for waiting in (self._kept, self._writing):
                if name in waiting:
                    return waiting[name]
        return self._marks.place(name)

    def set_place(self, name: str, value: str) -> None:
        """Returns at once. Raises what kept the places before from being written, once; they are tried again."""
        with self._told:
            error, self._error = self._error, None
            if self._kept.get(name, self._writing.get(name)) != value:
                self._kept[name] = value
                self._told.notify_all()
            if self._thread is None and not self._stopped:
                self._thread = threading.Thread(target=self._run, name="places", daemon=True)
                self._thread.start()
        if error is not None:
            raise error

    def flush(self) -> None:
        """Returns when what was kept is on the disk. Raises `StorageFull` when it cannot be written."""
        with self._told:
            self._hurry, self._error = True, None
            self._told.notify_all()
            self._told.wait_for(lambda: self._error or not (self._kept or self._writing))
            self._hurry = False
            if self._error is not None:
                raise self._error

    def close(self) -> None:
        """Returns when everything is on the disk. Raises `StorageFull` when it cannot be written."""
        with self._told:
            self._stopped, self._error = True, None
            self._told.notify_all()
        if self._thread is not None:
            self._thread.join()
        if self._error is not None:
            raise self._error

    def _run(self) -> None:
        db: apsw.Connection | None = None
        try:
            while self._next():
                try:
                    if db is None:
                        db = self._connect()
                    MarkStore(db).set_places(self._writing)
                except StoreBusy as error:  # another jamtui holds the store for long
                    self._again(error if self._stopped else None)
                except JamError as error:
                    self._again(error)
                else:
                    self._done()
        finally:
            if db is not None:
                db.close()

    def _next(self) -> bool:
        """Waits until something is to be written, and takes it; False when there is nothing more to do."""
        with self._told:
            if self._stopped and self._error is not None:
                return False
            self._told.wait_for(lambda: self._kept or self._stopped)
            latest = time.monotonic() + AT_MOST
            while not (self._stopped or self._hurry) and time.monotonic() < latest and self._told.wait(REST):
                pass
            self._writing, self._kept = self._kept, {}
            return bool(self._writing)

    def _done(self) -> None:
        with self._told:
            self._writing = {}
            self._told.notify_all()

    def _again(self, error: JamError | None) -> None:
        """What was not written is tried again with the next place, and at the end."""
        with self._told:
            self._error = error
            self._kept, self._writing = {**self._writing, **self._kept}, {}
            self._told.notify_all()
            if error is not None and not self._stopped:
                self._told.wait()
