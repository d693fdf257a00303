"""Keys typed faster than the screen changes reach what they were meant for.

Textual hands each key to what has the focus when it arrives, and does its binding later. So of ``/pilot`` written in
one go, ``pilot`` would reach the list below the search line that ``/`` is about to open. `TypeAhead` lets a key out
only when the one before it has been dealt with, and holds all of them while a field is on its way to the focus.
Nothing is dropped, nothing changes its order, and a single key waits for nobody.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable
from typing import Any, TypeVar

from textual import events
from textual.app import App
from textual.message_pump import MessagePump
from textual.timer import Timer
from textual.widget import Widget

LONGEST = 3.0  # seconds after which held keys are let out whatever happened, so that no fault of ours eats them

Result = TypeVar("Result")
_Typed = events.Key | events.Paste


class TypeAhead(App[Result]):
    """An app whose keys and pastes are dealt with one after the other."""

    def __init__(self, *args: Any, **more: Any) -> None:
        super().__init__(*args, **more)
        self._typed: deque[_Typed] = deque()
        self._in_hand: _Typed | None = None
        self._held_for: Callable[[Widget], bool] | None = None
        self._patience: Timer | None = None

    def hold_keys(self, until: Callable[[Widget], bool]) -> None:
        """No key is let out until what has the focus satisfies ``until``."""
        if self.focused is None or not until(self.focused):
            self._held_for = until
            self._be_patient()

    async def release_keys(self) -> None:
        """What keys were held for is there."""
        self._held_for = None
        await self._next()

    async def on_event(self, event: events.Event) -> None:
        if not isinstance(event, _Typed) or event.is_forwarded:
            await super().on_event(event)
        elif self._in_hand is not None or self._held_for is not None or self._typed:
            self._typed.append(event)
            self._be_patient()
        else:
            await self._let_out(event)

    async def _let_out(self, event: _Typed) -> None:
        self._in_hand = event
        if self._patience is not None:
            self._patience.reset()
        await super().on_event(event)
        if event.is_forwarded:
            self._follow(self.screen if self.focused is None else self.focused, event)
        else:
            await self._dealt_with(event)

    def _follow(self, pump: MessagePump, event: _Typed) -> None:
        """Goes up behind the event, queue by queue, until the app has done its binding.

        It goes all the way when the event is stopped, too: Textual marks an event so where it still hands it on.
        """

        async def here() -> None:
            parent = pump._parent
            if pump is self or parent is None:
                await self._dealt_with(event)
            else:
                self._follow(parent, event)

        if not pump.call_later(here):  # it was just closed: whatever became of the event, it is over
            self.call_later(self._dealt_with, event)

    async def _dealt_with(self, event: _Typed) -> None:
        if self._in_hand is event:
            self._in_hand = None
            await self._next()

    async def _next(self) -> None:
        if self._held_for is not None and self.focused is not None and self._held_for(self.focused):
            self._held_for = None
        if self._in_hand is None and self._held_for is None:
            if self._typed:
                await self._let_out(self._typed.popleft())
            elif self._patience is not None:
                self._patience.stop()
                self._patience = None

    async def on_descendant_focus(self) -> None:
        if self._held_for is not None:
            await self._next()

    def _be_patient(self) -> None:
        if self._patience is None:
            self._patience = self.set_timer(LONGEST, self._give_up, name="type-ahead")

    async def _give_up(self) -> None:
        self._patience = None
        self._in_hand = self._held_for = None
        if self._typed:
            self._be_patient()
        await self._next()


def release_keys(app: App[Any]) -> None:
    """See `TypeAhead.release_keys`; done by the app, after what it has in hand."""
    if isinstance(app, TypeAhead):
        app.call_later(app.release_keys)


def hold_keys(app: App[Any], until: Callable[[Widget], bool]) -> None:
    """See `TypeAhead.hold_keys`; for screens, which do not know the class of their app."""
    if isinstance(app, TypeAhead):
        app.hold_keys(until)
