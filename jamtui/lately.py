"""What was done and said lately: how the last acts are taken back, one after the other, and the last messages."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable
from datetime import datetime

import msgspec

REMEMBERED = 100  # acts that can be taken back, and messages that can be read again


class Said(msgspec.Struct, frozen=True):
    """A message as it was told: harmless, in one line. ``kind``: "" for what was done, "fact", "warning", "error"."""

    at: datetime
    text: str
    kind: str = ""


class Messages:
    """The last messages, the oldest first."""

    def __init__(self) -> None:
        self._said: deque[Said] = deque(maxlen=REMEMBERED)

    def add(self, at: datetime, text: str, kind: str = "") -> None:
        if self._said and (self._said[-1].text, self._said[-1].kind) == (text, kind):
            self._said.pop()  # said again: the time is that of the last time
        self._said.append(Said(at, text, kind))

    @property
    def newest_first(self) -> list[Said]:
        return list(reversed(self._said))


class Undos:
    """Acts that can be taken back, the last one first. An act that could not be taken back stays for another try; it
    goes when that fails, too, and no longer stands before what was done before it."""

    def __init__(self) -> None:
        self._acts: deque[tuple[str, Callable[[], None]]] = deque(maxlen=REMEMBERED)
        self._failed: Callable[[], None] | None = None

    def __len__(self) -> int:
        return len(self._acts)

    def add(self, what: str, take_back: Callable[[], None]) -> None:
        self._acts.append((what, take_back))

    def take_back(self) -> str | None:
        """Takes back the last act, and says which; None when there is none. Raises what that raises."""
        if not self._acts:
            return None
        what, take_back = last = self._acts.pop()
        try:
            take_back()
        except BaseException:
            if self._failed is not take_back:
                self._failed = take_back
                self._acts.append(last)
            raise
        return what
