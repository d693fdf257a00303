"""Tells somebody of what came for them: a quiet line on the screen, the bell, a notification.

Looks after what the network brought; what stands on the screen is not told. While the first catching up of a run
goes on, and while another jamtui on this mirror has the network, only the quiet line is shown: nobody is called twice,
or for what they are about to read.
"""

from __future__ import annotations

import sys
import time
from collections.abc import Mapping
from functools import partial
from typing import TYPE_CHECKING, Any

from textual.timer import Timer

from jamtui import notify
from jamtui.model import Link
from jamtui.notifier import Notifier, summary
from jamtui.notify import Settings, Way
from widgets.status_line import HintLine
from widgets.steady import Steady

if TYPE_CHECKING:
    from textual.app import App

    from jamtui.session import Session


class Notifying:
    """Of one run of the app."""

    def __init__(
        self, app: App[int], session: Session, chosen: Settings, environ: Mapping[str, str], *, ascii_only: bool
    ) -> None:  # fmt: skip
        self._app = app
        self._session = session
        self._environ = environ
        encoding = sys.__stderr__.encoding if sys.__stderr__ is not None else None  # what the driver writes to
        self._ascii_only = ascii_only or notify.eight_bit(encoding)
        self._notifier = Notifier(chosen)
        self._waits: Timer | None = None
        self._was_live = False
        self._unsaid = 0  # things that the quiet line had no place for yet
        self._line, self._on_line = "", 0  # what it said last, and of how many things
        session.came_in()  # from here on, what differs came

    @property
    def way(self) -> Way:
        return notify.way(self._notifier.chosen, self._environ)

    def look(self) -> None:
        """Something changed: what came is told."""
        session = self._session
        link = session.link
        came = self._notifier.hear(session.came_in(), self._on_screen)
        if came and self._notifier.chosen.banner:
            self._say(summary(came), len(came))
        if link is Link.READER or not self._was_live:
            self._notifier.forget()
        self._was_live = self._was_live or link in (Link.LIVE, Link.READER)
        self._ring_when_due()

    def _on_screen(self, thread_id: str) -> bool:
        """Whether the thread is read at this moment, by somebody who looks at this terminal."""
        screen: Any = self._app.screen
        return self._app.app_focus and getattr(screen, "reads", lambda _: False)(thread_id)

    def _say(self, words: str, things: int) -> None:
        """In the line that says what was done; not over words that offer something."""
        screen: Any = next((one for one in self._app.screen_stack if hasattr(one, "reads")), None)
        if screen is None:
            return
        there = screen.query_one(HintLine).toast
        if there and there != self._line:
            self._unsaid += things
            return
        total = things + self._unsaid + (self._on_line if there else 0)
        words = words if total == things else f"{total:,} for you, the last: {words}"
        self._line, self._on_line, self._unsaid = words, total, 0
        screen.say(words, "fact", tail=f"{screen.keymap.name('inbox')} opens the inbox")

    def _ring_when_due(self) -> None:
        if self._waits is not None:
            self._waits.stop()
            self._waits = None
        clock = time.monotonic()
        if words := self._notifier.due(clock, self._session.now()):
            self._ring(words)
        if (wait := self._notifier.wait(clock)) is not None:
            self._waits = self._app.set_timer(wait, self._ring_when_due, name="notify")

    def _ring(self, words: str) -> None:
        way = self.way
        if self._notifier.chosen.bell:
            self._app.bell()
        if way.by == "desktop":
            self._app.run_worker(
                partial(self._on_desktop, words), name="notify", group="notify", thread=True, exclusive=True
            )
        elif made := notify.sequence(way.by, words, tmux=way.tmux, ascii_only=self._ascii_only):
            self.write(made)

    def write(self, made: str) -> None:
        """One whole sequence, between those of frames; it is steady already, and must not be written upon."""
        driver = self._app._driver
        if driver is not None:
            driver.write(Steady(made))
            driver.flush()

    def _on_desktop(self, words: str) -> None:
        if failed := notify.show_on_desktop(words, self._environ):
            self._app.call_from_thread(self._app.notify, failed, severity="warning", markup=False)

    # -- for who wants to know

    def told(self) -> list[str]:
        return notify.told(self._notifier.chosen, self.way, self._session.now())

    def try_one(self) -> str:
        """Sends one, whatever hour it is; what was used, in words."""
        way = self.way
        self._ring("This is a notification to try.")
        bell = " and the bell" if self._notifier.chosen.bell else ""
        return f"No notification ({way.why})" if way.by == "nothing" else f"Sent one by {way.by}{bell} ({way.why})"
