"""Tells somebody in plain mode, besides in words: the bell, a notification of the terminal or the desktop."""

from __future__ import annotations

import sys
import threading
import time
from collections.abc import Callable, Mapping, Sequence
from typing import TYPE_CHECKING

from jamtui import notify
from jamtui.model import Link
from jamtui.notice import Came
from jamtui.notifier import Notifier
from jamtui.plain.console import Console

if TYPE_CHECKING:
    from jamtui.session import Session


class Notices:
    """Of one conversation. What the words are, `jamtui.plain.news` tells; this calls for attention."""

    def __init__(
        self, session: Session, console: Console, chosen: notify.Settings, environ: Mapping[str, str]
    ) -> None:  # fmt: skip
        self.chosen = chosen
        self._session = session
        self._console = console
        self._environ = environ
        self._notifier = Notifier(chosen)
        self._was_live = False

    @property
    def way(self) -> notify.Way:
        return notify.way(self.chosen, self._environ)

    def hear(self, came: Sequence[Came], on_screen: Callable[[str], bool]) -> None:
        """What came; nothing while the first catching up goes on, or while another jamtui here has the network."""
        link = self._session.link
        self._notifier.hear(came, on_screen)
        if link is Link.READER or not self._was_live:
            self._notifier.forget()
        self._was_live = self._was_live or link in (Link.LIVE, Link.READER)
        self.ring_when_due()

    def wait(self) -> float | None:
        """Seconds until something is to be done; None for nothing."""
        return self._notifier.wait(time.monotonic())

    def ring_when_due(self) -> None:
        if text := self._notifier.due(time.monotonic(), self._session.now()):
            self._ring(text)

    def _ring(self, text: str) -> None:
        way = self.way
        if self.chosen.bell:
            self._console.ring("\a")
        if way.by == "desktop":
            # Beside us: the desktop may take its time, and nobody waits for what it says.
            work = threading.Thread(
                target=notify.show_on_desktop, args=(text, self._environ), name="notify", daemon=True
            )  # fmt: skip
            work.start()
        elif made := notify.sequence(way.by, text, tmux=way.tmux, ascii_only=notify.eight_bit(sys.stdout.encoding)):
            self._console.ring(made)

    def told(self) -> list[str]:
        return notify.told(self.chosen, self.way, self._session.now())

    def try_one(self) -> str:
        """Sends one, whatever hour it is; what was used, in words."""
        way = self.way
        self._ring("This is a notification to try.")
        return f"No notification: {way.why}." if way.by == "nothing" else f"Sent one by {way.by}: {way.why}."
